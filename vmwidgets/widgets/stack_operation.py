"""An operation on its way through the layers of each product, step by step, with what is published of its cost."""

from typing import Any

from vmwidgets.locale import error_text, mark
from vmwidgets.locale import gettext as _
from vmwidgets.model.costs import PROCESSORS
from vmwidgets.model.errors import VmwidgetsError
from vmwidgets.model.paths import OPERATIONS, Path, Step, path
from vmwidgets.model.stack import Stack
from vmwidgets.widgets.stack_choice import Choice
from vmwidgets.widgets.stack_panel import Panel
from vmwidgets.widgets.stack_words import DEVICES, TECHNIQUES

NAMES = {
    "computation": mark("computation"),
    "system_call": mark("system call"),
    "page_table_update": mark("page-table update"),
    "hypercall": mark("hypercall"),
    "timer_interrupt": mark("timer interrupt"),
    "disk_read": mark("disk read"),
    "network_packet": mark("network packet"),
}
CROSSINGS = {
    "none": mark("works"),
    "call": mark("call"),
    "system_call": mark("system call"),
    "system_return": mark("return of the call"),
    "wakeup": mark("wake-up"),
    "vm_exit": mark("VM exit"),
    "vm_entry": mark("VM entry"),
    "trap": mark("trap"),
    "callout": mark("call of the VMM"),
    "hypercall": mark("hypercall"),
    "return": mark("return"),
    "interrupt": mark("interrupt"),
    "world_switch": mark("world switch"),
    "domain_switch": mark("switch of domains"),
    "dma": mark("DMA"),
    "direct": mark("no layer between"),
}
_DEVICE_OPERATIONS = ("disk_read", "network_packet")


class StackOperation(Panel):
    """One operation in all products; the page goes through the steps without asking the kernel.

    The step that is shown dispatches ``vmw-crossing`` on the document, with ``comparison`` and, for each product, the
    layers that the operation is in and was in, so that the diagrams can show it.

    Parameters
    ----------
    choice
        What is compared.
    """

    _front = "stack_operation"
    _tab = "operation"
    _messages = ("choose",)

    def __init__(self, choice: Choice) -> None:
        self._operation = "network_packet"
        self._cpu = ""
        self._ways: dict[tuple[str, str], str] = {}
        self._turn = 0
        super().__init__(choice)

    def _on_choose(self, content: dict[str, Any]) -> None:
        """Choose the operation, the processor, or the technique or device of one product."""
        what, wanted, product = content.get("what"), content.get("id"), str(content.get("product", ""))
        stack = next((stack for stack in self.choice.stacks if stack.id == product), None)
        known: dict[Any, Any] = {"operation": NAMES, "cpu": ["", *PROCESSORS]}
        if stack:
            known |= {"technique": techniques(stack), "device": devices(stack)}
        if what not in known or wanted not in known[what]:
            raise VmwidgetsError("there is no {what} {id} to choose", what=repr(what)[:20], id=repr(wanted)[:40])
        if what == "operation":
            self._operation = str(wanted)
        elif what == "cpu":
            self._cpu = str(wanted)
        else:
            self._ways[product, str(what)] = str(wanted)
        self._turn += 1
        self.refresh()

    def _shown(self) -> dict[str, Any]:
        return {
            "turn": self._turn,
            "operations": [[id, _(NAMES[id])] for id in OPERATIONS],
            "operation": self._operation,
            "cpus": [
                ["", _("of the product itself, or else of a usual processor")],
                *([name, name] for name in PROCESSORS),
            ],
            "cpu": self._cpu,
            "products": [self._product(stack) for stack in self.choice.stacks],
        }

    def _product(self, stack: Stack) -> dict[str, Any]:
        technique = self._ways.get((stack.id, "technique"), stack.technique)
        device = self._ways.get((stack.id, "device"), stack.device)
        shown: dict[str, Any] = {
            "id": stack.id,
            "name": _(stack.name),
            "techniques": [[id, _(TECHNIQUES[id])] for id in techniques(stack)],
            "technique": technique,
            "devices": [[id, _(DEVICES[id])] for id in devices(stack)] if self._operation in _DEVICE_OPERATIONS else [],
            "device": device,
        }
        try:
            way = path(stack, self._operation, technique, device, self._cpu or None)
        except VmwidgetsError as error:
            return {**shown, "none": error_text(error), "names": {}, "steps": []}
        return {
            **shown,
            "none": "",
            **_way(way),
            "names": _names(way, stack),
            "steps": [_step(step) for step in way.steps],
        }


def techniques(stack: Stack) -> tuple[str, ...]:
    """Return how the CPU can be virtualized, the default first."""
    return tuple(dict.fromkeys((stack.technique, *stack.techniques)))


def devices(stack: Stack) -> tuple[str, ...]:
    """Return how guests can reach devices, the default first."""
    return tuple(dict.fromkeys((stack.device, *stack.devices)))


def _way(way: Path) -> dict[str, Any]:
    return {
        "cpu": way.cpu,
        "mhz": way.mhz,
        "exits": way.exits,
        "whole": way.whole.cycles if way.whole else None,
        "whole_source": way.whole.source if way.whole else "",
    }


def _names(way: Path, stack: Stack) -> dict[str, str]:
    return {id: _(stack.layers[id].name) for step in way.steps for id in (step.origin, step.target)}


def _step(step: Step) -> dict[str, Any]:
    return {
        "origin": step.origin,
        "target": step.target,
        "crossing": _(CROSSINGS[step.crossing]),
        "what": _(step.what),
        "cycles": step.cycles,
        "source": step.source,
        "included": step.included,
        "derived": step.derived,
    }
