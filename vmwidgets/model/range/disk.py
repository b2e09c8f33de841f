"""A disk that VMs share: it serves one request after another, and somebody decides whose is next.

The processor may be divided as fairly as one likes: a VM that always has many requests waiting is served many times for
each time of a VM that waits for every answer, unless turns at the disk are divided, too.
"""

from collections import deque
from typing import TYPE_CHECKING

from vmwidgets.model.layers import Layer
from vmwidgets.model.range.clock import TICK_CYCLES
from vmwidgets.model.range.machine import Machine
from vmwidgets.model.range.trace import OPEN, REFUSES, Trace

if TYPE_CHECKING:
    from vmwidgets.model.range.scenario import Scenario

SERVICE_CYCLES = TICK_CYCLES // 10
"""What a request takes: a tenth of a millisecond, as a solid-state disk. An assumption."""
DEPTH = 32
"""Requests of a VM that the disk accepts at a time, as an AHCI port has slots."""
MEASURED_REQUESTS = 200
"""Before so many requests were served nobody is said to have got too little."""
_ATTACKER, _VICTIM = 0, 1


class SharedDisk:
    """The queue of the disk. The victim always waits for one request; the attacker sends what it likes.

    Parameters
    ----------
    machine, trace, layer
        Where work and decisions are written down, and the layer whose drivers own the disk.
    weighted
        Whether VMs have turns by weight, all with the same; else requests are served in the order they came.

    Attributes
    ----------
    served
        Requests of attacker and victim that were served.
    """

    ports = 1

    def __init__(self, machine: Machine, trace: Trace, layer: Layer, *, weighted: bool) -> None:
        self._machine, self._trace, self._layer, self._weighted = machine, trace, layer, weighted
        self._queue = deque([_VICTIM])
        self._done_at = SERVICE_CYCLES
        self._last = _VICTIM
        self._noted = False
        self.served = [0, 0]

    def read(self, offset: int, bits: int) -> int:
        """Answer how many requests of the guest wait."""
        return len(self._queue) - 1

    def write(self, offset: int, bits: int, value: int) -> None:
        """Take a request, if there is room."""
        if len(self._queue) > DEPTH:
            return
        self._queue.append(_ATTACKER)
        if len(self._queue) > 2 and not self._noted:
            self._noted = True
            self._trace.note(self._layer.id, "io_weights", REFUSES if self._weighted else OPEN, len(self._queue) - 1)

    def serve_until(self, now: int) -> None:
        """Serve what is served by a time in cycles."""
        while self._done_at <= now and len(self._queue) > 1:
            self._serve()
        if self._done_at <= now:  # the victim is alone
            count = (now - self._done_at) // SERVICE_CYCLES + 1
            self.served[_VICTIM] += count
            self._done_at += count * SERVICE_CYCLES

    def _serve(self) -> None:
        self._done_at += SERVICE_CYCLES
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
        """Whether the victim has got less than nine tenths of its share, which is half while both want the disk."""
        total = sum(self.served)
        return total >= MEASURED_REQUESTS and 20 * self.served[_VICTIM] < 9 * total


def plug(scenario: "Scenario") -> None:
    """Give the VMs the disk."""
    layers = scenario.stack.layers
    layer = next(iter(layers.with_("drives")), scenario.keeper)
    weighted = scenario.defences["io_weights"]
    scenario.disk = SharedDisk(scenario.machine, scenario.trace, layer, weighted=weighted)
    scenario.clock.on_time(scenario.disk.serve_until)
    scenario.ports.plug(scenario.port("disk", SharedDisk.ports), scenario.disk)
    scenario.numbers["disk_requests"] = DEPTH
