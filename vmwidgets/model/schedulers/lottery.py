"""Lottery scheduling: each quantum is raffled among those that wait, and a weight is a number of tickets.

C. A. Waldspurger, W. E. Weihl, Lottery Scheduling: Flexible Proportional-Share Resource Management, OSDI 1994. Shares
are right on average only: after n quanta the standard error of a share p is sqrt(p(1-p)/n). A client that used a part
of its quantum gets *compensation tickets* (Section 3.4): it counts as many times more as the quantum was longer, until
it wins.
"""

from typing import TYPE_CHECKING

import numpy as np

from vmwidgets.model.random import random_permille
from vmwidgets.model.schedulers.base import Scheduler
from vmwidgets.model.schedulers.machine import RUNNABLE, RUNNING, PCpu, VCpu

if TYPE_CHECKING:
    from vmwidgets.model.scheduler import Simulation

_DRAWS = 4096
_MILLION = 10**6


class Lottery(Scheduler):
    """Lottery scheduling.

    Parameters
    ----------
    quantum_us
        Length of a quantum; 10 ms is the example of the paper's Section 2.2.
    seed
        Of the drawings: random numbers count drawings, so the same seed gives the same winners.
    """

    default_weight = 100

    def __init__(self, quantum_us: int = 10_000, seed: int = 1) -> None:
        self.quantum_us, self.seed = quantum_us, seed

    def start(self, sim: "Simulation") -> None:  # noqa: D102
        super().start(sim)
        self.tickets = [self.weights[v.guest_index] * 1000 // len(v.guest.programs) for v in sim.vcpus]
        self.bonus = [1000] * len(sim.vcpus)  # thousandths: the compensation
        self.drawn_at = [0] * len(sim.vcpus)
        self.queue: list[VCpu] = []
        self.drawings = 0
        self.numbers: list[int] = []

    def put(self, vcpu: VCpu, now: int) -> None:  # noqa: D102
        self._compensate(vcpu, now)
        self.queue.append(vcpu)

    def leave(self, vcpu: VCpu, now: int) -> None:  # noqa: D102
        if vcpu.state == RUNNABLE:
            self.queue.remove(vcpu)
        self._compensate(vcpu, now)

    def _compensate(self, vcpu: VCpu, now: int) -> None:
        used = now - self.drawn_at[vcpu.index]
        if vcpu.state == RUNNING and used < self.quantum_us:
            self.bonus[vcpu.index] = 1000 * self.quantum_us // max(1, used)

    def pick(self, pcpu: PCpu, now: int) -> VCpu | None:  # noqa: D102
        if not self.queue:
            return None
        vcpu = self.queue.pop(self.winner(self.queue, self.draw()))
        self.bonus[vcpu.index], self.drawn_at[vcpu.index] = 1000, now
        vcpu.slice_us = self.quantum_us
        return vcpu

    def winner(self, queue: list[VCpu], number: int) -> int:
        """Return the place in a queue of the one whom a random number below a million makes the winner."""
        held = [self.tickets[vcpu.index] * self.bonus[vcpu.index] for vcpu in queue]
        ticket = number * sum(held) // _MILLION
        winner = 0
        while ticket >= held[winner]:
            ticket -= held[winner]
            winner += 1
        return winner

    def run_queues(self, now: int) -> list[tuple[range, list[VCpu]]]:
        """Return the winners of the next drawings, which are known: random numbers count drawings.

        Should the vCPU that runs take part again, they are others.
        """
        waiting = list(self.queue)
        numbers = self._numbers(self.drawings, len(waiting))
        return [(range(len(self.pcpus)), [waiting.pop(self.winner(waiting, number)) for number in numbers])]

    def draw(self) -> int:
        """Return a random number below a million, another one for each drawing."""
        if self.drawings % _DRAWS == 0:
            self.numbers = self._numbers(self.drawings, _DRAWS)
        self.drawings += 1
        return self.numbers[(self.drawings - 1) % _DRAWS]

    def _numbers(self, drawing: int, count: int) -> list[int]:
        ticks = np.arange(drawing, drawing + count)
        high, low = (random_permille(self.seed, f"lottery {part}", ticks) for part in ("high", "low"))
        return (high * 1000 + low).tolist()

    def credits(self) -> list[int]:
        """Return the tickets of each vCPU in thousandths, compensation included."""
        return [tickets * bonus // 1000 for tickets, bonus in zip(self.tickets, self.bonus, strict=True)]
