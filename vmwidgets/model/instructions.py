"""The instructions of the guest, each decoded once into a function that carries it out.

A decoded instruction changes the state and returns the index of the next one. An operand in memory is loaded into the
scratch slot first and stored from it after; a destination of 8 or 16 bits is put together with the rest of its register
after. What the guest may not do alone raises a trap, and then the instruction has changed nothing.
"""

from collections.abc import Callable

from vmwidgets.model.addressing import address_of, slot_of
from vmwidgets.model.guest_code import BARRIER, ControlRegister, Immediate, Instruction, Memory, Register
from vmwidgets.model.guest_memory import MASK64, Trap
from vmwidgets.model.operations import NARROW, OPERATIONS, SCRATCH, ZERO, Operation, Run, State
from vmwidgets.model.stack_instructions import STACK_DECODERS
from vmwidgets.model.system_instructions import SYSTEM_DECODERS, control_register

Decoder = Callable[[State, Instruction, int], Run]


def decode(state: State, instruction: Instruction, following: int) -> Run:
    """Return the function that carries out one instruction, ``following`` being the index of the next."""
    control = any(isinstance(operand, ControlRegister) for operand in instruction.operands)
    decoder = control_register if control else _DECODERS[instruction.mnemonic]
    return decoder(state, instruction, following)


def _into(state: State, register: Register, run: Run, following: int) -> Run:
    """Put what an operation leaves in the slot of narrow destinations into the low bits of a register."""
    slots, d, kept = state.slots, register.number, MASK64 << register.bits & MASK64

    def narrow() -> int:
        slots[NARROW] = slots[d]
        run()
        slots[d] = slots[d] & kept | slots[NARROW]
        return following

    return narrow


def _arithmetic(operation: Operation, loads: bool, stores: bool) -> Decoder:
    """Decode an operation on two places, or on one, of which one may lie in memory."""

    def decoder(state: State, instruction: Instruction, following: int) -> Run:
        left, *others = instruction.operands
        right = others[0] if others else Immediate(0)
        slots, memory = state.slots, state.memory
        bits = left.bits if isinstance(left, Register | Memory) else 64
        size, mask, sign = bits // 8, (1 << bits) - 1, 1 << (bits - 1)
        narrow = isinstance(left, Register) and bits < 32 and stores
        run = operation(state, NARROW if narrow else slot_of(state, left), slot_of(state, right), mask, sign, following)
        place = left if isinstance(left, Memory) else right
        if not isinstance(place, Memory):
            return _into(state, left, run, following) if narrow and isinstance(left, Register) else run
        address = address_of(state, place)
        if place is right or not stores:

            def read() -> int:
                slots[SCRATCH] = memory.load(address(), size)
                return run()

            return _into(state, left, read, following) if narrow and isinstance(left, Register) else read

        def update() -> int:
            at = address()
            if loads:
                slots[SCRATCH] = memory.load(at, size, True)
            run()
            memory.store(at, slots[SCRATCH], size)
            return following

        return update

    return decoder


def _mov(state: State, instruction: Instruction, following: int) -> Run:
    """Decode mov; plain loads and stores, which most programs wait for, have no call in them but memory's."""
    left, right = instruction.operands
    slots, load, store = state.slots, state.memory.load, state.memory.store
    if isinstance(left, Register) and left.bits >= 32 and isinstance(right, Memory) and right.index is None:
        d, size, displacement = left.number, left.bits // 8, right.displacement
        base = ZERO if right.base is None else right.base

        def read() -> int:
            slots[d] = load((slots[base] + displacement) & MASK64, size)
            return following

        return read
    if isinstance(left, Memory) and left.index is None:
        size, displacement, mask = left.bits // 8, left.displacement, (1 << left.bits) - 1
        base, s = ZERO if left.base is None else left.base, slot_of(state, right)

        def write() -> int:
            store((slots[base] + displacement) & MASK64, slots[s] & mask, size)
            return following

        return write
    return _arithmetic(OPERATIONS["mov"], False, True)(state, instruction, following)


def _movzx(state: State, instruction: Instruction, following: int) -> Run:
    register, right = instruction.operands
    assert isinstance(register, Register)
    assert isinstance(right, Register | Memory)
    slots, memory, size, mask = state.slots, state.memory, right.bits // 8, (1 << right.bits) - 1
    d = register.number if register.bits >= 32 else NARROW
    if isinstance(right, Register):
        run = OPERATIONS["mov"](state, d, right.number, mask, 0, following)
    else:
        address = address_of(state, right)

        def run() -> int:
            slots[d] = memory.load(address(), size)
            return following

    return run if register.bits >= 32 else _into(state, register, run, following)


def _lea(state: State, instruction: Instruction, following: int) -> Run:
    register, place = instruction.operands
    assert isinstance(register, Register)
    assert isinstance(place, Memory)
    slots, address, mask = state.slots, address_of(state, place), (1 << register.bits) - 1
    d = register.number if register.bits >= 32 else NARROW

    def run() -> int:
        slots[d] = address() & mask
        return following

    return run if register.bits >= 32 else _into(state, register, run, following)


def _nop(state: State, instruction: Instruction, following: int) -> Run:
    return lambda: following


def _barrier(state: State, instruction: Instruction, following: int) -> Run:
    def run() -> int:
        raise Trap("invalid_opcode")

    return run


_DECODERS: dict[str, Decoder] = {
    **{name: _arithmetic(one, name != "mov", name not in ("cmp", "test")) for name, one in OPERATIONS.items()},
    **STACK_DECODERS,
    **SYSTEM_DECODERS,
    "mov": _mov,
    "movzx": _movzx,
    "lea": _lea,
    "nop": _nop,
    "pause": _nop,
    BARRIER: _barrier,
}
