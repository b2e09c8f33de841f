"""The virtual CPU that runs guest code: directly while it can, with a VM exit when it needs the VMM.

Ordinary instructions run one after another and the VMM hears nothing of them. A port access, a hypercall, a halt, a
page that the second-stage table does not map, or a timer interrupt takes the CPU away from the guest; a handler, the
VMM, decides what comes of it. What else is privileged takes it away, too, unless the processor settles it, which is
said by a set of reasons. Nothing here knows a wall clock: the same program with the same handler gives the same log.

Instructions are fetched without translation, and stores do not change them.
"""

from collections import Counter, deque
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from itertools import count
from types import MappingProxyType

from vmwidgets.model.assembly import assemble
from vmwidgets.model.errors import VmwidgetsError, check_int
from vmwidgets.model.exits import EXIT_REASONS, Action, Counts, Exit
from vmwidgets.model.flags import status
from vmwidgets.model.guest_code import REGISTERS, Program
from vmwidgets.model.guest_memory import MASK64, GuestMemory, Trap
from vmwidgets.model.instructions import decode
from vmwidgets.model.neutral_vmm import ABSENT as ABSENT
from vmwidgets.model.neutral_vmm import UNKNOWN_HYPERCALL as UNKNOWN_HYPERCALL
from vmwidgets.model.neutral_vmm import neutral as neutral
from vmwidgets.model.operations import Run, State
from vmwidgets.model.processor import ALWAYS_SETTLED, DELIVERED, PRIVILEGED, SETTLED, WHOLE, deliver
from vmwidgets.model.stack_instructions import rflags
from vmwidgets.model.units import KiB

MAX_LOG = 10_000
"""The log keeps so many of the latest exits. Their counts stay exact."""
MAX_BUDGET = 100_000_000
"""The largest budget of instructions for one call."""

Handler = Callable[["CPU", Exit], Action]
Assistance = Callable[["CPU", Trap], bool]
Timer = int | Sequence[int]


class CPU:
    """One virtual CPU with its guest's program and memory.

    Parameters
    ----------
    program
        A program, or its text.
    memory
        The guest's memory, or how many bytes of its own it has from address 0 on.
    handler
        The VMM: a function of this CPU and the exit.
    timer
        When timer interrupts arrive, in instructions executed: a period, or the counts. The physical timer belongs to
        the VMM, so each arrival takes the CPU away from the guest.
    assistance
        What the processor does by itself where it would trap; returns whether that settled it, so that no exit is
        needed, and then has moved the guest on. By default nothing.
    settles
        What the processor settles for any guest, by reason, once `assistance` has had its say: for example
        :data:`vmwidgets.model.processor.WITH_ASSISTANCE`.
    clock
        The time stamp counter, in cycles. By default an instruction takes a cycle.
    """

    def __init__(
        self,
        program: Program | str,
        memory: GuestMemory | int = 64 * KiB,
        handler: Handler = neutral,
        timer: Timer = (),
        assistance: Assistance = lambda _cpu, _trap: False,
        settles: Collection[str] = ALWAYS_SETTLED,
        clock: Callable[[], int] | None = None,
    ) -> None:
        self.program = program if isinstance(program, Program) else assemble(program)
        self.memory = memory if isinstance(memory, GuestMemory) else GuestMemory.flat(memory)
        self.handler = handler
        self.assistance = assistance
        self.settles = frozenset(settles)
        self.clock = clock or (lambda: self.executed)
        self.executed = 0
        self.attempts = 0
        """Instructions attempted: those executed, and those that a fault kept from it."""
        self.kernel_stack: int | None = None
        """What an interrupt of user code takes as stack pointer (RSP0 of the task state); None: the user's own."""
        self.gdtr = (0xFFFFFE0000001000, 0x7F)
        """Base and limit of the descriptor table, which ``sgdt`` shows; those of a Linux kernel's first CPU."""
        self.state = State(self.memory, self.program.places)
        """What instructions change, for the processor and its VMM."""
        self.memory.fill(self.program.data)
        code = self.program.instructions
        self._code: list[Run] = [decode(self.state, one, at + 1) for at, one in enumerate(code)]
        self._code.append(_past_the_end)
        self._lines = (*(one.line for one in code), 0)
        self._rip = 0
        self._exits: Counter[str] = Counter()
        self._emulated = 0
        self._log: deque[Exit] = deque(maxlen=MAX_LOG)
        self._delivered: deque[Exit] = deque(maxlen=MAX_LOG)
        self.set_timer(timer)

    # What the VMM and a debugger see.

    @property
    def line(self) -> int:
        """The line of the program that comes next; 0 behind the last instruction."""
        return self._lines[self._rip]

    @property
    def finished(self) -> bool:
        """Whether the guest has run past its last instruction."""
        return self._rip == len(self.program.instructions)

    @property
    def registers(self) -> Mapping[str, int]:
        """The 64-bit registers by name."""
        return MappingProxyType(dict(zip(REGISTERS, self.state.slots, strict=False)))

    @property
    def flags(self) -> Mapping[str, bool]:
        """The flags ZF, SF, CF, OF, PF and AF."""
        return MappingProxyType(status(self.state.flags[0]))

    @property
    def rflags(self) -> int:
        """The register RFLAGS."""
        return rflags(self.state)

    @property
    def mode(self) -> str:
        """``"kernel"`` or ``"user"``; set it to change it."""
        return "user" if self.state.user else "kernel"

    @mode.setter
    def mode(self, mode: str) -> None:
        if mode not in ("kernel", "user"):
            raise VmwidgetsError("mode is {value}, expected kernel or user", value=repr(mode)[:60])
        self.state.user = self.memory.user = mode == "user"

    @property
    def interrupts(self) -> bool:
        """Whether the guest takes interrupts: its interrupt flag. A VMM that carries out cli and sti sets it."""
        return self.state.interrupts

    @interrupts.setter
    def interrupts(self, interrupts: bool) -> None:
        self.state.interrupts = interrupts

    @property
    def address(self) -> int:
        """The instruction pointer: address of the instruction that comes next."""
        return self.program.places[self._rip]

    @address.setter
    def address(self, address: int) -> None:
        if address not in self.state.indexes:
            raise VmwidgetsError("no instruction begins at {address}", address=address)
        self._rip = self.state.indexes[address]

    def write(self, register: str, value: int) -> None:
        """Set a 64-bit register."""
        if register not in REGISTERS:
            raise VmwidgetsError(
                "there is no register {name}, expected one of {known}", name=register, known=", ".join(REGISTERS)
            )
        self.state.slots[REGISTERS.index(register)] = check_int(register, value, 0, MASK64)

    def write_pair(self, value: int) -> None:
        """Set edx:eax, in which rdmsr and rdtsc give 64 bits."""
        self.state.slots[0], self.state.slots[2] = value & 0xFFFFFFFF, value >> 32 & 0xFFFFFFFF

    def answer(self, exit: Exit, value: int) -> None:
        """Give the guest what it reads from a port, as wide as it asked for."""
        bits, rax = exit["bits"], self.state.slots[0]
        kept = rax >> bits << bits if bits < 32 else 0  # al and ax leave the rest of rax, eax clears it
        self.state.slots[0] = kept | value & ((1 << bits) - 1)

    def emulate(self) -> None:
        """Carry out the next instruction in the VMM's software, as one does that decodes it, and move on past it."""
        self._rip = self._code[self._rip]()
        self.executed += 1
        self._emulated += 1

    def skip(self, count: int = 1) -> None:
        """Move on past the next instruction without carrying it out, or past ``count`` of them."""
        self._rip += count

    def inject(self, vector: int, code: int | None = None, *, again: bool = False) -> bool:
        """Give the guest an exception or interrupt, as a VMM does on VM entry; return whether the guest takes it.

        Parameters
        ----------
        vector
            0 to 255.
        code
            The error code, for the exceptions that have one.
        again
            The guest comes back to the instruction that was being emulated: as for a fault.
        """
        self._rip -= again
        return deliver(self, check_int("vector", vector, 0, 255), code) is None

    def jump(self, label: str) -> None:
        """Let the guest go on at a label of its program."""
        self._rip = self.program.labels[label]

    def counts(self) -> Counts:
        """Return what the guest has done so far."""
        exits = {**dict.fromkeys(EXIT_REASONS, 0), **self._exits}
        return Counts(
            self.executed, self.executed - self._emulated, MappingProxyType(exits), tuple(self._log), self.finished
        )

    @property
    def delivered(self) -> tuple[Exit, ...]:
        """The latest exceptions and software interrupts that the guest handled itself, oldest first: no exits."""
        return tuple(self._delivered)

    # Running.

    def set_timer(self, timer: Timer) -> None:
        """Set when timer interrupts arrive from now on; what has passed does not arrive again."""
        if isinstance(timer, int):
            check_int("timer", timer, 1, 2**62)
            self._due: Iterator[int] = count(self.executed + timer, timer)
        else:
            self._due = iter(sorted(check_int("timer", at, self.executed, 2**62) for at in timer))
        self._next_due = next(self._due, None)

    def step(self) -> tuple[Exit, ...]:
        """Execute one instruction and return the exits on the way: its own, and an interrupt that arrives behind it."""
        before = sum(self._exits.values())
        self.run(1)
        new = sum(self._exits.values()) - before
        return tuple(self._log)[-new:] if new else ()

    def run(self, budget: int) -> Action:
        """Run the guest until the VMM stops it, it finishes, or the budget is spent.

        Parameters
        ----------
        budget
            How many instructions the guest may attempt. One that ends in an EPT violation counts: it was attempted.

        Returns
        -------
        Action
            ``STOP`` if the VMM took the CPU back, ``RESUME`` otherwise.
        """
        left = check_int("budget", budget, 0, MAX_BUDGET)
        code = self._code
        while True:
            if self._next_due is not None and self._next_due <= self.executed and not self.finished:
                self._next_due = next(self._due, None)
                if self._exit(Trap("external_interrupt")) is Action.STOP:
                    return Action.STOP
                continue
            if left == 0 or self.finished:
                return Action.RESUME
            burst = left if self._next_due is None else min(left, self._next_due - self.executed)
            rip, done = self._rip, 0
            try:
                for done in range(burst):  # noqa: B007 - how far it came is needed when it does not come to the end
                    rip = code[rip]()
            except Trap as trap:
                self._rip = rip
                self.executed += done
                self.attempts += done
                left -= done + 1
                if trap.reason == "end":
                    continue
                self.attempts += 1
                if self._trap(trap) is Action.STOP:
                    return Action.STOP
            else:
                self._rip = rip
                self.executed += burst
                self.attempts += burst
                left -= burst

    def _trap(self, trap: Trap) -> Action:
        """Let the processor settle what it settles, and the VMM the rest."""
        if self.state.user and trap.reason in PRIVILEGED:
            trap = Trap("general_protection", code=0)
        if self.assistance(self, trap):
            self.executed += 1
            return Action.RESUME
        while trap.reason in self.settles:
            met = Exit(trap.reason, self.executed, self.line, trap.detail)
            left = SETTLED[trap.reason](self, trap)
            if left is None:
                self.executed += trap.reason in WHOLE
                if trap.reason in DELIVERED:
                    self._delivered.append(met)
                return Action.RESUME
            if left.reason == trap.reason:
                break
            trap = left  # what the processor met on the way, which it may settle in its turn
        return self._exit(trap)

    def _exit(self, trap: Trap) -> Action:
        """Leave the guest, let the VMM handle it, and move on past an instruction that it emulated."""
        exit = Exit(trap.reason, self.executed, self._lines[self._rip], trap.detail)
        self._exits[trap.reason] += 1
        self._log.append(exit)
        if trap.reason in WHOLE:
            self._rip += 1
            self.executed += 1
            self._emulated += 1
        return self.handler(self, exit)


def _past_the_end() -> int:
    raise Trap("end")


def run(
    program: Program | str,
    budget: int,
    memory: GuestMemory | int = 64 * KiB,
    handler: Handler = neutral,
    timer: Timer = (),
) -> Counts:
    """Run a program on a new CPU and return what it did.

    Parameters
    ----------
    program, memory, handler, timer
        As for `CPU`.
    budget
        How many instructions it may attempt.
    """
    cpu = CPU(program, memory, handler, timer)
    cpu.run(budget)
    return cpu.counts()
