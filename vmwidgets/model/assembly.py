"""Guest code as text: a subset of x86-64 in Intel syntax.

The parser is total and bounded: any text is either a program or one sentence that names line and column. What it
accepts an assembler accepts too, with the same meaning; what x86-64 cannot encode it refuses. Two names of data are
those of different assemblers (``dq`` and ``.quad``), and ``pushf`` is ``pushfq``, as nothing narrower is of use. A
number can be a sum of products, in front of which a label may stand. Left out are ``ah`` and its like, pushes of 16
bits, addresses of 32 bits or relative to ``rip``, and prefixes.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NoReturn

from vmwidgets.model.data_directives import DIRECTIVES, read_data
from vmwidgets.model.errors import VmwidgetsError, check_int
from vmwidgets.model.guest_code import (
    BARRIER,
    INSTRUCTION_BYTES,
    ORIGIN,
    AssemblyError,
    Immediate,
    Instruction,
    Memory,
    Operand,
    Program,
    Register,
    Target,
)
from vmwidgets.model.left_out import NOT_NEEDED, instead_of
from vmwidgets.model.operands import ACCUMULATORS, CONTROL, LABEL, NAMES, Operands

MAX_INSTRUCTIONS = 256
"""Instructions that the text of a program may have, a piece of data counted as one."""
MAX_CHARACTERS = 32_768
"""Characters that the text of a program may have, comments included."""
MAX_DATA_BYTES = 16_384
"""Bytes of data that a program may have."""
_MAX_ORIGIN = 2**30

_SYNONYMS = {
    "jz": ("je",), "jnz": ("jne",), "jb": ("jc", "jnae"), "jae": ("jnc", "jnb"), "jbe": ("jna",), "ja": ("jnbe",),
    "jl": ("jnge",), "jge": ("jnl",), "jle": ("jng",), "jg": ("jnle",), "js": (), "jns": (), "jo": (), "jno": (),
    "jp": ("jpe",), "jnp": ("jpo",),
}  # fmt: skip
_JUMPS = {name: canonical for canonical, others in _SYNONYMS.items() for name in (canonical, *others)}
_CANONICAL = {**_JUMPS, "pushf": "pushfq", "popf": "popfq", "int3": "int"}
_NO_OPERANDS = (
    *("nop", "pause", "ret", "pushf", "pushfq", "popf", "popfq", "iretq", "int3"),
    *("vmcall", "hlt", "cli", "sti", "cpuid", "rdtsc", "rdmsr", "wrmsr"),
)
_SHAPES = {
    **dict.fromkeys(("mov", "add", "sub", "and", "or", "xor", "cmp", "test"), "two"),
    **dict.fromkeys(("shl", "shr"), "shift"),
    **dict.fromkeys(("inc", "dec"), "one"),
    **dict.fromkeys(_NO_OPERANDS, "none"),
    **dict.fromkeys(_JUMPS, "jump"),
    **dict.fromkeys(("jmp", "call"), "branch"),
    **dict.fromkeys(("invlpg", "clflush", "sgdt"), "address"),
    **{name: name for name in ("push", "pop", "lea", "movzx", "in", "out", "int", "smsw")},
}
MNEMONICS = tuple(_SHAPES)
"""The instructions of the subset, with the other spellings of conditional jumps."""
_NO_LABELS = frozenset(
    (*NAMES, *CONTROL, "ah", "bh", "ch", "dh", "rip", "eip", "ip", "cs", "ds", "es", "fs", "gs", "ss", "st")
)
_BREAKPOINT = 3  # the vector of int3


def assemble(text: str, origin: int = ORIGIN) -> Program:
    """Read the text of a program.

    Parameters
    ----------
    text
        One instruction or directive of data a line, labels with a colon, comments after ``;`` or ``#``.
    origin
        Address of the first instruction, a multiple of 16.

    Raises
    ------
    AssemblyError
        If it is not a program of the subset: with line and column of what is wrong.
    VmwidgetsError
        If the origin is no such address.
    """
    if check_int("origin", origin, 0, _MAX_ORIGIN) % INSTRUCTION_BYTES:
        raise VmwidgetsError("origin is {value}, expected a multiple of {step}", value=origin, step=INSTRUCTION_BYTES)
    if len(text) > MAX_CHARACTERS:
        line = text.count("\n", 0, MAX_CHARACTERS) + 1
        column = MAX_CHARACTERS - text.rfind("\n", 0, MAX_CHARACTERS)
        raise AssemblyError(
            "line {line}, column {column}: the text is longer than {most} characters",
            line=line,
            column=column,
            most=MAX_CHARACTERS,
        )
    layout = _Layout(origin)
    for number, line in enumerate(text.split("\n"), 1):
        layout.add(_Line(number, line))
    return layout.program(text)


class _Layout:
    """Where the lines of a program go: indexes and addresses, before labels ahead of them are known."""

    def __init__(self, origin: int) -> None:
        self.end = origin
        self.data_bytes = 0
        self.labels: dict[str, int] = {}
        self.addresses: dict[str, int] = {}
        self.places: list[int] = []
        self.lines: list[_Line] = []
        self.data: list[tuple[int, _Line]] = []
        self._waiting: list[str] = []

    def add(self, line: "_Line") -> None:
        self._waiting += line.take_labels(self.labels)
        if line.is_data():
            goes_on = bool(self.lines) and self.lines[-1].is_data()
            if not goes_on:  # one piece of data stands for one instruction, however many lines it has
                self._append(line, self.end)
            self._settle(len(self.places) - 1, self.end)
            self.data.append((self.end, line))
            size = len(read_data(line, labels_known=False))
            self.end += size
            self.data_bytes += size
            if self.data_bytes > MAX_DATA_BYTES:
                line.at = 0
                raise AssemblyError(
                    "line {line}, column {column}: this is more than {most} bytes of data",
                    **line.here(),
                    most=MAX_DATA_BYTES,
                )
        elif line.tokens:
            at = -(-self.end // INSTRUCTION_BYTES) * INSTRUCTION_BYTES
            self._append(line, at)
            self._settle(len(self.places) - 1, at)
            self.end = at + INSTRUCTION_BYTES

    def _append(self, line: "_Line", at: int) -> None:
        if len(self.places) == MAX_INSTRUCTIONS:
            raise AssemblyError(
                "line {line}, column {column}: this is more than {most} instructions",
                **line.here(),
                most=MAX_INSTRUCTIONS,
            )
        self.lines.append(line)
        self.places.append(at)

    def _settle(self, index: int, at: int) -> None:
        """Give the labels in front of an instruction their place."""
        for name in self._waiting:
            self.labels[name], self.addresses[name] = index, at
        self._waiting.clear()

    def program(self, text: str) -> Program:
        self._settle(len(self.places), self.end)
        for line in (*self.lines, *(line for _, line in self.data)):
            line.addresses, line.labels = self.addresses, self.labels
        data = tuple((at, read_data(line, labels_known=True)) for at, line in self.data)
        instructions = tuple(line.instruction() for line in self.lines)
        labels, addresses = MappingProxyType(self.labels), MappingProxyType(self.addresses)
        return Program(text, instructions, labels, addresses, (*self.places, self.end), data)


class _Line(Operands):
    """One line of a program: labels, then perhaps an instruction or a directive of data."""

    labels: Mapping[str, int]

    def is_data(self) -> bool:
        return bool(self.tokens) and self.tokens[0][0].lower() in DIRECTIVES

    def take_labels(self, labels: dict[str, int]) -> list[str]:
        names: list[str] = []
        while self.peek(1) == ":":
            name = self.peek()
            if not LABEL.fullmatch(name) or name.lower() in _NO_LABELS or len(name) > 40:
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
            labels[name] = -1  # until it is known what follows
            names.append(name)
            self.at += 2
        del self.tokens[: self.at]
        self.at = 0
        return names

    def instruction(self) -> Instruction:
        self.at = 0
        name = self.next().lower()
        if self.is_data():
            return Instruction(BARRIER, (), self.line)
        shape = _SHAPES.get(name)
        if shape is None:
            self._refuse(name)
        operands = self._operands(name, shape)
        self.finish()
        return Instruction(_CANONICAL.get(name, name), operands, self.line)

    def _refuse(self, name: str) -> NoReturn:
        """Say that this is no instruction of the subset, and what is meant or does the same."""
        if instead := instead_of(name):
            raise AssemblyError(
                "line {line}, column {column}: there is no {word} here, it can be done with {instead}",
                **self.here(0),
                word=repr(name),
                instead=instead,
            )
        if name in NOT_NEEDED:
            raise AssemblyError(
                "line {line}, column {column}: {word} is not needed here, leave the line out",
                **self.here(0),
                word=repr(name),
            )
        self.unknown(name, (*MNEMONICS, *DIRECTIVES), 0)

    def _operands(self, name: str, shape: str) -> tuple[Operand, ...]:
        match shape:
            case "none":
                return (Immediate(_BREAKPOINT),) if name == "int3" else ()
            case "two":
                return self.two(name)
            case "one":
                return (self.sized(self.place(), 1),)
            case "shift":
                return self._shift()
            case "jump":
                return (self._target(),)
            case "branch":
                return (self._branch(),)
            case "push":
                return (self.immediate(32, signed=True) if self.is_constant() else self.wide(),)
            case "pop":
                return (self.wide(),)
            case "int":
                return (self.number(0, 255),)
            case "address":
                return (self._address(),)
            case "smsw":
                return (self._smsw(),)
            case "movzx":
                return self._movzx()
            case "lea":
                register = self.register(16, alone=True)
                self.expect(",")
                return register, self._address()
            case "in":
                data = self._accumulator()
                self.expect(",")
                return data, self._port()
            case _:
                port = self._port()
                self.expect(",")
                return port, self._accumulator()

    def _shift(self) -> tuple[Operand, ...]:
        place = self.sized(self.place(), 1)
        self.expect(",")
        if self.peek().lower() == "cl":
            self.at += 1
            return place, NAMES["cl"]
        if not self.is_number():
            self.unexpected("cl, 0..255")
        return place, self.number(0, 255)

    def _movzx(self) -> tuple[Operand, ...]:
        register = self.register(16, alone=True)
        self.expect(",")
        at = self.at
        place = self.sized(self.place(), at)
        if place.bits > 16 or place.bits >= register.bits:
            narrow = "8" if register.bits == 16 else "8, 16"
            raise AssemblyError(
                "line {line}, column {column}: this has {bits} bits, expected {wanted}",
                **self.here(at),
                bits=place.bits,
                wanted=narrow,
            )
        return register, place

    def _smsw(self) -> Register | Memory:
        at = self.at
        place = self.place()
        if isinstance(place, Register):
            if place.bits == 8:
                self.wrong_bits(8, 16, at)
            return place
        if place.bits not in (0, 16):
            self.wrong_size(place.bits, 16, at)
        return place

    def _address(self) -> Memory:
        if self.peek() != "[":
            self.unexpected("[")
        return self.memory(0)

    def _branch(self) -> Operand:
        word = self.peek().lower()
        if word in NAMES or "[" in (word, self.peek(1)) or self.peek(1).lower() == "ptr":
            return self.wide()
        return self._target()

    def _target(self) -> Target:
        name = self.peek()
        if not LABEL.fullmatch(name) or name.lower() in NAMES:
            raise AssemblyError("line {line}, column {column}: expected a label to jump to", **self.here())
        if name not in self.labels:
            if self.labels:
                self.unknown(name, self.labels, self.at)
            raise AssemblyError(
                "line {line}, column {column}: there is no label {word}", **self.here(), word=repr(name[:40])
            )
        self.at += 1
        return Target(name, self.labels[name])

    def _accumulator(self) -> Register:
        if self.peek().lower() not in ACCUMULATORS:
            self.unexpected(", ".join(ACCUMULATORS))
        return NAMES[self.next().lower()]

    def _port(self) -> Register | Immediate:
        if self.is_number():
            return self.number(0, 255)
        if self.peek().lower() != "dx":
            self.unexpected("dx, 0..255")
        return NAMES[self.next().lower()]
