"""Threats as ГОСТ Р 56938-2016 names them, and which families of attacks are instances of them.

The names are those of the standard ("Information protection. Information protection when using virtualization
technologies. General provisions"); the English ones are our translation. Which family belongs to which threat the
standard does not say: the mapping is **proposed** here. The standard has more names than these three, and writes
"virtual machine" in full where these have "ВМ".
"""

from dataclasses import dataclass

from vmwidgets.locale import mark

SOURCE = "ГОСТ Р 56938-2016"


@dataclass(frozen=True, slots=True)
class Threat:
    """A threat.

    Parameters
    ----------
    id
        Its key.
    english, russian
        Its name: our translation (a message id), and as it stands in the standard.
    families
        Families of attacks, see :data:`vmwidgets.attacks.FAMILIES`, that are proposed to be instances of it.
    """

    id: str
    english: str
    russian: str
    families: tuple[str, ...]


THREATS: dict[str, Threat] = {
    one.id: one
    for one in (
        Threat(
            "hypervisor",
            mark("attack on the hypervisor from a VM and (or) the physical network"),
            "угрозы атаки на гипервизор из ВМ и (или) физической сети",
            ("V1", "V2", "V3", "V7"),
        ),
        Threat(
            "neighbour",
            mark("attack on protected VMs by other VMs"),
            "угрозы атаки на защищаемые ВМ со стороны других ВМ",
            ("V4", "V5", "V6", "V8"),
        ),
        Threat(
            "escape",
            mark("a process leaves the VM"),
            "угроза выхода процесса за пределы ВМ",
            ("V1", "V2", "V7"),
        ),
    )
}
"""The threats by id, as proposed."""
NONE = "none"
"""Stands for: none of these three."""


def threats_of(family: str) -> frozenset[str]:
    """Return the ids of the threats that a family of attacks is an instance of; only :data:`NONE` if of none."""
    return frozenset(id for id, one in THREATS.items() if family in one.families) or frozenset({NONE})
