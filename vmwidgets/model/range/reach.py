"""The blast radius: whose memory is in the hands of one who has taken over a layer. Read off the layers alone."""

from vmwidgets.model.layers import Layer, Layers
from vmwidgets.model.range.spaces import home

_RULERS = ("machine", "hypervisor", "kernel")
"""Privileges from which everything above can be reached."""


def reach(layers: Layers, layer: Layer, vm: int, vms: int, *, confined: bool) -> tuple[int, ...]:
    """Return the VMs whose memory a layer reaches when guest code has taken it over.

    Parameters
    ----------
    layers
        Of the stack.
    layer
        Which.
    vm
        Of which VM, if each has one of its own; else whose code has taken it over.
    vms
        How many VMs there are.
    confined
        Whether the layer is held to its own VM.
    """
    everything, own = tuple(range(vms)), (vm,)
    if confined:
        return own
    at = home(layers, layer)
    together = [one for one in layers if home(layers, one) is at]
    if any(one.privilege in _RULERS or {"reads", "maps"} & one.duties for one in together):
        return everything
    # A process that nobody confines reaches the other processes of its user: those that VMs run in, if they do.
    customer = layers.customer
    hosts = [one for one in layers.under(customer.id) if one.kind == "program" and one.per_vm and one is not customer]
    return everything if any(one.on == at.on for one in hosts) else own
