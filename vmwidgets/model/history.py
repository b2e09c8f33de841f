"""What happened, tick by tick: bounded, in columns."""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

METRICS = (
    "cpu_demand_khz",
    "cpu_entitlement_khz",
    "cpu_used_khz",
    "cpu_ready_ms",
    "cpu_steal_permille",
    "memory_demand_bytes",
    "memory_entitlement_bytes",
    "memory_used_bytes",
    "memory_swapped_bytes",
    "disk_space_bytes",
    "disk_demand_iops",
    "disk_entitlement_iops",
    "disk_used_iops",
    "disk_latency_us",
    "network_demand_bps",
    "network_entitlement_bps",
    "network_used_bps",
    "throughput_per_ks",
    "latency_us",
    "stalled",
    "memory_active_bytes",
    "memory_estimate_bytes",
    "memory_mapped_bytes",
    "memory_shared_bytes",
    "memory_ballooned_bytes",
    "memory_compressed_bytes",
    "memory_guest_swapped_bytes",
    "memory_reads",
    "killed",
)
"""The columns of a history, in this order; their units are in their names.

*Demand* is what the VM would use if this resource were endless; *entitlement* is what the VMM would give it; *used* is
what it took. *Ready* is time in which a vCPU could run and no processor was free, summed over the vCPUs; *steal* is the
same as the guest sees it, in thousandths of its vCPUs' time. Disk operations are counted in operations of the
smallest size: a larger one, or one that had to wait for the heads, counts as several.

Of memory, *active* is the working set and *estimate* what the VMM takes it for; *mapped* pages have a frame, of their
own or *shared*; the others are in the guest's balloon, *compressed*, *swapped* by the VMM or *guest swapped*: in the
guest's own swap file (clean pages that a guest drops are nowhere). *Reads* counts the pages that had to come from a
disk in this tick. *Killed* is 1 from the tick on in which the host killed the VM's process.
"""
INDEX = {name: i for i, name in enumerate(METRICS)}
MAX_TICKS = 10_080
"""Ticks that a history keeps: a week of one-minute ticks."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A run of ticks with the same VMs.

    Parameters
    ----------
    names
        The VMs.
    first_tick
        Number of the first tick.
    values
        int64, shape (metric, VM, tick), read-only.
    """

    names: tuple[str, ...]
    first_tick: int
    values: NDArray[np.int64]

    @property
    def ticks(self) -> int:
        """Return the number of ticks."""
        return self.values.shape[2]

    def column(self, metric: str) -> NDArray[np.int64]:
        """Return one metric, shape (VM, tick)."""
        return self.values[INDEX[metric]]


class _Run:
    """A segment that still grows, in a buffer that doubles."""

    def __init__(self, segment: Segment) -> None:
        self.names = segment.names
        self.first_tick = segment.first_tick
        self.length = segment.ticks
        self.buffer: NDArray[np.int64] = segment.values.copy()

    def append(self, values: NDArray[np.int64]) -> None:
        need = self.length + values.shape[2]
        if need > self.buffer.shape[2]:
            metrics, vms, _ = self.buffer.shape
            grown = np.empty((metrics, vms, max(need, min(2 * need, MAX_TICKS + 512))), np.int64)
            grown[:, :, : self.length] = self.buffer[:, :, : self.length]
            self.buffer = grown
        self.buffer[:, :, self.length : need] = values
        self.length = need

    def drop_first(self, ticks: int) -> None:
        self.buffer = self.buffer[:, :, ticks : self.length].copy()
        self.first_tick += ticks
        self.length -= ticks

    def view(self) -> Segment:
        values = self.buffer[:, :, : self.length]
        values.flags.writeable = False
        return Segment(self.names, self.first_tick, values)


class History:
    """The last :data:`MAX_TICKS` ticks of a host."""

    def __init__(self) -> None:
        self._runs: deque[_Run] = deque()

    def append(self, segment: Segment) -> None:
        """Add the ticks of ``segment``, which follow the last ones; forget the oldest when there are too many."""
        if segment.ticks == 0:
            return
        last = self._runs[-1] if self._runs else None
        if last is not None and last.names == segment.names:
            last.append(segment.values)
        else:
            self._runs.append(_Run(segment))
        # Forgetting 512 ticks at a time keeps the copying rare.
        excess = self.length - MAX_TICKS
        while excess >= 512 or (excess > 0 and self._runs[0].length <= excess):
            first = self._runs[0]
            gone = min(excess, first.length)
            if gone == first.length:
                self._runs.popleft()
            else:
                first.drop_first(gone)
            excess -= gone

    @property
    def segments(self) -> Iterator[Segment]:
        """Iterate over the recorded segments, oldest first."""
        return (run.view() for run in self._runs)

    @property
    def length(self) -> int:
        """Return the number of ticks that are kept."""
        return sum(run.length for run in self._runs)

    @property
    def first_tick(self) -> int:
        """Return the number of the oldest tick that is kept, 0 if there is none."""
        return self._runs[0].first_tick if self._runs else 0

    @property
    def last_tick(self) -> int:
        """Return the number of the newest tick, -1 if there is none."""
        return self._runs[-1].first_tick + self._runs[-1].length - 1 if self._runs else -1

    def at(self, tick: int) -> Segment | None:
        """Return one recorded tick as a segment of length 1, or ``None`` if it is not kept."""
        for run in self._runs:
            start = tick - run.first_tick
            if 0 <= start < run.length:
                return Segment(run.names, tick, run.view().values[:, :, start : start + 1])
        return None

    def window(self, metric: str, names: Sequence[str], last_tick: int, ticks: int) -> NDArray[np.float32]:
        """Return one metric of the given VMs over ``ticks`` ticks that end with ``last_tick``.

        Returns
        -------
        ndarray
            float32, shape (len(names), ticks); NaN where nothing is recorded.
        """
        out = np.full((len(names), ticks), np.nan, np.float32)
        first = last_tick - ticks + 1
        for run in reversed(self._runs):
            start, stop = max(first, run.first_tick), min(last_tick + 1, run.first_tick + run.length)
            if start < stop:
                column = run.buffer[INDEX[metric]]
                for row, name in enumerate(names):
                    if name in run.names:
                        out[row, start - first : stop - first] = column[
                            run.names.index(name), start - run.first_tick : stop - run.first_tick
                        ]
            if run.first_tick <= first:
                break
        return out
