"""Guest code as records: what an assembler makes of a text and what a CPU carries out."""

from collections.abc import Mapping
from dataclasses import dataclass

from vmwidgets.model.errors import VmwidgetsError

REGISTERS = (
    *("rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi"),
    *("r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15"),
)
"""The 64-bit registers in the order of their machine numbers."""
RSP = 4
"""Machine number of the stack pointer."""


@dataclass(frozen=True, slots=True)
class Register:
    """A register, by machine number, or the low ``bits`` of it."""

    number: int
    bits: int


@dataclass(frozen=True, slots=True)
class ControlRegister:
    """A control register of the processor, by number: 3 holds the address of the page tables."""

    number: int


@dataclass(frozen=True, slots=True)
class Immediate:
    """A constant."""

    value: int


@dataclass(frozen=True, slots=True)
class Memory:
    """The place ``[base + index*scale + displacement]``; ``bits`` is how much of it, 0 for the address alone."""

    base: int | None
    index: int | None
    scale: int
    displacement: int
    bits: int


@dataclass(frozen=True, slots=True)
class Target:
    """Where a jump goes: the label and the index of the instruction behind it."""

    label: str
    index: int


Operand = Register | ControlRegister | Immediate | Memory | Target


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction, decoded.

    Parameters
    ----------
    mnemonic
        Its name, in lower case, conditions in one spelling each (``je`` is ``jz``).
    operands
        Destination first.
    line
        The line of the text that holds it, from 1.
    """

    mnemonic: str
    operands: tuple[Operand, ...]
    line: int


@dataclass(frozen=True, slots=True)
class Program:
    """A program: its text, its instructions, and the index behind each label."""

    text: str
    instructions: tuple[Instruction, ...]
    labels: Mapping[str, int]


class AssemblyError(VmwidgetsError):
    """A text is not a program; the sentence says where and what was expected."""

    @property
    def line(self) -> int:
        """Line of the text, from 1."""
        return int(str(self.fields["line"]))

    @property
    def column(self) -> int:
        """Column of the text, from 1."""
        return int(str(self.fields["column"]))
