"""Power on: how a machine comes up, stage by stage, and with which symptom a broken stage shows itself.

A boot line is gone through from left to right. A stage comes up if what it needs is up; otherwise it fails, and what
waits for it is never reached. What runs in the end is read off the layers.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from vmwidgets.model.errors import VmwidgetsError
from vmwidgets.model.layers import Layer, Layers

if TYPE_CHECKING:
    from vmwidgets.model.stack import Stack


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage of booting.

    Parameters
    ----------
    id
        Its own id: that of the layer which comes up with it, if there is one (a boot loader does not stay).
    name
        What happens (an English text, a key of the catalogues).
    needs
        The stages that have to be done before; the last of them starts this one.
    symptom
        What a person at the machine sees when it fails (an English text, a key of the catalogues).
    source
        Where it is said that it is so.
    """

    id: str
    name: str
    needs: tuple[str, ...] = ()
    symptom: str = ""
    source: str = ""


STATES = ("done", "failed", "unreached")
"""What becomes of a stage."""


@dataclass(frozen=True, slots=True)
class Step:
    """What became of a stage.

    Parameters
    ----------
    stage, state
        Which, and one of :data:`STATES`.
    because
        Id of the stage that it missed or that was in its way; ``""``: it came up, or is itself what is broken.
    bare
        Whether it is an OS that came up on the machine itself, although there should be a hypervisor below it.
    """

    stage: Stage
    state: str
    because: str = ""
    bare: bool = False

    @property
    def symptom(self) -> str:
        """What a person at the machine sees; ``""`` unless it failed."""
        return self.stage.symptom if self.state == "failed" else ""


@dataclass(frozen=True, slots=True)
class Booted:
    """What came of a boot: the steps in their order, and the layers that run in the end."""

    steps: tuple[Step, ...]
    layers: Layers

    @property
    def symptoms(self) -> tuple[str, ...]:
        """What a person at the machine sees; nothing if all is well."""
        return tuple(step.symptom for step in self.steps if step.symptom)

    def state(self, id: str) -> str:
        """Return what became of a stage; ``"unreached"`` if it was left out."""
        return next((step.state for step in self.steps if step.stage.id == id), "unreached")


def boot(stack: "Stack", order: Iterable[str] | None = None, broken: Iterable[str] = ()) -> Booted:
    """Power a machine on and go through a boot line.

    An OS that has its own drivers comes up without a hypervisor too: then it has the machine to itself, and a
    hypervisor that comes later cannot get below it any more.

    Parameters
    ----------
    stack
        Its stages and layers.
    order
        Ids of stages in the order to try; by default all, as they should be. What is not named is left out.
    broken
        Ids of stages that fail however well they are prepared.

    Raises
    ------
    VmwidgetsError
        If an id is not that of a stage, or one stands twice in the line.
    """
    line = _Line(stack)
    ids = [stage.id for stage in stack.boot] if order is None else list(order)
    for id in (*ids, *broken):
        if id not in line.stages:
            raise VmwidgetsError(
                "there is no stage {stage}, expected one of {known}",
                stage=repr(id)[:60],
                known=", ".join(line.stages) or "none",
            )
    if twice := [id for id in line.stages if ids.count(id) > 1]:
        raise VmwidgetsError("the stage {stage} stands twice in the boot line", stage=twice[0])
    faults = set(broken)
    steps = tuple(line.step(id, id in faults) for id in ids)
    return Booted(steps, line.running())


class _Line:
    """A machine on its way up."""

    def __init__(self, stack: "Stack") -> None:
        self.stages = {stage.id: stage for stage in stack.boot}
        self.layers = stack.layers
        self.done: set[str] = set()
        self.stopped: set[str] = set()
        self.bare: set[str] = set()
        """Kernels that have the machine to themselves."""

    def step(self, id: str, is_broken: bool) -> Step:
        """Try the next stage of the line."""
        stage, missing = self.stages[id], self._missing(id)
        stands_in = self._stands_in(id, missing)
        if missing and not stands_in:
            state = "unreached" if self.stopped & set(missing) else "failed"
            because = next((one for one in missing if one in self.stopped), missing[0])
        else:
            because = self._in_the_way(id)
            state = "failed" if because or is_broken else "done"
        if state != "done":
            self.stopped.add(id)
            return Step(stage, state, because)
        self.done.add(id)
        self.bare -= set(stage.needs) if self._is_vmm(id) else set()
        self.bare |= {id} if stands_in else set()
        return Step(stage, state, bare=stands_in)

    def _missing(self, id: str) -> list[str]:
        """Return the stages that have to be up for this one, and are not."""
        missing = [need for need in self.stages[id].needs if need not in self.done]
        if id in self.layers and not self._is_os(id):
            for below in self.layers.under(id)[1:]:
                if below.id in self.stages and below.id not in {*self.done, *missing}:
                    missing.append(below.id)
                if below.id in self.bare:
                    break
        return missing

    def _stands_in(self, id: str, missing: list[str]) -> bool:
        """Return whether it is an OS whose hypervisor was not started, and that can be started in its place."""
        if not self._is_os(id) or not self._is_vmm(below := self.layers[id].on) or below in self.done:
            return False
        if not missing:  # it does not ask for the hypervisor
            return True
        drives = any("drives" in layer.duties for layer in self.layers if id in (layer.id, layer.inside))
        ready = all(need in self.done for need in self.stages[below].needs)
        return missing == [below] and below not in self.stopped and drives and ready

    def _in_the_way(self, id: str) -> str:
        """Return the OS that has the machine that a hypervisor needs, unless that OS is what starts it."""
        if not self._is_vmm(id):
            return ""
        return next((os for os in self.bare if self.layers[os].on == id and os not in self.stages[id].needs), "")

    def _is_os(self, id: str) -> bool:
        return id in self.layers and self.layers[id].kind == "kernel" and not self.layers[id].per_vm

    def _is_vmm(self, id: str) -> bool:
        return id in self.stages and id in self.layers and self.layers[id].kind == "vmm"

    def running(self) -> Layers:
        """Return the layers that run."""
        up: dict[str, Layer] = {}
        on_bare: set[str] = set()
        of_vms = {id for id in self.stages if id in self.layers and self.layers[id].per_vm}
        for layer in self.layers:
            stages = {layer.id} if layer.id in self.stages else of_vms if layer.per_vm else set[str]()
            if stages and not stages & self.done:  # what has no stage of its own comes with its VM
                continue
            if layer.id in self.bare:
                on_bare.add(layer.id)
                up[layer.id] = replace(layer, on=self.layers[layer.on].on, privilege="kernel")
            elif all(not below or below in up for below in (layer.on, layer.inside)):
                if layer.on in on_bare:
                    on_bare.add(layer.id)
                    layer = replace(layer, privilege=_ON_THE_MACHINE.get(layer.privilege, layer.privilege))
                up[layer.id] = layer
        return Layers(up.values())


_ON_THE_MACHINE = {"guest_kernel": "kernel", "guest_user": "user"}
"""Privileges of an OS and its programs above a VMM, and on the machine itself."""
