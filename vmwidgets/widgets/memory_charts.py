"""Charts of memory: where the chosen VM's pages are, what every VM has, and what is read back from disks."""

from typing import Any

import numpy as np

from vmwidgets.lab import Lab
from vmwidgets.locale import gettext as _
from vmwidgets.locale import mark, number
from vmwidgets.model.history import INDEX
from vmwidgets.model.units import GiB
from vmwidgets.widgets.chart_row import ChartRow
from vmwidgets.widgets.charts import COMING, PAST, Caption, Chart, Floats, Readings, window
from vmwidgets.widgets.kit import SLOTS, Selection, plain
from vmwidgets.widgets.memory_state import paged
from vmwidgets.widgets.palette import COLOURS

_OWN, _GREY, _DARK, _RED = "", "#8a929b", "#6b737b", "#c2444d"
_LAYERS = (
    ("guest_swapped", mark("in the guest's own swap"), _RED, 0.2),
    ("configured", mark("configured"), _DARK, 0.0),
    ("swapped", mark("swapped out by the host"), _RED, 0.6),
    ("compressed", mark("compressed"), _DARK, 0.6),
    ("ballooned", mark("in the balloon"), _GREY, 0.3),
    ("shared", mark("shared"), _OWN, 0.25),
    ("idle", mark("idle"), _OWN, 0.45),
    ("active", mark("active"), _OWN, 0.9),
)
"""What lies on top of what, from above: a line and the filling below it. Only the VM's own frames have its colour."""


class MemoryCharts(ChartRow):
    """The live charts of memory.

    Parameters
    ----------
    lab
        What is charted; its memory is modelled page by page.
    selection
        Which VM and which tick; a new one if left out.
    """

    def __init__(self, lab: Lab, selection: Selection | None = None) -> None:
        self.lab = lab
        paged(lab)
        self.selection = selection or Selection(lab)
        opacities = [*(opacity for *_rest, opacity in _LAYERS), 0.0]
        self._one = Chart(
            len(_LAYERS) + 1,
            self._colours(),
            Caption(self._one_caption, self._select),
            coming=1,
            fill="between",
            fill_opacities=opacities,
            fill_colors=self._colours(),
            stroke_width=1.2,
        )
        self._all = Chart(SLOTS, COLOURS, Caption(self._all_caption, self._select))
        self._reads = Chart(SLOTS, COLOURS, Caption(self._reads_caption, self._select), coming=1)
        charts = (self._one, self._all, self._reads)
        super().__init__(lab, self.selection, charts, Readings(self._text), ["vm", "tick"])

    def refresh(self) -> None:
        """Draw all charts anew."""
        names = self.selection.names()
        with self.lab.hold():
            one, everyone, reads = self._stack(), self._allocations(names), self._window("memory_reads", names, 1)
        self._one.show(one)
        self._all.show(everyone)
        self._reads.show(reads / np.float32(self.lab.tick_s))
        # A row that no VM has must not be seen; a list of colours is sent only when it changes.
        shown = [colour if name else "transparent" for name, colour in zip(names, COLOURS, strict=True)]
        self._all.lines.colors = self._reads.lines.colors = shown
        self._one.lines.colors = self._one.lines.fill_colors = self._colours()
        for chart in self._charts:
            chart.name_time(self.lab.tick_s)
            chart.caption.refresh()
        self._readings.refresh()

    def _window(self, metric: str, names: list[str], coming: int) -> Floats:
        return np.nan_to_num(window(self.lab, self.selection.tick, metric, names, coming))

    def _stack(self) -> Floats:
        """Return the heights of all layers of the chosen VM in GiB, the highest first, and a row of zeros below."""
        vm = self.selection.vm
        part = {
            name: self._window(f"memory_{name}_bytes", [vm], 1)[0]
            for name in ("active", "mapped", "shared", "ballooned", "compressed", "swapped", "guest_swapped")
        }
        own = part["mapped"] - part["shared"]
        # Which pages of a working set are shared is not recorded, so the frames of its own are counted as active first.
        active = np.minimum(part["active"], own)
        layers = [active, own - active, part["shared"], part["ballooned"], part["compressed"], part["swapped"]]
        heights = [np.zeros_like(own), *np.cumsum(layers, axis=0)]
        size = self.lab.vm(vm).memory_bytes if vm else 0
        configured = np.where(self._window("memory_demand_bytes", [vm], 1)[0] > 0, size, 0)
        configured = np.maximum(configured, heights[-1])  # a page of the VM may be larger than what is left of its size
        stacked = [*heights, configured, configured + part["guest_swapped"]]
        return np.stack(stacked[::-1]).astype(np.float32) / np.float32(GiB)

    def _allocations(self, names: list[str]) -> Floats:
        """Return the memory of every VM in GiB, and beyond "now" what the VMM wants it to have."""
        memory, shown = paged(self.lab), self.selection.tick
        out = self._window("memory_used_bytes", names, COMING)
        begin = PAST + 1 + (0 if shown is None else self.lab.tick - shown)
        for row, name in enumerate(names):
            target = self._target(name)
            if target >= 0:
                out[row, begin:] = target * memory.machine.page_bytes
        return out / np.float32(GiB)

    def _target(self, name: str) -> int:
        """Return the pages that the VMM wants a VM to have, -1 if it does not say."""
        if not any(vm.name == name for vm in self.lab.vms):
            return -1
        memory, slot = paged(self.lab), self.lab.memory_slot(name)
        return -1 if slot in memory.killed else memory.tenants[slot].target

    # ------------------------------------------------------------------------------------------------------- captions
    def _colours(self) -> list[str]:
        own = COLOURS[max(self.selection.slot(self.selection.vm), 0)]
        return [*(colour or own for _key, _text, colour, _opacity in _LAYERS), "transparent"]

    def _one_caption(self) -> dict[str, Any]:
        items = [
            {"slot": -1, "name": _(text), "colour": colour, "fill": opacity}
            for (_key, text, _colour, opacity), colour in zip(_LAYERS, self._colours()[:-1], strict=True)
        ]
        return self._caption(self._vm_title(mark("{vm}: where its memory is, GiB")), items, False)

    def _all_caption(self) -> dict[str, Any]:
        if paged(self.lab).profile.targets == "none":
            title = _("Memory of each VM, GiB; nobody sets targets")
        else:
            title = _("Memory of each VM, GiB; right of the line: its target")
        return self._caption(title, self._vm_items(), True)

    def _reads_caption(self) -> dict[str, Any]:
        return self._caption(_("Pages read back from a disk because they were taken, per s"), self._vm_items(), True)

    # ------------------------------------------------------------------------------------------------------ text twin
    def _text(self) -> dict[str, Any]:
        with self.lab.hold():
            return {"lab": self.selection.id, **self._values()}

    def _values(self) -> dict[str, Any]:
        lab, shown = self.lab, self.selection.tick
        segment = None if shown is None else lab.recorded.at(shown)
        live, segment = segment is None, segment or lab.forecast(1)
        gib = _("GiB")
        columns = (
            ("active", _("active")),
            ("estimate", _("active, as the VMM sees it")),
            ("mapped", _("in memory")),
            ("shared", _("shared")),
            ("ballooned", _("in the balloon")),
            ("compressed", _("compressed")),
            ("swapped", _("swapped out by the host")),
            ("guest_swapped", _("in the guest's own swap")),
        )
        head = ["", _("configured"), _("target"), *(text for _key, text in columns)]
        rows = [[f"{text}, {gib}" if text else "" for text in head] + [_("pages read, per s")]]
        sentence = _("There is no virtual machine to chart.")
        for vm in lab.vms:
            if vm.name not in segment.names:
                continue
            at = segment.names.index(vm.name)
            value = {key: int(segment.values[INDEX[f"memory_{key}_bytes"], at, 0]) for key, _text in columns}
            target = self._target(vm.name) if live else -1
            wanted = _gib(target * lab.hardware.page_bytes) if target >= 0 else "–"
            reads = int(segment.values[INDEX["memory_reads"], at, 0]) / lab.tick_s
            rows.append([vm.name, _gib(vm.memory_bytes), wanted, *map(_gib, value.values()), number(reads, 1)])
            if vm.name == self.selection.vm:
                sentence = _told(vm.name, vm.memory_bytes, value)
        return {"sentence": sentence, "rows": rows}

    def __repr__(self) -> str:
        return f"<MemoryCharts: {self.selection.vm or 'no VM'}, {PAST} ticks past>"


def _gib(value: int) -> str:
    return number(value / GiB, 2)


def _told(name: str, size: int, value: dict[str, int]) -> str:
    text = plain(
        mark("{vm}: {mapped} of {size} GiB are in memory, the working set is {active} GiB."),
        vm=name,
        mapped=_gib(value["mapped"]),
        size=_gib(size),
        active=_gib(value["active"]),
    )
    if (missing := value["active"] - value["mapped"]) > 0:
        text += " " + plain(mark("At least {missing} GiB of it have no frame."), missing=_gib(missing))
    return text
