"""Products side by side: their layers, what an operation costs in them, what fails with what, how they boot."""

from collections.abc import Sequence
from typing import Any

import ipywidgets

from vmwidgets.model.stack import Stack
from vmwidgets.widgets.stack_boot import StackBoot
from vmwidgets.widgets.stack_choice import Choice, default_pair
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
        The products from left to right, by id (see :data:`vmwidgets.stacks.STACKS`) or as records; without any, a VMM
        on the hardware and one that is a program on a host OS.
    stacks
        The same as a list.
    seed
        Chooses how boot lines are shuffled.

    Raises
    ------
    VmwidgetsError
        If they are fewer than two or more than four, one is there twice or is not known.
    """

    def __init__(self, *products: str | Stack, stacks: Sequence[str | Stack] = (), seed: int = 0) -> None:
        self.choice = Choice([*products, *stacks] or default_pair())
        self.diagrams = StackDiagrams(self.choice)
        self.tabs = StackTabs(self.choice)
        self.operation = StackOperation(self.choice)
        self.drill = StackDrill(self.choice)
        self.boot = StackBoot(self.choice, seed)
        self.evidence = StackEvidence(self.choice)
        self.panes = (self.operation, self.drill, self.boot, self.evidence)
        parts = (self.diagrams, self.tabs, *self.panes)
        super().__init__(parts, layout={"width": "100%"})
        self.add_class("vmw-lab")

    def close(self) -> None:
        """End the screen, and all it began."""
        for part in self.children:
            part.close()
        self.layout.close()
        super().close()

    def __repr__(self) -> str:
        return f"<StackComparison: {', '.join(stack.id for stack in self.choice.stacks)}>"

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, Any]:
        # Readers without a kernel see the picture; those with one see the widget.
        still = {"text/plain": repr(self), "image/svg+xml": stack_picture(self.choice)}
        return {**super()._repr_mimebundle_(**kwargs), **still}
