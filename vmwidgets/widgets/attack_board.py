"""The defence board: every defence by its real name, whether the stack can have it, and what it costs."""

from dataclasses import replace
from functools import lru_cache
from typing import Any

import traitlets

from vmwidgets.locale import gettext as _
from vmwidgets.locale import mark, number
from vmwidgets.model.range.benign import BENIGN
from vmwidgets.model.range.defences import DEFENCES
from vmwidgets.model.range.neighbours import NEIGHBOURS_PERMILLE
from vmwidgets.model.range.prices import Price, difference, price, workload
from vmwidgets.model.range.shipped import shipped
from vmwidgets.model.stack import Shipped, Stack
from vmwidgets.widgets.attack_trial import Trial
from vmwidgets.widgets.attack_words import cost, not_offered
from vmwidgets.widgets.kit import View, plain, watch


class AttackBoard(View):
    """Switches for the defences of the stack; safe unless one opens them.

    Parameters
    ----------
    trial
        What is run.
    """

    _front = "attack_board"
    _messages = ("switch", "safe", "ship", "measure")

    state = traitlets.Dict().tag(sync=True)

    def __init__(self, trial: Trial) -> None:
        self.trial = trial
        self._locked = ""
        self._measured: dict[str, Price] = {}
        self._measured_on = ""
        super().__init__(state=self._state())
        self._closers += [watch(trial, ["turn"], self._changed)]

    def refresh(self) -> None:
        """Write all synced traits anew."""
        self.state = self._state()

    def lock(self, reason: str) -> None:
        """Hold the switches still for a reason, a message id; ``""`` lets go of them."""
        self._locked, self.error = reason, ""
        self.refresh()

    def _changed(self, _change: object) -> None:
        self.refresh()

    # ------------------------------------------------------------------------------------------------- from the page
    def _on_switch(self, content: dict[str, Any]) -> None:
        self._may()
        self.trial.switch(str(content.get("id")), content.get("on") is True)

    def _on_safe(self, _content: dict[str, Any]) -> None:
        self._may()
        self.trial.make_safe()

    def _on_ship(self, _content: dict[str, Any]) -> None:
        self._may()
        self.trial.ship()

    def _on_measure(self, _content: dict[str, Any]) -> None:
        self._measured_on = self.trial.lab.stack.id
        self._measured = prices(self.trial.lab.stack, self.trial.defences.offered)
        self.refresh()

    def _may(self) -> None:
        if self._locked:
            raise ValueError(_("the controls are locked until your prediction is in"))

    # --------------------------------------------------------------------------------------------------- to the page
    def _state(self) -> dict[str, Any]:
        trial, stack = self.trial, self.trial.lab.stack
        defences, known = trial.defences, shipped(stack)
        rows = [
            {
                "id": id,
                "name": _sentence(_(one.name)),
                "without": plain(mark("Off: {text}."), text=_(one.without)),
                "offered": id in defences.offered,
                "on": defences[id],
                "shipped": as_it_comes(known.get(id)) if id in defences.offered else "",
                "note": self._cost(id)
                if id in defences.offered
                else _sentence(not_offered(id, stack, trial.technique)),
            }
            for id, one in DEFENCES.items()
        ]
        rows.sort(key=lambda row: not row["offered"])
        opened = [_(DEFENCES[id].name) for id in defences.offered if not defences[id]]
        return {
            "locked": _(self._locked),
            "rows": rows,
            "touched": trial.is_touched,
            "safe": not opened,
            "as_shipped": all(defences[id] == (id not in known or known[id].on) for id in defences.offered),
            "measured": self._measured_on == stack.id and set(defences.offered) <= set(self._measured),
            "total": self._total(),
            "sentence": summary(opened, len(defences.offered), len(DEFENCES)),
        }

    def _total(self) -> str:
        """Return what all defences cost together, as they are now; nothing as long as nobody has asked for costs."""
        trial = self.trial
        if self._measured_on != trial.lab.stack.id:
            return ""
        found = together(trial.lab.stack, trial.attack.placement.emulated, tuple(trial.defences.settings.items()))
        where = mark("Measured with a guest that does no harm, beside two VMs that compute {percent} % of their time.")
        total = mark("All defences as they are now, against none: {cost}.")
        return plain(where, percent=number(NEIGHBOURS_PERMILLE // 10)) + " " + plain(total, cost=cost(found))

    def _cost(self, id: str) -> str:
        if self._measured_on != self.trial.lab.stack.id or id not in self._measured:
            return ""
        return cost(self._measured[id])

    def __repr__(self) -> str:
        on = self.trial.defences.settings
        return f"<AttackBoard: {sum(on.values())} of {len(on)} on>"


def as_it_comes(one: Shipped | None) -> str:
    """Return how a product has a defence unless somebody changes it, and who says so; nothing where nobody does."""
    if one is None:
        return ""
    return plain(mark("on ({source})") if one.on else mark("off ({source})"), source=one.source)


@lru_cache(maxsize=64)
def prices(stack: Stack, offered: tuple[str, ...]) -> dict[str, Price]:
    """Return what each defence costs, measured with a guest that does no harm."""
    return {id: price(id, stack) for id in offered}


@lru_cache(maxsize=64)
def together(stack: Stack, emulated: bool, settings: tuple[tuple[str, bool], ...]) -> Price:
    """Return what all defences cost that are on, against none, without the work of each."""
    where, off = replace(BENIGN, emulated=emulated), {id: False for id, _on in settings}
    with_them, without = (workload(stack, switches, placement=where) for switches in (dict(settings), off))
    return replace(difference("", with_them, without), work={})


def summary(opened: list[str], offered: int, known: int) -> str:
    """Return which defences are off, in a sentence."""
    if not offered:
        return _("This product has none of these defences.")
    here = plain(mark("Defences that are there: {count} of {all}."), count=number(offered), all=number(known))
    if not opened:
        return here + " " + _("All of them are on.")
    return here + " " + plain(mark("Off: {list}."), list=", ".join(opened))


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
