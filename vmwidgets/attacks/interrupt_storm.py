"""Interrupts of a device that was passed through, one after another."""

from vmwidgets.model.range.attack import Attack
from vmwidgets.model.words import said

INTERRUPT_STORM = Attack(
    id="interrupt_storm",
    title=said("interrupts without end"),
    code="""
    mov rdx, {port_interrupts}
    xor rax, rax
    out dx, eax                 ; port 0: no pause between interrupts
    inc rdx
    out dx, al                  ; port 1: go
""",
    goal="slowed",
    number=18,
    like="Xen commit 2521c9ab",
    hints=(
        said("An interrupt stops whoever has the processor, be it you or another."),
        said("Who has to handle the interrupts of a device that was passed through to you?"),
        said("Set the period to 0 and start: the line is never quenched."),
    ),
)
"""Never quenches the line of its device."""
