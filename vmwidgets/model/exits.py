"""VM exits: why they happen, what the hardware reports with them, what the VMM does after, and their counts."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

EXIT_REASONS = ("external_interrupt", "hlt", "hypercall", "io", "ept_violation")
"""Why a guest stops: basic exit reasons 1, 12, 18, 30 and 48 of Intel SDM volume 3, appendix C."""
TRAP_REASONS = (
    *("control_register", "interrupt_flag", "page_fault", "general_protection", "invalid_opcode", "triple_fault"),
    *("cpuid", "rdmsr", "wrmsr", "invlpg", "software_interrupt", "rdtsc", "sgdt", "interrupt_return"),
    "ept_misconfiguration",
)
"""Why a guest stops, besides, where the processor does not settle it: what is privileged traps, and so do exceptions.
Basic exit reasons 0, 2, 10, 14, 16, 28, 31, 32, 46 and 49 of the same appendix say so."""


class Action(Enum):
    """What the VMM does after an exit."""

    RESUME = "resume"
    """Go on: after the instruction that has been emulated, or again with the access that can succeed now."""
    STOP = "stop"
    """Leave the guest as it is and take the CPU back."""


@dataclass(frozen=True, slots=True)
class Exit:
    """A VM exit.

    Parameters
    ----------
    reason
        One of `EXIT_REASONS` or `TRAP_REASONS`.
    instruction_index
        How many instructions the guest had executed before.
    rip_line
        The line of the program that the instruction pointer stood on; 0 behind the last instruction.
    detail
        What the hardware reports with it, as pairs: ``port, bits, write, value`` for io, ``number`` for a hypercall,
        ``address, bytes, write`` for an EPT violation or a page fault, ``number, write, register, value`` for a control
        register, ``value`` for the interrupt flag, ``leaf, subleaf`` for cpuid, ``number, value`` for rdmsr and wrmsr,
        ``address`` for invlpg, ``vector`` for a software interrupt and for the exception that became a triple fault.
    """

    reason: str
    instruction_index: int
    rip_line: int
    detail: tuple[tuple[str, int], ...] = ()

    def __getitem__(self, name: str) -> int:
        return dict(self.detail)[name]


@dataclass(frozen=True, slots=True)
class Counts:
    """What a guest has done so far.

    Parameters
    ----------
    instructions
        Instructions executed, those included that the VMM emulated.
    direct
        Instructions that ran without the VMM.
    exits
        Exits by reason; every one of `EXIT_REASONS` is there.
    log
        The latest exits, oldest first.
    finished
        Whether the guest has run past its last instruction.
    """

    instructions: int
    direct: int
    exits: Mapping[str, int]
    log: tuple[Exit, ...]
    finished: bool

    @property
    def total_exits(self) -> int:
        """How many times the VMM got control."""
        return sum(self.exits.values())
