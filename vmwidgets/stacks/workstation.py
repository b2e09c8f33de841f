"""VMware Workstation 2.0, of Sugerman, Venkitachalam and Lim, USENIX ATC 2001: a program with a VMM beside its host OS.

When the guest runs, the VMM has the whole CPU; for everything else it switches back to the world of the host.
"""

from vmwidgets.model.boot import Stage
from vmwidgets.model.costs import figure
from vmwidgets.model.layers import Layer, Layers
from vmwidgets.model.memory_facts import only_sharing
from vmwidgets.model.memory_profile import MemoryProfile
from vmwidgets.model.stack import Claim, Shipped, Stack, equal_share
from vmwidgets.model.words import said
from vmwidgets.stacks.bare_metal import COSTS as NATIVE
from vmwidgets.stacks.papers import ADAMS, BARHAM, SUGERMAN
from vmwidgets.stacks.parts import (
    HOST_OS_BOOTS,
    HOST_OS_LADDER,
    HOST_THREADS,
    MACHINE,
    USER_LOGS_IN,
    USERS_PROGRAMS,
    duties,
    guest,
    guest_stages,
    host_drivers,
    host_kernel,
)

_SUGERMAN = "J. Sugerman, G. Venkitachalam, B.-H. Lim, USENIX ATC 2001, section 2"

LAYERS = Layers(
    (
        *MACHINE,
        host_kernel(said("kernel of the host OS"), _SUGERMAN),
        host_drivers(_SUGERMAN),
        Layer(
            "vmm_driver", said("VMDriver"), "driver", "kernel", on="host_kernel", inside="host_kernel",
            source=_SUGERMAN,
        ),
        USERS_PROGRAMS,
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
    *HOST_OS_BOOTS,
    Stage(
        "vmm_driver", said("The host OS loads the VMM's driver"), ("host_kernel",),
        said("The program starts and says that its kernel module is not loaded; the rest of the desktop works"),
        _SUGERMAN,
    ),
    USER_LOGS_IN,
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
    host_kills=True,  # the host OS kills the largest process
    assumed=frozenset({"host_kills"}),
    zero_on_allocate=True,  # assumption: the host OS clears memory before a process gets it
)
"""Memory management of VMware Workstation: its host's."""


_SWITCH_US = 4.45
_PACKET = {"operations": ("network_packet",), "techniques": ("binary_translation",)}
COSTS = (
    # Section 3.2: the stages of a packet. VMApp and VMDriver are asked and left between them.
    *SUGERMAN.us({"exit+handle": 0.57, "emulate": 1.23, "complete": 2.97, "entry": 0.41}, "Figure 5", **_PACKET),
    *SUGERMAN.us(
        {"system_call+drive+system_return": figure(NATIVE, "network_packet", SUGERMAN.cpu).us or 0},
        "Figure 5",
        **_PACKET,
    ),
    *SUGERMAN.us({"world_switch+wakeup+resume": _SWITCH_US}, "Figure 5"),
    # What interrupts a guest needs no process: the host gets control, and gives it back.
    *SUGERMAN.us({"world_switch": _SWITCH_US}, "Figure 5", operations=("timer_interrupt",)),
    *ADAMS.cycles(
        {
            "system_call": 2307,
            "page_table_update": 391,
            "in": 216,
            "cr8wr": 35,
            "callret": 51,
            "pgfault": 3927,
            "divzero": 3223,
        },
        "Figure 4 (software VMM)",
        techniques=("binary_translation",),
    ),
    *ADAMS.cycles(
        {
            "system_call": 246,
            "page_table_update": 12733,
            "in": 15826,
            "cr8wr": 177,
            "callret": 11,
            "pgfault": 11242,
            "divzero": 1014,
        },
        "Figure 4 (hardware VMM)",
        techniques=("trap_and_emulate",),
    ),
    *BARHAM.us(
        {
            "system_call": 0.73,
            "null IO": 0.83,
            "stat": 1.88,
            "open close": 2.99,
            "select TCP": 11.1,
            "sig inst": 1.02,
            "sig hndl": 4.63,
            "fork": 874,
            "exec": 2300,
            "sh": 10000,
        },
        "Table 3 (VMW)",
        techniques=("binary_translation",),
    ),
    *BARHAM.us(
        {
            "2p0K": 18.1,
            "2p16K": 17.6,
            "2p64K": 21.3,
            "8p16K": 22.4,
            "8p64K": 51.6,
            "16p16K": 41.7,
            "16p64K": 72.2,
        },
        "Table 4 (VMW)",
        techniques=("binary_translation",),
    ),
    *BARHAM.us(
        {
            "0K create": 35.3,
            "0K delete": 9.3,
            "10K create": 85.6,
            "10K delete": 21.4,
            "mmap lat": 620,
            "prot fault": 7.53,
            "page fault": 12.4,
        },
        "Table 5 (VMW)",
        techniques=("binary_translation",),
    ),
)
"""Of Workstation 2.0 (Sugerman et al.), of Workstation 3.2 (Barham et al.), and of Player 1.0.1, which has the same
VMM and a second one for VT-x with shadow tables (Adams and Agesen)."""

CLAIMS = (
    Claim(
        "boot", said("It is installed on a host OS like any program, with a driver for the kernel."), _SUGERMAN,
    ),
    Claim(
        "boot", said("Paravirtualization is the kind that needs a host OS."), _SUGERMAN,
        scope=said("it needs a host OS and runs guests that are not changed"), verdict="unsupported",
    ),
    Claim("scheduler", said("The host OS schedules the VM as one of its processes."), _SUGERMAN),
    Claim("memory", said("The host OS can page out the memory of a VM, but for pages that are pinned."), _SUGERMAN),
    Claim("drivers", said("The VMM uses the drivers of the host OS, by system calls of a process."), _SUGERMAN),
    Claim(
        "devices", said("Of 31.63 µs for a packet that is sent, 13.10 µs are there because of the host."),
        f"{SUGERMAN.source}, Figure 5", scope=said("version 2.0, Pentium III with 733 MHz"),
    ),
    Claim(
        "isolation", said("A guest could reach the process on the host by drag and drop."),
        "CVE-2017-4901", scope=said("before the patch of 2017"),
    ),
    Claim(
        "session", said("VMs are processes of the user and end with the session at the desktop."), "",
        scope=said("nothing is published of version 2.0"),
    ),
    Claim(
        "cpu", said("It translates the guest's kernel; a second VMM uses VT-x and was slower at first."),
        "K. Adams, O. Agesen, ASPLOS 2006", scope=said("Player 1.0.1"),
    ),
)  # fmt: skip

SHIPPED = (
    # Its own manual lists these options and does not say which is the default.
    Shipped("channel_off", False, "VMware Fusion documentation, Isolation: drag and drop, copy and paste are enabled"),
)

WORKSTATION = Stack(
    id="workstation",
    name="VMware Workstation",
    type=2,
    memory=equal_share,
    disk=equal_share,
    network=equal_share,
    layers=LAYERS,
    boot=BOOT,
    technique="binary_translation",
    techniques=("binary_translation", "trap_and_emulate"),  # the VMM for VT-x: Adams and Agesen 2006
    device="emulated",
    devices=("emulated",),
    scheduler="hosted",
    controls=(HOST_THREADS,),
    costs=COSTS,
    memory_profile=MEMORY,
    claims=CLAIMS,
    shipped=SHIPPED,
    extras=frozenset({"convenience_channel"}),  # drag and drop: CVE-2017-4901, which is of later versions
)
"""VMware Workstation 2.0. The host OS divides everything, and to it VMs are equal processes."""

FACTS = only_sharing()
"""What is said of its memory management."""
