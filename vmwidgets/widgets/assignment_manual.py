"""The manual of a student's host as the page shows it: sentences, and tables of numbers that can be copied."""

from collections.abc import Sequence
from typing import Any

from vmwidgets.assignments.perimeter.manual import Section, Sentence, manual, proof, where
from vmwidgets.assignments.perimeter.variant import Variant
from vmwidgets.locale import gettext as _
from vmwidgets.locale import mark
from vmwidgets.widgets.attack_words import FAMILY_NAMES, SHOWN_IN_HEX
from vmwidgets.widgets.kit import plain


def pages(variant: Variant) -> dict[str, Any]:
    """Return the manual in the reader's language."""
    return {"title": _("Manual of the Kordon VMM"), "sections": [_section(one) for one in manual(variant)]}


def task(variant: Variant, family: str) -> str:
    """Return where a program of a family is run, and what it has to bring."""
    here, brought = (plain(one.text, **one.fields) for one in (where(variant, family), proof(variant, family)))
    return plain(mark("Your program runs: {where}. It has to: {proof}."), where=here, proof=brought)


def say(sentence: Sentence) -> str:
    """Return a sentence of the manual in the reader's language, from a capital letter to a full stop."""
    text = plain(sentence.text, **sentence.fields)
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "?", ":")) else ".")


def _section(one: Section) -> dict[str, Any]:
    told, rows = [say(sentence) for sentence in one.sentences], list[list[str]]()
    if any(sentence.key for sentence in one.sentences):
        rows = [[_("family"), _("where it is run"), _("what it has to bring")], *_by_family(one.sentences)]
        told = [say(sentence) for sentence in one.sentences if not sentence.key]
    elif one.id == "encoding":
        told = [told[0], *(f"{number}. {text}" for number, text in enumerate(told[1:], 1))]
    if one.rows:
        # As they are written in a program, in every language.
        numbers = [hex(r.number) if r.name.startswith(SHOWN_IN_HEX) else str(r.number) for r in one.rows]
        rows = [[_("name"), _("value"), _("what it is")]]
        rows += [[row.name, number, _(row.text)] for row, number in zip(one.rows, numbers, strict=True)]
    return {"id": one.id, "title": _(one.title), "texts": told, "rows": rows}


def _by_family(sentences: Sequence[Sentence]) -> list[list[str]]:
    told: dict[str, list[str]] = {}
    for one in sentences:
        if one.key:
            told.setdefault(one.key, []).append(say(one))
    return [[_(FAMILY_NAMES[family]), *texts] for family, texts in told.items()]
