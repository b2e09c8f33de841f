"""What the arithmetic of the guest does to registers and flags.

Registers, one scratch slot and all constants lie in one list of slots, so that an operation is written once for
registers and numbers. Each function here returns the decoded instruction: a function without arguments that changes
the state and returns the index of the next instruction.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from vmwidgets.model.flags import RESET
from vmwidgets.model.guest_code import REGISTERS
from vmwidgets.model.guest_memory import MASK64, GuestMemory

Run = Callable[[], int]
Left = tuple[int, object, int, int, int, int]
"""What an instruction leaves for the flags: see :class:`vmwidgets.model.flags.Flags`."""

SCRATCH = len(REGISTERS)
"""The slot of an operand in memory."""
ZERO, NARROW = SCRATCH + 1, SCRATCH + 2
"""A slot that holds 0, and the slot of a destination of 8 or 16 bits."""
CR0 = 0x80050033
"""PE, MP, ET, NE, WP, AM and PG: protected mode with paging, as a 64-bit kernel sets them (Intel SDM volume 3, "Control
Registers")."""


@dataclass(slots=True)
class State:
    """What instructions change: the slots of the registers, the flags, the memory, and what the modes are about.

    Parameters
    ----------
    memory
        The guest's memory.
    places
        Address of each instruction, and of the end.
    """

    memory: GuestMemory
    places: tuple[int, ...] = ()
    slots: list[int] = field(default_factory=lambda: [0] * (NARROW + 1))
    flags: list[Left] = field(default_factory=lambda: list[Left]([RESET]))
    user: bool = False
    interrupts: bool = True
    other_flags: int = 0
    control: dict[int, int] = field(default_factory=lambda: {0: CR0, 2: 0, 3: 0, 4: 0})
    indexes: Mapping[int, int] = field(init=False)

    def __post_init__(self) -> None:
        self.indexes = {address: index for index, address in enumerate(self.places)}

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
        flags[0] = (r, wide != r, (a ^ r) & (b ^ r), sign, a ^ b, r)
        return following

    return run


def _sub(state: State, d: int, s: int, mask: int, sign: int, following: int) -> Run:
    slots, flags = state.slots, state.flags

    def run() -> int:
        a = slots[d] & mask
        b = slots[s] & mask
        slots[d] = r = (a - b) & mask
        flags[0] = (r, a < b, (a ^ b) & (a ^ r), sign, a ^ b, r)
        return following

    return run


def _cmp(state: State, d: int, s: int, mask: int, sign: int, following: int) -> Run:
    slots, flags = state.slots, state.flags

    def run() -> int:
        a = slots[d] & mask
        b = slots[s] & mask
        r = (a - b) & mask
        flags[0] = (r, a < b, (a ^ b) & (a ^ r), sign, a ^ b, r)
        return following

    return run


def _and(state: State, d: int, s: int, mask: int, sign: int, following: int) -> Run:
    slots, flags = state.slots, state.flags

    def run() -> int:
        slots[d] = r = slots[d] & slots[s] & mask
        flags[0] = (r, False, 0, sign, r, r)
        return following

    return run


def _or(state: State, d: int, s: int, mask: int, sign: int, following: int) -> Run:
    slots, flags = state.slots, state.flags

    def run() -> int:
        slots[d] = r = (slots[d] | slots[s]) & mask
        flags[0] = (r, False, 0, sign, r, r)
        return following

    return run


def _xor(state: State, d: int, s: int, mask: int, sign: int, following: int) -> Run:
    slots, flags = state.slots, state.flags

    def run() -> int:
        slots[d] = r = (slots[d] ^ slots[s]) & mask
        flags[0] = (r, False, 0, sign, r, r)
        return following

    return run


def _test(state: State, d: int, s: int, mask: int, sign: int, following: int) -> Run:
    slots, flags = state.slots, state.flags

    def run() -> int:
        r = slots[d] & slots[s] & mask
        flags[0] = (r, False, 0, sign, r, r)
        return following

    return run


def _shl(state: State, d: int, s: int, mask: int, sign: int, following: int) -> Run:
    slots, flags = state.slots, state.flags
    most = 63 if sign == 1 << 63 else 31  # the count of narrower operands is taken modulo 32, too

    def run() -> int:
        a = slots[d] & mask
        count = slots[s] & most
        wide = a << count
        slots[d] = r = wide & mask
        if count:  # a shift by nothing leaves the flags; overflow is defined for a shift by one only
            carry = wide & (mask + 1) != 0
            flags[0] = (r, carry, r ^ (sign if carry else 0), sign, r, r)
        return following

    return run


def _shr(state: State, d: int, s: int, mask: int, sign: int, following: int) -> Run:
    slots, flags = state.slots, state.flags
    most = 63 if sign == 1 << 63 else 31  # the count of narrower operands is taken modulo 32, too

    def run() -> int:
        a = slots[d] & mask
        count = slots[s] & most
        slots[d] = r = a >> count
        if count:
            flags[0] = (r, a >> (count - 1) & 1 != 0, a, sign, r, r)
        return following

    return run


def _inc(state: State, d: int, s: int, mask: int, sign: int, following: int) -> Run:
    slots, flags = state.slots, state.flags

    def run() -> int:
        a = slots[d] & mask
        slots[d] = r = (a + 1) & mask
        flags[0] = (r, flags[0][1], ~a & r, sign, a ^ 1, r)  # inc and dec leave the carry as it was
        return following

    return run


def _dec(state: State, d: int, s: int, mask: int, sign: int, following: int) -> Run:
    slots, flags = state.slots, state.flags

    def run() -> int:
        a = slots[d] & mask
        slots[d] = r = (a - 1) & mask
        flags[0] = (r, flags[0][1], a & ~r, sign, a ^ 1, r)
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
