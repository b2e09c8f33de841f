"""Small made-up stacks, one of each kind, whose layers tests move about."""

from dataclasses import replace

from vmwidgets.model.boot import Stage
from vmwidgets.model.layers import Layer, Layers
from vmwidgets.model.memory_profile import Ladder, MemoryProfile, Rung
from vmwidgets.model.stack import Stack

HARDWARE = Layer("hardware", "hardware", "hardware", "machine")
FIRMWARE = Layer("firmware", "firmware", "firmware", "machine", on="hardware")
GUEST_APPS = Layer("guest_apps", "guest applications", "program", "guest_user", on="guest_kernel", per_vm=True)
_POWER = (
    Stage("firmware", "firmware", (), "a black screen"),
    Stage("boot_loader", "boot loader", ("firmware",), "no bootable device"),
)


def _duties(text: str) -> frozenset[str]:
    return frozenset(text.split())


def memory(**settings: object) -> MemoryProfile:
    """A host OS that pages and, when that does not do, kills."""
    return MemoryProfile(
        **{  # pyright: ignore[reportArgumentType]
            "id": "os",
            "name": "OS",
            "ladder": Ladder((Rung("enough", 20), Rung("reclaim", 10, frozenset({"swap"})))),
            "host_swap": True,
            "swap_permille": 1000,
            "host_kills": True,
            **settings,
        }
    )


BARE = Stack(
    "bare",
    "an OS alone",
    0,
    layers=Layers(
        [
            HARDWARE,
            FIRMWARE,
            Layer(
                "host_kernel",
                "kernel",
                "kernel",
                "kernel",
                on="hardware",
                vital=True,
                duties=_duties("schedules maps reclaims reads drives"),
            ),
            Layer("guest_apps", "applications", "program", "user", on="host_kernel", per_vm=True),
        ]
    ),
    boot=(
        *_POWER,
        Stage("host_kernel", "kernel", ("boot_loader",), "kernel panic"),
        Stage("guest_apps", "applications", ("host_kernel",), "the service does not start"),
    ),
    memory_profile=memory(),
    scheduler="cfs",
)
"""An OS on the machine, and programs on it: also what containers look like."""

HOSTED = Stack(
    "hosted",
    "a VMM on an OS",
    2,
    layers=Layers(
        [
            HARDWARE,
            FIRMWARE,
            BARE.layers["host_kernel"],
            Layer("host_apps", "other programs", "program", "user", on="host_kernel", session=True),
            Layer(
                "vmm_driver",
                "driver",
                "driver",
                "kernel",
                on="host_kernel",
                inside="host_kernel",
                duties=_duties("maps"),
            ),
            Layer(
                "vmm_process",
                "VMM process",
                "program",
                "user",
                on="vmm_driver",
                per_vm=True,
                session=True,
                duties=_duties("emulates serves manages"),
            ),
            Layer("guest_kernel", "guest kernel", "kernel", "guest_kernel", on="vmm_process", per_vm=True),
            GUEST_APPS,
        ]
    ),
    boot=(
        *_POWER,
        Stage("host_kernel", "OS", ("boot_loader",), "kernel panic"),
        Stage("vmm_driver", "driver", ("host_kernel",), "the driver is not loaded"),
        Stage("vmm_process", "VMM", ("host_kernel",), "the VMM cannot open its driver"),
        Stage("guest_kernel", "guests", ("vmm_process",), "the guest hangs"),
    ),
    device="emulated",
    memory_profile=memory(),
    scheduler="hosted",
)
"""A VMM that is a program in the session of a user."""

SERVICE = replace(
    HOSTED,
    id="service",
    layers=Layers(replace(layer, session=False) if layer.id == "vmm_process" else layer for layer in HOSTED.layers),
)
"""The same as a service of the system."""

SPLIT = Stack(
    "split",
    "a hypervisor with a management domain",
    1,
    layers=Layers(
        [
            HARDWARE,
            FIRMWARE,
            Layer(
                "hypervisor",
                "hypervisor",
                "vmm",
                "hypervisor",
                on="hardware",
                vital=True,
                duties=_duties("schedules maps reclaims reads"),
            ),
            Layer(
                "management",
                "management domain",
                "kernel",
                "guest_kernel",
                on="hypervisor",
                vital=True,
                duties=_duties("reads serves"),
            ),
            Layer(
                "drivers",
                "drivers",
                "driver",
                "guest_kernel",
                on="management",
                inside="management",
                duties=_duties("drives"),
            ),
            Layer("management_tools", "tools", "program", "guest_user", on="management", duties=_duties("manages")),
            Layer("guest_kernel", "guest kernel", "kernel", "guest_kernel", on="hypervisor", per_vm=True),
            GUEST_APPS,
        ]
    ),
    boot=(
        *_POWER,
        Stage("hypervisor", "hypervisor", ("boot_loader",), "the hypervisor stops with a panic"),
        Stage("management", "management domain", ("hypervisor",), "no management domain"),
        Stage("management_tools", "tools", ("management",), "the tools cannot connect"),
        Stage("guest_kernel", "guests", ("management_tools",), "the VM cannot be started"),
    ),
    device="paravirtual",
    scheduler="credit",
)
"""A hypervisor that has left the drivers to a domain."""

WHOLE = Stack(
    "whole",
    "a hypervisor with drivers",
    1,
    layers=Layers(
        [
            HARDWARE,
            FIRMWARE,
            Layer(
                "hypervisor",
                "hypervisor",
                "vmm",
                "hypervisor",
                on="hardware",
                vital=True,
                duties=_duties("schedules maps reclaims reads emulates serves drives"),
            ),
            Layer("management_tools", "agents", "program", "user", on="hypervisor", duties=_duties("manages")),
            Layer("guest_kernel", "guest kernel", "kernel", "guest_kernel", on="hypervisor", per_vm=True),
            GUEST_APPS,
        ]
    ),
    boot=(
        *_POWER,
        Stage("hypervisor", "hypervisor", ("boot_loader",), "a purple screen"),
        Stage("management_tools", "agents", ("hypervisor",), "the host is not reachable"),
        Stage("guest_kernel", "guests", ("hypervisor",), "the VM cannot be started"),
    ),
    device="paravirtual",
    scheduler="esx",
)
"""A hypervisor that drives the devices itself."""

ALL = (BARE, HOSTED, SERVICE, SPLIT, WHOLE)


def moved(stack: Stack, *added: Layer, **changes: dict[str, object]) -> Stack:
    """Return a stack with layers changed by id, and others added right above those that they run on."""
    layers = [replace(one, **changes.get(one.id, {})) for one in stack.layers]  # pyright: ignore[reportArgumentType]
    for layer in added:
        at = next(i for i, one in enumerate(layers) if one.id == layer.on)
        layers.insert(at + 1, replace(layer, **changes.get(layer.id, {})))  # pyright: ignore[reportArgumentType]
    return replace(stack, layers=Layers(layers))
