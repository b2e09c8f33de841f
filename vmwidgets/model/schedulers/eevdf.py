"""Linux's EEVDF, from kernel 6.6: Earliest Eligible Virtual Deadline First.

Linux 6.6, kernel/sched/fair.c; Documentation/scheduler/sched-eevdf.rst; I. Stoica, H. Abdel-Wahab, 1995. The *lag* of a
vCPU is what it should have had less what it had. Who has a lag of 0 or more is eligible, and of these the earliest
virtual deadline is next: the virtual time at which its slice would be done. Who sleeps keeps its lag: it gains nothing
by a short sleep, and loses nothing. A debt is forgiven only as virtual time passes it (delayed dequeue, kernel 6.12).

Who wakes preempts if it would be picked now. But the running vCPU is protected as long as it is eligible and has not
used up the slice it was picked for (kernel/sched/features.h, RUN_TO_PARITY; pick_eevdf, check_preempt_wakeup_fair).
"""

from typing import TYPE_CHECKING

from vmwidgets.model.schedulers.linux import NICE_0, UNIT, FairQueues
from vmwidgets.model.schedulers.machine import PCpu, VCpu

if TYPE_CHECKING:
    from vmwidgets.model.scheduler import Simulation

BASE_SLICE_US = 750
"""sysctl_sched_base_slice, for one CPU."""


class Eevdf(FairQueues):
    """Earliest Eligible Virtual Deadline First; all ask for slices of the same length."""

    def start(self, sim: "Simulation") -> None:  # noqa: D102
        super().start(sim)
        n = len(sim.vcpus)
        self.deadline, self.lag = [0] * n, [0] * n
        self.granted = [0] * n  # the deadline each was picked for
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
        return self._earliest(self.queues[queue], queue)

    def in_order(self, queue: int) -> list[VCpu]:
        """Return the eligible by their deadlines, and the others by theirs after them."""
        now = self.virtual_time(queue)
        return sorted(self.queues[queue], key=lambda v: (self.time[v.index] > now, self.deadline[v.index]))

    def _earliest(self, rivals: list[VCpu], queue: int) -> VCpu:
        now = self.virtual_time(queue)
        eligible = [vcpu for vcpu in rivals if self.time[vcpu.index] <= now]
        return min(eligible or rivals, key=lambda vcpu: self.deadline[vcpu.index])

    def pick(self, pcpu: PCpu, now: int) -> VCpu | None:
        """Pick, and protect who comes until its deadline; who goes on has had that (set_next_entity)."""
        vcpu = super().pick(pcpu, now)
        if vcpu is not None and vcpu is not pcpu.current:
            self.granted[vcpu.index] = self.deadline[vcpu.index]
        return vcpu

    def overtakes(self, vcpu: VCpu, current: VCpu) -> bool:
        """Preempt if the running one is no longer protected, and the one that comes would be picked of all."""
        i, queue = current.index, self.home[vcpu.index]
        if self.granted[i] == self.deadline[i] and self.time[i] <= self.virtual_time(queue):
            return False
        return self._earliest(self.competing(queue), queue) is vcpu

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
