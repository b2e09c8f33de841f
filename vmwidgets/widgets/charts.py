"""Live charts: what each VM uses, what the chosen VM wants and gets, and the time lost in waiting for a processor.

A chart shows the recorded past, and beyond the line "now" what comes if nobody changes anything. The model is
deterministic, so the second part is computed, not guessed, and a slider repaints it at once, while time stands still.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import traitlets
from numpy.typing import NDArray

from vmwidgets.lab import Lab
from vmwidgets.locale import gettext as _
from vmwidgets.locale import mark, number
from vmwidgets.model.snapshot import Snapshot
from vmwidgets.widgets.chart_row import ChartRow
from vmwidgets.widgets.kit import SLOTS, Selection, View, plain
from vmwidgets.widgets.palette import COLOURS
from vmwidgets.widgets.plot import Plot

PAST, COMING = 120, 40
"""Ticks on both sides of "now"."""
_USED = {
    "cpu": ("cpu_used_khz", 1e6, mark("GHz")),
    "memory": ("memory_used_bytes", 2.0**30, mark("GiB")),
    "disk_io": ("disk_used_iops", 1.0, mark("op/s")),
    "network": ("network_used_bps", 1e6, mark("MB/s")),
}
_TITLES = {
    "cpu": mark("Processor time used by each VM, {unit}"),
    "memory": mark("Memory used by each VM, {unit}"),
    "disk_io": mark("Disk I/O of each VM, {unit}"),
    "network": mark("Network traffic of each VM, {unit}"),
}
_ONE = {
    "cpu": mark("{vm}: processor time wanted, granted, used, {unit}"),
    "memory": mark("{vm}: memory wanted, granted, used, {unit}"),
    "disk_io": mark("{vm}: disk I/O wanted, granted, used, {unit}"),
    "network": mark("{vm}: network wanted, granted, used, {unit}"),
}
Floats = NDArray[np.float32]


class Caption(View):
    """Title and legend of a chart."""

    _front = "caption"
    _messages = ("select",)

    state = traitlets.Dict().tag(sync=True)

    def __init__(self, make: Callable[[], dict[str, Any]], select: Callable[[int], None]) -> None:
        self._make = make
        self._select = select
        super().__init__(state=make())

    def refresh(self) -> None:
        """Write all synced traits anew."""
        self.state = self._make()

    def _on_select(self, content: dict[str, Any]) -> None:
        self._select(int(content.get("slot", -1)))


class Readings(View):
    """The text twin of the charts."""

    _front = "readings"

    state = traitlets.Dict().tag(sync=True)

    def __init__(self, make: Callable[[], dict[str, Any]]) -> None:
        self._make = make
        super().__init__(state=make())

    def refresh(self) -> None:
        """Write all synced traits anew."""
        self.state = self._make()


class Chart(Plot):
    """One bqplot figure with a constant number of lines: a row without a VM is empty, never removed.

    Parameters
    ----------
    rows, colours
        Lines, and the colour of each.
    caption
        What stands above.
    coming
        Ticks beyond "now", 1 for a chart that ends there.
    **style
        More traits of the lines.
    """

    def __init__(self, rows: int, colours: Sequence[str], caption: Caption, coming: int = COMING, **style: Any) -> None:
        import bqplot  # it drags in pandas, so only when a chart is really made

        self._x = bqplot.LinearScale(min=-PAST, max=coming)
        self._y = bqplot.LinearScale(min=0.0, max=1.0)
        unit = bqplot.LinearScale(min=0.0, max=1.0)
        self.lines = bqplot.Lines(
            x=np.arange(-PAST, coming, dtype=np.float32),
            y=np.zeros((rows, PAST + coming), np.float32),
            scales={"x": self._x, "y": self._y},
            preserve_domain={"x": True, "y": True},  # the scales are fixed: no search for extremes in every update
            colors=list(colours),
            **{"stroke_width": 1.8, **style},
        )
        now = bqplot.Lines(
            x=[0.0, 0.0],
            y=[0.0, 1.0],
            scales={"x": self._x, "y": unit},
            colors=["#8a929b"],
            stroke_width=1,
            line_style="dashed",
        )
        marks = np.arange(-PAST, coming + 1, 40, dtype=np.float32)
        self._axis = bqplot.Axis(scale=self._y, orientation="vertical", grid_lines="none", tick_format="~g")
        self._time = bqplot.Axis(
            scale=self._x, tick_values=marks, grid_lines="none", tick_format="d", label_offset="30px"
        )
        scales = (self._x, self._y, unit)
        super().__init__(caption, (self.lines, now), (self._time, self._axis), scales, below_px=40, padding_x=0)

    def show(self, y: Floats) -> None:
        """Draw new values, shape (row, tick): one message, and others in the rare case of a new scale.

        What is not there is drawn as 0: bqplot logs an error for every line that begins with NaN.
        """
        y = np.nan_to_num(y)
        top = nice(float(y.max(initial=0.0)))
        if top > self._y.max or top < self._y.max / 2.5 or self._axis.tick_values is None:
            self._y.max = top
            self._axis.tick_values = np.linspace(0.0, top, 6 if top in (0.5, 5, 50, 500, 5000) else 5, dtype=np.float32)
        with self.lines.hold_sync():
            self.lines.y = y

    def name_time(self, tick_s: int) -> None:
        """Write below the chart what its marks of time count."""
        self._time.label = plain(mark("time, in ticks of {seconds} s"), seconds=number(tick_s))


def nice(value: float) -> float:
    """Return the next round number above ``value``: 1, 2 or 5 times a power of ten."""
    if not value > 0:
        return 1.0
    step = 1.0
    while step < value:
        step *= 10
    while step / 10 >= value:
        step /= 10
    return next(part * step for part in (0.1, 0.2, 0.5, 1.0) if part * step >= value * 0.999)


def window(lab: Lab, shown: int | None, metric: str, names: Sequence[str], coming: int = COMING) -> Floats:
    """Return a metric on both sides of the tick that is looked at: recorded, and from now on foreseen."""
    at = lab.tick if shown is None else shown
    out = lab.recorded.window(metric, names, at + coming - 1, PAST + coming)
    begin = max(lab.tick - (at - PAST), 0)
    if begin < PAST + coming:
        ahead = lab.forecast(coming)
        column = ahead.column(metric)[:, : PAST + coming - begin]
        for row, name in enumerate(names):
            if name in ahead.names:
                out[row, begin : begin + column.shape[1]] = column[ahead.names.index(name)]
    return out


class Charts(ChartRow):
    """The live charts of a lab.

    Parameters
    ----------
    lab
        What is charted.
    selection
        Which VM, which resource and which tick; a new one if left out.
    """

    def __init__(self, lab: Lab, selection: Selection | None = None) -> None:
        self.lab = lab
        self.selection = selection or Selection(lab)
        grey, dark = "#8a929b", "#5b636b"
        self._all = Chart(SLOTS, COLOURS, Caption(self._all_caption, self._select))
        self._one = Chart(3, (grey, dark, COLOURS[0]), Caption(self._one_caption, self._select))
        self._ready = Chart(SLOTS, COLOURS, Caption(self._ready_caption, self._select))
        charts = (self._all, self._one, self._ready)
        super().__init__(lab, self.selection, charts, Readings(self._text), ["vm", "resource", "tick"])

    def refresh(self) -> None:
        """Draw all charts anew."""
        names = self.selection.names()
        metric, per, _unit = _USED[self.selection.resource]
        kind = metric.rpartition("_used_")[0]
        unit = metric.rpartition("_")[2]
        one = [self.selection.vm]
        self._all.show(self._window(metric, names) / np.float32(per))
        lines = [self._window(f"{kind}_{what}_{unit}", one)[0] for what in ("demand", "entitlement", "used")]
        self._one.show(np.stack(lines) / np.float32(per))
        self._ready.show(self._window("cpu_steal_permille", names) / np.float32(10))
        slot = self.selection.slot(self.selection.vm)
        # A row that no VM has must not be seen; a list of colours is sent only when it changes.
        shown = [colour if name else "transparent" for name, colour in zip(names, COLOURS, strict=True)]
        self._all.lines.colors = self._ready.lines.colors = shown
        self._one.lines.colors = ["#8a929b", "#5b636b", COLOURS[max(slot, 0)]]
        for chart in self._charts:
            chart.name_time(self.lab.tick_s)
            chart.caption.refresh()
        self._readings.refresh()

    def _window(self, metric: str, names: Sequence[str]) -> Floats:
        return window(self.lab, self.selection.tick, metric, names)

    def _shown(self) -> Snapshot:
        return self.lab.snapshot

    # ------------------------------------------------------------------------------------------------------- captions
    def _all_caption(self) -> dict[str, Any]:
        resource = self.selection.resource
        return self._caption(plain(_TITLES[resource], unit=_(_USED[resource][2])), self._vm_items(), True)

    def _one_caption(self) -> dict[str, Any]:
        resource, vm = self.selection.resource, self.selection.vm
        colours = ("#8a929b", "#5b636b", COLOURS[max(self.selection.slot(vm), 0)])
        names = (_("demand"), _("entitlement"), _("use"))
        items = [{"slot": -1, "name": n, "colour": c} for n, c in zip(names, colours, strict=True)]
        return self._caption(self._vm_title(_ONE[resource], unit=_(_USED[resource][2])), items, False)

    def _ready_caption(self) -> dict[str, Any]:
        title = _("Ready time, which the guest sees as steal: waiting for a processor, % of the vCPUs' time")
        return self._caption(title, self._vm_items(), True)

    def _text(self) -> dict[str, Any]:
        now, resource = self._shown(), self.selection.resource
        metric, per, unit = _USED[resource]
        kind, own = metric.rpartition("_used_")[0], metric.rpartition("_")[2]
        decimals = {"cpu": 2, "memory": 2, "disk_io": 0, "network": 1}[resource]
        head = ["", _("demand"), _("entitlement"), _("use"), _("ready, %"), _("transactions/s"), _("latency, ms")]
        rows = [[f"{text}, {_(unit)}" if 0 < i < 4 else text for i, text in enumerate(head)]]
        for i, name in enumerate(now.names):
            values = [number(now[f"{kind}_{w}_{own}"][i] / per, decimals) for w in ("demand", "entitlement", "used")]
            steal = number(now["cpu_steal_permille"][i] / 10, 1)
            rate = number(now["throughput_per_ks"][i] / 1000, 1)
            rows.append([name, *values, steal, rate, number(now["latency_us"][i] / 1000, 1)])
        chosen = next((row for row in rows[1:] if row[0] == self.selection.vm), None)
        text = _("There is no virtual machine to chart.")
        if chosen:
            text = plain(
                mark(
                    "{vm} wants {demand}, may have {entitlement} and uses {use} {unit}; it waits {ready} % of its time."
                ),
                vm=chosen[0],
                demand=chosen[1],
                entitlement=chosen[2],
                use=chosen[3],
                unit=_(unit),
                ready=chosen[4],
            )
        return {"lab": self.selection.id, "sentence": text, "rows": rows}

    def __repr__(self) -> str:
        return f"<Charts: {self.selection.resource}, {PAST} ticks past, {COMING} ticks coming>"
