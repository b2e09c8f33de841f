"""Bars of what the same VMs make of each product; what nobody has published has no bar and says so."""

from functools import lru_cache
from typing import TYPE_CHECKING, Any, cast

import ipywidgets
import numpy as np

from vmwidgets.experiments.comparing import LOWER, NOT_PUBLISHED, UPPER, VALUELESS, compare
from vmwidgets.locale import gettext as _
from vmwidgets.locale import mark, number
from vmwidgets.model.acts import FAILURES
from vmwidgets.model.costs import USUAL
from vmwidgets.model.errors import VmwidgetsError
from vmwidgets.model.paths import processors
from vmwidgets.model.stack import Stack
from vmwidgets.model.workload import WORKLOADS
from vmwidgets.widgets.charts import nice
from vmwidgets.widgets.controls import WORKLOAD_NAMES
from vmwidgets.widgets.kit import plain
from vmwidgets.widgets.stack_choice import Choice
from vmwidgets.widgets.stack_panel import Panel

if TYPE_CHECKING:
    pass

QUANTITIES = {
    "throughput": mark("throughput"),
    "time": mark("processor time of"),
    "latency": mark("latency of a transaction"),
    "exits": mark("exits to the VMM"),
    "memory overhead": mark("memory besides a VM's own"),
    "density": mark("VMs that fit"),
    "blast radius": mark("VMs that do not go on when"),
}
PARTS = {
    "": "",
    "guest": mark("the guests"),
    "vmm": mark("the VMM"),
    "os": mark("an OS below or beside the VMs"),
    "process": mark("programs of that OS"),
    "by configured memory": mark("by configured memory"),
    "by active memory": mark("by active memory"),
    **{id: failure.name for id, failure in FAILURES.items()},
}
UNITS = {
    "% of bare metal": mark("% of bare metal"),
    "%": mark("%"),
    "ms": mark("ms"),
    "1/s": mark("per second"),
    "MiB per VM": mark("MiB per VM"),
    "VMs": mark("VMs"),
}
_SIGNS = {LOWER: "≥ ", UPPER: "≤ "}
_COLOUR, _HOLLOW = "#4f81b0", "transparent"  # of a bar, and of one that is a bound: seen on light and on dark paper
Row = dict[str, Any]


@lru_cache(maxsize=8)
def _compared(stacks: tuple[Stack, ...], workload: str, cpu: str) -> tuple[Row, ...]:
    """Return the comparison row by row; it is the same every time."""
    table = compare(stacks, workload=workload, cpu=cpu, tidy=True)
    return tuple(cast("list[Row]", table.to_dict("records")))


class StackBars(Panel):
    """The choice of a quantity, and all values in words; the bars are a figure of their own, see :class:`Bars`.

    Parameters
    ----------
    choice
        What is compared.
    """

    _front = "stack_bars"
    _tab = "bars"
    _messages = ("choose",)

    def __init__(self, choice: Choice) -> None:
        self._chosen = {"quantity": "throughput/", "workload": "web", "cpu": USUAL}
        self.bars: Bars | None = None
        super().__init__(choice)
        self._draw()

    def refresh(self) -> None:
        """Write all synced traits anew, and draw the bars."""
        super().refresh()
        self._draw()

    def _draw(self) -> None:
        if self.is_open:
            self.bars = self.bars or Bars()
            self.bars.show(self._rows())

    def _on_choose(self, content: dict[str, Any]) -> None:
        what, wanted = content.get("what"), content.get("id")
        known = {"quantity": self._quantities(), "workload": self._workloads(), "cpu": self._cpus()}
        if what not in known or wanted not in [id for id, _text in known[what]]:
            raise VmwidgetsError("there is no {what} {id} to choose", what=repr(what)[:20], id=repr(wanted)[:40])
        self._chosen[what] = str(wanted)
        self.refresh()

    def close(self) -> None:
        """End the view and its figure."""
        if self.bars:
            self.bars.close()
        super().close()

    # ------------------------------------------------------------------------------------------------- what there is
    def _cpus(self) -> list[list[str]]:
        known = dict.fromkeys(cpu for stack in self.choice.stacks for cpu in processors(stack))
        return [[name, name] for name in known]

    def _workloads(self) -> list[list[str]]:
        return [[kind, _(WORKLOAD_NAMES[kind])] for kind in WORKLOADS if kind != "trace"]

    def _all(self) -> tuple[Row, ...]:
        cpu = self._chosen["cpu"]
        if [cpu, cpu] not in self._cpus():
            cpu = self._chosen["cpu"] = USUAL
        return _compared(self.choice.stacks, self._chosen["workload"], cpu)

    def _quantities(self) -> list[list[str]]:
        found = dict.fromkeys((str(row["quantity"]), str(row["part"])) for row in self._all())
        return [[f"{quantity}/{part}", _title(quantity, part)] for quantity, part in found]

    def _rows(self) -> list[Row]:
        quantity, _slash, part = self._chosen["quantity"].partition("/")
        return [row for row in self._all() if (row["quantity"], row["part"]) == (quantity, part)]

    # --------------------------------------------------------------------------------------------------- to the page
    def _shown(self) -> dict[str, Any]:
        rows = self._rows()
        quantity, _slash, part = self._chosen["quantity"].partition("/")
        values = [[_(str(row["product"])), said(row), _(str(row["basis"])), str(row["source"])] for row in rows]
        unknown = sum(row["basis"] == NOT_PUBLISHED for row in rows)
        told = "; ".join(f"{name}: {value}" for name, value, *_rest in values)
        title = _title(quantity, part)
        return {
            "quantities": self._quantities(),
            "quantity": self._chosen["quantity"],
            "workloads": self._workloads(),
            "workload": self._chosen["workload"],
            "cpus": self._cpus(),
            "cpu": self._chosen["cpu"],
            "title": f"{title}, {_(UNITS[rows[0]['unit']])}",
            "sentence": plain(mark("{quantity}: {values}."), quantity=title, values=told),
            "unknown": unknown,
            "rows": values,
        }


def _title(quantity: str, part: str) -> str:
    return " ".join(filter(None, (_(QUANTITIES[quantity]), _(PARTS[part]) if part else "")))


def said(row: Row, unit: bool = True) -> str:
    """Return a value as it is read: with the sign of a bound and perhaps its unit, or why there is none."""
    if row["basis"] in VALUELESS:
        return _(str(row["basis"]))
    value = float(row["value"])
    decimals = 0 if value == int(value) or abs(value) >= 1000 else 1 if abs(value) >= 10 else 2
    text = f"{_SIGNS.get(row['basis'], '')}{number(value, decimals)}"
    return f"{text} {_(UNITS[row['unit']])}" if unit else text


class Bars:
    """One bqplot figure with a bar for each product, and the value above it in words."""

    def __init__(self) -> None:
        import bqplot  # it drags in pandas, so only when a chart is really made

        self._x = bqplot.OrdinalScale()
        self._y = bqplot.LinearScale(min=0.0, max=1.0)
        scales = {"x": self._x, "y": self._y}
        self.mark: bqplot.Bars = bqplot.Bars(
            x=[""], y=[0.0], scales=scales, colors=[_COLOUR], stroke=_COLOUR, padding=0.6
        )
        self.labels: bqplot.Label = bqplot.Label(
            x=[""],
            y=[0.0],
            text=[""],
            scales=scales,
            align="middle",
            y_offset=-9,
            colors=["#565e66"],
            default_size=12,
            font_weight="normal",
        )
        self._axis = bqplot.Axis(scale=self._y, orientation="vertical", grid_lines="none", tick_format="~g")
        axes = [bqplot.Axis(scale=self._x, grid_lines="none"), self._axis]
        self.figure = bqplot.Figure(
            marks=[self.mark, self.labels],
            axes=axes,
            display_toolbar=False,
            animation_duration=0,
            padding_x=0,
            padding_y=0,
            fig_margin={"top": 24, "bottom": 28, "left": 60, "right": 12},
            layout={"width": "100%", "height": "230px", "min_width": "0"},
        )
        self.box = ipywidgets.VBox([self.figure], layout={"width": "100%", "overflow": "hidden"})
        self.box.add_class("vmw-chart")
        self.box.add_class("vmw-stack-bars-chart")

    def show(self, rows: list[Row]) -> None:
        """Draw a bar for each row; what has no value has none."""
        names = [_(str(row["product"])) for row in rows]
        y = np.nan_to_num(np.array([row["value"] for row in rows], np.float32))
        top = nice(float(y.max(initial=0.0)))
        self._y.max = top * 1.12  # room for the value above the highest bar
        self._axis.tick_values = np.linspace(0.0, top, 5, dtype=np.float32)
        with self.mark.hold_sync():
            self.mark.x, self.mark.y = names, y
            self.mark.colors = [_HOLLOW if row["basis"] in _SIGNS else _COLOUR for row in rows]
        with self.labels.hold_sync():
            self.labels.x, self.labels.y, self.labels.text = names, y, [said(row, unit=False) for row in rows]

    def close(self) -> None:
        """Close all widgets of the chart, those that bqplot made by itself included."""
        figure = self.figure
        parts = [*figure.marks, *figure.axes, self._x, self._y, figure.scale_x, figure.scale_y, figure.layout]
        for widget in (*parts, figure, self.box.layout, self.box):
            widget.close()
