"""Memory over a window of ticks, as the host's other resources see it: what is there, and what its faults cost."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from vmwidgets.model.allocation import largest_remainder
from vmwidgets.model.history import INDEX
from vmwidgets.model.paged import PagedMemory
from vmwidgets.model.reclaimer import Faults
from vmwidgets.model.second_stage import BALLOONED, MAPPED, PACKED, SWAPPED
from vmwidgets.model.units import KiB

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

# Processor time of a fault of 4 KiB in µs, by kind. Assumptions of the right order: clearing and copying run at some
# GB/s and come with one VM exit, decompressing is some ten times slower.
_CPU_US = {"zero_fill": 2, "copies": 3, "unpacked": 20}
METRICS = (
    "memory_demand_bytes",
    "memory_entitlement_bytes",
    "memory_used_bytes",
    "memory_swapped_bytes",
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
"""The columns of a history that come from here."""


@dataclass(frozen=True, slots=True)
class MemoryTicks:
    """Memory of n VMs over T ticks.

    Parameters
    ----------
    values
        int64, shape (metric of :data:`METRICS`, VM, tick).
    reads
        Page reads from a disk for each page that a guest touched, shape (VM, tick).
    writes
        Pages that were written to a swap file for it, likewise: nobody waits for them, but the disk is busy.
    cpu_s
        Processor seconds of the faults of each touch, likewise.
    awake
        The part of each tick in which the VM was allowed to run.
    """

    values: Ints
    reads: Floats
    writes: Floats
    cpu_s: Floats
    awake: Floats

    def part(self, first: int, end: int) -> Self:
        """Return some of the ticks."""
        return type(self)(*(getattr(self, name)[..., first:end] for name in self.__slots__))

    def put(self, out: Ints) -> None:
        """Write the columns into a history of (metric, VM, tick)."""
        for metric, column in zip(METRICS, self.values, strict=True):
            out[INDEX[metric]] = column


def run(memory: PagedMemory, slots: Sequence[int], active_pages: Ints, tick_s: int) -> MemoryTicks:
    """Let ticks pass and return what they brought.

    Parameters
    ----------
    slots
        The VMs, in the order of the result.
    active_pages
        Working set of each VM in pages, shape (VM, tick).
    """
    columns: list[MemoryTicks] = []
    for tick in range(active_pages.shape[1]):
        active = dict(zip(slots, active_pages[:, tick].tolist(), strict=True))
        for slot in slots:
            memory.tenant(slot).faults = Faults()
        for _ in range(tick_s):
            memory.step(active)
        columns.append(now(memory, slots))
    return MemoryTicks(
        np.concatenate([c.values for c in columns], axis=2),
        *(
            np.concatenate([getattr(c, name) for c in columns], axis=1)
            for name in ("reads", "writes", "cpu_s", "awake")
        ),
    )


def now(memory: PagedMemory, slots: Sequence[int]) -> MemoryTicks:
    """Return the memory as it is, with the faults of the last tick."""
    machine = memory.machine
    page, count = machine.page_bytes, len(slots)
    shared = machine.shared[list(slots)].astype(np.float64)
    # Nobody owns a shared frame: everybody who maps it is charged a part.
    part = shared * machine.shared_frames / max(float(shared.sum()), 1.0)
    charged = largest_remainder(part[:, None], np.array([machine.shared_frames if shared.any() else 0]))[:, 0]
    values = np.zeros((len(METRICS), count, 1), np.int64)
    reads, writes, cpu_s = np.zeros((count, 1)), np.zeros((count, 1)), np.zeros((count, 1))
    awake = np.ones((count, 1))
    for i, slot in enumerate(slots):
        tenant, faults = memory.tenant(slot), memory.tenant(slot).faults
        touched = max(faults.touched, 1)
        reads[i] = min((faults.swap_in + faults.read_in + faults.denied) / touched, 1.0)
        writes[i] = (faults.swap_out + faults.written_out) / touched
        cost = sum(getattr(faults, kind) * us for kind, us in _CPU_US.items())
        cpu_s[i] = cost * 1e-6 * (page / (4 * KiB)) / touched
        awake[i] = 1.0 - faults.blocked / max(faults.seconds, 1)
        if slot in memory.killed:
            values[-1, i] = 1
            awake[i] = 0.0
            continue
        places = machine.places[slot]
        used = machine.held(slot) + int(charged[i])
        guest = tenant.guest
        values[:-1, i, 0] = (
            max(tenant.active, used) * page,
            used * page,
            used * page,
            places[SWAPPED] * page,
            tenant.active * page,
            memory.estimate(slot) * page,
            places[MAPPED] * page,
            machine.shared[slot] * page,
            places[BALLOONED] * page,
            places[PACKED] * page,
            guest.swapped * page,
            faults.swap_in + faults.read_in,
        )
    return MemoryTicks(values, reads, writes, cpu_s, awake)
