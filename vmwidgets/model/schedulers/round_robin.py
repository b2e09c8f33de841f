"""Round robin: everybody in turn, for a quantum each. No weights, no caps, no reservations."""

from collections import deque
from typing import TYPE_CHECKING

from vmwidgets.model.schedulers.base import Scheduler
from vmwidgets.model.schedulers.machine import RUNNABLE, PCpu, VCpu

if TYPE_CHECKING:
    from vmwidgets.model.scheduler import Simulation


class RoundRobin(Scheduler):
    """One queue for all pCPUs: who wakes or has had its quantum goes to the end.

    Parameters
    ----------
    quantum_us
        Length of a quantum; the default is an assumption.
    """

    def __init__(self, quantum_us: int = 10_000) -> None:
        self.quantum_us = quantum_us

    def start(self, sim: "Simulation") -> None:  # noqa: D102
        super().start(sim)
        self.queue: deque[VCpu] = deque()

    def put(self, vcpu: VCpu, now: int) -> None:  # noqa: D102
        self.queue.append(vcpu)

    def leave(self, vcpu: VCpu, now: int) -> None:  # noqa: D102
        if vcpu.state == RUNNABLE:
            self.queue.remove(vcpu)

    def pick(self, pcpu: PCpu, now: int) -> VCpu | None:  # noqa: D102
        if not self.queue:
            return None
        vcpu = self.queue.popleft()
        vcpu.slice_us = self.quantum_us
        return vcpu

    def run_queues(self, now: int) -> list[tuple[range, list[VCpu]]]:  # noqa: D102
        return [(range(len(self.pcpus)), list(self.queue))]
