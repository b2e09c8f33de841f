"""A program beside the VMs that multiplies."""

from vmwidgets.model.range.attack import Attack, Placement
from vmwidgets.model.words import said

FORK_BOMB = Attack(
    id="fork_bomb",
    title=said("a fork bomb beside the VMs"),
    code="""
    mov rcx, 500
more:
    mov rax, {call_host_fork}
    vmcall
    dec rcx
    jnz more
""",
    goal="slowed",
    placement=Placement(seat="host"),
    family="V9",
    number=19,
    hints=(
        said("Who divides the processors among the VMs, and whom else does he give some?"),
        said("Where VMs are processes, a thread is a thread. Where they are not, your OS is one more domain."),
        said("Start 500 threads that compute, and look at what is left to the victim."),
    ),
)
"""Starts threads that compute, as many as it gets."""
