"""A VMM without devices, hypercalls and other guests: what a guest meets when nobody else answers."""

from typing import TYPE_CHECKING

from vmwidgets.model.exits import Action, Exit
from vmwidgets.model.guest_memory import MASK64

if TYPE_CHECKING:
    from vmwidgets.model.cpu import CPU

ABSENT = MASK64
"""What a port without a device answers: all lines float high."""
UNKNOWN_HYPERCALL = -1000 & MASK64
"""What an unknown hypercall answers in rax (KVM_ENOSYS, include/uapi/linux/kvm_para.h)."""
_FATAL = (
    *("ept_violation", "ept_misconfiguration", "page_fault", "general_protection", "invalid_opcode", "triple_fault"),
    *("interrupt_return", "sgdt"),
)
"""What a VMM without devices can only stop a guest for: it would come again and again."""


def neutral(cpu: "CPU", exit: Exit) -> Action:
    """Handle an exit as a VMM without devices and hypercalls, which has no other guest to run."""
    if exit.reason == "io" and not exit["write"]:
        cpu.answer(exit, ABSENT)
    elif exit.reason == "hypercall":
        cpu.write("rax", UNKNOWN_HYPERCALL)
    elif exit.reason == "cpuid":
        for register in ("rax", "rbx", "rcx", "rdx"):
            cpu.write(register, 0)
    elif exit.reason in ("rdmsr", "rdtsc"):
        cpu.write_pair(0)
    elif exit.reason in _FATAL:
        return Action.STOP
    return Action.RESUME
