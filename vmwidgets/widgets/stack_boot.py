"""The boot line of a product, shuffled: put it in order, break a stage if you like, press power, see what comes up."""

from typing import Any

import numpy as np

from vmwidgets.locale import gettext as _
from vmwidgets.locale import mark
from vmwidgets.model.boot import Booted, Step, boot
from vmwidgets.model.errors import VmwidgetsError
from vmwidgets.model.random import fnv1a, mix64
from vmwidgets.model.stack import Stack
from vmwidgets.widgets.kit import plain
from vmwidgets.widgets.stack_choice import Choice
from vmwidgets.widgets.stack_panel import Panel
from vmwidgets.widgets.stack_words import listed, names


class StackBoot(Panel):
    """The boot line of one of the products. The order is the kernel's, so that it is there again after a reload.

    Parameters
    ----------
    choice
        What is compared.
    seed
        Chooses how the stages are shuffled.
    """

    _front = "stack_boot"
    _tab = "boot"
    _messages = ("choose", "move", "break", "power", "shuffle", "sort")

    def __init__(self, choice: Choice, seed: int = 0) -> None:
        self._seed = seed
        self._turn = 0
        self._product = ""
        self._orders: dict[str, list[str]] = {}
        self._broken: dict[str, str] = {}
        self._booted: Booted | None = None
        super().__init__(choice)

    # ------------------------------------------------------------------------------------------------- from the page
    def _on_choose(self, content: dict[str, Any]) -> None:
        wanted = content.get("id")
        if wanted not in {stack.id for stack in self.choice.stacks}:
            raise VmwidgetsError("there is no product {id} to choose", id=repr(wanted)[:40])
        self._product, self._booted = str(wanted), None
        self.refresh()

    def _on_move(self, content: dict[str, Any]) -> None:
        order, id, to = self._order(), content.get("id"), content.get("to")
        if id not in order or type(to) is not int:
            raise VmwidgetsError("there is no stage {id} to move", id=repr(id)[:40])
        order.remove(str(id))
        order.insert(min(max(to, 0), len(order)), str(id))
        self._booted = None
        self.refresh()

    def _on_break(self, content: dict[str, Any]) -> None:
        """Break a stage; ``""`` mends it."""
        id = content.get("id")
        if id != "" and id not in self._order():
            raise VmwidgetsError("there is no stage {id} to break", id=repr(id)[:40])
        self._broken[self._stack().id], self._booted = str(id), None
        self.refresh()

    def _on_power(self, _content: dict[str, Any]) -> None:
        stack = self._stack()
        broken = self._broken.get(stack.id, "")
        self._booted = boot(stack, self._order(), (broken,) if broken else ())
        self.refresh()

    def _on_shuffle(self, _content: dict[str, Any]) -> None:
        self._turn += 1
        self._orders[self._stack().id] = shuffled(self._stack(), self._seed + self._turn)
        self._booted = None
        self.refresh()

    def _on_sort(self, _content: dict[str, Any]) -> None:
        """Put the stages in the right order."""
        stack = self._stack()
        self._orders[stack.id], self._booted = [stage.id for stage in stack.boot], None
        self.refresh()

    # --------------------------------------------------------------------------------------------------- to the page
    def _stack(self) -> Stack:
        stacks: tuple[Stack, ...] = self.choice.stacks
        return next((stack for stack in stacks if stack.id == self._product), stacks[0])

    def _order(self) -> list[str]:
        stack = self._stack()
        if set(self._orders.get(stack.id, ())) != {stage.id for stage in stack.boot}:
            self._orders[stack.id] = shuffled(stack, self._seed)
        return self._orders[stack.id]

    def _changed(self, _change: object) -> None:
        if self._product != self._stack().id:
            self._product, self._booted = self._stack().id, None
        super()._changed(_change)

    def _shown(self) -> dict[str, Any]:
        stack, booted = self._stack(), self._booted
        stages = {stage.id: stage for stage in stack.boot}
        order = self._order()
        steps = {step.stage.id: step for step in booted.steps} if booted else {}
        return {
            "products": [[one.id, _(one.name)] for one in self.choice.stacks],
            "product": stack.id,
            "name": _(stack.name),
            "stages": [[id, _(stages[id].name)] for id in sorted(order)],
            "broken": self._broken.get(stack.id, ""),
            "line": [
                {"id": id, "name": _(stages[id].name), "source": stages[id].source, **_become(steps.get(id), stack)}
                for id in order
            ],
            "powered": booted is not None,
            "well": booted is not None and not booted.symptoms and all(step.state == "done" for step in booted.steps),
            "symptoms": [_(text) for text in booted.symptoms] if booted else [],
            "result": _result(stack, booted) if booted else "",
        }


def shuffled(stack: Stack, seed: int) -> list[str]:
    """Return the stages in an order of the seed's, which is another than the right one."""
    right = [stage.id for stage in stack.boot]
    keys = mix64(seed ^ fnv1a(stack.id), np.arange(len(right), dtype=np.int64))
    order = [right[i] for i in np.argsort(keys, kind="stable").tolist()]
    return order if order != right else order[::-1]


def _become(step: Step | None, stack: Stack) -> dict[str, str]:
    """Return what became of a stage, and why."""
    if step is None:
        return {"state": "", "why": ""}
    because = next((_(stage.name) for stage in stack.boot if stage.id == step.because), "")
    why = ""
    if step.bare:
        why = _("It came up on the machine itself: no hypervisor is below it.")
    elif step.state == "done":
        why = _("It came up.")
    elif step.state == "failed":
        why = plain(mark("It failed: “{stage}” was not up, or was in its way."), stage=because) if because else ""
        why = why or _("It failed: it is broken.")
    else:
        why = plain(mark("It was never reached, since “{stage}” was not up."), stage=because)
    return {"state": step.state, "why": why}


def _result(stack: Stack, booted: Booted) -> str:
    """Return what runs in the end."""
    missing = [layer for layer in stack.layers if layer.id not in booted.layers]
    running = names(stack, (layer for layer in stack.layers if layer.id in booted.layers))
    if not missing:
        return plain(mark("Everything runs: {layers}."), layers=running)
    without = listed(_(layer.name) for layer in missing)
    return plain(mark("In the end these run: {layers}. These do not: {missing}."), layers=running, missing=without)
