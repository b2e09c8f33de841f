"""Which product the machines of a lab run on: the same list in the same place of every lab."""

from typing import Any

import traitlets

from vmwidgets.lab import Lab
from vmwidgets.locale import gettext as _
from vmwidgets.locale import mark, number
from vmwidgets.model.errors import VmwidgetsError
from vmwidgets.model.product_controls import Adjustment
from vmwidgets.model.stack import Stack
from vmwidgets.model.units import MiB
from vmwidgets.model.vm import CONTROLS
from vmwidgets.stacks import STACKS
from vmwidgets.widgets.controls import RESOURCE_NAMES
from vmwidgets.widgets.kit import View, plain
from vmwidgets.widgets.product_settings import UNITS
from vmwidgets.widgets.time_line import ALGORITHM_NAMES

GROUPS = {
    0: mark("For comparison: no product"),
    1: mark("The VMM runs on the hardware (type 1)"),
    2: mark("The VMM is a program on an operating system (type 2)"),
}
"""Headings of the list, by the type of a stack; one that takes every setting as it is stands in none of the types."""
_KINDS = {
    0: mark("{name} is no product: every control of a virtual machine is there."),
    1: mark("{name}: the VMM, the program that divides the machine, runs on the hardware itself."),
    2: mark("{name}: the VMM, the program that divides the machine, is a program on an operating system."),
}
_INSIDE = mark("{name}: the VMM, the program that divides the machine, is a part of a kernel that has it: {kernel}.")
_ONE_KERNEL = mark(
    "{name}: there is no VMM. In place of each virtual machine: {programs}. They all run on one kernel: {kernel}."
)
_KIND_NAMES = (mark("Shares"), mark("Reservation"), mark("Limit"))
_AMOUNTS = {"mhz": (1, mark("MHz")), "bytes": (MiB, mark("MiB")), "iops": (1, mark("op/s")), "bps": (1, mark("B/s"))}


class Products(View):
    """A list of products; to choose another one is a command that moves the machines there.

    Parameters
    ----------
    lab
        Whose machines.
    """

    _front = "products"
    _messages = ("move",)

    state = traitlets.Dict().tag(sync=True)

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self._locked = False
        self._adjusted: tuple[str, tuple[Adjustment, ...]] = "", ()
        super().__init__(state=self._state())
        self._closers += [lab.subscribe(self._follow)]

    def refresh(self) -> None:
        """Write all synced traits anew."""
        self.state = self._state()

    def lock(self, reason: str) -> None:
        """Hold the list still for a reason; ``""`` lets go of it."""
        self._locked = bool(reason)
        self.refresh()

    def move(self, stack: str) -> None:
        """Do what choosing a product from the list does."""
        self._on_move({"stack": stack})

    def _on_move(self, content: dict[str, Any]) -> None:
        if self._locked:
            raise VmwidgetsError("the controls are locked until your prediction is in")
        stack = str(content.get("stack"))
        if stack != self.lab.stack.id:
            self._adjusted = stack, self.lab.set_stack(stack)
            self.refresh()

    def _follow(self, lab: Lab) -> None:
        if self._adjusted[0] != lab.stack.id:
            self._adjusted = "", ()
        self.refresh()

    def _state(self) -> dict[str, Any]:
        now = self.lab.stack
        listed = {**STACKS, now.id: now}.values()
        return {
            "locked": self._locked,
            "stack": now.id,
            "groups": [
                [_(text), [[stack.id, _(stack.name)] for stack in listed if _group(stack) == kind]]
                for kind, text in GROUPS.items()
            ],
            "sentence": self._sentence(),
            "adjusted": adjusted_text(self._adjusted[1]),
        }

    def _sentence(self) -> str:
        lab = self.lab
        told = [_kind(lab.stack)]
        if lab.stack.scheduler:
            name = _(ALGORITHM_NAMES[lab.stack.scheduler])
            told.append(plain(mark("Its processor scheduler: {name}."), name=name))
        if lab.memory:
            told.append(plain(mark("Memory is managed as in {name}."), name=_(lab.memory.profile.name)))
        return " ".join(told)

    def __repr__(self) -> str:
        return f"<Products: {self.lab.stack.id}>"


def _group(stack: Stack) -> int:
    return stack.type if stack.controls else 0


def _kind(stack: Stack) -> str:
    layers = stack.layers
    vmm = next((layer for layer in layers if layer.kind == "vmm"), None)
    if stack.type == 1 and vmm and vmm.inside:
        return plain(_INSIDE, name=_(stack.name), kernel=_(layers[vmm.inside].name))
    if len(layers) and not vmm:
        programs = layers.customer
        kernel = layers[programs.on].name
        return plain(_ONE_KERNEL, name=_(stack.name), programs=_(programs.name), kernel=_(kernel))
    return plain(_KINDS[_group(stack)], name=_(stack.name))


def adjusted_text(adjusted: tuple[Adjustment, ...]) -> str:
    """Return what could not be taken along to another product, in one sentence."""
    parts: list[str] = []
    for one in adjusted:
        was = _shown(one.control, one.value, one.unit)
        if one.to:
            parts.append(
                plain(mark("{vm}: {was} → {now}"), vm=one.vm, was=was, now=_shown(one.to, one.now, one.to_unit))
            )
        else:
            parts.append(plain(mark("{vm}: {was}"), vm=one.vm, was=was))
    return plain(mark("Not taken along as it was: {list}."), list="; ".join(parts)) if parts else ""


def _shown(control: str, value: int | str | None, unit: str) -> str:
    """Return a control and its value in words: those of the product, or, where there is none, our own."""
    amount = _("no limit") if value is None else number(value) if isinstance(value, int) else value
    for resource, settings in CONTROLS.items():
        if control in settings:
            name = f"{_(RESOURCE_NAMES[resource])}, {_(_KIND_NAMES[settings.index(control)])}"
            per, own = _AMOUNTS.get(control.rsplit("_", 1)[1], (1, ""))
            if isinstance(value, int) and own:
                amount = f"{number(value // per)} {_(own)}"
            return f"{name} {amount}"
    if not unit or not isinstance(value, int):  # a quota is written with its period, a word has no unit
        return f"{control} {amount}"
    return f"{control} {number(value // MiB) if unit == 'bytes' else amount} {_(UNITS[unit])}"
