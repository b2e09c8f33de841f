"""Linux's EEVDF, from kernel 6.6: Earliest Eligible Virtual Deadline First.

Linux 6.6, kernel/sched/fair.c; Documentation/scheduler/sched-eevdf.rst; I. Stoica, H. Abdel-Wahab, 1995. The *lag* of a
vCPU is what it should have had less what it had. Who has a lag of 0 or more is eligible, and of these the earliest
virtual deadline is next: the virtual time at which its slice would be done. Who sleeps keeps its lag: it gains nothing
by a short sleep, and loses nothing. A debt is forgiven only as virtual time passes it (delayed dequeue, kernel 6.12).
"""

from typing import TYPE_CHECKING

from vmwidgets.model.schedulers.linux import NICE_0, UNIT, FairQueues
from vmwidgets.model.schedulers.machine import VCpu

if TYPE_CHECKING:
    from vmwidgets.model.scheduler import Simulation

BASE_SLICE_US = 750
"""sysctl_sched_base_slice, for one CPU."""


class Eevdf(FairQueues):
    """Earliest Eligible Virtual Deadline First. A waking vCPU does not preempt: a slice is run to its end
    (RUN_TO_PARITY)."""

    def start(self, sim: "Simulation") -> None:  # noqa: D102
        super().start(sim)
        n = len(sim.vcpus)
        self.deadline, self.lag = [0] * n, [0] * n
        self.zero = [0] * len(sim.pcpus)  # the last virtual time of each queue
        self.left_at = [0] * n

    def virtual_time(self, queue: int) -> int:
        """Return the weighted average of the virtual runtimes in a queue (avg_vruntime)."""
        rivals = self.competing(queue)
        if rivals:
            base = self.time[rivals[0].index]
            load = sum(self.load[vcpu.index] for vcpu in rivals)
            ahead = sum((self.time[vcpu.index] - base) * self.load[vcpu.index] for vcpu in rivals)
            self.zero[queue] = base + ahead // load
        return self.zero[queue]

    def place(self, vcpu: VCpu, queue: int, woke: bool) -> None:
        """Set it where its lag puts it; as its coming moves the average, the lag counts for more (place_entity)."""
        i, now = vcpu.index, self.virtual_time(queue)
        others = sum(self.load[v.index] for v in self.competing(queue) if v is not vcpu)
        lag = self.lag[i]
        if lag < 0:  # it has been paying off since
            lag = min(0, lag + max(0, now - self.left_at[i])) if woke else lag
        if others:
            lag = lag * (others + self.load[i]) // others
        self.time[i] = now - lag
        self.deadline[i] = self.time[i] + self._slice(vcpu)

    def forget(self, vcpu: VCpu, queue: int) -> None:
        """Keep the lag, of two slices at most (update_entity_lag)."""
        i, now, most = vcpu.index, self.virtual_time(queue), 2 * max(self._slice(vcpu), self.tick_us * UNIT)
        self.lag[i] = min(max(now - self.time[i], -most), most)
        self.left_at[i] = now

    def _slice(self, vcpu: VCpu) -> int:
        return BASE_SLICE_US * self.factor * NICE_0 * UNIT // self.load[vcpu.index]

    def best(self, queue: int) -> VCpu:
        """Return the earliest deadline among the eligible (pick_eevdf)."""
        now, waiting = self.virtual_time(queue), self.queues[queue]
        eligible = [vcpu for vcpu in waiting if self.time[vcpu.index] <= now]
        return min(eligible or waiting, key=lambda vcpu: self.deadline[vcpu.index])

    def turn(self, vcpu: VCpu, queue: int) -> int:
        """Return the time to its deadline."""
        ahead = self.deadline[vcpu.index] - self.time[vcpu.index]
        return max(1, -(-ahead * self.load[vcpu.index] // (NICE_0 * UNIT)))

    def charge(self, vcpu: VCpu, ran_us: int, now: int) -> None:
        """Whoever reaches its deadline asks for another slice (update_deadline)."""
        super().charge(vcpu, ran_us, now)
        i = vcpu.index
        if self.time[i] >= self.deadline[i]:
            self.deadline[i] = self.time[i] + self._slice(vcpu)
