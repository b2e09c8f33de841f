"""Programs that solve the silent levels of chapter 11, as a student would write them."""

from vmwidgets.chapters.breaking_tasks import TASKS

_END = {
    "left": """
    cmp [rsi], rbx
    jne next
    mov rdi, [rsi + 8]
    cmp rdi, 1000
    jae next
    mov rax, {call_report}
    vmcall
    jmp end
next:
    add rsi, {page_bytes}
    inc rcx
    cmp rcx, {most_pages}
    jb grow
""",
    "written": """
    mov rcx, {window_pages}
    mov rbx, {mark}
look:
    cmp [rsi], rbx
    je found
    add rsi, {page_bytes}
    dec rcx
    jnz look
    jmp end
found:
    mov [rsi + 8], rbx
""",
    "floppy": """
    mov rcx, 768
    mov rax, 0x41
more:
    out dx, al
    dec rcx
    jnz more
    mov rax, 0x80
    out dx, al
    mov rax, 8
    out dx, al
""",
    "card": """
    mov rax, 272
    shl rax, 32
    or rax, 6
    mov [rsi + 32], rax
    mov [rsi + 40], rdi
    mov rdx, {port_nic}
    mov rax, {page_bytes}
    out dx, eax
    inc rdx
    mov rax, 3
    out dx, eax
""",
    "channel": """
    mov rax, 512
    out dx, eax
""",
    "dma": """
    add rsi, {page_bytes}
    cmp rsi, rdi
    jb look
    jmp end
found:
    mov rdx, {port_dma}
    inc rdx
    mov rax, 2
    out dx, al
""",
    "oracle": """
    cmp rax, 1000
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
""",
    "reload": """
    cmp rax, 100
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
    "thief": """
    mov rcx, {loops_per_ms}
    mov rax, rcx
    shl rcx, 2
    add rcx, rax
    add rcx, rax
work:
    dec rcx
    jnz work
    jmp again
""",
}
PROGRAMS = {id: task.start.replace("    ; …\n", _END[id].lstrip("\n")) for id, task in TASKS.items()}
"""By the id of a task."""
