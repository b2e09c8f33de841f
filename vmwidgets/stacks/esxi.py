"""VMware ESXi of today: a kernel of its own that owns the drivers, and no console OS."""

from vmwidgets.model.boot import Stage
from vmwidgets.model.control import Control
from vmwidgets.model.layers import Layer, Layers
from vmwidgets.model.memory_facts import MemoryFact, MemoryFacts, percent
from vmwidgets.model.memory_profile import Ladder, MemoryProfile, Rung
from vmwidgets.model.stack import Claim, Shipped, Stack
from vmwidgets.model.units import MiB
from vmwidgets.model.words import said
from vmwidgets.stacks.parts import MACHINE, POWER_ON, boot_loader, duties, guest, guest_stages

_ARCHITECTURE = "VMware, The Architecture of VMware ESXi, white paper"
_DOMAINS = "unknownfault.com, daemon sandboxing and secpolicytools (esxcli system secpolicy domain list)"

MEMORY = MemoryProfile(
    id="esxi",
    name="ESXi",
    # F. Denneman, 2011-07-26 (the sliding scale); "vSphere 6 ESXi memory states and reclamation techniques",
    # running-system.com (100, 64, 32, 16 % of it, and what "clear" does). "high" has no threshold there: the host is on
    # it above that of "clear". Where balloons, paging and blocking begin is taken from ESX 2 (Waldspurger 2002, section
    # 6.3); that compression begins with paging is an assumption.
    ladder=Ladder(
        (
            Rung("high", 1000),
            Rung("clear", 1000, frozenset({"break_large", "share"})),
            Rung("soft", 640, frozenset({"break_large", "share", "balloon"})),
            Rung("hard", 320, frozenset({"break_large", "share", "balloon", "compress", "swap"})),
            Rung("low", 160, frozenset({"break_large", "share", "balloon", "compress", "swap", "block"})),
        ),
        base="min_free",
        reserve_permille=1000,
    ),
    targets="idle_tax",
    idle_tax_permille=750,  # VMware vSphere documentation, Mem.IdleTax
    balloon_limit_permille=650,  # same, Mem.CtlMaxPercent
    sharing="within",  # Mem.ShareForceSalting = 2 since 5.0 U3d, 5.1 U3, 5.5 U2d and 6.0 (VMware KB 2080735)
    scan_pages_per_s=200,  # assumption: as ESX 2
    scan_vm_pages_per_s=50,  # assumption: as ESX 2
    compression_permille=100,  # VMware vSphere documentation: 10 % of a VM's memory
    reserves_swap=True,  # assumption: as ESX 2
    zero_on_allocate=True,  # as ESX 2 (Waldspurger 2002, section 6.2)
    sample_pages=100,  # as ESX 2
    sample_period_s=60,  # secondary sources only (blogs)
    rebalance_s=15,  # assumption: as ESX 2
)
"""Memory management of ESXi."""

LAYERS = Layers(
    (
        *MACHINE,
        Layer(
            "hypervisor", said("VMkernel"), "vmm", "hypervisor", on="firmware", vital=True,
            duties=duties("schedules", "maps", "reclaims", "reads", "serves"),
            source=f"{_ARCHITECTURE}; Broadcom KB 337182 (a purple screen needs a restart)",
        ),
        Layer(
            "drivers", said("physical drivers"), "driver", "hypervisor", on="hypervisor", inside="hypervisor",
            duties=duties("drives"), source=_ARCHITECTURE,
        ),
        Layer(
            "management_tools", said("hostd and other agents"), "program", "user", on="hypervisor",
            duties=duties("manages", "reads"),
            source=f"{_ARCHITECTURE}; VMware vSphere documentation, snapshots (they can hold memory)",
        ),
        Layer(
            "vmm_process", said("VMX process"), "program", "user", on="hypervisor", per_vm=True, confined=True,
            duties=duties("emulates"), source=f"{_ARCHITECTURE}; {_DOMAINS}",
        ),
        Layer(
            "vmm", said("virtual machine monitor"), "vmm", "hypervisor", on="vmm_process", inside="hypervisor",
            per_vm=True, duties=duties("emulates"), source=_ARCHITECTURE, assumed=duties("inside"),
        ),
        *guest("vmm"),
    )
)  # fmt: skip

BOOT = (
    POWER_ON,
    boot_loader(
        said("The boot loader loads the VMkernel and its modules"),
        said("The loader says that it cannot load a boot module, and stops"),
        "Broadcom KB 398530 (boot modules)",
    ),
    Stage(
        "hypervisor", said("The VMkernel takes the machine instead of an OS"), ("boot_loader",),
        said("A purple screen with the registers; the machine waits for somebody to restart it"),
        "Broadcom KB 337182",
    ),
    Stage(
        "drivers", said("The VMkernel finds disks and network cards"), ("hypervisor",),
        said("The installer or the console finds no network card or no datastore"),
    ),
    Stage(
        "management_tools", said("The management agents start"), ("hypervisor",),
        said("The client cannot connect; VMs that run go on"),
    ),
    Stage(
        "vmm_process", said("A VMX process is started for the VM"), ("drivers", "management_tools"),
        said("The VM does not power on; the reason is in its vmware.log"),
    ),
    Stage(
        "vmm", said("The VM's monitor is set up in the VMkernel"), ("hypervisor", "vmm_process"),
        said("Power-on fails: memory or processor time that is reserved for the VM is not there"),
    ),
    *guest_stages("vmm"),
)  # fmt: skip

_RESOURCES = "vSphere 7.0 Resource Management guide, Share Values"
_IO = "vSphere API, IOAllocationInfo"
_CPU_LEVELS = (("low", 500), ("normal", 1000), ("high", 2000))
_MEMORY_LEVELS = (("low", 5), ("normal", 10), ("high", 20))
_MOST = 10**8
"""Where no upper bound is published, the model's."""

CONTROLS = (
    Control("shares", "cpu_shares", 1, _MOST, 1000, per="vcpu", levels=_CPU_LEVELS, source=_RESOURCES),
    Control("reservation", "cpu_reservation_mhz", 0, _MOST, 0, "MHz", source=_RESOURCES),
    Control("limit", "cpu_limit_mhz", 1, _MOST, "unlimited", "MHz", none="unlimited", source=_RESOURCES),
    Control("memory shares", "memory_shares", 1, _MOST, 10, per="MB", levels=_MEMORY_LEVELS, source=_RESOURCES),
    Control("memory reservation", "memory_reservation_bytes", 0, _MOST, 0, "MB", scale=MiB, source=_RESOURCES),
    Control(
        "memory limit", "memory_limit_bytes", 1, _MOST, "unlimited", "MB", scale=MiB, none="unlimited",
        source=_RESOURCES,
    ),
    Control("disk shares", "disk_shares", 200, 4000, 1000, levels=_CPU_LEVELS, source=_IO),
    Control("disk limit", "disk_limit_iops", 1, _MOST, "unlimited", "op/s", none="unlimited", source=_IO),
)  # fmt: skip
"""Shares are high, normal, low or a number of one's own. Reservations are checked when a VM is switched on."""

CLAIMS = (
    Claim(
        "boot", said("The boot loader starts the VMkernel; there is no console OS."), _ARCHITECTURE,
    ),
    Claim(
        "scheduler", said("The vCPU that has had least for its shares runs next; shares count under contention only."),
        "F. Denneman, 2010-06-08",
    ),
    Claim(
        "scheduler", said("A VM runs only when as many CPUs are free as it has vCPUs."),
        "VMware performance blog, 2008-06", scope=said("until ESX 2.x; since 3.x only vCPUs that lead are stopped"),
        verdict="outdated",
    ),
    Claim(
        "memory", said("ESXi shares pages of equal content between VMs by default."), "VMware KB 2080735",
        scope=said("until 5.0 U3d, 5.1 U3, 5.5 U2d and 6.0; since then inside each VM only"), verdict="outdated",
    ),
    Claim(
        "memory", said("As free memory runs out it shares, balloons, compresses and pages, in this order of states."),
        "vSphere 6 ESXi memory states and reclamation techniques, running-system.com; F. Denneman, 2011-07-26",
    ),
    Claim("drivers", said("The VMkernel has the drivers itself."), _ARCHITECTURE),
    Claim(
        "devices", said("Requests to disk and network go to the VMkernel, what is rare goes to the VMX process."),
        "VMware training, ESXi architecture (secondary)",
    ),
    Claim("isolation", said("When the VMkernel fails, the host shows a purple screen, and all VMs are gone."),
        "Broadcom KB 337182",
    ),
    Claim(
        "session", said("A VM belongs to no desktop session: there is no desktop."), _ARCHITECTURE,
        scope=said("local console and clients over the network only manage"),
    ),
    Claim(
        "cpu", said("ESX ran without any assistance of the CPU."), "C. A. Waldspurger, OSDI 2002",
        scope=said("before processors had it"),
    ),
    Claim(
        "history", said("It has the functions of ESX without the Linux of the service console."), _ARCHITECTURE,
    ),
)  # fmt: skip

SHIPPED = (
    Shipped("salting", True, "VMware KB 2080735: Mem.ShareForceSalting = 2 since 5.0 U3d, 5.1 U3, 5.5 U2d and 6.0"),
    Shipped(
        "core_scheduling", False, "VMware KB 67577: the ESXi Side-Channel-Aware Scheduler is not enabled by default"
    ),
)

ESXI = Stack(
    id="esxi",
    name="ESXi",
    type=1,
    layers=LAYERS,
    boot=BOOT,
    technique="nested_paging",
    techniques=("nested_paging", "trap_and_emulate"),
    device="paravirtual",  # recommended; the default hangs on the guest OS: imitated e1000e for Windows 8 and later
    devices=("paravirtual", "emulated", "passthrough"),
    scheduler="esx",
    controls=CONTROLS,
    memory_profile=MEMORY,
    claims=CLAIMS,
    shipped=SHIPPED,
)
"""ESXi 6 and later."""

_VSPHERE = "VMware vSphere documentation"
FACTS = MemoryFacts(
    ladder="vSphere 6 ESXi memory states and reclamation techniques, running-system.com; F. Denneman, 2011-07-26",
    options=(
        MemoryFact("Mem.CtlMaxPercent", percent("balloon_limit_permille"), "%", _VSPHERE),
        MemoryFact("compression cache, of VM memory", percent("compression_permille"), "%", _VSPHERE),
        MemoryFact("Mem.IdleTax", percent("idle_tax_permille"), "%", _VSPHERE),
        MemoryFact(
            "Mem.ShareForceSalting",
            lambda profile: 2 if profile.sharing == "within" else 0,
            "",
            "VMware KB 2080735: with 2, pages of different VMs are shared only if their salts match",
        ),
    ),
)
"""What is said of its memory management."""
