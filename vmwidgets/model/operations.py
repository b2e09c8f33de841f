"""What the arithmetic of the guest does to registers and flags.

Registers, one scratch slot and all constants lie in one list of slots, so that an operation is written once for
registers and numbers. Each function here returns the decoded instruction: a function without arguments that changes
the state and returns the index of the next instruction.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from vmwidgets.model.guest_code import REGISTERS
from vmwidgets.model.guest_memory import MASK64, GuestMemory

Run = Callable[[], int]
Flags = tuple[int, bool, int, int]
"""Result, carry, overflow in the sign bit, and the mask of that bit. ZF and SF follow from the result when asked."""

SCRATCH = len(REGISTERS)
_SLOTS = SCRATCH + 2  # the scratch slot and a zero
ZERO = SCRATCH + 1


@dataclass(slots=True)
class State:
    """What instructions change: the slots of the registers, the flags, the memory."""

    memory: GuestMemory
    slots: list[int] = field(default_factory=lambda: [0] * _SLOTS)
    flags: list[Flags] = field(default_factory=lambda: [(1, False, 0, 1 << 63)])

    def constant(self, value: int) -> int:
        """Return a slot that holds a constant."""
        self.slots.append(value & MASK64)
        return len(self.slots) - 1


Operation = Callable[[State, int, int, int, int, int], Run]
"""Of the state, the slots of destination and source, the mask of the width, its sign bit, the next instruction."""


def _mov(state: State, d: int, s: int, mask: int, sign: int, following: int) -> Run:
    slots = state.slots

    def run() -> int:
        slots[d] = slots[s] & mask
        return following

    return run


def _add(state: State, d: int, s: int, mask: int, sign: int, following: int) -> Run:
    slots, flags = state.slots, state.flags

    def run() -> int:
        a = slots[d] & mask
        b = slots[s] & mask
        wide = a + b
        slots[d] = r = wide & mask
        flags[0] = (r, wide != r, (a ^ r) & (b ^ r), sign)
        return following

    return run


def _sub(state: State, d: int, s: int, mask: int, sign: int, following: int) -> Run:
    slots, flags = state.slots, state.flags

    def run() -> int:
        a = slots[d] & mask
        b = slots[s] & mask
        slots[d] = r = (a - b) & mask
        flags[0] = (r, a < b, (a ^ b) & (a ^ r), sign)
        return following

    return run


def _cmp(state: State, d: int, s: int, mask: int, sign: int, following: int) -> Run:
    slots, flags = state.slots, state.flags

    def run() -> int:
        a = slots[d] & mask
        b = slots[s] & mask
        r = (a - b) & mask
        flags[0] = (r, a < b, (a ^ b) & (a ^ r), sign)
        return following

    return run


def _and(state: State, d: int, s: int, mask: int, sign: int, following: int) -> Run:
    slots, flags = state.slots, state.flags

    def run() -> int:
        slots[d] = r = slots[d] & slots[s] & mask
        flags[0] = (r, False, 0, sign)
        return following

    return run


def _or(state: State, d: int, s: int, mask: int, sign: int, following: int) -> Run:
    slots, flags = state.slots, state.flags

    def run() -> int:
        slots[d] = r = (slots[d] | slots[s]) & mask
        flags[0] = (r, False, 0, sign)
        return following

    return run


def _xor(state: State, d: int, s: int, mask: int, sign: int, following: int) -> Run:
    slots, flags = state.slots, state.flags

    def run() -> int:
        slots[d] = r = (slots[d] ^ slots[s]) & mask
        flags[0] = (r, False, 0, sign)
        return following

    return run


def _test(state: State, d: int, s: int, mask: int, sign: int, following: int) -> Run:
    slots, flags = state.slots, state.flags

    def run() -> int:
        flags[0] = (slots[d] & slots[s] & mask, False, 0, sign)
        return following

    return run


def _shl(state: State, d: int, s: int, mask: int, sign: int, following: int) -> Run:
    slots, flags = state.slots, state.flags
    most = sign.bit_length() - 1

    def run() -> int:
        a = slots[d] & mask
        count = slots[s] & most
        wide = a << count
        slots[d] = r = wide & mask
        if count:  # a shift by nothing leaves the flags; overflow is defined for a shift by one only
            carry = wide & (mask + 1) != 0
            flags[0] = (r, carry, r ^ (sign if carry else 0), sign)
        return following

    return run


def _shr(state: State, d: int, s: int, mask: int, sign: int, following: int) -> Run:
    slots, flags = state.slots, state.flags
    most = sign.bit_length() - 1

    def run() -> int:
        a = slots[d] & mask
        count = slots[s] & most
        slots[d] = r = a >> count
        if count:
            flags[0] = (r, a >> (count - 1) & 1 != 0, a, sign)
        return following

    return run


def _inc(state: State, d: int, s: int, mask: int, sign: int, following: int) -> Run:
    slots, flags = state.slots, state.flags

    def run() -> int:
        a = slots[d] & mask
        slots[d] = r = (a + 1) & mask
        flags[0] = (r, flags[0][1], ~a & r, sign)  # inc and dec leave the carry as it was
        return following

    return run


def _dec(state: State, d: int, s: int, mask: int, sign: int, following: int) -> Run:
    slots, flags = state.slots, state.flags

    def run() -> int:
        a = slots[d] & mask
        slots[d] = r = (a - 1) & mask
        flags[0] = (r, flags[0][1], a & ~r, sign)
        return following

    return run


OPERATIONS: dict[str, Operation] = {
    "mov": _mov,
    "add": _add,
    "sub": _sub,
    "cmp": _cmp,
    "and": _and,
    "or": _or,
    "xor": _xor,
    "test": _test,
    "shl": _shl,
    "shr": _shr,
    "inc": _inc,
    "dec": _dec,
}
"""The operations by mnemonic."""
