"""The memory lab: what the host has left, who gives memory away and how, and where every frame is, on one screen."""

from collections.abc import Callable
from typing import Any

import ipywidgets

from vmwidgets.lab import Lab
from vmwidgets.locale import mark
from vmwidgets.widgets.balloon_inside import BalloonInside
from vmwidgets.widgets.frame_map import FrameMap
from vmwidgets.widgets.kit import Selection
from vmwidgets.widgets.lab_frames import LabFrames
from vmwidgets.widgets.memory_charts import MemoryCharts
from vmwidgets.widgets.memory_controls import MemoryControls
from vmwidgets.widgets.memory_picture import memory_picture
from vmwidgets.widgets.memory_state import MemoryState, paged
from vmwidgets.widgets.page_walk import PageWalk
from vmwidgets.widgets.server_view import vms_text
from vmwidgets.widgets.transport import Transport


class MemoryLab(ipywidgets.VBox):
    """One server whose memory is lent, reclaimed and shared page by page, live.

    Parameters
    ----------
    lab
        What is shown and controlled; made with ``memory=``. The view closes its own widgets, never the lab.
    unfold
        Whether the settings of the VMM are unfolded from the start.
    charts
        Whether there are charts.
    frames
        Whether there is a map of all frames.
    walk
        Whether there is a page walk at the bottom; it is folded.

    Raises
    ------
    VmwidgetsError
        If the lab's memory is not modelled page by page.
    """

    def __init__(
        self, lab: Lab, *, unfold: bool = False, charts: bool = True, frames: bool = True, walk: bool = True
    ) -> None:
        self.lab = lab
        paged(lab)
        self.selection = Selection(lab)
        # Who is made first is told first: the lines that a slider moves are on their way before the rest.
        self.charts = MemoryCharts(lab, self.selection) if charts else None
        self.host = MemoryState(lab, self.selection)
        self.transport = Transport(lab, self.selection)
        self.controls = MemoryControls(lab, self.selection, unfold=unfold)
        self.inside = BalloonInside(lab, self.selection)
        self.frames = FrameMap(lab, self.selection, frames=LabFrames(lab, self.selection)) if frames else None
        self.walk = PageWalk(lab, self.selection, fold=True) if walk else None
        parts = (self.transport, self.host, self.controls, self.charts, self.inside, self.frames, self.walk)
        super().__init__([part for part in parts if part], layout={"width": "100%"})
        self.add_class("vmw-lab")

    def lock(self, reason: str = mark("The controls open when your prediction is in.")) -> None:
        """Hold controls and time still, and say why; ``reason`` is a message id."""
        self.controls.lock(reason)
        self.transport.lock(True)

    def unlock(self) -> None:
        """Let go of controls and time."""
        self.controls.lock("")
        self.transport.lock(False)

    def close(self) -> None:
        """End the view, and all it began."""
        closers: list[Callable[[], object]] = [part.close for part in self.children]
        for close in closers:
            close()
        self.layout.close()
        super().close()

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, Any]:
        # Readers without a kernel see the picture; those with one see the widget.
        picture = memory_picture(self.lab)
        return {**super()._repr_mimebundle_(**kwargs), "text/plain": repr(self), "image/svg+xml": picture}

    def __repr__(self) -> str:
        state = paged(self.lab).rung.name
        return f"<MemoryLab: {vms_text(self.lab)}, host memory {state}, tick {self.lab.tick}>"
