"""The log of a simulation: a bounded list of transitions, and the time line they make."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from vmwidgets.model.schedulers.machine import BLOCKED, RUNNING

TIME, VCPU, PCPU = 28, 16, 4
"""A transition is one number: time, 12 bits of vCPU, 12 bits of pCPU, 4 bits of state. Appending it is cheap."""
MAX_TIME_US = 2**34
"""Four hours and three quarters; more would not fit 64 bits."""


class Timeline(NamedTuple):
    """What each vCPU did: one row for each stretch of time, ordered by start, then vCPU. Times in microseconds."""

    start: NDArray[np.int64]
    end: NDArray[np.int64]
    pcpu: NDArray[np.int64]
    vcpu: NDArray[np.int64]
    state: NDArray[np.int64]

    def waits(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the latency of each wake-up, in microseconds, and the vCPU that woke; by vCPU, then time.

        It is the time from the end of a sleep to the moment the vCPU runs. Wake-ups that have not run yet are left out.
        """
        if not len(self.start):
            return self.start, self.vcpu
        order = np.lexsort((self.start, self.vcpu))
        vcpu, state, start, end = (column[order] for column in (self.vcpu, self.state, self.start, self.end))
        woke, runs = np.flatnonzero(state == BLOCKED), np.flatnonzero(state == RUNNING)
        after = np.searchsorted(runs, woke)
        woke, after = woke[after < len(runs)], after[after < len(runs)]
        first = runs[after]
        same = vcpu[first] == vcpu[woke]
        # Another sleep before it ran at all: two sleeps in a row are one.
        same[:-1] &= first[:-1] != first[1:]
        woke, first = woke[same], first[same]
        return start[first] - end[woke], vcpu[woke]


class Log:
    """The newest transitions of state of all vCPUs.

    Parameters
    ----------
    limit
        Transitions that are kept at least; twice as many at most. 0 keeps none.
    vcpus
        Number of vCPUs. All of them are blocked in the beginning.
    """

    def __init__(self, limit: int, vcpus: int) -> None:
        self._limit, self.most = limit, 2 * limit
        self.entries: list[int] = []
        self._before = {vcpu: vcpu << VCPU | BLOCKED for vcpu in range(vcpus)}  # the last one that is not kept

    def trim(self) -> None:
        """Forget the oldest transitions."""
        cut = len(self.entries) - self._limit
        for entry in self.entries[:cut]:
            self._before[entry >> VCPU & 0xFFF] = entry
        del self.entries[:cut]

    def timeline(self, now: int) -> Timeline:
        """Return the time line up to now, from the first moment at which all is known."""
        if not self._limit:
            return Timeline(*(np.empty(0, np.int64) for _ in range(5)))
        entries = np.array([*self._before.values(), *self.entries], np.int64)
        since = max(entry >> TIME for entry in self._before.values())
        # By time, then vCPU, then in the order of happening. It is nearly so, and then a stable sort is fast.
        entries = entries[np.argsort(entries >> VCPU, kind="stable")]
        vcpu = entries >> VCPU & 0xFFF
        start = np.maximum(entries >> TIME, since)
        of_each = np.argsort(vcpu.astype(np.int16), kind="stable")
        end = np.full(len(entries), now)
        same = vcpu[of_each[1:]] == vcpu[of_each[:-1]]
        end[of_each[:-1][same]] = start[of_each[1:][same]]
        keep = np.flatnonzero(end > start)
        entries = entries[keep]
        return Timeline(start[keep], end[keep], entries >> PCPU & 0xFFF, vcpu[keep], entries & 0xF)
