"""Kordon, the VMM of this assignment. It exists nowhere: all of it is an assumption.

It is put together of the same layers as the products, so that whatever can go wrong with one of these can go wrong with
it: a hypervisor on the machine, a domain that manages and has the drivers, a process that imitates devices for each VM.
Its VMs are of two kinds, such that know that they are VMs and such that do not.
"""

from vmwidgets.model.layers import Layer, Layers
from vmwidgets.model.memory_profile import Ladder, MemoryProfile, Rung
from vmwidgets.model.stack import Stack
from vmwidgets.model.words import said
from vmwidgets.stacks.parts import MACHINE, duties, guest

LAYERS = Layers(
    (
        *MACHINE,
        Layer(
            "hypervisor", said("Kordon hypervisor"), "vmm", "hypervisor", on="firmware", vital=True,
            duties=duties("schedules", "maps", "reads"), assumed=duties("vital", "schedules", "maps", "reads"),
        ),
        Layer(
            "management", said("kernel of the service domain"), "kernel", "guest_kernel", on="hypervisor", vital=True,
            duties=duties("reads"), assumed=duties("vital", "reads"),
        ),
        Layer(
            "drivers", said("physical drivers"), "driver", "guest_kernel", on="management", inside="management",
            duties=duties("drives"), assumed=duties("drives"),
        ),
        Layer(
            "backends", said("backends of the paravirtual devices"), "driver", "hypervisor", on="hypervisor",
            inside="hypervisor", duties=duties("serves"), assumed=duties("serves", "inside"),
        ),
        Layer(
            "management_tools", said("tools of the service domain"), "program", "guest_user", on="management",
            duties=duties("manages", "reclaims", "reads"), assumed=duties("manages", "reclaims", "reads"),
        ),
        Layer(
            "device_model", said("Kordon device model"), "program", "guest_user", on="management", per_vm=True,
            duties=duties("emulates", "reads"), assumed=duties("emulates", "reads"),
        ),
        *guest("hypervisor"),
    )
)  # fmt: skip

MEMORY = MemoryProfile(
    id="kordon",
    name="Kordon",
    ladder=Ladder((Rung("enough", 40), Rung("short", 0, frozenset({"balloon", "swap"})))),
    sharing="between",
    scan_pages_per_s=200,
)

KORDON = Stack(
    id="kordon",
    name="Kordon",
    type=1,
    layers=LAYERS,
    technique="nested_paging",
    techniques=("nested_paging", "paravirtualization"),
    device="paravirtual",
    devices=("paravirtual", "emulated", "passthrough"),
    scheduler="credit",
    memory_profile=MEMORY,
    extras=frozenset({"convenience_channel", "user_network"}),
)
"""The stack. Each student's scans memory at a pace of its own."""
PARAVIRTUAL = "paravirtualization"
"""The kind of VM whose kernel asks for changes of its page tables; the other kind has second-stage tables."""
