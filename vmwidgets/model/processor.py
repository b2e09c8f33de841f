"""What the processor settles by itself where a guest's instruction is about the machine.

The modes of kernel and user, interrupts and exceptions, the control registers, the time stamp counter. Which of it a
guest gets without its VMM is a choice of the VMM's. A processor without assistance for virtualization settles only what
is not privileged, which is the trouble with it (G. J. Popek, R. P. Goldberg, CACM 1974): by ``sgdt``, ``smsw`` and
``popf`` a guest in user mode meets the machine below, and no trap tells the VMM.

Handlers are labels: ``vector_14`` handles page faults, ``vector_128`` ``int 0x80``, and ``fault`` all exceptions that
have none of their own. The labels stand for the interrupt descriptor table.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from vmwidgets.model.guest_code import REGISTERS, RSP
from vmwidgets.model.guest_memory import MASK64, Trap
from vmwidgets.model.stack_instructions import index_at, rflags, set_rflags

if TYPE_CHECKING:
    from vmwidgets.model.cpu import CPU

INVALID_OPCODE, GENERAL_PROTECTION, PAGE_FAULT = 6, 13, 14
"""Vectors (Intel SDM volume 3, "Exception and Interrupt Vectors")."""
EXCEPTIONS = {"invalid_opcode": INVALID_OPCODE, "general_protection": GENERAL_PROTECTION, "page_fault": PAGE_FAULT}
DELIVERED = frozenset({*EXCEPTIONS, "software_interrupt"})
"""Reasons for which the guest goes to a handler."""
KERNEL_CODE, KERNEL_STACK, USER_STACK, USER_CODE = 0x10, 0x18, 0x2B, 0x33
"""Selectors, as Linux has them on x86-64; the two low bits are the privilege level."""
_FIRST_INTERRUPT = 32  # vectors below are those of exceptions
_FRAME = ("address", "code", "flags", "stack", "segment")

PRIVILEGED = frozenset({"io", "hlt", "interrupt_flag", "control_register", "rdmsr", "wrmsr", "invlpg"})
"""What user code may not do, by reason: it gets a general protection exception. That holds for cli, sti, in and out
since IOPL is 0."""
WHOLE = frozenset(
    {
        *("io", "hypercall", "hlt", "control_register", "interrupt_flag", "cpuid", "rdmsr", "wrmsr", "invlpg"),
        *("software_interrupt", "rdtsc"),
    }
)
"""Reasons that are a whole instruction, which the VMM or the processor carries out; the others interrupt one."""


def deliver(cpu: "CPU", vector: int, code: int | None = None) -> Trap | None:
    """Take the guest to the handler of an exception or interrupt, in kernel mode.

    Its stack gets SS, RSP, RFLAGS, CS, RIP and an error code (Intel SDM volume 3, "64-Bit Mode Stack Frame"), and
    further interrupts wait.

    Returns
    -------
    Trap or None
        None if it is on its way there. Otherwise what keeps it: a triple fault if there is no handler or no stack, or
        an EPT violation, after which it can be tried again.
    """
    state, labels = cpu.state, cpu.program.labels
    label = f"vector_{vector}"
    if label not in labels and vector < _FIRST_INTERRUPT:
        label = "fault"
    if label not in labels:
        return Trap("triple_fault", vector=vector)
    mode, old = cpu.mode, state.slots[RSP]
    new = cpu.kernel_stack if state.user and cpu.kernel_stack is not None else old
    segments = (USER_CODE, USER_STACK) if state.user else (KERNEL_CODE, KERNEL_STACK)
    words = [segments[1], old, rflags(state), segments[0], cpu.address]
    if code is not None:
        words.append(code)
    top = (new & -16) - 8 * len(words)
    cpu.mode = "kernel"
    try:
        for at, word in enumerate(reversed(words)):
            cpu.memory.store((top + 8 * at) & MASK64, word, 8)
    except Trap as trap:
        cpu.mode = mode
        return trap if trap.reason == "ept_violation" else Trap("triple_fault", vector=vector)
    state.slots[RSP] = top & MASK64
    state.interrupts = False
    cpu.jump(label)
    return None


def _exception(cpu: "CPU", trap: Trap) -> Trap | None:
    detail = dict(trap.detail)
    code = detail.get("code")
    if trap.reason == "page_fault":
        cpu.state.control[2] = detail["address"]
        code = detail.get("code", detail["write"] << 1 | cpu.state.user << 2)
    elif trap.reason == "general_protection":
        code = code or 0
    return deliver(cpu, EXCEPTIONS[trap.reason], code)


def _software_interrupt(cpu: "CPU", trap: Trap) -> Trap | None:
    # A gate for user code, as for int 3 and int 0x80: the others would be general protection exceptions.
    cpu.skip()
    kept = deliver(cpu, dict(trap.detail)["vector"])
    if kept is not None:
        cpu.skip(-1)
    return kept


def _interrupt_return(cpu: "CPU", trap: Trap) -> Trap | None:
    state = cpu.state
    top = state.slots[RSP]
    try:
        address, code, flags, stack, _ = (cpu.memory.load((top + 8 * at) & MASK64, 8) for at in range(len(_FRAME)))
        if code not in (KERNEL_CODE, USER_CODE) or (state.user and code == KERNEL_CODE):
            raise Trap("general_protection", code=code & 0xFFF8)
        index_at(state, address)
    except Trap as kept:
        return kept
    cpu.address = address
    set_rflags(state, flags)
    state.slots[RSP] = stack
    cpu.mode = "user" if code == USER_CODE else "kernel"
    cpu.executed += 1
    return None


def _interrupt_flag(cpu: "CPU", trap: Trap) -> None:
    cpu.state.interrupts = bool(dict(trap.detail)["value"])
    cpu.skip()


def _control_register(cpu: "CPU", trap: Trap) -> Trap | None:
    detail = dict(trap.detail)
    number, control = detail["number"], cpu.state.control
    if number in (0, 4):
        return trap  # what the guest's processor can do is the VMM's affair
    if detail["write"]:
        control[number] = detail["value"]
        if number == 3:
            cpu.memory.switch(detail["value"])
    else:
        cpu.write(REGISTERS[detail["register"]], control[number])
    cpu.skip()
    return None


def _invlpg(cpu: "CPU", trap: Trap) -> None:
    cpu.memory.invalidate(dict(trap.detail)["address"])
    cpu.skip()


def _rdtsc(cpu: "CPU", trap: Trap) -> None:
    cpu.write_pair(cpu.clock())
    cpu.skip()


def _sgdt(cpu: "CPU", trap: Trap) -> Trap | None:
    address = dict(trap.detail)["address"]
    base, limit = cpu.gdtr
    try:
        cpu.memory.load((address + 2) & MASK64, 8, True)
        cpu.memory.store(address, limit, 2)
        cpu.memory.store((address + 2) & MASK64, base, 8)
    except Trap as kept:
        return kept
    cpu.skip()
    cpu.executed += 1
    return None


SETTLED: dict[str, Callable[["CPU", Trap], Trap | None]] = {
    **dict.fromkeys(EXCEPTIONS, _exception),
    "software_interrupt": _software_interrupt,
    "interrupt_return": _interrupt_return,
    "interrupt_flag": _interrupt_flag,
    "control_register": _control_register,
    "invlpg": _invlpg,
    "rdtsc": _rdtsc,
    "sgdt": _sgdt,
}
"""How the processor settles what it can, by reason. Each returns None, or what is left."""
ALWAYS_SETTLED = frozenset({"rdtsc", "sgdt", "interrupt_return"})
"""What no processor of x86-64 leaves to a VMM unless it is told to."""
WITH_ASSISTANCE = frozenset(SETTLED)
"""What a processor with assistance and second-stage tables settles: a guest has a mode, an interrupt flag, a CR3 and
exceptions of its own. Port accesses, hypercalls, halts, cpuid, the model-specific registers, CR0 and CR4 are left."""
