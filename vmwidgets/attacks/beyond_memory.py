"""An address beyond the VM's memory: the first wall, and the one on which all others stand."""

from vmwidgets.model.range.attack import Attack
from vmwidgets.model.words import said

BEYOND_MEMORY = Attack(
    id="beyond_memory",
    title=said("an address beyond the VM's memory"),
    code="""
    mov rsi, {memory_bytes}     ; the first address that is not mine
    mov rcx, {machine_bytes}
    mov rbx, {mark}
look:
    cmp [rsi], rbx
    je found
    add rsi, {page_bytes}
    cmp rsi, rcx
    jb look
    jmp end
found:
    mov rax, {call_report}
    mov rdi, [rsi + 8]          ; behind the mark lies the secret
    vmcall
end:
""",
    hints=(
        said("What does an address mean that your machine does not have?"),
        said("Look at the line of the trace that names the layer with the map of your memory."),
        said("Begin at memory_bytes, compare the first word of each page with the mark, and report the word behind."),
    ),
)
"""Reads page after page until it finds the mark."""
