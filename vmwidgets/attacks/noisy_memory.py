"""A noisy neighbour on memory: a VM that grows and uses all its pages all the time."""

from vmwidgets.model.range.attack import Attack, Placement
from vmwidgets.model.words import said

NOISY_MEMORY = Attack(
    id="noisy_memory",
    title=said("a neighbour that uses all its memory all the time"),
    code="""
    mov rbx, {pages}
grow:
    mov rax, {call_balloon_claim}
    mov rdi, rbx
    vmcall
    inc rbx
    cmp rbx, {most_pages}
    jb grow
    mov rbx, 40                 ; milliseconds
again:
    xor rsi, rsi
    mov rcx, {most_pages}
use:
    mov rax, [rsi]
    add rsi, {page_bytes}
    dec rcx
    jnz use
    hlt                         ; until the next tick
    dec rbx
    jnz again
""",
    goal="slowed",
    placement=Placement(pressed=True),
    family="V6",
    number=15,
    like="Matthews et al. 2007",
    hints=(
        said("There is less memory than was promised. Whose pages have to go?"),
        said("A page that was used a moment ago stays. How many pages can you use in a moment?"),
        said("Claim every page up to most_pages, and touch all of them in each tick."),
    ),
)
"""Touches more pages in each tick than there is room for beside those of the others."""
