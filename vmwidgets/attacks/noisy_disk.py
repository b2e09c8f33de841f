"""A noisy neighbour at the disk: a VM that always has as many requests waiting as it may."""

from vmwidgets.model.range.attack import Attack
from vmwidgets.model.words import said

NOISY_DISK = Attack(
    id="noisy_disk",
    title=said("a neighbour with many requests at the disk"),
    code="""
    mov rdx, {port_disk}
    mov rbx, 60                 ; milliseconds
again:
    mov rcx, {disk_requests}
more:
    out dx, al                  ; one request; what the disk has no room for is lost
    dec rcx
    jnz more
    hlt                         ; until the next tick
    dec rbx
    jnz again
""",
    goal="disk_short",
    family="V6",
    number=15,
    like="Padala et al. 2007; Matthews et al. 2007",
    hints=(
        said("The processor is divided. Is the disk?"),
        said("Your neighbour waits for each answer before it asks again. You need not."),
        said("Keep disk_requests requests waiting all the time, and see how often the neighbour has its turn."),
    ),
)
"""Fills the queue of the disk every millisecond."""
