"""The operands of guest code: registers, numbers, places in memory, and which of them fit each other."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import NoReturn

from vmwidgets.model.guest_code import (
    REGISTERS,
    RSP,
    AssemblyError,
    ControlRegister,
    Immediate,
    Memory,
    Operand,
    Register,
)
from vmwidgets.model.tokens import FIELD, Tokens

NAMES = {
    **{name: Register(number, 64) for number, name in enumerate(REGISTERS)},
    **{"e" + name[1:]: Register(number, 32) for number, name in enumerate(REGISTERS[:8])},
    **{f"r{number}d": Register(number, 32) for number in range(8, 16)},
    **{name[1:]: Register(number, 16) for number, name in enumerate(REGISTERS[:8])},
    **{f"r{number}w": Register(number, 16) for number in range(8, 16)},
    **{name[1] + "l": Register(number, 8) for number, name in enumerate(REGISTERS[:4])},
    **{name[1:] + "l": Register(number, 8) for number, name in enumerate(REGISTERS[4:8], 4)},
    **{f"r{number}b": Register(number, 8) for number in range(8, 16)},
}
"""The registers by name. Those of bits 8 to 15 (ah and the like) are left out."""
CONTROL = {f"cr{number}": ControlRegister(number) for number in (0, 2, 3, 4)}
SIZES = {"byte": 8, "word": 16, "dword": 32, "qword": 64}
ACCUMULATORS = ("al", "ax", "eax")
LABEL = re.compile(r"[A-Za-z_.][\w.]*", re.ASCII)
_CONTROL = re.compile(r"cr\d+")
_ANYWHERE = 2**31 - 1  # every label lies below, so its address fits where a number of 32 bits does


@dataclass(slots=True)
class Operands(Tokens):
    """The operands of one line, read one after another.

    Parameters
    ----------
    addresses
        Address of each label.
    """

    addresses: Mapping[str, int] = field(default_factory=dict[str, int])

    def place(self, others: str = "") -> Register | Memory:
        """Take a register or a place in memory; how much of memory is 0 if it is not said.

        ``others`` says what else could stand there.
        """
        if self.peek() == "[":
            return self.memory(0)
        bits = SIZES.get(self.peek().lower())
        if bits is None:
            return self.register(others=others)
        self.at += 1
        if self.peek().lower() == "ptr":
            self.at += 1
        if self.peek() != "[":
            self.unexpected("[")
        return self.memory(bits)

    def register(self, least: int = 8, *, alone: bool = False, others: str = "") -> Register:
        """Take a register of at least so many bits; ``alone`` says that memory would not do, ``others`` what would."""
        word = self.peek()
        register = NAMES.get(word.lower())
        if register is None:
            expected = "rax..r15, eax..r15d, ax..r15w, al..r15b" + (", [ ]" if not alone else "") + others
            if not LABEL.fullmatch(word):
                self.unexpected(expected)
            known = NAMES if alone else (*NAMES, *self.addresses)
            self.unknown(word.lower() if alone else word, known, self.at, expected)
        if register.bits < least:
            self.wrong_bits(register.bits, least, self.at)
        self.at += 1
        return register

    def wrong_bits(self, bits: int, wanted: int, at: int) -> NoReturn:
        """Say that a register is as wide as it should not be."""
        raise AssemblyError(
            "line {line}, column {column}: this register has {bits} bits, expected {wanted}",
            **self.here(at),
            bits=bits,
            wanted=wanted,
        )

    def sized(self, place: Register | Memory, at: int) -> Register | Memory:
        """Return a place of which it is known how wide it is."""
        if place.bits == 0:
            raise AssemblyError(
                "line {line}, column {column}: how much of memory is not said, expected byte, word, dword or qword"
                " before the [",
                **self.here(at),
            )
        return place

    def wide(self, bits: int = 64) -> Register | Memory:
        """Take a register or a place in memory of so many bits."""
        at = self.at
        place = self.sized(self.place(), at)
        if place.bits != bits:
            if isinstance(place, Register):
                self.wrong_bits(place.bits, bits, at)
            self.wrong_size(place.bits, bits, at)
        return place

    def wrong_size(self, bits: int, wanted: int, at: int) -> NoReturn:
        """Say that a place in memory is as wide as it should not be."""
        raise AssemblyError(
            "line {line}, column {column}: this memory has {bits} bits, expected {wanted}",
            **self.here(at),
            bits=bits,
            wanted=wanted,
        )

    def fit(self, memory: Memory, register: Register, at: int) -> Memory:
        """Return a place in memory as wide as the register it works with."""
        if memory.bits not in (0, register.bits):
            raise AssemblyError(
                "line {line}, column {column}: this memory has {bits} bits, expected {wanted} as the register",
                **self.here(at),
                bits=memory.bits,
                wanted=register.bits,
            )
        return replace(memory, bits=register.bits)

    def is_constant(self) -> bool:
        """Whether a number or a label is next."""
        return self.is_number() or self.peek() in self.addresses

    def immediate(self, bits: int, signed: bool) -> Immediate:
        """Take a number of so many bits, or the address of a label.

        A 64-bit instruction holds 32 bits and extends their sign; only mov to a register holds 64.
        """
        low, high = -(2 ** (bits - 1)), 2 ** (bits - 1) - 1 if signed else 2**bits - 1
        if self.peek() not in self.addresses:
            return self.number(low, high)
        if high < _ANYWHERE:
            self.out_of_range(self.at, low, high)
        at = self.at
        return Immediate(self.sum_from(self.addresses[self.next()], at, low, high))

    def two(self, name: str) -> tuple[Operand, ...]:
        """Take two operands of one width, of which one may lie in memory or be a number."""
        start = self.at
        if name == "mov" and (self.peek().lower() in CONTROL or self.peek(2).lower() in CONTROL):
            return self._control()
        if name == "mov":
            self._check_control(self.at)
        left = self.place()
        self.expect(",")
        middle = self.at
        if name == "mov":
            self._check_control(middle)
        if self.is_constant():
            left = self.sized(left, start)
            if name == "mov" and left.bits == 64 and isinstance(left, Register):
                return left, self.immediate(64, signed=False)
            return left, self.immediate(min(left.bits, 32), signed=left.bits == 64)
        right = self.place(others=", 10, 0x0a")
        if isinstance(left, Memory):
            if isinstance(right, Memory):
                raise AssemblyError(
                    "line {line}, column {column}: an instruction reaches memory once, expected a register or a number",
                    **self.here(middle),
                )
            left = self.fit(left, right, start)
        elif isinstance(right, Memory):
            right = self.fit(right, left, middle)
        elif left.bits != right.bits:
            self.wrong_bits(right.bits, left.bits, middle)
        return left, right

    def _check_control(self, at: int) -> None:
        """Refuse the name of a control register that is not one."""
        word = self.peek().lower()
        if _CONTROL.fullmatch(word) and word not in self.addresses:
            self.unexpected(", ".join(CONTROL), at)

    def _control(self) -> tuple[Operand, ...]:
        """Read a control register and a 64-bit register, in either order."""
        sides: list[Operand] = []
        for _ in range(2):
            if sides:
                self.expect(",")
            at, control = self.at, CONTROL.get(self.peek().lower())
            if control and not any(isinstance(side, ControlRegister) for side in sides):
                self.at += 1
                sides.append(control)
                continue
            register = self.register(alone=True)
            if register.bits != 64:
                self.wrong_bits(register.bits, 64, at)
            sides.append(register)
        return tuple(sides)

    def memory(self, bits: int) -> Memory:
        """Take a place in memory."""
        self.expect("[")
        registers: list[tuple[int, int, int]] = []
        start, displacement = self.at, 0
        sign = self.sign()
        while True:
            if self.peek()[:1].isdigit() and self.peek(1) == "*" and not self.peek(2)[:1].isdigit():
                scale = self.literal()
                self.expect("*")
                registers.append(self._part(sign, scale))
            elif self.peek()[:1].isdigit():
                displacement += sign * self.product(start, *FIELD)
            elif self.peek() in self.addresses and sign > 0:
                displacement += self.addresses[self.next()]
            else:
                registers.append(self._part(sign, None))
            if self.peek() not in ("+", "-"):
                break
            sign = self.sign()
        if not FIELD[0] <= displacement <= FIELD[1]:
            self.out_of_range(start, *FIELD)
        self.expect("]")
        return Memory(*self._base_and_index(registers), displacement, bits)

    def _part(self, sign: int, scale: int | None) -> tuple[int, int, int]:
        """Read a register with its scale, 0 where none is written; and where it stands."""
        at = self.at
        known = (*REGISTERS, *self.addresses)
        if self.peek().lower() not in NAMES and self.peek() not in known and LABEL.fullmatch(self.peek()):
            self.unknown(self.peek(), known, at, "rax..r15")
        register = None if self.peek() in self.addresses else self.register(alone=True)
        if sign < 0 or register is None or register.bits != 64:
            raise AssemblyError(
                "line {line}, column {column}: an address adds 64-bit registers, expected rax to r15 after a +",
                **self.here(at),
            )
        if scale is None and self.peek() == "*":
            self.at += 1
            if not self.peek()[:1].isdigit():
                self.unexpected("1, 2, 4, 8")
            scale = self.literal()
        if scale not in (None, 1, 2, 4, 8):
            raise AssemblyError(
                "line {line}, column {column}: the scale is {scale}, expected 1, 2, 4 or 8",
                **self.here(at),
                scale=scale,
            )
        return register.number, scale or 0, at

    def _base_and_index(self, parts: list[tuple[int, int, int]]) -> tuple[int | None, int | None, int]:
        # The base is the one without a scale. The stack pointer has no encoding as an index, so it goes first.
        rest = sorted(parts, key=lambda part: (part[1] > 0, part[0] != RSP))
        base = rest.pop(0) if rest and rest[0][1] == 0 else None
        index = rest.pop(0) if rest else None
        if index and (rest or index[0] == RSP):
            raise AssemblyError(
                "line {line}, column {column}: an address has one base and one index, and rsp is no index",
                **self.here((rest or [index])[-1][2]),
            )
        return base[0] if base else None, index[0] if index else None, index[1] or 1 if index else 1
