"""Xen's credit2: virtual time with a short memory.

Xen, xen/common/sched/credit2.c and docs/features/sched_credit2.pandoc; the default since Xen 4.12. The vCPUs of up to
16 pCPUs share a queue ordered by credit. Credit burns while a vCPU runs, the slower the greater its weight. When even
the first of the queue has none left, all get 10 ms more (*reset*). No priority is boosted: who sleeps keeps its
credit, and 10.5 ms of credit is all the advantage a sleeper can have. A cap is a budget for each 10 ms.
"""

from typing import TYPE_CHECKING

from vmwidgets.model.errors import check_int
from vmwidgets.model.schedulers.bandwidth import Bandwidth
from vmwidgets.model.schedulers.base import Scheduler
from vmwidgets.model.schedulers.machine import BLOCKED, RUNNABLE, PCpu, VCpu

if TYPE_CHECKING:
    from vmwidgets.model.scheduler import Simulation

CREDIT_INIT_US = 10_000
CREDIT_MIN_US = -CREDIT_INIT_US
"""Who owes more than that needs more than one reset."""
MIN_TIMER_US, MAX_TIMER_US = 500, 10_000
CARRYOVER_MAX_US = MIN_TIMER_US
"""How much credit above the 10 ms outlives a reset (CSCHED2_CARRYOVER_MAX)."""
MIGRATE_RESIST_US = 500
"""Credit by which a vCPU of another pCPU has to be better (sched_credit2_migrate_resist)."""
MIGRATE_COMPENSATION_US = 50
"""Credit for a vCPU that changes its pCPU."""
BUDGET_PERIOD_US = 10_000


class Credit2(Scheduler):
    """Xen credit2, without moving vCPUs between queues: they are dealt to the queues once.

    Parameters
    ----------
    ratelimit_us
        For how long a vCPU runs before another can preempt it.
    pcpus_per_queue
        Size of a run queue.
    """

    default_weight = 256
    weight_per_vcpu = True

    def __init__(self, ratelimit_us: int = 1000, pcpus_per_queue: int = 16) -> None:
        self.ratelimit_us = check_int("ratelimit_us", ratelimit_us, 0, 500_000)
        self.pcpus_per_queue = check_int("pcpus_per_queue", pcpus_per_queue, 1, 256)

    def start(self, sim: "Simulation") -> None:  # noqa: D102
        super().start(sim)
        for guest, weight in zip(sim.guests, self.weights, strict=True):
            check_int(f"the weight of {guest.name}", weight, 1, 65_535)
        n, size = len(sim.vcpus), self.pcpus_per_queue
        count = -(-len(sim.pcpus) // size)
        self.queues: list[list[VCpu]] = [[] for _ in range(count)]
        self.queue_of = [vcpu.index % count for vcpu in sim.vcpus]
        self.members = [[v for v in sim.vcpus if v.index % count == q] for q in range(count)]
        self.most = [max((self.weights[v.guest_index] for v in members), default=1) for members in self.members]
        self.credit, self.rest = [CREDIT_INIT_US] * n, [0] * n
        self.bandwidth = Bandwidth(sim, BUDGET_PERIOD_US, MIN_TIMER_US)

    def queue_for(self, pcpu: PCpu) -> list[VCpu]:
        """Return the run queue of a pCPU."""
        return self.queues[pcpu.index // self.pcpus_per_queue]

    def charge(self, vcpu: VCpu, ran_us: int, now: int) -> None:
        """Burn credit at the rate of the greatest weight over one's own, and keep the remainder (t2c_update)."""
        i = vcpu.index
        burnt, self.rest[i] = divmod(
            ran_us * self.most[self.queue_of[i]] + self.rest[i], self.weights[vcpu.guest_index]
        )
        self.credit[i] -= burnt
        self.bandwidth.charge(vcpu, ran_us)

    def put(self, vcpu: VCpu, now: int) -> None:
        """Queue by credit, behind equals."""
        queue, credit = self.queues[self.queue_of[vcpu.index]], self.credit
        at = len(queue)
        while at and credit[queue[at - 1].index] < credit[vcpu.index]:
            at -= 1
        queue.insert(at, vcpu)

    def leave(self, vcpu: VCpu, now: int) -> None:  # noqa: D102
        self.bandwidth.give_back(vcpu)
        if vcpu.state == RUNNABLE:
            self.queues[self.queue_of[vcpu.index]].remove(vcpu)

    def pick(self, pcpu: PCpu, now: int) -> VCpu | None:  # noqa: D102
        queue = self.queue_for(pcpu)
        return self._take(queue[0], pcpu, now) if queue else None

    def run_queues(self, now: int) -> list[tuple[range, list[VCpu]]]:
        """Return each queue by credit; who ran on the pCPU that chooses may go before one with little more credit."""
        size, pcpus = self.pcpus_per_queue, range(len(self.pcpus))
        return [
            (pcpus[place * size : (place + 1) * size], sorted(queue, key=self.bandwidth.refuses))
            for place, queue in enumerate(self.queues)
        ]

    def replace(self, vcpu: VCpu, pcpu: PCpu, now: int) -> VCpu | None:
        """Go on with the present vCPU within its rate limit, or if nobody has more credit (runq_candidate)."""
        if now - vcpu.since < self.ratelimit_us:
            vcpu.slice_us = vcpu.since + self.ratelimit_us - now
            return vcpu
        best = vcpu
        for other in self.queue_for(pcpu):
            resist = 0 if other.pcpu is pcpu else MIGRATE_RESIST_US
            if self.credit[other.index] > self.credit[vcpu.index] + resist:
                best = other
                break
        self.put(vcpu, now)
        return self._take(best, pcpu, now)

    def _take(self, vcpu: VCpu, pcpu: PCpu, now: int) -> VCpu | None:
        queue, credit = self.queue_for(pcpu), self.credit
        queue.remove(vcpu)
        allowed = self.bandwidth.take(vcpu)
        if not allowed:
            self.sim.withhold(vcpu)
            return self.pick(pcpu, now)
        if vcpu.pcpu is not pcpu and vcpu.pcpu is not None:
            credit[vcpu.index] += MIGRATE_COMPENSATION_US
        if credit[vcpu.index] <= 0:
            self._reset(vcpu, now)
        # Run until the credit is used up, or as low as that of the next who has some (csched2_runtime).
        ahead = credit[vcpu.index]
        if queue and credit[queue[0].index] > 0:
            ahead -= credit[queue[0].index]
        most = self.most[self.queue_of[vcpu.index]]
        turn = min(ahead * self.weights[vcpu.guest_index] // most, MAX_TIMER_US)
        vcpu.slice_us = min(max(turn, MIN_TIMER_US, self.ratelimit_us), allowed)
        return vcpu

    def _reset(self, first: VCpu, now: int) -> None:
        """Give all 10 ms more, as often as the first needs it to have some, up to 10.5 ms in all (reset_credit)."""
        owed = -self.credit[first.index]
        times = 1 + (owed // CREDIT_INIT_US if owed > -CREDIT_MIN_US else 0)
        queue = self.queue_of[first.index]
        for vcpu in self.members[queue]:
            pcpu = vcpu.pcpu
            if pcpu is not None and pcpu.current is vcpu:
                self.sim.account(vcpu)
            i = vcpu.index
            self.credit[i] = min(self.credit[i] + times * CREDIT_INIT_US, CREDIT_INIT_US + CARRYOVER_MAX_US)
        self.queues[queue].sort(key=lambda v: -self.credit[v.index])

    def preempts(self, vcpu: VCpu, now: int) -> PCpu | None:
        """Tickle an idle pCPU, or that with the least credit if it is less (runq_tickle)."""
        queue, size = self.queue_of[vcpu.index], self.pcpus_per_queue
        pcpus = self.pcpus[queue * size : (queue + 1) * size]
        idle = [p for p in pcpus if p.current is None and self.sim.ends[p.index] > now]
        if idle:
            return vcpu.pcpu if vcpu.pcpu in idle else idle[0]
        worst, least = None, self.credit[vcpu.index]
        for pcpu in pcpus:
            if (current := pcpu.current) is None:
                continue
            self.sim.account(current)
            credit = self.credit[current.index] + (0 if vcpu.pcpu is pcpu else MIGRATE_RESIST_US)
            if credit < least and current.state != BLOCKED:
                worst, least = pcpu, credit
        if worst is not None and worst.current is not None:
            self.sim.shorten(worst, max(now, worst.current.since + self.ratelimit_us))
        return None

    def credits(self) -> list[int]:
        """Return the credit of each vCPU: microseconds at the greatest weight."""
        return list(self.credit)
