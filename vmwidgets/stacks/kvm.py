"""KVM: the hypervisor inside a Linux kernel. A VM is a process, and its memory is ordinary memory of that process.

The record is of VMs that libvirt's system service starts, which is how servers and most desktops run them.
"""

from vmwidgets.model.boot import Stage
from vmwidgets.model.control import Control
from vmwidgets.model.layers import Layer, Layers
from vmwidgets.model.memory_facts import Beyond, MemoryFact, MemoryFacts, field
from vmwidgets.model.memory_profile import MemoryProfile
from vmwidgets.model.stack import Claim, Shipped, Stack
from vmwidgets.model.units import MiB
from vmwidgets.model.words import said
from vmwidgets.stacks.papers import DALL
from vmwidgets.stacks.parts import (
    HOST_OS_LADDER,
    LINUX_BOOTS,
    MACHINE,
    OTHER_PROGRAMS,
    OTHER_PROGRAMS_START,
    duties,
    guest,
    guest_stages,
    host_drivers,
    host_kernel,
)

_KVM = "Linux commit 6aa8b732 (the first of KVM)"
_OPERATOR = "write-up of a cloud operator (secondary)"
_LIBVIRT = "libvirt, QEMU driver, system instance and driver security architecture"

MEMORY = MemoryProfile(
    id="kvm",
    name="KVM",
    # Nobody sets targets for virtio balloons: a host that runs short pages, like any Linux. At how much free memory it
    # begins is an assumption here.
    ladder=HOST_OS_LADDER,
    targets="none",
    sharing="off",  # Linux, admin-guide/mm/ksm.rst: run = 0
    scan_pages_per_s=5000,  # when switched on, same document: pages_to_scan = 100 every sleep_millisecs = 20
    host_swap=True,
    swap_permille=1000,  # assumption: as much swap as memory
    limit_kills=True,  # Linux, admin-guide/cgroup-v2.rst: memory.max ends in the OOM killer inside the cgroup
    host_kills=True,  # a VM is a process (Linux commit 6aa8b732), so the host's OOM killer can choose it
    zero_on_allocate=True,  # anonymous memory of a Linux process begins as zeros
)
"""Memory management of Linux with KVM."""

LAYERS = Layers(
    (
        *MACHINE,
        host_kernel(said("Linux kernel of the host"), _KVM),
        host_drivers(_KVM),
        Layer(
            "hypervisor", said("KVM module"), "vmm", "kernel", on="host_kernel", inside="host_kernel",
            duties=duties("maps"), source=_KVM,
        ),
        Layer(
            "backends", said("vhost threads"), "driver", "kernel", on="host_kernel", inside="host_kernel",
            duties=duties("serves"), source="Linux, drivers/vhost; QEMU documentation",
        ),
        OTHER_PROGRAMS,
        Layer(
            "management_tools", said("libvirt daemon"), "program", "user", on="host_kernel",
            duties=duties("manages", "reads"), source=f"{_LIBVIRT}; virsh manual page, dump",
        ),
        Layer(
            "vmm_process", said("QEMU process"), "program", "user", on="host_kernel", per_vm=True, confined=True,
            duties=duties("emulates"), source=f"{_KVM}; {_LIBVIRT}; libvirt, Control Groups Resource Management",
        ),
        *guest("vmm_process"),
    )
)  # fmt: skip
"""``confined``: libvirt labels each QEMU process by SELinux or AppArmor where the host has one of them, and puts each
into a cgroup of its own."""

BOOT = (
    *LINUX_BOOTS,
    Stage(
        "hypervisor", said("The KVM module is loaded into the running Linux"), ("host_kernel",),
        said("“Could not access KVM kernel module: No such file or directory”: there is no /dev/kvm"),
        f"{_KVM}; foxlet/macOS-Simple-KVM, issue 252",
    ),
    Stage(
        "backends", said("The vhost module is loaded"), ("host_kernel",),
        said("There is no /dev/vhost-net: QEMU serves the network itself"),
    ),
    OTHER_PROGRAMS_START,
    Stage(
        "management_tools", said("The libvirt daemon starts"), ("drivers",),
        said("virsh: failed to connect to the hypervisor; VMs that run go on"),
    ),
    Stage(
        "vmm_process", said("The daemon starts a QEMU process for the VM"), ("hypervisor", "management_tools"),
        said("The VM does not start; the reason is in its log of QEMU"),
    ),
    *guest_stages("vmm_process"),
)  # fmt: skip

_CGROUP = "Linux, admin-guide/cgroup-v2.rst"

CGROUP = (
    Control("cpu.weight", "cpu_shares", 1, 10_000, 100, source=_CGROUP),
    # 1 ms is the least that the kernel takes (Linux, scheduler/sched-bwc.rst); the most is 256 CPUs', the model's.
    Control(
        "cpu.max", "cpu_limit_mhz", 1_000, 25_600_000, "max", "µs per 100 ms", full=100_000, with_quota_period=True,
        none="max", source=_CGROUP,
    ),
    Control("memory.min", "memory_reservation_bytes", 0, 2**50, 0, "bytes", source=_CGROUP),
    Control("memory.max", "memory_limit_bytes", MiB, 2**50, "max", "bytes", none="max", source=_CGROUP),
    Control("io.weight", "disk_shares", 1, 10_000, 100, source=_CGROUP),
)  # fmt: skip
"""The controls of a cgroup as far as the model has them: without memory.low and memory.high, which do not bind. That
memory.min is checked when a VM starts is the model's: Linux takes any."""

COSTS = DALL.cycles(
    {"hypercall": 6500}, "Table II (KVM ARM, a hypercall that does nothing)", techniques=("nested_paging",)
)
"""Of Linux 4.0-rc4 on ARM, before the extensions for hosts (VHE)."""

CLAIMS = (
    Claim("boot", said("A module is loaded into a Linux that runs, and turns it into a hypervisor."), _KVM),
    Claim(
        "boot", said("KVM is a hypervisor of type 1."),
        "vendors say so; C. Dall et al., ISCA 2016, abstract, calls it type 2",
        scope=said("it is a hypervisor inside the kernel of a host OS"), verdict="contested",
    ),
    Claim(
        "scheduler", said("vCPUs are threads, and Linux schedules them by EEVDF."),
        "Linux, scheduler/sched-eevdf.rst", scope=said("since Linux 6.6; CFS before"),
    ),
    Claim(
        "memory", said("The memory of a guest is ordinary memory of a process, so Linux can page it."), _KVM,
    ),
    Claim(
        "memory", said("KVM shares pages of equal content between VMs by default."),
        "Linux, admin-guide/mm/ksm.rst", scope=said("KSM is off until somebody sets run = 1"),
        verdict="unsupported",
    ),
    Claim(
        "memory", said("The process of a VM of 8 GB takes 8.3 to 8.9 GB, that of one of 4 GB 4.6 to 4.8 GB."),
        _OPERATOR,
    ),
    Claim("drivers", said("Linux owns the devices, with the drivers that it has anyway."), _KVM),
    Claim(
        "devices", said("QEMU imitates devices in a process; vhost serves paravirtual ones in the kernel."),
        "QEMU and Linux documentation",
    ),
    Claim(
        "isolation", said("Root of the host can read the memory of a guest, and the OOM killer can end it."), _KVM,
    ),
    Claim(
        "isolation", said("Each QEMU process is held to its own VM by SELinux or AppArmor."), _LIBVIRT,
        scope=said("where the host has one of them"),
    ),
    Claim(
        "session", said("VMs of the system instance are started by a service and do not end when a user logs out."),
        f"{_LIBVIRT}; C. Robinson, qemu:///system vs qemu:///session, 2016-01-11",
        scope=said("qemu:///system; VMs of qemu:///session are the user's own"),
    ),
    Claim("cpu", said("The CPU has to assist: without VT-x or AMD-V there is no /dev/kvm."), _KVM),
    Claim(
        "history", said("The first KVM had no second-stage page tables: it kept shadow tables."), _KVM,
        scope=said("Linux 2.6.20"),
    ),
)  # fmt: skip

SHIPPED = (
    Shipped("salting", True, "Linux, admin-guide/mm/ksm.rst: run = 0"),
    Shipped(
        "core_scheduling",
        False,
        "Linux, admin-guide/kernel-parameters.txt: mitigations=auto leaves SMT on; hw-vuln/core-scheduling.rst",
    ),
    Shipped("l1d_flush", True, "Linux, admin-guide/hw-vuln/l1tf.rst: vmentry_l1d_flush=cond"),
    Shipped("iommu", True, "KVM refuses to assign a device otherwise (Linux, allow_unsafe_assigned_interrupts)"),
    Shipped("interrupt_remapping", True, "Linux commit that adds allow_unsafe_assigned_interrupts, which is off"),
    Shipped("confinement", True, _LIBVIRT),
    Shipped("io_weights", False, "Linux, admin-guide/cgroup-v2.rst: io.cost.qos is disabled unless enable is set to 1"),
    Shipped("memory_encryption", False, "libvirt, domain XML format: only with the element launchSecurity"),
)

KVM = Stack(
    id="kvm",
    name="KVM",
    type=1,  # as in the article; contested, see the claims
    layers=LAYERS,
    boot=BOOT,
    technique="nested_paging",  # Linux, admin-guide/kernel-parameters.txt: kvm-intel.ept is on by default
    techniques=("nested_paging", "trap_and_emulate"),
    device="paravirtual",
    devices=("paravirtual", "emulated", "passthrough"),
    scheduler="eevdf",  # since Linux 6.6, scheduler/sched-eevdf.rst
    controls=CGROUP,
    costs=COSTS,
    memory_profile=MEMORY,
    claims=CLAIMS,
    shipped=SHIPPED,
    # QEMU documentation, user mode networking (libslirp, commit 126c04ac); KVM SEV-ES patch thread, LKML, December 2020
    extras=frozenset({"user_network", "memory_encryption"}),
)
"""KVM with QEMU and libvirt."""

_KSM = "Linux, Documentation/admin-guide/mm/ksm.rst"
_BEYOND = (Beyond(4, 0.6, 0.8, _OPERATOR), Beyond(8, 0.3, 0.9, _OPERATOR))
FACTS = MemoryFacts(
    options=(
        MemoryFact("page sharing (KSM run = 0)", field("sharing"), "", _KSM),
        MemoryFact("pages_to_scan * 1000 / sleep_millisecs", field("scan_pages_per_s"), "pages/s", _KSM),
    ),
    overheads=tuple(one.fact() for one in _BEYOND),
    beyond=_BEYOND,
)
"""What is said of its memory management."""
