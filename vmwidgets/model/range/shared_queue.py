"""A device that VMs share: it serves one request after another, and somebody decides whose is next.

The processor may be divided as fairly as one likes: a VM that always has many requests waiting is served many times for
each time of a VM that waits for every answer, unless turns at the device are divided, too.
"""

from collections import deque
from dataclasses import dataclass

from vmwidgets.model.layers import Layer
from vmwidgets.model.range.machine import Machine
from vmwidgets.model.range.trace import OPEN, REFUSES, Trace

MEASURED_REQUESTS = 200
"""Before so many requests were served nobody is said to have got too little."""
_ATTACKER, _VICTIM = 0, 1


@dataclass(frozen=True, slots=True)
class Kind:
    """What device it is.

    Parameters
    ----------
    check
        The id of the defence that divides turns at it.
    service_cycles
        What a request takes.
    depth
        Requests of a VM that it accepts at a time.
    """

    check: str
    service_cycles: int
    depth: int


class SharedQueue:
    """The queue of a device. The victim always waits for one request; the attacker sends what it likes.

    Parameters
    ----------
    kind
        Of which device.
    machine, trace, layer
        Where work and decisions are written down, and the layer that keeps the queue.
    weighted
        Whether VMs have turns by weight, all with the same; else requests are served in the order they came.

    Attributes
    ----------
    served
        Requests of attacker and victim that were served.
    """

    ports = 1

    def __init__(self, kind: Kind, machine: Machine, trace: Trace, layer: Layer, *, weighted: bool) -> None:
        self._kind, self._machine, self._trace, self._layer, self._weighted = kind, machine, trace, layer, weighted
        self._queue = deque([_VICTIM])
        self._done_at = kind.service_cycles
        self._last = _VICTIM
        self._noted = False
        self.served = [0, 0]

    def read(self, offset: int, bits: int) -> int:
        """Answer how many requests of the guest wait."""
        return len(self._queue) - 1

    def write(self, offset: int, bits: int, value: int) -> None:
        """Take a request, if there is room."""
        if len(self._queue) > self._kind.depth:
            return
        self._queue.append(_ATTACKER)
        if len(self._queue) > 2 and not self._noted:
            self._noted = True
            outcome = REFUSES if self._weighted else OPEN
            self._trace.note(self._layer.id, self._kind.check, outcome, len(self._queue) - 1)

    def serve_until(self, now: int) -> None:
        """Serve what is served by a time in cycles."""
        while self._done_at <= now and len(self._queue) > 1:
            self._serve()
        if self._done_at <= now:  # the victim is alone
            count = (now - self._done_at) // self._kind.service_cycles + 1
            self.served[_VICTIM] += count
            self._done_at += count * self._kind.service_cycles

    def _serve(self) -> None:
        self._done_at += self._kind.service_cycles
        whose = self._queue[0]
        if self._weighted:  # with equal weights: in turn
            wanted = _VICTIM if self._last == _ATTACKER else _ATTACKER
            if whose != wanted:
                whose = wanted
                self._machine.work["requests_overtaken"] += self._queue.index(whose)
        self._queue.remove(whose)
        self._last = whose
        self.served[whose] += 1
        if whose == _VICTIM:
            self._queue.append(_VICTIM)

    @property
    def is_short(self) -> bool:
        """Whether the victim has got less than nine tenths of its share: half while both want the device."""
        total = sum(self.served)
        return total >= MEASURED_REQUESTS and 20 * self.served[_VICTIM] < 9 * total
