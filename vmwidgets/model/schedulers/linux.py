"""What Linux's two fair schedulers have in common: a queue for each pCPU, weights, quotas, ticks and balancing.

Linux, kernel/sched/fair.c and kernel/sched/core.c. A VM is a cgroup with ``cpu.weight`` and ``cpu.max``; its vCPUs are
threads. CFS (to 6.5) and EEVDF (from 6.6) say who is next in a queue and for how long; both look at it on ticks only.

Simplified: the weight of a cgroup is divided evenly among its vCPUs, whether they run or not; the kernel divides it by
load. A pCPU that falls idle takes a waiting vCPU from the fullest queue, and every so often one is moved from the
fullest queue to the emptiest.
"""

from typing import TYPE_CHECKING

from vmwidgets.model.errors import check_int
from vmwidgets.model.guest_threads import LONGEST_US
from vmwidgets.model.schedulers.bandwidth import Bandwidth
from vmwidgets.model.schedulers.base import Scheduler
from vmwidgets.model.schedulers.machine import RUNNABLE, PCpu, VCpu

if TYPE_CHECKING:
    from vmwidgets.model.scheduler import Simulation

NICE_0 = 1024
NICE_WEIGHTS = (
    88761, 71755, 56483, 46273, 36291, 29154, 23254, 18705, 14949, 11916,
    9548, 7620, 6100, 4904, 3906, 3121, 2501, 1991, 1586, 1277,
    1024, 820, 655, 526, 423, 335, 272, 215, 172, 137,
    110, 87, 70, 56, 45, 36, 29, 23, 18, 15,
)  # fmt: skip
"""Load weight of the nice values -20 to 19 (sched_prio_to_weight)."""
QUOTA_PERIOD_US, QUOTA_SLICE_US = 100_000, 5_000
"""Default period of cpu.max (cgroup-v2.rst), and what a CPU takes of a quota at once (sched_cfs_bandwidth_slice_us)."""
UNIT = 2**10
"""Virtual runtime of a microsecond at nice 0."""


def nice_weight(nice: int) -> int:
    """Return the load weight of a nice value, -20 to 19."""
    return NICE_WEIGHTS[check_int("nice", nice, -20, 19) + 20]


class FairQueues(Scheduler):
    """A run queue for each pCPU.

    Parameters
    ----------
    hz
        Ticks a second (CONFIG_HZ): 250 in the kernels of Debian and Ubuntu, 1000 in Fedora's.
    tunables_scale
        The kernel multiplies its time constants by 1 + log2(number of CPUs), 8 CPUs at most
        (get_update_sysctl_factor); by default that of the simulated machine.
    """

    default_weight = 100

    def __init__(self, hz: int = 250, tunables_scale: int | None = None) -> None:
        self.tick_us = 1_000_000 // check_int("hz", hz, 100, 1000)
        self.scale = tunables_scale

    def start(self, sim: "Simulation") -> None:  # noqa: D102
        super().start(sim)
        self.factor = self.scale or min(len(sim.pcpus), 8).bit_length()
        self.load = self.loads()
        self.time = [0] * len(sim.vcpus)  # virtual runtime
        self.queues: list[list[VCpu]] = [[] for _ in sim.pcpus]
        self.home = [vcpu.index % len(sim.pcpus) for vcpu in sim.vcpus]
        self.enqueued = [False] * len(sim.vcpus)  # among those that compete on its pCPU, the running one included
        self.moved_at = [0] * len(sim.vcpus)
        self.bandwidth = Bandwidth(sim, QUOTA_PERIOD_US, QUOTA_SLICE_US)
        self.balance_us = 16_000 * len(sim.pcpus) - self.tick_us
        if len(sim.pcpus) > 1:  # a busy CPU balances each (CPUs) ms times 16, less a tick (get_sd_balance_interval)
            sim.every(self.balance_us, self.balance)

    def loads(self) -> list[int]:
        """Return the load weight of each vCPU: cpu.weight 100 is that of nice 0 (sched_weight_from_cgroup)."""
        vcpus = self.sim.vcpus
        return [max(2, self.weights[v.guest_index] * NICE_0 // (100 * len(v.guest.programs))) for v in vcpus]

    # What an algorithm answers

    def place(self, vcpu: VCpu, queue: int, woke: bool) -> None:
        """Set the virtual runtime of a vCPU that comes to a queue because it woke, or from another one."""
        raise NotImplementedError

    def forget(self, vcpu: VCpu, queue: int) -> None:
        """A vCPU leaves a queue: remember where it stood."""
        raise NotImplementedError

    def best(self, queue: int) -> VCpu:
        """Return who is next in a queue that is not empty."""
        raise NotImplementedError

    def in_order(self, queue: int) -> list[VCpu]:
        """Return those that wait in a queue, the best first."""
        raise NotImplementedError

    def turn(self, vcpu: VCpu, queue: int) -> int:
        """Return the time a vCPU is due beside the others of its queue."""
        raise NotImplementedError

    # The queues

    def run_queues(self, now: int) -> list[tuple[range, list[VCpu]]]:
        """Return the queue of each pCPU; one whose queue is empty takes its next from the fullest."""
        return [
            (range(place, place + 1), sorted(self.in_order(place), key=self.bandwidth.refuses))
            for place in range(len(self.queues))
        ]

    def competing(self, queue: int) -> list[VCpu]:
        """Return the vCPUs that wait in a queue, and the one that runs."""
        waiting, current = self.queues[queue], self.pcpus[queue].current
        if current is None or not self.enqueued[current.index] or current in waiting:
            return waiting
        return [*waiting, current]

    def wake(self, vcpu: VCpu, now: int) -> None:
        """Choose a pCPU: an idle one, the last one first; else the one with the least load (select_task_rq_fair)."""
        idle = self.idle_pcpu(vcpu)
        if idle is not None:
            self.home[vcpu.index] = idle.index
        else:
            loads = [self.load_of(queue) for queue in range(len(self.queues))]
            if min(loads) < loads[self.home[vcpu.index]]:
                self.home[vcpu.index] = loads.index(min(loads))
        if vcpu.held is None:
            self._enter(vcpu)

    def load_of(self, queue: int) -> int:
        """Return the load of a pCPU."""
        return sum(self.load[vcpu.index] for vcpu in self.competing(queue))

    def _enter(self, vcpu: VCpu) -> None:
        queue = self.home[vcpu.index]
        if (current := self.pcpus[queue].current) is not None and current is not vcpu:
            self.sim.account(current)
        self.place(vcpu, queue, True)
        self.enqueued[vcpu.index] = True

    def put(self, vcpu: VCpu, now: int) -> None:  # noqa: D102
        if not self.enqueued[vcpu.index]:  # its quota was refilled
            self._enter(vcpu)
        self.queues[self.home[vcpu.index]].append(vcpu)

    def leave(self, vcpu: VCpu, now: int) -> None:  # noqa: D102
        self.bandwidth.give_back(vcpu)
        if vcpu.state == RUNNABLE:
            self.queues[self.home[vcpu.index]].remove(vcpu)
        self.forget(vcpu, self.home[vcpu.index])
        self.enqueued[vcpu.index] = False

    def pick(self, pcpu: PCpu, now: int) -> VCpu | None:  # noqa: D102
        q = pcpu.index
        if not self.queues[q]:
            self._pull(q)
        queue = self.queues[q]
        if not queue:
            return None
        vcpu = self.best(q)
        queue.remove(vcpu)
        allowed = self.bandwidth.take(vcpu)
        if not allowed:
            self.sim.withhold(vcpu)
            self.forget(vcpu, q)
            self.enqueued[vcpu.index] = False
            return self.pick(pcpu, now)
        vcpu.slice_us = min(self.to_tick(now + self.turn(vcpu, q)) - now if queue else LONGEST_US, allowed)
        return vcpu

    def to_tick(self, when: int) -> int:
        """Return the first tick at a time or after it."""
        return -(-when // self.tick_us) * self.tick_us

    def preempts(self, vcpu: VCpu, now: int) -> PCpu | None:
        """An idle pCPU takes it; a busy one shortens the turn of its vCPU, now that it has to share."""
        home = self.pcpus[self.home[vcpu.index]]
        current, idle = home.current, self.idle_pcpu(vcpu)  # after a refill some may be idle, and pull
        if current is None:  # it takes one of those that come to it at this instant, and another pCPU the next
            return home if self.sim.ends[home.index] > now else idle
        if idle is None and self.overtakes(vcpu, current):
            return home
        ends = self.to_tick(max(now, current.since + self.turn(current, home.index)))
        self.sim.shorten(home, ends)
        return idle

    def overtakes(self, vcpu: VCpu, current: VCpu) -> bool:
        """Return whether a vCPU that comes preempts the running one at once."""
        return False

    # Balancing

    def _pull(self, queue: int) -> None:
        fullest = max(range(len(self.queues)), key=lambda q: (len(self.queues[q]), -q))
        if self.queues[fullest]:
            self._move(self.queues[fullest][-1], queue)

    def _move(self, vcpu: VCpu, queue: int) -> None:
        old = self.home[vcpu.index]
        self.queues[old].remove(vcpu)
        self.forget(vcpu, old)
        self.home[vcpu.index] = queue
        self.place(vcpu, queue, False)
        self.queues[queue].append(vcpu)

    def balance(self, now: int) -> None:
        """Move a waiting vCPU from the fullest queue to the emptiest, if that does not make it the fuller one.

        Among equals the one that has stayed longest moves, so that three on two pCPUs take turns at being alone.
        """
        loads = [self.load_of(queue) for queue in range(len(self.queues))]
        n, shift = len(loads), now // self.balance_us  # each time another pCPU comes first
        order = [(queue + shift) % n for queue in range(n)]
        full, empty = max(order, key=loads.__getitem__), min(order, key=loads.__getitem__)
        gap = loads[full] - loads[empty]
        for pcpu in self.pcpus:
            if pcpu.current is not None:
                self.sim.account(pcpu.current)
        fitting = [vcpu for vcpu in self.queues[full] if self.load[vcpu.index] <= gap]
        if fitting:
            moved = max(fitting, key=lambda vcpu: (self.load[vcpu.index], -self.moved_at[vcpu.index]))
            self.moved_at[moved.index] = now
            self._move(moved, empty)
            idle = self.preempts(moved, now)
            if idle is not None:
                self.sim.shorten(idle, now)

    def charge(self, vcpu: VCpu, ran_us: int, now: int) -> None:
        """Advance the virtual runtime, the slower the greater the load weight (update_curr)."""
        self.time[vcpu.index] += ran_us * NICE_0 * UNIT // self.load[vcpu.index]
        self.bandwidth.charge(vcpu, ran_us)

    def credits(self) -> list[int]:
        """Return the virtual runtime of each vCPU in microseconds of nice 0; virtual time is of a queue."""
        return [time // UNIT for time in self.time]
