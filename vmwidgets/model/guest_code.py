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
ORIGIN = 0x8000
"""Address of the first instruction, unless told: half of the 64 KiB that a guest has by default."""
INSTRUCTION_BYTES = 16
"""Distance of instructions. None on x86-64 is longer than 15 bytes, so this is a program in which ``nop`` in front of
each instruction fills it up to 16."""
BARRIER = "data"
"""Name of what stands between instructions where data lies: no instruction. A guest that comes there went astray."""


@dataclass(frozen=True, slots=True)
class Register:
    """A register, by machine number, or the low ``bits`` of it."""

    number: int
    bits: int


@dataclass(frozen=True, slots=True)
class ControlRegister:
    """A control register of the processor, by number: 3 holds the address of the page tables, 2 of a page fault."""

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
    """A program.

    Parameters
    ----------
    text
        Its text.
    instructions
        Its instructions; a piece of data between them counts as one (`BARRIER`).
    labels
        Index of the instruction behind each label.
    addresses
        Address of each label.
    places
        Address of each instruction, and last that of the end. An instruction has an address, which calls leave on the
        stack, but no bytes: what lies there in memory is for the guest to use.
    data
        Pieces of data: address and bytes.
    """

    text: str
    instructions: tuple[Instruction, ...]
    labels: Mapping[str, int]
    addresses: Mapping[str, int]
    places: tuple[int, ...]
    data: tuple[tuple[int, bytes], ...]


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
