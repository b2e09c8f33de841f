"""The views of a lesson: one for each part, and one for each drill that wants a program."""

from typing import TYPE_CHECKING, Any

import traitlets

from vmwidgets.chapters.items import Item
from vmwidgets.locale import gettext as _
from vmwidgets.model.errors import VmwidgetsError
from vmwidgets.widgets.kit import View

if TYPE_CHECKING:
    from vmwidgets.widgets.lesson import Lesson


class PartView(View):
    """One part of a lesson."""

    _front = "lesson"
    _messages = ("answer",)

    state = traitlets.Dict().tag(sync=True)

    def __init__(self, lesson: "Lesson", part: str) -> None:
        self.lesson = lesson
        self.part = part
        super().__init__(state=self._state())

    def _state(self) -> dict[str, Any]:
        return self.lesson.state(self.part)

    def refresh(self) -> None:
        """Write all synced traits anew."""
        self.state = self._state()

    def _on_answer(self, content: dict[str, Any]) -> None:
        values = content.get("values")
        if not isinstance(values, dict):
            raise VmwidgetsError("there is no answer here yet, expected {what}", what=_("one option in every row"))
        self.lesson.answer(self.part, values, content.get("confidence"))

    def __repr__(self) -> str:
        return f"<{self.lesson.name}: {self.part}>"


class ProgramView(PartView):
    """One drill whose answer is a program.

    Parameters
    ----------
    lesson, item
        Which.
    desk
        Whatever has the code that a student is working on, as its ``trial.code``; it can be taken over from there.
    """

    _messages = ("answer", "take")

    def __init__(self, lesson: "Lesson", item: Item, desk: Any = None) -> None:
        self._item, self._desk = item, desk
        self._taken: str | None = None
        super().__init__(lesson, "drills")

    def _state(self) -> dict[str, Any]:
        state = self.lesson.state(self.part, self._item.id)
        if self._taken is not None:
            state["items"] = [one | {"value": self._taken, "verdict": None} for one in state["items"]]
        return state | {"take": _("Take the code over from above") if self._desk else ""}

    def _on_take(self, _content: dict[str, Any]) -> None:
        self._taken = str(self._desk.trial.code)
        self.refresh()

    def _on_answer(self, content: dict[str, Any]) -> None:
        self._taken = None
        super()._on_answer(content)

    def __repr__(self) -> str:
        return f"<{self.lesson.name}: {self._item.id}>"
