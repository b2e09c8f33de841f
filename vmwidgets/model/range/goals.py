"""Goals: what an attack is after, each a question that the state of the host answers."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from vmwidgets.model.range.guest import PAGES
from vmwidgets.model.range.processor_time import MEASURED_US

if TYPE_CHECKING:
    from vmwidgets.model.range.scenario import Scenario


def _secret(range: "Scenario") -> bool:
    """The secret left its frame: the attacker has reported it, or it lies in memory of the attacker's."""
    secret = range.secret.to_bytes(8, "little")
    return range.secret in range.attacker.reports or range.machine.holds(range.attacker.name, secret)


def _foreign_write(range: "Scenario") -> bool:
    """Memory that is not the attacker's has been written by it."""
    return bool(range.machine.written.get(range.attacker.name))


def _layer_taken(range: "Scenario") -> bool:
    """A layer below runs code of the attacker's."""
    return bool(range.taken)


def _number(range: "Scenario") -> bool:
    """The first thing that the attacker has reported is the number in a page of the victim's."""
    return range.attacker.reports[:1] == [range.pin]


def _victim_changed(range: "Scenario") -> bool:
    """The page of the library, as the victim sees it, is not what it was."""
    return range.library_content != range.library_seen


def _starved(range: "Scenario") -> bool:
    """The victim has got less than nine tenths of the processor time that it is entitled to."""
    time = range.processor
    if time is None or time.now < MEASURED_US:
        return False
    return 10 * time.ran_permille(range.victim.index) < 9 * time.share_permille


def _memory_short(range: "Scenario") -> bool:
    """The victim is there, has lent memory, wants it back, and does not have it."""
    return range.placement.overcommitted and 0 < len(range.victim.map) < PAGES


def _slowed(range: "Scenario") -> bool:
    """The victim has kept less than nine tenths of its speed."""
    return range.victim_permille < 900


def _gone(range: "Scenario") -> bool:
    """The victim has been killed."""
    return range.victim_permille == 0


def _disk_short(range: "Scenario") -> bool:
    """The victim's turns at the disk are less than its share."""
    return range.disk is not None and range.disk.is_short


def _network_short(range: "Scenario") -> bool:
    """The victim's turns at the network link are less than its share."""
    return range.link is not None and range.link.is_short


def _interrupted(range: "Scenario") -> bool:
    """A layer below has handled an interrupt that the attacker made up."""
    return bool(range.interrupts)


GOALS: dict[str, Callable[["Scenario"], bool]] = {
    "secret": _secret,
    "foreign_write": _foreign_write,
    "layer_taken": _layer_taken,
    "number": _number,
    "victim_changed": _victim_changed,
    "starved": _starved,
    "slowed": _slowed,
    "memory_short": _memory_short,
    "disk_short": _disk_short,
    "network_short": _network_short,
    "interrupted": _interrupted,
    "gone": _gone,
}
"""The goals by id: each says of a range in which guest code has run whether it has got there."""
