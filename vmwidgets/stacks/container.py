"""A container host: many customers on one kernel, which divides its views (namespaces) and its resources (cgroups)."""

from vmwidgets.model.boot import Stage
from vmwidgets.model.layers import Layer, Layers
from vmwidgets.model.memory_facts import only_sharing
from vmwidgets.model.memory_profile import MemoryProfile
from vmwidgets.model.stack import Claim, Shipped, Stack
from vmwidgets.model.words import said
from vmwidgets.stacks.kvm import CGROUP
from vmwidgets.stacks.parts import (
    HOST_OS_LADDER,
    LINUX_BOOTS,
    MACHINE,
    OTHER_PROGRAMS,
    OTHER_PROGRAMS_START,
    duties,
    host_drivers,
    host_kernel,
)

_CGROUPS = "Linux, admin-guide/cgroup-v2.rst"
_NAMESPACES = "namespaces(7) and cgroups(7), Linux manual pages"

LAYERS = Layers(
    (
        *MACHINE,
        host_kernel(said("Linux kernel of the host"), _CGROUPS, "reads"),
        host_drivers("Linux, driver-api/driver-model/overview.rst"),
        OTHER_PROGRAMS,
        Layer(
            "management_tools", said("container runtime"), "program", "user", on="host_kernel",
            duties=duties("manages", "reads"), source="Open Container Initiative, runtime specification",
            assumed=duties("reads"),
        ),
        Layer(
            "guest_apps", said("processes in a container"), "program", "user", on="host_kernel", per_vm=True,
            confined=True, source=_NAMESPACES,
        ),
    )
)  # fmt: skip

BOOT = (
    *LINUX_BOOTS,
    OTHER_PROGRAMS_START,
    Stage(
        "management_tools", said("The container runtime starts"), ("drivers",),
        said("The client cannot connect to the daemon"),
    ),
    Stage(
        "guest_apps", said("The runtime starts processes in namespaces and cgroups of their own"),
        ("management_tools",), said("The container exits at once; the others run"),
    ),
)  # fmt: skip

MEMORY = MemoryProfile(
    id="container",
    name=said("Linux containers"),
    ladder=HOST_OS_LADDER,
    targets="none",
    sharing="off",  # Linux, admin-guide/mm/ksm.rst: run = 0
    scan_pages_per_s=5000,  # when switched on, same document: pages_to_scan = 100 every sleep_millisecs = 20
    host_swap=True,
    swap_permille=1000,  # assumption: as much swap as memory
    limit_kills=True,  # Linux, admin-guide/cgroup-v2.rst: memory.max ends in the OOM killer inside the cgroup
    host_kills=True,  # the OOM killer of the host can choose it
    zero_on_allocate=True,  # anonymous memory of a Linux process begins as zeros
)
"""Memory management of a Linux with containers."""


CLAIMS = (
    Claim("boot", said("A container starts as a process; no kernel boots."), _NAMESPACES),
    Claim("cpu", said("A container is a light VM."), _NAMESPACES,
        scope=said("there is neither virtual hardware nor a kernel of its own"), verdict="unsupported",
    ),
    Claim("scheduler", said("Linux schedules processes of all containers, by the weights of their groups."), _CGROUPS),
    Claim("memory", said("At its limit a container loses processes to the OOM killer."), _CGROUPS),
    Claim("drivers", said("The one kernel owns all devices."), "Linux, driver-api/driver-model/overview.rst"),
    Claim("isolation", said("All containers call one kernel: its fault is everybody's."), _NAMESPACES),
)  # fmt: skip

CONTAINER = Stack(
    id="container",
    name=said("Container host"),
    type=0,
    layers=LAYERS,
    boot=BOOT,
    technique="none",
    techniques=("none",),
    device="native",
    devices=("native",),
    scheduler="eevdf",  # since Linux 6.6, scheduler/sched-eevdf.rst
    controls=CGROUP,
    memory_profile=MEMORY,
    claims=CLAIMS,
    shipped=(
        Shipped("salting", True, "Linux, admin-guide/mm/ksm.rst: run = 0"),
        Shipped(
            "io_weights", False, "Linux, admin-guide/cgroup-v2.rst: io.cost.qos is disabled unless enable is set to 1"
        ),
    ),
)
"""Linux with containers."""

FACTS = only_sharing("Linux, admin-guide/mm/ksm.rst")
"""What is said of its memory management."""
