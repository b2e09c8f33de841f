"""How a program proves that it has crossed a wall: it reports what it found, encoded as the manual says.

What it found is drawn anew at each boot, so that nothing can be learned by heart; how it is encoded is the student's
own, in kind and in numbers, so that the program of another one reports something else.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise, product

from vmwidgets.model.guest_memory import MASK64
from vmwidgets.model.range.draws import Draws

OPERATIONS = ("xor", "add", "rotate")
"""What a step does with 64 bits: exclusive or with a number, the sum with a number, a rotation to the left."""
STEPS = 3
KINDS = tuple(
    one for one in product(OPERATIONS, repeat=STEPS) if all(before != after for before, after in pairwise(one))
)
"""All encodings, as kinds of steps: no step is followed by another one of its kind, for the two would be one."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step of an encoding.

    Parameters
    ----------
    operation
        One of :data:`OPERATIONS`.
    number
        The number that it takes: 64 bits; for a rotation by how many bits, 1 to 63.
    """

    operation: str
    number: int

    def apply(self, word: int) -> int:
        """Return what it makes of 64 bits."""
        if self.operation == "xor":
            return word ^ self.number
        if self.operation == "add":
            return (word + self.number) & MASK64
        return (word << self.number | word >> 64 - self.number) & MASK64


def encode(steps: Sequence[Step], word: int) -> int:
    """Return what is to be reported for 64 bits that were found."""
    for step in steps:
        word = step.apply(word)
    return word


def draw_steps(draws: Draws) -> tuple[Step, ...]:
    """Draw an encoding: first its kind, then its numbers."""
    kinds = KINDS[draws.number("encoding", 0, len(KINDS) - 1)]
    return tuple(
        Step(kind, draws.number(f"step {at}", 1, 63) if kind == "rotate" else draws.word(f"step {at}"))
        for at, kind in enumerate(kinds)
    )
