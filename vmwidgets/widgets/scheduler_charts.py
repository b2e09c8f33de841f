"""Charts of the scheduler lab: what each VM got beside what it is entitled to, and how late its vCPUs woke."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vmwidgets.lab import Lab
from vmwidgets.locale import gettext as _
from vmwidgets.locale import mark, number
from vmwidgets.model.quantum import QuantumRun, entitled_permille
from vmwidgets.widgets.chart_row import ChartRow
from vmwidgets.widgets.charts import Caption, Readings, nice
from vmwidgets.widgets.kit import SLOTS, Selection, plain
from vmwidgets.widgets.plot import Plot
from vmwidgets.widgets.time_line import ALGORITHM_NAMES

GREY, FIRST, SECOND = "#8a929b", "#0072b2", "#e69f00"
"""The fluid model, the scheduler, and the one beside it. Each has its place in a group of bars, whatever its colour."""
BINS_US = (100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000, 100_000)
"""Upper bounds of the bins of latency; what is longer is in the last one."""
Floats = NDArray[np.float64]


class BarChart(Plot):
    """One bqplot figure with groups of bars; what is not there is 0.

    Parameters
    ----------
    groups
        What stands below each group.
    colours
        Of the bars of a group, from left to right.
    caption
        What stands above.
    """

    def __init__(self, groups: Sequence[str], colours: Sequence[str], caption: Caption) -> None:
        import bqplot  # it drags in pandas, so only when a chart is really made

        self._x, self._y = bqplot.OrdinalScale(domain=list(groups)), bqplot.LinearScale(min=0.0, max=1.0)
        self.bars = bqplot.Bars(
            x=list(groups),
            y=np.zeros((len(colours), len(groups))),
            scales={"x": self._x, "y": self._y},
            type="grouped",
            colors=list(colours),
            padding=0.25,
        )
        axes = [
            bqplot.Axis(scale=self._x, grid_lines="none"),
            bqplot.Axis(scale=self._y, orientation="vertical", grid_lines="none", tick_format="~g"),
        ]
        super().__init__(caption, [self.bars], axes, (self._x, self._y))
        self.box.add_class("vmw-bars")

    def show(self, groups: Sequence[str], y: Floats, top: float) -> None:
        """Draw new values, shape (bar of a group, group): one message, more if the groups or the scale are new."""
        if list(self._x.domain) != list(groups):
            self._x.domain = list(groups)
        self._y.max = top
        with self.bars.hold_sync():
            if list(self.bars.x) != list(groups):
                self.bars.x = list(groups)
            self.bars.y = y
        self.caption.refresh()


class SchedulerCharts(ChartRow):
    """Share bars of all VMs, and the wake-up latency of the chosen one.

    Parameters
    ----------
    lab
        What is charted.
    selection
        Which VM; a new one if left out.
    """

    def __init__(self, lab: Lab, selection: Selection | None = None) -> None:
        self.lab = lab
        self.selection = selection or Selection(lab)
        self._runs: tuple[QuantumRun, ...] = ()
        self._woken = False  # whether the chosen VM ever was
        self._shares = BarChart(self._groups(), (GREY, FIRST, SECOND), Caption(self._shares_caption, self._select))
        self._late = BarChart(_bins(), (FIRST, SECOND), Caption(self._late_caption, self._select))
        charts = (self._shares, self._late)
        super().__init__(lab, self.selection, charts, Readings(self._text), ["vm"])

    def refresh(self) -> None:
        """Draw both charts anew."""
        with self.lab.hold():
            self._runs, _refusals = self.lab.quantum_outcomes()  # the time line says why one is missing
            shares, late = self._shares_of_slots(), self._histograms()
            self._woken = bool(late.any())
            pcpus = self.lab.hardware.pcpus
        self._shares.show(self._groups(), shares, min(nice(float(shares.max(initial=0.0))), float(pcpus)))
        self._late.show(_bins(), late, 100.0)
        self._readings.refresh()

    # ---------------------------------------------------------------------------------------------------------- values
    def _groups(self) -> list[str]:
        """Return what stands below the bars of each slot; a slot without a VM keeps its place."""
        return [
            f"{slot + 1} {name}"[:14] if name else " " * (slot + 1) for slot, name in enumerate(self.selection.names())
        ]

    def _index(self, name: str) -> int:
        return next((i for i, vm in enumerate(self.lab.vms) if vm.name == name), -1)

    def _shares_of_slots(self) -> Floats:
        """Return the pCPUs that each slot's VM is entitled to and got from each scheduler, shape (3, slot)."""
        vms = self.lab.vms
        rows = [entitled_permille(self.lab.hardware, vms, self.lab.seed)]
        rows += [run.ran_permille(len(vms)) for run in self._runs]
        out = np.zeros((3, SLOTS))
        for slot, name in enumerate(self.selection.names()):
            index = self._index(name)
            for row, values in enumerate(rows):
                out[row, slot] = values[index] / 1000 if index >= 0 else 0.0
        return out

    def _histograms(self) -> Floats:
        """Return the wake-ups of the chosen VM by latency, in % of all of them, shape (2, bin)."""
        out, index = np.zeros((2, len(BINS_US) + 1)), self._index(self.selection.vm)
        for row, run in enumerate(self._runs):
            late = run.latencies_us(index) if index >= 0 else np.empty(0, np.int64)
            if len(late):
                bins = np.searchsorted(BINS_US, late, side="left")
                out[row] = 100.0 * np.bincount(bins, minlength=len(BINS_US) + 1) / len(late)
        return out

    # ---------------------------------------------------------------------------------------------------------- words
    def _items(self, *, fluid: bool) -> list[dict[str, Any]]:
        items = [{"slot": -1, "name": _("entitlement, fluid model"), "colour": GREY}] if fluid else []
        for run, colour in zip(self._runs, (FIRST, SECOND), strict=False):
            items.append({"slot": -1, "name": _(ALGORITHM_NAMES[run.algorithm]), "colour": colour})
        return items

    def _shares_caption(self) -> dict[str, Any]:
        return self._caption(_("Processors that each virtual machine got"), self._items(fluid=True))

    def _late_caption(self) -> dict[str, Any]:
        if self._runs and self.selection.vm and not self._woken:
            told = mark("{vm} always had work: nothing woke it, so there is no delay")
            return self._caption(plain(told, vm=self.selection.vm), self._items(fluid=False))
        title = self._vm_title(mark("{vm}: from waking to running, % of all wake-ups, by ms"))
        return self._caption(title, self._items(fluid=False))

    def _text(self) -> dict[str, Any]:
        vms = self.lab.vms
        names = [_(ALGORITHM_NAMES[run.algorithm]) for run in self._runs]
        rows = [
            ["", _("entitlement, pCPUs"), *(t for n in names for t in (n, plain(mark("{name}: more or less"), name=n)))]
        ]
        entitled = entitled_permille(self.lab.hardware, vms, self.lab.seed)
        got = [run.ran_permille(len(vms)) for run in self._runs]
        for i, vm in enumerate(vms):
            row = [vm.name, number(entitled[i] / 1000, 2)]
            for values in got:
                row += [number(values[i] / 1000, 2), number((values[i] - entitled[i]) / 1000, 2)]
            rows.append(row)
        return {"lab": self.selection.id, "sentence": self._sentence(entitled, got), "rows": rows}

    def _sentence(self, entitled: NDArray[np.int64], got: list[NDArray[np.int64]]) -> str:
        index = self._index(self.selection.vm)
        if index < 0 or not got:
            return _("There is no virtual machine to chart.")
        told = mark("{vm} is entitled to {entitlement} pCPUs; {list}.")
        parts = [
            plain(mark("{scheduler} gave it {value}"), scheduler=name, value=number(values[index] / 1000, 2))
            for name, values in zip([_(ALGORITHM_NAMES[run.algorithm]) for run in self._runs], got, strict=True)
        ]
        entitlement = number(entitled[index] / 1000, 2)
        return plain(told, vm=self.selection.vm, entitlement=entitlement, list=", ".join(parts))

    def __repr__(self) -> str:
        return f"<SchedulerCharts: {', '.join(self.lab.scheduling.algorithms)}>"


def _bins() -> list[str]:
    return [*(f"≤ {number(edge / 1000, 1 if edge < 1000 else 0)}" for edge in BINS_US), "…"]
