"""What is random in a range: a pure function of the seed and a name, so that the same seed gives the same range."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from vmwidgets.model.errors import check_int
from vmwidgets.model.random import fnv1a, mix64, mix_one


@dataclass(frozen=True, slots=True)
class Draws:
    """Numbers of one range.

    Parameters
    ----------
    seed
        Any whole number from 0 to 2**63 - 1.
    manual
        The same for what the manual of the machine prints, which then stays as it is from one boot to the next; None:
        the seed decides that, too.
    """

    seed: int
    manual: int | None = None

    def __post_init__(self) -> None:
        check_int("seed", self.seed, 0, 2**63 - 1)
        check_int("manual", self.manual or 0, 0, 2**63 - 1)

    def _key(self, name: str) -> str:
        seed = self.seed if self.manual is None or not is_printed(name) else self.manual
        return f"{seed}/{name}"

    def word(self, name: str) -> int:
        """Return 64 random bits, not all of them zero."""
        return _word(self._key(name))

    def number(self, name: str, low: int, high: int) -> int:
        """Return a number from ``low`` to ``high``, both included."""
        return low + self.word(name) % (high - low + 1)

    def order(self, name: str, count: int) -> list[int]:
        """Return the numbers from 0 to ``count`` - 1 in random order."""
        return list(_order(self._key(name), count))


@lru_cache(maxsize=1024)
def _word(key: str) -> int:
    return mix_one(fnv1a(key), 0) or 1


@lru_cache(maxsize=64)
def _order(key: str, count: int) -> tuple[int, ...]:
    bits = mix64(fnv1a(key), np.arange(count, dtype=np.int64))
    return tuple(int(at) for at in np.argsort(bits, kind="stable"))


def is_printed(name: str) -> bool:
    """Return whether what is drawn under a name stands in the manual: marks, numbers of calls, ports, distances."""
    return (
        name in ("mark", "library", "hypercalls", "hypercall order", "vector of the device")
        or name.startswith("port ")
        or name.endswith(" distance")
    )
