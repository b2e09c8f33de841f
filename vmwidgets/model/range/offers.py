"""What a stack has that defences and devices ask for, read off its layers and its record."""

from collections.abc import Callable

from vmwidgets.model.layers import Layer, Layers
from vmwidgets.model.range.memory_path import MAP_CHECKS
from vmwidgets.model.scheduling import ALGORITHMS, Scheduling
from vmwidgets.model.stack import Stack

Offered = Callable[[Stack, str], bool]
"""Of a stack and the technique by which its VMs' memory is virtualized."""


def emulator(layers: Layers) -> Layer | None:
    """Return the layer in whose memory the buffers of imitated devices lie, None if no device is imitated."""
    return next(iter(layers.with_("emulates")), None)


def keeper(layers: Layers) -> Layer:
    """Return the layer that keeps the tables which say what frames are a VM's: the one nearest to the VM."""
    return layers.with_("maps")[-1]


def server(stack: Stack) -> Layer | None:
    """Return the layer that is the other end of paravirtual devices, None if the stack has no such devices."""
    return next(iter(stack.layers.with_("serves")), None) if "paravirtual" in stack.devices else None


def balloons(stack: Stack) -> Layer | None:
    """Return the layer that inflates balloons, None if nobody does: a program that an administrator calls, or a VMM
    that has balloons on its ladder. The kernel of a host only pages."""
    profile = stack.memory_profile
    on_ladder = profile is not None and any("balloon" in rung.actions for rung in profile.ladder.rungs)
    for layer in stack.layers.with_("reclaims"):
        if layer.kind == "program" or on_ladder:
            return layer
    return None


def has_targets(stack: Stack) -> bool:
    """Return whether somebody says how much memory each VM shall have, by shares or by demand."""
    return stack.memory_profile is not None and stack.memory_profile.targets != "none"


def has_reserving_scheduler(stack: Stack) -> bool:
    """Return whether processor time can be reserved, and the scheduler heeds that."""
    algorithm = ALGORITHMS[stack.scheduler or Scheduling().algorithm]
    return has_control(stack, "cpu_reservation_mhz") and "reservation" in algorithm.heeds


def pages_out(stack: Stack) -> bool:
    """Return whether memory of VMs can be paged out without their help."""
    return stack.memory_profile is not None and stack.memory_profile.host_swap


def extra(id: str) -> Offered:
    """Return who has a layer that imitates devices and does this besides."""
    return lambda stack, technique: id in stack.extras and emulates(stack, technique)


def map_check(id: str) -> Offered:
    """Return who has a defence that says which frames are a VM's: by how memory is virtualized."""
    return lambda _, technique: MAP_CHECKS[technique] == id


def always(_stack: Stack, _technique: str) -> bool:
    """Return True: who hands out frames has it, whatever the stack."""
    return True


def emulates(stack: Stack, technique: str) -> bool:
    """Return whether VMs have imitated devices; a paravirtual guest has none."""
    return emulator(stack.layers) is not None and technique != "paravirtualization"


def can_confine(stack: Stack, technique: str) -> bool:
    """Return whether the layer that imitates devices can be held to its own VM."""
    layer = emulator(stack.layers)
    return emulates(stack, technique) and layer is not None and layer.confined


def has_control(stack: Stack, setting: str) -> bool:
    """Return whether VMs have a setting; a stack that names no controls has all of them as they are."""
    return not stack.controls or any(control.setting == setting for control in stack.controls)


def has_scanner(stack: Stack, technique: str) -> bool:
    """Return whether there is a scanner that looks for equal pages, be it off unless one switches it on."""
    profile = stack.memory_profile
    return profile is not None and profile.scan_pages_per_s > 0 and technique != "paravirtualization"


def has_stub_domains(stack: Stack, technique: str) -> bool:
    """Return whether the device model can have a domain of its own.

    It can where it is a process of the domain that manages, and unconfined.
    """
    layer = emulator(stack.layers)
    if layer is None or not emulates(stack, technique) or layer.confined or not layer.per_vm:
        return False
    return stack.layers[layer.on].privilege == "guest_kernel"
