"""No VMM at all: one customer's programs on a kernel that has the machine. What the products are compared with."""

from vmwidgets.model.boot import Stage
from vmwidgets.model.layers import Layer, Layers
from vmwidgets.model.memory_facts import only_sharing
from vmwidgets.model.memory_profile import MemoryProfile
from vmwidgets.model.stack import Stack
from vmwidgets.model.words import said
from vmwidgets.stacks.parts import HOST_OS_LADDER, MACHINE, POWER_ON, boot_loader, duties

_LINUX = "Linux, admin-guide/cgroup-v2.rst and admin-guide/mm/concepts.rst"

LAYERS = Layers(
    (
        *MACHINE,
        Layer(
            "host_kernel", said("Linux kernel"), "kernel", "kernel", on="firmware", vital=True,
            duties=duties("schedules", "maps", "reclaims", "reads"), source=_LINUX, assumed=duties("vital"),
        ),
        Layer(
            "drivers", said("physical drivers"), "driver", "kernel", on="host_kernel", inside="host_kernel",
            duties=duties("drives"), source="Linux, driver-api/driver-model/overview.rst",
        ),
        Layer(
            "management_tools", said("init and service manager"), "program", "user", on="host_kernel", vital=True,
            duties=duties("manages"), source="Linux, kernel/exit.c (“Attempted to kill init!”)",
        ),
        Layer("guest_apps", said("the customer's programs"), "program", "user", on="host_kernel", per_vm=True),
    )
)  # fmt: skip

BOOT = (
    POWER_ON,
    boot_loader(said("The boot loader loads a Linux kernel"), said("The loader stops at its prompt")),
    Stage(
        "host_kernel", said("Linux takes the machine"), ("boot_loader",),
        said("A kernel panic: the machine stops or restarts"),
    ),
    Stage(
        "drivers", said("Linux finds disks and network cards"), ("host_kernel",),
        said("An emergency shell: no root file system"),
    ),
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
    host_swap=True,
    swap_permille=1000,  # assumption: as much swap as memory
    host_kills=True,  # the OOM killer
    zero_on_allocate=True,  # anonymous memory of a Linux process begins as zeros
)
"""Memory management of a Linux without VMs."""

BARE_METAL = Stack(
    id="bare_metal",
    name="Bare metal",
    type=0,
    layers=LAYERS,
    boot=BOOT,
    technique="none",
    techniques=("none",),
    device="native",
    devices=("native",),
    scheduler="eevdf",  # since Linux 6.6, scheduler/sched-eevdf.rst
    memory_profile=MEMORY,
)
"""Linux on the machine itself."""

FACTS = only_sharing("Linux, admin-guide/mm/ksm.rst")
"""What is said of its memory management."""
