"""The controls of one virtual machine: what a slider does is a command to the lab."""

from typing import Any

import traitlets

from vmwidgets.lab import Lab
from vmwidgets.locale import gettext as _
from vmwidgets.locale import mark
from vmwidgets.model.errors import VmwidgetsError
from vmwidgets.model.units import GB, GiB, MiB
from vmwidgets.model.vm import VM
from vmwidgets.model.workload import WORKLOADS, Workload
from vmwidgets.widgets.kit import SLOTS, Selection, plain
from vmwidgets.widgets.product_settings import resource_settings
from vmwidgets.widgets.settings import Settings, check_of, limit_of, range_of

WORKLOAD_NAMES = {
    "idle": mark("idle"),
    "web": mark("web server"),
    "batch": mark("batch job"),
    "database": mark("database"),
    "memory_hog": mark("memory hog"),
    "cpu_burner": mark("processor burner"),
    "boot_storm": mark("boot storm"),
    "trace": mark("trace"),
    "constant": mark("constant load"),
    "tick_thief": mark("tick thief"),
}
RESOURCE_NAMES = {
    "cpu": mark("Processor time"),
    "memory": mark("Memory"),
    "disk_io": mark("Disk I/O"),
    "network": mark("Network"),
    "disk": mark("Disk space"),
}


class Controls(Settings):
    """Sliders, lists and buttons for the chosen VM; every one of them is a command that can be undone.

    Parameters
    ----------
    lab
        What is controlled.
    selection
        Which VM and which resource; a new one if left out.
    unfold
        Whether shares, reservation and limit are unfolded from the start.
    """

    _front = "controls"
    _messages = ("set", "choose", "resource", "workload", "create", "clone", "rename", "remove", "reset")

    state = traitlets.Dict().tag(sync=True)

    def __init__(self, lab: Lab, selection: Selection | None = None, *, unfold: bool = False) -> None:
        self._unfold = unfold
        self._space = False  # disk space has no shares, so the charts do not know it as a resource
        super().__init__(lab, selection, ["vm", "resource"])

    # -------------------------------------------------------------------------------------------------------- messages
    def _on_set(self, content: dict[str, Any]) -> None:
        self._unlocked()
        setting, value, vm = content.get("id"), content.get("value"), self._vm(content)
        spec = next((s for s in (*self._machine(vm), *self._controls(vm)) if s["id"] == setting), None)
        if spec is None or type(value) is not int:
            raise VmwidgetsError("there is no control {name}", name=repr(setting)[:40])
        if setting in ("growth_bytes_per_day", "cpu_permille"):
            work = vm.workload
            changed = {**dict(work.parameters), setting: value}
            self.lab.set_workload(vm.name, Workload(work.kind, values=work.values, **changed))
        elif setting == "thin":
            self.lab.configure(vm.name, thin=bool(value))
        else:
            self._configure(vm, spec, value)

    def _on_resource(self, content: dict[str, Any]) -> None:
        resource = str(content.get("resource"))
        self._space = resource == "disk"
        if not self._space:
            self.selection.resource = resource
        self.refresh()

    def _on_workload(self, content: dict[str, Any]) -> None:
        self._unlocked()
        vm = self._vm(content)
        old = vm.workload
        growth = old.growth_bytes_per_day()
        kept = {"growth_bytes_per_day": growth} if growth else {}
        kind = str(content.get("kind"))
        values = old.values if kind == "trace" else ()
        self.lab.set_workload(vm.name, Workload(kind, values=values, **kept))

    def _on_create(self, _content: dict[str, Any]) -> None:
        self._unlocked()
        name = self._free_name(_("VM"))
        self.lab.create_vm(name, vcpus=min(2, self.lab.hardware.pcpus), workload="web")
        self.selection.vm = name

    def _on_rename(self, content: dict[str, Any]) -> None:
        self._unlocked()
        self.lab.configure(self._vm(content).name, name=str(content.get("text", "")).strip())

    # ----------------------------------------------------------------------------------------------------------- state
    def _state(self) -> dict[str, Any]:
        names = [vm.name for vm in self.lab.vms]
        vm = self._chosen()
        controls = self._controls(vm) if vm else []
        kinds = [kind for kind in WORKLOADS if kind != "trace" or (vm and vm.workload.kind == "trace")]
        return {
            "locked": _(self._locked) if self._locked else "",
            "vm": vm.name if vm else "",
            "slot": self.selection.slot(vm.name if vm else ""),
            "names": names,
            "workload": vm.workload.kind if vm else "",
            "workloads": [[kind, _(WORKLOAD_NAMES[kind])] for kind in kinds],
            "resource": "disk" if self._space else self.selection.resource,
            "resources": [[key, _(text)] for key, text in RESOURCE_NAMES.items()],
            "machine": self._machine(vm) if vm else [],
            "controls": controls,
            "product": _(self.lab.stack.name) if self.lab.stack.controls else "",
            "none": self._none(controls) if vm else "",
            "full": len(names) >= SLOTS,
            "unfold": self._unfold,
        }

    def _machine(self, vm: VM) -> list[dict[str, Any]]:
        hardware, step = self.lab.hardware, max(256 * MiB, self.lab.hardware.page_bytes)
        most = max(vm.memory_bytes, hardware.memory_bytes)
        demand: list[dict[str, Any]] = []
        if vm.workload.kind == "constant":
            wants, all_vcpus = vm.workload.settings()["cpu_permille"], 1000 * vm.vcpus
            demand.append(
                range_of("cpu_permille", _("Demand"), 0, max(wants, all_vcpus), 100, wants, 1000, 1, _("cores"))
            )
        return [
            range_of("vcpus", _("vCPUs"), 1, hardware.pcpus, 1, vm.vcpus),
            range_of("memory_bytes", _("Memory"), step, most, step, vm.memory_bytes, GiB, 2, _("GiB")),
            *demand,
        ]

    def _controls(self, vm: VM) -> list[dict[str, Any]]:
        hardware = self.lab.hardware
        resource = "disk" if self._space else self.selection.resource
        if resource == "disk":
            growth = vm.workload.growth_bytes_per_day()
            most = max(vm.disk_bytes, hardware.disk_bytes)
            per_day = plain(mark("{unit} a day"), unit=_("GB"))
            return [
                range_of("disk_bytes", _("Virtual disk"), GB, most, GB, vm.disk_bytes, GB, 0, _("GB")),
                check_of("thin", _("Thin disk"), vm.thin),
                range_of("growth_bytes_per_day", _("Growth"), 0, max(growth, 100 * GB), GB, growth, GB, 0, per_day),
            ]
        if self.lab.stack.controls:
            return resource_settings(self.lab, vm, resource)
        prefix, unit, per, decimals, text, most, step = {
            "cpu": ("cpu", "mhz", 1000, 2, _("GHz"), vm.vcpus * hardware.clock_khz // 1000, 50),
            "memory": ("memory", "bytes", GiB, 2, _("GiB"), vm.memory_bytes, 256 * MiB),
            "disk_io": ("disk", "iops", 1, 0, _("op/s"), hardware.disk_iops, max(1, hardware.disk_iops // 100)),
            "network": (
                "network",
                "bps",
                10**6,
                1,
                _("MB/s"),
                hardware.nic_bandwidth,
                max(1, hardware.nic_bandwidth // 100),
            ),
        }[resource]
        shares, reservation, limit = f"{prefix}_shares", f"{prefix}_reservation_{unit}", f"{prefix}_limit_{unit}"
        has, keeps, stops = getattr(vm, shares), getattr(vm, reservation), getattr(vm, limit)
        return [
            range_of(shares, _("Shares"), 100, max(4000, has), 100, has),
            range_of(reservation, _("Reservation"), 0, max(most, keeps), step, keeps, per, decimals, text),
            limit_of(limit, most, step, stops, per, decimals, text),
        ]

    def _none(self, controls: list[dict[str, Any]]) -> str:
        """Say that the product has no control of the resource, if it has none."""
        if controls:
            return ""
        text = _(RESOURCE_NAMES[self.selection.resource])
        return plain(
            mark("{product} has no control of this here: {resource}."), product=_(self.lab.stack.name), resource=text
        )

    def __repr__(self) -> str:
        return f"<Controls: {self.selection.vm or 'no VM'}>"
