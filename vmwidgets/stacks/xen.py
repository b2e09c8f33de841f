"""Xen: a small hypervisor, and a first domain (dom0) that owns the drivers.

A guest of this record is of type ``pv``, the default of ``xl`` on x86.
"""

from vmwidgets.model.boot import Stage
from vmwidgets.model.control import Control
from vmwidgets.model.layers import Layer, Layers
from vmwidgets.model.memory_facts import only_sharing
from vmwidgets.model.memory_profile import Ladder, MemoryProfile, Rung
from vmwidgets.model.stack import Claim, Shipped, Stack
from vmwidgets.model.words import said
from vmwidgets.stacks.papers import BARHAM, DALL
from vmwidgets.stacks.parts import MACHINE, POWER_ON, boot_loader, duties, guest, guest_stages

_HANDBOOK = "Xen Project handbook, concepts"
_SHUTDOWN = "Xen, xen/common/shutdown.c, hwdom_shutdown"
_PANIC = "Xen, panic (“Panic on CPU 0 … Reboot in five seconds...”)"
_DEPRIVILEGE = "Xen, docs/features/qemu-deprivilege.pandoc"
_XL = "Xen, docs/man/xl.cfg.5.pod.in"

LAYERS = Layers(
    (
        *MACHINE,
        Layer(
            "hypervisor", said("Xen hypervisor"), "vmm", "hypervisor", on="firmware", vital=True,
            duties=duties("schedules", "maps", "reads"),
            source=f"P. Barham et al., SOSP 2003; {_HANDBOOK}; {_PANIC}",
        ),
        Layer(
            "management", said("dom0 kernel"), "kernel", "guest_kernel", on="hypervisor", vital=True,
            duties=duties("reads"), source=f"{_SHUTDOWN}; Linux, drivers/xen/privcmd.c (maps frames of other domains)",
        ),
        Layer(
            "drivers", said("physical drivers"), "driver", "guest_kernel", on="management", inside="management",
            duties=duties("drives"), source=_HANDBOOK,
        ),
        Layer(
            "backends", said("backends of the split drivers"), "driver", "guest_kernel", on="management",
            inside="management", duties=duties("serves"), source=f"{_HANDBOOK}; Xen, docs/misc/grant-tables.txt",
        ),
        Layer(
            "management_tools", said("xl and xenstored"), "program", "guest_user", on="management",
            duties=duties("manages", "reclaims", "reads"),
            source="Xen, docs/man/xl.1.pod.in, create, destroy, mem-set, dump-core",
        ),
        Layer(
            "device_model", said("QEMU device model"), "program", "guest_user", on="management", per_vm=True,
            duties=duties("emulates", "reads"), source=_DEPRIVILEGE,
        ),
        *guest("hypervisor"),
    )
)  # fmt: skip
"""QEMU runs as root in dom0 unless ``dm_restrict`` or a stub domain is chosen, so that it can take control of all."""

BOOT = (
    POWER_ON,
    boot_loader(
        said("The boot loader loads the hypervisor, and beside it the kernel of dom0 as a module"),
        said("The loader says that it cannot find xen.gz, or boots the Linux entry: Linux runs on the bare machine"),
    ),
    Stage(
        "hypervisor", said("Xen takes the machine instead of an OS"), ("boot_loader",),
        said("“Panic on CPU 0”: Xen restarts the machine in five seconds, before any message of Linux"), _PANIC,
    ),
    Stage(
        "management", said("Xen builds dom0 and starts its kernel"), ("hypervisor",),
        said("“Could not construct domain 0”, or dom0 crashes: Xen restarts the machine"), f"{_PANIC}; {_SHUTDOWN}",
    ),
    Stage(
        "drivers", said("dom0 finds disks and network cards"), ("management",),
        said("dom0 drops to an emergency shell: no root file system"),
    ),
    Stage(
        "backends", said("dom0 offers backends for disk and network"), ("drivers",),
        said("xl create fails: the backend of a disk or network card does not connect"),
    ),
    Stage(
        "management_tools", said("The tool stack starts in dom0"), ("management",),
        said("xl cannot reach xenstored: no guest can be started"),
    ),
    *guest_stages("hypervisor", "backends", "management_tools"),
)  # fmt: skip

MEMORY = MemoryProfile(
    id="xen",
    name="Xen",
    # Who starts a VM takes memory from dom0 or sets targets for balloons by hand (xl mem-set). Nobody does it by
    # itself, and no domain is paged: what a domain was given it keeps.
    ladder=Ladder((Rung("given", 0),)),
    targets="none",
    sharing="off",
    host_swap=False,  # assumption: xenpaging is experimental and not used
    swap_permille=0,
    zero_on_allocate=True,  # Xen scrubs the pages of a dying domain (comment in page_alloc.c)
)
"""Memory management of Xen."""

_XL_SCHED = "Xen, docs/man/xl.1.pod.in, sched-credit2"

CONTROLS = (
    # Credits go to each active vCPU, so a domain with more vCPUs has more of them.
    Control("weight", "cpu_shares", 1, 65_535, 256, per="vcpu", source=f"{_XL_SCHED}; xen/common/sched/credit.c"),
    # As many hundreds as the domain has vCPUs; 256 are what the model has at most.
    Control("cap", "cpu_limit_mhz", 0, 25_600, 0, "%", full=100, none=0, source=f"{_XL_SCHED}: percent of one pCPU"),
)
"""Memory is set by ``xl mem-set`` alone, which is the size of the VM."""

COSTS = (
    *BARHAM.us(
        {
            "system_call": 0.46,
            "null IO": 0.5,
            "stat": 1.22,
            "open close": 1.88,
            "select TCP": 5.69,
            "sig inst": 0.69,
            "sig hndl": 1.75,
            "fork": 198,
            "exec": 768,
            "sh": 4800,
        },
        "Table 3 (Xen)",
        techniques=("paravirtualization",),
    ),
    *BARHAM.us(
        {
            "2p0K": 1.97,
            "2p16K": 2.22,
            "2p64K": 2.67,
            "8p16K": 3.07,
            "8p64K": 28.7,
            "16p16K": 7.08,
            "16p64K": 39.4,
        },
        "Table 4 (Xen)",
        techniques=("paravirtualization",),
    ),
    *BARHAM.us(
        {
            "0K create": 32.5,
            "0K delete": 5.86,
            "10K create": 68.2,
            "10K delete": 13.6,
            "mmap lat": 139,
            "prot fault": 1.4,
            "page fault": 2.73,
        },
        "Table 5 (Xen)",
        techniques=("paravirtualization",),
    ),
    *DALL.cycles(
        {"hypercall": 376}, "Table II (Xen ARM, a hypercall that does nothing)", techniques=("nested_paging",)
    ),
)
"""Of the first Xen, of 2003, and of Xen 4.5.0 on ARM."""

CLAIMS = (
    Claim(
        "boot", said("The boot loader starts Xen; Xen builds dom0, the first and privileged domain."), _HANDBOOK,
    ),
    Claim(
        "scheduler", said("Credit2 is the default scheduler."), "Xen, docs/features/sched_credit2.pandoc",
        scope=said("since Xen 4.12"),
    ),
    Claim(
        "scheduler", said("A guest that yields before each tick takes nearly a whole CPU."),
        "Xen commit 78c9b2a6", scope=said("credit scheduler before August 2009"), verdict="outdated",
    ),
    Claim(
        "memory", said("Memory moves between domains by balloons, when the administrator sets their targets."),
        "Xen, docs/man/xl.1.pod.in, mem-set",
    ),
    Claim(
        "memory", said("Xen clears the memory of a domain that has ended."), "Xen, comment in page_alloc.c",
        scope=said("what a living domain gives back, it is expected to have cleared itself"),
    ),
    Claim(
        "drivers", said("dom0 owns the physical devices, unless a driver domain has some of them."), _HANDBOOK,
    ),
    Claim(
        "devices", said("Disk and network are split: a frontend in the guest, a backend in dom0, a shared ring."),
        f"{_HANDBOOK}; Xen, docs/misc/grant-tables.txt",
    ),
    Claim(
        "devices", said("A guest of type pvh needs no device model at all."), f"{_XL}; QEMU documentation, xenpvh",
    ),
    Claim("isolation", said("When dom0 crashes, Xen restarts the machine, and all guests with it."), _SHUTDOWN),
    Claim(
        "isolation", said("A guest could map memory that is not its own by a crafted page-table update."),
        "CVE-2015-7835 (XSA-148), Xen commit fe360c90",
        scope=said("guests of type pv, before the patch of October 2015"),
    ),
    Claim(
        "isolation", said("Who takes over the device model of a guest can easily take over the system."),
        _DEPRIVILEGE, scope=said("guests of type hvm without dm_restrict and without a stub domain"),
    ),
    Claim(
        "isolation", said("When the device model of a guest dies, its domain stays."),
        "xapi-project/xen-api, issue 4862", scope=said("guests of type hvm; XCP-ng 8.2.1"),
    ),
    Claim(
        "session", said("A domain is not a process of dom0, so nothing of it ends when a user logs out there."),
        _HANDBOOK,
    ),
    Claim(
        "cpu", said("A VMM that has the machine (type 1) is one that the CPU assists."),
        "P. Barham et al., SOSP 2003", scope=said("guests of type pv run without any assistance"),
        verdict="unsupported",
    ),
    Claim(
        "cpu", said("In paravirtualization the VMM rewrites the kernel of the guest."), "P. Barham et al., SOSP 2003",
        scope=said("the authors of the guest change it, once, to call the VMM"), verdict="unsupported",
    ),
    Claim(
        "history", said("The first Xen ran guests in ring 1, divided time by BVT and switched every 5 ms."),
        "P. Barham et al., SOSP 2003", scope=said("Xen of 2003"),
    ),
)  # fmt: skip

SHIPPED = (
    Shipped("core_scheduling", False, "Xen, misc/xen-command-line.pandoc: sched-gran is cpu by default"),
    Shipped("stub_domain", False, "Xen, tools/libs/light/libxl_create.c: device_model_stubdomain is false by default"),
    Shipped("cpu_pools", False, "xl(1), Cpupools commands: processors and domains change pools only by a command"),
    Shipped("exact_accounting", True, "Xen commit 78c9b2a6, of 2009"),
    Shipped("interrupt_limit", True, "Xen commit 2521c9ab, of 2008"),
)

XEN = Stack(
    id="xen",
    name="Xen",
    type=1,
    layers=LAYERS,
    boot=BOOT,
    technique="paravirtualization",  # xl.cfg(5): type="pv" is the default on x86
    techniques=("paravirtualization", "nested_paging", "trap_and_emulate"),  # pv; pvh and hvm; hvm with hap=0
    device="paravirtual",
    devices=("paravirtual", "emulated", "passthrough"),
    scheduler="credit2",  # default since 4.12, Xen, docs/features/sched_credit2.pandoc
    controls=CONTROLS,
    costs=COSTS,
    memory_profile=MEMORY,
    claims=CLAIMS,
    extras=frozenset({"cpu_pools"}),  # xl(1), Cpupools commands: a domain runs on the processors of one pool
    shipped=SHIPPED,
)
"""Xen with its default tool stack."""

FACTS = only_sharing()
"""What is said of its memory management."""
