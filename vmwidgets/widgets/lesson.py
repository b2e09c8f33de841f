"""The parts of a chapter as widgets: predict, observe, explain, drills, exit ticket; one state machine behind them.

The state is the answer file and nothing else: it is read when a lesson begins, so what was answered is found again
after a restart of the kernel or a reload of the page, and controls stay locked until a prediction lies in it.
"""

import os
from collections.abc import Callable
from typing import Any

from vmwidgets.answers import Answer, AnswerFile
from vmwidgets.chapters import chapter
from vmwidgets.chapters.items import PARTS, POINTS, PRACTICE, Item, Verdict
from vmwidgets.lab import Lab
from vmwidgets.locale import error_text, mark, ngettext
from vmwidgets.locale import gettext as _
from vmwidgets.model.errors import VmwidgetsError
from vmwidgets.widgets.board import Board
from vmwidgets.widgets.curtain import Curtain
from vmwidgets.widgets.kit import plain
from vmwidgets.widgets.lesson_values import field, kind_of, place_of, said, shown, typed
from vmwidgets.widgets.lesson_views import PartView, ProgramView

_TITLES = {
    "predict": mark("Predict"),
    "observe": mark("Observe"),
    "explain": mark("Explain"),
    "drills": mark("Drills"),
    "exit": mark("Exit ticket"),
}
_BUTTONS = {
    "predict": mark("Commit the prediction"),
    "observe": mark("Record the observation"),
    "explain": mark("Answer"),
    "drills": mark("Check"),
    "exit": mark("Answer"),
}
_CLOSED = {
    "observe": mark("Opens when your prediction is in."),
    "explain": mark("Opens when your observation is right."),
    "drills": mark("Opens when you have explained the gap between prediction and observation."),
    "exit": mark("Opens when you have tried every drill."),
}


class Lesson:
    """A chapter in which a student predicts, observes, explains and drills.

    Parameters
    ----------
    name
        Name of the chapter, that of its notebook.
    token
        Chooses the variant; ``"practice"`` is the one that the text speaks of. By default ``VMWIDGETS_TOKEN``.
    folder
        Where the answer file lies, see :class:`vmwidgets.answers.AnswerFile`.
    """

    def __init__(self, name: str, token: str | None = None, folder: str | os.PathLike[str] | None = None) -> None:
        token = token or os.environ.get("VMWIDGETS_TOKEN") or PRACTICE
        self.name = name
        self.file = AnswerFile(name, token, folder)
        self.token = self.file.token
        self.chapter = chapter(name, self.token)
        self._views: dict[str, PartView] = {}
        self._programs: dict[str, ProgramView] = {}
        self._gated: list[Any] = []

    # ----------------------------------------------------------------------------------------------------------- views
    @property
    def predict(self) -> PartView:
        """The question before the experiment."""
        return self._view("predict")

    @property
    def observe(self) -> PartView:
        """The reading."""
        return self._view("observe")

    @property
    def explain(self) -> PartView:
        """The mechanism behind the gap between the two."""
        return self._view("explain")

    @property
    def drills(self) -> PartView:
        """The exercises; as many tries as one likes. Those that want a program stand by themselves."""
        return self._view("drills")

    @property
    def exit(self) -> PartView:
        """The last question."""
        return self._view("exit")

    def _view(self, part: str) -> PartView:
        if part not in self._views:
            self._views[part] = PartView(self, part)
        return self._views[part]

    def program(self, item: str, desk: Any = None) -> ProgramView:
        """Return the view of a drill whose answer is a program.

        Parameters
        ----------
        item
            Its id.
        desk
            Where the code is tried out, an attack lab: the view can take it over from there.

        Raises
        ------
        VmwidgetsError
            If there is no such drill.
        """
        found = {one.id: one for one in self.chapter.part("drills").items if one.kind == "program"}
        if item not in found:
            raise VmwidgetsError(
                "there is no program {name}, expected one of {known}", name=repr(item)[:40], known=", ".join(found)
            )
        if item in self._programs:
            self._programs[item].close()
        self._programs[item] = ProgramView(self, found[item], desk)
        return self._programs[item]

    def written(self, item: str, start: str = "") -> str:
        """Return the program that was answered last, or ``start`` if there is none."""
        given = self.file.latest(item, "program")
        return str(given.value) if given else start

    def lab(self) -> Lab:
        """Return a fresh lab with the machines that the chapter speaks of."""
        return self.chapter.lab()

    def gate(self, board: "Board | Any") -> "Board | Any":
        """Keep the controls of a board locked until the prediction is in; returns the board."""
        self._gated.append(board)
        if not self.predicted:
            board.lock()
        return board

    def reveal(self, make: Callable[[], Any]) -> Curtain:
        """Return a place where what ``make`` returns is shown as soon as the prediction is in."""
        curtain = Curtain(make)
        if self.predicted:
            curtain.unlock()
        return self.gate(curtain)

    def close(self) -> None:
        """Close all parts."""
        for view in (*self._views.values(), *self._programs.values()):
            view.close()
        self._views.clear()
        self._programs.clear()
        self._gated.clear()

    # ---------------------------------------------------------------------------------------------------- the machine
    @property
    def predicted(self) -> bool:
        """Whether the prediction is in."""
        return self._answered("predict")

    def _answered(self, part: str) -> bool:
        items = self.chapter.part(part).items
        return all(self.file.latest(item.id, kind_of(part, item)) for item in items)

    def is_open(self, part: str) -> bool:
        """Whether a part can be answered: each opens the next one."""
        if part == "predict":
            return True
        before = PARTS[PARTS.index(part) - 1]
        if not self._answered(before):
            return False
        return before != "observe" or self.points("observe") == POINTS["observe"]

    def points(self, part: str) -> int:
        """Return the points of a part, counted afresh from the answers."""
        if part == "predict":
            return POINTS[part] if self.predicted else 0
        asked = self.chapter.part(part)
        verdicts = (self._verdict(part, item) for item in asked.items)
        points = sum(verdict.points for verdict in verdicts if verdict)
        return points * POINTS[part] // asked.most if asked.most else points

    def answer(self, part: str, values: dict[str, Any], confidence: int | None = None) -> tuple[Verdict, ...]:
        """Record the answers to one part, all or none, and return what they are worth.

        Parameters
        ----------
        part
            One of ``"predict"``, ``"observe"``, ``"explain"``, ``"drills"``, ``"exit"``.
        values
            By the id of each item: a number (or its text, as typed), an option, a list of options, a sentence.
        confidence
            1 to 4; a prediction needs it.

        Raises
        ------
        VmwidgetsError
            If the part is not open, the prediction is in already, or something is missing.
        """
        if not self.is_open(part):
            raise VmwidgetsError(_CLOSED[part])
        if part == "predict" and self.predicted:
            raise VmwidgetsError("your prediction is in: it stays as it is")
        items = self._asked_with(part, values)
        if part == "predict" and confidence not in (1, 2, 3, 4):
            raise VmwidgetsError("say how sure you are, from 1 to 4")
        read = [item.read(typed(item, values.get(item.id))) for item in items]
        for item, value in zip(items, read, strict=True):
            self.file.add(Answer(kind_of(part, item), item.id, value, confidence if part == "predict" else None))
        if part == "predict":
            for board in self._gated:
                board.unlock()
        for view in (*self._views.values(), *self._programs.values()):
            view.refresh()
        return tuple(v for item in items if (v := self._verdict(part, item)))

    def _asked_with(self, part: str, values: dict[str, Any]) -> list[Item]:
        """Return the items that have to be answered at the same time: programs can be answered one by one."""
        items = self.chapter.part(part).items
        programs = [item for item in items if item.kind == "program" and item.id in values]
        if programs and len(programs) == len(values):
            return programs
        return [item for item in items if item.kind != "program" or item in programs]

    def _verdict(self, part: str, item: Item) -> Verdict | None:
        given = self.file.latest(item.id, kind_of(part, item))
        return item.check(given.value) if given and item.check else None

    def state(self, part: str, program: str = "") -> dict[str, Any]:
        """Return what the view of a part shows, in the reader's language; or only that of one of its programs."""
        is_open = self.is_open(part)
        committed = part == "predict" and self.predicted
        items: list[dict[str, Any]] = []
        for item in self.chapter.part(part).items:
            if item.id != program if program else item.kind == "program":
                continue
            given = self.file.latest(item.id, kind_of(part, item))
            verdict = self._verdict(part, item) if part != "predict" else None
            fields = {name: field(value) for name, value in item.fields.items()}
            items.append(
                {
                    "id": item.id,
                    "kind": item.kind,
                    "question": _(item.question).format(**fields),
                    "unit": _(item.unit) if item.unit else "",
                    "decimals": item.decimals,
                    "options": [[id, _(text)] for id, text in item.options],
                    "rows": [[id, _(text).format(**fields)] for id, text in item.rows],
                    "value": shown(item, given.value) if given else None,
                    "verdict": verdict
                    and {
                        "points": verdict.points,
                        "most": verdict.most,
                        "reason": error_text(verdict.error) if verdict.error else said(verdict.reason, verdict.fields),
                        "hint": said(verdict.hint, verdict.fields) if verdict.hint else "",
                        "place": place_of(verdict),
                    },
                }
            )
        sure = next((a.confidence for a in self.file.answers if a.kind == "prediction"), None)
        total = sum(self.points(p) for p in PARTS)
        return {
            "title": "" if program else _(_TITLES[part]),
            "closed": "" if is_open else _(_CLOSED[part]),
            "committed": committed,
            "confidence": part == "predict",
            "sure": sure if part == "predict" else None,
            "button": _(_BUTTONS[part]),
            "note": self._note(part, committed),
            "score": plain(mark("{points} of 10"), points=ngettext("{n} point", "{n} points", total).format(n=total)),
            "items": items if is_open else [],
        }

    def _note(self, part: str, committed: bool) -> str:
        if part == "predict":
            if committed:
                return _("Your prediction is in. It earns its point whatever comes out; the controls are open.")
            where = self.file.path.name
            practice = self.token == PRACTICE
            text = plain(mark("Your answers are kept in the file {file} beside this notebook."), file=where)
            return _("PRACTICE: nothing here is graded.") + f" {text}" if practice else text
        return ""

    def __repr__(self) -> str:
        done = [part for part in PARTS if self._answered(part)]
        return f"<Lesson {self.name}: {', '.join(done) or 'nothing'} answered>"
