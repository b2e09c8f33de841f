"""A failure in each product: which layers fall, which VMs go on, and by which chain of layers."""

from itertools import groupby
from typing import Any

from vmwidgets.locale import gettext as _
from vmwidgets.locale import mark, number
from vmwidgets.model.acts import FAILURES
from vmwidgets.model.errors import VmwidgetsError
from vmwidgets.model.failures import Fate, Outcome, fail
from vmwidgets.model.falling import Reason, falls
from vmwidgets.model.stack import Stack
from vmwidgets.model.units import GiB
from vmwidgets.model.vm import VM
from vmwidgets.model.workload import Workload
from vmwidgets.widgets.kit import plain
from vmwidgets.widgets.stack_choice import Choice
from vmwidgets.widgets.stack_layout import VMS
from vmwidgets.widgets.stack_panel import Panel

FATES = {
    "goes_on": ("✓", mark("running")),
    "slowed": ("~", mark("slower")),
    "paused": ("‖", mark("paused")),
    "stalled": ("!", mark("no disk, no network")),
    "gone": ("✕", mark("gone")),
    "not_published": ("?", mark("not published")),
}
"""A sign and a word for what becomes of a VM."""
_GOES_ON = "goes_on"


class StackDrill(Panel):
    """A failure that is chosen, foretold if one likes, and then happens in all products; the first VM is the one hit.

    Parameters
    ----------
    choice
        What is compared; its diagrams are told what has fallen.
    """

    _front = "stack_drill"
    _tab = "failure"
    _messages = ("choose", "predict", "happen", "mend")

    def __init__(self, choice: Choice) -> None:
        self._failure = next(iter(FAILURES))
        self._happened = False
        self._predicted: dict[str, int] = {}
        super().__init__(choice)

    # ------------------------------------------------------------------------------------------------- from the page
    def _on_choose(self, content: dict[str, Any]) -> None:
        wanted = content.get("id")
        if wanted not in FAILURES:
            raise VmwidgetsError("there is no failure {id} to choose", id=repr(wanted)[:40])
        self._failure = str(wanted)
        self._begin()

    def _on_predict(self, content: dict[str, Any]) -> None:
        """Foretell how many VMs of a product go on as before; -1 takes it back."""
        product, value = content.get("product"), content.get("value")
        if product not in {stack.id for stack in self.choice.stacks}:
            raise VmwidgetsError("there is no product {id} to choose", id=repr(product)[:40])
        if type(value) is not int or not -1 <= value <= VMS:
            raise VmwidgetsError("the prediction is {value}, expected 0 to {most}", value=repr(value)[:40], most=VMS)
        if self._happened:
            raise VmwidgetsError("it has happened already: choose a failure anew to foretell it")
        self._predicted[str(product)] = value
        self.refresh()

    def _on_happen(self, _content: dict[str, Any]) -> None:
        self._happened = True
        self.refresh()

    def _on_mend(self, _content: dict[str, Any]) -> None:
        self._begin()

    def _begin(self) -> None:
        self._happened = False
        self._predicted.clear()
        self.refresh()

    # --------------------------------------------------------------------------------------------------- to the page
    def refresh(self) -> None:
        """Write all synced traits anew, and tell the diagrams."""
        super().refresh()
        shown = self._happened and self.is_open
        self.choice.drill = tuple(struck(self._outcome(stack), stack) for stack in self.choice.stacks) if shown else ()

    def _outcome(self, stack: Stack) -> Outcome:
        return fail(stack, self._failure, busy())

    def _shown(self) -> dict[str, Any]:
        return {
            "failures": [[id, _(failure.name)] for id, failure in FAILURES.items()],
            "failure": self._failure,
            "happened": self._happened,
            "most": VMS,
            "products": [self._product(stack) for stack in self.choice.stacks],
        }

    def _product(self, stack: Stack) -> dict[str, Any]:
        shown = {"id": stack.id, "name": _(stack.name), "predicted": self._predicted.get(stack.id, -1)}
        if not self._happened:
            return shown
        outcome = self._outcome(stack)
        absent = plain(outcome.absent, stack=_(stack.name)) if outcome.absent else ""
        going = sum(fate.state == _GOES_ON for fate in outcome.fates)
        return {**shown, "absent": absent, "going": going, "groups": [_group(g) for g in _alike(outcome.fates)]}


def busy() -> list[VM]:
    """Return VMs that compute all the time, so that it is seen when somebody else computes too."""
    load = Workload("cpu_burner")
    return [VM(str(n + 1), vcpus=2, memory_bytes=8 * GiB, workload=load) for n in range(VMS)]


def _alike(fates: tuple[Fate, ...]) -> list[list[Fate]]:
    """Return neighbours of whom the same becomes, together."""
    return [list(group) for _key, group in groupby(fates, lambda fate: (fate.state, _speed(fate)))]


def _group(fates: list[Fate]) -> dict[str, Any]:
    first = fates[0]
    sign, word = FATES[first.state]
    return {
        "vms": [int(fate.vm) - 1 for fate in fates],
        "state": first.state,
        "sign": sign,
        "word": _(word),
        "speed": _speed(first),
        "chain": [_reason(reason) for reason in min((fate.chain for fate in fates), key=len)],
    }


def _reason(reason: Reason) -> str:
    text = plain(reason.text, layer=_(reason.layer.name), of=_(reason.of.name))
    return plain(mark("{fact} (assumed)"), fact=text) if reason.assumed else text


def _speed(fate: Fate) -> str:
    """Return how fast a VM that is slowed still is."""
    if fate.state != "slowed":
        return ""
    parts = (
        (mark("computes at {percent} % of its speed"), fate.cpu_permille),
        (mark("disk and network at {percent} %"), fate.io_permille),
        (mark("{percent} % of its memory has a frame"), fate.memory_permille),
    )
    return ", ".join(plain(text, percent=number(value / 10, 1)) for text, value in parts if value < 1000)


def struck(outcome: Outcome, stack: Stack) -> dict[str, Any]:
    """Return what the diagram of a stack shows of a failure.

    Its layers that have fallen, by id, with the numbers of the VMs whose they are, -1 for a layer that all have in
    common; the ids of the layers that are hit; and what becomes of each VM: its state, a sign and a word.
    """
    layers = stack.layers
    common = {id: () for id in outcome.fallen if not layers[id].per_vm}
    of_all = falls(layers, common, is_fault=outcome.failure.how == "fault")
    everyone = list(range(VMS))

    def whose(id: str) -> list[int]:
        if not layers[id].per_vm:
            return [-1]
        return everyone if id in of_all or outcome.failure.ends_session else [0]

    signs = [[fate.state, FATES[fate.state][0], _(FATES[fate.state][1])] for fate in outcome.fates]
    return {
        "fallen": {id: whose(id) for id in outcome.fallen},
        "hit": [layer.id for layer in outcome.hit],
        "fates": signs,
    }
