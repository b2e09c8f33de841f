"""The board: the server, its VMs, their controls and their charts, on one screen."""

from vmwidgets.lab import Lab
from vmwidgets.widgets.charts import Charts
from vmwidgets.widgets.controls import Controls
from vmwidgets.widgets.kit import Selection
from vmwidgets.widgets.picture import picture
from vmwidgets.widgets.products import Products
from vmwidgets.widgets.screen import Screen
from vmwidgets.widgets.server_view import ServerView, vms_text
from vmwidgets.widgets.transport import Transport


class Board(Screen):
    """One server cut among virtual machines, live.

    Parameters
    ----------
    lab
        What is shown and controlled. The board closes its own widgets, never the lab.
    unfold
        Whether the shares, reservations and limits are unfolded from the start.
    charts
        Whether there are charts below.
    products
        Whether there is a list of products to choose from.
    """

    def __init__(self, lab: Lab, *, unfold: bool = False, charts: bool = True, products: bool = True) -> None:
        self.selection = Selection(lab)
        # Who is made first is told first: the lines that a slider moves are on their way before the rest.
        self.charts = Charts(lab, self.selection) if charts else None
        self.server = ServerView(lab, self.selection)
        self.transport = Transport(lab, self.selection)
        self.controls = Controls(lab, self.selection, unfold=unfold)
        self.products = Products(lab) if products else None
        parts = (self.products, self.transport, self.server, self.controls, self.charts)
        locked = tuple(part.lock for part in (self.products, self.controls, self.transport) if part)
        super().__init__(lab, parts, locked=locked, picture=picture)

    def __repr__(self) -> str:
        return f"<Board: {vms_text(self.lab)}, tick {self.lab.tick}>"
