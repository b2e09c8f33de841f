"""No VMM at all: one customer's programs on a kernel that has the machine. What the products are compared with."""

from vmwidgets.model.boot import Stage
from vmwidgets.model.layers import Layer, Layers
from vmwidgets.model.memory_facts import only_sharing
from vmwidgets.model.memory_profile import MemoryProfile
from vmwidgets.model.stack import Shipped, Stack
from vmwidgets.model.words import said
from vmwidgets.stacks.papers import ADAMS, BARHAM, SUGERMAN
from vmwidgets.stacks.parts import (
    HOST_OS_LADDER,
    HOST_THREADS,
    LINUX_BOOTS,
    MACHINE,
    duties,
    host_drivers,
    host_kernel,
)

_LINUX = "Linux, admin-guide/cgroup-v2.rst and admin-guide/mm/concepts.rst"

LAYERS = Layers(
    (
        *MACHINE,
        host_kernel(said("Linux kernel"), _LINUX),
        host_drivers("Linux, driver-api/driver-model/overview.rst"),
        Layer(
            "management_tools", said("init and service manager"), "program", "user", on="host_kernel", vital=True,
            duties=duties("manages"), source="Linux, kernel/exit.c (“Attempted to kill init!”)",
        ),
        Layer("guest_apps", said("the customer's programs"), "program", "user", on="host_kernel", per_vm=True),
    )
)  # fmt: skip

BOOT = (
    *LINUX_BOOTS,
    Stage(
        "management_tools", said("The service manager starts"), ("drivers",),
        said("A kernel panic: no working init found"),
    ),
    Stage(
        "guest_apps", said("The service manager starts the customer's programs"), ("management_tools",),
        said("A service is missing"),
    ),
)  # fmt: skip

MEMORY = MemoryProfile(
    id="bare_metal",
    name="Linux",
    ladder=HOST_OS_LADDER,
    targets="none",
    sharing="off",  # Linux, admin-guide/mm/ksm.rst: run = 0
    scan_pages_per_s=5000,  # when switched on, same document: pages_to_scan = 100 every sleep_millisecs = 20
    host_swap=True,
    swap_permille=1000,  # assumption: as much swap as memory
    host_kills=True,  # the OOM killer
    zero_on_allocate=True,  # anonymous memory of a Linux process begins as zeros
)
"""Memory management of a Linux without VMs."""


# What nanobenchmarks of A06 call "syscall" and "ptemod", and lmbench "null call", are operations of paths.
COSTS = (
    *ADAMS.cycles(
        {
            "system_call": 242,
            "page_table_update": 1,
            "in": 3209,
            "cr8wr": 150,
            "callret": 11,
            "pgfault": 1093,
            "divzero": 889,
        },
        "Figure 4 (native)",
    ),
    *BARHAM.us(
        {
            "system_call": 0.45,
            "null IO": 0.5,
            "stat": 1.28,
            "open close": 1.92,
            "select TCP": 5.7,
            "sig inst": 0.68,
            "sig hndl": 2.49,
            "fork": 110,
            "exec": 530,
            "sh": 4000,
        },
        "Table 3 (L-UP)",
    ),
    *BARHAM.us(
        {
            "2p0K": 0.77,
            "2p16K": 0.91,
            "2p64K": 1.06,
            "8p16K": 1.03,
            "8p64K": 24.3,
            "16p16K": 3.61,
            "16p64K": 37.6,
        },
        "Table 4 (L-UP)",
    ),
    *BARHAM.us(
        {
            "0K create": 32.1,
            "0K delete": 6.08,
            "10K create": 66.0,
            "10K delete": 12.5,
            "mmap lat": 68.0,
            "prot fault": 1.06,
            "page fault": 1.42,
        },
        "Table 5 (L-UP)",
    ),
    *SUGERMAN.us({"network_packet": 17.55}, "Figure 5 (the system call that sends, as any program makes it)"),
)
"""What operations cost without a VMM. The last one is what the host does for a guest's packet, too."""

BARE_METAL = Stack(
    id="bare_metal",
    name=said("Bare metal"),
    type=0,
    layers=LAYERS,
    boot=BOOT,
    technique="none",
    techniques=("none",),
    device="native",
    devices=("native",),
    scheduler="eevdf",  # since Linux 6.6, scheduler/sched-eevdf.rst
    controls=(HOST_THREADS,),
    costs=COSTS,
    memory_profile=MEMORY,
    shipped=(Shipped("salting", True, "Linux, admin-guide/mm/ksm.rst: run = 0"),),
)
"""Linux on the machine itself."""

FACTS = only_sharing("Linux, admin-guide/mm/ksm.rst")
"""What is said of its memory management."""
