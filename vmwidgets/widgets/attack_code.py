"""The attacker's desk: the gallery of attacks, the guest code, its run step by step, registers and manual."""

from collections.abc import Callable
from typing import Any

import traitlets

from vmwidgets.locale import error_text, mark, number
from vmwidgets.locale import gettext as _
from vmwidgets.model.errors import VmwidgetsError
from vmwidgets.model.range.attack import Attack, Placement
from vmwidgets.model.range.run import FAULTS, HANDLER
from vmwidgets.widgets.attack_trial import MAX_CODE, MAX_SEED, Step, Trial
from vmwidgets.widgets.attack_words import EXIT_NAMES, FAMILY_NAMES, GOAL_NAMES, SHOWN_IN_HEX, meaning, owner_name
from vmwidgets.widgets.kit import View, plain, watch

ACTIONS = ("restart", "last_decision", "back", "step", "next_decision", "run")
_WHERE = {
    "beside": mark("The victim runs beside your VM."),
    "ended": mark("The victim is gone: its memory has been given back."),
}
_MORE = {
    "emulated": mark("Your VM has imitated devices."),
    "maps_twice": mark("The layer below makes a mistake: it maps the victim's frame to you, too, if nothing stops it."),
    "sender": mark("The victim is in league with you: it says its secret by the content of pages."),
    "overcommitted": mark("You were lent memory of the victim's, which now needs it."),
    "contiguous": mark("Your frames lie one behind the other."),
    "scheduled": mark("Your VM shares a processor with the others."),
}
_TIMED = {
    "beside": mark("Time can be measured from inside, and the victim works."),
    "ended": mark("Time can be measured from inside."),
}
_SEATS = {
    "host": mark("Your code runs in no VM: it is a program beside them, on the OS below or the one that manages.")
}
_CORES = {
    "in_turn": mark("The victim runs on your core whenever your VM halts."),
    "sibling": mark("The victim runs on the other thread of your core."),
}


class AttackCode(View):
    """An editor for guest code, and its run.

    Parameters
    ----------
    trial
        What is run.
    verdict
        Returns what came of it in words, to be said beside the code; None: that is said elsewhere.
    """

    _front = "attack_code"
    _messages = ("choose", "hint", "solution", "check", "move", "seed")

    text = traitlets.Dict().tag(sync=True)
    """Code that comes from here, with a number: the page takes it when the number is another."""
    state = traitlets.Dict().tag(sync=True)

    def __init__(self, trial: Trial, verdict: Callable[[], dict[str, str]] | None = None) -> None:
        self.trial, self._verdict = trial, verdict
        self._locked = ""
        super().__init__(state=self._state(), text=self._text())
        self._closers += [watch(trial, ["turn"], self._changed)]

    def refresh(self) -> None:
        """Write all synced traits anew."""
        with self.hold_sync():
            self.text = self._text()
            self.state = self._state()

    def lock(self, reason: str) -> None:
        """Hold the desk still for a reason, a message id; ``""`` lets go of it."""
        self._locked, self.error = reason, ""
        self.refresh()

    def _changed(self, _change: object) -> None:
        self.refresh()

    # ------------------------------------------------------------------------------------------------- from the page
    def _receive(self, _widget: object, content: dict[str, Any], _buffers: object) -> None:
        if self._locked and content.get("name") != "check":
            self.error = _("the controls are locked until your prediction is in")
            self.send({"ack": content.get("seq")})
            return
        super()._receive(_widget, content, _buffers)

    def _on_choose(self, content: dict[str, Any]) -> None:
        self.trial.choose(str(content.get("id")))

    def _on_hint(self, _content: dict[str, Any]) -> None:
        self.trial.show_hint()

    def _on_solution(self, _content: dict[str, Any]) -> None:
        self.trial.show_code()

    def _on_check(self, content: dict[str, Any]) -> None:
        self.trial.write(str(content.get("code")))

    def _on_seed(self, content: dict[str, Any]) -> None:
        seed = content.get("value")
        self.trial.draw(seed if type(seed) is int else -1)

    def _on_move(self, content: dict[str, Any]) -> None:
        action, trial = content.get("to"), self.trial
        if action not in ACTIONS:
            raise VmwidgetsError("there is no control {name}", name=repr(action)[:40])
        trial.write(str(content.get("code")))
        if action == "restart":
            trial.go(0)
        elif action == "back":
            trial.go(max(trial.position - 1, 0))
        else:
            getattr(trial, action)()

    # --------------------------------------------------------------------------------------------------- to the page
    def _text(self) -> dict[str, Any]:
        return {"number": self.trial.texts, "code": self.trial.code}

    def _state(self) -> dict[str, Any]:
        trial = self.trial
        line, error = trial.fault
        return {
            "locked": _(self._locked),
            "attack": trial.attack.id,
            "groups": _groups(trial),
            "about": about(trial.attack),
            "hints": [_(text) for text in trial.attack.hints[: trial.hints]],
            "more_hints": len(trial.attack.hints) - trial.hints,
            "solved": trial.is_shown,
            "has_solution": bool(trial.attack.code.strip()),
            "fault": [line, error_text(error) if error else ""],
            "line": trial.shot.cpu.line if trial.shot and not trial.ended else 0,
            "position": trial.position,
            "ended": trial.ended,
            "said": said(trial),
            "registers": _registers(trial),
            "steps": [_step(trial, one) for one in trial.steps],
            "seed": trial.seed,
            "most_seed": MAX_SEED,
            "most_code": MAX_CODE,
            "verdict": self._verdict() if self._verdict else None,
            "manual": [[name, _value(name, value), meaning(name)] for name, value in trial.manual.items()],
        }

    def __repr__(self) -> str:
        return f"<AttackCode: {self.trial.attack.id}, {self.trial.position} instructions>"


def _groups(trial: Trial) -> list[list[Any]]:
    groups = {family: list[list[str]]() for family in FAMILY_NAMES}
    for one in trial.known.values():
        # A family that is new here is shown under its own name.
        title = _(one.title) or _("code of one's own")
        groups.setdefault(one.family, []).append([one.id, title[:1].upper() + title[1:]])
    return [[_(FAMILY_NAMES.get(family, family)), listed] for family, listed in groups.items() if listed]


def about(attack: Attack) -> str:
    """Return what an attack is after and where it is run, in sentences."""
    told = [
        plain(mark("Your task: {goal}."), goal=_(GOAL_NAMES.get(attack.goal, attack.goal))),
        *where(attack.placement),
    ]
    if attack.like:
        told.append(plain(mark("A published attack of this class: {name}."), name=_(attack.like)))
    return " ".join(told)


def where(placement: Placement) -> list[str]:
    """Return where guest code is run, in sentences."""
    told = [_(_WHERE[placement.victim])] if placement.victim in _WHERE else []
    told += [_(_SEATS[placement.seat])] if placement.seat in _SEATS else []
    if placement.timed:
        told.append(_(_TIMED[placement.victim]))
    told += [_(text) for field, text in _MORE.items() if getattr(placement, field)]
    return told + ([_(_CORES[placement.core])] if placement.core in _CORES else [])


def said(trial: Trial) -> str:
    """Return how far the run has come, in a sentence."""
    if trial.shot is None:
        return _("This cannot be run yet: a line is no code.")
    cpu = trial.shot.cpu
    count = number(trial.position)
    if not trial.ended:
        if not trial.position:
            return _("Nothing has been run yet.")
        return plain(mark("Instructions so far: {count}. Line {line} comes next."), count=count, line=number(cpu.line))
    if (time := trial.shot.scenario.processor) is not None and time.over:
        return plain(mark("The time that is measured is over. Instructions: {count}."), count=count)
    if fault := trial.shot.fault:
        reason, label = _exit(fault.reason), HANDLER if fault.reason in FAULTS else ""
        if fault.reason == "triple_fault":
            reason, label = _exit("software_interrupt"), f"vector_{fault['vector']}"
            if label in cpu.program.labels:
                text = mark("The interrupt leaves a frame at rsp, where you have no memory. Instructions: {count}.")
                return plain(text, count=count)
        if label:
            text = mark("Your code has no label {label} to go on at after this: {reason}. Instructions: {count}.")
            return plain(text, label=label, reason=reason, count=count)
        text = mark("The VMM does not go on after this exit: {reason}. Instructions: {count}.")
        return plain(text, reason=reason, count=count)
    if cpu.finished:
        return plain(mark("The code has run to its end. Instructions: {count}."), count=count)
    reasons = trial.steps[-1].exits if trial.steps else ()
    if reasons:
        text = mark("The VMM does not go on after this exit: {reason}. Instructions: {count}.")
        return plain(text, reason=_exit(reasons[-1]), count=count)
    return plain(mark("The run was cut off. Instructions: {count}."), count=count)


def _registers(trial: Trial) -> list[list[Any]]:
    if trial.shot is None:
        return []
    before = trial.before
    return [[name, f"{value:#x}", value != before[name]] for name, value in trial.shot.cpu.registers.items()]


def _step(trial: Trial, one: Step) -> list[str]:
    lines = trial.code.splitlines()
    text = lines[one.line - 1].split(";")[0].strip() if 0 < one.line <= len(lines) else ""
    where = ""
    if one.address is not None:
        text_of = mark("writes at {address}") if one.write else mark("reads at {address}")
        where = plain(text_of, address=hex(one.address))
        if one.owner:
            owner = owner_name(one.owner, trial.lab.stack)
            where = plain(mark("{access}, a frame of {owner}"), access=where, owner=owner)
    return [number(one.line), text, where, ", ".join(map(_exit, one.exits))]


def _exit(reason: str) -> str:
    return _(EXIT_NAMES.get(reason, reason))


def _value(name: str, value: int) -> str:
    return hex(value) if name.startswith(SHOWN_IN_HEX) else number(value)
