"""The VMs of a lab under a quantum-level scheduler: what each vCPU did, to the microsecond.

The fluid model says what a VM is entitled to; this says how it gets there, slice by slice, and when it does not.
Nothing here is state: a run follows from the server, the VMs, the settings and the seed, and begins at time 0.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from vmwidgets.model.allocation import share
from vmwidgets.model.errors import VmwidgetsError
from vmwidgets.model.guest_threads import busy
from vmwidgets.model.hardware import Hardware
from vmwidgets.model.scheduler import RUNNABLE, RUNNING, STATES, Guest, Processors, Simulation, Timeline
from vmwidgets.model.schedulers import SCHEDULERS
from vmwidgets.model.schedulers.base import Scheduler
from vmwidgets.model.scheduling import ALGORITHMS, Scheduling
from vmwidgets.model.vm import VM
from vmwidgets.model.vm_programs import programs, wants_permille

Ints = NDArray[np.int64]
MAX_SWITCHES = 300_000
"""Context switches after which a run ends early: what a slider costs is bounded. (A minute of 4 pCPUs at 1 ms fits.)"""
_PIECES = 64
_PROGRAM = "host program"
SHARES = 1000
"""The shares of a VM that stand for the default weight of a scheduler, where no product says otherwise."""

_SLICE = {"bvt": "context_switch_us", "credit": "slice_us", "credit_sampled": "slice_us"}
"""Where a scheduler has its slice, if not as ``quantum_us``."""


def scheduler_of(scheduling: Scheduling, seed: int = 0) -> Scheduler:
    """Return a new scheduler, the first of the settings."""
    name = scheduling.algorithm
    options: dict[str, int | str] = {}
    if scheduling.slice_ms and ALGORITHMS[name].slice_ms:
        options[_SLICE.get(name, "quantum_us")] = 1000 * scheduling.slice_ms
    if name == "credit":
        options["accounting"] = scheduling.accounting
    if name == "lottery":
        options["seed"] = seed
    return SCHEDULERS[name](**options)


@dataclass(frozen=True, slots=True, eq=False)
class QuantumRun:
    """What came of a run.

    Parameters
    ----------
    algorithm
        Which scheduler ran.
    timeline
        What each vCPU did.
    owner
        Index of the VM of each vCPU; programs of the host come after the VMs.
    until_us
        How far it came: less than the window if there were more than :data:`MAX_SWITCHES`.
    switches, overhead_us
        Context switches, and the time that they cost.
    spent_us
        Time of each vCPU in each state, shape (vCPU, state).
    waits_us, waiters
        Latency of each wake-up, and the vCPU that woke.
    """

    algorithm: str
    timeline: Timeline
    owner: Ints
    until_us: int
    switches: int
    overhead_us: int
    spent_us: Ints
    waits_us: Ints
    waiters: Ints

    def per_vm(self, vms: int) -> Ints:
        """Return the time of each VM in each state, shape (VM, state), in microseconds."""
        total = np.zeros((max(vms, self.owner.max(initial=-1) + 1), len(STATES)), np.int64)
        np.add.at(total, self.owner, self.spent_us)
        return total[:vms]

    def ran_permille(self, vms: int) -> Ints:
        """Return what each VM got, in thousandths of one processor."""
        return 1000 * self.per_vm(vms)[:, RUNNING] // self.until_us

    def ready_permille(self, vms: int) -> Ints:
        """Return how much of its vCPUs' time each VM waited for a processor, in thousandths."""
        count = np.maximum(np.bincount(self.owner, minlength=vms)[:vms], 1)
        return 1000 * self.per_vm(vms)[:, RUNNABLE] // (self.until_us * count)

    def latencies_us(self, vm: int) -> Ints:
        """Return how long each wake-up of a VM's vCPUs waited for a processor, in microseconds, shortest first."""
        return np.sort(self.waits_us[self.owner[self.waiters] == vm])


def guests(
    hardware: Hardware, vms: Sequence[VM], scheduling: Scheduling, seed: int = 0, shares: int = SHARES
) -> tuple[Guest, ...]:
    """Return the VMs as a scheduler sees them, and beside them what else it has to run.

    Parameters
    ----------
    hardware, vms, scheduling, seed
        As in :func:`run_quantum`; of the two algorithms it is the first.
    shares
        The shares that stand for the default weight.

    Raises
    ------
    VmwidgetsError
        If a VM has more shares than the scheduler has weights for.
    """
    chosen, scheduler = ALGORITHMS[scheduling.algorithm], scheduler_of(scheduling)
    default = scheduler.default_weight
    made: list[Guest] = []
    for vm in vms:
        parts, cap = shares * (vm.vcpus if scheduler.weight_per_vcpu else 1), vm.cpu_limit_mhz
        most = (parts * (2 * chosen.most_weight + 1) - 1) // (2 * default)
        if "weight" in chosen.heeds and vm.cpu_shares > most:
            raise VmwidgetsError(
                "{name} has {shares} CPU shares, and the scheduler {scheduler} has weights for 1 to {most} of them",
                name=vm.name,
                shares=vm.cpu_shares,
                scheduler=scheduling.algorithm,
                most=most,
            )
        made.append(
            Guest(
                vm.name,
                programs(vm, hardware, seed),
                min(max(1, (2 * vm.cpu_shares * default + parts) // (2 * parts)), chosen.most_weight),
                0 if cap is None else min(max(1, _permille(cap, hardware)), 1000 * vm.vcpus),
                _permille(vm.cpu_reservation_mhz, hardware) if "reservation" in chosen.heeds else 0,
            )
        )
    if "host_programs" in chosen.heeds:
        made += [Guest(_PROGRAM, (busy(),), is_host_program=True)] * scheduling.host_programs
    return tuple(made)


def entitled_permille(hardware: Hardware, vms: Sequence[VM], seed: int = 0) -> Ints:
    """Return what the fluid model gives the same guests, in thousandths of one processor: shares, between bounds."""
    if not vms:
        return np.empty(0, np.int64)
    wants = [sum(wants_permille(program) for program in programs(vm, hardware, seed)) for vm in vms]
    limit = [1000 * vm.vcpus if vm.cpu_limit_mhz is None else _permille(vm.cpu_limit_mhz, hardware) for vm in vms]
    ceiling = np.minimum(wants, limit).astype(np.float64)
    floor = np.minimum([_permille(vm.cpu_reservation_mhz, hardware) for vm in vms], ceiling)
    got = share(1000.0 * hardware.pcpus, np.array([vm.cpu_shares for vm in vms], np.float64), floor, ceiling)
    return np.rint(got).astype(np.int64)


def _permille(mhz: int, hardware: Hardware) -> int:
    return mhz * 1_000_000 // hardware.clock_khz


def run_quantum(
    hardware: Hardware, vms: Sequence[VM], scheduling: Scheduling, algorithm: str, seed: int = 0, shares: int = SHARES
) -> QuantumRun:
    """Run the VMs under a scheduler for a window of time.

    Parameters
    ----------
    hardware, vms
        The server and what runs on it. At least one VM.
    scheduling
        How; its two algorithms are not looked at.
    algorithm
        One of :data:`ALGORITHMS`.
    seed
        Of the lab.
    shares
        The shares that stand for the default weight.

    Raises
    ------
    VmwidgetsError
        If there is no VM, or more of something than the engine takes.
    """
    one = replace(scheduling, algorithm=algorithm, beside="")
    return _run(_processors(hardware, one), guests(hardware, vms, one, seed, shares), one, seed)


def _processors(hardware: Hardware, scheduling: Scheduling) -> Processors:
    return Processors(hardware.pcpus, scheduling.threads_per_core, switch_cost_us=scheduling.switch_cost_us)


def _simulation(
    processors: Processors, machines: tuple[Guest, ...], scheduling: Scheduling, seed: int, log_limit: int
) -> Simulation:
    return Simulation(processors, scheduler_of(scheduling, seed), machines, log_limit)


def _run(processors: Processors, machines: tuple[Guest, ...], scheduling: Scheduling, seed: int) -> QuantumRun:
    simulation = _simulation(processors, machines, scheduling, seed, 4 * MAX_SWITCHES)
    window_us = scheduling.window_s * 1_000_000
    for piece in range(1, _PIECES + 1):
        simulation.run(window_us * piece // _PIECES)
        if simulation.switches > MAX_SWITCHES:
            break
    timeline = simulation.timeline()
    run = QuantumRun(
        scheduling.algorithm,
        timeline,
        np.array([vcpu.guest_index for vcpu in simulation.vcpus], np.int64),
        simulation.now,
        simulation.switches,
        simulation.overhead_us,
        np.array(simulation.spent_us(), np.int64),
        *timeline.waits(),
    )
    for column in (*timeline, run.owner, run.spent_us, run.waits_us, run.waiters):
        column.flags.writeable = False
    return run


class Moment(NamedTuple):
    """What no log holds.

    Parameters
    ----------
    accounts
        The account of each vCPU, on the algorithm's own scale.
    queues
        The pCPUs that each run queue serves, and the vCPUs that wait in it, the next one first.
    """

    accounts: list[int]
    queues: list[tuple[range, list[int]]]


class Rerun:
    """Goes through a run once more, to any moment of it, for what no log holds: accounts and queues.

    Parameters
    ----------
    hardware, vms, scheduling, algorithm, seed, shares
        As in :func:`run_quantum`.
    """

    def __init__(
        self,
        hardware: Hardware,
        vms: Sequence[VM],
        scheduling: Scheduling,
        algorithm: str,
        seed: int = 0,
        shares: int = SHARES,
    ) -> None:
        self._scheduling, self._seed = replace(scheduling, algorithm=algorithm, beside=""), seed
        self._processors = _processors(hardware, self._scheduling)
        self._guests = guests(hardware, vms, self._scheduling, seed, shares)
        self._simulation, self._is_spoilt = self._fresh(), False

    def _fresh(self) -> Simulation:
        return _simulation(self._processors, self._guests, self._scheduling, self._seed, 0)

    def moment(self, at_us: int) -> Moment:
        """Return the accounts and the run queues at a moment, after all that happens at it.

        Who runs is charged up to then, which the run itself does later: that simulation is of no further use.
        """
        if self._is_spoilt or at_us < self._simulation.now:
            self._simulation = self._fresh()
        simulation, scheduler = self._simulation, self._simulation.scheduler
        simulation.run(at_us + 1)
        running = [vcpu for vcpu in simulation.vcpus if vcpu.state == RUNNING and vcpu.charged < at_us]
        for vcpu in running:
            scheduler.charge(vcpu, at_us - vcpu.charged, at_us)
        self._is_spoilt = bool(running)
        queues = [(pcpus, [vcpu.index for vcpu in order]) for pcpus, order in scheduler.run_queues(at_us)]
        return Moment(scheduler.credits(), queues)

    def credits(self, at_us: int) -> list[int]:
        """Return the account of each vCPU at a moment."""
        return self.moment(at_us).accounts
