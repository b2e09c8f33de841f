"""The fluid model of a fleet: processor time, balloons, swap and progress of many hosts over many ticks.

VM slots are on axis 0, hosts on axis 1. A host with fewer VMs than the largest has empty slots of weight 1 and demand
0, which get nothing and change nothing. One host is a fleet of one.
"""

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vmwidgets.model.allocation import share_columns
from vmwidgets.model.errors import VmwidgetsError
from vmwidgets.model.fluid_memory import follow, swapped

Floats = NDArray[np.float64]

_BLOCK = 32_768
"""Elements that are worked on together: 256 KiB an array, so that intermediate results stay in the cache."""


@dataclass(frozen=True, slots=True)
class Fleet:
    """Hosts and the controls of their VMs, in any units that agree.

    Parameters
    ----------
    cpu_capacity, memory_capacity
        What each host has, shape (host,).
    cpu_weight, cpu_reservation, cpu_limit, memory_weight, memory_reservation, memory_limit
        The controls, shape (VM slot, host). A limit includes the size of the VM.
    balloon_limit
        The most that a balloon can take from its guest; 0 without a driver. Shape (VM slot, host).
    """

    cpu_capacity: Floats
    memory_capacity: Floats
    cpu_weight: Floats
    cpu_reservation: Floats
    cpu_limit: Floats
    memory_weight: Floats
    memory_reservation: Floats
    memory_limit: Floats
    balloon_limit: Floats

    def __post_init__(self) -> None:
        hosts, shape = self.cpu_capacity.shape, self.cpu_weight.shape
        for field in fields(self):
            values: Floats = getattr(self, field.name)
            if values.shape != (hosts if field.name.endswith("capacity") else shape) or shape[1:] != hosts:
                raise VmwidgetsError("{name} has another shape than the fleet", name=field.name)
            lowest = values.min(initial=np.inf)
            if not (lowest > 0 if field.name.endswith("weight") else lowest >= 0):
                raise VmwidgetsError("{name} is too small or not a number", name=field.name)


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums over the ticks that were run, shape (VM slot, host); multiply by the length of a tick.

    Parameters
    ----------
    used, ready
        Processor time had, and wanted but not had.
    work
        Progress: the processor time had, less what waiting for swapped pages costs.
    swapped
        Memory in the swap file.
    balloon
        The balloons after the last tick; not a sum.
    """

    used: Floats
    ready: Floats
    work: Floats
    swapped: Floats
    balloon: Floats


@dataclass(frozen=True, slots=True)
class Slots:
    """Where the VMs of a fleet stand, if they are listed host by host.

    Parameters
    ----------
    slot, host
        Position of each VM.
    shape
        Slots of the largest host, and number of hosts.
    """

    slot: NDArray[np.intp]
    host: NDArray[np.intp]
    shape: tuple[int, int]

    @classmethod
    def of(cls, counts: ArrayLike) -> "Slots":
        """Give each of ``counts`` VMs a slot of its host."""
        counts = np.asarray(counts, np.intp)
        host = np.repeat(np.arange(len(counts), dtype=np.intp), counts)
        first = np.cumsum(counts) - counts
        slot = np.arange(len(host), dtype=np.intp) - first[host]
        return cls(slot, host, (int(counts.max(initial=0)), len(counts)))

    def place(self, values: ArrayLike, empty: float = 0.0) -> Floats:
        """Put values per VM, shape (…, VM), into slots, shape (VM slot, …, host)."""
        values = np.asarray(values, np.float64)
        out = np.full((self.shape[0], *values.shape[:-1], self.shape[1]), empty)
        out[self.slot, ..., self.host] = np.moveaxis(values, -1, 0)
        return out

    def collect(self, placed: Floats) -> Floats:
        """Take values per VM out of their slots, shape (VM slot, host) to (VM,)."""
        return placed[self.slot, self.host]


def run(
    fleet: Fleet,
    cpu_demand: Floats,
    memory_demand: Floats,
    balloon_step: float,
    swap_penalty: float,
    balloon: Floats | None = None,
) -> Totals:
    """Run ticks: share both resources, move the balloons, swap the rest, slow down by swapping.

    Each tick a VM that wants more memory than it gets gives pages back through its balloon, and what the balloon has
    not taken yet is swapped. Progress is ``used / (1 + swap_penalty * swapped / memory demand)``.

    Parameters
    ----------
    fleet
        The hosts.
    cpu_demand, memory_demand
        Shape (VM slot, tick, host).
    balloon_step
        The most that a balloon moves in a tick.
    swap_penalty
        How much slower a VM is when all it touches is swapped.
    balloon
        The balloons at the start, shape (VM slot, host); by default none is inflated.
    """
    slots, hosts = fleet.cpu_weight.shape
    ticks = cpu_demand.shape[1] if cpu_demand.ndim == 3 else 0
    for name, demand in (("cpu_demand", cpu_demand), ("memory_demand", memory_demand)):
        if demand.shape != (slots, ticks, hosts):
            raise VmwidgetsError("{name} has another shape than the fleet", name=name)
    balloon = np.zeros((slots, hosts)) if balloon is None else balloon.copy()
    used, ready, work, swap = np.zeros((4, slots, hosts))
    totals = Totals(used, ready, work, swap, balloon)
    if cpu_demand.size == 0:
        return totals
    wide = max(1, min(hosts, _BLOCK // slots))
    deep = max(1, min(ticks, _BLOCK // (slots * wide)))
    for first in range(0, hosts, wide):
        part = slice(first, first + wide)
        block = _Block(fleet, part, deep)
        sums = Totals(*(np.ascontiguousarray(getattr(totals, field.name)[:, part]) for field in fields(Totals)))
        for tick in range(0, ticks, deep):
            when = slice(tick, tick + deep)
            block.run(sums, cpu_demand[:, when, part], memory_demand[:, when, part], balloon_step, swap_penalty)
        for field in fields(Totals):
            getattr(totals, field.name)[:, part] = getattr(sums, field.name)
    return totals


class _Block:
    """Some hosts, some ticks at a time; all that must be laid out once for them."""

    def __init__(self, fleet: Fleet, part: slice, ticks: int) -> None:
        self.cpu = _Resource(fleet.cpu_capacity, fleet.cpu_weight, fleet.cpu_reservation, fleet.cpu_limit, part, ticks)
        self.memory = _Resource(
            fleet.memory_capacity, fleet.memory_weight, fleet.memory_reservation, fleet.memory_limit, part, ticks
        )
        self.balloon_limit = np.ascontiguousarray(fleet.balloon_limit[:, None, part])

    def run(self, sums: Totals, cpu: Floats, memory: Floats, balloon_step: float, swap_penalty: float) -> None:
        """Add some ticks to ``sums``."""
        ready, used = self.cpu.divide(cpu)
        np.subtract(ready, used, out=ready)
        sums.used[...] += used.sum(axis=1)
        sums.ready[...] += ready.sum(axis=1)
        _, short = self.memory.divide(memory)
        np.subtract(memory, short, out=short)
        path = follow(np.minimum(short, self.balloon_limit), sums.balloon, balloon_step)
        sums.balloon[...] = path[:, -1]
        swap = swapped(short, path)
        if swap.any():
            sums.swapped[...] += swap.sum(axis=1)
            np.divide(swap, np.maximum(memory, np.finfo(np.float64).tiny), out=swap)
            swap *= swap_penalty
            swap += 1.0
            np.divide(used, swap, out=used)
        sums.work[...] += used.sum(axis=1)


class _Resource:
    """One resource of some hosts, laid out for some ticks at a time."""

    def __init__(
        self, capacity: Floats, weight: Floats, reservation: Floats, limit: Floats, part: slice, ticks: int
    ) -> None:
        self.capacity = np.tile(capacity[part], ticks)
        self.limit = np.ascontiguousarray(limit[:, None, part])
        # One column serves all ticks of one host; several hosts over several ticks repeat theirs.
        repeat = ticks if len(capacity[part]) > 1 else 1
        self.weight, self.reservation = (np.tile(a[:, part], repeat) for a in (weight, reservation))

    def divide(self, demand: Floats) -> tuple[Floats, Floats]:
        """Return what each VM can use and what it gets, of the shape of ``demand``."""
        wanted = np.minimum(demand, self.limit)
        columns = wanted.reshape(len(wanted), -1)
        n = columns.shape[1]  # the last ticks may be fewer than a block
        got = share_columns(self.capacity[:n], self.weight[:, :n], self.reservation[:, :n], columns)
        return wanted, got.reshape(wanted.shape)
