"""A program beside the VMs that looks into the memory of one."""

from vmwidgets.model.range.attack import Attack, Placement
from vmwidgets.model.words import said

HOST_READ = Attack(
    id="host_read",
    title=said("the host reads the memory of a VM"),
    code="""
    xor rsi, rsi
    mov rbx, {mark}
look:
    mov rax, {call_host_read}
    mov rdi, 1                  ; the VM beside
    vmcall
    cmp rax, rbx
    je found
    add rsi, {page_bytes}
    cmp rsi, {memory_bytes}
    jb look
    jmp end
found:
    mov rax, {call_host_read}
    add rsi, 8
    vmcall
    mov rdi, rax
    mov rax, {call_report}
    vmcall
end:
""",
    placement=Placement(seat="host"),
    family="V9",
    number=20,
    hints=(
        said("You are not in a VM this time: you are below."),
        said("Who may read the memory of a VM? The trace names the layer by whose authority you do."),
        said("Read the first word of each page of VM 1, look for the mark, and report the word behind it."),
    ),
)
"""Reads page after page of the VM beside, by the authority of a layer that may."""
