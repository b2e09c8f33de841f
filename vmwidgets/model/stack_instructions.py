"""Instructions that go elsewhere or use the stack: jumps, calls, returns, push and pop, the flags as a number."""

from collections.abc import Callable

from vmwidgets.model.addressing import address_of, slot_of
from vmwidgets.model.flags import IF, SYSTEM, pack, unpack
from vmwidgets.model.guest_code import RSP, Immediate, Instruction, Memory, Register, Target
from vmwidgets.model.guest_memory import MASK64, Trap
from vmwidgets.model.operations import Left, Run, State

_WORD = 8  # bytes that each push takes of the stack


def rflags(state: State) -> int:
    """Return the register RFLAGS."""
    return pack(state.flags[0]) | state.other_flags | IF * state.interrupts


def set_rflags(state: State, value: int) -> None:
    """Set RFLAGS as ``popf`` does: user code leaves the interrupt flag as it is, and hears nothing of it."""
    state.flags[0] = unpack(value)
    state.other_flags = value & SYSTEM
    if not state.user:
        state.interrupts = bool(value & IF)


def index_at(state: State, address: int) -> int:
    """Return which instruction begins at an address; elsewhere there is no valid one."""
    index = state.indexes.get(address)
    if index is None:
        raise Trap("invalid_opcode", address=address)
    return index


def _value(state: State, instruction: Instruction) -> Run:
    """Return the function that reads the one operand of 64 bits."""
    (operand,) = instruction.operands
    slots, load = state.slots, state.memory.load
    if isinstance(operand, Memory):
        address = address_of(state, operand)
        return lambda: load(address(), _WORD)
    slot = slot_of(state, operand)
    return lambda: slots[slot]


def _store(state: State, value: Run, following: int) -> Run:
    slots, store = state.slots, state.memory.store

    def run() -> int:
        top = (slots[RSP] - _WORD) & MASK64
        store(top, value(), _WORD)
        slots[RSP] = top
        return following

    return run


def _push(state: State, instruction: Instruction, following: int) -> Run:
    return _store(state, _value(state, instruction), following)


def _pushf(state: State, instruction: Instruction, following: int) -> Run:
    return _store(state, lambda: rflags(state), following)


def _pop(state: State, instruction: Instruction, following: int) -> Run:
    (place,) = instruction.operands
    slots, load, store = state.slots, state.memory.load, state.memory.store
    if isinstance(place, Register):
        d = place.number

        def into_register() -> int:
            value = load(slots[RSP], _WORD)
            slots[RSP] = (slots[RSP] + _WORD) & MASK64
            slots[d] = value
            return following

        return into_register
    assert isinstance(place, Memory)
    address = address_of(state, place)

    def into_memory() -> int:
        top = slots[RSP]
        value = load(top, _WORD)
        slots[RSP] = (top + _WORD) & MASK64  # an address with rsp in it is that after the pop
        try:
            store(address(), value, _WORD)
        except Trap:
            slots[RSP] = top
            raise
        return following

    return into_memory


def _popf(state: State, instruction: Instruction, following: int) -> Run:
    slots, load = state.slots, state.memory.load

    def run() -> int:
        value = load(slots[RSP], _WORD)
        slots[RSP] = (slots[RSP] + _WORD) & MASK64
        set_rflags(state, value)
        return following

    return run


def _target(state: State, instruction: Instruction) -> Run:
    (operand,) = instruction.operands
    if isinstance(operand, Target):
        index = operand.index
        return lambda: index
    value = _value(state, instruction)
    return lambda: index_at(state, value())


def _jmp(state: State, instruction: Instruction, following: int) -> Run:
    return _target(state, instruction)


def _call(state: State, instruction: Instruction, following: int) -> Run:
    target, back = _target(state, instruction), slot_of(state, Immediate(state.places[following]))
    slots, store = state.slots, state.memory.store

    def run() -> int:
        index, top = target(), (slots[RSP] - _WORD) & MASK64
        store(top, slots[back], _WORD)
        slots[RSP] = top
        return index

    return run


def _ret(state: State, instruction: Instruction, following: int) -> Run:
    slots, load = state.slots, state.memory.load

    def run() -> int:
        index = index_at(state, load(slots[RSP], _WORD))
        slots[RSP] = (slots[RSP] + _WORD) & MASK64
        return index

    return run


def _jump_if(condition: Callable[[Left], object]) -> Callable[[State, Instruction, int], Run]:
    def decoder(state: State, instruction: Instruction, following: int) -> Run:
        flags, target = state.flags, _index(instruction)
        return lambda: target if condition(flags[0]) else following

    return decoder


def _index(instruction: Instruction) -> int:
    (target,) = instruction.operands
    assert isinstance(target, Target)
    return target.index


def _jz(state: State, instruction: Instruction, following: int) -> Run:
    # The two conditions that end nearly every loop have no call in them.
    flags, target = state.flags, _index(instruction)
    return lambda: following if flags[0][0] else target


def _jnz(state: State, instruction: Instruction, following: int) -> Run:
    flags, target = state.flags, _index(instruction)
    return lambda: target if flags[0][0] else following


def _less(flags: Left) -> bool:
    return (flags[5] ^ flags[2]) & flags[3] != 0


def _even(flags: Left) -> bool:
    return (flags[5] & 0xFF).bit_count() % 2 == 0


STACK_DECODERS: dict[str, Callable[[State, Instruction, int], Run]] = {
    "jmp": _jmp,
    "call": _call,
    "ret": _ret,
    "push": _push,
    "pop": _pop,
    "pushfq": _pushf,
    "popfq": _popf,
    "jz": _jz,
    "jnz": _jnz,
    "jb": _jump_if(lambda f: f[1]),
    "jae": _jump_if(lambda f: not f[1]),
    "jbe": _jump_if(lambda f: f[1] or not f[0]),
    "ja": _jump_if(lambda f: not f[1] and f[0]),
    "js": _jump_if(lambda f: f[5] & f[3]),
    "jns": _jump_if(lambda f: not f[5] & f[3]),
    "jo": _jump_if(lambda f: f[2] & f[3]),
    "jno": _jump_if(lambda f: not f[2] & f[3]),
    "jp": _jump_if(_even),
    "jnp": _jump_if(lambda f: not _even(f)),
    "jl": _jump_if(_less),
    "jge": _jump_if(lambda f: not _less(f)),
    "jle": _jump_if(lambda f: not f[0] or _less(f)),
    "jg": _jump_if(lambda f: f[0] and not _less(f)),
}
"""What goes elsewhere or uses the stack, by mnemonic."""
