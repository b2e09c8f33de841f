"""VMware ESX Server 2, of C. A. Waldspurger, Memory Resource Management in VMware ESX Server, OSDI 2002.

The older profile of ESXi: a Linux, the service console, boots first, loads the VMkernel and manages it.
"""

from vmwidgets.model.boot import Stage
from vmwidgets.model.layers import Layer, Layers
from vmwidgets.model.memory import MAX_REFS, MachineMemory
from vmwidgets.model.memory_facts import ASSUMED, MemoryFact, MemoryFacts, field, percent
from vmwidgets.model.memory_profile import Ladder, MemoryProfile, Rung
from vmwidgets.model.stack import Claim, Shipped, Stack
from vmwidgets.model.units import KiB, MiB
from vmwidgets.model.words import said
from vmwidgets.stacks.esxi import CONTROLS
from vmwidgets.stacks.parts import MACHINE, POWER_ON, boot_loader, duties, guest, guest_stages

_PAPER = "C. A. Waldspurger, Memory Resource Management in VMware ESX Server, OSDI 2002"
_MANUAL = "ESX Server 2.x administration manual"
_LAYER = "ESX Server 2.1 administration manual, Understanding the ESX Server Virtualization Layer"
_LINUX_FIRST = "VMware communities, message 699784 (Linux boots, S90vmware loads the VMkernel, Linux goes on under it)"
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
            duties=duties("schedules", "maps", "reclaims", "reads", "serves"), source=f"{_PAPER}; {_LAYER}",
            assumed=duties("vital", "serves"),
        ),
        Layer(
            "drivers", said("physical drivers"), "driver", "hypervisor", on="hypervisor", inside="hypervisor",
            duties=duties("drives"), source=_LAYER,
        ),
        Layer(
            "management", said("service console kernel"), "kernel", "guest_kernel", on="hypervisor", vital=True,
            source=f"{_LAYER}; {_OOPS}",
        ),
        Layer(
            "management_tools", said("daemons of the service console"), "program", "guest_user", on="management",
            duties=duties("manages", "reads"), source=_MANUAL, assumed=duties("reads"),
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
        said("A Linux kernel panic; the VMkernel is never loaded"), _LINUX_FIRST,
    ),
    Stage(
        "hypervisor", said("The service console loads the VMkernel, which takes the machine from it"), ("management",),
        said("The console says that the VMkernel is not loaded; no VM can be started"), _LINUX_FIRST,
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
        said("Power-on fails: memory or swap space that the VM needs is not there"), f"{_PAPER}, section 5.1",
    ),
    *guest_stages("vmm"),
)  # fmt: skip


CLAIMS = (
    Claim(
        "boot", said("The Linux of the service console boots first and loads the VMkernel."), _LINUX_FIRST,
    ),
    Claim(
        "scheduler", said("A VM is stopped as a whole when one of its vCPUs leads too much."),
        "VMware performance blog, 2008-06", scope=said("ESX 2.x"),
    ),
    Claim(
        "memory", said("It shares pages of equal content between VMs, and taxes idle memory at 75 %."), _PAPER,
    ),
    Claim(
        "drivers", said("The VMkernel has drivers for all devices of the server."), _LAYER,
    ),
    Claim(
        "isolation", said("When the service console panics, the host shows a purple screen and needs a restart."),
        _OOPS,
    ),
    Claim(
        "cpu", said("It runs unmodified guests on processors that do not assist."), _PAPER,
    ),
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
    controls=CONTROLS,
    memory_profile=MEMORY,
    claims=CLAIMS,
    shipped=(Shipped("salting", False, f"{_PAPER}, section 4: pages are shared between VMs"),),
)
"""ESX Server 2 with its service console."""


def _frame_bytes(_profile: MemoryProfile) -> int:
    """Return what the model keeps for a frame so that it can be shared: content, references, and whose page it is."""
    machine = MachineMemory(1, 4 * KiB)
    return sum(array.itemsize for array in (machine.content, machine.refs, machine.owner, machine.gfn))


FACTS = MemoryFacts(
    ladder=f"{_PAPER}, section 6.3",
    options=(
        MemoryFact("Mem/IdleTax", percent("idle_tax_permille"), "%", f"{_PAPER}, section 5.2; {_MANUAL}"),
        MemoryFact("balloon at most, of VM memory", percent("balloon_limit_permille"), "%", ASSUMED),
        MemoryFact("Mem/ShareScanTotal", field("scan_pages_per_s"), "pages/s", _MANUAL),
        MemoryFact("Mem/ShareScanVM", field("scan_vm_pages_per_s"), "pages/s", _MANUAL),
        MemoryFact("page sharing", field("sharing"), "", f"{_PAPER}, section 4"),
        MemoryFact("rebalancing interval", field("rebalance_s"), "s", _MANUAL),
    ),
    overheads=(
        # The guests' drivers follow their targets once in a step of the model, which is a second.
        MemoryFact("balloon driver asks for its target", lambda _: 1, "1/s", f"{_PAPER}, section 3.2"),
        MemoryFact("page sharing, for each frame", _frame_bytes, "bytes", f"{_PAPER}, section 4.3"),
        MemoryFact(
            "page sharing, of machine memory",
            lambda profile: round(100 * _frame_bytes(profile) / (4 * KiB), 3),
            "%",
            f"{_PAPER}, section 4.3: less than 0.5 %",
        ),
        MemoryFact(
            "page hash", lambda _: 8 * MachineMemory(1, 4 * KiB).content.itemsize, "bits", f"{_PAPER}, section 4.3"
        ),
        MemoryFact("reference count", lambda _: MAX_REFS.bit_length(), "bits", f"{_PAPER}, section 4.3"),
        MemoryFact("pages sampled in a period", field("sample_pages"), "pages", f"{_PAPER}, section 5.3"),
        MemoryFact("sampling period", field("sample_period_s"), "s", f"{_PAPER}, section 5.3"),
        MemoryFact(
            "memory for a typical VM",
            lambda profile: profile.overhead_bytes / MiB,
            "MB",
            f"{_PAPER}, section 6.2: of it 4 to 8 MB for the frame buffer",
        ),
        MemoryFact("machine memory to start a VM", lambda _: "min + overhead", "", f"{_PAPER}, section 6.2"),
        MemoryFact(
            "swap space to start a VM",
            lambda profile: "max - min" if profile.reserves_swap else "none",
            "",
            f"{_PAPER}, section 6.2",
        ),
        MemoryFact("new machine pages are zeroed", field("zero_on_allocate"), "", f"{_PAPER}, section 6.2"),
    ),
)
"""What is said of its memory management."""
