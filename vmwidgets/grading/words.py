"""How results are told: names of items, and sentences with their numbers, in the language in use."""

from collections.abc import Mapping

from vmwidgets import locale
from vmwidgets.assignments import ASSIGNMENTS, assignment
from vmwidgets.assignments.result import shown
from vmwidgets.locale import gettext as _
from vmwidgets.locale import mark as said

TITLES = {"perimeter": said("Perimeter")}


def item_name(item: str) -> str:
    """Name of an item; its id if it has none."""
    return _(next((one.name for id in ASSIGNMENTS for one in assignment(id).ITEMS if one.id == item), item))


def sentence(id: str, fields: Mapping[str, object]) -> str:
    """The sentence of a message id; numbers as the reader writes them, names as the catalogue has them."""
    return _(id).format(**shown(fields))


def in_full(id: str, fields: Mapping[str, object]) -> str:
    """The same where it stands by itself: from a capital letter to a full stop."""
    text = sentence(id, fields)
    return text[:1].upper() + text[1:] + "." * (text[-1:] not in ".?!:")


def points(got: int | None, most: int) -> str:
    """Points of an item or of all; a dash where there are none to be had."""
    if not most:
        return "–"
    if got is None:
        return _("not graded, of {most}").format(most=locale.number(most))
    return _("{got} of {most}").format(got=locale.number(got), most=locale.number(most))
