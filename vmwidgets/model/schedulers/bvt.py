"""Borrowed Virtual Time: fair shares, and for some guests the right to run now and pay later.

K. J. Duda, D. R. Cheriton, Borrowed-Virtual-Time (BVT) Scheduling, SOSP 1999; the first CPU scheduler of Xen (P. Barham
et al., SOSP 2003, Section 3.3.1). Each vCPU has an *actual virtual time* that advances with its running time over its
weight. Its *effective* virtual time is that minus its *warp*, and the least effective one runs. So a warped guest that
wakes preempts the others, yet its long-run share stays the same.

Who wakes starts from the *scheduler virtual time*, the least of those that want to run, if its own is less: so a guest
that sleeps often loses what it was owed when it went to sleep, and gets less than its share.
"""

from bisect import insort
from collections.abc import Mapping
from typing import TYPE_CHECKING

from vmwidgets.model.guest_threads import LONGEST_US
from vmwidgets.model.schedulers.base import Scheduler
from vmwidgets.model.schedulers.machine import RUNNABLE, PCpu, VCpu

if TYPE_CHECKING:
    from vmwidgets.model.scheduler import Simulation

_SCALE = 2**40
"""Virtual time of a microsecond at weight 1: so much that a division by a weight loses nothing to speak of."""


class Bvt(Scheduler):
    """Borrowed Virtual Time, without the limits on how long a guest may stay warped.

    Parameters
    ----------
    context_switch_us
        The context switch allowance C: how far a vCPU may run ahead of the next one before it is stopped. 5 ms is the
        time slice of the first Xen (same paper, Section 4.5).
    warp_us
        How much a guest may borrow, by its name: real time at weight 1.
    """

    default_weight = 10

    def __init__(self, context_switch_us: int = 5_000, warp_us: Mapping[str, int] | None = None) -> None:
        self.context_switch_us, self.warp_us = context_switch_us, dict(warp_us or {})

    def start(self, sim: "Simulation") -> None:  # noqa: D102
        super().start(sim)
        self.time = [0] * len(sim.vcpus)
        self.stride = [_SCALE * len(v.guest.programs) // self.weights[v.guest_index] for v in sim.vcpus]
        self.warp = [self.warp_us.get(v.guest.name, 0) * _SCALE for v in sim.vcpus]
        self.queue: list[tuple[int, int]] = []  # effective virtual time, index

    def effective(self, vcpu: VCpu) -> int:
        """Return the effective virtual time of a vCPU."""
        return self.time[vcpu.index] - self.warp[vcpu.index]

    def wake(self, vcpu: VCpu, now: int) -> None:
        """A sleeper does not collect time: it starts from the scheduler virtual time, the least of those awake."""
        awake = [self.time[index] for _, index in self.queue]
        for pcpu in self.pcpus:
            if pcpu.current is not None:
                self.sim.account(pcpu.current)
                awake.append(self.time[pcpu.current.index])
        self.time[vcpu.index] = max(self.time[vcpu.index], min(awake, default=0))

    def put(self, vcpu: VCpu, now: int) -> None:  # noqa: D102
        insort(self.queue, (self.effective(vcpu), vcpu.index))

    def leave(self, vcpu: VCpu, now: int) -> None:  # noqa: D102
        if vcpu.state == RUNNABLE:
            self.queue.remove((self.effective(vcpu), vcpu.index))

    def pick(self, pcpu: PCpu, now: int) -> VCpu | None:  # noqa: D102
        if not self.queue:
            return None
        vcpu = self.vcpus[self.queue.pop(0)[1]]
        vcpu.slice_us = self.turn(vcpu, self.queue[0][0]) if self.queue else LONGEST_US
        return vcpu

    def run_queues(self, now: int) -> list[tuple[range, list[VCpu]]]:  # noqa: D102
        return [(range(len(self.pcpus)), [self.vcpus[index] for _, index in self.queue])]

    def turn(self, vcpu: VCpu, other: int) -> int:
        """Return for how long a vCPU may run until it is ahead of another by the context switch allowance."""
        lead = max(0, other - self.effective(vcpu))
        return lead // self.stride[vcpu.index] + self.context_switch_us

    def preempts(self, vcpu: VCpu, now: int) -> PCpu | None:
        """Preempt the vCPU with the greatest effective virtual time, if it is greater."""
        running = [(self.effective(pcpu.current), -pcpu.index) for pcpu in self.pcpus if pcpu.current is not None]
        if len(running) < len(self.pcpus):
            return self.idle_pcpu(vcpu)
        most, place = max(running)
        if most > self.effective(vcpu):
            return self.pcpus[-place]
        for pcpu in self.pcpus:
            if pcpu.current is not None:
                self.sim.shorten(pcpu, pcpu.current.charged + self.turn(pcpu.current, self.queue[0][0]))
        return None

    def charge(self, vcpu: VCpu, ran_us: int, now: int) -> None:  # noqa: D102
        self.time[vcpu.index] += self.stride[vcpu.index] * ran_us

    def credits(self) -> list[int]:
        """Return the actual virtual time of each vCPU, in microseconds at weight 1."""
        return [time // _SCALE for time in self.time]
