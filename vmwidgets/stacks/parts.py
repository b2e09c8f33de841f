"""What the records of several products have in common: the machine and an OS on it, the customer's layers on top."""

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


OTHER_PROGRAMS = Layer("host_apps", said("other programs of the host"), "program", "user", on="host_kernel")
"""Whatever else runs on a server."""

USERS_PROGRAMS = Layer(
    "host_apps", said("the user's other programs"), "program", "user", on="host_kernel", session=True,
    duties=frozenset({"reads"}), assumed=frozenset({"session", "reads"}),
)  # fmt: skip
"""What else the user of a desktop has open; that it can read VMs is an assumption."""

OTHER_PROGRAMS_START = Stage(
    "host_apps", said("The other programs of the host start"), ("host_kernel",), said("A service is missing")
)
USER_LOGS_IN = Stage(
    "host_apps", said("The user logs in, and the desktop starts"), ("drivers",),
    said("The log-in screen comes back; no program can be started"),
)  # fmt: skip


def host_kernel(name: str, source: str, *assumed: str) -> Layer:
    """Return the kernel that has the machine, in which the VMM is a part or a program. That it is vital is assumed."""
    return Layer(
        "host_kernel", name, "kernel", "kernel", on="firmware", vital=True,
        duties=duties("schedules", "maps", "reclaims", "reads"), source=source, assumed=duties("vital", *assumed),
    )  # fmt: skip


def host_drivers(source: str, *assumed: str) -> Layer:
    """Return the physical drivers inside that kernel."""
    return Layer(
        "drivers", said("physical drivers"), "driver", "kernel", on="host_kernel", inside="host_kernel",
        duties=duties("drives"), source=source, assumed=duties(*assumed),
    )  # fmt: skip


def boot_loader(name: str, symptom: str, source: str = "") -> Stage:
    """Return the stage of a boot loader, which the firmware starts and which does not stay."""
    return Stage("boot_loader", name, ("firmware",), symptom, source)


LINUX_BOOTS = (
    POWER_ON,
    boot_loader(said("The boot loader loads a Linux kernel"), said("The loader stops at its prompt")),
    Stage(
        "host_kernel", said("Linux takes the machine"), ("boot_loader",),
        said("A kernel panic: the machine stops or restarts"),
    ),
    Stage(
        "drivers", said("Linux finds disks and network cards"), ("host_kernel",),
        said("An emergency shell: no root file system"),
    ),
)  # fmt: skip
"""A Linux on the machine itself."""

HOST_OS_BOOTS = (
    POWER_ON,
    boot_loader(said("The boot loader loads the host OS"), said("The loader stops at its prompt")),
    Stage(
        "host_kernel", said("The host OS takes the machine"), ("boot_loader",),
        said("A blue screen or a kernel panic: neither desktop nor VM"),
    ),
    Stage(
        "drivers", said("The host OS finds disks and network cards"), ("host_kernel",),
        said("The host OS does not find its disk"),
    ),
)  # fmt: skip
"""An OS of any kind, under a desktop."""


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
