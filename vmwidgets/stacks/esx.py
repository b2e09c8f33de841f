"""VMware ESX Server 2, of C. A. Waldspurger, Memory Resource Management in VMware ESX Server, OSDI 2002.

The older profile of ESXi: a Linux, the service console, boots first, loads the VMkernel and manages it.
"""

from vmwidgets.model.boot import Stage
from vmwidgets.model.layers import Layer, Layers
from vmwidgets.model.memory_profile import Ladder, MemoryProfile, Rung
from vmwidgets.model.stack import Stack
from vmwidgets.model.units import MiB
from vmwidgets.model.words import said
from vmwidgets.stacks.parts import MACHINE, POWER_ON, boot_loader, duties, guest, guest_stages

_WALDSPURGER = "C. A. Waldspurger, OSDI 2002"
_OOPS = "Broadcom KB 337182 (“Oops”: the console OS has panicked; the host shows a purple screen and needs a restart)"

MEMORY = MemoryProfile(
    id="esx",
    name="ESX Server 2",
    # Section 6.3: thresholds, what is done, and sharing before swapping. That balloons go on where paging is forced is
    # an assumption. So is the reserve: the first threshold, above which nothing is reclaimed.
    ladder=Ladder(
        (
            Rung("high", 60),
            Rung("soft", 40, frozenset({"balloon"})),
            Rung("hard", 20, frozenset({"balloon", "share", "swap"})),
            Rung("low", 10, frozenset({"balloon", "share", "swap", "block"})),
        ),
        reserve_permille=60,
    ),
    targets="idle_tax",
    idle_tax_permille=750,  # section 5.2
    balloon_limit_permille=650,  # assumption: as ESXi
    sharing="between",  # section 4
    scan_pages_per_s=200,  # ESX Server 2.x administration manual, Mem/ShareScanTotal
    scan_vm_pages_per_s=50,  # same manual, Mem/ShareScanVM
    swap_permille=4000,  # assumption: swap files are as large as they have to be
    overhead_bytes=32 * MiB,  # section 5.1: typically 32 MB for a VM, 4 to 8 of them its frame buffer
    reserves_swap=True,  # section 5.1
    zero_on_allocate=True,  # section 6.2
    sample_pages=100,  # section 5.3
    sample_period_s=30,  # section 5.3, and Mem/SamplePeriod in the manual
    rebalance_s=15,  # same manual
)
"""Memory management of ESX Server 2."""

LAYERS = Layers(
    (
        *MACHINE,
        Layer(
            "hypervisor", said("VMkernel"), "vmm", "hypervisor", on="firmware", vital=True,
            duties=duties("schedules", "maps", "reclaims", "reads", "serves"), source=f"{_WALDSPURGER}; {_OOPS}",
            assumed=duties("reads", "serves"),
        ),
        Layer(
            "drivers", said("physical drivers"), "driver", "hypervisor", on="hypervisor", inside="hypervisor",
            duties=duties("drives"), assumed=duties("drives", "inside"),
        ),
        Layer(
            "management", said("service console kernel"), "kernel", "guest_kernel", on="hypervisor", vital=True,
            source=_OOPS,
        ),
        Layer(
            "management_tools", said("daemons of the service console"), "program", "guest_user", on="management",
            duties=duties("manages"), assumed=duties("manages"),
        ),
        Layer(
            "vmm", said("virtual machine monitor"), "vmm", "hypervisor", on="hypervisor", inside="hypervisor",
            per_vm=True, duties=duties("emulates"), assumed=duties("emulates", "inside"),
        ),
        *guest("vmm"),
    )
)  # fmt: skip

BOOT = (
    POWER_ON,
    boot_loader(
        said("The boot loader loads the Linux kernel of the service console"),
        said("The loader stops at its prompt"),
    ),
    Stage(
        "management", said("The service console boots: a Linux"), ("boot_loader",),
        said("A Linux kernel panic; the VMkernel is never loaded"),
    ),
    Stage(
        "hypervisor", said("The service console loads the VMkernel, which takes the machine from it"), ("management",),
        said("The console runs as an ordinary Linux; no VM can be started"),
    ),
    Stage(
        "drivers", said("The VMkernel finds disks and network cards"), ("hypervisor",),
        said("The VMkernel has no datastore and no network"),
    ),
    Stage(
        "management_tools", said("The daemons of the console start"), ("management",),
        said("The management client cannot connect; VMs that run go on"),
    ),
    Stage(
        "vmm", said("The VM's monitor is set up in the VMkernel"), ("drivers", "management_tools"),
        said("Power-on fails: memory or swap space that the VM needs is not there"), f"{_WALDSPURGER}, section 5.1",
    ),
    *guest_stages("vmm"),
)  # fmt: skip

ESX = Stack(
    id="esx",
    name="ESX Server 2",
    type=1,
    layers=LAYERS,
    boot=BOOT,
    technique="binary_translation",
    techniques=("binary_translation",),
    device="emulated",
    devices=("emulated", "paravirtual"),
    scheduler="esx_strict",  # strict co-scheduling in ESX 2.x, VMware performance blog, 2008-06
    memory_profile=MEMORY,
)
"""ESX Server 2 with its service console."""
