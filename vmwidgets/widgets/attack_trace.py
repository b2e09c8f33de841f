"""What the layers made of an attack: the verdict, the way through the layers of the stack, and each decision."""

from collections.abc import Sequence
from itertools import groupby
from typing import Any

import traitlets

from vmwidgets.locale import gettext as _
from vmwidgets.locale import mark, number
from vmwidgets.model.range.defences import DEFENCES
from vmwidgets.model.range.trace import OPEN, Decision
from vmwidgets.model.range.verdict import Verdict
from vmwidgets.model.stack import Stack
from vmwidgets.widgets.attack_frames import frames
from vmwidgets.widgets.attack_trial import Trial
from vmwidgets.widgets.attack_words import CHECK_NAMES, OUTCOME_NAMES, REACHED, VM_NAMES, mechanism, owner_name, why
from vmwidgets.widgets.kit import View, plain, watch
from vmwidgets.widgets.stack_diagrams import diagram
from vmwidgets.widgets.stack_words import PRIVILEGES, listed

SHOWN = 24
"""So many of the latest decisions are listed."""

_NOT_THE_VICTIMS = ("layer_taken", "foreign_write")
"""Goals that can be reached without doing anything to the victim."""


class AttackTrace(View):
    """The verdict, the stack with the layer that decided it, and the decisions before.

    Parameters
    ----------
    trial
        What is run.
    says
        Whether the verdict is said here; else it is for :attr:`verdict` to be shown elsewhere.
    """

    _front = "attack_trace"

    state = traitlets.Dict().tag(sync=True)

    def __init__(self, trial: Trial, *, says: bool = True) -> None:
        self.trial, self._says = trial, says
        self.is_locked = False
        super().__init__(state=self._state())
        self._closers += [watch(trial, ["turn"], self._changed)]

    def refresh(self) -> None:
        """Write all synced traits anew."""
        self.state = self._state()

    def lock(self, reason: str) -> None:
        """Hide what came of it for a reason; ``""`` shows it."""
        self.is_locked = bool(reason)
        self.trial.turn += 1  # whoever else says the verdict does no longer

    def _changed(self, _change: object) -> None:
        self.refresh()

    def verdict(self) -> dict[str, str]:
        """Return what came of it in words: outcome, title, mechanism, consequences."""
        trial = self.trial
        verdict = trial.shot.verdict() if trial.shot and not self.is_locked else None
        told = verdict is not None and (verdict.deciding or trial.ended)
        return {
            "outcome": outcome_of(trial, verdict),
            "title": title(trial, verdict),
            "mechanism": mechanism(verdict, trial.lab.stack) if verdict and told else "",
            "consequences": _consequences(trial, verdict) if verdict else "",
        }

    def _state(self) -> dict[str, Any]:
        trial, stack = self.trial, self.trial.lab.stack
        verdict = trial.shot.verdict() if trial.shot and not self.is_locked else None
        deciding = verdict.deciding if verdict else None
        decisions = _runs(verdict.trace)[-SHOWN:] if verdict else []
        return {
            "product": {**diagram(stack, set(), {}), **_marks(stack, verdict)},
            "privileges": [[id, _(text)] for id, text in PRIVILEGES.items()],
            "crossing": _crossing(trial, verdict, deciding),
            "says": self._says,
            **self.verdict(),
            "deciding": deciding.number if deciding else -1,
            "decisions": [self._decision(one, count) for one, count in decisions],
            "frames": frames(trial, hidden=verdict is None),
            "vms": [f"{at + 1} {_(name)}" for at, name in enumerate(VM_NAMES)],
        }

    def _decision(self, one: Decision, count: int) -> list[Any]:
        stack = self.trial.lab.stack
        owner = owner_name(one.owner, stack)
        frame = plain(mark("{frame}, of {owner}"), frame=number(one.frame), owner=owner) if one.frame >= 0 else ""
        check = DEFENCES[one.check].name if one.check in DEFENCES else CHECK_NAMES.get(one.check, one.check)
        layer = _(stack.layers[one.layer].name)
        cells = [layer, _(check), _(OUTCOME_NAMES[one.outcome]), hex(one.address), frame]
        return [one.number, one.outcome, why(one, stack), number(count) if count > 1 else "", *cells]

    def __repr__(self) -> str:
        shot = self.trial.shot
        if self.is_locked or shot is None:
            return "<AttackTrace, closed>"
        return f"<AttackTrace: {self.trial.attack.id}, {'succeeded' if shot.verdict().succeeded else 'not succeeded'}>"


def outcome_of(trial: Trial, verdict: Verdict | None) -> str:
    """Return ``"open"`` for an attack that got through, ``"stopped"`` for one that did not, ``""`` while it is open."""
    if verdict is None or not (trial.position and (verdict.succeeded or trial.ended)):
        return ""
    return "open" if verdict.succeeded else "stopped"


def title(trial: Trial, verdict: Verdict | None) -> str:
    """Return what came of an attack, in a sentence."""
    if verdict is None:
        return _("What came of it is shown later.") if trial.shot else _("This cannot be run yet: a line is no code.")
    outcome = outcome_of(trial, verdict)
    if outcome == "open":
        return plain(mark("The attack succeeds: {reached}."), reached=_(REACHED.get(verdict.goal, verdict.goal)))
    if outcome == "stopped":
        return _("The attack fails.")
    return _("Nothing is decided yet.")


def _runs(trace: Sequence[Decision]) -> list[tuple[Decision, int]]:
    """Return the last decision of each run of equal ones, with how many there were in a row."""
    runs = [list(run) for _kind, run in groupby(trace, lambda one: (one.layer, one.check, one.outcome, one.owner))]
    return [(run[-1], len(run)) for run in runs]


def _marks(stack: Stack, verdict: Verdict | None) -> dict[str, Any]:
    """Return what is drawn of the layers and VMs that the code has got at."""
    if verdict is None:
        return {}
    fallen = {*verdict.taken, *verdict.crashed}
    owners = {*verdict.read, *verdict.written, *verdict.in_reach}
    reached = {vm for vm in range(1, len(VM_NAMES)) if f"guest {vm}" in owners}
    if verdict.succeeded and verdict.goal not in _NOT_THE_VICTIMS:
        reached.add(1)
    fates = [["goes_on", "▶", _(VM_NAMES[0])]]
    for vm, name in enumerate(VM_NAMES[1:], 1):
        fates.append(["gone", "!", _(name)] if vm in reached else ["goes_on", "✓", _(name)])
    return {
        "fates": fates,
        "fallen": {id: [0 if stack.layers[id].per_vm else -1] for id in fallen},
        "hit": sorted(fallen),
    }


def _crossing(trial: Trial, verdict: Verdict | None, deciding: Decision | None) -> dict[str, Any]:
    layers = trial.lab.stack.layers
    start = "guest_kernel" if "guest_kernel" in layers else layers.customer.id
    seen = list(dict.fromkeys(one.layer for one in verdict.trace)) if verdict else []
    if trial.attack.placement.seat == "host" and seen:
        start = seen[0]
    now = deciding.layer if deciding else start
    sign = ("!" if deciding.outcome == OPEN else "✕") if deciding else "▶"
    return {"from": start, "now": now, "seen": [start, *seen] if trial.position else [], "mark": sign}


def _consequences(trial: Trial, verdict: Verdict) -> str:
    """Return what else the code has got at."""
    stack, parts = trial.lab.stack, list[str]()
    for text, owners in (
        (mark("It has read frames of: {list}."), verdict.read),
        (mark("It has written frames of: {list}."), verdict.written),
        (mark("These layers run its code: {list}."), [_(stack.layers[id].name) for id in verdict.taken]),
        (mark("These layers have fallen: {list}."), [_(stack.layers[id].name) for id in verdict.crashed]),
        (mark("VMs in its hands: {list}."), [one for one in verdict.in_reach if one != "guest 0"]),
    ):
        if owners:
            parts.append(plain(text, list=listed(dict.fromkeys(owner_name(one, stack) for one in owners))))
    exits = sum(verdict.exits.values())
    if trial.position:
        parts.append(plain(mark("Exits: {count}."), count=number(exits)))
    return " ".join(parts)
