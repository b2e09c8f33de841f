"""One queue for all pCPUs, ordered by virtual time: each vCPU's clock goes the slower, the more weight it has.

The vCPUs with the least virtual time run. A pCPU decides at the end of a quantum, and a vCPU that would win again goes
on: as the queue's head cannot get more urgent unless somebody wakes, the number of quanta it will win is known in the
beginning. Stride scheduling, ESX and Hyper-V are built on this.

Nobody is preempted within a quantum here; see :mod:`vmwidgets.model.schedulers.reservations` for those who wake.
"""

from heapq import heapify, heappop, heappush, heappushpop
from typing import TYPE_CHECKING

from vmwidgets.model.guest_threads import LONGEST_US
from vmwidgets.model.schedulers.bandwidth import Bandwidth
from vmwidgets.model.schedulers.base import Scheduler
from vmwidgets.model.schedulers.machine import PARKED, RUNNABLE, RUNNING, PCpu, VCpu

if TYPE_CHECKING:
    from vmwidgets.model.scheduler import Simulation


PRECISION = 20
"""Bits of the virtual time of a microsecond, at least: it is right to a millionth, and numbers stay short, so fast."""


class VirtualTime(Scheduler):
    """Weighted fair queueing by quanta.

    Parameters
    ----------
    quantum_us
        A pCPU decides so often.
    scale
        Virtual time that a vCPU of weight 1 uses up in a quantum; one of weight w uses ``scale / w``.
    period_us
        Period of the caps.
    """

    def __init__(self, quantum_us: int, scale: int, period_us: int = 100_000) -> None:
        self.quantum_us, self.scale, self.period_us = quantum_us, scale, period_us

    def start(self, sim: "Simulation") -> None:  # noqa: D102
        super().start(sim)
        # A key is one number: virtual time, and below it the vCPU, so that ties go to the one that stands first.
        self.bits = len(sim.vcpus).bit_length()
        self.mask = (1 << self.bits) - 1
        self.key = [vcpu.index for vcpu in sim.vcpus]
        # What a microsecond adds to a key, with binary places: so short turns are charged exactly.
        greatest = max(self.weights) * self.quantum_us
        self.fraction = max(0, PRECISION + greatest.bit_length() - self.scale.bit_length())
        unit = self.scale << self.fraction
        self.stride = [
            unit * len(v.guest.programs) // (self.weights[v.guest_index] * self.quantum_us) << self.bits
            for v in sim.vcpus
        ]
        self.step = [stride * self.quantum_us for stride in self.stride]  # what a quantum adds
        self.behind = [0] * len(sim.vcpus)  # by how much each key may be less than the others when it wakes
        self.queue: list[int] = []
        self.bandwidth = Bandwidth(sim, self.period_us, self.period_us // 20)
        self.capped = [vcpu.guest.cap_permille > 0 for vcpu in sim.vcpus]

    def key_at(self, vcpu: VCpu, now: int) -> int:
        """Return the key of a vCPU with what it has run since it was charged."""
        i, ran = vcpu.index, now - vcpu.charged if vcpu.state == RUNNING else 0
        return self.key[i] + self.stride[i] * ran

    def floor(self, now: int) -> int | None:
        """Return the least key of those that are awake: they run, wait, or are parked."""
        least = self.queue[0] if self.queue else None
        for vcpu in self.bandwidth.capped:
            if vcpu.state == PARKED and (least is None or self.key[vcpu.index] < least):
                least = self.key[vcpu.index]
        for pcpu in self.pcpus:
            if (v := pcpu.current) is not None and v.done_at > now:
                key = self.key[v.index] + self.stride[v.index] * (now - v.charged)
                if least is None or key < least:
                    least = key
        return least

    def wake(self, vcpu: VCpu, now: int) -> None:
        """Time asleep earns nothing: a vCPU that wakes is not behind all that are awake."""
        own = self.key[vcpu.index]
        if self.queue and self.queue[0] <= own and not self.capped[self.queue[0] & self.mask]:
            return
        floor = self.floor(now)
        if floor is not None and own < floor - self.behind[vcpu.index]:
            self.key[vcpu.index] = floor - self.behind[vcpu.index] & ~self.mask | vcpu.index

    def put(self, vcpu: VCpu, now: int) -> None:  # noqa: D102
        heappush(self.queue, self.key[vcpu.index])

    def leave(self, vcpu: VCpu, now: int) -> None:  # noqa: D102
        self.bandwidth.give_back(vcpu)
        if vcpu.state == RUNNABLE:
            self.queue.remove(self.key[vcpu.index])
            heapify(self.queue)

    def pick(self, pcpu: PCpu, now: int) -> VCpu | None:  # noqa: D102
        return self.replace(None, pcpu, now)

    def replace(self, vcpu: VCpu | None, pcpu: PCpu, now: int) -> VCpu | None:
        """Put a vCPU back and take the first, for as many quanta as it stays ahead of the queue's new head."""
        queue = self.queue
        if vcpu is not None:
            key = heappushpop(queue, self.key[vcpu.index])
        elif queue:
            key = heappop(queue)
        else:
            return None
        index = key & self.mask
        turn = LONGEST_US
        if queue:
            turn, ahead, step = self.quantum_us, queue[0] - key, self.step[index]
            if ahead >= step:
                turn *= ahead // step + 1
        if self.capped[index]:
            return self.allow(key, turn) or self.replace(None, pcpu, now)
        new = self.vcpus[index]
        new.slice_us = turn
        return new

    def run_queues(self, now: int) -> list[tuple[range, list[VCpu]]]:  # noqa: D102
        return [(range(len(self.pcpus)), sorted(self.in_order(now), key=self.bandwidth.refuses))]

    def in_order(self, now: int) -> list[VCpu]:
        """Return those that wait, the next one first, whatever their caps say."""
        return [self.vcpus[key & self.mask] for key in sorted(self.queue)]

    def allow(self, key: int, turn: int) -> VCpu | None:
        """Return the vCPU of a key that has been taken out of the queue, for a turn as long as its cap allows."""
        vcpu = self.vcpus[key & self.mask]
        vcpu.slice_us = min(turn, self.bandwidth.take(vcpu))
        if vcpu.slice_us:
            return vcpu
        self.sim.withhold(vcpu)  # the other vCPUs of its VM have left it nothing
        return None

    def preempts(self, vcpu: VCpu, now: int) -> PCpu | None:
        """Take an idle pCPU; if there is none, the running ones may win fewer quanta than it seemed."""
        if (idle := self.idle_pcpu(vcpu)) is not None:
            return idle
        ends, quantum, key, keys = self.sim.ends, self.quantum_us, self.key[vcpu.index], self.key
        for pcpu in self.pcpus:
            if (running := pcpu.current) is not None:
                index, began = running.index, running.charged
                when = now + (began - now) % quantum
                if when < (ending := ends[pcpu.index]):
                    until = began + ((key - keys[index]) // self.step[index] + 1) * quantum
                    if until < ending:
                        self.sim.shorten(pcpu, until if until > when else when)
        return None

    def charge(self, vcpu: VCpu, ran_us: int, now: int) -> None:  # noqa: D102
        index = vcpu.index
        self.key[index] += self.stride[index] * ran_us
        if self.capped[index]:
            self.bandwidth.charge(vcpu, ran_us)

    def credits(self) -> list[int]:
        """Return the virtual time of each vCPU; the least is next."""
        return [key >> self.bits + self.fraction for key in self.key]
