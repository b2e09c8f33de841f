"""Products side by side: their layers, what an operation costs in them, what fails with what, how they boot."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, cast

import ipywidgets

from vmwidgets.model.errors import VmwidgetsError, check_int
from vmwidgets.model.stack import Stack
from vmwidgets.widgets.kit import close_layout, watch
from vmwidgets.widgets.stack_bars import StackBars
from vmwidgets.widgets.stack_boot import StackBoot
from vmwidgets.widgets.stack_choice import TABS, Choice, default_pair
from vmwidgets.widgets.stack_diagrams import StackDiagrams
from vmwidgets.widgets.stack_drill import StackDrill
from vmwidgets.widgets.stack_evidence import StackEvidence
from vmwidgets.widgets.stack_operation import StackOperation
from vmwidgets.widgets.stack_panel import StackTabs
from vmwidgets.widgets.stack_picture import stack_picture


class StackComparison(ipywidgets.VBox):
    """Two to four products side by side.

    Above are their layers as diagrams. Below is one of five panes: an operation on its way through the layers, bars of
    what was measured, a failure and whom it takes along, the boot line to put in order, and the evidence.

    Parameters
    ----------
    *products
        The products from left to right, by id (see :data:`vmwidgets.stacks.STACKS`) or as records, one by one or in a
        list; without any, a VMM on the hardware and one that is a program on a host OS.
    stacks
        The same by name.
    tab
        The pane that is open at first: ``"operation"``, ``"bars"``, ``"failure"``, ``"boot"`` or ``"evidence"``.
    seed
        Chooses how boot lines are shuffled, 0 to 2**63 - 1.

    Raises
    ------
    VmwidgetsError
        If they are fewer than two or more than four, one is there twice or is not known, or there is no such pane or
        seed.
    """

    _closers: list[Callable[[], object]] = []  # noqa: RUF012 - of a comparison that failed before it began

    def __init__(
        self,
        *products: str | Stack | Sequence[str | Stack],
        stacks: str | Stack | Sequence[str | Stack] = (),
        tab: str = "operation",
        seed: int = 0,
    ) -> None:
        if type(tab) is not str or tab not in TABS:
            raise VmwidgetsError("tab is {tab}, expected one of {known}", tab=repr(tab)[:40], known=", ".join(TABS))
        check_int("seed", seed, 0, 2**63 - 1)
        self.choice = Choice([*_one_by_one(*products, stacks)] or default_pair())
        self.choice.tab = tab
        self.diagrams = StackDiagrams(self.choice)
        self.tabs = StackTabs(self.choice)
        self.operation = StackOperation(self.choice)
        self.bars = StackBars(self.choice)
        self.drill = StackDrill(self.choice)
        self.boot = StackBoot(self.choice, seed)
        self.evidence = StackEvidence(self.choice)
        self.panes = (self.operation, self.bars, self.drill, self.boot, self.evidence)
        super().__init__(self._parts(), layout={"width": "100%"})
        self.add_class("vmw-lab")
        parts = (self.diagrams, self.tabs, *self.panes)
        # Told after the panes, so that the bars are there when they are shown.
        self._closers = [watch(self.choice, ["tab"], self._arrange), *(part.close for part in parts)]

    def _parts(self) -> list[ipywidgets.Widget]:
        """Return what is on the screen; a chart is there only while it is seen, in a hidden pane it has no size."""
        chart = [self.bars.bars.box] if self.bars.is_open and self.bars.bars else []
        return [self.diagrams, self.tabs, *self.panes, *chart]

    def _arrange(self, _change: object) -> None:
        self.children = self._parts()

    def close(self) -> None:
        """End the screen, and all it began."""
        closers, self._closers = self._closers, []
        for closer in closers:
            closer()
        close_layout(self)
        super().close()

    def __repr__(self) -> str:
        return f"<StackComparison: {', '.join(stack.id for stack in self.choice.stacks)}>"

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, Any]:
        # Readers without a kernel see the picture; those with one see the widget.
        still = {"text/plain": repr(self), "image/svg+xml": stack_picture(self.choice)}
        return {**super()._repr_mimebundle_(**kwargs), **still}


def _one_by_one(*products: str | Stack | Sequence[str | Stack]) -> Iterator[str | Stack]:
    for one in products:
        if isinstance(one, list | tuple):
            yield from one
        else:
            yield cast("str | Stack", one)  # what is neither is refused by name
