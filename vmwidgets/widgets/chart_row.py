"""A row of charts over one lab, with a text twin below: what the charts of the board and of the labs have in common."""

from collections.abc import Callable, Sequence
from typing import Any

import ipywidgets

from vmwidgets import locale
from vmwidgets.lab import Lab
from vmwidgets.locale import gettext as _
from vmwidgets.widgets.kit import Selection, plain, watch


class ChartRow(ipywidgets.VBox):
    """Charts side by side that follow a lab, a selection and the language, and end with all they began.

    A subclass makes its charts, each with a ``box`` and ``close``, and draws them in :meth:`refresh`.

    Parameters
    ----------
    lab, selection
        What is charted, and what it is looked at together with.
    charts, readings
        The charts from left to right, and their text twin.
    watched
        The traits of the selection at whose change all is drawn anew.
    """

    def __init__(
        self, lab: Lab, selection: Selection, charts: Sequence[Any], readings: ipywidgets.Widget, watched: list[str]
    ) -> None:
        self._charts = charts
        self._readings = readings
        self._row = ipywidgets.Box(
            [chart.box for chart in charts],
            layout={"display": "flex", "flex_flow": "row wrap", "width": "100%", "overflow": "hidden"},
        )
        super().__init__([self._row, readings])
        self.add_class("vmw-charts")
        self._closers: list[Callable[[], object]] = [lab.subscribe(self._follow), locale.subscribe(self._changed)]
        self._closers += [watch(selection, watched, self._changed)]
        self.lab = lab
        self.selection = selection
        self.refresh()

    def refresh(self) -> None:
        """Draw all charts anew."""

    def close(self) -> None:
        """End the charts, and all they began."""
        for closer in self._closers:
            closer()
        self._closers.clear()
        for part in (*self._charts, self._readings, self._row.layout, self._row, self.layout):
            part.close()
        super().close()

    def _select(self, slot: int) -> None:
        names = self.selection.names()
        if 0 <= slot < len(names) and names[slot]:
            self.selection.vm = names[slot]

    def _follow(self, lab: Lab) -> None:
        self.selection.refresh(lab)
        self.refresh()

    def _changed(self, _change: object) -> None:
        self.refresh()

    def _caption(self, title: str, items: list[dict[str, Any]], links: bool = False) -> dict[str, Any]:
        """Return what a caption shows; ``links``: its items are VMs that can be chosen."""
        chosen = self.selection.slot(self.selection.vm)
        return {"lab": self.selection.id, "title": title, "items": items, "selected": chosen, "links": links}

    def _vm_title(self, message: str, **fields: object) -> str:
        """Return a title that names the chosen VM, or that there is none."""
        vm = self.selection.vm
        return plain(message, vm=vm, **fields) if vm else _("There is no virtual machine to chart.")

    def _vm_items(self) -> list[dict[str, Any]]:
        return [{"slot": slot, "name": name} for slot, name in enumerate(self.selection.names()) if name]
