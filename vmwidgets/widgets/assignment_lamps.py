"""Two lamps, never one: what the checks here say about the own instance, and what has been sent to the grader."""

from typing import TYPE_CHECKING, Any

from vmwidgets.locale import gettext as _
from vmwidgets.locale import mark, number
from vmwidgets.widgets.kit import plain

if TYPE_CHECKING:
    from vmwidgets.widgets.assignment import Assignment
    from vmwidgets.widgets.assignment_zone import Zone

PARTS = {
    "a2.memory": mark("memory"),
    "a2.device": mark("devices"),
    "a2.cpu": mark("processor time"),
    "a4.exploits": mark("own programs"),
    "a4.mutants": mark("other attacks"),
    "a4.workload": mark("workload"),
}
"""What an item is called where a stage has several."""


def here(zone: "Zone", item: str) -> dict[str, str]:
    """Return the lamp of the checks here, of one item."""
    label = _("Checks here")
    if item.startswith("a4."):
        label = f"{label}: {_(PARTS[item])}"
    result = zone.shown_result(item)
    if result is None and zone.value("a4") is not None and item in ("a4.workload", "a5"):
        text = _("Shown when your prediction of the price (A5) for this board is in.")
        return {"tone": "none", "label": label, "text": text}
    if result is None and zone.result(item) is not None:
        text = _("Shown when programs of yours cross the walls that you have diagnosed.")
        return {"tone": "none", "label": label, "text": text}
    if result is None:
        return {"tone": "none", "label": label, "text": _("Nothing has been handed in for this yet.")}
    text = zone.sentence(result)
    if result.points is None:
        return {"tone": "wait", "label": label, "text": text}
    told = plain(
        mark("{points} of {most} points on your own instance. {reason}"),
        points=number(result.points),
        most=number(result.most),
        reason=text,
    )
    tone = "good" if result.points == result.most else "part" if result.points else "bad"
    return {"tone": tone if result.most else "good", "label": label, "text": told.strip()}


def sent(assignment: "Assignment") -> dict[str, str]:
    """Return the lamp of what has been sent; what the grader finds is never known here."""
    label = _("Sent to the grader")
    zone = assignment.zone
    if zone.practice:
        return {"tone": "none", "label": label, "text": _("Practice is not sent, and never graded.")}
    if not zone.answered:
        return {"tone": "none", "label": label, "text": _("Nothing to send yet.")}
    if not assignment.taken:
        text = _("Your answers lie in the answer file only: take the receipt at the end, and hand it in.")
        return {"tone": "wait", "label": label, "text": text}
    if assignment.taken != zone.receipt:
        text = _("Your answers have changed since you took the receipt: take it again, and hand it in.")
        return {"tone": "part", "label": label, "text": text}
    text = _(
        "The receipt that you took covers your latest answers. Whether it has arrived, and what the grader finds with "
        "other secrets, is not known here."
    )
    return {"tone": "wait", "label": label, "text": text}


def in_words(assignment: "Assignment", item: str) -> str:
    """Return both lamps of an item as lines, which stay as they are when answers change."""
    lamps: list[dict[str, Any]] = [here(assignment.zone, item), sent(assignment)]
    practice = [_("PRACTICE: nothing here is graded.")] if assignment.zone.practice else []
    told = [*practice, *(f"{lamp['label']}: {lamp['text']}" for lamp in lamps)]
    return "\n".join([*told, _("So it was when this cell was run; run it again to look again.")])
