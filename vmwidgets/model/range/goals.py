"""Goals: what an attack is after, each a question that the state of the host answers."""

from collections.abc import Callable
from typing import TYPE_CHECKING

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


GOALS: dict[str, Callable[["Scenario"], bool]] = {
    "secret": _secret,
    "foreign_write": _foreign_write,
    "layer_taken": _layer_taken,
}
"""The goals by id: each says of a range in which guest code has run whether it has got there."""
