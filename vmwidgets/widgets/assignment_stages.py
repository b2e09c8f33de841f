"""Stages A1, A3, A5 and A6 of an assignment: what is predicted, diagnosed, priced and written."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from vmwidgets import locale
from vmwidgets.answers import Answer
from vmwidgets.assignments.perimeter.items import JUDGEMENTS, MECHANISMS, MOST_WRITTEN, PREDICTED, THREATS, layers
from vmwidgets.assignments.perimeter.weaknesses import SLOTS
from vmwidgets.chapters import threats
from vmwidgets.locale import gettext as _
from vmwidgets.locale import mark, number
from vmwidgets.model.errors import VmwidgetsError
from vmwidgets.widgets.assignment_board import signed
from vmwidgets.widgets.assignment_form import FormView, chosen, field, group, shown, whole
from vmwidgets.widgets.assignment_lamps import PARTS
from vmwidgets.widgets.attack_words import FAMILY_NAMES
from vmwidgets.widgets.kit import plain

if TYPE_CHECKING:
    from vmwidgets.widgets.assignment_zone import Zone

_JUDGED = dict(zip(JUDGEMENTS, (mark("weak"), mark("sound")), strict=True))
_PRICES = (
    ("cpu", mark("Processor time that the same work takes, more than before"), mark("%"), 1),
    ("frames", mark("Frames in use, more than before"), mark("frames"), 0),
    ("exits", mark("Exits in a second, more than before"), mark("exits per second"), 0),
)
"""Id, question, unit and decimals of the three numbers of A5."""


class Recon(FormView):
    """A1: which walls are weak, with confidence; it stays as it was predicted."""

    _name = "recon"

    def _state(self) -> dict[str, Any]:
        given = self.zone.answers.get("a1")
        values = given.value if given and isinstance(given.value, tuple) else ("",) * len(PREDICTED)
        options = [(id, _(text)) for id, text in _JUDGED.items()]
        fields = [
            field(id, "pick", _(FAMILY_NAMES[id]), value, options) for id, value in zip(PREDICTED, values, strict=True)
        ]
        asked = group(
            "a1",
            *fields,
            button=mark("Commit the prediction"),
            locked=given is not None,
            asks_sure=True,
            sure=(given.confidence or 0) if given else 0,
            note=_("Your prediction is in; it stays as it is.") if given else "",
            said=self._calibration(values) if given else [],
        )
        return {**self._head(mark("A1 · Reconnaissance"), "a1"), "groups": [asked]}

    def _calibration(self, values: tuple[Any, ...]) -> list[dict[str, str]]:
        zone = self.zone
        if not all(zone.crosses(slot) for slot in SLOTS):
            text = _("How many of them are right is shown here when your three programs cross.")
            return [{"tone": "none", "text": text}]
        host = zone.variant
        weak = {one.family for one in (*host.exploitable.values(), host.incurable)}
        right = sum((value == "weak") == (id in weak) for id, value in zip(PREDICTED, values, strict=True))
        text = mark("Right: {right} of {all}. This is for yourself; it earns nothing and costs nothing.")
        return [{"tone": "none", "text": plain(text, right=number(right), all=number(len(PREDICTED)))}]

    def _commit(self, group: str, values: Mapping[str, str], sure: int) -> None:
        if "a1" in self.zone.answers:
            raise VmwidgetsError("your prediction is in: it stays as it is")
        given = tuple(values.get(id, "") for id in PREDICTED)
        if not set(given) <= set(_JUDGED):
            raise VmwidgetsError("there is no answer here yet, expected {what}", what=_("one option in every row"))
        if not sure:
            raise VmwidgetsError("say how sure you are, from 1 to 4")
        self.assignment.answer(Answer("prediction", "a1", given, sure))


class Diagnosis(FormView):
    """A3: for each wall the mechanism, the threat, and the layer that should have noticed."""

    _name = "diagnose"

    def _state(self) -> dict[str, Any]:
        groups = [self._wall(slot) for slot in SLOTS]
        return {**self._head(mark("A3 · Diagnosis"), "a3"), "groups": groups}

    def _wall(self, slot: str) -> dict[str, Any]:
        zone = self.zone
        value = zone.value(f"a3.{slot}")
        values = value if isinstance(value, tuple) else ("", "", "")
        asked = _questions(zone)
        fields = [
            field(id, "select", _(label), one, [(key, _sentence(text)) for key, text in options.items()])
            for (id, label, options), one in zip(asked, values, strict=True)
        ]
        about = "" if zone.crosses(slot) else _("No program of yours crosses this wall yet: its trace would tell.")
        wall = _sentence(_(PARTS[f"a2.{slot}"]))
        button = mark("Commit the diagnosis")
        note = "" if value is None else _("The answer file has this diagnosis; you may change it.")
        return group(slot, *fields, button=button, title=wall, about=about, note=note)

    def _commit(self, group: str, values: Mapping[str, str], sure: int) -> None:
        if group not in SLOTS:
            raise VmwidgetsError("there is no control {name}", name=repr(group)[:40])
        given = tuple(chosen(values, id, options, label) for id, label, options in _questions(self.zone))
        self.assignment.answer(Answer("choice", f"a3.{group}", given))


def _questions(zone: "Zone") -> tuple[tuple[str, str, dict[str, str]], ...]:
    """Return id, question and options of the three fields; texts of options are in the reader's language."""
    russian = locale.language() == "ru"
    # The standard is Russian: its own words are not translated back.
    own = {id: one.russian for id, one in threats.THREATS.items()} if russian else {}
    return (
        ("mechanism", mark("The mechanism that is missing"), _all(MECHANISMS)),
        ("threat", mark("The threat, as GOST R 56938-2016 names it"), {**_all(THREATS), **own}),
        ("layer", mark("The layer that should have noticed"), _all(layers(zone.variant))),
    )


def _all(texts: Mapping[str, str]) -> dict[str, str]:
    return {id: _(text) for id, text in texts.items()}


class Price(FormView):
    """A5: three numbers, before anything is measured; each board wants its own, if its price is not known already."""

    _name = "price"

    def _state(self) -> dict[str, Any]:
        zone = self.zone
        closed = "" if zone.value("a4") is not None else mark("Opens when you have handed in a board (A4).")
        predicted = zone.predicted
        values = predicted or (None, None, None)
        comma = locale.language() == "ru"
        fields = [
            field(id, "number", _(label), "" if value is None else shown(value, decimals, comma), unit=_(unit))
            for (id, label, unit, decimals), value in zip(_PRICES, values, strict=True)
        ]
        given = zone.predictions.get(zone.value("a4"))
        said: list[dict[str, str]] = []
        note = ""
        if predicted:
            note = _("Your prediction for this board is in; it stays as it is.")
            if zone.alike(zone.value("a4")) != zone.value("a4"):
                note = _("This board costs about what you have seen already: your prediction of that counts for it.")
            texts = [
                plain(
                    mark("{what}: predicted {predicted}, measured {measured} {unit}"),
                    what=_(label),
                    predicted=signed(one, decimals),
                    measured=signed(cost, decimals),
                    unit=_(unit),
                )
                for (_id, label, unit, decimals), one, cost in zip(_PRICES, predicted, zone.cost, strict=True)
            ]
            said = [{"tone": "none", "text": text} for text in texts]
        asked = group(
            "a5",
            *fields,
            button=mark("Commit the prediction"),
            locked=predicted is not None,
            asks_sure=True,
            sure=(given.confidence or 0) if given else 0,
            note=note,
            said=said,
        )
        about = mark("If a number goes down, write it with a minus.")
        return {**self._head(mark("A5 · Price"), "a5", about=about, closed=closed), "groups": [asked]}

    def _commit(self, group: str, values: Mapping[str, str], sure: int) -> None:
        zone = self.zone
        if zone.value("a4") is None:
            raise VmwidgetsError("hand in a board first (A4)")
        if zone.predicted is not None:
            raise VmwidgetsError("your prediction is in: it stays as it is")
        given = tuple(whole(values.get(id, ""), decimals) for id, _label, _unit, decimals in _PRICES)
        if not sure:
            raise VmwidgetsError("say how sure you are, from 1 to 4")
        self.assignment.predict(Answer("prediction", "a5", given, sure))


class PostMortem(FormView):
    """A6: which risk is left, and what would remove it."""

    _name = "post-mortem"

    def _on_draft(self, content: dict[str, Any]) -> None:
        # What is typed is kept as it is typed: a kernel that is restarted takes no text with it.
        self.assignment.answer(Answer("text", "a6", str(content.get("text")).strip()[:MOST_WRITTEN]))

    def _state(self) -> dict[str, Any]:
        kept = self.zone.value("a6")
        note = _("The answer file has this text.") if kept else _("The answer file has no text yet.")
        written = field("text", "text", _("Risk that is left, and the change of the stack that removes it"), kept)
        asked = group("a6", {**written, "most": MOST_WRITTEN}, button=mark("Keep this text"), note=note)
        return {**self._head(mark("A6 · Post-mortem"), "a6"), "groups": [asked]}

    def _commit(self, group: str, values: Mapping[str, str], sure: int) -> None:
        text = values.get("text", "").strip()
        if not 0 < len(text) <= MOST_WRITTEN:
            raise VmwidgetsError("expected a text of at most {most} characters", most=MOST_WRITTEN)
        self.assignment.answer(Answer("text", "a6", text))


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
