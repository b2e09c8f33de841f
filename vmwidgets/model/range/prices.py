"""What a defence costs, measured: one guest that does no harm is run with it and without.

Time is that of the range: instructions, caches, copies of shared pages, waiting. Exits take what was measured on a
processor, and so much of what defences do as has to be done while the guest waits takes cycles of :data:`CYCLES`. What
the model has no time for takes none here: the checks of a memory controller (ECC), of a filter of system calls, a way
through a stub domain, translations by an IOMMU, for which the device waits and not the processor.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from vmwidgets.model.errors import VmwidgetsError, check_int
from vmwidgets.model.range.attack import Attack, Placement
from vmwidgets.model.range.benign import BENIGN, GROWS, WORKLOAD, settle
from vmwidgets.model.range.clock import CYCLES_PER_S
from vmwidgets.model.range.defences import DEFENCES
from vmwidgets.model.range.guest import PAGES
from vmwidgets.model.range.machine import FREE
from vmwidgets.model.range.neighbours import NEIGHBOURS_PERMILLE, processor_permille
from vmwidgets.model.range.run import Shot
from vmwidgets.model.range.scenario import Scenario
from vmwidgets.model.range.timing import L1_CYCLES, LINE_BYTES
from vmwidgets.model.stack import Stack

BUDGET = 60_000
EXIT_CYCLES, SYSTEM_CALL_CYCLES = 2000, 242
"""An exit and an entry on a Xeon X5570 (Landau, Ben-Yehuda, Gordon, WIOV 2011); a system call on a Pentium 4, where
there is no VMM (K. Adams, O. Agesen, ASPLOS 2006, figure 4)."""
CYCLES: dict[str, tuple[int, int]] = {
    # Four levels, each in a cache of the walker, 2 cycles (R. Bhargava et al., ASPLOS 2008, table 2); that all are
    # there is an assumption.
    "map_lookups": (8, 1),
    "bytes_cleared": (L1_CYCLES, LINE_BYTES),  # a store for each line
    # Assumptions: compare and branch; look up whose a frame is and of what type; read the time stamp counter, and keep
    # accounts; decipher a line that comes from memory.
    "indices_checked": (2, 1),
    "lengths_checked": (2, 1),
    "entries_validated": (16, 1),
    "time_stamps": (25, 1),
    "lines_decrypted": (10, 1),
}
"""What an amount of work keeps the guest waiting: cycles for so many of its kind."""
LENT, LARGE = replace(BENIGN, overcommitted=True), replace(BENIGN, vcpus=2)
PRESSED = replace(BENIGN, pressed=True)
ON_HOST = Placement(seat="host")
HOST_PROGRAM = """
    mov r12, 80                 ; compiles with 80 threads, and takes 4 GiB
more:
    mov rax, {call_host_fork}
    vmcall
    dec r12
    jnz more
    mov rax, {call_host_allocate}
    mov rdi, 4096
    vmcall
"""
"""What a program beside the VMs does that does no harm."""
_ELSEWHERE: dict[str, tuple[Placement, str]] = {
    "cpu_limit": (LARGE, WORKLOAD),
    "memory_limit": (LENT, WORKLOAD),
    "memory_reservation": (PRESSED, GROWS),
    "forced_reclaim": (LENT, WORKLOAD),
    "host_cgroups": (ON_HOST, HOST_PROGRAM),
}
"""Where defences are looked at that have nothing to do with a guest of one vCPU beside others: a VM that could take
more than its share, lent memory, a program of the host."""


@dataclass(frozen=True, slots=True)
class Workload:
    """What a guest has done, and with what.

    Parameters
    ----------
    cycles, waited_cycles
        For which it had work for a processor, with all that defences did meanwhile; and for which it was halted.
    processor_permille
        What it got of a core while it wanted one, see
        :func:`~vmwidgets.model.range.neighbours.processor_permille`.
    exits, instructions
        VM exits, those for copies of shared pages among them; instructions executed.
    frames_in_use
        Frames of the machine that are not free at the end.
    frames_shared, frames_lent
        Frames that page sharing saves, and pages that the guest has beyond its own because another VM does not need
        them.
    work
        What defences have done, by kind, see :class:`~vmwidgets.model.range.machine.Machine`.
    finished
        Whether the program ran to its end.
    """

    cycles: int
    waited_cycles: int
    processor_permille: int
    exits: int
    instructions: int
    frames_in_use: int
    frames_shared: int
    frames_lent: int
    work: Mapping[str, int]
    finished: bool

    @property
    def wall_cycles(self) -> int:
        """Cycles from its beginning to its end."""
        return self.cycles * 1000 // self.processor_permille + self.waited_cycles

    @property
    def frames_saved(self) -> int:
        """Frames that more would be needed without sharing and lending."""
        return self.frames_shared + self.frames_lent

    @property
    def exits_per_s(self) -> int:
        """Exits in a second."""
        return self.exits * CYCLES_PER_S // self.wall_cycles


@dataclass(frozen=True, slots=True)
class Price:
    """What a defence costs in this workload, or several do.

    Parameters
    ----------
    defence
        Its id.
    throughput_permille, cpu_permille
        What is left of the work done in a time, and the processor time that the same work takes, both in thousandths of
        what is so without it: below 1000 the guest is slower, above 1000 it needs the processor for longer.
    work
        What it has to do that is not done without it, by kind.
    exits, exits_per_s, instructions
        VM exits, exits in a second, and instructions of the guest, more than without it.
    frames
        Frames that the same VMs need more.
    """

    defence: str
    throughput_permille: int = 1000
    cpu_permille: int = 1000
    work: Mapping[str, int] = field(default_factory=dict[str, int])
    exits: int = 0
    exits_per_s: int = 0
    instructions: int = 0
    frames: int = 0

    @property
    def is_free(self) -> bool:
        """Whether the workload does not notice it."""
        return self == Price(self.defence)


def workload(
    stack: Stack,
    switches: Mapping[str, bool] | None = None,
    seed: int = 0,
    placement: Placement = BENIGN,
    code: str = WORKLOAD,
    neighbours_permille: int = NEIGHBOURS_PERMILLE,
) -> Workload:
    """Run a guest that does no harm among its neighbours, and measure it.

    Parameters
    ----------
    stack, placement
        What stands below the guest, and where it runs.
    switches
        Defences that are not as the safe setting has them.
    seed
        Decides the layout.
    code
        What it does.
    neighbours_permille
        So much of its time each of the two other VMs wants to compute.

    Raises
    ------
    VmwidgetsError
        If the stack does not have a defence that shall be on, or the neighbours want more than all.
    """
    check_int("neighbours_permille", neighbours_permille, 0, 1000)
    scenario = Scenario(stack, placement, switches, seed)
    settle(scenario)
    clock, start, rested = scenario.clock, scenario.clock.now, scenario.clock.halted
    shot = Shot(Attack.from_text(code), scenario)
    shot.cpu.run(BUDGET)
    counts = shot.cpu.counts()
    now, on = clock.read(shot.cpu.executed), scenario.defences
    work = Counter(scenario.machine.work)
    if on["exact_accounting"]:  # when a VM gets the processor, and when it gives it away
        work["time_stamps"] = 2 * counts.exits.get("hlt", 0)
    work["processors_set_aside"] = on["cpu_pools"]
    if scenario.caches is not None:
        lines = scenario.caches.from_memory
        work["lines_decrypted"], work["lines_checked"] = lines * on["memory_encryption"], lines * on["ecc"]
    exits = counts.total_exits + work["pages_copied"]
    each = EXIT_CYCLES if scenario.attacker.has_tables else SYSTEM_CALL_CYCLES
    waited = clock.halted - rested
    spent = sum(amount * CYCLES[kind][0] // CYCLES[kind][1] for kind, amount in work.items() if kind in CYCLES)
    owners = scenario.machine.owners
    return Workload(
        # The exit is among the cycles that a copy takes.
        now - start - waited + counts.total_exits * each + spent,
        waited,
        processor_permille(
            stack.scheduler,
            vcpus=placement.vcpus,
            alone=on["core_scheduling"],
            limited=placement.vcpus > 1 and on["cpu_limit"],
            neighbours_permille=neighbours_permille,
        ),
        exits,
        counts.instructions,
        len(owners) - owners.count(FREE),
        scenario.sharing.saved_frames if scenario.sharing else 0,
        sum(page >= PAGES for page in scenario.attacker.map),
        {kind: amount for kind, amount in work.items() if amount},
        counts.finished,
    )


def difference(defence: str, with_it: Workload, without: Workload) -> Price:
    """Return what is between two runs of the same program: what it costs that the first had more defences."""
    work = {kind: with_it.work.get(kind, 0) - without.work.get(kind, 0) for kind in {**with_it.work, **without.work}}
    lent = without.frames_lent - with_it.frames_lent
    return Price(
        defence,
        (1000 * without.wall_cycles + with_it.wall_cycles // 2) // with_it.wall_cycles,
        (1000 * with_it.cycles + without.cycles // 2) // without.cycles,
        {kind: more for kind, more in sorted(work.items()) if more},
        with_it.exits - without.exits,
        with_it.exits_per_s - without.exits_per_s,
        with_it.instructions - without.instructions,
        with_it.frames_in_use - without.frames_in_use + lent,
    )


def price(
    defence: str,
    stack: Stack,
    placement: Placement | None = None,
    code: str | None = None,
    seed: int = 0,
    neighbours_permille: int = NEIGHBOURS_PERMILLE,
) -> Price:
    """Measure what a defence costs on a stack, with all its other defences on.

    Parameters
    ----------
    defence
        Id of one of :data:`~vmwidgets.model.range.defences.DEFENCES` that the stack has.
    stack, placement, code
        What stands below the guest, where it runs, and what it does; by default where the defence has something to do.
    seed
        Decides the layout.
    neighbours_permille
        So much of its time each of the two other VMs wants to compute.

    Raises
    ------
    VmwidgetsError
        If the stack does not have the defence.
    """
    where, program = (placement, WORKLOAD) if placement else _where(defence, stack)
    if not _has(defence, stack, where):
        raise VmwidgetsError(
            "{stack} does not have the defence {name}, expected one of {known}",
            stack=stack.name,
            name=defence,
            known=", ".join(Scenario(stack, where).defences.offered),
        )
    with_it, without = (
        workload(stack, {defence: on}, seed, where, program if code is None else code, neighbours_permille)
        for on in (True, False)
    )
    return difference(defence, with_it, without)


def is_priced(defence: str, stack: Stack) -> bool:
    """Return whether a stack has a defence, be it for VMs of another type than its usual ones."""
    return _has(defence, stack, _where(defence, stack)[0])


def _where(defence: str, stack: Stack) -> tuple[Placement, str]:
    """Return where a defence is looked at, and the program: with imitated devices, if it is only for VMs with these."""
    where, program = _ELSEWHERE.get(defence, (BENIGN, WORKLOAD))
    return (where, program) if _has(defence, stack, where) else (replace(where, emulated=True), program)


def _has(defence: str, stack: Stack, placement: Placement) -> bool:
    if defence not in DEFENCES:
        raise VmwidgetsError(
            "there is no defence {name}, expected one of {known}", name=defence, known=", ".join(DEFENCES)
        )
    return defence in Scenario(stack, placement).defences.offered
