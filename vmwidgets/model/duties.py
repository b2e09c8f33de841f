"""The duties of a VMM, and which sum breaks when one of them is missing.

Two guests really run on the virtual CPU under a small VMM that takes turns. The VMM can be built without one of its
duties; the sums are computed from what the run left behind, so the verdict is found and not written down.
"""

from dataclasses import dataclass, field

import numpy as np

from vmwidgets.model.assembly import assemble
from vmwidgets.model.cpu import CPU, Action, Exit
from vmwidgets.model.errors import VmwidgetsError, check_int
from vmwidgets.model.guest_memory import PAGE_BYTES, GuestMemory
from vmwidgets.model.random import random_permille

DUTIES = ("scheduler", "memory_map", "device", "interrupt")
"""What the VMM does: whose turn it is, who owns which frame, who reaches which device, who gets the timer interrupt."""
INVARIANTS = ("interrupts", "frames", "devices", "time")
"""The sums that must close, causes before consequences."""

_TURNS = 8
_FRAMES = 16

_GUEST = """
    mov rbx, {signature}
    mov rcx, {pages}
    xor rsi, rsi
own:                        ; a mark on each page
    mov [rsi], rbx
    add rsi, 4096
    inc r8                  ; pages in use
    dec rcx
    jnz own
work:
    mov rcx, {work}
compute:
    add rax, rcx
    dec rcx
    jnz compute
    out 0xe9, al            ; a byte for the console
    jmp work
"""


@dataclass(frozen=True, slots=True)
class Verdict:
    """One sum: what it should be, what it is.

    Parameters
    ----------
    invariant
        ``interrupts``: the VMM takes all timer interrupts that arrive. ``frames``: all pages in use have a frame of
        their own. ``devices``: the console of the first guest shows the bytes that this guest sent, and no others.
        ``time``: the guest that got least has its half of the instructions executed.
    expected, observed
        The two numbers.
    """

    invariant: str
    expected: int
    observed: int

    @property
    def holds(self) -> bool:
        """Whether they are equal."""
        return self.expected == self.observed


@dataclass(slots=True)
class _Machine:
    """The physical machine: memory, a timer, and a console that belongs to the first guest."""

    turn: int
    memory: bytearray = field(default_factory=lambda: bytearray(_FRAMES * PAGE_BYTES))
    console: list[int] = field(default_factory=list[int])
    executed: int = 0

    @property
    def timer_arrivals(self) -> int:
        return self.executed // self.turn


@dataclass(slots=True)
class _VMM:
    """A VMM for two guests, perhaps without one of its duties."""

    machine: _Machine
    missing: str | None
    interrupts: int = 0
    emulated: list[list[int]] = field(default_factory=lambda: [[], []])
    guests: list[CPU] = field(default_factory=list[CPU])

    def create(self, program: str, pages: int) -> None:
        """Create a guest and give its pages frames."""
        first = sum(len(guest.memory.table) for guest in self.guests)
        if self.missing == "memory_map":
            first = 0  # guest addresses go to the machine as they are
        table = {gfn: first + gfn for gfn in range(pages)}
        self.guests.append(CPU(assemble(program), GuestMemory(self.machine.memory, table), self.handle))

    def handle(self, cpu: CPU, exit: Exit) -> Action:
        """Handle an exit."""
        if exit.reason == "external_interrupt":
            self.interrupts += 1
            return Action.STOP  # back to the scheduler
        if exit.reason == "io":
            guest = self.guests.index(cpu)
            physical = guest == 0 or self.missing == "device"
            (self.machine.console if physical else self.emulated[guest]).append(exit["value"])
        return Action.RESUME

    def run(self, turns: int) -> None:
        """Let the guests run until the machine has executed ``turns`` turns' worth of instructions."""
        end, current = turns * self.machine.turn, 0
        while self.machine.executed < end:
            guest = self.guests[current]
            before = guest.executed
            # An interrupt that nobody takes leaves the guest where it is: on the CPU.
            guest.set_timer([] if self.missing == "interrupt" else [before + self.machine.turn])
            guest.run(end - self.machine.executed)
            self.machine.executed += guest.executed - before
            if self.missing != "scheduler":
                current = (current + 1) % len(self.guests)


def verdicts(duty: str | None = None, seed: int = 0) -> tuple[Verdict, ...]:
    """Run two guests under a VMM without one duty and return all sums, in the order of `INVARIANTS`.

    Parameters
    ----------
    duty
        One of `DUTIES`, or None for a VMM that has them all.
    seed
        Chooses how long a turn is, how many pages the guests use and how hard they work.
    """
    if duty is not None and duty not in DUTIES:
        raise VmwidgetsError("there is no duty {name}, expected one of {known}", name=duty, known=", ".join(DUTIES))
    check_int("seed", seed, 0, 2**63 - 1)
    draw = [int(number) for number in random_permille(seed, "duties", np.arange(5, dtype=np.int64))]
    machine = _Machine(turn=500 + draw[0])
    vmm = _VMM(machine, duty)
    for guest in (0, 1):
        pages, work = 2 + draw[1 + guest] % 5, 10 + draw[3 + guest] % 50
        vmm.create(_GUEST.format(signature=guest + 1, pages=pages, work=work), pages)
    vmm.run(_TURNS)
    used = sum(any(machine.memory[at : at + PAGE_BYTES]) for at in range(0, len(machine.memory), PAGE_BYTES))
    return (
        Verdict("interrupts", machine.timer_arrivals, vmm.interrupts),
        Verdict("frames", sum(guest.registers["r8"] for guest in vmm.guests), used),
        Verdict("devices", vmm.guests[0].counts().exits["io"], len(machine.console)),
        Verdict("time", machine.executed // len(vmm.guests), min(guest.executed for guest in vmm.guests)),
    )


def run_without(duty: str | None = None, seed: int = 0) -> Verdict:
    """Run two guests under a VMM without one duty and return the first sum that does not close.

    Parameters
    ----------
    duty, seed
        As for `verdicts`.

    Returns
    -------
    Verdict
        The first broken one in the order of `INVARIANTS`; the last of them if all hold.
    """
    found = verdicts(duty, seed)
    return next((verdict for verdict in found if not verdict.holds), found[-1])
