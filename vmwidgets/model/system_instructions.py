"""Instructions about the machine and not about numbers: each is a trap, which says what the guest wants.

Whether the processor settles it, or the VMM, is not decided here.
"""

from collections.abc import Callable

from vmwidgets.model.addressing import address_of, slot_of
from vmwidgets.model.guest_code import ControlRegister, Immediate, Instruction, Memory, Operand, Register
from vmwidgets.model.guest_memory import Trap
from vmwidgets.model.operations import Run, State

_Decoder = Callable[[State, Instruction, int], Run]
_RAX, _RCX, _RDX = 0, 1, 2
_LOW = 0xFFFFFFFF


def _trap(reason: str, detail: Callable[[list[int]], dict[str, int]] = lambda _: {}) -> _Decoder:
    """Decode an instruction without operands; ``detail`` is what it says of the registers."""

    def decoder(state: State, instruction: Instruction, following: int) -> Run:
        slots = state.slots

        def run() -> int:
            raise Trap(reason, **detail(slots))

        return run

    return decoder


def _about_address(reason: str) -> _Decoder:
    def decoder(state: State, instruction: Instruction, following: int) -> Run:
        (place,) = instruction.operands
        assert isinstance(place, Memory)
        address = address_of(state, place)

        def run() -> int:
            raise Trap(reason, address=address())

        return run

    return decoder


def _clflush(state: State, instruction: Instruction, following: int) -> Run:
    (place,) = instruction.operands
    assert isinstance(place, Memory)
    address, flush = address_of(state, place), state.memory.flush

    def run() -> int:
        flush(address())
        return following

    return run


def _smsw(state: State, instruction: Instruction, following: int) -> Run:
    (place,) = instruction.operands
    assert isinstance(place, Register | Memory)
    slots, store, control = state.slots, state.memory.store, state.control
    if isinstance(place, Memory):
        address = address_of(state, place)

        def into_memory() -> int:
            store(address(), control[0] & 0xFFFF, 2)
            return following

        return into_memory
    d, mask = place.number, (1 << place.bits) - 1
    kept = 0 if place.bits >= 32 else ~mask

    def into_register() -> int:
        slots[d] = slots[d] & kept | control[0] & mask
        return following

    return into_register


def control_register(state: State, instruction: Instruction, following: int) -> Run:
    """Decode mov to or from a control register."""
    left, right = instruction.operands
    control, register = (left, right) if isinstance(left, ControlRegister) else (right, left)
    assert isinstance(control, ControlRegister)
    assert isinstance(register, Register)
    slots, slot, write = state.slots, register.number, int(control is left)

    def run() -> int:
        value = slots[slot] if write else 0
        raise Trap("control_register", number=control.number, write=write, register=slot, value=value)

    return run


def _interrupt_flag(value: int) -> _Decoder:
    return _trap("interrupt_flag", lambda _: {"value": value})


def _int(state: State, instruction: Instruction, following: int) -> Run:
    (vector,) = instruction.operands
    assert isinstance(vector, Immediate)

    def run() -> int:
        raise Trap("software_interrupt", vector=vector.value)

    return run


def _port(state: State, operand: Operand) -> Run:
    slots, slot = state.slots, slot_of(state, operand)
    return lambda: slots[slot] & 0xFFFF


def _in(state: State, instruction: Instruction, following: int) -> Run:
    data, port = instruction.operands
    assert isinstance(data, Register)
    number, bits = _port(state, port), data.bits

    def run() -> int:
        raise Trap("io", port=number(), bits=bits, write=0)

    return run


def _out(state: State, instruction: Instruction, following: int) -> Run:
    port, data = instruction.operands
    assert isinstance(data, Register)
    slots, number, bits, mask = state.slots, _port(state, port), data.bits, (1 << data.bits) - 1

    def run() -> int:
        raise Trap("io", port=number(), bits=bits, write=1, value=slots[0] & mask)

    return run


SYSTEM_DECODERS: dict[str, _Decoder] = {
    "in": _in,
    "out": _out,
    "int": _int,
    "vmcall": _trap("hypercall", lambda r: {"number": r[_RAX]}),
    "hlt": _trap("hlt"),
    "cli": _interrupt_flag(0),
    "sti": _interrupt_flag(1),
    "iretq": _trap("interrupt_return"),
    "cpuid": _trap("cpuid", lambda r: {"leaf": r[_RAX] & _LOW, "subleaf": r[_RCX] & _LOW}),
    "rdtsc": _trap("rdtsc"),
    "rdmsr": _trap("rdmsr", lambda r: {"number": r[_RCX] & _LOW}),
    "wrmsr": _trap("wrmsr", lambda r: {"number": r[_RCX] & _LOW, "value": (r[_RDX] & _LOW) << 32 | r[_RAX] & _LOW}),
    "invlpg": _about_address("invlpg"),
    "sgdt": _about_address("sgdt"),
    "clflush": _clflush,
    "smsw": _smsw,
}
"""What is about the machine, by mnemonic."""
