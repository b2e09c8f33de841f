"""What the charts have in common: one bqplot figure below its caption, closed with all that bqplot makes by itself."""

from collections.abc import Sequence
from typing import Any

import ipywidgets


class Plot:
    """A figure that fills its place in a row of charts.

    Parameters
    ----------
    caption
        The view that stands above.
    marks, axes, scales
        What the figure is made of.
    below_px
        Room for what stands below the time or the groups.
    **traits
        More traits of the figure.
    """

    def __init__(
        self,
        caption: ipywidgets.Widget,
        marks: Sequence[Any],
        axes: Sequence[Any],
        scales: Sequence[Any],
        below_px: int = 26,
        **traits: Any,
    ) -> None:
        import bqplot  # it drags in pandas, so only when a chart is really made

        self.caption = caption
        self._scales = scales
        self.figure = bqplot.Figure(
            marks=list(marks),
            axes=list(axes),
            display_toolbar=False,  # it pans: then the browser would write scales that only the kernel writes
            animation_duration=0,
            padding_y=0,
            fig_margin={"top": 8, "bottom": below_px, "left": 52, "right": 12},
            layout={"width": "100%", "height": f"{164 + below_px}px", "min_width": "0"},
            **traits,
        )
        self.box = ipywidgets.VBox(
            [caption, self.figure], layout={"flex": "1 1 380px", "min_width": "300px", "overflow": "hidden"}
        )
        self.box.add_class("vmw-chart")

    def close(self) -> None:
        """Close all widgets of the chart."""
        figure = self.figure
        inner = [figure.scale_x, figure.scale_y, figure.layout, self.box.layout, figure]
        for widget in (*figure.marks, *figure.axes, *self._scales, *inner, self.caption, self.box):
            widget.close()
