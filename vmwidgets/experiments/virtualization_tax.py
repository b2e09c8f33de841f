"""What a stack adds to the operations of a workload, exits and published cycles, and what VMs do under it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial

import numpy as np
from numpy.typing import NDArray

from vmwidgets.commands import CreateVM
from vmwidgets.lab import Lab
from vmwidgets.model.admission import admit
from vmwidgets.model.history import INDEX
from vmwidgets.model.layers import Layer
from vmwidgets.model.paths import Path, path, processors
from vmwidgets.model.product_controls import moved
from vmwidgets.model.stack import Stack
from vmwidgets.model.vm import VM
from vmwidgets.model.workload import Demand
from vmwidgets.stacks.bare_metal import BARE_METAL
from vmwidgets.stacks.neutral import NEUTRAL

Floats = NDArray[np.float64]
PACKET_BYTES = 1460
"""Payload of a full frame of Ethernet: 1500 bytes without the headers of IP and TCP."""
ROLES = ("guest", "vmm", "os", "process")
"""Whose time it is: the customer's, the VMM's, an OS below or beside the VMs, programs of that OS."""


@dataclass(frozen=True, slots=True)
class Tax:
    """What a stack adds to an operation.

    Parameters
    ----------
    exits
        How often the VMM gets control.
    cycles
        What is published that it costs more than on the bare machine.
    by_role
        The published cycles of the way, by those of :data:`ROLES` that take part.
    known
        ``"all"``: nothing is unpublished, here and on the bare machine, or the way is the same; ``"some"``: the cycles
        are a lower bound; ``"none"``.
    sources
        Where the figures are from.
    """

    exits: int
    cycles: float
    by_role: Mapping[str, float]
    known: str
    sources: tuple[str, ...]


@cache
def tax(stack: Stack, operation: str, cpu: str) -> Tax:
    """Return what a stack adds to an operation, by the figures of one processor."""
    way, bare = _way(stack, operation, cpu), _way(BARE_METAL, operation, cpu)
    if [step.key for step in way.steps] == [step.key for step in bare.steps] and way.whole in (None, bare.whole):
        return Tax(0, 0.0, {}, "all", ())
    keys = {step.key for step in bare.steps}
    if way.lower_bound or bare.lower_bound:
        # What the machine itself would take for the rest is not published: only what it would not do counts.
        cycles = sum(step.cycles or 0.0 for step in way.steps if step.key not in keys)
        known = "some" if cycles else "none"
    else:
        cycles, known = way.cycles - bare.cycles, "all"
    sources = dict.fromkeys(step.source for step in way.steps if step.cycles and not step.included)
    if way.whole:
        sources = {way.whole.source: None}
    return Tax(way.exits, cycles, _by_role(stack, way), known, tuple(sources))


def _way(stack: Stack, operation: str, cpu: str) -> Path:
    if cpu in processors(stack):
        return path(stack, operation, cpu=cpu)
    return path(replace(stack, costs=()), operation)


def _by_role(stack: Stack, way: Path) -> dict[str, float]:
    found: dict[str, float] = {}
    for id, cycles in way.by_layer().items():
        if (layer := stack.layers[id]).kind != "hardware":
            found[role(layer)] = found.get(role(layer), 0.0) + cycles
    # What is published of the whole and of no step is the work of whoever the way is for.
    worker = "vmm" if way.exits else "guest"
    found[worker] = found.get(worker, 0.0) + way.cycles - sum(found.values())
    return found


def role(layer: Layer) -> str:
    """Return whose time is spent in a layer; a driver inside a hypervisor is a part of it."""
    if layer.kind == "vmm" or layer.privilege == "hypervisor":
        return "vmm"
    if layer.per_vm and layer.id in ("guest_kernel", "guest_apps"):
        return "guest"
    return "process" if layer.kind == "program" else "os"


@dataclass(frozen=True, slots=True)
class Events:
    """What a VM does: operations per transaction, and operations per second whatever it does."""

    per_transaction: Mapping[str, float]
    per_second: Mapping[str, float]


def events(vm: VM, tick_s: int) -> Events:
    """Count the operations that a workload states: its disk operations, its packets, and its kernel's timer.

    Each disk operation and each packet is one system call and one request to the device (assumptions: data is sent in
    full frames, and no notification announces several requests). System calls and page-table updates that a workload
    does besides are not stated, and not counted.
    """
    demand = _demand(vm, tick_s)
    disk = (demand.sync_ops_permille + demand.async_ops_permille) / 1000
    packets = demand.net_bytes / PACKET_BYTES
    each = {"disk_read": disk, "network_packet": packets, "system_call": disk + packets}
    done = {name: count for name, count in each.items() if count}
    return Events(done, {"timer_interrupt": float(vm.kernel.tick_hz * vm.vcpus)})


def _demand(vm: VM, tick_s: int) -> Demand:
    return vm.workload.demand(vm, 0, np.arange(24 * 3600 // tick_s, dtype=np.int64), tick_s)


class Run:
    """A lab in which VMs have run on a stack.

    Parameters
    ----------
    stack, vms
        On what, and which. Their controls become those of the stack, as when they are moved there.
    seed, hours
        Of the lab.

    Raises
    ------
    AdmissionError
        If they do not all start there, by how the stack manages memory.
    """

    def __init__(self, stack: Stack, vms: Sequence[VM], seed: int, hours: int) -> None:
        self.lab = Lab(stack, seed=seed, tick_s=3600)
        hardware, profile = self.lab.hardware, stack.memory_profile
        for vm in vms:
            there = moved(vm, NEUTRAL, stack, hardware)[0]
            admit(there, self.lab.vms, hardware, 0, 0, profile)  # of the disks the lab itself takes care
            self.lab.do(CreateVM(there))
        self.lab.advance(hours)
        self.vms = self.lab.vms
        (segment,) = self.lab.recorded.segments
        self._values = segment.values.astype(np.float64)

    def __getitem__(self, metric: str) -> Floats:
        """Return a metric, shape (VM, tick)."""
        return self._values[INDEX[metric]]


class TaxedRun:
    """A run once more, with what the stack adds.

    The operational laws of :mod:`vmwidgets.model.bottleneck`: a client that waits is slower by what each transaction
    takes longer, and what the VMs then want of the processors is divided by the policy of the stack.

    Parameters
    ----------
    run
        What they do if nothing costs anything.
    cpu
        Whose figures count.
    """

    def __init__(self, run: Run, cpu: str) -> None:
        self.lab, self.vms, self._events = run.lab, run.vms, [events(vm, run.lab.tick_s) for vm in run.vms]
        stack, hardware = run.lab.stack, run.lab.hardware
        names = {name for one in self._events for kind in (one.per_transaction, one.per_second) for name in kind}
        self.taxes = {name: tax(stack, name, cpu) for name in sorted(names)}
        khz = float(hardware.clock_khz)
        rate, latency = run["throughput_per_ks"] / 1000, run["latency_us"]
        added_us = self._per_transaction(_cycles) * 1000 / khz
        waits = _column(bool(_demand(vm, run.lab.tick_s).clients.any()) for vm in run.vms)
        slower = np.where((waits > 0) & (latency > 0), latency / np.where(latency > 0, latency + added_us, 1.0), 1.0)
        self._asked = rate
        rate, own = rate * slower, run["cpu_used_khz"] * slower
        wants = own + (rate * self._per_transaction(_cycles) + self._per_second(_cycles)) / 1000
        most = _column(vm.vcpus * khz if vm.cpu_limit_mhz is None else vm.cpu_limit_mhz * 1000 for vm in run.vms)
        shares = _column(vm.cpu_shares for vm in run.vms)
        reserved = _column(vm.cpu_reservation_mhz * 1000 for vm in run.vms)
        got = stack.cpu(float(hardware.cpu_khz), shares, reserved, np.minimum(wants, most))
        kept = np.where(wants > 0, np.minimum(got / np.where(wants > 0, wants, 1.0), 1.0), 1.0)
        self.rate: Floats = rate * kept
        """Transactions per second, shape (VM, tick)."""
        self.latency_us: Floats = (latency + added_us) / np.where(kept > 0, kept, 1.0)
        self._own, self._kept = own * kept, kept

    @property
    def known(self) -> str:
        """How much is published of what the stack adds, as in :class:`Tax`."""
        if all(one.known == "all" for one in self.taxes.values()):
            return "all"
        return "some" if any(one.cycles for one in self.taxes.values()) else "none"

    @property
    def sources(self) -> tuple[str, ...]:
        """Where the figures are from."""
        return tuple(dict.fromkeys(source for one in self.taxes.values() for source in one.sources))

    def exits_per_s(self) -> float:
        """Return how often the VMM gets control, all VMs together, on average.

        It is that of what they do if nothing costs anything, so that it is the same for two products that go the same
        way, whatever is published of their costs.
        """
        exits = self._asked * self._per_transaction(_exits) + self._per_second(_exits)
        return float(exits.sum(axis=0).mean())

    def spent_khz(self) -> dict[str, float]:
        """Return whose the time of the processors was, on average: what is published of it, and of who takes part."""
        taking_part = {role for one in self.taxes.values() for role in one.by_role}
        found: dict[str, float] = {}
        for role in ("guest", *sorted(taking_part)):
            part = partial(_of_role, role=role)
            cycles = self.rate * self._per_transaction(part) + self._per_second(part) * self._kept
            found[role] = float(cycles.sum(axis=0).mean()) / 1000
        found["guest"] += float(self._own.sum(axis=0).mean())
        return found

    def _per_transaction(self, of: Callable[[Tax], float]) -> Floats:
        return _column(
            sum(count * of(self.taxes[name]) for name, count in one.per_transaction.items()) for one in self._events
        )

    def _per_second(self, of: Callable[[Tax], float]) -> Floats:
        return _column(
            sum(count * of(self.taxes[name]) for name, count in one.per_second.items()) for one in self._events
        )


def _cycles(one: Tax) -> float:
    return one.cycles


def _exits(one: Tax) -> float:
    return one.exits


def _of_role(one: Tax, role: str) -> float:
    return one.by_role.get(role, 0.0)


def _column(values: Iterable[float]) -> Floats:
    return np.array(list(values), np.float64)[:, None]
