"""Which layers of two stacks are the same, whatever they are called."""

from collections.abc import Iterable

from vmwidgets.model.layers import Layer, Layers


def kin(layer: Layer, layers: Layers) -> tuple[object, ...]:
    """Return what makes layers of two stacks the same: what they are, may and do, whatever they are called."""
    house = layers[layer.inside].kind if layer.inside else ""
    traits = (layer.kind, layer.privilege, layer.per_vm, layer.session, layer.confined, layer.vital, house)
    return (*traits, layer.duties)


def differing(stacks: Iterable[Layers]) -> list[set[str]]:
    """Return for each stack the layers that not all the others have too."""
    everyone = list(stacks)
    kinds = [{kin(layer, layers) for layer in layers} for layers in everyone]
    return [
        {layer.id for layer in layers if not all(kin(layer, layers) in others for others in kinds)}
        for layers in everyone
    ]
