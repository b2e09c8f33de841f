"""A type 1 VMM without a product's name: every resource is divided by shares, reservations and limits.

It costs nothing itself, so that the numbers of the first chapters come out round. What a VMM costs, and what the
products do differently, comes with their own records.
"""

from vmwidgets.model.boot import Stage
from vmwidgets.model.layers import Layer, Layers
from vmwidgets.model.memory_facts import ASSUMED, MemoryFact, MemoryFacts, field, percent
from vmwidgets.model.memory_profile import Ladder, MemoryProfile, Rung
from vmwidgets.model.stack import Stack
from vmwidgets.model.words import said
from vmwidgets.stacks.parts import MACHINE, POWER_ON, boot_loader, duties, guest, guest_stages

_ALL = duties("schedules", "maps", "reclaims", "reads", "emulates", "serves", "manages")

MEMORY = MemoryProfile(
    id="neutral",
    name="VMM",
    # Keeps so little free that what is lent and what is reclaimed nearly add up to the machine. Balloons begin early
    # enough to be done before anybody has to be paged. All thresholds are assumptions.
    ladder=Ladder(
        (
            Rung("high", 60),
            Rung("soft", 40, frozenset({"balloon"})),
            Rung("hard", 2, frozenset({"balloon", "swap"})),
            Rung("low", 1, frozenset({"balloon", "swap", "block"})),
        ),
        reserve_permille=3,
    ),
    targets="idle_tax",
    idle_tax_permille=750,  # as ESX and ESXi
    balloon_limit_permille=650,  # as ESXi
    sample_pages=0,  # counts access bits, so that the estimate is exact
)
"""As ESXi without what complicates the picture: no sharing, no compression."""

# An imagined VMM: all of it is an assumption.
LAYERS = Layers(
    (
        *MACHINE,
        Layer(
            "hypervisor", said("hypervisor"), "vmm", "hypervisor", on="firmware", vital=True, duties=_ALL,
            assumed=_ALL | {"vital"},
        ),
        Layer(
            "drivers", said("physical drivers"), "driver", "hypervisor", on="hypervisor", inside="hypervisor",
            duties=duties("drives"), assumed=duties("drives", "inside"),
        ),
        *guest("hypervisor"),
    )
)  # fmt: skip

BOOT = (
    POWER_ON,
    boot_loader(said("The boot loader loads the hypervisor"), said("The loader stops at its prompt")),
    Stage(
        "hypervisor", said("The hypervisor takes the machine instead of an OS"), ("boot_loader",),
        said("The hypervisor stops with a message before any guest"),
    ),
    Stage(
        "drivers", said("The hypervisor finds disks and network cards"), ("hypervisor",),
        said("The hypervisor has no disk for its guests"),
    ),
    *guest_stages("drivers"),
)  # fmt: skip

NEUTRAL = Stack(
    id="neutral",
    name="VMM",
    type=1,
    layers=LAYERS,
    boot=BOOT,
    technique="nested_paging",
    techniques=("nested_paging", "trap_and_emulate"),
    device="paravirtual",
    devices=("paravirtual", "emulated", "passthrough"),
    memory_profile=MEMORY,
)
"""The stack of the first chapters."""

_PAPER = "C. A. Waldspurger, Memory Resource Management in VMware ESX Server, OSDI 2002, section 5.2"
_VSPHERE = "VMware vSphere documentation"
FACTS = MemoryFacts(
    options=(
        MemoryFact("idle tax", percent("idle_tax_permille"), "%", _PAPER),
        MemoryFact("balloon at most, of VM memory", percent("balloon_limit_permille"), "%", _VSPHERE),
        MemoryFact("page sharing", field("sharing"), "", ASSUMED),
    ),
)
"""What is said of the products that it follows."""
