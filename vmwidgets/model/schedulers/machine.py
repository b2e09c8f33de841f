"""What a scheduler deals with: logical processors, guests and their virtual CPUs."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import cycle

from vmwidgets.model.errors import VmwidgetsError, check_int
from vmwidgets.model.guest_threads import LONGEST_US, Program, Step, program

RUNNABLE, RUNNING, BLOCKED, COSTOPPED, PARKED = range(5)
STATES = ("runnable", "running", "blocked", "co-stopped", "parked")
MAX_PCPUS, MAX_VCPUS = 256, 4096
FULL_SPEED = 1000
NEVER = 2**42
"""Later than any simulation, in microseconds."""


@dataclass(frozen=True, slots=True)
class Processors:
    """The physical side.

    Parameters
    ----------
    pcpus
        Logical processors; ``threads_per_core`` neighbours share a core.
    smt_speed_permille
        Speed of a thread while a sibling runs too. By default they do not disturb each other.
    switch_cost_us, migration_cost_us
        Lost when a pCPU changes to another vCPU than it ran last, and when a vCPU changes to another pCPU. The vCPU
        that comes pays for both, in time during which it does no work.
    """

    pcpus: int = 1
    threads_per_core: int = 1
    smt_speed_permille: int = FULL_SPEED
    switch_cost_us: int = 0
    migration_cost_us: int = 0

    def __post_init__(self) -> None:
        check_int("pcpus", self.pcpus, 1, MAX_PCPUS)
        check_int("threads_per_core", self.threads_per_core, 1, 8)
        check_int("smt_speed_permille", self.smt_speed_permille, 1, FULL_SPEED)
        check_int("switch_cost_us", self.switch_cost_us, 0, 10**6)
        check_int("migration_cost_us", self.migration_cost_us, 0, 10**6)
        if self.pcpus % self.threads_per_core:
            raise VmwidgetsError(
                "{pcpus} pcpus do not make whole cores of {threads} threads",
                pcpus=self.pcpus,
                threads=self.threads_per_core,
            )


@dataclass(frozen=True, slots=True)
class Guest:
    """A VM as the scheduler sees it, or a program of the host OS beside the VMs.

    Parameters
    ----------
    name
        For the reader.
    programs
        One for each vCPU, see :mod:`vmwidgets.model.guest_threads`.
    weight
        Shares of the whole VM on the scale of its scheduler; by default the scheduler's default.
    cap_permille, reservation_permille
        What the VM gets at most and at least, in thousandths of one pCPU; 0: no cap, no reservation.
    is_host_program
        It is not a VM, so nothing that the VMM sets holds for it.
    """

    name: str
    programs: tuple[Program, ...]
    weight: int | None = None
    cap_permille: int = 0
    reservation_permille: int = 0
    is_host_program: bool = False

    def __post_init__(self) -> None:
        check_int("the number of vCPUs", len(self.programs), 1, MAX_VCPUS)
        object.__setattr__(self, "programs", tuple(program(steps) for steps in self.programs))
        if self.weight is not None:
            check_int("weight", self.weight, 1, 10**6)
        check_int("cap_permille", self.cap_permille, 0, 1000 * MAX_PCPUS)
        check_int("reservation_permille", self.reservation_permille, 0, 1000 * MAX_PCPUS)


class PCpu:
    """A logical processor."""

    __slots__ = ("current", "index", "last", "siblings", "turn_ends")

    def __init__(self, index: int) -> None:
        self.index = index
        self.siblings: tuple[PCpu, ...] = ()
        self.current: VCpu | None = None
        self.last: VCpu | None = None
        self.turn_ends = 0  # when the turn of the current vCPU is over, if it does not block before


class VCpu:
    """A virtual CPU. A scheduler reads it, sets ``slice_us`` when it picks it, and may set ``held``."""

    __slots__ = (
        "asked", "charged", "dispatches", "done_at", "guest", "guest_index", "held", "index", "left", "mark",
        "pcpu", "ran", "since", "slice_us", "speed", "spent", "state", "steps",
    )  # fmt: skip

    def __init__(self, index: int, guest_index: int, guest: Guest, steps: Program) -> None:
        self.index, self.guest_index, self.guest = index, guest_index, guest
        self.steps: Iterator[Step] = cycle(steps)
        self.state, self.since = BLOCKED, 0
        self.ran = 0
        self.spent = [0] * len(STATES)  # microseconds in each state, the present stretch not counted
        self.held: int | None = None  # COSTOPPED or PARKED while something keeps it from running
        self.pcpu: PCpu | None = None  # where it runs, or ran last
        self.slice_us = LONGEST_US
        self.charged = -1  # up to when the scheduler has charged it
        self.left, self.mark, self.speed, self.done_at = 0, 0, FULL_SPEED, 0  # computation: left at `mark`, done then
        self.asked = 0  # computation that its program has asked for so far, what is left of it included
        self.dispatches = 0
