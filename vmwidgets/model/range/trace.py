"""What the layers decided, one after another: the way of each access, and of each request, of a guest."""

from collections import deque
from dataclasses import dataclass

ALLOWS, REFUSES, OPEN, ABSENT = "allows", "refuses", "open", "absent"
"""It is let through, and rightly; it is not; nobody looked, because the defence is off; what was asked for is not
there."""
OUTCOMES = (ALLOWS, REFUSES, OPEN, ABSENT)
KEPT = 256
"""So many of the latest decisions a trace keeps, besides those on which everything turned."""

_Fields = tuple[int, str, str, str, int, int, str]


@dataclass(frozen=True, slots=True)
class Decision:
    """What one layer decided.

    Parameters
    ----------
    number
        How many decisions there were before.
    layer
        Id of the layer.
    check
        What was looked at: the id of a defence of :data:`~vmwidgets.model.range.defences.DEFENCES`, or of what is no
        switch (``guest_tables``, ``hypercall``, ``port``).
    outcome
        One of :data:`OUTCOMES`.
    address
        The address, port or number that it was about.
    frame, owner
        The machine frame that it led to and whose that is; -1 and ``""`` if to none.
    """

    number: int
    layer: str
    check: str
    outcome: str
    address: int
    frame: int = -1
    owner: str = ""

    def __str__(self) -> str:
        to = "" if self.frame < 0 else f", frame {self.frame} of {self.owner}"
        return f"{self.number}: {self.layer} {self.outcome} {self.address:#x} by {self.check}{to}"


class Trace:
    """The decisions of one run, and the turning points among them.

    A decision is taken at each walk of page tables, and few are ever looked at: so they are kept as plain tuples.

    Attributes
    ----------
    count
        How many decisions there were.
    """

    def __init__(self) -> None:
        self.count = 0
        self._last: dict[str, _Fields] = {}
        self._kept: deque[_Fields] = deque(maxlen=KEPT)

    def note(self, layer: str, check: str, outcome: str, address: int, frame: int = -1, owner: str = "") -> None:
        """Write down a decision."""
        fields = self.count, layer, check, outcome, address, frame, owner
        self.count += 1
        self._last[outcome] = fields
        self._kept.append(fields)

    @property
    def last(self) -> dict[str, Decision]:
        """The latest decision of each outcome."""
        return {outcome: Decision(*fields) for outcome, fields in self._last.items()}

    @property
    def decisions(self) -> tuple[Decision, ...]:
        """The latest decisions, oldest first."""
        return tuple(Decision(*fields) for fields in self._kept)

    def since(self, count: int) -> tuple[Decision, ...]:
        """Return the decisions after the first so many, as far as they are kept."""
        new = min(self.count - count, len(self._kept))
        return tuple(Decision(*self._kept[at]) for at in range(len(self._kept) - new, len(self._kept)))

    def deciding(self, succeeded: bool) -> Decision | None:
        """Return the decision on which it turned: where nobody looked, or where it ended; None if nothing was tried."""
        found = [self._last[one] for one in ((OPEN,) if succeeded else (REFUSES, ABSENT)) if one in self._last]
        return Decision(*max(found)) if found else None
