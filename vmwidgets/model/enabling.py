"""A hypervisor is installed on a machine on which an OS runs: at the next boot it lies below that OS.

Nothing changes before that boot, since the OS has the machine. At the boot the boot loader starts the hypervisor, and
the hypervisor starts the OS, which so becomes the management domain: above the hypervisor, and still the owner of the
drivers.
"""

from dataclasses import replace

from vmwidgets.model.acts import host_oses
from vmwidgets.model.boot import Stage
from vmwidgets.model.errors import VmwidgetsError
from vmwidgets.model.layers import Layer, Layers
from vmwidgets.model.stack import Stack
from vmwidgets.model.words import said

HYPERVISOR = Layer(
    "hypervisor",
    said("hypervisor"),
    "vmm",
    "hypervisor",
    on="hardware",
    vital=True,
    duties=frozenset({"schedules", "maps", "reclaims", "reads"}),
    source="Microsoft Hyper-V documentation, TLFS: the hypervisor runs below the root partition",
    assumed=frozenset({"reclaims"}),
)
"""A hypervisor that leaves the drivers to a management domain."""

_SHIFTED = {"kernel": "guest_kernel", "user": "guest_user"}
"""Privileges on the machine itself, and above a VMM."""
_SERVES = frozenset({"serves", "emulates"})


def install_hypervisor(stack: Stack, hypervisor: Layer = HYPERVISOR) -> Stack:
    """Return the stack of a machine after the boot that follows the installation of a hypervisor under its OS.

    Parameters
    ----------
    stack
        The machine before: an OS on the hardware, and programs on it.
    hypervisor
        What is installed. Its duties pass to it from the OS. It is put on what the OS ran on.

    Raises
    ------
    VmwidgetsError
        If there is no OS on the machine itself, so that there is nothing to get below.
    """
    os = next(iter(host_oses(stack.layers)), None)
    if os is None:
        raise VmwidgetsError(
            "{stack} has no OS on the machine itself, below which a hypervisor could go", stack=stack.name
        )
    hypervisor = replace(hypervisor, on=os.on)
    layers: list[Layer] = []
    for layer in stack.layers:
        if layer.id == os.id:
            layers.append(hypervisor)
        layers.append(_after(layer, os, hypervisor))
    layers = _without_vms(layers, os)
    layers += [
        Layer("guest_kernel", said("guest kernel"), "kernel", "guest_kernel", on=hypervisor.id, per_vm=True),
        Layer("guest_apps", said("guest applications"), "program", "guest_user", on="guest_kernel", per_vm=True),
    ]
    return replace(stack, type=1, layers=Layers(layers), boot=_boot(stack, os, hypervisor), device="paravirtual")


def _after(layer: Layer, os: Layer, hypervisor: Layer) -> Layer:
    """Return a layer as it is above a hypervisor; what it no longer does itself is the hypervisor's."""
    if layer.privilege not in _SHIFTED:
        return layer
    duties = layer.duties - (hypervisor.duties - {"reads"})
    if layer.id == os.id:
        # Who owns the drivers serves the VMs; and the machine is restarted without it, since nobody else has drivers.
        duties |= _SERVES | {"manages", "reads"}
        return replace(layer, on=hypervisor.id, privilege="guest_kernel", vital=True, duties=duties)
    return replace(layer, privilege=_SHIFTED[layer.privilege], duties=duties)


def _without_vms(layers: list[Layer], os: Layer) -> list[Layer]:
    """Leave the VMs of before out; what the customer ran on the OS itself is now a program of the management domain."""
    kept = [layer for layer in layers if not layer.per_vm]
    if "host_apps" not in {layer.id for layer in kept}:
        kept += [
            replace(one, id="host_apps", per_vm=False) for one in layers if one.id == "guest_apps" and one.on == os.id
        ]
    return kept


def _boot(stack: Stack, os: Layer, hypervisor: Layer) -> tuple[Stage, ...]:
    """Return the boot line with the hypervisor before the OS, and the guests after it."""
    stages: list[Stage] = []
    for stage in stack.boot:
        if stage.id == os.id:
            stages.append(
                Stage(
                    hypervisor.id,
                    said("The boot loader starts the hypervisor instead of an OS"),
                    stage.needs,
                    said("The OS starts as before, but no VM can be started: the hypervisor is not running"),
                )
            )
            stage = replace(stage, name=said("The hypervisor starts the OS as its management domain"))
            stage = replace(stage, needs=(*stage.needs, hypervisor.id))
        if stage.id not in stack.layers or not stack.layers[stage.id].per_vm:
            stages.append(stage)
    guests = said("The management domain starts the guests")
    stages.append(Stage("guest_kernel", guests, (os.id, hypervisor.id), said("The VM cannot be started")))
    return tuple(stages)
