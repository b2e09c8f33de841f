"""Where the layers of a stack stand in its picture, computed from who runs on whom, for the page and the still picture.

The hardware is at the bottom, each layer stands on the one that it runs on, and what shares the address space of a
kernel is a compartment of it. Layers of which each VM has its own are drawn once for each of :data:`VMS` VMs.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from vmwidgets.model.layers import Layer, Layers

VMS = 3
"""VMs that are drawn."""
_SIDE, _VM = 1.2, 1.0  # width of a column that is no VM's, and of a VM's, in VMs


@dataclass(frozen=True, slots=True)
class Box:
    """A layer in the picture.

    Parameters
    ----------
    layer
        Its id.
    vm
        Number of the VM whose layer it is, from 0; -1 for all.
    x, width
        Left edge and width, as parts of the width of the picture.
    y, rows
        Bottom row, from 0, and rows that it is high.
    within
        Whether it is a compartment of a box before it in the list, in the upper row of that.
    several
        Whether it stands for as many layers as there are VMs.
    """

    layer: str
    vm: int
    x: float
    width: float
    y: int
    rows: int
    within: bool = False
    several: bool = False


class _Tree:
    """Layers by what they stand on, in the picture."""

    def __init__(self, layers: Layers) -> None:
        self._layers = layers
        # Firmware is drawn as a part of the machine that it is soldered to.
        self._inside = {one.id: one.inside or (one.on if one.kind == "firmware" else "") for one in layers}
        # A VM's own column: the customer's layers, what stands on them, and what of the VM's own they stand on.
        self._columns = {
            one.id for one in layers if any(below.id == layers.customer.id for below in layers.under(one.id))
        }
        below = layers.customer
        while below.on and layers[self._house(below.on)].per_vm:
            below = layers[self._house(below.on)]
            self._columns.add(below.id)

    def _house(self, id: str) -> str:
        while self._inside[id]:
            id = self._inside[id]
        return id

    def compartments(self, id: str) -> list[Layer]:
        return [one for one in self._layers if self._inside[one.id] and self._house(one.id) == id]

    def above(self, id: str) -> list[Layer]:
        """Return what stands on a layer and on its compartments: the VMs at the right."""
        found = [one for one in self._layers if one.on and not self._inside[one.id] and self._house(one.on) == id]
        return sorted(found, key=lambda one: one.id in self._columns or self._holds_columns(one.id))

    def column(self, id: str) -> bool:
        return id in self._columns

    def _holds_columns(self, id: str) -> bool:
        return any(one.id in self._columns or self._holds_columns(one.id) for one in self.above(id))

    def need(self, id: str) -> float:
        """Return how wide a layer wants to be with all that stands on it."""
        if id in self._columns:
            return VMS * max(_VM, sum(_SIDE for one in self.above(id) if one.id not in self._columns))
        return max(_SIDE, sum(self.need(one.id) for one in self.above(id)), 1.1 * len(self.compartments(id)))


def layout(layers: Layers) -> tuple[list[Box], int]:
    """Return the boxes of a stack, each after the one it stands in or on, and how many rows they are high."""
    tree = _Tree(layers)
    boxes = [box for one in layers if not one.on for box in _place(tree, one, -1, 0.0, 1.0, 0)]
    return boxes, max((box.y + box.rows for box in boxes), default=0)


def _place(tree: _Tree, layer: Layer, vm: int, x: float, width: float, y: int) -> Iterator[Box]:
    if vm < 0 and tree.column(layer.id):
        for number in range(VMS):
            yield from _place(tree, layer, number, x + number * width / VMS, width / VMS, y)
        return
    parts, above = tree.compartments(layer.id), tree.above(layer.id)
    rows = 2 if parts else 1
    yield Box(layer.id, vm, x, width, y, rows, several=layer.per_vm and vm < 0)
    for number, part in enumerate(parts):
        step = width / len(parts)
        yield Box(part.id, vm, x + number * step, step, y + 1, 1, within=True, several=part.per_vm and vm < 0)
    needs = [tree.need(one.id) for one in above]
    for one, need in zip(above, needs, strict=True):
        share = width * need / sum(needs)
        yield from _place(tree, one, vm, x, share, y + rows)
        x += share
