"""A program beside the VMs that takes memory until the host kills whoever has most."""

from vmwidgets.model.range.attack import Attack, Placement
from vmwidgets.model.words import said

HOST_MEMORY = Attack(
    id="host_memory",
    title=said("the host runs out of memory"),
    code="""
    mov rcx, 100
more:
    mov rax, {call_host_allocate}
    mov rdi, 1024               ; MiB
    vmcall
    dec rcx
    jnz more
""",
    goal="gone",
    placement=Placement(seat="host"),
    family="V9",
    number=19,
    hints=(
        said("What does an OS do when there is neither memory nor swap space left?"),
        said("It kills the largest process. Which one is that?"),
        said("Take 1024 MiB after 1024 MiB until you get no more, and see who is still there."),
    ),
)
"""Takes memory, a GiB at a time."""
