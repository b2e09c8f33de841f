"""Stage A2: the desk at which one wall is broken, on the student's own host."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast

import ipywidgets
import traitlets

from vmwidgets.assignments.perimeter.items import HINT_PRICES
from vmwidgets.assignments.perimeter.variant import BOOT_NAMES
from vmwidgets.lab import Lab
from vmwidgets.locale import gettext as _
from vmwidgets.locale import mark
from vmwidgets.model.errors import VmwidgetsError
from vmwidgets.model.guest_code import AssemblyError
from vmwidgets.model.range.attack import Attack
from vmwidgets.model.range.run import Shot
from vmwidgets.model.stack import Stack
from vmwidgets.widgets.assignment_form import FormView, group
from vmwidgets.widgets.assignment_manual import pages, task
from vmwidgets.widgets.assignment_stage import Stage
from vmwidgets.widgets.attack_code import AttackCode
from vmwidgets.widgets.attack_trace import AttackTrace
from vmwidgets.widgets.attack_trial import Trial
from vmwidgets.widgets.attack_words import FAMILY_NAMES
from vmwidgets.widgets.kit import plain, watch

if TYPE_CHECKING:
    from vmwidgets.widgets.assignment import Assignment
    from vmwidgets.widgets.assignment_zone import Zone

TITLES = {
    "memory": mark("A2 · Break the wall of memory"),
    "device": mark("A2 · Break the wall of devices"),
    "cpu": mark("A2 · Break the wall of processor time"),
}
_ABOUT = mark(
    "Number 0 below is the instance that the checks here look at; with any other number your host starts with another "
    "secret in another place."
)
_CHOOSE = mark("Choose a weakness first: it decides where your program is run.")


@dataclass(frozen=True, slots=True)
class _Bench:
    """What a trial asks of a lab: the stack."""

    stack: Stack


class SlotTrial(Trial):
    """A program of the student's on the host that was handed over.

    Parameters
    ----------
    zone
        Whose host.
    slot
        Which wall: ``"memory"``, ``"device"`` or ``"cpu"``.
    """

    def __init__(self, zone: "Zone", slot: str) -> None:
        self.zone, self.slot = zone, slot
        self.family = zone.family(slot)
        super().__init__(self._bench(), self._attack(), code=_("; your code"))
        if code := zone.program(slot):
            # As it was kept, to the last blank: what is in the editor is compared with it.
            self.code = code
            self._rewind()

    def take(self, family: str) -> None:
        """Take the program for one of another family; the run begins anew."""
        self.family = family
        self.lab, self.attack = self._bench(), self._attack()
        self._own = {self.attack.id: self.attack}
        self._again()

    @property
    def crossed(self) -> bool:
        """Whether the run, as far as it has come, proves that the wall is crossed."""
        return self.shot is not None and getattr(self.shot, "crossed", False)

    def _weakness(self) -> Any:
        family = self.family or self.zone.families(self.slot)[0]
        return self.zone.variant.weakness(family)

    def _bench(self) -> Lab:
        stack, technique = self.zone.variant.stack, self._weakness().technique
        return cast(Lab, _Bench(replace(stack, technique=technique) if technique else stack))

    def _attack(self) -> Attack:
        return Attack("own", "", "", "secret", self._weakness().attack.placement)

    def _rewind(self) -> None:
        self.ended, self.steps, self.before = False, (), {}
        empty = self.zone.variant.shot(self._weakness().family, "", self.seed)
        self.scenario, numbers = empty.scenario, empty.scenario.manual()
        self.manual = {name: numbers[name] for name in BOOT_NAMES if name in numbers}
        self.shot = self._fresh()

    def _fresh(self) -> Shot | None:
        try:
            shot = self.zone.variant.shot(self._weakness().family, self.code, self.seed)
        except VmwidgetsError as error:
            self.fault = error.line if isinstance(error, AssemblyError) else 1, error
            return None
        self.fault = 0, None
        self.before = dict(shot.cpu.registers)
        return shot


class Desk(AttackCode):
    """The editor of the attack lab without its gallery. A run to the end keeps what is no worse than what was kept."""

    def __init__(self, trial: SlotTrial, trace: "SlotTrace", assignment: "Assignment") -> None:
        self.slot = trial
        self.assignment = assignment
        super().__init__(trial, trace.verdict)
        self.lock("" if trial.family else _CHOOSE)

    def _receive(self, widget: object, content: dict[str, Any], buffers: object) -> None:
        if self._locked:
            self.error = _(self._locked)
            self.send({"ack": content.get("seq")})
            return
        super()._receive(widget, content, buffers)

    def _on_check(self, content: dict[str, Any]) -> None:
        super()._on_check(content)
        zone, slot = self.slot.zone, self.slot.slot
        if not zone.crosses(slot):
            # Nothing is lost by this, and without it everything is when the kernel ends.
            self.assignment.keep_program(slot, self.slot.family, self.slot.code)

    def _on_move(self, content: dict[str, Any]) -> None:
        super()._on_move(content)
        if content.get("to") == "run":
            self.assignment.keep_if_better(self.slot.slot, self.slot.family, self.slot.code)

    def _on_choose(self, _content: dict[str, Any]) -> None:
        raise VmwidgetsError(_CHOOSE)

    _on_hint = _on_solution = _on_choose

    def _state(self) -> dict[str, Any]:
        # What the gallery says of an attack is for the student to find out, or stands in the head above.
        nothing = {"groups": [], "about": "", "hints": [], "more_hints": 0, "has_solution": False, "manual": []}
        return {**super()._state(), **nothing}


class SlotTrace(AttackTrace):
    """What the layers made of it, and whether what was reported proves it."""

    def verdict(self) -> dict[str, str]:
        """Return what came of it in words: outcome, title, mechanism, consequences."""
        told, trial = super().verdict(), cast(SlotTrial, self.trial)
        if trial.crossed and trial.position:
            return {**told, "outcome": "open", "title": _("The wall is crossed, and your report proves it.")}
        if told["outcome"] == "open":
            return {**told, "title": _("The wall has fallen, but nothing that you reported proves it.")}
        return {**told, "title": _("The wall holds.")} if told["outcome"] == "stopped" else told


class SlotHead(Stage):
    """Which weakness is tried, and hints with their price."""

    _front = "assignment_slot"
    _messages = ("family", "hint")
    _name = "break"

    manual = traitlets.Dict().tag(sync=True)

    def __init__(self, assignment: "Assignment", slot: str, trial: SlotTrial, desk: Desk) -> None:
        self.slot, self.trial, self.desk = slot, trial, desk
        super().__init__(assignment)
        self.manual = pages(self.zone.variant)

    def refresh(self) -> None:
        """Write all synced traits anew."""
        super().refresh()
        self.manual = pages(self.zone.variant)

    def _state(self) -> dict[str, Any]:
        zone, slot = self.zone, self.slot
        opened, hints = zone.hints_opened(slot), zone.hints(slot)
        cost = sum(HINT_PRICES[:opened])
        price = {0: "", 1: _("The first hint costs nothing.")}.get(
            opened, plain(mark("Points that the hints of this wall cost you: {points}."), points=cost)
        )
        button = ""
        if opened < len(hints):
            text = mark("Open hint {number} of 3; its price in points: {points}")
            button = plain(text, number=opened + 1, points=HINT_PRICES[opened])
        return {
            **self._head(TITLES[slot], about=_ABOUT),
            "families": [[id, _(FAMILY_NAMES[id])] for id in zone.families(slot)],
            "family": self.trial.family,
            "task": task(zone.variant, self.trial.family) if self.trial.family else _(_CHOOSE),
            "hints": list(hints[:opened]),
            "hint": button,
            "price": price,
        }

    def _on_family(self, content: dict[str, Any]) -> None:
        family = str(content.get("id"))
        if family not in self.zone.families(self.slot):
            raise VmwidgetsError(_CHOOSE)
        self.trial.take(family)
        self.desk.lock("")
        if not self.zone.crosses(self.slot):
            self.assignment.keep_program(self.slot, family, self.trial.code)
        self.refresh()

    def _on_hint(self, content: dict[str, Any]) -> None:
        # Two clicks on one button open one hint.
        if content.get("open") == self.zone.hints_opened(self.slot) + 1:
            self.assignment.open_hint(self.slot)


class SlotFoot(FormView):
    """Whether the program in the editor is the one that is handed in, and the lamps."""

    _name = "kept"

    def __init__(self, assignment: "Assignment", slot: str, trial: SlotTrial) -> None:
        self.slot, self.trial = slot, trial
        super().__init__(assignment)
        self._closers += [watch(trial, ["turn"], self._changed)]

    def _changed(self, _change: object) -> None:
        self.refresh()

    def _state(self) -> dict[str, Any]:
        zone, slot, trial = self.zone, self.slot, self.trial
        same = zone.program(slot) == trial.code and zone.family(slot) == trial.family
        if same:
            note = _("The answer file has the program as you see it.")
        elif zone.crosses(slot):
            note = _("The answer file has another program, which crosses here. This one takes its place when it does.")
        elif zone.program(slot):
            note = _("The answer file has another program.")
        else:
            note = _("The answer file has no program yet.")
        head = self._head("", f"a2.{slot}")
        # A wall without a weakness or a program has nothing that could be kept.
        ready = bool(trial.family and trial.code.strip())
        kept = group("keep", button=mark("Hand in this program"), locked=same or not ready, note=note)
        return {**head, "groups": [kept]}

    def _commit(self, group: str, values: object, sure: int) -> None:
        if not self.trial.family:
            raise VmwidgetsError(_CHOOSE)
        self.assignment.keep_program(self.slot, self.trial.family, self.trial.code)


class Break(ipywidgets.VBox):
    """All of one wall, one below the other.

    Parameters
    ----------
    assignment
        Whose wall. The views here are closed with this one.
    slot
        Which.
    """

    def __init__(self, assignment: "Assignment", slot: str) -> None:
        self.slot = slot
        self.assignment = assignment
        self.trial = trial = SlotTrial(assignment.zone, slot)
        self.trace = SlotTrace(trial, says=False)
        self.desk = Desk(trial, self.trace, assignment)
        self.head = SlotHead(assignment, slot, trial, self.desk)
        self.foot = SlotFoot(assignment, slot, trial)
        super().__init__([self.head, self.desk, self.foot, self.trace], layout={"width": "100%"})
        self.add_class("vmw-lab")

    def refresh(self) -> None:
        """Write all synced traits of the head and the foot anew; the desk follows its trial."""
        if self.trial.zone is not self.assignment.zone:
            self.trial.zone = self.assignment.zone
            self.trial.code = self.trial.zone.program(self.slot) or _("; your code") + "\n"
            self.trial.texts += 1
            self.trial.take(self.trial.zone.family(self.slot))
            self.desk.lock("" if self.trial.family else _CHOOSE)
        self.head.refresh()
        self.foot.refresh()

    def close(self) -> None:
        """End the wall, and all it began."""
        for part in (self.head, self.desk, self.foot, self.trace):
            part.close()
        self.layout.close()
        super().close()

    def __repr__(self) -> str:
        return f"<{self.assignment.title}: break {self.slot}>"

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, Any]:
        return {**super()._repr_mimebundle_(**kwargs), "text/plain": repr(self)}
