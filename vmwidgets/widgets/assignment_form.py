"""Stages of an assignment that ask: groups of fields with a button each. What is typed comes here as texts."""

from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from vmwidgets import locale
from vmwidgets.locale import gettext as _
from vmwidgets.model.errors import VmwidgetsError
from vmwidgets.widgets.assignment_stage import Stage


class FormView(Stage):
    """A stage with fields. A subclass says which groups there are and what becomes of one that is committed."""

    _front = "assignment_form"
    _messages = ("commit", "draft")

    def _on_commit(self, content: dict[str, Any]) -> None:
        values, sure = content.get("values"), content.get("confidence")
        given = {str(id): str(text) for id, text in values.items()} if isinstance(values, dict) else {}
        self._commit(str(content.get("group")), given, sure if sure in (1, 2, 3, 4) else 0)

    def _on_draft(self, content: dict[str, Any]) -> None:
        raise VmwidgetsError("there is no control {name}", name=repr(content.get("id"))[:40])

    def _commit(self, group: str, values: Mapping[str, str], sure: int) -> None:
        raise NotImplementedError


def group(id: str, *fields: dict[str, Any], button: str, title: str = "", **more: Any) -> dict[str, Any]:
    """Return a group of fields as the page shows it; ``button`` and ``title`` are message ids, ``more`` is not."""
    rest = {"about": "", "locked": False, "asks_sure": False, "sure": 0, "note": "", "said": []}
    return {"id": id, "title": _(title), "fields": list(fields), "button": _(button), **rest, **more}


def field(
    id: str, kind: str, label: str, value: object, options: Iterable[tuple[str, str]] = (), **more: Any
) -> dict[str, Any]:
    """Return a field as the page shows it: ``label`` and the texts of the options are in the reader's language."""
    shown = "" if value is None else str(value)
    options = [list(one) for one in options]
    return {"id": id, "kind": kind, "label": label, "value": shown, "options": options, "unit": "", "most": 0, **more}


def chosen(values: Mapping[str, str], id: str, options: Iterable[str], what: str) -> str:
    """Return what was chosen in a field.

    Raises
    ------
    VmwidgetsError
        If nothing was, or something else; ``what`` is a message id that names the field.
    """
    value = values.get(id, "")
    if value not in set(options):
        raise VmwidgetsError("choose one: {what}", what=what)
    return value


def whole(text: str, decimals: int = 0) -> int:
    """Return a number as it was typed, with point or comma, in whole units of ``10**-decimals``.

    Raises
    ------
    VmwidgetsError
        If it is none, or has more decimals.
    """
    plain = text.strip().replace(",", ".").replace("\N{NO-BREAK SPACE}", "").replace(" ", "").replace("\u2212", "-")
    try:
        scaled = Decimal(plain).scaleb(decimals)
    except InvalidOperation:
        scaled = Decimal("NaN")
    if scaled.is_finite() and abs(scaled) < 10**15 and scaled == scaled.to_integral_value():
        return int(scaled)
    raise VmwidgetsError(
        "{text} is not a number such as {example}",
        text=repr(text)[:40],
        example=shown(15 if decimals else 12, decimals, locale.language() == "ru"),
    )


def shown(value: int, decimals: int, comma: bool) -> str:
    """Return a number as it is typed."""
    if not decimals:
        return str(value)
    text = f"{Decimal(value).scaleb(-decimals):f}"
    return text.replace(".", ",") if comma else text
