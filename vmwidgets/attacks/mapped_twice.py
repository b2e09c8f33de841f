"""A frame that is mapped twice: the guest does nothing forbidden, it reads its own pages."""

from vmwidgets.model.range.attack import Attack, Placement
from vmwidgets.model.words import said

MAPPED_TWICE = Attack(
    id="mapped_twice",
    title=said("a frame that is mapped twice"),
    code="""
    xor rsi, rsi
    mov rcx, {memory_bytes}
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
    mov rdi, [rsi + 8]
    vmcall
end:
""",
    placement=Placement(maps_twice=True),
    hints=(
        said("You need no address that is not yours."),
        said("Somebody below has made a mistake: look at what lies in your own pages."),
        said("Compare the first word of each of your pages with the mark, and report the word behind it."),
    ),
)
"""Looks through its own memory for what it has never written."""
