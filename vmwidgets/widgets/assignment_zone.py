"""One zone of an assignment: a token, its host, its answer file, and what the model says to the answers.

The state is the answer file and nothing else, as with lessons. What is computed from it is remembered as long as the
answers that it depends on are the same.
"""

import os
from collections.abc import Mapping
from functools import cached_property
from typing import Any

from vmwidgets import receipts
from vmwidgets.answers import Answer, AnswerFile
from vmwidgets.assignments.perimeter.board import Board, board, cost
from vmwidgets.assignments.perimeter.checks import check_item
from vmwidgets.assignments.perimeter.items import OWN_BOOT, hints
from vmwidgets.assignments.perimeter.mending import near
from vmwidgets.assignments.perimeter.variant import Variant, variant
from vmwidgets.assignments.perimeter.weaknesses import SLOTS
from vmwidgets.assignments.result import Result, shown
from vmwidgets.assignments.tokens import Token
from vmwidgets.locale import gettext as _
from vmwidgets.model.errors import VmwidgetsError
from vmwidgets.model.range.prices import Price
from vmwidgets.widgets.attack_words import capital
from vmwidgets.widgets.kit import plain

_PROGRAMS = tuple(f"a2.{slot}{end}" for slot in SLOTS for end in ("", ".family"))
_DEPENDS = {
    "a1": ("a1",),
    **{f"a2.{slot}": (f"a2.{slot}", f"a2.{slot}.family", f"hint.{slot}") for slot in SLOTS},
    "a3": (*(f"a3.{slot}" for slot in SLOTS), *_PROGRAMS),
    "a4.exploits": ("a4", *_PROGRAMS),
    "a4.mutants": ("a4",),
    "a4.workload": ("a4",),
    "a5": ("a5", "a4"),
    "a6": ("a6",),
}
"""The answers that each item looks at."""
ITEMS = tuple(_DEPENDS)
"""The items that something can be said about here."""
_GIVEN = {**{item: needs[:1] for item, needs in _DEPENDS.items()}, "a3": tuple(f"a3.{slot}" for slot in SLOTS)}
"""The answers without any of which there is nothing to say about an item."""


class Zone:
    """Where a student works: on the host of a token, or on the one for practice.

    Parameters
    ----------
    name
        Id of the assignment.
    token
        Whose host; the practice token's for practice.
    folder
        Where the answer file lies, see :class:`vmwidgets.answers.AnswerFile`.

    Raises
    ------
    VmwidgetsError
        If the answer file is damaged, or holds the answers to another token.
    """

    def __init__(self, name: str, token: Token, folder: str | os.PathLike[str] | None = None) -> None:
        self.name, self.token = name, token
        self.practice = token.practice
        self.file = AnswerFile(f"{name}-practice" if token.practice else name, token.text, folder)
        if self.file.token != token.text and not self.answered:
            # A token may have been mistyped, and nothing is lost yet.
            self.file.token = token.text
        if self.file.token != token.text:
            raise VmwidgetsError(
                "{file} holds answers to another token; move it away to begin with this one", file=self.file.path.name
            )
        self._found: dict[str, tuple[object, Any]] = {}

    # ------------------------------------------------------------------------------------------------------ the answers
    @property
    def answers(self) -> dict[str, Answer]:
        """The last record of each item."""
        return {one.item: one for one in self.file.answers}

    @property
    def answered(self) -> bool:
        """Whether there is anything to hand in."""
        return bool(self.file.answers)

    def value(self, item: str) -> Any:
        """Return what was last answered, or ``None``."""
        found = self.answers.get(item)
        return found.value if found else None

    def put(self, *answers: Answer) -> None:
        """Add records that differ from the last ones of their items."""
        for one in answers:
            if self.answers.get(one.item) != one:
                self.file.add(one)

    @property
    def receipt(self) -> str:
        """The receipt of all answers as they are."""
        return self._remember("receipt", self.answers, lambda: self._write_receipt())

    def _write_receipt(self) -> str:
        return receipts.write(self.name, self.token.text, self.file.answers)

    @property
    def carries_answers(self) -> bool:
        """Whether the receipt holds the answers themselves, and not only their hash."""
        return "-FILE-" not in self.receipt

    # --------------------------------------------------------------------------------------------------------- the host
    @cached_property
    def variant(self) -> Variant:
        """The host."""
        return variant(self.token.seed)

    @cached_property
    def board(self) -> Board:
        """The defence board, with its prices and the budget."""
        return board(self.variant)

    def families(self, slot: str) -> tuple[str, ...]:
        """The families that a wall can be weak in."""
        return SLOTS[slot]

    def family(self, slot: str) -> str:
        """The family that was chosen for a wall, ``""`` if none was."""
        value = self.value(f"a2.{slot}.family")
        return value if value in SLOTS[slot] else ""

    def program(self, slot: str) -> str:
        """The program that is kept for a wall, ``""`` if there is none."""
        return self.value(f"a2.{slot}") or ""

    def hints_opened(self, slot: str) -> int:
        """How many hints were opened."""
        return self.value(f"hint.{slot}") or 0

    def hints(self, slot: str) -> tuple[str, ...]:
        """The three hints of a wall."""
        return tuple(_(text) for text in hints(self.variant, slot))

    @property
    def settings(self) -> dict[str, bool]:
        """The switches of the board that was handed in, or as they were handed over."""
        value = self.value("a4")
        return self.variant.settings if value is None else self._settings(value)

    def _settings(self, board: Any) -> dict[str, bool]:
        return {id: id in board for id in self.variant.settings}

    # ---------------------------------------------------------------------------------------------------- what it costs
    @property
    def predictions(self) -> dict[Any, Answer]:
        """The last prediction of the price for each board that was handed in."""
        found: dict[Any, Answer] = {}
        board: Any = None
        for one in self.file.answers:
            if one.item == "a4":
                board = one.value
            elif one.item == "a5" and board is not None:
                found[board] = one
        return found

    @property
    def predicted(self) -> tuple[int, ...] | None:
        """What was predicted for the board that was handed in, ``None`` if that is still to be done."""
        found = self.predictions.get(self.value("a4"))
        return found.value if found and isinstance(found.value, tuple) else None  # pyright: ignore[reportReturnType]

    def alike(self, board: Any) -> Any:
        """Return the first board with a prediction that costs about what this one does; ``None``: there is none.

        The price of that one has been shown, so there is nothing left to be predicted about this one.
        """
        price = _figures(self._cost(board))
        return next((one for one in self.predictions if all(near(_figures(self._cost(one)), price))), None)

    @property
    def cost(self) -> tuple[int, int, int]:
        """What that board costs: processor time in thousandths, frames, exits in a second, more than as handed over."""
        return _figures(self._cost(self.value("a4")))

    @property
    def paid(self) -> bool:
        """Whether the budget pays for that board."""
        return self.board.budget.pays(self._cost(self.value("a4")))

    def _cost(self, board: Any) -> Price:
        return cost(self.variant, self._settings(board))

    # ----------------------------------------------------------------------------------------------- what comes of them
    def run(self, family: str, code: str, switches: Mapping[str, bool] | None = None) -> bool | None:
        """Return whether a program crosses the wall on the own instance; ``None`` for a text that is no program."""
        try:
            return self.variant.run(family, code, OWN_BOOT, switches).crossed
        except VmwidgetsError:
            return None

    def crosses(self, slot: str, switches: Mapping[str, bool] | None = None) -> bool:
        """Whether the program that is kept crosses its wall on the own instance."""
        family, code = self.family(slot), self.program(slot)
        if not (family and code):
            return False
        key = (family, code, tuple(sorted((switches or {}).items())))
        name = f"crosses {slot} {'board' if switches is not None else 'handed over'}"
        return self._remember(name, key, lambda: bool(self.run(family, code, switches)))

    def result(self, item: str) -> Result | None:
        """Return what the checks here say about an item, ``None`` if nothing was handed in for it."""
        answers = self.answers
        if not any(one in answers for one in _GIVEN[item]):
            return None
        key = tuple(answers.get(one) for one in _DEPENDS[item])
        return self._remember(item, key, lambda: check_item(self.variant, item, answers, OWN_BOOT))

    def shown_result(self, item: str) -> Result | None:
        """Return the same, but nothing that would give away what is to be predicted or broken first."""
        return None if self._waits(item) else self.result(item)

    def _waits(self, item: str) -> bool:
        if item == "a3":  # its points would tell which weakness is there, one choice after the other
            return any(not self.crosses(slot) for slot in SLOTS if f"a3.{slot}" in self.answers)
        return item in ("a4.workload", "a5") and self.value("a4") is not None and self.predicted is None

    @staticmethod
    def sentence(result: Result) -> str:
        """Return the reason of a result and what helps on, in the reader's language.

        The hints of a wall are no part of it: they are opened where they say what they cost.
        """
        fields = shown(result.fields)
        texts = [plain(text, **fields) for text in (result.reason, result.hint) if text]
        if result.item.startswith("a2."):
            del texts[1:]
        return " ".join(capital(text) + "." * (text[-1:] not in ".?!:") for text in texts if text)

    def _remember(self, name: str, key: object, find: Any) -> Any:
        if name not in self._found or self._found[name][0] != key:
            self._found[name] = key, find()
        return self._found[name][1]


def _figures(price: Price) -> tuple[int, int, int]:
    return price.cpu_permille - 1000, price.frames, price.exits_per_s
