"""Virtual time with reservations: who has had less than its guarantee goes before all others.

A guarantee counts while a vCPU wants to run: idle time is not owed. What a VM gets beyond its guarantee by its weight
is not held against it later, but for one quantum.
"""

from heapq import heapify, heappush
from typing import TYPE_CHECKING

from vmwidgets.model.schedulers.machine import BLOCKED, PCpu, VCpu
from vmwidgets.model.schedulers.virtual_time import VirtualTime

if TYPE_CHECKING:
    from vmwidgets.model.scheduler import Simulation

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

    def wake(self, vcpu: VCpu, now: int) -> None:  # noqa: D102
        super().wake(vcpu, now)
        self.owed_at[vcpu.index] = now

    def charge(self, vcpu: VCpu, ran_us: int, now: int) -> None:  # noqa: D102
        super().charge(vcpu, ran_us, now)
        i = vcpu.index
        if self.rate[i]:
            self.owed[i] = max(self.owes(vcpu, now) - ran_us * _PPM, -self.quantum_us * _PPM)
            self.owed_at[i] = now

    def owes(self, vcpu: VCpu, now: int) -> int:
        """Return how much time a vCPU still has to get for its reservation, in millionths of a microsecond."""
        i = vcpu.index
        return self.owed[i] + (self.rate[i] * (now - self.owed_at[i]) if vcpu.state != BLOCKED else 0)

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

    def take(self, now: int, guest: int | None = None) -> VCpu | None:
        """Take the next vCPU whose cap allows it out of the queue for one quantum, of one VM or of all."""
        while (key := self.first(now, guest)) is not None:
            self.queue.remove(key)
            heapify(self.queue)
            if (new := self.allow(key, self.quantum_us)) is not None:
                return new
        return None
