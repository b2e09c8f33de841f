"""What is random in a range: a pure function of the seed and a name, so that the same seed gives the same range."""

from dataclasses import dataclass

import numpy as np

from vmwidgets.model.errors import check_int
from vmwidgets.model.random import fnv1a, mix64


@dataclass(frozen=True, slots=True)
class Draws:
    """Numbers of one range.

    Parameters
    ----------
    seed
        Any whole number from 0 to 2**63 - 1.
    """

    seed: int

    def __post_init__(self) -> None:
        check_int("seed", self.seed, 0, 2**63 - 1)

    def word(self, name: str) -> int:
        """Return 64 random bits, not all of them zero."""
        return int(mix64(fnv1a(f"{self.seed}/{name}"), np.zeros(1, np.int64))[0]) or 1

    def number(self, name: str, low: int, high: int) -> int:
        """Return a number from ``low`` to ``high``, both included."""
        return low + self.word(name) % (high - low + 1)

    def order(self, name: str, count: int) -> list[int]:
        """Return the numbers from 0 to ``count`` - 1 in random order."""
        bits = mix64(fnv1a(f"{self.seed}/{name}"), np.arange(count, dtype=np.int64))
        return [int(at) for at in np.argsort(bits, kind="stable")]
