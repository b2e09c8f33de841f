"""A device that is passed through to the VM and interrupts the host with a vector that is not its own."""

from vmwidgets.model.range.attack import Attack
from vmwidgets.model.words import said

MESSAGE_INTERRUPT = Attack(
    id="message_interrupt",
    title=said("an interrupt that was made up, by DMA"),
    code="""
    mov rdx, {port_dma}
    mov rax, {message_address}
    out dx, eax                 ; port 0: address
    add rdx, 2
    mov rax, {device_vector}
    inc rax
    out dx, eax                 ; port 2: the first word of the block, with a vector that is somebody else's
    dec rdx
    mov rax, 2
    out dx, al                  ; port 1: command, device to memory
""",
    goal="interrupted",
    family="V3",
    number=10,
    like="Linux, allow_unsafe_assigned_interrupts",
    hints=(
        said("How does a device interrupt a processor today, without a wire?"),
        said("Not each address that a device can write to is memory."),
        said("Let the device write a block to message_address whose first byte is device_vector + 1."),
    ),
)
"""Writes another vector than that of its device where interrupts come from."""
