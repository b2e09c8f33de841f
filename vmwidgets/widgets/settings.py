"""What views with settings share: how a setting is described to the page, and machines made, copied and removed."""

from typing import Any

from vmwidgets.lab import Lab
from vmwidgets.locale import gettext as _
from vmwidgets.model.errors import VmwidgetsError
from vmwidgets.model.vm import VM
from vmwidgets.widgets.kit import Selection, View, watch


class Settings(View):
    """Base of the views whose settings are commands to the lab: they can be locked, undone and reset.

    Parameters
    ----------
    lab
        What is controlled.
    selection
        Which VM; a new one if left out.
    watched
        Traits of the selection that change what is shown.
    """

    def __init__(self, lab: Lab, selection: Selection | None, watched: list[str], **traits: Any) -> None:
        self.lab = lab
        self.selection = selection or Selection(lab)
        self._locked = ""
        self._setup, self._began = lab.setup, lab.log
        super().__init__(state=self._state(), **traits)
        self._closers += [lab.subscribe(self._follow), watch(self.selection, watched, self._changed)]

    def refresh(self) -> None:
        """Write all synced traits anew."""
        self.state = self._state()

    def lock(self, reason: str) -> None:
        """Hold the controls still and say why (a message id); ``""`` lets go of them."""
        self._locked = reason
        self.refresh()

    def set(self, setting: str, value: int | str) -> None:
        """Do what moving a control to ``value`` does, in the setting's own unit."""
        self._on_set({"id": setting, "value": value})

    def _state(self) -> dict[str, Any]:
        raise NotImplementedError

    def _on_set(self, content: dict[str, Any]) -> None:
        raise NotImplementedError

    def _follow(self, lab: Lab) -> None:
        if lab.setup is not self._setup:  # another experiment was loaded
            self._setup, self._began = lab.setup, lab.log
        self.selection.refresh(lab)
        self.refresh()

    def _changed(self, _change: object) -> None:
        self.refresh()

    def _unlocked(self) -> None:
        if self._locked:
            raise VmwidgetsError("the controls are locked until your prediction is in")

    def _configure(self, vm: VM, spec: dict[str, Any], value: int) -> None:
        """Give a VM a setting or a control of its product; at the very end of an open slider, no bound."""
        own = next((one for one in self.lab.stack.controls if one.name and one.python == spec["id"]), None)
        none = own.none if own else None
        self.lab.configure(vm.name, **{spec["id"]: none if spec["open"] and value >= spec["max"] else value})

    def _vm(self, content: dict[str, Any]) -> VM:
        # A page that waits for an answer names the VM that it shows as chosen, which is not yet the one chosen here.
        return self.lab.vm(str(content.get("vm") or self.selection.vm))

    def _set_of(self, content: dict[str, Any], common: list[dict[str, Any]]) -> VM | None:
        """Return the VM that shall be set; None if there is none, or the control is one of those common to all."""
        if content.get("id") in [spec["id"] for spec in common]:
            return None
        return self._vm(content) if content.get("vm") else self._chosen()

    def _chosen(self) -> VM | None:
        # The selection may lag behind the lab for a moment, when another view is told first.
        return next((vm for vm in self.lab.vms if vm.name == self.selection.vm), None)

    def _on_choose(self, content: dict[str, Any]) -> None:
        self.selection.vm = self.lab.vm(str(content.get("vm"))).name

    def _on_clone(self, content: dict[str, Any]) -> None:
        self._unlocked()
        old = self._vm(content).name
        name = self._free_name(old)
        self.lab.clone_vm(old, name)
        self.selection.vm = name

    def _on_remove(self, content: dict[str, Any]) -> None:
        self._unlocked()
        self.lab.destroy_vm(self._vm(content).name)

    def _on_reset(self, _content: dict[str, Any]) -> None:
        self._unlocked()
        self.lab.restore(self._began)

    def _free_name(self, base: str) -> str:
        taken = {vm.name for vm in self.lab.vms}
        stem = base.rstrip("0123456789 ")[:34] or base[:34]
        return next(name for name in (f"{stem} {n}" for n in range(1, 1000)) if name not in taken)


def range_of(
    id: str, label: str, low: int, high: int, step: int, value: int, per: float = 1, decimals: int = 0, unit: str = ""
) -> dict[str, Any]:
    """Describe a slider; what is read is the value divided by ``per``."""
    return {
        "id": id,
        "label": label,
        "kind": "range",
        "min": low,
        "max": high,
        "step": step,
        "value": value,
        "per": per,
        "decimals": decimals,
        "unit": unit,
        "open": False,
    }


def limit_of(
    id: str, most: int, step: int, value: int | None, per: float = 1, decimals: int = 0, unit: str = ""
) -> dict[str, Any]:
    """Describe a limit: one step beyond the last is "no limit"."""
    top = max(most, value or 0) + step
    spec = range_of(id, _("Limit"), step, top, step, top if value is None else value, per, decimals, unit)
    return {**spec, "open": True}


def check_of(id: str, label: str, value: bool) -> dict[str, Any]:
    """Describe a tick box."""
    return {**range_of(id, label, 0, 1, 1, int(value)), "kind": "check"}


def choice_of(id: str, label: str, names: dict[str, str], value: str) -> dict[str, Any]:
    """Describe a list; ``names`` are message ids."""
    options = [[key, _(text)] for key, text in names.items()]
    return {"id": id, "label": label, "kind": "choice", "value": value, "options": options, "open": False}
