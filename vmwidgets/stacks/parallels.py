"""Parallels Desktop: a program of a Mac, above the hypervisor that macOS has, or a kernel extension of its own."""

from vmwidgets.model.boot import Stage
from vmwidgets.model.layers import Layer, Layers
from vmwidgets.model.memory_facts import only_sharing
from vmwidgets.model.memory_profile import MemoryProfile
from vmwidgets.model.stack import Claim, Stack, equal_share
from vmwidgets.model.words import said
from vmwidgets.stacks.parts import (
    HOST_OS_LADDER,
    HOST_THREADS,
    MACHINE,
    POWER_ON,
    USER_LOGS_IN,
    USERS_PROGRAMS,
    boot_loader,
    duties,
    guest,
    guest_stages,
    host_drivers,
    host_kernel,
)

_BLOG = "Parallels blog, About Parallels Desktop system extensions on macOS Big Sur (Apple's hypervisor is recommended)"
_CARDS = "Parallels KB 123061, What is the difference between network adapters types?"
_APPLE = "Apple, Hypervisor framework documentation"

LAYERS = Layers(
    (
        *MACHINE,
        host_kernel(said("macOS kernel"), _APPLE, "reclaims", "reads"),
        host_drivers("", "drives", "inside"),
        Layer(
            "vmm_driver", said("Apple's hypervisor"), "vmm", "kernel", on="host_kernel", inside="host_kernel",
            duties=duties("maps"), source=f"{_BLOG}; {_APPLE}", assumed=duties("inside"),
        ),
        USERS_PROGRAMS,
        Layer(
            "management_tools", said("Parallels control program"), "program", "user", on="host_kernel", session=True,
            duties=duties("manages", "reads"), source="Parallels, prlctl manual", assumed=duties("session", "reads"),
        ),
        Layer(
            "vmm_process", said("VM process"), "program", "user", on="host_kernel", per_vm=True, session=True,
            duties=duties("emulates", "serves"), source=f"{_BLOG}; {_APPLE}; {_CARDS}", assumed=duties("session"),
        ),
        *guest("vmm_process"),
    )
)  # fmt: skip

BOOT = (
    POWER_ON,
    boot_loader(
        said("The boot loader loads macOS"),
        said("The machine starts its recovery system"),
    ),
    Stage(
        "host_kernel", said("macOS takes the machine"), ("boot_loader",),
        said("The machine restarts because of a problem: neither desktop nor VM"),
    ),
    Stage(
        "drivers", said("macOS finds disks and network cards"), ("host_kernel",),
        said("macOS does not find its disk"),
    ),
    Stage(
        "vmm_driver", said("macOS offers its hypervisor to programs"), ("host_kernel",),
        said("The program says that the hypervisor is not available"), _APPLE,
    ),
    USER_LOGS_IN,
    Stage(
        "management_tools", said("The user starts the control program"), ("host_apps",),
        said("The window does not open"),
    ),
    Stage(
        "vmm_process", said("The program starts a process for the VM"), ("vmm_driver", "management_tools"),
        said("A message box: the VM cannot be started"),
    ),
    *guest_stages("vmm_process"),
)  # fmt: skip

MEMORY = MemoryProfile(
    id="parallels",
    name="Parallels",
    # Nothing is published. All of it is an assumption: macOS treats the process of a VM like any other.
    ladder=HOST_OS_LADDER,
    targets="none",
    sharing="off",
    host_swap=True,
    swap_permille=1000,
    host_kills=True,
    assumed=frozenset({"host_swap", "host_kills"}),
    zero_on_allocate=True,
)
"""Memory management of Parallels Desktop: its host's, an assumption."""


CLAIMS = (
    Claim(
        "boot", said("It uses the hypervisor of macOS, or loads one of its own as an extension of the system."),
        _BLOG, scope=said("Apple's is recommended on macOS Big Sur and later"),
    ),
    Claim("scheduler", said("VMs are processes of macOS and vCPUs are threads."), _APPLE,
        scope=said("with Apple's hypervisor"),
    ),
    Claim("memory", said("macOS can page out the memory of a VM."), "", scope=said("nothing is published")),
    Claim(
        "devices", said("The default network card is an imitated Intel PRO/1000 MT, for Linux a virtio device."),
        _CARDS,
    ),
    Claim(
        "session", said("VMs are processes of the user and end with the session at the desktop."), "",
        scope=said("by default; the Pro Edition can start them when the Mac starts (user's guide)"),
    ),
    Claim(
        "cpu", said("The CPU has to assist; on Intel with second-stage page tables."), _APPLE,
        scope=said("with Apple's hypervisor"),
    ),
)  # fmt: skip

PARALLELS = Stack(
    id="parallels",
    name="Parallels",
    type=2,
    memory=equal_share,
    disk=equal_share,
    network=equal_share,
    layers=LAYERS,
    boot=BOOT,
    technique="nested_paging",  # Apple's hypervisor needs EPT on Intel
    techniques=("nested_paging",),
    device="emulated",  # KB 123061: for guests with Windows and macOS; virtio for Linux
    devices=("emulated", "paravirtual"),
    scheduler="hosted",
    controls=(HOST_THREADS,),
    memory_profile=MEMORY,
    claims=CLAIMS,
    extras=frozenset({"convenience_channel"}),  # prlctl manual: shared folders of the host
)
"""Parallels Desktop with Apple's hypervisor."""

FACTS = only_sharing()
"""What is said of its memory management."""
