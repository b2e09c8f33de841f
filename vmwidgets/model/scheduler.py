"""CPU scheduling by time slices: what happens to virtual CPUs on physical ones, event by event.

The engine knows no algorithm. It keeps the clock, runs the guests' programs, stops a vCPU whose turn is over, and asks
a scheduler (``vmwidgets.model.schedulers``) who is next. Time is in whole microseconds. Between two events nothing
changes, so nothing is computed. At one instant all events happen first, then the pCPUs they concern choose anew.

Each vCPU is in one of five states: runnable (it waits for a pCPU, which is *ready time*), running, blocked (it sleeps
or waits for a device), co-stopped (it waits for the other vCPUs of its VM) or parked (its VM used up what it may use).
"""

from collections.abc import Callable, Sequence
from heapq import heappop, heappush
from itertools import count

from vmwidgets.model.errors import check_int
from vmwidgets.model.guest_threads import Compute, Io, Yield
from vmwidgets.model.schedulers.base import Scheduler
from vmwidgets.model.schedulers.machine import (
    BLOCKED,
    COSTOPPED,
    FULL_SPEED,
    MAX_VCPUS,
    NEVER,
    PARKED,
    RUNNABLE,
    RUNNING,
    STATES,
    Guest,
    PCpu,
    Processors,
    VCpu,
)
from vmwidgets.model.schedulers.timeline import MAX_TIME_US, PCPU, TIME, VCPU, Log, Timeline

__all__ = [
    "BLOCKED", "COSTOPPED", "PARKED", "RUNNABLE", "RUNNING", "STATES", "Guest", "PCpu", "Processors", "Simulation",
    "Timeline", "VCpu",
]  # fmt: skip

_TIMERS = 16
"""A scheduler has no more than so many."""


class Simulation:
    """Guests on processors under a scheduler.

    Parameters
    ----------
    processors, scheduler, guests
        What runs on what, and who decides. A scheduler serves one simulation.
    log_limit
        Transitions of state that are kept, the newest; 0 keeps none, and then there is no time line.

    Attributes
    ----------
    now
        The time in microseconds.
    ends
        When each pCPU chooses anew.
    switches, overhead_us
        How often a pCPU changed to another vCPU than it ran last, and what that and migrations cost.

    Raises
    ------
    VmwidgetsError
        If there are too many vCPUs, or the scheduler refuses a guest.
    """

    def __init__(
        self, processors: Processors, scheduler: Scheduler, guests: Sequence[Guest], log_limit: int = 1_000_000
    ) -> None:
        self.processors, self.scheduler, self.guests = processors, scheduler, tuple(guests)
        check_int("the number of vCPUs", sum(len(guest.programs) for guest in guests), 1, MAX_VCPUS)
        self.pcpus = tuple(PCpu(index) for index in range(processors.pcpus))
        threads = processors.threads_per_core
        for pcpu in self.pcpus:
            core = pcpu.index // threads * threads
            pcpu.siblings = tuple(p for p in self.pcpus[core : core + threads] if p is not pcpu)
        number = count()
        self.vcpus = tuple(VCpu(next(number), g, guest, p) for g, guest in enumerate(guests) for p in guest.programs)
        self.now = self.switches = self.overhead_us = 0
        self._smt = threads > 1 and processors.smt_speed_permille < FULL_SPEED
        self._is_plain = not (self._smt or processors.switch_cost_us or processors.migration_cost_us)
        self._devices: dict[int, int] = {}  # when each will have served all requests made so far
        self._timers: list[tuple[Callable[[int], None], int]] = []
        self.ends = [NEVER] * processors.pcpus
        self._log = Log(check_int("log_limit", log_limit, 0, 10**8), len(self.vcpus))
        self._logs, self._record = log_limit > 0, self._log.entries.append
        # An event is one number: its time and, below it, the vCPU or timer that it concerns. Numbers sort fast.
        self._bits = (len(self.vcpus) + _TIMERS).bit_length()
        self._events = [NEVER << self._bits]
        for vcpu in self.vcpus:
            heappush(self._events, vcpu.index)  # all of them begin at time 0
        scheduler.start(self)

    # What happens

    def run(self, until_us: int) -> None:
        """Go on until a time, which may be done in any number of pieces. What happens at that time itself comes later.

        A pCPU whose turn is over, or that somebody may preempt, charges its vCPU and chooses the next.

        Raises
        ------
        VmwidgetsError
            If it lies in the past, or further away than a log can say (2**34 microseconds).
        """
        check_int("until_us", until_us, self.now, MAX_TIME_US)
        events, ends, timers, bits = self._events, self.ends, len(self.vcpus), self._bits
        mask = (1 << bits) - 1
        scheduler, pcpus, log, most_log = self.scheduler, self.pcpus, self._log.entries, self._log.most
        charge, replace, pick = scheduler.charge, scheduler.replace, scheduler.pick
        step, switch = self._step, self._switch
        while True:
            now, due = min(ends), events[0] >> bits
            if due < now:
                now = due
            if now >= until_us:
                break
            self.now = now
            while due == now:
                event = heappop(events) & mask
                if event < timers:
                    self._wake(self.vcpus[event], now)
                else:
                    self._ring(event, now)
                due = events[0] >> bits
            while now in ends:
                index = ends.index(now)
                pcpu = pcpus[index]
                old = pcpu.current
                if old is None:
                    new = pick(pcpu, now)
                else:
                    if ran := now - old.charged:
                        old.charged = now
                        charge(old, ran, now)
                    if (old.done_at <= now and not step(old, now)) or old.held is not None:
                        scheduler.leave(old, now)
                        new = pick(pcpu, now)
                    else:
                        new = replace(old, pcpu, now)
                if new is not old:
                    switch(old, new, pcpu, now)
                if new is None:
                    ends[index] = NEVER
                else:
                    pcpu.turn_ends = turn_ends = now + new.slice_us
                    ends[index] = turn_ends if turn_ends < new.done_at else new.done_at
            if len(log) > most_log:
                self._log.trim()
        self.now = until_us

    def _switch(self, old: VCpu | None, new: VCpu | None, pcpu: PCpu, now: int) -> None:
        is_plain, logs = self._is_plain, self._logs
        here = 0
        if logs:
            here = now << TIME | pcpu.index << PCPU
        if old is not None:
            if is_plain:
                old.left = old.done_at - now
            else:
                self._work(old, now)
            old.ran += now - old.since
            old.since = now
            old.state = BLOCKED if not old.left else RUNNABLE if old.held is None else old.held
            if logs:
                self._record(here | old.index << VCPU | old.state)
        pcpu.current = new
        if new is None:
            pcpu.last = old
        else:
            if old is not None or new is not pcpu.last:
                self.switches += 1
            if new.charged != now:  # it was not put off another pCPU just now
                new.dispatches += 1
            new.since = new.charged = now
            new.state, new.done_at = RUNNING, now + new.left
            if not is_plain:
                self._delay(old, new, pcpu, now)
            new.pcpu = pcpu
            if logs:
                self._record(here | new.index << VCPU | RUNNING)
        if self._smt:
            self._change_speeds(pcpu, now)

    def _delay(self, old: VCpu | None, vcpu: VCpu, pcpu: PCpu, now: int) -> None:
        """Let a vCPU that comes to a pCPU pay for the change before its work goes on."""
        cost = 0 if old is None and vcpu is pcpu.last else self.processors.switch_cost_us
        if vcpu.pcpu is not pcpu and vcpu.pcpu is not None:
            cost += self.processors.migration_cost_us
        self.overhead_us += cost
        vcpu.mark, vcpu.speed = now + cost, FULL_SPEED
        vcpu.done_at += cost

    def _wake(self, vcpu: VCpu, now: int) -> None:
        if self._step(vcpu, now):
            self.scheduler.wake(vcpu, now)
            if vcpu.held is None:
                self._join(vcpu, now)
            else:
                self._become(vcpu, vcpu.held, now)

    def _join(self, vcpu: VCpu, now: int) -> None:
        self._become(vcpu, RUNNABLE, now)
        self.scheduler.put(vcpu, now)
        pcpu = self.scheduler.preempts(vcpu, now)
        if pcpu is not None:
            self.shorten(pcpu, now)

    def _step(self, vcpu: VCpu, now: int) -> bool:
        """Go on with the program of a vCPU that has done its work, and return whether it computes again."""
        while True:
            step = next(vcpu.steps)
            if isinstance(step, Compute):
                vcpu.left, vcpu.mark = step.us, now
                vcpu.done_at = now - -step.us * FULL_SPEED // vcpu.speed
                vcpu.asked += step.us
                return True
            if isinstance(step, Yield):  # it is put back like one whose turn is over
                continue
            if isinstance(step, Io):
                wakes = max(now, self._devices.get(step.device, 0)) + step.us
                self._devices[step.device] = wakes
            else:
                wakes = step.until(now)
            vcpu.left, vcpu.mark, vcpu.done_at = 0, now, now
            heappush(self._events, wakes << self._bits | vcpu.index)
            return False

    def _work(self, vcpu: VCpu, now: int) -> None:
        if now >= vcpu.mark:
            vcpu.left -= min(vcpu.left, (now - vcpu.mark) * vcpu.speed // FULL_SPEED)
            vcpu.mark = now
        else:  # it did not even come to work
            self.overhead_us -= vcpu.mark - now

    def _change_speeds(self, pcpu: PCpu, now: int) -> None:
        """Siblings slow each other down; who remains alone is fast again."""
        core = (pcpu, *pcpu.siblings)
        busy = sum(thread.current is not None for thread in core)
        speed = self.processors.smt_speed_permille if busy > 1 else FULL_SPEED
        for thread in core:
            vcpu = thread.current
            if vcpu is None or vcpu.speed == speed:
                continue
            if now > vcpu.mark:
                self._work(vcpu, now)
            vcpu.speed = speed
            vcpu.done_at = vcpu.mark - -vcpu.left * FULL_SPEED // speed
            if thread is not pcpu and self.ends[thread.index] > now:
                self.ends[thread.index] = min(thread.turn_ends, vcpu.done_at)

    def _become(self, vcpu: VCpu, state: int, now: int) -> None:
        vcpu.spent[vcpu.state] += now - vcpu.since
        vcpu.state, vcpu.since = state, now
        if self._logs:
            pcpu = vcpu.pcpu.index if vcpu.pcpu is not None else 0
            self._record(now << TIME | vcpu.index << VCPU | pcpu << PCPU | state)

    def _ring(self, timer: int, now: int) -> None:
        action, period = self._timers[timer - len(self.vcpus)]
        heappush(self._events, now + period << self._bits | timer)
        action(now)

    @property
    def next_change(self) -> int:
        """When something happens next: a turn or a computation ends, a vCPU wakes, or a timer rings."""
        return min(min(self.ends), self._events[0] >> self._bits)

    def finish(self, vcpu: VCpu) -> None:
        """Let a vCPU that runs be done with its computation now, and go on with its program."""
        assert vcpu.pcpu is not None
        vcpu.done_at = self.now
        self.ends[vcpu.pcpu.index] = self.now

    # What schedulers ask for

    def every(self, period_us: int, action: Callable[[int], None]) -> None:
        """Call ``action(now)`` at each multiple of a period from now on, after the other events of that instant."""
        heappush(self._events, self.now + period_us << self._bits | len(self.vcpus) + len(self._timers))
        self._timers.append((action, period_us))

    def shorten(self, pcpu: PCpu, when: int) -> None:
        """Have a pCPU choose anew at a time, or now if that has passed, unless it will earlier."""
        if when < self.now:
            when = self.now
        if when < pcpu.turn_ends:
            pcpu.turn_ends = when
        if when < self.ends[pcpu.index]:
            self.ends[pcpu.index] = when

    def account(self, vcpu: VCpu) -> None:
        """Charge a running vCPU for its time up to now."""
        if self.now > vcpu.charged:
            ran, vcpu.charged = self.now - vcpu.charged, self.now
            self.scheduler.charge(vcpu, ran, self.now)
        if vcpu.held is not None and vcpu.pcpu is not None:
            self.shorten(vcpu.pcpu, self.now)

    def hold(self, vcpu: VCpu, state: int) -> None:
        """Keep a vCPU from running (COSTOPPED, PARKED) until it is let go."""
        vcpu.held = state
        if vcpu.state == RUNNABLE:
            self.scheduler.leave(vcpu, self.now)
            self._become(vcpu, state, self.now)
        elif vcpu.state == RUNNING and vcpu.pcpu is not None:
            self.shorten(vcpu.pcpu, self.now)

    def withhold(self, vcpu: VCpu) -> None:
        """Park a vCPU that the scheduler has taken out of its queue already."""
        vcpu.held = PARKED
        if vcpu.state == RUNNABLE:
            self._become(vcpu, PARKED, self.now)

    def release(self, vcpu: VCpu) -> None:
        """Let a vCPU go that was held."""
        vcpu.held = None
        if vcpu.state in (COSTOPPED, PARKED):
            self._join(vcpu, self.now)

    # What can be asked

    @property
    def queue_length(self) -> int:
        """Return how many vCPUs wait for a pCPU now."""
        return sum(vcpu.state == RUNNABLE for vcpu in self.vcpus)

    def spent_us(self) -> list[list[int]]:
        """Return the time each vCPU has spent in each of the five states, in their order."""
        spent = [list(vcpu.spent) for vcpu in self.vcpus]
        for times, vcpu in zip(spent, self.vcpus, strict=True):
            times[RUNNING] = vcpu.ran
            times[vcpu.state] += self.now - vcpu.since
            times[RUNNABLE] = 0
            times[RUNNABLE] = self.now - sum(times)
        return spent

    def work_us(self) -> list[int]:
        """Return the computation each vCPU has done: its running time less switches, and less what siblings slowed."""
        done = [vcpu.asked - vcpu.left for vcpu in self.vcpus]
        for vcpu in self.vcpus:
            if vcpu.state == RUNNING:
                left = (vcpu.done_at - max(self.now, vcpu.mark)) * vcpu.speed
                done[vcpu.index] = vcpu.asked - min(vcpu.left, -(-left // FULL_SPEED))
        return done

    def timeline(self) -> Timeline:
        """Return what each vCPU did when, as far back as the log goes."""
        return self._log.timeline(self.now)
