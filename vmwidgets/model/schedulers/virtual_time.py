"""One queue for all pCPUs, ordered by virtual time: each vCPU's clock goes the slower, the more weight it has.

The vCPUs with the least virtual time run. A pCPU decides at the end of a quantum, and a vCPU that would win again goes
on: as the queue's head cannot get more urgent unless somebody wakes, the number of quanta it will win is known in the
beginning. Stride scheduling, ESX and Hyper-V are built on this.

Nobody is preempted within a quantum. How ESX and Hyper-V treat a vCPU that wakes is not published, so their shares can
be read from this model, and their wake-up latencies cannot.
"""

from heapq import heapify, heappop, heappush, heappushpop
from typing import TYPE_CHECKING

from vmwidgets.model.guest_threads import LONGEST_US
from vmwidgets.model.schedulers.bandwidth import Bandwidth
from vmwidgets.model.schedulers.base import Scheduler
from vmwidgets.model.schedulers.machine import NEVER, RUNNABLE, PCpu, VCpu

if TYPE_CHECKING:
    from vmwidgets.model.scheduler import Simulation

_INDEX, _MASK = 12, 2**12 - 1
"""A key is one number: virtual time, and below it the vCPU, so that ties go to the one that stands first."""


class VirtualTime(Scheduler):
    """Weighted fair queueing by quanta.

    Parameters
    ----------
    quantum_us
        A pCPU decides so often.
    scale
        Virtual time that a vCPU of weight 1 uses up in a quantum; one of weight w uses ``scale // w``.
    period_us
        Period of the caps.
    """

    def __init__(self, quantum_us: int, scale: int, period_us: int = 100_000) -> None:
        self.quantum_us, self.scale, self.period_us = quantum_us, scale, period_us

    def start(self, sim: "Simulation") -> None:  # noqa: D102
        super().start(sim)
        self.key = [vcpu.index for vcpu in sim.vcpus]
        self.stride = [
            max(1, self.scale * len(vcpu.guest.programs) // self.weights[vcpu.guest_index]) for vcpu in sim.vcpus
        ]
        self.queue: list[int] = []
        self.aside: set[int] = set()  # vCPUs that are awake, and held
        self.bandwidth = Bandwidth(sim, self.period_us, self.period_us // 20)
        self.budget = self.bandwidth.left

    def wake(self, vcpu: VCpu, now: int) -> None:
        """Time asleep earns nothing: a vCPU that wakes is not behind all that are awake."""
        keys, stride, quantum = self.key, self.stride, self.quantum_us
        floor = self.queue[0] if self.queue else LONGEST_US << _INDEX
        for pcpu in self.pcpus:
            if (running := pcpu.current) is not None:
                i = running.index
                key = keys[i] + (stride[i] * (now - running.charged) // quantum << _INDEX)
                if key < floor:
                    floor = key
        for i in self.aside:
            if keys[i] < floor:
                floor = keys[i]
        if keys[vcpu.index] < floor < LONGEST_US << _INDEX:
            keys[vcpu.index] = floor & ~_MASK | vcpu.index
        if vcpu.held is not None:
            self.aside.add(vcpu.index)

    def put(self, vcpu: VCpu, now: int) -> None:  # noqa: D102
        heappush(self.queue, self.key[vcpu.index])

    def leave(self, vcpu: VCpu, now: int) -> None:  # noqa: D102
        self.bandwidth.give_back(vcpu)
        if vcpu.left:
            self.aside.add(vcpu.index)
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
        turn = LONGEST_US
        if queue:
            turn = ((queue[0] - key) // (self.stride[key & _MASK] << _INDEX) + 1) * self.quantum_us
        return self.allow(key, turn) or self.replace(None, pcpu, now)

    def allow(self, key: int, turn: int) -> VCpu | None:
        """Return the vCPU of a key that has been taken out of the queue, for a turn as long as its cap allows."""
        vcpu = self.vcpus[key & _MASK]
        if self.budget[vcpu.index] < turn:
            turn = min(turn, self.bandwidth.take(vcpu))
            if not turn:  # the other vCPUs of its VM have left it nothing
                self.aside.add(vcpu.index)
                self.sim.withhold(vcpu)
                return None
        vcpu.slice_us = turn
        return vcpu

    def preempts(self, vcpu: VCpu, now: int) -> PCpu | None:
        """Take an idle pCPU; if there is none, the running ones may win fewer quanta than it seemed."""
        self.aside.discard(vcpu.index)
        key, keys, quantum, ends = self.key[vcpu.index], self.key, self.quantum_us, self.sim.ends
        if NEVER in ends or self.queue[0] != key:
            return self.idle_pcpu(vcpu)
        for pcpu in self.pcpus:
            if (v := pcpu.current) is not None:
                wins = (key - keys[v.index]) // (self.stride[v.index] << _INDEX) + 1
                if (until := v.charged + wins * quantum) < ends[pcpu.index]:
                    self.sim.shorten(pcpu, max(until, now + (v.charged - now) % quantum))
        return None

    def charge(self, vcpu: VCpu, ran_us: int, now: int) -> None:  # noqa: D102
        index = vcpu.index
        self.key[index] += self.stride[index] * ran_us // self.quantum_us << _INDEX
        self.budget[index] -= ran_us
        if self.budget[index] <= 0:
            self.bandwidth.charge(vcpu, 0)

    def credits(self) -> list[int]:
        """Return the virtual time of each vCPU; the least is next."""
        return [key >> _INDEX for key in self.key]
