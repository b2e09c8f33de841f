"""Answers and questions between a page and a chapter: what is typed becomes data, and data what a reader reads."""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from vmwidgets.chapters.items import Item, Value, Verdict
from vmwidgets.locale import gettext as _
from vmwidgets.locale import number
from vmwidgets.model.errors import VmwidgetsError

_ANSWER_KIND = {"predict": "prediction", "observe": "observation"}


def kind_of(part: str, item: Item) -> str:
    """Return the kind of record that an answer is kept as."""
    return _ANSWER_KIND.get(part) or (
        item.kind if item.kind in ("text", "program") else "choice" if item.kind != "number" else "observation"
    )


def typed(item: Item, value: Any) -> Value:
    """Return an answer as data: a number as typed, with point or comma, becomes a whole number of smallest units."""
    if item.kind == "number" and isinstance(value, (int, float, str)) and not isinstance(value, bool):
        text = str(value).strip().replace(",", ".").replace("\N{NO-BREAK SPACE}", "").replace(" ", "")
        try:
            scaled = Decimal(text).scaleb(item.decimals)
        except InvalidOperation:
            scaled = Decimal("NaN")
        if scaled.is_finite() and abs(scaled) < 10**15 and scaled == scaled.to_integral_value():
            return int(scaled)
        raise VmwidgetsError(
            "{text} is not a number with at most {decimals} decimals", text=repr(text)[:40], decimals=item.decimals
        )
    return tuple(value) if isinstance(value, list) else value


def shown(item: Item, value: Value) -> Any:
    """Return an answer as it was typed or chosen."""
    if item.kind == "number" and isinstance(value, int):
        return (
            number(value / 10**item.decimals, item.decimals).replace("\N{NO-BREAK SPACE}", "").replace(",", ".")
            if item.decimals
            else value
        )
    return list(value) if isinstance(value, tuple) else value


def said(text: str, fields: Mapping[str, object]) -> str:
    """Return a sentence of a verdict in the reader's language."""
    if not fields:
        return _(text)
    words = {name: number(value) if type(value) is int else _(str(value)) for name, value in fields.items()}
    return _(text).format(**words)


def place_of(verdict: Verdict) -> list[object]:
    """Return line and column of what is wrong with a program, both from 1; 0 and 0 if there is no such place."""
    fields = verdict.error.fields if verdict.error else {}
    return [fields.get(name, 0) for name in ("line", "column")]


def field(value: str | int | float) -> str | int:
    """Return a field of a question as the reader writes it: words translated, fractions with their decimal sign."""
    if isinstance(value, float):
        return number(value, len(f"{value:g}".partition(".")[2]))
    return _(value) if isinstance(value, str) else value
