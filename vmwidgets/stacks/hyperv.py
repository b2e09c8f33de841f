"""Microsoft Hyper-V: a hypervisor below Windows, which has become the root partition."""

from vmwidgets.model.boot import Stage
from vmwidgets.model.control import Control
from vmwidgets.model.layers import Layer, Layers
from vmwidgets.model.memory_facts import ASSUMED, MemoryFact, MemoryFacts, field, percent
from vmwidgets.model.memory_profile import Ladder, MemoryProfile, Rung
from vmwidgets.model.stack import Claim, Shipped, Stack
from vmwidgets.model.units import MiB
from vmwidgets.model.words import said
from vmwidgets.stacks.parts import MACHINE, POWER_ON, boot_loader, duties, guest, guest_stages

_TLFS = "Microsoft, Hypervisor Top-Level Functional Specification, glossary"
_DELL = "Dell, Solutions guides for Microsoft Hyper-V 2.1 and 3.2.1 (parent partition; clustering)"
_TERMS = "Microsoft, Performance tuning for Hyper-V, terminology"
_ACCOUNTS = "Microsoft, TechNet dn741279, Hyper-V Security Guide, chapter 3"
_INTERNALS = "M. Russinovich et al., Windows Internals, 6th edition, part 1, chapter 3"

MEMORY = MemoryProfile(
    id="hyperv",
    name="Hyper-V",
    # Dynamic Memory moves balloons all the time, however much is free.
    ladder=Ladder((Rung("dynamic", 0, frozenset({"balloon"})),)),
    targets="dynamic",
    buffer_permille=200,  # Microsoft, Set-VMMemory reference: buffer of 20 %, settable from 5 to 2000
    sharing="off",  # Dynamic Memory has none
    host_swap=False,  # assumption: a running VM is not paged by the host, its guest pages itself
    zero_on_allocate=True,  # assumption
    rebalance_s=1,  # assumption: a demand is followed within seconds
)
"""Memory management of Hyper-V with Dynamic Memory."""

LAYERS = Layers(
    (
        *MACHINE,
        Layer(
            "hypervisor", said("Hyper-V hypervisor"), "vmm", "hypervisor", on="firmware", vital=True,
            duties=duties("schedules", "maps", "reads"), source=f"{_TLFS}; {_TERMS}; Microsoft, bug check 0x20001",
        ),
        Layer(
            "management", said("Windows kernel of the root partition"), "kernel", "guest_kernel", on="hypervisor",
            vital=True, duties=duties("reads"), source=f"{_DELL}; {_TLFS}",
            assumed=duties("reads"),
        ),
        Layer(
            "drivers", said("physical drivers"), "driver", "guest_kernel", on="management", inside="management",
            duties=duties("drives"), source=_TLFS,
        ),
        Layer(
            "backends", said("VSPs, the servers on VMBus"), "driver", "guest_kernel", on="management",
            inside="management", duties=duties("serves"), source="CVE-2021-28476 (vmswitch.sys is in the root kernel)",
        ),
        Layer(
            "management_tools", said("Virtual Machine Management Service"), "program", "guest_user", on="management",
            duties=duties("manages", "reclaims", "reads"),
            source=f"{_INTERNALS}; Microsoft, Using checkpoints to revert virtual machines (they can hold memory)",
            assumed=duties("reclaims"),
        ),
        Layer(
            "device_model", said("VM worker process"), "program", "guest_user", on="management", per_vm=True,
            confined=True, duties=duties("emulates"), source=f"{_INTERNALS}; {_ACCOUNTS}",
        ),
        Layer(
            "partition", said("partition of the VM"), "vmm", "hypervisor", on="device_model", inside="hypervisor",
            per_vm=True, source=f"{_TLFS}; {_DELL}", assumed=duties("on"),
        ),
        *guest("partition"),
    )
)  # fmt: skip
"""The worker process has the partition made and keeps it; that the partition ends with it is an assumption."""

BOOT = (
    POWER_ON,
    boot_loader(
        said("The Windows boot loader reads that a hypervisor is to be launched"),
        said("Without hypervisorlaunchtype Auto Windows starts on the bare machine, and no VM can be started"),
        "Microsoft, BCDEdit /set, hypervisorlaunchtype",
    ),
    Stage(
        "hypervisor", said("The hypervisor takes the machine, before Windows"), ("boot_loader",),
        said("Windows starts, but no VM can be started “because the hypervisor is not running”"),
        "Microsoft support, Virtual machine could not start because the hypervisor is not running",
    ),
    Stage(
        "management", said("The boot loader starts Windows above it, as the root partition"), ("boot_loader",),
        said("A blue screen: the machine restarts"),
    ),
    Stage(
        "drivers", said("Windows finds disks and network cards"), ("management",),
        said("A blue screen: inaccessible boot device"),
    ),
    Stage(
        "backends", said("The root partition offers devices on VMBus"), ("drivers",),
        said("A guest starts without disk and network"),
    ),
    Stage(
        "management_tools", said("The Virtual Machine Management Service starts"), ("management",),
        said("Hyper-V Manager cannot connect: the service is not running"),
    ),
    Stage(
        "device_model", said("The service starts a worker process for the VM"), ("hypervisor", "management_tools"),
        said("The VM does not start; the event log names the worker process"),
    ),
    Stage(
        "partition", said("The hypervisor makes a partition for the VM"), ("hypervisor", "device_model"),
        said("The VM does not start: memory or processor time that is reserved for it is not there"),
        "Microsoft WDK documentation, CPU Reserve (ff538568)",
    ),
    *guest_stages("backends", "partition"),
)  # fmt: skip

_WEIGHT, _RESERVE, _CAP = (f"Microsoft WDK documentation, ff5385{page}" for page in (81, 68, 50))
_NOT_ROOT = frozenset({"hyperv_root"})
"""Microsoft, Managing Hyper-V hypervisor scheduler types: under the root scheduler a VM has none of the three."""

CONTROLS = (
    Control("weight", "cpu_shares", 1, 10_000, 100, without=_NOT_ROOT, source=_WEIGHT),
    # Reserve and cap are parts of one logical processor for each virtual one, in percent as in the user interface.
    Control(
        "reserve", "cpu_reservation_mhz", 0, 100, 0, "%", full=100, per="vcpu", without=_NOT_ROOT, source=_RESERVE,
    ),
    Control(
        "cap", "cpu_limit_mhz", 1, 100, 100, "%", full=100, per="vcpu", none=100, without=_NOT_ROOT, source=_CAP,
    ),
    Control(
        "minimum RAM", "memory_reservation_bytes", 0, 2**24, 512, "MB", scale=MiB,
        source="a blog of 2017, for the user interface",
    ),
    # The size of the VM bounds it as well.
    Control(
        "maximum RAM", "memory_limit_bytes", 1, 2**24, "size", "MB", scale=MiB, none="size",
        source="Microsoft, Set-VMMemory reference",
    ),
    # Only the order counts (B. Armstrong, 2010-08-05).
    Control(
        "memory priority", "memory_shares", 0, 100, 50, offset=1, source="Microsoft, Set-VMMemory reference",
    ),
)  # fmt: skip
"""The buffer of Dynamic Memory is a setting of the whole host in the model. A cap of 0 would be a VM that never runs;
the model begins at 1 %."""

CLAIMS = (
    Claim(
        "boot", said("The boot loader starts the hypervisor; Windows starts above it, in the root partition."),
        f"{_TLFS}; Microsoft, BCDEdit /set, hypervisorlaunchtype",
    ),
    Claim(
        "boot", said("Hyper-V is started from Windows, so it is a program on a host OS."), _TLFS,
        scope=said("the root partition is a partition as well: the hypervisor is below it"), verdict="unsupported",
    ),
    Claim(
        "scheduler", said("The core scheduler is the default: a core runs vCPUs of one VM at a time."),
        "Microsoft, Managing Hyper-V hypervisor scheduler types", scope=said("Windows Server 2019 and later"),
    ),
    Claim(
        "scheduler", said("The classic scheduler is the default."),
        "Microsoft, Managing Hyper-V hypervisor scheduler types", scope=said("until Windows Server 2016"),
        verdict="outdated",
    ),
    Claim(
        "scheduler", said("Weights, reserves and caps of VMs count under every scheduler."),
        "Microsoft, Managing Hyper-V hypervisor scheduler types",
        scope=said("the root scheduler of client Windows supports none of them"), verdict="unsupported",
    ),
    Claim(
        "memory", said("Dynamic Memory moves balloons so that a VM has what it demands and a buffer of 20 %."),
        "Microsoft, Set-VMMemory reference",
    ),
    Claim("drivers", said("Windows in the root partition owns the physical devices and their drivers."), _TLFS),
    Claim(
        "devices", said("Requests to devices go over VMBus to servers (VSPs) in the root partition."),
        "FreeBSD, hv_vmbus(4); Microsoft, Hyper-V documentation",
    ),
    Claim(
        "isolation", said("A fault in the virtual switch runs code in the kernel of the root partition."),
        "CVE-2021-28476; hAFL1 write-up", scope=said("before the patch of May 2021"),
    ),
    Claim("isolation", said("When Windows in the root partition crashes, all VMs fail."), _DELL),
    Claim(
        "isolation", said("Each worker process runs under an account of its own VM."), _ACCOUNTS,
        scope=said("Windows Server 2012 and later"),
    ),
    Claim(
        "session", said("A service starts the worker processes of VMs, so they do not end when a user logs out."),
        _INTERNALS, scope=said("VMs of Hyper-V Manager"),
    ),
    Claim(
        "session", said("When the root partition shuts down in good order, the state of its VMs is saved first."),
        "Microsoft TechNet blog, Hyper-V: 3 Minute Warning, 2008-12-09",
        scope=said("automatic stop action “save”; others are shut down or switched off"),
    ),
    Claim("cpu", said("The CPU has to have second-stage page tables."),
        "Microsoft, System requirements for Hyper-V on Windows Server", scope=said("Windows Server 2016 and later"),
    ),
)  # fmt: skip

SHIPPED = (
    Shipped(
        "core_scheduling",
        True,
        "Microsoft, Managing Hyper-V hypervisor scheduler types: core since Windows Server 2019",
    ),
)

HYPERV = Stack(
    id="hyperv",
    name="Hyper-V",
    type=1,
    layers=LAYERS,
    boot=BOOT,
    technique="nested_paging",  # Microsoft, System requirements for Hyper-V on Windows Server: SLAT is required
    techniques=("nested_paging",),
    device="paravirtual",
    devices=("paravirtual", "emulated", "passthrough"),
    scheduler="hyperv_core",  # default since Windows Server 2019
    controls=CONTROLS,
    memory_profile=MEMORY,
    claims=CLAIMS,
    shipped=SHIPPED,
)
"""Hyper-V of Windows Server 2019 and later."""

SET_VM_MEMORY = "Microsoft, Set-VMMemory reference"
MINIMUM_UI = "a blog of 2017, for the user interface"
MINIMUM_UI_MB = 512
"""Minimum RAM that the user interface of Hyper-V proposes, as a blog of 2017 has it."""
FACTS = MemoryFacts(
    options=(
        MemoryFact("buffer", percent("buffer_permille"), "%", SET_VM_MEMORY),
        MemoryFact("minimum RAM", lambda _: MINIMUM_UI_MB, "MB", MINIMUM_UI),
        MemoryFact("page sharing", field("sharing"), "", ASSUMED),
    ),
)
"""What is said of its memory management."""
