"""What the records of several products have in common: the machine at the bottom, the customer's layers on top."""

from vmwidgets.model.boot import Stage
from vmwidgets.model.control import Control
from vmwidgets.model.layers import Layer
from vmwidgets.model.memory_profile import Ladder, Rung
from vmwidgets.model.words import said

MACHINE = (
    Layer("hardware", said("hardware"), "hardware", "machine", vital=True),
    Layer("firmware", said("firmware"), "firmware", "machine", on="hardware"),
)
"""What every stack stands on."""

POWER_ON = Stage(
    "firmware",
    said("The firmware tests the machine and looks for something to boot"),
    symptom=said("The screen stays dark, or the machine beeps and stops before anything is loaded"),
)
"""The first stage of every stack."""


HOST_OS_LADDER = Ladder((Rung("enough", 20), Rung("reclaim", 10, frozenset({"swap"}))))
"""A host OS that pages its processes when it runs short. At how much free memory it begins is an assumption."""

HOST_THREADS = Control("", "cpu_shares", 1000, 1000, 1000, per="vcpu", source="J. Sugerman et al., USENIX ATC 2001")
"""No control: the host OS schedules the vCPUs of a VM as equal threads, so that a VM with more of them gets more."""


def boot_loader(name: str, symptom: str, source: str = "") -> Stage:
    """Return the stage of a boot loader, which the firmware starts and which does not stay."""
    return Stage("boot_loader", name, ("firmware",), symptom, source)


def guest(on: str) -> tuple[Layer, Layer]:
    """Return the layers of a VM that are the customer's, the lower on the layer ``on``."""
    return (
        Layer("guest_kernel", said("guest kernel"), "kernel", "guest_kernel", on=on, per_vm=True),
        Layer("guest_apps", said("guest applications"), "program", "guest_user", on="guest_kernel", per_vm=True),
    )


def guest_stages(*needs: str) -> tuple[Stage, Stage]:
    """Return the stages of a guest that boots, after ``needs``."""
    return (
        Stage(
            "guest_kernel",
            said("A guest kernel boots on its virtual machine"),
            needs,
            said("The guest's console shows “no bootable device” or a kernel panic; the other guests run"),
        ),
        Stage(
            "guest_apps",
            said("The guest starts its applications"),
            ("guest_kernel",),
            said("The guest answers to ping, but its service does not"),
        ),
    )


def duties(*names: str) -> frozenset[str]:
    """Return duties, or what is assumed of a layer, as a set."""
    return frozenset(names)
