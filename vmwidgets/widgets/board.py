"""The board: the server, its VMs, their controls and their charts, on one screen."""

from collections.abc import Callable
from typing import Any

import ipywidgets

from vmwidgets.lab import Lab
from vmwidgets.locale import mark
from vmwidgets.widgets.charts import Charts
from vmwidgets.widgets.controls import Controls
from vmwidgets.widgets.kit import Selection
from vmwidgets.widgets.picture import picture
from vmwidgets.widgets.server_view import ServerView, vms_text
from vmwidgets.widgets.transport import Transport


class Board(ipywidgets.VBox):
    """One server cut among virtual machines, live.

    Parameters
    ----------
    lab
        What is shown and controlled. The board closes its own widgets, never the lab.
    unfold
        Whether the shares, reservations and limits are unfolded from the start.
    charts
        Whether there are charts below.
    """

    def __init__(self, lab: Lab, *, unfold: bool = False, charts: bool = True) -> None:
        self.lab = lab
        self.selection = Selection(lab)
        # Who is made first is told first: the lines that a slider moves are on their way before the rest.
        self.charts = Charts(lab, self.selection) if charts else None
        self.server = ServerView(lab, self.selection)
        self.transport = Transport(lab, self.selection)
        self.controls = Controls(lab, self.selection, unfold=unfold)
        parts = [self.transport, self.server, self.controls, *([self.charts] if self.charts else [])]
        super().__init__(parts, layout={"width": "100%"})
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
        """End the board, and all it began."""
        closers: list[Callable[[], object]] = [part.close for part in self.children]
        for close in closers:
            close()
        self.layout.close()
        super().close()

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, Any]:
        # Readers without a kernel see the picture; those with one see the widget.
        return {**super()._repr_mimebundle_(**kwargs), "text/plain": repr(self), "image/svg+xml": picture(self.lab)}

    def __repr__(self) -> str:
        return f"<Board: {vms_text(self.lab)}, tick {self.lab.tick}>"
