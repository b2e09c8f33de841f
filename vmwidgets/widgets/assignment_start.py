"""The head of an assignment, with the map of concepts that fills in."""

from datetime import date
from typing import Any

from vmwidgets.assignments.perimeter.items import ITEMS
from vmwidgets.assignments.perimeter.weaknesses import SLOTS
from vmwidgets.locale import error_text, mark, number
from vmwidgets.locale import gettext as _
from vmwidgets.widgets.assignment_lamps import PARTS, sent
from vmwidgets.widgets.assignment_stage import Stage
from vmwidgets.widgets.attack_words import FAMILY_NAMES
from vmwidgets.widgets.kit import plain

CHECKED = tuple(one.id for one in ITEMS if one.most and not one.human)
"""The items that a grader counts by itself."""
_WORDS = {"none": mark("open"), "part": mark("begun"), "good": mark("done"), "bad": mark("not yet right")}


class Start(Stage):
    """Whose assignment this is, and how far it has come."""

    _front = "assignment_start"
    _messages = ("token",)
    _name = "start"

    def _on_token(self, content: dict[str, Any]) -> None:
        self.assignment.begin(str(content.get("text")))

    def _state(self) -> dict[str, Any]:
        zone = self.zone
        if not zone.practice:
            who = plain(
                mark("Student {student}, term {term}; handed in until {day}. Your answers are kept in {file}."),
                student=zone.token.student,
                term=zone.token.term,
                day=zone.token.expires.isoformat(),
                file=zone.file.path.name,
            )
            if zone.token.expires < date.today():
                who += " " + _("That day is over.")
            if not zone.answered:
                who += " " + _("If this is not you, type your token again: nothing has been answered yet.")
        else:
            who = plain(
                mark("Without a token you practise. Your answers are kept in {file}."), file=zone.file.path.name
            )
            if self.assignment.complaint:
                who = f"{error_text(self.assignment.complaint)}. {who}"
        results = [one for item in CHECKED if (one := zone.shown_result(item))]
        points, most = (
            sum(one.points or 0 for one in results),
            sum(one.most for one in ITEMS if one.id in CHECKED),
        )
        return {
            **self._head(mark("Perimeter")),
            "lamps": [sent(self.assignment)],
            "asks": not (self.assignment.is_practice if zone.practice else zone.answered),
            "token": zone.token.text,
            "who": who,
            "map_title": _("The perimeter, as far as you have come"),
            "map": self._map(),
            "sentence": plain(
                mark(
                    "By the checks here, on your own instance: {points} of {most} points. The text (A6) is read by "
                    "your teacher."
                ),
                points=number(points),
                most=number(most),
            ),
        }

    def _map(self) -> list[list[dict[str, str]]]:
        zone = self.zone
        agreed, recon = (zone.value(item) is not None for item in ("a0", "a1"))
        return [
            [
                _node(mark("Rules and manual"), "", "good" if agreed else "none"),
                _node(mark("Which walls are weak?"), "", "good" if recon else "none"),
            ],
            *(self._wall(slot) for slot in SLOTS),
            [
                _node(mark("Other attacks"), "", self._tone("a4.mutants")),
                _node(mark("Workload"), "", self._tone("a4.workload")),
                _node(mark("Price"), "", self._tone("a5")),
                _node(mark("Risk that is left"), "", "good" if zone.value("a6") else "none"),
            ],
        ]

    def _wall(self, slot: str) -> list[dict[str, str]]:
        zone = self.zone
        family = zone.family(slot)
        crosses = zone.crosses(slot)
        named = zone.value(f"a3.{slot}") is not None
        diagnosed = "good" if named and self._tone("a3") == "good" else "part" if named else "none"
        wall = _(PARTS[f"a2.{slot}"])
        name = _(FAMILY_NAMES[family]) if family else _("which weakness?")
        stopped = crosses and zone.value("a4") is not None and not zone.crosses(slot, zone.settings)
        return [
            _node(wall[:1].upper() + wall[1:], name, "good" if crosses else "part" if family else "none"),
            _node(mark("Crossed"), "", "good" if crosses else "part" if zone.program(slot) else "none"),
            _node(mark("Why nobody noticed"), "", diagnosed),
            _node(mark("Closed again"), "", "good" if stopped else "none"),
        ]

    def _tone(self, item: str) -> str:
        result = self.zone.shown_result(item)
        if result is None or result.points is None:
            return "none"
        return "good" if result.points == result.most else "part" if result.points else "bad"


def _node(title: str, text: str, tone: str) -> dict[str, str]:
    return {"title": _(title), "text": text, "tone": tone, "word": _(_WORDS[tone])}
