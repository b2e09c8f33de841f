"""The scheduler lab: who runs when, slice by slice, under one scheduler or two on the same guests."""

from vmwidgets.lab import Lab
from vmwidgets.widgets.kit import Selection
from vmwidgets.widgets.products import Products
from vmwidgets.widgets.scheduler_charts import SchedulerCharts
from vmwidgets.widgets.scheduler_controls import SchedulerControls
from vmwidgets.widgets.scheduler_picture import scheduler_picture
from vmwidgets.widgets.screen import Screen
from vmwidgets.widgets.server_view import vms_text
from vmwidgets.widgets.time_line import TimeLine


class SchedulerLab(Screen):
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
    products
        Whether there is a list of products to choose from.
    """

    def __init__(self, lab: Lab, *, unfold: bool = False, charts: bool = True, products: bool = True) -> None:
        self.selection = Selection(lab)
        # Who is made first is told first: the picture is on its way before the rest.
        self.line = TimeLine(lab, self.selection)
        self.charts = SchedulerCharts(lab, self.selection) if charts else None
        self.controls = SchedulerControls(lab, self.selection, unfold=unfold)
        self.products = Products(lab) if products else None
        parts = (self.products, self.controls, self.line, self.charts)
        locked = tuple(part.lock for part in (self.products, self.controls) if part)
        super().__init__(lab, parts, locked=locked, picture=scheduler_picture)

    def __repr__(self) -> str:
        scheduling = self.lab.scheduling
        return f"<SchedulerLab: {vms_text(self.lab)}, {', '.join(scheduling.algorithms)}, {scheduling.window_s} s>"
