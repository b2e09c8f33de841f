"""A guest that was lent memory and does not give it back."""

from vmwidgets.model.range.attack import Attack, Placement
from vmwidgets.model.words import said

BALLOON_REFUSAL = Attack(
    id="balloon_refusal",
    title=said("a balloon that is not inflated"),
    code="""
    mov rdx, {port_balloon}
    in eax, dx                  ; how many pages the host wants back
    xor rax, rax
    out dx, al                  ; done, says the driver, and has given none
""",
    goal="memory_short",
    placement=Placement(overcommitted=True),
    number=17,
    hints=(
        said("A balloon takes memory with your consent."),
        said("Look at what the host does when you say that you are done."),
        said("Answer the request without giving pages back, and see whose memory is short."),
    ),
)
"""Says that it has given memory back, and has not."""
