"""What every stage of an assignment has: its zone, its head, and two lamps that never become one."""

from typing import TYPE_CHECKING, Any

import traitlets

from vmwidgets.locale import gettext as _
from vmwidgets.widgets.assignment_lamps import here, sent
from vmwidgets.widgets.kit import View

if TYPE_CHECKING:
    from vmwidgets.widgets.assignment import Assignment
    from vmwidgets.widgets.assignment_zone import Zone


class Stage(View):
    """One stage, as a view.

    Parameters
    ----------
    assignment
        Whose stage.
    """

    _name = "stage"

    state = traitlets.Dict().tag(sync=True)

    def __init__(self, assignment: "Assignment") -> None:
        self.assignment = assignment
        super().__init__(state=self._state())

    @property
    def zone(self) -> "Zone":
        """The zone that the assignment is in: the student's own, or practice."""
        return self.assignment.zone

    def refresh(self) -> None:
        """Write all synced traits anew."""
        self.state = self._state()

    def _state(self) -> dict[str, Any]:
        raise NotImplementedError

    def _head(self, title: str, *items: str, about: str = "", closed: str = "") -> dict[str, Any]:
        """Return what all stages show: title, the word PRACTICE, why it is closed, and the lamps of some items."""
        lamps = [*(here(self.zone, item) for item in items), sent(self.assignment)] if items else []
        return {
            "title": _(title),
            "practice": _("PRACTICE: nothing here is graded.") if self.zone.practice else "",
            "about": _(about),
            "closed": _(closed),
            "lamps": lamps,
        }

    def __repr__(self) -> str:
        return f"<{self.assignment.title}: {self._name}>"
