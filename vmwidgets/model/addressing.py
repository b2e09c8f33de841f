"""Where the operands of a decoded instruction are: slots of registers and constants, addresses in memory."""

from vmwidgets.model.guest_code import Immediate, Memory, Operand, Register
from vmwidgets.model.guest_memory import MASK64
from vmwidgets.model.operations import SCRATCH, ZERO, Run, State


def address_of(state: State, place: Memory) -> Run:
    """Return the function that computes an address."""
    slots, scale, displacement = state.slots, place.scale, place.displacement
    base = ZERO if place.base is None else place.base
    if place.index is None:
        return lambda: (slots[base] + displacement) & MASK64
    index = place.index
    return lambda: (slots[base] + slots[index] * scale + displacement) & MASK64


def slot_of(state: State, operand: Operand) -> int:
    """Return the slot that holds an operand: of a register or a constant, or the scratch slot for memory."""
    match operand:
        case Register():
            return operand.number
        case Immediate():
            return state.constant(operand.value)
        case _:
            return SCRATCH
