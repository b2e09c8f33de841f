"""Linux's Completely Fair Scheduler, to kernel 6.5: the least virtual runtime is next.

Linux 6.5, kernel/sched/fair.c; Documentation/scheduler/sched-design-CFS.rst. Everybody in a queue is to run once in a
period (sched_latency), for its weight's part of it, and not less than a minimum. Who wakes is placed at most half a
period behind the others, so it gets the pCPU at once, but a long sleep earns no more than that.
"""

from typing import TYPE_CHECKING

from vmwidgets.model.schedulers.linux import NICE_0, UNIT, FairQueues
from vmwidgets.model.schedulers.machine import VCpu

if TYPE_CHECKING:
    from vmwidgets.model.scheduler import Simulation

LATENCY_US, MIN_GRANULARITY_US, WAKEUP_GRANULARITY_US = 6_000, 750, 1_000
"""sysctl_sched_latency, sysctl_sched_min_granularity and sysctl_sched_wakeup_granularity, for one CPU."""
NR_LATENCY = 8


class Cfs(FairQueues):
    """The Completely Fair Scheduler."""

    def start(self, sim: "Simulation") -> None:  # noqa: D102
        super().start(sim)
        self.left = list(self.home)
        self.least = [0] * len(sim.pcpus)  # min_vruntime: it never goes back

    def place(self, vcpu: VCpu, queue: int, woke: bool) -> None:
        """Put a vCPU no further behind than half a period if it slept (place_entity, GENTLE_FAIR_SLEEPERS)."""
        i, left = vcpu.index, self.left[vcpu.index]
        self._advance(queue)
        if left != queue:
            self._advance(left)
            self.time[i] += self.least[queue] - self.least[left]
        if woke:
            self.time[i] = max(self.time[i], self.least[queue] - LATENCY_US * self.factor * UNIT // 2)

    def forget(self, vcpu: VCpu, queue: int) -> None:
        """Remember in whose virtual time its own is."""
        self.left[vcpu.index] = queue

    def _advance(self, queue: int) -> None:
        times = [self.time[vcpu.index] for vcpu in self.competing(queue)]
        self.least[queue] = max(self.least[queue], min(times, default=0))

    def best(self, queue: int) -> VCpu:  # noqa: D102
        return min(self.queues[queue], key=lambda vcpu: self.time[vcpu.index])

    def in_order(self, queue: int) -> list[VCpu]:  # noqa: D102
        return sorted(self.queues[queue], key=lambda vcpu: self.time[vcpu.index])

    def turn(self, vcpu: VCpu, queue: int) -> int:
        """Return its part of the period (sched_slice)."""
        loads = [self.load[v.index] for v in self.queues[queue] if v is not vcpu]
        period = self.factor * max(LATENCY_US, MIN_GRANULARITY_US * (len(loads) + 1))
        load = self.load[vcpu.index]
        return max(period * load // (sum(loads) + load), MIN_GRANULARITY_US * self.factor)

    def overtakes(self, vcpu: VCpu, current: VCpu) -> bool:
        """Preempt if the running one is ahead by more than the wake-up granularity (wakeup_preempt_entity)."""
        ahead = self.time[current.index] - self.time[vcpu.index]
        return ahead > WAKEUP_GRANULARITY_US * self.factor * NICE_0 * UNIT // self.load[vcpu.index]
