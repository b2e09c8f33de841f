"""Guest code as text: a subset of x86-64 in Intel syntax.

The parser is total and bounded: any text is either a program or one sentence that names line and column. What it
accepts an assembler accepts too, with the same meaning; what x86-64 cannot encode it refuses.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType

from vmwidgets.model.guest_code import (
    REGISTERS,
    RSP,
    AssemblyError,
    ControlRegister,
    Immediate,
    Instruction,
    Memory,
    Operand,
    Program,
    Register,
    Target,
)
from vmwidgets.model.tokens import Tokens

MAX_INSTRUCTIONS = 256
"""Instructions that the text of a program may have."""
MAX_CHARACTERS = 32_768
"""Characters that the text of a program may have, comments included."""

_NAMES = {
    **{name: Register(number, 64) for number, name in enumerate(REGISTERS)},
    **{"e" + name[1:]: Register(number, 32) for number, name in enumerate(REGISTERS[:8])},
    **{f"r{number}d": Register(number, 32) for number in range(8, 16)},
    # Narrower names have one use each: the data and the port of in and out, and the count of a shift.
    "ax": Register(0, 16),
    "al": Register(0, 8),
    "dx": Register(2, 16),
    "cl": Register(1, 8),
}
_CONTROL = {"cr3": ControlRegister(3)}
_ACCUMULATORS = ("al", "ax", "eax")
_SIZES = {"dword": 32, "qword": 64}

_SYNONYMS = {
    "jz": ("je",), "jnz": ("jne",), "jb": ("jc", "jnae"), "jae": ("jnc", "jnb"), "jbe": ("jna",), "ja": ("jnbe",),
    "jl": ("jnge",), "jge": ("jnl",), "jle": ("jng",), "jg": ("jnle",), "js": (), "jns": (), "jo": (), "jno": (),
    "jmp": (),
}  # fmt: skip
_JUMPS = {name: canonical for canonical, others in _SYNONYMS.items() for name in (canonical, *others)}
_SHAPES = {
    **dict.fromkeys(("mov", "add", "sub", "and", "or", "xor", "cmp", "test"), "two"),
    **dict.fromkeys(("shl", "shr"), "shift"),
    **dict.fromkeys(("inc", "dec"), "one"),
    **dict.fromkeys(("nop", "pause", "vmcall", "hlt", "cli", "sti"), "none"),
    **dict.fromkeys(_JUMPS, "jump"),
    "lea": "lea",
    "in": "in",
    "out": "out",
}
MNEMONICS = tuple(_SHAPES)
"""The instructions of the subset, with the other spellings of conditional jumps."""

_LABEL = re.compile(r"[A-Za-z_.][\w.]*", re.ASCII)


def assemble(text: str) -> Program:
    """Read the text of a program.

    Parameters
    ----------
    text
        One instruction a line, labels with a colon, comments after ``;`` or ``#``.

    Raises
    ------
    AssemblyError
        If it is not a program of the subset: with line and column of what is wrong.
    """
    if len(text) > MAX_CHARACTERS:
        line = text.count("\n", 0, MAX_CHARACTERS) + 1
        column = MAX_CHARACTERS - text.rfind("\n", 0, MAX_CHARACTERS)
        raise AssemblyError(
            "line {line}, column {column}: the text is longer than {most} characters",
            line=line,
            column=column,
            most=MAX_CHARACTERS,
        )
    lines = [_Line(number, line) for number, line in enumerate(text.split("\n"), 1)]
    labels: dict[str, int] = {}
    count = 0
    for line in lines:
        line.take_labels(labels, count)
        if line.tokens:
            count += 1
            if count > MAX_INSTRUCTIONS:
                raise AssemblyError(
                    "line {line}, column {column}: this is more than {most} instructions",
                    **line.here(),
                    most=MAX_INSTRUCTIONS,
                )
    instructions = tuple(line.instruction(labels) for line in lines if line.tokens)
    return Program(text, instructions, MappingProxyType(labels))


class _Line(Tokens):
    """One line of a program: labels, then perhaps an instruction."""

    def take_labels(self, labels: dict[str, int], index: int) -> None:
        while self.peek(1) == ":":
            name = self.peek()
            if not _LABEL.fullmatch(name) or name.lower() in (*_NAMES, *_CONTROL) or len(name) > 40:
                raise AssemblyError(
                    "line {line}, column {column}: {word} cannot be a label, expected a name of at most 40 Latin"
                    " letters, digits, _ and . that is not a register",
                    **self.here(),
                    word=repr(name[:40]),
                )
            if name in labels:
                raise AssemblyError(
                    "line {line}, column {column}: the label {word} is there already", **self.here(), word=name
                )
            labels[name] = index
            self.at += 2
        del self.tokens[: self.at]
        self.at = 0

    def instruction(self, labels: Mapping[str, int]) -> Instruction:
        name = self.next().lower()
        shape = _SHAPES.get(name)
        if shape is None:
            self.unknown(name, MNEMONICS, 0)
        operands = self._operands(name, shape, labels)
        if self.peek():
            raise AssemblyError(
                "line {line}, column {column}: this is {word}, expected the end of the line",
                **self.here(),
                word=repr(self.peek()[:40]),
            )
        return Instruction(_JUMPS.get(name, name), operands, self.line)

    def _operands(self, name: str, shape: str, labels: Mapping[str, int]) -> tuple[Operand, ...]:
        match shape:
            case "none":
                return ()
            case "jump":
                return (self._target(labels),)
            case "one":
                return (self._sized(self._place(), 1),)
            case "shift":
                return self._shift()
            case "lea":
                return self._lea()
            case "in":
                data = self._accumulator()
                self.expect(",")
                return data, self._port()
            case "out":
                port = self._port()
                self.expect(",")
                return port, self._accumulator()
            case _:
                return self._two(name)

    def _two(self, name: str) -> tuple[Operand, ...]:
        start = self.at
        if name == "mov" and (self.peek().lower() in _CONTROL or self.peek(2).lower() in _CONTROL):
            return self._control()
        left = self._place()
        self.expect(",")
        middle = self.at
        if self.is_number():
            left = self._sized(left, start)
            wide = name == "mov" and left.bits == 64 and isinstance(left, Register)
            return left, self._immediate(64 if wide else 32, signed=left.bits == 64 and not wide)
        right = self._place()
        if isinstance(left, Memory):
            if isinstance(right, Memory):
                raise AssemblyError(
                    "line {line}, column {column}: an instruction reaches memory once, expected a register or a number",
                    **self.here(middle),
                )
            left = self._fit(left, right, start)
        elif isinstance(right, Memory):
            right = self._fit(right, left, middle)
        elif left.bits != right.bits:
            raise AssemblyError(
                "line {line}, column {column}: this register has {bits} bits, expected {wanted}",
                **self.here(middle),
                bits=right.bits,
                wanted=left.bits,
            )
        return left, right

    def _control(self) -> tuple[Operand, ...]:
        """Read a control register and a 64-bit register, in either order."""
        sides: list[Operand] = []
        for _ in range(2):
            if sides:
                self.expect(",")
            at, control = self.at, _CONTROL.get(self.peek().lower())
            if control and not any(isinstance(side, ControlRegister) for side in sides):
                self.at += 1
                sides.append(control)
                continue
            register = self._register()
            if register.bits != 64:
                raise AssemblyError(
                    "line {line}, column {column}: this register has {bits} bits, expected {wanted}",
                    **self.here(at),
                    bits=register.bits,
                    wanted=64,
                )
            sides.append(register)
        return tuple(sides)

    def _shift(self) -> tuple[Operand, ...]:
        place = self._sized(self._place(), 1)
        self.expect(",")
        if self.peek().lower() == "cl":
            self.at += 1
            return place, _NAMES["cl"]
        if not self.is_number():
            self.unexpected("cl, 0..255")
        return place, self.number(0, 255)

    def _lea(self) -> tuple[Operand, ...]:
        register = self._register()
        self.expect(",")
        if self.peek() != "[":
            self.unexpected("[")
        return register, self._memory(0)

    def _target(self, labels: Mapping[str, int]) -> Target:
        name = self.peek()
        if not _LABEL.fullmatch(name) or name.lower() in _NAMES:
            raise AssemblyError("line {line}, column {column}: expected a label to jump to", **self.here())
        if name not in labels:
            if labels:
                self.unknown(name, labels, self.at)
            raise AssemblyError(
                "line {line}, column {column}: there is no label {word}", **self.here(), word=repr(name[:40])
            )
        self.at += 1
        return Target(name, labels[name])

    def _accumulator(self) -> Register:
        if self.peek().lower() not in _ACCUMULATORS:
            self.unexpected(", ".join(_ACCUMULATORS))
        return _NAMES[self.next().lower()]

    def _port(self) -> Register | Immediate:
        if self.is_number():
            return self.number(0, 255)
        if self.peek().lower() != "dx":
            self.unexpected("dx, 0..255")
        return _NAMES[self.next().lower()]

    def _place(self) -> Register | Memory:
        if self.peek() == "[":
            return self._memory(0)
        bits = _SIZES.get(self.peek().lower())
        if bits is None:
            return self._register()
        self.at += 1
        if self.peek().lower() == "ptr":
            self.at += 1
        if self.peek() != "[":
            self.unexpected("[")
        return self._memory(bits)

    def _register(self) -> Register:
        word = self.peek()
        register = _NAMES.get(word.lower())
        if register is None or register.bits < 32:
            if not _LABEL.fullmatch(word) or register is not None:
                self.unexpected("rax..r15, eax..r15d, [ ]")
            self.unknown(word.lower(), (name for name, known in _NAMES.items() if known.bits >= 32), self.at)
        self.at += 1
        return register

    def _sized(self, place: Register | Memory, at: int) -> Register | Memory:
        if place.bits == 0:
            raise AssemblyError(
                "line {line}, column {column}: how much of memory is not said, expected dword or qword before the [",
                **self.here(at),
            )
        return place

    def _fit(self, memory: Memory, register: Register, at: int) -> Memory:
        if memory.bits not in (0, register.bits):
            raise AssemblyError(
                "line {line}, column {column}: this memory has {bits} bits, expected {wanted} as the register",
                **self.here(at),
                bits=memory.bits,
                wanted=register.bits,
            )
        return Memory(memory.base, memory.index, memory.scale, memory.displacement, register.bits)

    def _memory(self, bits: int) -> Memory:
        self.expect("[")
        registers: list[tuple[int, int, int]] = []
        start, displacement = self.at, 0
        sign = self.sign()
        while True:
            if self.peek()[:1].isdigit() and self.peek(1) == "*":
                scale = self.number(0, 2**32).value
                self.expect("*")
                registers.append(self._part(sign, scale))
            elif self.peek()[:1].isdigit():
                displacement += sign * self.number(0, 2**32).value
            else:
                registers.append(self._part(sign, None))
            if self.peek() not in ("+", "-"):
                break
            sign = self.sign()
        if not -(2**31) <= displacement < 2**31:
            self.out_of_range(start, -(2**31), 2**31 - 1)
        self.expect("]")
        return Memory(*self._base_and_index(registers), displacement, bits)

    def _part(self, sign: int, scale: int | None) -> tuple[int, int, int]:
        """Read a register with its scale, 0 where none is written; and where it stands."""
        at = self.at
        register = self._register()
        if sign < 0 or register.bits != 64:
            raise AssemblyError(
                "line {line}, column {column}: an address adds 64-bit registers, expected rax to r15 after a +",
                **self.here(at),
            )
        if scale is None and self.peek() == "*":
            self.at += 1
            if not self.is_number():
                self.unexpected("1, 2, 4, 8")
            scale = self.number(0, 2**32).value
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

    def _immediate(self, bits: int, signed: bool) -> Immediate:
        # A 64-bit instruction holds 32 bits and extends their sign; only mov to a register holds 64.
        return self.number(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1 if signed else 2**bits - 1)
