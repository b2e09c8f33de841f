"""Stage A0 of an assignment: the rules, and the manual of the VMM."""

from typing import TYPE_CHECKING, Any

import traitlets

from vmwidgets.answers import Answer
from vmwidgets.locale import gettext as _
from vmwidgets.locale import mark
from vmwidgets.widgets.assignment_manual import pages
from vmwidgets.widgets.assignment_stage import Stage

if TYPE_CHECKING:
    from vmwidgets.widgets.assignment import Assignment


class Rules(Stage):
    """The rules, and the manual of the VMM."""

    _front = "assignment_rules"
    _messages = ("agree",)
    _name = "rules"

    manual = traitlets.Dict().tag(sync=True)

    def __init__(self, assignment: "Assignment") -> None:
        super().__init__(assignment)
        self.manual = pages(self.zone.variant)

    def refresh(self) -> None:
        """Write all synced traits anew."""
        super().refresh()
        self.manual = pages(self.zone.variant)

    def _on_agree(self, content: dict[str, Any]) -> None:
        if content.get("yes") is True:
            self.assignment.answer(Answer("choice", "a0", "agreed"))

    def _state(self) -> dict[str, Any]:
        zone = self.zone
        agreed = zone.value("a0") is not None
        return {
            **self._head(mark("A0 · Rules and manual")),
            "sentence": _(
                "I attack only the model in this notebook. What I learn here I use on no computer whose owner has not "
                "agreed to it, and the programs that I hand in are my own."
            ),
            "agreed": agreed,
            "note": _("Agreed.") if agreed else _("Tick this before you begin."),
        }
