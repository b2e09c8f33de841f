"""A noisy neighbour on the network: a VM that always has as many packets waiting as it may."""

from vmwidgets.model.range.attack import Attack
from vmwidgets.model.words import said

NOISY_NETWORK = Attack(
    id="noisy_network",
    title=said("a neighbour with many packets at the network link"),
    code="""
    mov rdx, {port_link}
    mov rbx, 24                 ; milliseconds
again:
    mov rcx, {link_packets}
more:
    out dx, al                  ; one packet; for what there is no room is lost
    dec rcx
    jnz more
    hlt                         ; until the next tick
    dec rbx
    jnz again
""",
    goal="network_short",
    family="V6",
    number=15,
    like="Matthews et al. 2007",
    hints=(
        said("Whoever has the processor may send. Who has the wire?"),
        said("Your neighbour sends a packet and waits for the answer. You need not wait."),
        said("Keep link_packets packets waiting all the time, and see how often the neighbour has its turn."),
    ),
)
"""Fills the queue of the link every millisecond."""
