"""What earns points, as data: items, options, tolerances, and the price of hints. No answer stands here."""

from dataclasses import dataclass

from vmwidgets.assignments.perimeter.variant import Variant
from vmwidgets.assignments.perimeter.weaknesses import WEAKNESSES
from vmwidgets.chapters.threats import THREATS as _INSTANCES
from vmwidgets.locale import mark
from vmwidgets.model.range.defences import DEFENCES

OWN_BOOT = 0
"""The boot of the instance that a student sees."""
BOOTS = 2
"""Boots, none of which a student has seen, in which programs have to cross."""
PREDICTED = tuple(f"V{number}" for number in range(1, 9))
"""The families that A1 asks about, in the order of the answer."""
JUDGEMENTS = ("weak", "sound")
AGREED = "agreed"
HINT_PRICES = (0, 1, 2)
"""Points that each of the three hints costs. That one was opened is what the answer file says: nobody can check it."""
FAMILY_POINTS = 2
"""Points of a program that crosses, for saying of which family it is."""
DIAGNOSIS_POINTS = (2, 1, 2)
"""Points for the mechanism, the threat and the layer of one wall."""
PRICE_POINTS = (4, 3, 3)
"""Points for processor time, frames and exits."""
PRICE_SHARE = 20
"""Percent that a prediction may be off."""
PRICE_SLACK = (1, 1, 100)
"""What it may be off at least, where what was measured is nothing or little: thousandths, frames, exits in a second."""
MUTANTS = 40
MOST_WRITTEN = 2_000
"""Characters of the text of A6."""


@dataclass(frozen=True, slots=True)
class Item:
    """Something that earns points.

    Parameters
    ----------
    id
        Stable: results and gradebooks refer to it.
    most
        The most points that it gives.
    name
        What it is called (a message id).
    human
        Whether a person has to read the answer.
    """

    id: str
    most: int
    name: str
    human: bool = False


ITEMS: tuple[Item, ...] = (
    Item("a0", 0, mark("A0 Rules")),
    Item("a1", 5, mark("A1 Reconnaissance")),
    Item("a2.memory", 10, mark("A2 Memory")),
    Item("a2.device", 10, mark("A2 Device")),
    Item("a2.cpu", 10, mark("A2 Processor time")),
    Item("a3", 15, mark("A3 Diagnosis")),
    Item("a4.exploits", 10, mark("A4 Fix: your own attacks")),
    Item("a4.mutants", 10, mark("A4 Fix: other attacks")),
    Item("a4.workload", 10, mark("A4 Fix: the guests' work")),
    Item("a5", 10, mark("A5 Price")),
    Item("a6", 10, mark("A6 Post-mortem"), human=True),
)
"""All items, in the order in which they are graded."""
MOST: dict[str, int] = {one.id: one.most for one in ITEMS}
"""The most points of each item."""
MECHANISMS: dict[str, str] = {
    id: DEFENCES[id].name for id in dict.fromkeys(id for hole in WEAKNESSES.values() for id in hole.switches)
}
"""The mechanisms that A3 lets choose from, by the id of their switch."""
THREATS: dict[str, str] = {
    **{id: one.english for id, one in _INSTANCES.items()},
    # Names of ГОСТ Р 56938-2016, 5.7 and 5.14: «угрозы атаки на систему хранения данных из виртуальной и (или)
    # физической сети», «угрозы неконтролируемого роста числа виртуальных машин».
    "storage": mark("attack on the storage system from the virtual and (or) physical network"),
    "sprawl": mark("the number of VMs grows without control"),
}
"""The threats that A3 lets choose from: those of :mod:`vmwidgets.chapters.threats`, and two that none of the families
is an instance of."""


def layers(variant: Variant) -> dict[str, str]:
    """Return the layers that A3 lets choose from: their names by id."""
    return {one.id: one.name for one in variant.stack.layers}


def hints(variant: Variant, slot: str) -> tuple[str, ...]:
    """Return the three hints of a wall; what each of them costs is in :data:`HINT_PRICES`."""
    return variant.exploitable[slot].attack.hints
