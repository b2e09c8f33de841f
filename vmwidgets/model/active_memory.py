"""Estimating how much of its memory a VM really uses, from outside and without asking it.

A VMM watches a few pages of each VM, chosen at random, and counts those that are touched within a period (C. A.
Waldspurger, OSDI 2002, section 5.3). For a VM of P pages of which the part f is active, the standard error of one such
count of ``n`` pages is ``P * sqrt(f * (1 - f) / n)``.
"""

import numpy as np
from numpy.typing import NDArray

from vmwidgets.model.errors import check_int
from vmwidgets.model.random import random_permille

_ONE = 2**16
"""One sampled page, in the fixed point that averages are kept in."""


class Sampler:
    """The estimator of one VM: three averages, of which the largest counts, so that it rises fast and falls slowly.

    A slow average, a fast one, and the fast one with the period in progress, all exponentially weighted (Waldspurger
    2002, section 5.3). The weights are not published. The defaults are fitted to figure 6 there: the slow one so that
    memory that is no longer touched after minute 27.6 is forgotten down to 30 MB by minute 32, the fast one so that at
    least nine tenths of a rise are seen after two periods. The estimate is in whole sampled pages, as the steps of the
    curve there are.

    Parameters
    ----------
    seed, stream
        Key of the random choice.
    pages
        Pages of the VM.
    sample
        Pages to watch; all of them if the VM has no more.
    slow, fast
        Weight of the newest period in each average, as a fraction: numerator, denominator.

    Attributes
    ----------
    state
        The slow and the fast average, in sampled pages times 65,536: all that the estimator remembers.
    """

    def __init__(
        self,
        seed: int,
        stream: str,
        pages: int,
        sample: int = 100,
        slow: tuple[int, int] = (2, 7),
        fast: tuple[int, int] = (3, 4),
    ) -> None:
        self.seed, self.stream = seed, stream
        self.pages = check_int("pages", pages, 1, 2**33)
        self.sample = min(check_int("sample", sample, 1, 10_000), pages)
        for name, (part, whole) in (("slow", slow), ("fast", fast)):
            check_int(f"{name} weight", part, 1, check_int(f"{name} weight", whole, 1, 1000))
        self._slow_weight, self._fast_weight = slow, fast
        self.state = (0, 0)

    def choose(self, period: int) -> NDArray[np.int64]:
        """Return the pages to watch in a period, in ascending order: each set of ``sample`` pages is as likely.

        A pure function of seed, stream and period. Floyd's algorithm (J. Bentley, R. Floyd, "A sample of brilliance",
        CACM 30(9), 1987) needs as many random numbers as there are pages to choose, and no list of all pages.
        """
        last = np.arange(self.pages - self.sample, self.pages)
        tick = np.arange(3 * period * self.sample, 3 * (period + 1) * self.sample).reshape(3, -1)
        # The seed stands in the stream: as a seed, the next one would give the same numbers one tick later.
        thousands = random_permille(0, f"{self.seed}/{self.stream}/active memory", tick)
        billionths = (thousands[0] * 1000 + thousands[1]) * 1000 + thousands[2]
        chosen: set[int] = set()
        for page, top in zip((billionths * (last + 1) // 10**9).tolist(), last.tolist(), strict=True):
            chosen.add(top if page in chosen else page)
        return np.array(sorted(chosen))

    def close(self, touched: int) -> None:
        """End a period in which ``touched`` of the watched pages were touched."""
        slow, fast = self.state
        self.state = self._average(slow, touched, self._slow_weight), self._average(fast, touched, self._fast_weight)

    def estimate(self, touched_so_far: int = 0) -> int:
        """Return the active pages: the largest of the averages, with what was touched in the period in progress."""
        return self._pages(max(*self.state, self._average(self.state[1], touched_so_far, self._fast_weight)))

    @property
    def averages(self) -> tuple[int, int]:
        """The slow and the fast average, in pages."""
        return self._pages(self.state[0]), self._pages(self.state[1])

    def _average(self, average: int, touched: int, weight: tuple[int, int]) -> int:
        check_int("touched", touched, 0, self.sample)
        part, whole = weight
        return average + (touched * _ONE - average) * part // whole

    def _pages(self, average: int) -> int:
        return (average + _ONE // 2) // _ONE * self.pages // self.sample
