"""A graded assignment as widgets: stages A0 to A6 of "Perimeter", a progress map, hints, two lamps, a receipt."""

import os
from typing import Any

from vmwidgets.answers import Answer, AnswerFile
from vmwidgets.assignments import ASSIGNMENTS
from vmwidgets.assignments.tokens import Token
from vmwidgets.model.errors import VmwidgetsError
from vmwidgets.widgets.assignment_board import BoardView
from vmwidgets.widgets.assignment_lamps import in_words
from vmwidgets.widgets.assignment_receipt import ReceiptView
from vmwidgets.widgets.assignment_rules import Rules
from vmwidgets.widgets.assignment_slot import Break
from vmwidgets.widgets.assignment_stages import Diagnosis, PostMortem, Price, Recon
from vmwidgets.widgets.assignment_start import Start
from vmwidgets.widgets.assignment_zone import ITEMS, Zone

PRACTICE = "practice"
_TOKEN_FILE_CHARACTERS = 1_000


class Assignment:
    """An assignment, one view for each of its stages.

    Without a token everything is practice, on a host that everybody has, and says so. Answers lie in the answer file
    beside the notebook and are found again whenever the cells are run.

    Parameters
    ----------
    name
        Id of the assignment: ``"perimeter"``.
    token
        The student's. By default that of the answer file; else ``VMWIDGETS_TOKEN``; else the text of the file
        ``NAME.token`` beside the answers; else it can be typed in the first view.
    folder
        Where answers lie, see :class:`vmwidgets.answers.AnswerFile`.

    Raises
    ------
    VmwidgetsError
        If there is no such assignment, ``token`` is no token of it, or the answer file is damaged or another token's.
    """

    def __init__(
        self, name: str = "perimeter", token: str | None = None, folder: str | os.PathLike[str] | None = None
    ) -> None:
        if name not in tuple(ASSIGNMENTS):
            raise VmwidgetsError(
                "there is no assignment {id}; known: {known}", id=repr(name)[:40], known=", ".join(ASSIGNMENTS)
            )
        self.name, self._folder = name, folder
        self.taken = ""
        """The receipt that was last copied or downloaded."""
        """The text of A6 as it was last typed, if that is not what was handed in."""
        self.complaint: VmwidgetsError | None = None
        """What is wrong with the token that was found."""
        self._views: dict[str, Any] = {}
        self._shown = [self]
        self._practice_zone = Zone(name, Token.parse(PRACTICE), folder)
        self.zone = self._practice_zone
        if token is not None:
            self.zone = self._zone(token)
        else:
            self._look_for_token()

    # ------------------------------------------------------------------------------------------------------- the token
    def _zone(self, text: str) -> Zone:
        token = Token.parse(text)
        if token.practice:
            return self._practice_zone
        if token.assignment != self.name:
            raise VmwidgetsError("this token is of the assignment {name}", name=token.assignment)
        return Zone(self.name, token, self._folder)

    def _look_for_token(self) -> None:
        file = AnswerFile(self.name, PRACTICE, self._folder)
        beside = file.path.with_name(f"{self.name}.token")
        found = file.token if file.path.exists() else os.environ.get("VMWIDGETS_TOKEN", "")
        if not found and beside.is_file():
            found = beside.read_text(encoding="utf-8-sig", errors="replace")[:_TOKEN_FILE_CHARACTERS]
        try:
            self.zone = self._zone(found.strip() or PRACTICE)
        except VmwidgetsError as error:
            if file.path.exists():
                raise
            # A token that is no good must not keep anybody from practising.
            self.complaint = error

    def begin(self, token: str) -> None:
        """Begin with a token that was typed; the answer file keeps it.

        Raises
        ------
        VmwidgetsError
            If it is no token of this assignment, or the answer file has the answers to another one.
        """
        zone = self._zone(token)
        if not zone.practice:
            zone.file.keep()
        self.zone, self.complaint, self.taken = zone, None, ""
        self._changed()

    # ----------------------------------------------------------------------------------------------------------- views
    @property
    def start(self) -> Start:
        """Whose assignment this is, and how far it has come."""
        return self._view("start", Start)

    @property
    def rules(self) -> Rules:
        """A0: the rules, and the manual of the VMM."""
        return self._view("rules", Rules)

    @property
    def recon(self) -> Recon:
        """A1: which walls are weak."""
        return self._view("recon", Recon)

    @property
    def break_memory(self) -> Break:
        """A2: the wall of memory."""
        return self._view("break memory", Break, "memory")

    @property
    def break_device(self) -> Break:
        """A2: the wall of devices."""
        return self._view("break device", Break, "device")

    @property
    def break_cpu(self) -> Break:
        """A2: the wall of processor time."""
        return self._view("break cpu", Break, "cpu")

    @property
    def diagnose(self) -> Diagnosis:
        """A3: what was broken, and why nobody noticed."""
        return self._view("diagnose", Diagnosis)

    @property
    def fix(self) -> BoardView:
        """A4: the defence board."""
        return self._view("fix", BoardView)

    @property
    def price(self) -> Price:
        """A5: what the fix costs."""
        return self._view("price", Price)

    @property
    def post_mortem(self) -> PostMortem:
        """A6: what is left."""
        return self._view("post-mortem", PostMortem)

    @property
    def receipt(self) -> ReceiptView:
        """What is handed in."""
        return self._view("receipt", ReceiptView)

    @property
    def practice(self) -> "Assignment":
        """The same assignment on the host for practice, which nobody grades."""
        if len(self._shown) == 1:
            self._shown.append(_Practice(self))
        return self._shown[1]

    @property
    def is_practice(self) -> bool:
        """Whether no token can make this more than practice."""
        return self is not self._shown[0]

    def _view(self, name: str, kind: type[Any], *more: str) -> Any:
        if name not in self._views:
            self._views[name] = kind(self, *more)
        return self._views[name]

    def check(self, item: str) -> None:
        """Print both lamps of an item: what the checks here say to it, and what has been sent.

        Parameters
        ----------
        item
            ``"a1"``, ``"a2.memory"``, ``"a2.device"``, ``"a2.cpu"``, ``"a3"``, ``"a4.exploits"``,
            ``"a4.mutants"``, ``"a4.workload"``, ``"a5"`` or ``"a6"``.

        Raises
        ------
        VmwidgetsError
            If there is no such item.
        """
        if item not in ITEMS:
            raise VmwidgetsError(
                "there is no item {name}, expected one of {known}", name=repr(item)[:40], known=", ".join(ITEMS)
            )
        print(in_words(self, item))

    def close(self) -> None:
        """Close all views."""
        for one in self._shown if not self.is_practice else (self,):
            for view in one._views.values():
                view.close()
            one._views.clear()

    # --------------------------------------------------------------------------------------------------------- answers
    def answer(self, *answers: Answer) -> None:
        """Put records into the answer file, and show what comes of them everywhere."""
        for one in answers:
            _check_answer("answer", one)
        self.zone.put(*answers)
        self._changed()

    def keep_program(self, slot: str, family: str, code: str) -> None:
        """Make a program the answer for a wall."""
        if code.strip():
            self.zone.put(Answer("program", f"a2.{slot}", code))
        self.answer(Answer("choice", f"a2.{slot}.family", family))

    def keep_if_better(self, slot: str, family: str, code: str) -> None:
        """Make a program the answer for a wall, unless one that crosses would make room for one that does not."""
        if not self.zone.crosses(slot) or self.zone.run(family, code):
            self.keep_program(slot, family, code)

    def open_hint(self, slot: str) -> None:
        """Open the next hint of a wall."""
        opened = self.zone.hints_opened(slot)
        if opened < len(self.zone.hints(slot)):
            self.answer(Answer("observation", f"hint.{slot}", opened + 1))

    def take_receipt(self, text: str) -> None:
        """Note which receipt was copied or downloaded: an answer that came after it is not in it."""
        self.taken = text
        self._changed()

    def hand_in_board(self, board: Answer) -> None:
        """Make a board the answer. A prediction for the same board counts again, or for one of about the same price."""
        _check_answer("board", board)
        zone = self.zone
        zone.put(board)
        predicted = zone.predictions
        if board.value not in predicted:
            if (like := zone.alike(board.value)) is not None:
                zone.file.add(predicted[like])
        elif zone.answers["a5"] is not predicted[board.value]:
            zone.file.add(predicted[board.value])
        self._changed()

    def predict(self, price: Answer) -> None:
        """Commit a prediction of the price, for the board that was handed in."""
        _check_answer("price", price)
        self.zone.file.add(price)
        self._changed()

    def _changed(self) -> None:
        for one in self._shown:
            for view in tuple(one._views.values()):
                view.refresh()

    @property
    def title(self) -> str:
        """The class and the assignment, for a short description."""
        return f"Assignment {self.name}{', practice' * self.zone.practice}"

    def __repr__(self) -> str:
        return f"<{self.title}>"


class _Practice(Assignment):
    """The practice zone beside an assignment, with which it shares the answers as long as that has no token."""

    def __init__(self, beside: Assignment) -> None:
        self.name, self._folder = beside.name, beside._folder
        self.taken, self.complaint = "", None
        self._views: dict[str, Any] = {}
        self._shown = beside._shown
        self.zone = self._practice_zone = beside._practice_zone

    @property
    def practice(self) -> Assignment:
        """The practice zone is its own."""
        return self


def _check_answer(name: str, value: object) -> None:
    if not isinstance(value, Answer):
        raise VmwidgetsError("{name} is {value}, expected an Answer", name=name, value=repr(value)[:60])
