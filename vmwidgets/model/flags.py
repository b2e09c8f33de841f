"""The flags of the guest CPU: how instructions leave them, and the register RFLAGS that ``pushf`` shows.

What an instruction leaves is kept as it computed it; the flags are worked out when something asks for them.

Where the Intel SDM calls a flag undefined, it is here: AF 0 after ``and``, ``or``, ``xor``, ``test`` and after a shift;
OF after a shift by more than one, for ``shl`` that of the last step, for ``shr`` the highest bit of the operand; CF 0
after a shift by more than the width.
"""

from typing import NamedTuple

BITS = {"CF": 0, "PF": 2, "AF": 4, "ZF": 6, "SF": 7, "OF": 11}
"""Bits of the status flags in RFLAGS (Intel SDM volume 1, "EFLAGS Register")."""
ALWAYS, IF = 1 << 1, 1 << 9
"""The bit that is always set, and the interrupt flag."""
SYSTEM = 1 << 10 | 1 << 14 | 1 << 18 | 1 << 21
"""Flags that ``popf`` sets in both modes and that do nothing here: direction, nested task, alignment check,
identification. TF and IOPL stay 0: single-step traps and port rights of user code are left out."""


class Flags(NamedTuple):
    """What is left of an operation.

    Parameters
    ----------
    zero
        0 if ZF is set.
    carry
        CF.
    overflow
        OF, in the sign bit.
    sign
        Mask of the sign bit.
    operands
        ``a ^ b``: with the result it gives AF.
    result
        The result, which gives SF and PF; the same as `zero`, unless ``popf`` made them differ.
    """

    zero: int
    carry: object
    overflow: int
    sign: int
    operands: int
    result: int


RESET = Flags(1, False, 0, 1 << 63, 1, 1)
"""No flag is set: of the result 1, PF is clear."""


def status(flags: tuple[int, object, int, int, int, int]) -> dict[str, bool]:
    """Return the status flags by name."""
    zero, carry, overflow, sign, operands, result = flags
    return {
        "ZF": zero == 0,
        "SF": result & sign != 0,
        "CF": bool(carry),
        "OF": overflow & sign != 0,
        "PF": (result & 0xFF).bit_count() % 2 == 0,
        "AF": (operands ^ result) & 0x10 != 0,
    }


def pack(flags: tuple[int, object, int, int, int, int]) -> int:
    """Return RFLAGS with the status flags, without the others."""
    return sum(value << BITS[name] for name, value in status(flags).items()) | ALWAYS


def unpack(rflags: int) -> Flags:
    """Return flags such that `pack` gives back the status flags of a value."""
    up = {name: rflags >> bit & 1 for name, bit in BITS.items()}
    result = up["SF"] << 63 | (1 - up["PF"])
    return Flags(1 - up["ZF"], bool(up["CF"]), up["OF"] << 63, 1 << 63, up["AF"] << 4, result)
