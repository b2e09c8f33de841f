"""The memory lab: what the host has left, who gives memory away and how, and where every frame is, on one screen."""

from vmwidgets.lab import Lab
from vmwidgets.widgets.balloon_inside import BalloonInside
from vmwidgets.widgets.frame_map import FrameMap
from vmwidgets.widgets.kit import Selection
from vmwidgets.widgets.lab_frames import LabFrames
from vmwidgets.widgets.memory_charts import MemoryCharts
from vmwidgets.widgets.memory_controls import MemoryControls
from vmwidgets.widgets.memory_picture import memory_picture
from vmwidgets.widgets.memory_state import MemoryState, paged
from vmwidgets.widgets.page_walk import PageWalk
from vmwidgets.widgets.products import Products
from vmwidgets.widgets.screen import Screen
from vmwidgets.widgets.server_view import vms_text
from vmwidgets.widgets.transport import Transport


class MemoryLab(Screen):
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
    products
        Whether there is a list of products to choose from.

    Raises
    ------
    VmwidgetsError
        If the lab's memory is not modelled page by page.
    """

    def __init__(
        self,
        lab: Lab,
        *,
        unfold: bool = False,
        charts: bool = True,
        frames: bool = True,
        walk: bool = True,
        products: bool = True,
    ) -> None:
        paged(lab)
        self.selection = Selection(lab)
        # Who is made first is told first: the lines that a slider moves are on their way before the rest.
        self.charts = MemoryCharts(lab, self.selection) if charts else None
        self.host = MemoryState(lab, self.selection)
        self.transport = Transport(lab, self.selection, memory_picture)
        self.controls = MemoryControls(lab, self.selection, unfold=unfold)
        self.inside = BalloonInside(lab, self.selection)
        self.frames = self._map(lab) if frames else None
        self.walk = PageWalk(lab, self.selection, fold=True) if walk else None
        self.products = Products(lab) if products else None
        parts = (
            self.products,
            self.transport,
            self.host,
            self.controls,
            self.charts,
            self.inside,
            self.frames,
            self.walk,
        )
        locked = tuple(part.lock for part in (self.products, self.controls, self.transport) if part)
        super().__init__(lab, parts, locked=locked, picture=memory_picture)
        self._closers = [lab.subscribe(self._follow, pages=True)]

    def _map(self, lab: Lab) -> FrameMap:
        return FrameMap(lab, self.selection, frames=LabFrames(lab, self.selection))

    def _follow(self, lab: Lab) -> None:
        machine, old = paged(lab).machine, self.frames
        if old and (machine.frames, machine.page_bytes) != (old.frames.frames, old.frames.page_bytes):
            # An experiment with another memory was loaded, and a map is of one size.
            self.frames = self._map(lab)
            self.children = [self.frames if part is old else part for part in self.children]
            old.close()

    def __repr__(self) -> str:
        state = paged(self.lab).rung.name
        return f"<MemoryLab: {vms_text(self.lab)}, host memory {state}, tick {self.lab.tick}>"
