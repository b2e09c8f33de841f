"""VMware Workstation 2.0, of Sugerman, Venkitachalam and Lim, USENIX ATC 2001: a program with a VMM beside its host OS.

When the guest runs, the VMM has the whole CPU; for everything else it switches back to the world of the host.
"""

from vmwidgets.model.boot import Stage
from vmwidgets.model.layers import Layer, Layers
from vmwidgets.model.memory_facts import only_sharing
from vmwidgets.model.memory_profile import MemoryProfile
from vmwidgets.model.stack import Stack, equal_share
from vmwidgets.model.words import said
from vmwidgets.stacks.parts import HOST_OS_LADDER, MACHINE, POWER_ON, boot_loader, duties, guest, guest_stages

_SUGERMAN = "J. Sugerman, G. Venkitachalam, B.-H. Lim, USENIX ATC 2001, section 2"

LAYERS = Layers(
    (
        *MACHINE,
        Layer(
            "host_kernel", said("kernel of the host OS"), "kernel", "kernel", on="firmware", vital=True,
            duties=duties("schedules", "maps", "reclaims", "reads"), source=_SUGERMAN, assumed=duties("vital"),
        ),
        Layer(
            "drivers", said("physical drivers"), "driver", "kernel", on="host_kernel", inside="host_kernel",
            duties=duties("drives"), source=_SUGERMAN,
        ),
        Layer(
            "vmm_driver", said("VMDriver"), "driver", "kernel", on="host_kernel", inside="host_kernel",
            source=_SUGERMAN,
        ),
        Layer(
            "host_apps", said("the user's other programs"), "program", "user", on="host_kernel", session=True,
            duties=duties("reads"), assumed=duties("session", "reads"),
        ),
        Layer(
            "vmm_process", said("VMApp"), "program", "user", on="host_kernel", per_vm=True, session=True,
            duties=duties("emulates", "manages"), source=_SUGERMAN, assumed=duties("session"),
        ),
        Layer(
            "vmm", said("VMM in a world of its own"), "vmm", "hypervisor", on="vmm_process", per_vm=True,
            duties=duties("maps"), source=_SUGERMAN,
        ),
        *guest("vmm"),
    )
)  # fmt: skip
"""``reads`` of the user's other programs: the VM is a process of the same user, so a debugger can look into it."""

BOOT = (
    POWER_ON,
    boot_loader(
        said("The boot loader loads the host OS"),
        said("The loader stops at its prompt"),
    ),
    Stage(
        "host_kernel", said("The host OS takes the machine"), ("boot_loader",),
        said("A blue screen or a kernel panic: neither desktop nor VM"),
    ),
    Stage(
        "drivers", said("The host OS finds disks and network cards"), ("host_kernel",),
        said("The host OS does not find its disk"),
    ),
    Stage(
        "vmm_driver", said("The host OS loads the VMM's driver"), ("host_kernel",),
        said("The program starts and says that its kernel module is not loaded; the rest of the desktop works"),
        _SUGERMAN,
    ),
    Stage(
        "host_apps", said("The user logs in, and the desktop starts"), ("drivers",),
        said("The log-in screen comes back; no program can be started"),
    ),
    Stage(
        "vmm_process", said("The user starts the program and the VM"), ("vmm_driver", "host_apps"),
        said("A message box: the VM cannot be opened"),
    ),
    Stage(
        "vmm", said("The driver loads the VMM and switches to its world"), ("vmm_process",),
        said("A message box: the VM cannot be powered on"), _SUGERMAN,
    ),
    *guest_stages("vmm"),
)  # fmt: skip

MEMORY = MemoryProfile(
    id="workstation",
    name="Workstation",
    # The host OS pages VMs as it pages all programs. Where it begins and how much swap it has are assumptions, as for
    # any host OS; a process may be killed when there is neither memory nor swap.
    ladder=HOST_OS_LADDER,
    targets="none",
    sharing="off",
    host_swap=True,  # Sugerman et al. 2001, section 2: the host can page out what is not pinned
    swap_permille=1000,  # assumption: as much swap as memory
    host_kills=True,  # assumption: the host OS kills the largest process
    zero_on_allocate=True,  # assumption: the host OS clears memory before a process gets it
)
"""Memory management of VMware Workstation: its host's."""

WORKSTATION = Stack(
    id="workstation",
    name="VMware Workstation",
    type=2,
    cpu=equal_share,
    memory=equal_share,
    disk=equal_share,
    network=equal_share,
    layers=LAYERS,
    boot=BOOT,
    technique="binary_translation",
    techniques=("binary_translation",),
    device="emulated",
    devices=("emulated",),
    scheduler="hosted",
    memory_profile=MEMORY,
)
"""VMware Workstation 2.0. The host OS divides everything, and to it VMs are equal processes."""

FACTS = only_sharing()
"""What is said of its memory management."""
