"""The controls of memory: one VM's working set, shares and balloon, and how the VMM manages memory.

What is moved is a command. A setting that means nothing to the product that the lab models is not shown.
"""

import math
from dataclasses import replace
from typing import Any

import traitlets

from vmwidgets.lab import Lab
from vmwidgets.locale import gettext as _
from vmwidgets.locale import mark
from vmwidgets.model.errors import VmwidgetsError
from vmwidgets.model.guest_pages import BALLOON_DRIVERS
from vmwidgets.model.memory_profile import TUNABLE, MemoryProfile
from vmwidgets.model.units import GiB, MiB
from vmwidgets.model.vm import RANGES, VM
from vmwidgets.model.workload import WORKLOADS, Workload
from vmwidgets.widgets.kit import SLOTS, Selection
from vmwidgets.widgets.memory_state import paged
from vmwidgets.widgets.product_settings import product_settings
from vmwidgets.widgets.settings import Settings, check_of, choice_of, limit_of, range_of

BALLOONS = {"driver": mark("works"), "none": mark("none"), "refuses": mark("refuses")}
SHARING = {"off": mark("off"), "within": mark("within a VM"), "between": mark("between VMs")}
_RATES = (0, *(digit * 10**power for power in range(1, 6) for digit in (1, 2, 5)), 1_000_000)
_BUFFERS = (50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000)
_LIMITS = {name: (low, high) for name, low, high in TUNABLE}


class MemoryControls(Settings):
    """Sliders, lists and buttons for the memory of the chosen VM and of the VMM; each is a command that can be undone.

    Parameters
    ----------
    lab
        What is controlled; its memory is modelled page by page.
    selection
        Which VM; a new one if left out.
    unfold
        Whether the settings of the VMM are unfolded from the start.
    """

    _front = "memory_controls"
    _messages = ("set", "choose", "create", "clone", "remove", "reset")

    state = traitlets.Dict().tag(sync=True)

    def __init__(self, lab: Lab, selection: Selection | None = None, *, unfold: bool = False) -> None:
        paged(lab)
        self._unfold = unfold
        super().__init__(lab, selection, ["vm"])

    # -------------------------------------------------------------------------------------------------------- messages
    def _on_set(self, content: dict[str, Any]) -> None:
        self._unlocked()
        setting, value = content.get("id"), content.get("value")
        vm = self._set_of(content, self._vmm())
        own = [*_machine(vm, self.lab), *_more(vm, self.lab)] if vm else []
        spec = next((s for s in (*own, *self._vmm()) if s["id"] == setting), None)
        if spec is None or type(value) is not (str if spec["kind"] == "choice" else int):
            raise VmwidgetsError("there is no control {name}", name=repr(setting)[:40])
        if setting in _LIMITS:
            self.lab.set_memory(**{setting: bool(value) if spec["kind"] == "check" else value})
        elif vm and setting == "active_permille":
            work = vm.workload
            changed = {**dict(work.parameters), setting: value}
            self.lab.set_workload(vm.name, Workload(work.kind, values=work.values, **changed))
        elif vm and setting == "balloon":
            self.lab.configure(vm.name, kernel=replace(vm.kernel, balloon=str(value)))
        elif vm:
            self._configure(vm, spec, value)

    def _on_create(self, _content: dict[str, Any]) -> None:
        self._unlocked()
        old = self._chosen()
        name = self._free_name(_("VM"))
        size = old.memory_bytes if old else max(self.lab.hardware.memory_bytes // 4, self.lab.hardware.page_bytes)
        self.lab.create_vm(name, memory_bytes=size, workload=Workload("database", active_permille=300))
        self.selection.vm = name

    # ----------------------------------------------------------------------------------------------------------- state
    def _state(self) -> dict[str, Any]:
        vm, profile = self._chosen(), paged(self.lab).profile
        names = [one.name for one in self.lab.vms]
        return {
            "locked": _(self._locked) if self._locked else "",
            "vm": vm.name if vm else "",
            "names": names,
            "machine": _machine(vm, self.lab) if vm else [],
            "more": _more(vm, self.lab) if vm else [],
            "vmm": self._vmm(),
            "product": profile.name,
            "full": len(names) >= SLOTS,
            "unfold": self._unfold,
        }

    def _vmm(self) -> list[dict[str, Any]]:
        """Return the settings of the VMM that mean something for this product."""
        profile = paged(self.lab).profile
        on = {
            "idle_tax_permille": profile.targets == "idle_tax",
            "buffer_permille": profile.targets == "dynamic",
            "balloon_limit_permille": profile.targets != "none",
            "sharing": profile.targets != "dynamic",  # Hyper-V's Dynamic Memory has no page sharing
            "scan_pages_per_s": profile.targets != "dynamic",
            "compression_permille": any("compress" in rung.actions for rung in profile.ladder.rungs),
        }
        rates = _stops(_RATES, profile.scan_pages_per_s)
        shown = [
            _percent("idle_tax_permille", _("Idle tax"), profile),
            {**_percent("buffer_permille", _("Buffer"), profile), "stops": _stops(_BUFFERS, profile.buffer_permille)},
            _percent("balloon_limit_permille", _("Balloon at most"), profile),
            choice_of("sharing", _("Page sharing"), SHARING, profile.sharing),
            {**_tunable("scan_pages_per_s", _("Scan rate"), profile), "stops": rates},
            _percent("compression_permille", _("Compression"), profile),
            check_of("host_swap", _("Host swap"), profile.host_swap),
            check_of("zero_on_allocate", _("Clear pages first"), profile.zero_on_allocate),
        ]
        return [spec for spec in shown if on.get(spec["id"], True)]

    def __repr__(self) -> str:
        return f"<MemoryControls: {self.selection.vm or 'no VM'}>"


def _machine(vm: VM, lab: Lab) -> list[dict[str, Any]]:
    """Return the controls of a VM that are always in view."""
    work, profile = vm.workload, paged(lab).profile
    shown: list[dict[str, Any]] = []
    if "active_permille" in WORKLOADS[work.kind].parameters:
        permille = work.settings()["active_permille"]
        step = 5 if permille % 5 == 0 else 1
        per, decimals, unit = _scale(vm.memory_bytes)
        per = 1000 * per / vm.memory_bytes
        shown.append(
            range_of("active_permille", _("Working set"), 0, 1000, step, permille, per, min(decimals, 1), unit)
        )
    if lab.stack.controls:
        shown += product_settings(lab, vm, "memory_shares")
    elif profile.targets != "none":  # else nobody divides memory
        shares = vm.memory_shares
        shown.append(range_of("memory_shares", _("Shares"), 100, max(4000, shares), 100, shares))
    if profile.targets != "none":  # else nobody asks for a balloon
        names = {key: BALLOONS[key] for key in BALLOON_DRIVERS}
        shown.append(choice_of("balloon", _("Balloon driver"), names, vm.kernel.balloon))
    return shown


def _more(vm: VM, lab: Lab) -> list[dict[str, Any]]:
    """Return the settings of a VM that are folded away."""
    size, page = vm.memory_bytes, lab.hardware.page_bytes
    keeps, limit = vm.memory_reservation_bytes, vm.memory_limit_bytes
    most = max(size, lab.hardware.memory_bytes)
    step = _step(lab.hardware.memory_bytes, page, most, size)
    part = _step(size, page, size, keeps)
    stop = _step(size, page, size, limit or size)
    least = max(step, RANGES["memory_bytes"][0])
    room = range_of("memory_bytes", _("Memory"), least, most, step, size, *_scale(step))
    if lab.stack.controls:
        return [room, *product_settings(lab, vm, "memory_reservation_bytes", "memory_limit_bytes")]
    stops = limit_of("memory_limit_bytes", size, stop, limit, *_scale(stop))
    return [
        room,
        range_of("memory_reservation_bytes", _("Reservation"), 0, size, part, keeps, *_scale(part)),
        {**stops, "min": max(stop, RANGES["memory_limit_bytes"][0])},
    ]


def _step(range_bytes: int, page_bytes: int, *values: int) -> int:
    """Return the step of a slider: about a sixteenth of its range, 256 MiB at most, a page at least.

    It is a power of two that divides ``values``: a browser shows no value that is not a whole number of steps.
    """
    part = 1 << (range_bytes // 16).bit_length() - 1
    return math.gcd(max(page_bytes, min(part, 256 * MiB)), *values)


def _scale(step: int) -> tuple[int, int, str]:
    """Return what an amount is divided by to be read, with how many decimals, and its unit, so that a step shows."""
    if step >= 256 * MiB:
        return GiB, 2, _("GiB")
    return MiB, 0 if step >= MiB else 3, _("MiB")


def _tunable(name: str, label: str, profile: MemoryProfile) -> dict[str, Any]:
    low, high = _LIMITS[name]
    return range_of(name, label, int(low), int(high), 1, getattr(profile, name), unit=_("pages/s"))


def _percent(name: str, label: str, profile: MemoryProfile) -> dict[str, Any]:
    return {**_tunable(name, label, profile), "step": 10, "per": 10, "unit": "%"}


def _stops(known: tuple[int, ...], value: int) -> list[int]:
    return sorted({*known, value})
