"""A machine of the third generation, as small as possible, and the monitors that can be put under its programs.

After G. J. Popek, R. P. Goldberg, CACM 1974: a state is memory, mode, program counter and a relocation-bounds register;
the interrupt flag is counted with the mode and that register, because the VMM has to keep the real one for itself, too.
The code lies in a store of its own that programs cannot write (a simplification: only data is relocated).

The set has one instruction like the x86's: `POPF` sets the interrupt flag in supervisor mode and silently leaves it in
user mode. A guest kernel that guards a counter with it loses an update under a VMM that waits for traps.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product

from vmwidgets.model.errors import VmwidgetsError, check_int
from vmwidgets.model.popek_goldberg import Instruction

Code = Sequence[tuple[str, int]]
"""A program: mnemonics, each with an operand."""

HOME = 4
"""Where the guest's memory begins in the memory of a host."""
WORDS = 8
"""Words of memory that a program has."""
OLD, NEW, CAUSE = 0, 1, 2
"""Words of memory: what was interrupted (pc, and above it mode and interrupt flag), where to go on, and why."""
TIMER, VIOLATION = 1, 2
"""Causes of a trap, as the program finds them."""
_PC = 1000
"""The word of what was interrupted is ``pc + 1000 * supervisor + 2000 * interrupts``."""
MAX_STEPS = 10_000
"""A run that has not halted by then is cut off."""


@dataclass(frozen=True, slots=True)
class State:
    """The state of the machine, or what a guest believes it to be.

    Parameters
    ----------
    memory
        All words of memory.
    pc
        Index of the next instruction.
    accumulator
        The one register.
    supervisor, interrupts
        Mode and interrupt flag.
    base, bound
        The relocation-bounds register: address ``a`` of the program is word ``base + a``, if ``a < bound``.
    halted
        Whether the machine has stopped.
    """

    memory: tuple[int, ...]
    pc: int = 0
    accumulator: int = 0
    supervisor: bool = True
    interrupts: bool = False
    base: int = 0
    bound: int = WORDS
    halted: bool = False


@dataclass(frozen=True, slots=True)
class Trap:
    """The instruction was not carried out: the hardware calls the supervisor."""

    cause: int = VIOLATION


Operation = Callable[[State, int], State | Trap]


def _load(state: State, operand: int) -> State | Trap:
    if not 0 <= operand < state.bound or state.base + operand >= len(state.memory):
        return Trap()
    return replace(state, accumulator=state.memory[state.base + operand])


def _store(state: State, operand: int) -> State | Trap:
    if not 0 <= operand < state.bound or state.base + operand >= len(state.memory):
        return Trap()
    at = state.base + operand
    return replace(state, memory=(*state.memory[:at], state.accumulator, *state.memory[at + 1 :]))


def _return(state: State, operand: int) -> State | Trap:
    found = _load(state, OLD)
    if isinstance(found, Trap):
        return found
    flags, pc = divmod(found.accumulator, _PC)
    return replace(state, pc=pc, supervisor=bool(flags & 1), interrupts=bool(flags & 2))


def _popf(state: State, operand: int) -> State | Trap:
    return replace(state, interrupts=bool(operand)) if state.supervisor else state


OPERATIONS: Mapping[str, Operation] = {
    "SET": lambda state, operand: replace(state, accumulator=operand),
    "ADD": lambda state, operand: replace(state, accumulator=state.accumulator + operand),
    "LOAD": _load,
    "STORE": _store,
    "JUMP": lambda state, operand: replace(state, pc=operand),
    "BOUND": lambda state, operand: replace(state, bound=operand),
    "RETURN": _return,
    "HALT": lambda state, operand: replace(state, halted=True),
    "POPF": _popf,
}
"""What each instruction does where it does not trap; `RETURN` ends an interrupt, `BOUND` sets the bound."""
PRIVILEGED = frozenset({"BOUND", "RETURN", "HALT"})
"""Instructions that trap in user mode."""


def execute(
    state: State,
    instruction: tuple[str, int],
    privileged: Collection[str] = PRIVILEGED,
    operations: Mapping[str, Operation] | None = None,
) -> State | Trap:
    """Carry out one instruction as the hardware does.

    Parameters
    ----------
    state, instruction
        Before it; its mnemonic and operand.
    privileged, operations
        Of another processor: what traps in user mode, and what each instruction does.
    """
    name, operand = instruction
    if name in privileged and not state.supervisor:
        return Trap()
    return (operations or OPERATIONS)[name](replace(state, pc=state.pc + 1), operand)


def classify(
    name: str, privileged: Collection[str] = PRIVILEGED, operations: Mapping[str, Operation] | None = None
) -> Instruction:
    """Find the flags of an instruction by trying it in every state of a small machine.

    Parameters
    ----------
    name
        Mnemonic.
    privileged, operations
        As for `execute`.
    """
    window, operands = (1003, 7, 0, 5), range(3)
    traps, control, behaviour, user = True, False, False, False
    for accumulator, interrupts, operand in product((0, 9), (False, True), operands):
        ends: dict[tuple[bool, int], State | Trap] = {}
        for supervisor, base in product((False, True), (0, 4)):
            memory = (0,) * base + window + (0,) * (4 - base)
            before = State(memory, 3, accumulator, supervisor, interrupts, base, 4)
            after = execute(before, (name, operand), privileged, operations)
            ends[supervisor, base] = _as_seen(after, base)
            if isinstance(after, Trap):
                traps = traps and not supervisor
            else:
                traps = traps and supervisor
                changed = _control(before) != _control(after)
                control = control or changed
                user = user or (changed and not supervisor)
        for (one, there), (other, elsewhere) in product(ends, repeat=2):
            first, second = ends[one, there], ends[other, elsewhere]
            if isinstance(first, Trap) or isinstance(second, Trap):
                continue
            differs = replace(first, supervisor=one) != replace(second, supervisor=one)
            behaviour = behaviour or differs
            user = user or (differs and not one and not other)
    return Instruction(name, traps, control, behaviour, user)


def instruction_set() -> tuple[Instruction, ...]:
    """Return all instructions of the machine with the flags that trying them gives."""
    return tuple(classify(name) for name in OPERATIONS)


def bare_metal(code: Code, timer: Collection[int] = ()) -> State:
    """Run a program on the machine itself.

    Parameters
    ----------
    code
        The program. It begins in supervisor mode, without interrupts, in memory full of zeros.
    timer
        Before which instructions, counted as they are executed, the timer interrupts.
    """
    return _run(code, timer, State((0,) * WORDS), lambda state, instruction: execute(state, instruction))


def trap_and_emulate(code: Code, timer: Collection[int] = (), translated: Collection[str] = ()) -> State:
    """Run a program as a guest in user mode, and return the state that it believes to be in.

    The VMM keeps the guest's mode, interrupt flag and bound, runs everything directly and emulates what traps.

    Parameters
    ----------
    code, timer
        As for `bare_metal`.
    translated
        Instructions that the VMM replaces in the guest's supervisor code by calls of itself (binary translation).

    Raises
    ------
    VmwidgetsError
        If the machine has no such instruction.
    """
    for name in translated:
        if name not in OPERATIONS:
            raise VmwidgetsError(
                "{name} is {value}, expected one of {known}",
                name="translated",
                value=repr(name)[:60],
                known=", ".join(OPERATIONS),
            )

    def step(virtual: State, instruction: tuple[str, int]) -> State | Trap:
        if virtual.supervisor and instruction[0] in translated:
            return execute(virtual, instruction)
        after = execute(_on_hardware(virtual, supervisor=False), instruction)
        return execute(virtual, instruction) if isinstance(after, Trap) else _as_guest(after, virtual)

    return _run(code, timer, State((0,) * WORDS), step)


def hardware_assisted(code: Code, timer: Collection[int] = ()) -> State:
    """Run a program in a mode like that of VT-x, where the guest has a mode and an interrupt flag of its own.

    Only `HALT` still calls the VMM; all else the hardware does on the guest's own state.
    """

    def step(virtual: State, instruction: tuple[str, int]) -> State | Trap:
        if instruction[0] == "HALT":
            return execute(virtual, instruction)
        after = execute(_on_hardware(virtual, virtual.supervisor, virtual.interrupts), instruction)
        if isinstance(after, Trap):
            return after
        bound = instruction[1] if instruction[0] == "BOUND" else virtual.bound
        kept = replace(virtual, supervisor=after.supervisor, interrupts=after.interrupts, bound=bound)
        return _as_guest(after, kept)

    return _run(code, timer, State((0,) * WORDS), step)


LOST_UPDATE: Code = (
    ("JUMP", 7),
    ("STORE", 4),  # the handler of the timer: it adds 10 to the counter in word 7
    ("LOAD", 7),
    ("ADD", 10),
    ("STORE", 7),
    ("LOAD", 4),
    ("RETURN", 0),
    ("SET", 1),  # the kernel: the handler begins at 1; the return opens the interrupts
    ("STORE", NEW),
    ("SET", 3 * _PC + 12),
    ("STORE", OLD),
    ("RETURN", 0),
    ("POPF", 0),  # a critical section: the counter is read, increased and written back
    ("LOAD", 7),
    ("ADD", 1),
    ("STORE", 7),
    ("POPF", 1),
    ("SET", 0),
    ("HALT", 0),
)
"""A kernel whose critical section is guarded by `POPF`."""
IN_THE_SECTION = 9
"""Before this instruction of `LOST_UPDATE` the timer falls into the critical section."""


def _run(
    code: Code, timer: Collection[int], state: State, step: Callable[[State, tuple[str, int]], State | Trap]
) -> State:
    for name, _ in code:
        if name not in OPERATIONS:
            raise VmwidgetsError(
                "{name} is not known here, expected one of {known}", name=name, known=", ".join(OPERATIONS)
            )
    pending = False
    for count in range(MAX_STEPS):
        pending = pending or count in timer
        if pending and state.interrupts:
            state, pending = _enter(state, TIMER), False
        after = step(state, code[check_int("pc", state.pc, 0, len(code) - 1)])
        state = _enter(state, after.cause) if isinstance(after, Trap) else after
        if state.halted:
            break
    return state


def _enter(state: State, cause: int) -> State:
    """Do what the hardware does at a trap: write down what was interrupted and why, and go on in the supervisor."""
    old = state.pc + _PC * (state.supervisor + 2 * state.interrupts)
    memory = (*state.memory[:OLD], old, state.memory[NEW], cause, *state.memory[CAUSE + 1 :])
    return replace(state, memory=memory, pc=memory[NEW], supervisor=True, interrupts=False, bound=WORDS)


def _on_hardware(virtual: State, supervisor: bool, interrupts: bool = True) -> State:
    return replace(
        virtual,
        memory=(0,) * HOME + virtual.memory + (0,) * HOME,
        supervisor=supervisor,
        interrupts=interrupts,
        base=HOME + virtual.base,
        bound=min(virtual.bound, WORDS),
    )


def _as_guest(after: State, virtual: State) -> State:
    """Return what the guest believes after an instruction that ran directly."""
    return replace(virtual, memory=after.memory[HOME : HOME + WORDS], pc=after.pc, accumulator=after.accumulator)


def _control(state: State) -> tuple[bool, bool, int, int, bool]:
    """Return what the VMM must keep for itself; a halt takes the processor from it."""
    return state.supervisor, state.interrupts, state.base, state.bound, state.halted


def _as_seen(after: State | Trap, base: int) -> State | Trap:
    """Return a state with its memory shifted to where the program sees it."""
    if isinstance(after, Trap):
        return after
    return replace(after, memory=after.memory[base:] + after.memory[:base], base=after.base - base)
