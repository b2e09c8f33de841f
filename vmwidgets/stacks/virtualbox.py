"""VirtualBox: one process per VM, and a VMM whose privileged half is in a kernel module of the host."""

from vmwidgets.model.boot import Stage
from vmwidgets.model.control import Control
from vmwidgets.model.layers import Layer, Layers
from vmwidgets.model.memory_facts import only_sharing
from vmwidgets.model.memory_profile import MemoryProfile
from vmwidgets.model.stack import Claim, Shipped, Stack, equal_share
from vmwidgets.model.units import MiB
from vmwidgets.model.words import said
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

_MANUAL = "VirtualBox user manual"
_TECHNICAL = f"{_MANUAL}, technical background"
_PROCESSES = "VirtualBox wiki, VirtualBox architecture, a bird's eye view"
_LOG_OUT = "vboxd, README (when a user of macOS logs out, all running VMs are aborted)"

LAYERS = Layers(
    (
        *MACHINE,
        host_kernel(said("kernel of the host OS"), _TECHNICAL),
        host_drivers(_TECHNICAL),
        Layer(
            "vmm_driver", said("vboxdrv with the VMM's privileged half"), "vmm", "kernel", on="host_kernel",
            inside="host_kernel", duties=duties("maps"), source=_TECHNICAL,
        ),
        USERS_PROGRAMS,
        Layer(
            "management_tools", said("VBoxSVC and VirtualBox Manager"), "program", "user", on="host_kernel",
            session=True, duties=duties("manages", "reclaims", "reads"),
            source=f"{_PROCESSES}; {_LOG_OUT}; {_MANUAL}, VBoxManage debugvm dumpvmcore",
        ),
        Layer(
            "vmm_process", said("VM process"), "program", "user", on="host_kernel", per_vm=True, session=True,
            duties=duties("emulates", "serves"), source=f"{_PROCESSES}; {_TECHNICAL}; {_LOG_OUT}",
        ),
        *guest("vmm_process"),
    )
)  # fmt: skip
"""``reclaims`` of VBoxSVC: a user sets balloons by ``VBoxManage controlvm … guestmemoryballoon``."""

BOOT = (
    *HOST_OS_BOOTS,
    Stage(
        "vmm_driver", said("The host OS loads vboxdrv"), ("host_kernel",),
        said("“Kernel driver not installed (rc=-1908)”: the window opens, no VM starts"),
        f"{_MANUAL}, installation on Linux hosts",
    ),
    USER_LOGS_IN,
    Stage(
        "management_tools", said("The user starts VirtualBox Manager, and it VBoxSVC"), ("host_apps",),
        said("A message box: the COM server cannot be reached"), _TECHNICAL,
    ),
    Stage(
        "vmm_process", said("VBoxSVC starts a process for the VM"), ("vmm_driver", "management_tools"),
        said("A message box: VT-x or AMD-V is not available, or another VMM has it"),
    ),
    *guest_stages("vmm_process"),
)  # fmt: skip

MEMORY = MemoryProfile(
    id="virtualbox",
    name="VirtualBox",
    # The host OS pages VMs as it pages all programs; balloons move only when the user sets them, and what they free is
    # for other VMs of VirtualBox. Where paging begins and how much swap there is are assumptions.
    ladder=HOST_OS_LADDER,
    targets="none",
    sharing="off",  # page fusion is off unless enabled
    scan_pages_per_s=200,  # when switched on; assumption: as ESX 2
    host_swap=True,  # as for any process of the host
    swap_permille=1000,  # assumption: as much swap as memory
    host_kills=True,  # the host OS kills the largest process
    assumed=frozenset({"host_swap", "host_kills"}),
    zero_on_allocate=True,  # assumption: the host OS clears memory before a process gets it
)
"""Memory management of VirtualBox: its host's."""

_MANUAL_VM = "VirtualBox user manual, VBoxManage modifyvm"

CONTROLS = (
    HOST_THREADS,
    Control(
        "cpuexecutioncap", "cpu_limit_mhz", 1, 100, 100, "%", full=100, per="vcpu", none=100, source=_MANUAL_VM,
    ),
    Control(
        "guestmemoryballoon", "memory_limit_bytes", 0, 2**24, 0, "MB", scale=MiB, from_memory=True, none=0,
        source=_MANUAL_VM,
    ),
)  # fmt: skip
"""The host OS divides the rest among threads."""

CLAIMS = (
    Claim("boot", said("The host OS loads the module vboxdrv; a program starts VMs."), _TECHNICAL),
    Claim(
        "scheduler", said("The host OS schedules the VM; a cap limits each of its vCPUs."),
        f"{_MANUAL}, VBoxManage modifyvm, --cpuexecutioncap",
    ),
    Claim(
        "memory", said("What a balloon frees goes to other VMs of VirtualBox, not to the host."),
        f"{_MANUAL}, memory ballooning", scope=said("64-bit hosts other than macOS, with Guest Additions"),
    ),
    Claim("drivers", said("The host OS owns the devices."), _TECHNICAL),
    Claim(
        "devices", said("The default network card is an imitated 82540EM."), f"{_MANUAL}, virtual networking",
    ),
    Claim(
        "isolation", said("A guest could take over its VM process and, by vboxdrv, the kernel of the host."),
        "MorteNoir1/virtualbox_e1000_0day", scope=said("5.2.20 and older, default network card with NAT"),
    ),
    Claim(
        "isolation", said("Two hypervisors that use VT-x at the same time can crash the whole host."),
        f"{_MANUAL}, hardware virtualization", scope=said("the manual warns of it"),
    ),
    Claim(
        "session", said("When the user logs out, all VMs are aborted."), _LOG_OUT,
        scope=said("macOS; a service can start VMs without a user (manual, autostart)"),
    ),
    Claim(
        "cpu", said("A hosted VMM does not need the CPU to assist."), f"{_MANUAL}, hardware virtualization",
        scope=said("it needs VT-x or AMD-V"), verdict="unsupported",
    ),
    Claim(
        "cpu", said("It can run the guest's kernel in ring 1, with patches."),
        f"{_MANUAL} of 4.3, software virtualization", scope=said("not in today's versions"), verdict="outdated",
    ),
)  # fmt: skip

SHIPPED = (
    Shipped("salting", True, "VirtualBox user manual: page fusion is off unless enabled"),
    Shipped("channel_off", True, "VirtualBox user manual: shared clipboard and drag and drop are disabled by default"),
)

VIRTUALBOX = Stack(
    id="virtualbox",
    name="VirtualBox",
    type=2,
    memory=equal_share,
    disk=equal_share,
    network=equal_share,
    layers=LAYERS,
    boot=BOOT,
    technique="nested_paging",
    techniques=("nested_paging", "trap_and_emulate"),
    device="emulated",  # default network card 82540EM
    devices=("emulated", "paravirtual"),
    scheduler="hosted",
    controls=CONTROLS,
    memory_profile=MEMORY,
    claims=CLAIMS,
    shipped=SHIPPED,
    extras=frozenset({"convenience_channel"}),  # user manual, Guest Additions: drag and drop, shared clipboard
)
"""VirtualBox 6.1 and later, which need hardware assistance."""

FACTS = only_sharing("VirtualBox user manual, page fusion")
"""What is said of its memory management."""
