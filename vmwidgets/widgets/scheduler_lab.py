"""The scheduler lab: who runs when, slice by slice, under one scheduler or two on the same guests."""

from collections.abc import Callable
from typing import Any

import ipywidgets

from vmwidgets.lab import Lab
from vmwidgets.locale import mark
from vmwidgets.widgets.kit import Selection
from vmwidgets.widgets.scheduler_charts import SchedulerCharts
from vmwidgets.widgets.scheduler_controls import SchedulerControls
from vmwidgets.widgets.scheduler_picture import scheduler_picture
from vmwidgets.widgets.server_view import vms_text
from vmwidgets.widgets.time_line import TimeLine


class SchedulerLab(ipywidgets.VBox):
    """The VMs of a lab under a scheduler that really schedules.

    Time does not pass here: the same seconds are run anew whenever the VMs or the settings change.

    Parameters
    ----------
    lab
        What is shown and controlled. The view closes its own widgets, never the lab.
    unfold
        Whether all controls are unfolded from the start.
    charts
        Whether there are charts below.
    """

    def __init__(self, lab: Lab, *, unfold: bool = False, charts: bool = True) -> None:
        self.lab = lab
        self.selection = Selection(lab)
        # Who is made first is told first: the picture is on its way before the rest.
        self.line = TimeLine(lab, self.selection)
        self.charts = SchedulerCharts(lab, self.selection) if charts else None
        self.controls = SchedulerControls(lab, self.selection, unfold=unfold)
        parts = [self.controls, self.line, *([self.charts] if self.charts else [])]
        super().__init__(parts, layout={"width": "100%"})
        self.add_class("vmw-lab")

    def lock(self, reason: str = mark("The controls open when your prediction is in.")) -> None:
        """Hold the controls still, and say why; ``reason`` is a message id."""
        self.controls.lock(reason)

    def unlock(self) -> None:
        """Let go of the controls."""
        self.controls.lock("")

    def close(self) -> None:
        """End the view, and all it began."""
        closers: list[Callable[[], object]] = [part.close for part in self.children]
        for close in closers:
            close()
        self.layout.close()
        super().close()

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, Any]:
        # Readers without a kernel see the picture; those with one see the widget.
        picture = scheduler_picture(self.lab)
        return {**super()._repr_mimebundle_(**kwargs), "text/plain": repr(self), "image/svg+xml": picture}

    def __repr__(self) -> str:
        scheduling = self.lab.scheduling
        return f"<SchedulerLab: {vms_text(self.lab)}, {', '.join(scheduling.algorithms)}, {scheduling.window_s} s>"
