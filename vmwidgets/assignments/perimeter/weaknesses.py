"""What can be wrong with the VMM: for each family of attacks the holes that it knows, and the switches that close them.

Each hole is that of an attack of the gallery, run where that attack is run. Which of them a student's VMM has is drawn,
see :mod:`vmwidgets.assignments.perimeter.variant`.
"""

from dataclasses import dataclass

from vmwidgets.assignments.perimeter.stack import PARAVIRTUAL
from vmwidgets.attacks import ATTACKS
from vmwidgets.model.range.attack import Attack

SLOTS = {"memory": ("V1", "V4", "V5"), "device": ("V2", "V3", "V7"), "cpu": ("V6", "V8")}
"""The three walls that can be crossed, and the families of attacks of which one does it."""
PROOFS = ("secret", "number", "ticket")
"""What is to be reported: the secret behind the mark; as the first thing, the number behind it; the ticket that a VM
finds in its own memory, once the victim has got too little."""


@dataclass(frozen=True, slots=True)
class Weakness:
    """A hole.

    Parameters
    ----------
    id
        Id of the attack of the gallery whose hole it is.
    family
        The family of that attack, V1 to V9.
    switches
        Defences which, all off, open it; empty: the VMM has none against it.
    proof
        One of :data:`PROOFS`: how a program shows that it went through.
    technique
        The kind of the attacker's VM, see :data:`~vmwidgets.model.stack.TECHNIQUES`; ``""``: the usual one.
    """

    id: str
    family: str
    switches: tuple[str, ...]
    proof: str = "secret"
    technique: str = ""

    @property
    def attack(self) -> Attack:
        """The attack of the gallery, with its placement and its three hints."""
        return ATTACKS[self.id]


WEAKNESSES: dict[str, Weakness] = {
    one.id: one
    for one in (
        Weakness("table_update", "V1", ("validation",), technique=PARAVIRTUAL),
        Weakness("device_overrun", "V2", ("bounds_check",)),
        Weakness("nic_underflow", "V2", ("descriptor_check",)),
        Weakness("backend_request", "V2", ("request_check",)),
        Weakness("fragments", "V2", ("reassembly_check",)),
        Weakness("dma", "V3", ("iommu",)),
        Weakness("uncleared_frames", "V4", ("zero_on_allocate",)),
        Weakness("sharing_oracle", "V5", ("salting",), "number"),
        Weakness("flush_reload", "V5", ("salting",)),
        Weakness("tick_theft", "V6", ("exact_accounting",), "ticket"),
        Weakness("noisy_cpu", "V6", ("cpu_limit",), "ticket"),
        Weakness("convenience_channel", "V7", ("channel_off", "channel_check")),
        Weakness("cached_secret", "V8", ("l1d_flush",)),
        Weakness("cached_secret_sibling", "V8", ("core_scheduling",)),
        Weakness("host_read", "V9", ()),
    )
}
"""All holes by id."""
FAMILIES: dict[str, tuple[Weakness, ...]] = {
    family: tuple(one for one in WEAKNESSES.values() if one.family == family)
    for family in sorted({one.family for one in WEAKNESSES.values()})
}
"""The holes of each family."""


def holes_of(slot: str) -> list[Weakness]:
    """Return the holes that a wall may have."""
    return [hole for family in SLOTS[slot] for hole in FAMILIES[family]]


STUBBORN = tuple(one for one in WEAKNESSES.values() if one.id not in ("device_overrun", "nic_underflow", "fragments"))
"""Those that a VMM may have without any switch against them. What a stub domain closes all the same is none of them."""
REDUNDANT = ("stub_domain",)
"""A second switch against what the checks of the device model stop already: off when the host is handed over."""
SWITCHES = tuple(dict.fromkeys((*(id for one in WEAKNESSES.values() for id in one.switches), *REDUNDANT)))
"""The defences that the board of such a host may have. What else Kordon has is always on."""
