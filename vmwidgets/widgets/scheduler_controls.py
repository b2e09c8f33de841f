"""The controls of the scheduler lab: which scheduler, the weight and cap of a VM, and what the guests do."""

from dataclasses import fields
from typing import Any

import traitlets

from vmwidgets.lab import Lab
from vmwidgets.locale import gettext as _
from vmwidgets.locale import mark
from vmwidgets.model.errors import VmwidgetsError
from vmwidgets.model.product_controls import control_of, size_of
from vmwidgets.model.scheduling import ALGORITHMS, Scheduling
from vmwidgets.model.vm import VM
from vmwidgets.model.workload import WORKLOADS, Workload
from vmwidgets.widgets.controls import WORKLOAD_NAMES
from vmwidgets.widgets.kit import SLOTS, Selection, plain
from vmwidgets.widgets.product_settings import product_settings
from vmwidgets.widgets.settings import Settings, choice_of, limit_of, range_of
from vmwidgets.widgets.time_line import ALGORITHM_NAMES

ACCOUNTING_NAMES = {
    "precise": mark("by time stamps, idealised"),
    "sampled": mark("sampled at each tick"),
    "xen_today": mark("by time stamps, as in Xen"),
}
_SCHEDULING = tuple(field.name for field in fields(Scheduling))
_SLICES = [0, 1, 2, 3, 5, 7, 10, 15, 20, 30, 50, 70, 100, 200, 500, 1000]
_COSTS = [0, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000]
_WINDOWS = [1, 2, 3, 5, 10, 20, 30, 60]
VICTIMS = SLOTS - 1
"""Honest burners beside a thief, at most: every VM shall have a colour."""


class SchedulerControls(Settings):
    """Lists, sliders and buttons of the scheduler lab; every one of them is a command that can be undone.

    Parameters
    ----------
    lab
        What is controlled.
    selection
        Which VM; a new one if left out.
    unfold
        Whether the rest of the controls is unfolded from the start.
    """

    _front = "scheduler_controls"
    _messages = ("set", "choose", "create", "clone", "remove", "reset", "undo", "redo")

    state = traitlets.Dict().tag(sync=True)

    def __init__(self, lab: Lab, selection: Selection | None = None, *, unfold: bool = False) -> None:
        self._unfold = unfold
        super().__init__(lab, selection, ["vm"])

    # -------------------------------------------------------------------------------------------------------- messages
    def _on_set(self, content: dict[str, Any]) -> None:
        self._unlocked()
        setting, value = content.get("id"), content.get("value")
        common = [*self._first(None), *self._rest()]
        vm = self._set_of(content, common)
        own = [*self._first(vm), *self._guest(vm)]
        spec = next((s for s in (*common, *own) if s["id"] == setting), None)
        if spec is None or type(value) is not (str if spec["kind"] == "choice" else int):
            raise VmwidgetsError("there is no control {name}", name=repr(setting)[:40])
        if setting == "victims":
            self._set_victims(value)
        elif vm and setting == "workload":
            self.lab.set_workload(vm.name, Workload(value))
        elif vm and setting in ("run_us", "cpu_permille"):
            work = vm.workload
            self.lab.set_workload(vm.name, Workload(work.kind, **{**dict(work.parameters), setting: value}))
        elif setting in _SCHEDULING:
            self.lab.set_scheduler(**{str(setting): value})
        elif vm:
            self._configure(vm, spec, value)

    def _set_victims(self, count: int) -> None:
        """Create or remove burners, the newest first, until there are so many."""
        victims = self._victims()
        if not 0 <= count <= self._most_victims(len(victims)):
            raise VmwidgetsError("there is no control {name}", name=repr(count)[:40])
        for vm in reversed(victims[count:]):
            self.lab.destroy_vm(vm.name)
        for _new in range(count - len(victims)):
            if victims:
                self.lab.clone_vm(victims[-1].name, self._free_name(victims[-1].name))
            else:
                self.lab.create_vm(self._free_name(_("victim")), workload="cpu_burner")

    def _on_create(self, _content: dict[str, Any]) -> None:
        self._unlocked()
        name = self._free_name(_("VM"))
        self.lab.create_vm(name, workload="cpu_burner")
        self.selection.vm = name

    def _on_undo(self, _content: dict[str, Any]) -> None:
        self._unlocked()
        self.lab.undo()

    def _on_redo(self, _content: dict[str, Any]) -> None:
        self._unlocked()
        self.lab.redo()

    # ----------------------------------------------------------------------------------------------------------- state
    def _victims(self) -> list[VM]:
        return [vm for vm in self.lab.vms if vm.workload.kind == "cpu_burner"]

    def _most_victims(self, victims: int) -> int:
        return max(victims, min(VICTIMS, SLOTS - len(self.lab.vms) + victims))

    def _state(self) -> dict[str, Any]:
        names, vm = [vm.name for vm in self.lab.vms], self._chosen()
        return {
            "locked": _(self._locked) if self._locked else "",
            "vm": vm.name if vm else "",
            "names": names,
            "first": self._first(vm),
            "rest": self._rest(),
            "guest": self._guest(vm),
            "guest_title": plain(mark("Virtual machine {name}"), name=vm.name) if vm else "",
            "ignored": self._ignored(),
            "full": len(names) >= SLOTS,
            "undo": self.lab.can_undo,
            "redo": self.lab.can_redo,
            "unfold": self._unfold,
        }

    def _first(self, vm: VM | None) -> list[dict[str, Any]]:
        now = self.lab.scheduling
        shown = [choice_of("algorithm", _("Scheduler"), ALGORITHM_NAMES, now.algorithm)]
        others = {name: text for name, text in ALGORITHM_NAMES.items() if name != now.algorithm}
        shown.append(choice_of("beside", _("Beside it"), {"": mark("nothing"), **others}, now.beside))
        if vm and self.lab.stack.controls:
            shown += [self._of(vm, one) for one in product_settings(self.lab, vm, "cpu_shares")]
        elif vm:
            label = plain(mark("Weight of {vm}"), vm=vm.name)
            shown.append(range_of("cpu_shares", label, 100, max(4000, vm.cpu_shares), 100, vm.cpu_shares))
        victims = len(self._victims())
        return [*shown, range_of("victims", _("Victims"), 0, self._most_victims(victims), 1, victims)]

    def _of(self, vm: VM, spec: dict[str, Any]) -> dict[str, Any]:
        """Return a setting with the name of the VM that it is of."""
        return {**spec, "label": plain(mark("{control} of {vm}"), control=spec["label"], vm=vm.name)}

    def _rest(self) -> list[dict[str, Any]]:
        now = self.lab.scheduling
        heeded = [ALGORITHMS[algorithm] for algorithm in now.algorithms]
        own = {setting for algorithm in heeded for setting in algorithm.heeds}
        shown: list[dict[str, Any]] = []
        if any(algorithm.slice_ms for algorithm in heeded):
            shown.append(_stops("slice_ms", _("Slice (0: its own)"), _SLICES, now.slice_ms, 1, 0, _("ms")))
        cost = _stops("switch_cost_us", _("Cost of a switch"), _COSTS, now.switch_cost_us, 1000, 3, _("ms"))
        shown += [cost, _stops("window_s", _("Time that is run"), _WINDOWS, now.window_s, 1, 0, _("s"))]
        if "accounting" in own:
            shown.append(choice_of("accounting", _("Credits are taken"), ACCOUNTING_NAMES, now.accounting))
        if "threads_per_core" in own:
            whole = [threads for threads in range(1, 5) if self.lab.hardware.pcpus % threads == 0]
            shown.append(_stops("threads_per_core", _("Threads per core"), whole, now.threads_per_core, 1, 0, ""))
        if "host_programs" in own:
            top = max(16, now.host_programs)
            shown.append(range_of("host_programs", _("Busy host programs"), 0, top, 1, now.host_programs))
        return shown

    def _guest(self, vm: VM | None) -> list[dict[str, Any]]:
        hardware = self.lab.hardware
        if vm is None:
            return []
        kinds = {kind: WORKLOAD_NAMES[kind] for kind in WORKLOADS if kind != "trace" or vm.workload.kind == "trace"}
        most = vm.vcpus * hardware.clock_khz // 1000
        shown = [
            choice_of("workload", _("Workload"), kinds, vm.workload.kind),
            range_of("vcpus", _("vCPUs"), 1, hardware.pcpus, 1, vm.vcpus),
        ]
        if self.lab.stack.controls:
            shown += product_settings(self.lab, vm, "cpu_reservation_mhz", "cpu_limit_mhz")
        else:
            cap = limit_of("cpu_limit_mhz", most, 50, vm.cpu_limit_mhz, 1000, 2, _("GHz"))
            shown.append({**cap, "label": _("Cap")})
        has = vm.workload.settings()
        if vm.workload.kind == "tick_thief":
            top = max(has["run_us"], has["tick_us"])
            shown.append(range_of("run_us", _("Runs per tick"), 500, top, 100, has["run_us"], 1000, 1, _("ms")))
        if vm.workload.kind == "constant":
            wants, top = has["cpu_permille"], 1000 * vm.vcpus
            shown.append(
                range_of("cpu_permille", _("Demand"), 0, max(wants, top), 50, wants, 1000, 2, plain(mark("pCPUs")))
            )
        return shown

    def _weight(self, vm: VM) -> int | str:
        """Return the weight that was chosen for a VM, in the product's own way of counting."""
        own = control_of(self.lab.stack, "cpu_shares")
        return own.value(vm.cpu_shares, size_of(vm, self.lab.hardware)) if own else vm.cpu_shares

    def _ignored(self) -> str:
        """Say which settings of the VMs a scheduler that runs does not heed."""
        told: list[str] = []
        for algorithm in dict.fromkeys(self.lab.scheduling.algorithms):
            heeds = ALGORITHMS[algorithm].heeds
            others = {self._weight(other) for other in self.lab.vms}
            unheeded = [
                text
                for key, text, used in (
                    ("weight", _("weights"), len(others) > 1),
                    ("cap", _("caps"), any(other.cpu_limit_mhz is not None for other in self.lab.vms)),
                    ("reservation", _("reservations"), any(other.cpu_reservation_mhz for other in self.lab.vms)),
                )
                if used and key not in heeds
            ]
            if unheeded:
                name = _(ALGORITHM_NAMES[algorithm])
                told.append(plain(mark("{scheduler} knows no {list}."), scheduler=name, list=", ".join(unheeded)))
        return " ".join(told)

    def __repr__(self) -> str:
        return f"<SchedulerControls: {self.selection.vm or 'no VM'}>"


def _stops(id: str, label: str, stops: list[int], value: int, per: float, decimals: int, unit: str) -> dict[str, Any]:
    """Describe a slider over values that are not a step apart, the present one among them."""
    values = sorted({*stops, value})
    return {**range_of(id, label, values[0], values[-1], 1, value, per, decimals, unit), "stops": values}
