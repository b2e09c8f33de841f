"""The instructions of the guest, each decoded once into a function that carries it out.

A decoded instruction changes the state and returns the index of the next one. An operand in memory is loaded into the
scratch slot first and stored from it after; what the guest may not do alone raises a trap.
"""

from collections.abc import Callable

from vmwidgets.model.guest_code import ControlRegister, Immediate, Instruction, Memory, Operand, Register, Target
from vmwidgets.model.guest_memory import MASK64, Trap
from vmwidgets.model.operations import OPERATIONS, SCRATCH, ZERO, Flags, Operation, Run, State

Decoder = Callable[[State, Instruction, int], Run]


def decode(state: State, instruction: Instruction, following: int) -> Run:
    """Return the function that carries out one instruction, ``following`` being the index of the next."""
    control = any(isinstance(operand, ControlRegister) for operand in instruction.operands)
    decoder = _control_register if control else _DECODERS[instruction.mnemonic]
    return decoder(state, instruction, following)


def _address(state: State, place: Memory) -> Run:
    slots, scale, displacement = state.slots, place.scale, place.displacement
    base = ZERO if place.base is None else place.base
    if place.index is None:
        return lambda: (slots[base] + displacement) & MASK64
    index = place.index
    return lambda: (slots[base] + slots[index] * scale + displacement) & MASK64


def _arithmetic(operation: Operation, loads: bool, stores: bool) -> Decoder:
    """Decode an operation on two places, or on one, of which one may lie in memory."""

    def decoder(state: State, instruction: Instruction, following: int) -> Run:
        left, *others = instruction.operands
        right = others[0] if others else Immediate(0)
        slots, memory = state.slots, state.memory
        bits = left.bits if isinstance(left, Register | Memory) else 64
        size, mask, sign = bits // 8, (1 << bits) - 1, 1 << (bits - 1)
        run = operation(state, _slot(state, left), _slot(state, right), mask, sign, following)
        place = left if isinstance(left, Memory) else right
        if not isinstance(place, Memory):
            return run
        address = _address(state, place)
        if place is right or not stores:

            def read() -> int:
                slots[SCRATCH] = memory.load(address(), size)
                return run()

            return read

        def update() -> int:
            at = address()
            if loads:
                slots[SCRATCH] = memory.load(at, size, True)
            run()
            memory.store(at, slots[SCRATCH], size)
            return following

        return update

    return decoder


def _slot(state: State, operand: Operand) -> int:
    match operand:
        case Register():
            return operand.number
        case Immediate():
            return state.constant(operand.value)
        case _:
            return SCRATCH


def _lea(state: State, instruction: Instruction, following: int) -> Run:
    register, place = instruction.operands
    assert isinstance(register, Register)
    assert isinstance(place, Memory)
    slots, address, d, mask = state.slots, _address(state, place), register.number, (1 << register.bits) - 1

    def run() -> int:
        slots[d] = address() & mask
        return following

    return run


def _nop(state: State, instruction: Instruction, following: int) -> Run:
    return lambda: following


def _target(instruction: Instruction) -> int:
    target = instruction.operands[0]
    assert isinstance(target, Target)
    return target.index


def _jmp(state: State, instruction: Instruction, following: int) -> Run:
    target = _target(instruction)
    return lambda: target


def _jump_if(condition: Callable[[Flags], object]) -> Decoder:
    def decoder(state: State, instruction: Instruction, following: int) -> Run:
        flags, target = state.flags, _target(instruction)
        return lambda: target if condition(flags[0]) else following

    return decoder


def _jz(state: State, instruction: Instruction, following: int) -> Run:
    # The two conditions that end nearly every loop have no call in them.
    flags, target = state.flags, _target(instruction)
    return lambda: following if flags[0][0] else target


def _jnz(state: State, instruction: Instruction, following: int) -> Run:
    flags, target = state.flags, _target(instruction)
    return lambda: target if flags[0][0] else following


def _less(flags: Flags) -> bool:
    r, _, overflow, sign = flags
    return (r ^ overflow) & sign != 0


def _trap(reason: str) -> Decoder:
    def decoder(state: State, instruction: Instruction, following: int) -> Run:
        def run() -> int:
            raise Trap(reason)

        return run

    return decoder


def _hypercall(state: State, instruction: Instruction, following: int) -> Run:
    slots = state.slots

    def run() -> int:
        raise Trap("hypercall", number=slots[0])

    return run


def _control_register(state: State, instruction: Instruction, following: int) -> Run:
    left, right = instruction.operands
    control, register = (left, right) if isinstance(left, ControlRegister) else (right, left)
    assert isinstance(control, ControlRegister)
    assert isinstance(register, Register)
    slots, slot, write = state.slots, register.number, int(control is left)

    def run() -> int:
        value = slots[slot] if write else 0
        raise Trap("control_register", number=control.number, write=write, register=slot, value=value)

    return run


def _interrupt_flag(value: int) -> Decoder:
    def decoder(state: State, instruction: Instruction, following: int) -> Run:
        def run() -> int:
            raise Trap("interrupt_flag", value=value)

        return run

    return decoder


def _port(state: State, operand: Operand) -> Run:
    slots, slot = state.slots, _slot(state, operand)
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


_DECODERS: dict[str, Decoder] = {
    **{name: _arithmetic(one, name != "mov", name not in ("cmp", "test")) for name, one in OPERATIONS.items()},
    "lea": _lea,
    "nop": _nop,
    "pause": _nop,
    "jmp": _jmp,
    "jz": _jz,
    "jnz": _jnz,
    "jb": _jump_if(lambda f: f[1]),
    "jae": _jump_if(lambda f: not f[1]),
    "jbe": _jump_if(lambda f: f[1] or not f[0]),
    "ja": _jump_if(lambda f: not f[1] and f[0]),
    "js": _jump_if(lambda f: f[0] & f[3]),
    "jns": _jump_if(lambda f: not f[0] & f[3]),
    "jo": _jump_if(lambda f: f[2] & f[3]),
    "jno": _jump_if(lambda f: not f[2] & f[3]),
    "jl": _jump_if(_less),
    "jge": _jump_if(lambda f: not _less(f)),
    "jle": _jump_if(lambda f: not f[0] or _less(f)),
    "jg": _jump_if(lambda f: f[0] and not _less(f)),
    "in": _in,
    "out": _out,
    "vmcall": _hypercall,
    "hlt": _trap("hlt"),
    "cli": _interrupt_flag(0),
    "sti": _interrupt_flag(1),
}
