"""What a chapter asks, as data: questions, options, and checks that return points, a reason and a hint.

No widget, no answer key: what is right is computed by the model from the student's variant.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from vmwidgets.answer_sheet import MAX_PROGRAM
from vmwidgets.lab import Lab
from vmwidgets.locale import mark
from vmwidgets.model.errors import VmwidgetsError
from vmwidgets.model.random import fnv1a, random_permille

Value = int | str | tuple[int | str, ...]
PRACTICE = "practice"
"""The token of the variant that the chapter's text speaks of."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an answer is worth.

    Parameters
    ----------
    points, most
        Points, and how many there are.
    reason, hint
        Sentences (message ids); ``""`` if there is nothing to say.
    fields
        Named fields of these sentences; texts among them are message ids, too.
    error
        What is wrong with a program, in the place of the reason.
    """

    points: int
    most: int
    reason: str
    hint: str = ""
    fields: Mapping[str, object] = field(default_factory=dict[str, object])
    error: VmwidgetsError | None = None

    @property
    def right(self) -> bool:
        """Whether nothing is missing."""
        return self.points == self.most


Check = Callable[[Value], Verdict]


@dataclass(frozen=True, slots=True)
class Item:
    """One question.

    Parameters
    ----------
    id
        Stable: answers refer to it.
    kind
        ``"number"`` (a whole number of ``10**-decimals`` units), ``"choice"`` (one option), ``"table"`` (one option for
        each of ``rows``), ``"text"`` or ``"program"`` (guest code).
    question
        A message id with the named fields ``fields``; those of ``rows`` may have them, too.
    check
        A pure function of the answer; ``None`` for what is only recorded.
    unit, decimals
        For numbers: what is typed beside the field, and how many decimals a reader may give.
    options, rows
        Pairs of id and message id.
    """

    id: str
    kind: str
    question: str
    check: Check | None = None
    fields: Mapping[str, str | int | float] = field(default_factory=dict[str, "str | int | float"])
    unit: str = ""
    decimals: int = 0
    options: tuple[tuple[str, str], ...] = ()
    rows: tuple[tuple[str, str], ...] = ()

    def read(self, value: Value) -> Value:
        """Return the answer if it has the form of one.

        Raises
        ------
        VmwidgetsError
            If not, with what was expected.
        """
        ids = tuple(id for id, _ in self.options)
        if self.kind == "number":
            fits = type(value) is int and abs(value) <= 10**15
            expected = mark("a number")
        elif self.kind == "choice":
            fits, expected = value in ids, mark("one of the options")
        elif self.kind == "table":
            fits = isinstance(value, tuple) and len(value) == len(self.rows) and all(v in ids for v in value)
            expected = mark("one option in every row")
        elif self.kind == "program":
            fits = isinstance(value, str) and bool(value.strip()) and len(value) <= MAX_PROGRAM
            expected = mark("guest code of at most 16000 characters")
        else:
            fits = isinstance(value, str) and 0 < len(value.strip()) <= 2000
            expected = mark("a sentence of at most 2000 characters")
        if not fits:
            raise VmwidgetsError("there is no answer here yet, expected {what}", what=expected)
        return value


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a chapter.

    Parameters
    ----------
    id
        ``predict``, ``observe``, ``explain``, ``drills`` or ``exit``.
    items
        Its questions, in their order.
    most
        What their points add up to, if that is not what the part is worth; they then count in proportion.
    """

    id: str
    items: tuple[Item, ...]
    most: int = 0


@dataclass(frozen=True, slots=True)
class Chapter:
    """A chapter: its parts in the order in which they open, and a fresh lab with the machines it speaks of."""

    name: str
    parts: tuple[Part, ...]
    lab: Callable[[], Lab]

    def part(self, id: str) -> Part:
        """Return one part."""
        return next(part for part in self.parts if part.id == id)


PARTS = ("predict", "observe", "explain", "drills", "exit")
POINTS = {"predict": 1, "observe": 2, "explain": 2, "drills": 4, "exit": 1}
"""Ten points a chapter; a prediction earns its point by being made, never by being right."""


class Draw:
    """Random choices of one variant: a pure function of token and purpose."""

    def __init__(self, token: str, chapter: str) -> None:
        self.practice = token == PRACTICE
        self._stream = f"{chapter}/{token}"
        self.seed = fnv1a(self._stream) % 2**63

    def number(self, purpose: str, low: int, high: int) -> int:
        """Return a whole number from ``low`` to ``high``."""
        draw = int(random_permille(self.seed, purpose, np.zeros(1, np.int64))[0])
        return low + draw * (high - low + 1) // 1000

    def order(self, purpose: str, count: int) -> list[int]:
        """Return 0 to ``count`` - 1 in a drawn order."""
        keys = random_permille(self.seed, purpose, np.arange(count, dtype=np.int64))
        return sorted(range(count), key=lambda i: (int(keys[i]), i))


def exact(expected: int, most: int, wrong: str, hint: str = "", near: int = 0) -> Check:
    """Return a check that wants one number, give or take ``near``."""

    def check(value: Value) -> Verdict:
        if isinstance(value, int) and abs(value - expected) <= near:
            return Verdict(most, most, mark("That is what the model shows."))
        return Verdict(0, most, wrong, hint)

    return check


def option(expected: str, most: int, wrong: dict[str, str]) -> Check:
    """Return a check that wants one option, and says of each other one why it is not."""

    def check(value: Value) -> Verdict:
        if value == expected:
            return Verdict(most, most, mark("Yes."))
        return Verdict(0, most, wrong.get(str(value), mark("Not this one.")), mark("Look at the run once more."))

    return check
