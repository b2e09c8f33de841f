"""Xen's credit scheduler: credits are paid out by weight every 30 ms, and running uses them up.

Xen, xen/common/sched/credit.c. Each pCPU has a queue ordered by priority only: BOOST for a vCPU that wakes with credit
left, UNDER for one that has credit, OVER for one that has not. An idle pCPU, or one that has only OVER work, takes
better work from the others. 300 credits are what a vCPU can use in a period of 30 ms.

Credits are taken in one of three ways; the first is that before commit 78c9b2a6 (2009, "Accurate accounting for credit
scheduler"), the others come after it:

``sampled``
    Each tick of 10 ms takes 100 credits from whoever runs at that instant; credit above 300 is lost. A weight is that
    of the whole domain (xen/common/sched_credit.c of those years: the total grows by the weight of a domain, once, when
    its first vCPU becomes active).
``precise``
    10 credits a millisecond by time stamps; credit above 300 is halved. An idealisation, what the repair was meant to
    be: whoever runs becomes active, so that its priority follows from what it has used. Also called ``exact``.
``xen_today``
    The same, as credit.c has it: a vCPU becomes *active* only when a tick finds it running (csched_unit_acct), and the
    accounting sets the priority of active vCPUs alone. Who sleeps through every tick is debited and never put OVER.
    With a rate limit of 1 ms a thief that runs more than 9 ms of each tick is late, and found by the next one; a
    shorter run still steals all it takes.

Shares follow the weights with short slices. A slice of 30 ms is all the credit of a period: a debt beyond it is
forgiven, OVER vCPUs take turns whatever their weights, and one that waits until it has more than 300 credits is taken
for one that does not need them. So a heavy guest beside several light ones gets far less than its share.
"""

from typing import TYPE_CHECKING

from vmwidgets.model.errors import VmwidgetsError, check_int
from vmwidgets.model.guest_threads import LONGEST_US
from vmwidgets.model.schedulers.base import Scheduler
from vmwidgets.model.schedulers.machine import PARKED, RUNNABLE, PCpu, VCpu

if TYPE_CHECKING:
    from vmwidgets.model.scheduler import Simulation

BOOST, UNDER, OVER, IDLE = 0, -1, -2, -64
TICK_US, TICKS_PER_PERIOD = 10_000, 3
CREDITS_PER_TICK = 100
US_PER_CREDIT = TICK_US // CREDITS_PER_TICK
ACCOUNTING = ("sampled", "precise", "xen_today")
ALIASES = {"exact": "precise"}


class Credit(Scheduler):
    """Xen credit1. A weight counts for each active vCPU, and before 2009 for the domain; a cap is of the VM.

    Parameters
    ----------
    accounting
        One of :data:`ACCOUNTING`, see above, or of :data:`ALIASES`.
    slice_us, ratelimit_us
        Time slice, and for how long a vCPU runs before another can preempt it (30 ms; 1 ms, and none before 2012). The
        accounting period is 30 ms whatever the slice: an assumption, in Xen it follows the slice.
    """

    default_weight = 256

    def __init__(self, accounting: str = "precise", slice_us: int = 30_000, ratelimit_us: int | None = None) -> None:
        accounting = ALIASES.get(accounting, accounting)
        if accounting not in ACCOUNTING:
            raise VmwidgetsError(
                "accounting is {kind}, expected one of {known}",
                kind=repr(accounting)[:60],
                known=", ".join((*ACCOUNTING, *ALIASES)),
            )
        self.sampled, self.active_by_use = accounting == "sampled", accounting == "precise"
        self.weight_per_vcpu = not self.sampled
        self.slice_us = check_int("slice_us", slice_us, 1000, 1_000_000)
        if ratelimit_us is None:
            ratelimit_us = 0 if self.sampled else 1000
        self.ratelimit_us = check_int("ratelimit_us", ratelimit_us, 0, slice_us)

    def start(self, sim: "Simulation") -> None:  # noqa: D102
        super().start(sim)
        n = len(sim.vcpus)
        for guest, weight in zip(sim.guests, self.weights, strict=True):
            check_int(f"the weight of {guest.name}", weight, 1, 65_535)
        self.credit, self.rest = [0] * n, [0] * n  # credits, and microseconds that are not a whole credit yet
        self.priority = [UNDER] * n
        self.active: list[list[VCpu]] = [[] for _ in sim.guests]
        self.order = list(range(len(sim.guests)))  # in which domains are paid
        self.balance = 0
        self.began = [0] * n  # when each began the first of the slices it has in a row
        self.queues: list[list[VCpu]] = [[] for _ in sim.pcpus]
        self.home = [vcpu.index % len(sim.pcpus) for vcpu in sim.vcpus]
        sim.every(TICK_US, self.tick)
        sim.every(TICK_US * TICKS_PER_PERIOD, self.account)

    # Credits

    def charge(self, vcpu: VCpu, ran_us: int, now: int) -> None:
        """Burn credits by time stamps, in whole credits (burn_credits); what is over is burnt next time."""
        if not self.sampled:
            i, us = vcpu.index, self.rest[vcpu.index] + ran_us
            self.credit[i] -= us // US_PER_CREDIT
            self.rest[i] = us % US_PER_CREDIT
        if self.active_by_use:
            self.activate(vcpu)

    def activate(self, vcpu: VCpu) -> None:
        """From now on it earns credits, and its priority follows from them."""
        members = self.active[vcpu.guest_index]
        if vcpu not in members:
            members.append(vcpu)

    def tick(self, now: int) -> None:
        """Every 10 ms: whoever runs is no longer boosted, and is active (csched_vcpu_acct)."""
        for pcpu in self.pcpus:
            if (vcpu := pcpu.current) is None:
                continue
            if self.priority[vcpu.index] == BOOST:
                self.priority[vcpu.index] = UNDER
                self.end_slice(pcpu, now)
            if self.sampled:
                self.credit[vcpu.index] -= CREDITS_PER_TICK
            self.activate(vcpu)

    def account(self, now: int) -> None:
        """Every 30 ms: pay out credits by weight, up to each domain's peak, and set priorities (csched_acct)."""
        for pcpu in self.pcpus:
            if pcpu.current is not None:
                self.sim.account(pcpu.current)
        period = CREDITS_PER_TICK * TICKS_PER_PERIOD
        active, each = self.active, self.weight_per_vcpu
        domains = [(g, self.weights[g] * (len(active[g]) if each else 1)) for g in self.order if active[g]]
        weights = left = sum(weight for _, weight in domains)
        total = period * len(self.pcpus) - min(0, self.balance)
        debt, self.balance, has_extra = min(0, self.balance), 0, False
        for g, weight in domains:
            members = self.active[g]
            count, cap = len(members), self.sim.guests[g].cap_permille
            left -= weight
            peak = count * period + -(debt * weight // weights)
            limit = -(-cap * period // 1000)
            if cap:
                peak = min(peak, limit)
            fair = -(-total * weight // weights)
            if fair < peak:
                has_extra = True
            else:
                if left:  # the others may use what this one cannot
                    total += -(-(fair - peak) * weights // left)
                if has_extra:  # it comes first next time, so that those before it get its surplus then
                    self.order.remove(g)
                    self.order.insert(0, g)
                fair = peak
            for vcpu in tuple(members):
                self._pay(vcpu, -(-fair // count), -(-limit // count) if cap else None)
        priority = self.priority
        for queue in self.queues:
            if len(queue) > 1:
                queue.sort(key=lambda vcpu: priority[vcpu.index] == OVER)
        for pcpu in self.pcpus:
            self.end_slice(pcpu, now)

    def _pay(self, vcpu: VCpu, pay: int, limit: int | None) -> None:
        i, most = vcpu.index, CREDITS_PER_TICK * TICKS_PER_PERIOD
        self.credit[i] += pay
        if self.credit[i] < 0:
            self.priority[i] = OVER
            if limit is not None and self.credit[i] < -limit and vcpu.held is None:
                self.sim.hold(vcpu, PARKED)
            self.credit[i] = max(self.credit[i], -most)
        else:
            self.priority[i] = UNDER
            if vcpu.held is not None:
                self.sim.release(vcpu)
            if self.credit[i] > most:  # it does not use what it gets: it gets none until it runs again
                self.active[vcpu.guest_index].remove(vcpu)
                self.credit[i] = 0 if self.sampled else self.credit[i] // 2
        self.balance += self.credit[i]

    # The queues

    def wake(self, vcpu: VCpu, now: int) -> None:
        """Who sleeps and still has credit is important when it wakes."""
        if self.priority[vcpu.index] == UNDER and vcpu.held is None:
            self.priority[vcpu.index] = BOOST

    def put(self, vcpu: VCpu, now: int) -> None:
        """Queue behind all of the same priority."""
        i, priority = vcpu.index, self.priority
        if vcpu.pcpu is not None:
            self.home[i] = vcpu.pcpu.index
        queue, mine = self.queues[self.home[i]], priority[i]
        at = len(queue)
        while at and priority[queue[at - 1].index] < mine:
            at -= 1
        queue.insert(at, vcpu)

    def leave(self, vcpu: VCpu, now: int) -> None:  # noqa: D102
        if vcpu.state == RUNNABLE:
            self.queues[self.home[vcpu.index]].remove(vcpu)

    def replace(self, vcpu: VCpu, pcpu: PCpu, now: int) -> VCpu | None:
        """Whoever runs less than the rate limit goes on (csched_schedule)."""
        if now - vcpu.since < self.ratelimit_us:
            vcpu.slice_us = vcpu.since + self.ratelimit_us - now
            return vcpu
        self.put(vcpu, now)
        new = self.pick(pcpu, now)
        if new is not vcpu and self.priority[vcpu.index] > OVER:
            self.announce(vcpu, now)
        return new

    def pick(self, pcpu: PCpu, now: int) -> VCpu | None:
        """Take the first of the queue; if it is OVER, something better of another pCPU (csched_load_balance).

        If it would win the next slices too, it has them all at once, until somebody comes who changes that.
        """
        own, priority = self.queues[pcpu.index], self.priority
        best = priority[own[0].index] if own else IDLE
        queue = own if best > OVER else self._better(pcpu, best)
        if not queue:
            return None
        vcpu = queue.pop(0)
        mine, self.began[vcpu.index] = priority[vcpu.index], now
        if own:  # the first is not always the best: BOOST may wait behind one that was boosted too, until it was paid
            goes_on = priority[own[0].index] < mine and all(priority[v.index] < mine for v in own)
        else:
            goes_on = mine > OVER or not self._better(pcpu, OVER)
        vcpu.slice_us = LONGEST_US if goes_on else self.slice_us
        return vcpu

    def run_queues(self, now: int) -> list[tuple[range, list[VCpu]]]:
        """Return the queue of each pCPU; one that has nothing better than OVER takes its next from another."""
        return [(range(place, place + 1), list(queue)) for place, queue in enumerate(self.queues)]

    def _better(self, pcpu: PCpu, than: int) -> list[VCpu]:
        """Return the queue of another pCPU that has something better, the nearest one; else its own."""
        n, queues, priority = len(self.pcpus), self.queues, self.priority
        for step in range(1, n):
            if (queue := queues[(pcpu.index + step) % n]) and priority[queue[0].index] > than:
                return queue
        return queues[pcpu.index]

    def end_slice(self, pcpu: PCpu, now: int) -> None:
        """Have a pCPU choose anew when the slice is over that its vCPU is in."""
        if pcpu.turn_ends > now + self.slice_us and pcpu.current is not None:
            ran = now - self.began[pcpu.current.index]
            self.sim.shorten(pcpu, now + (-ran % self.slice_us if ran else self.slice_us))

    def announce(self, vcpu: VCpu, now: int) -> None:
        """Tell the pCPUs that will rather take a vCPU that waits now than go on."""
        priority, latest = self.priority, now + self.slice_us
        mine, home = priority[vcpu.index], self.home[vcpu.index]
        for pcpu in self.pcpus:
            if pcpu.turn_ends > latest and (current := pcpu.current) is not None:
                its = priority[current.index]
                if its == OVER < mine or (pcpu.index == home and its <= mine):
                    self.end_slice(pcpu, now)

    def preempts(self, vcpu: VCpu, now: int) -> PCpu | None:
        """Tickle the pCPU of the queue if it does something less important, else an idle one (__runq_tickle)."""
        home = self.pcpus[self.home[vcpu.index]]
        current = home.current
        self.announce(vcpu, now)
        if current is None and self.sim.ends[home.index] > now:
            return home
        if current is not None and self.priority[vcpu.index] > self.priority[current.index]:
            self.sim.shorten(home, max(now, current.since + self.ratelimit_us))
        return self.idle_pcpu(vcpu)

    def credits(self) -> list[int]:
        """Return the credits of each vCPU."""
        return list(self.credit)
