"""The server and its virtual machines in one picture."""

from typing import Any

import numpy as np
import traitlets

from vmwidgets.lab import Lab
from vmwidgets.locale import gettext as _
from vmwidgets.locale import mark, ngettext, number
from vmwidgets.model.snapshot import RESOURCES, USED, Snapshot, snapshot_of
from vmwidgets.widgets.kit import SLOTS, Selection, View, plain, watch

ENTITLED = {
    **USED,
    "cpu": "cpu_entitlement_khz",
    "disk_io": "disk_entitlement_iops",
    "network": "network_entitlement_bps",
}
DEMAND = {
    **USED,
    "memory": "memory_demand_bytes",
    "cpu": "cpu_demand_khz",
    "disk_io": "disk_demand_iops",
    "network": "network_demand_bps",
}


class ServerView(View):
    """The pools of the server, the VMM, and the VMs with their unequal bars; sums always close.

    Parameters
    ----------
    lab
        What is shown.
    selection
        What it is looked at together with; a new one if left out.
    """

    _front = "board"
    _messages = ("select",)

    state = traitlets.Dict().tag(sync=True)

    def __init__(self, lab: Lab, selection: Selection | None = None) -> None:
        self.lab = lab
        self.selection = selection or Selection(lab)
        super().__init__(state=self._state())
        self._closers += [lab.subscribe(self._follow), watch(self.selection, ["vm", "tick"], self._changed)]

    def refresh(self) -> None:
        """Write all synced traits anew."""
        self.state = self._state()

    def _follow(self, lab: Lab) -> None:
        self.selection.refresh(lab)
        self.refresh()

    def _changed(self, _change: object) -> None:
        self.refresh()

    def _on_select(self, content: dict[str, Any]) -> None:
        names = self.selection.names()
        slot = content.get("slot")
        if isinstance(slot, int) and 0 <= slot < len(names) and names[slot]:
            self.selection.vm = names[slot]

    def shown(self) -> Snapshot:
        """Return what is looked at: now, or the recorded tick that was chosen."""
        tick = self.selection.tick
        recorded = None if tick is None else self.lab.recorded.at(tick)
        if recorded is None:
            return self.lab.snapshot
        known = {vm.name: vm for vm in self.lab.vms}
        keep = [i for i, name in enumerate(recorded.names) if name in known]
        values = np.ascontiguousarray(recorded.values[:, keep])
        segment = type(recorded)(tuple(recorded.names[i] for i in keep), recorded.first_tick, values)
        return snapshot_of(segment, tuple(known[n] for n in segment.names), self.lab.hardware, self.lab.tick_s)

    def _state(self) -> dict[str, Any]:
        now = self.shown()
        slots = [self.selection.slot(name) for name in now.names]
        shown = [i for i, slot in enumerate(slots) if slot >= 0]
        columns = [{r: now[metrics[r]] for r in RESOURCES} for metrics in (USED, ENTITLED, DEMAND)]
        used, entitled, demand = ([[int(column[r][i]) for r in RESOURCES] for i in shown] for column in columns)
        pools = []
        for r in RESOURCES:
            pool = now.pools[r]
            other = pool.used - sum(int(pool.per_vm[i]) for i in shown)
            pools.append({"capacity": pool.capacity, "vmm": pool.vmm, "free": pool.free, "other": other})
        vms = [
            {
                "slot": slots[i],
                "name": now.vms[i].name,
                "vcpus": now.vms[i].vcpus,
                "memory": now.vms[i].memory_bytes,
                "stalled": int(now["stalled"][i]),
                "steal": int(now["cpu_steal_permille"][i]),
                "used": used[k],
                "entitled": entitled[k],
                "demand": demand[k],
            }
            for k, i in enumerate(shown)
        ]
        return {
            "lab": self.selection.id,
            "vmm": _(self.lab.stack.name),
            "clock": clock(now.tick, now.tick_s),
            "selected": self.selection.slot(self.selection.vm),
            "pools": pools,
            "vms": vms,
            "sentence": sentence(now),
        }

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {vms_text(self.lab)}, tick {self.lab.tick}>"


def vms_text(lab: Lab) -> str:
    """Return "3 VMs" in English, whatever the language: what a test compares must not change with it."""
    count = len(lab.vms)
    return f"{count} VM{'' if count == 1 else 's'}"


def clock(tick: int, tick_s: int) -> str:
    """Return a tick and the time of day it stands for."""
    minutes = tick * tick_s // 60
    time = f"{minutes // 60 % 24:02d}:{minutes % 60:02d}"
    return plain(mark("tick {tick} · day {day}, {time}"), tick=number(tick), day=minutes // 1440 + 1, time=time)


def sentence(now: Snapshot) -> str:
    """Return what the picture shows, in one sentence."""
    if not now.vms:
        return _("No virtual machine runs on the server.")
    used = {r: 100 * now.pools[r].used / now.pools[r].capacity for r in RESOURCES}
    text = ngettext(
        "{count} virtual machine uses {cpu} % of the processor time and {memory} % of the memory.",
        "{count} virtual machines use {cpu} % of the processor time and {memory} % of the memory.",
        len(now.vms),
    ).format(
        count=len(now.vms),
        cpu=number(used["cpu"]),
        memory=number(used["memory"]),
    )
    waiting = [vm.name for vm, ready in zip(now.vms, now["cpu_ready_ms"], strict=True) if ready > 0]
    if waiting:
        text += " " + plain(mark("Waiting for a processor: {names}."), names=", ".join(waiting))
    stalled = [vm.name for vm, stopped in zip(now.vms, now["stalled"], strict=True) if stopped]
    if stalled:
        text += " " + plain(mark("Stopped because the disk pool is full: {names}."), names=", ".join(stalled))
    if len(now.vms) > SLOTS:
        text += " " + plain(mark("Only {count} have a card of their own."), count=SLOTS)
    return text
