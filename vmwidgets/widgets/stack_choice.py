"""What the parts of a comparison look at together: the products, what is lit, the open pane."""

import itertools
from collections.abc import Sequence

import traitlets

from vmwidgets.locale import mark
from vmwidgets.model.errors import VmwidgetsError
from vmwidgets.model.stack import Stack
from vmwidgets.stacks import PRODUCTS, STACKS, get
from vmwidgets.widgets.stack_words import CHIPS, DIFFERENCES

LEAST, MOST = 2, 4
"""Products side by side."""
TABS = {
    "operation": mark("An operation"),
    "bars": mark("In numbers"),
    "failure": mark("A failure"),
    "boot": mark("Power on"),
    "evidence": mark("Evidence"),
}
"""The panes below the diagrams."""


def default_pair() -> tuple[Stack, Stack]:
    """Return a VMM on the hardware and one that is a program: the first of each that there is."""
    first, second = (next(stack for stack in PRODUCTS.values() if stack.type == type) for type in (1, 2))
    return first, second


class Choice(traitlets.HasTraits):
    """The choice of one comparison; only the kernel writes it.

    Parameters
    ----------
    stacks
        The products from left to right, two to four, by id or as records.

    Attributes
    ----------
    stacks
        The records.
    light
        What is lit: ``"differences"`` or one of :data:`vmwidgets.model.layers.DUTIES`.
    tab
        The open pane, one of :data:`TABS`.
    drill
        What a failure does to each product, see :func:`vmwidgets.widgets.stack_drill.struck`; empty: there is none.
    """

    stacks = traitlets.Tuple()
    light = traitlets.Enum(tuple(CHIPS), DIFFERENCES)
    tab = traitlets.Enum(tuple(TABS), next(iter(TABS)))
    drill = traitlets.Tuple()

    _ids = itertools.count(1)

    def __init__(self, stacks: Sequence[str | Stack]) -> None:
        chosen = tuple(get(stack) for stack in stacks)
        if not LEAST <= len(chosen) <= MOST:
            raise VmwidgetsError(
                "products to compare: {count}, expected {least} to {most}",
                count=len(chosen), least=LEAST, most=MOST,
            )  # fmt: skip
        for number, stack in enumerate(chosen):
            if not len(stack.layers):
                raise VmwidgetsError("{product} has no layers to compare", product=stack.name)
            if stack.id in {other.id for other in chosen[:number]}:
                raise VmwidgetsError("{product} is compared with itself", product=stack.name)
        super().__init__(stacks=chosen)
        self.id = f"stacks-{next(self._ids)}"
        self._own = {stack.id: stack for stack in chosen}

    def known(self) -> dict[str, Stack]:
        """Return all products that can be chosen, by id: those of the house, and those that were given."""
        return {**PRODUCTS, **STACKS, **self._own}

    def put(self, place: int, id: str) -> None:
        """Put a product in a place; if it stands in another, the two change places."""
        known, stacks = self.known(), list(self.stacks)
        if id not in known or not 0 <= place < len(stacks):
            raise VmwidgetsError("there is no product {id} to choose", id=repr(id)[:40])
        there = next((i for i, stack in enumerate(stacks) if stack.id == id), None)
        if there is not None:
            stacks[there] = stacks[place]
        stacks[place] = known[id]
        self.stacks = tuple(stacks)

    def add(self) -> None:
        """Put one more product at the end: the first that is not there."""
        here = {stack.id for stack in self.stacks}
        more = next((stack for id, stack in self.known().items() if id not in here), None)
        if len(self.stacks) >= MOST or more is None:
            raise VmwidgetsError("there are {count} products already", count=len(self.stacks))
        self.stacks = (*self.stacks, more)

    def remove(self, place: int) -> None:
        """Take a product away."""
        if len(self.stacks) <= LEAST or not 0 <= place < len(self.stacks):
            raise VmwidgetsError("a comparison needs {least} products", least=LEAST)
        self.stacks = (*self.stacks[:place], *self.stacks[place + 1 :])
