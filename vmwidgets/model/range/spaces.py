"""The address spaces of the layers: each has frames of its own, and whoever is inside of it shares them."""

from dataclasses import dataclass

from vmwidgets.model.guest_memory import PAGE_BYTES
from vmwidgets.model.layers import Layer, Layers
from vmwidgets.model.range.machine import Machine

SPACE_FRAMES = 4
"""Frames of each address space."""


@dataclass(frozen=True, slots=True)
class Space:
    """The memory of one address space: its frames, one behind the other.

    Parameters
    ----------
    owner
        Its name as the owner of frames.
    layer
        Id of the layer whose space it is; those inside of it have no other.
    frames
        Where it lies.
    """

    owner: str
    layer: str
    frames: tuple[int, ...]

    @property
    def size_bytes(self) -> int:
        """Its size."""
        return len(self.frames) * PAGE_BYTES

    def machine_address(self, address: int) -> int | None:
        """Return where a byte of it lies in the machine, None if it has no such byte."""
        if not 0 <= address < self.size_bytes:
            return None
        return self.frames[address // PAGE_BYTES] * PAGE_BYTES + address % PAGE_BYTES


def home(layers: Layers, layer: Layer) -> Layer:
    """Return the layer whose address space a layer lives in: itself, or the outermost one that it is inside of."""
    while layer.inside:
        layer = layers[layer.inside]
    return layer


def owner_of(layers: Layers, layer: Layer, vm: int) -> str:
    """Return who owns the memory of a layer: its address space, of which each VM may have one."""
    at = home(layers, layer)
    return f"{at.id} {vm}" if at.per_vm else at.id


def give(machine: Machine, owner: str, layer: str) -> Space:
    """Give an address space its frames."""
    return Space(owner, layer, tuple(machine.take(owner, low=True) for _ in range(SPACE_FRAMES)))


def build(machine: Machine, layers: Layers, vms: int) -> dict[str, Space]:
    """Give each address space below the customer its frames; return them by owner."""
    spaces: dict[str, Space] = {}
    customers = {"guest_kernel", "guest_apps"}
    for layer in layers:
        if layer.kind in ("hardware", "firmware") or layer.id in customers:
            continue
        for vm in range(vms):
            owner = owner_of(layers, layer, vm)
            if owner not in spaces:
                spaces[owner] = give(machine, owner, home(layers, layer).id)
    return spaces
