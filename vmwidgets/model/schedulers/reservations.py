"""Virtual time with reservations: who has had less than its guarantee goes before all others.

What a VM does not use of its guarantee while it sleeps is kept for one period of the caps, so that one that sleeps and
works in turn has it too. What a VM gets beyond its guarantee by its weight is not held against it later, but for one
quantum.

A vCPU that wakes and is owed time preempts one that is not, and one that is as soon as it is owed
:data:`GRANULARITY_US` more. Any other that is next preempts once the running one is so far ahead of it. It is as far
behind the rest as it was when it went to sleep, or a quantum of its own: so neither short sleeps nor long ones change
its share. How ESX and Hyper-V treat a vCPU that wakes is not published; period, granularity and quantum are
assumptions, so that shares can be read from this model, and wake-up latencies cannot.
"""

from heapq import heapify, heappush
from typing import TYPE_CHECKING

from vmwidgets.model.schedulers.machine import BLOCKED, RUNNING, PCpu, VCpu
from vmwidgets.model.schedulers.virtual_time import VirtualTime

if TYPE_CHECKING:
    from vmwidgets.model.scheduler import Simulation

GRANULARITY_US = 1_000
"""How far the running vCPU has to be ahead of one that wakes, in its own time, to be preempted. An assumption."""
_PPM = 10**6


class Reserving(VirtualTime):
    """Weighted fair queueing with reservations; those of a VM are divided evenly among its vCPUs."""

    def start(self, sim: "Simulation") -> None:  # noqa: D102
        super().start(sim)
        self.check_reservations()
        self.rate = [v.guest.reservation_permille * 1000 // len(v.guest.programs) for v in sim.vcpus]
        self.owed = [0] * len(sim.vcpus)  # millionths of a microsecond
        self.owed_at = [0] * len(sim.vcpus)
        self.reserved = tuple(vcpu for vcpu in sim.vcpus if self.rate[vcpu.index])

    def floor(self, now: int) -> int | None:
        """Return the least key of those that are awake; a cap keeps a VM behind the others, so those do not count."""
        awake = [v for v in self.vcpus if v.state != BLOCKED and not self.capped[v.index]]
        return min((self.key_at(v, now) for v in awake if v.state != RUNNING or v.done_at > now), default=None)

    def leave(self, vcpu: VCpu, now: int) -> None:  # noqa: D102
        super().leave(vcpu, now)
        if not vcpu.left:
            i, floor = vcpu.index, self.floor(now)
            lag = 0 if floor is None else floor - self.key[i]
            self.behind[i] = max(lag, self.stride[i] * self.quantum_us)

    def charge(self, vcpu: VCpu, ran_us: int, now: int) -> None:  # noqa: D102
        super().charge(vcpu, ran_us, now)
        i = vcpu.index
        if self.rate[i]:
            self.owed[i] = max(self.owes(vcpu, now) - ran_us * _PPM, -self.quantum_us * _PPM)
            self.owed_at[i] = now

    def owes(self, vcpu: VCpu, now: int) -> int:
        """Return how much time a vCPU still has to get for its reservation, in millionths of a microsecond."""
        i, ran = vcpu.index, now - vcpu.charged if vcpu.state == RUNNING else 0
        owed = self.owed[i] + self.rate[i] * (now - self.owed_at[i])
        return min(owed, self.rate[i] * self.period_us) - ran * _PPM

    def preempts(self, vcpu: VCpu, now: int) -> PCpu | None:
        """Take an idle pCPU, or that of the least urgent, at once or when it is far enough ahead."""
        idle, key, ends = super().preempts(vcpu, now), self.key[vcpu.index], self.sim.ends
        if idle is not None or self.first(now) != key:
            return idle
        running = [
            (-max(0, self.owes(v, now)), self.key_at(v, now), pcpu, v)
            for pcpu in self.pcpus
            if (v := pcpu.current) is not None and ends[pcpu.index] > now
        ]
        if not running:
            return None
        owed, most, pcpu, current = max(running, key=lambda one: one[:2])
        owes = self.owes(vcpu, now)
        if owed:  # both are: until the one that woke is owed more, by as much as counts
            missing = max(0, GRANULARITY_US * _PPM - owes - owed)
            closing = max(1, _PPM + self.rate[vcpu.index] - self.rate[current.index])
            self.sim.shorten(pcpu, now - -missing // closing)
        elif owes > 0:
            return pcpu
        else:
            self.sim.shorten(pcpu, now + (key - most) // self.stride[current.index] + GRANULARITY_US)
        return None

    def replace(self, vcpu: VCpu | None, pcpu: PCpu, now: int) -> VCpu | None:
        """Take the one that is owed most, if any; else the first."""
        if not self.reserved:
            return super().replace(vcpu, pcpu, now)
        if vcpu is not None:
            heappush(self.queue, self.key[vcpu.index])
        return self.take(now)

    def first(self, now: int, guest: int | None = None) -> int | None:
        """Return the key of the waiting vCPU that is next, of one VM or of all: who is owed most, else the first."""
        keys = (
            self.queue if guest is None else [k for k in self.queue if self.vcpus[k & self.mask].guest_index == guest]
        )
        owed = [v for v in self.reserved if self.key[v.index] in keys and self.owes(v, now) > 0]
        return self.key[max(owed, key=lambda v: self.owes(v, now)).index] if owed else min(keys, default=None)

    def in_order(self, now: int) -> list[VCpu]:  # noqa: D102
        waiting = super().in_order(now)
        owed = [v for v in self.reserved if v in waiting and self.owes(v, now) > 0]
        owed.sort(key=lambda v: -self.owes(v, now))
        return owed + [v for v in waiting if v not in owed]

    def take(self, now: int, guest: int | None = None) -> VCpu | None:
        """Take the next vCPU whose cap allows it out of the queue for one quantum, of one VM or of all."""
        while (key := self.first(now, guest)) is not None:
            self.queue.remove(key)
            heapify(self.queue)
            if (new := self.allow(key, self.quantum_us)) is not None:
                return new
        return None
