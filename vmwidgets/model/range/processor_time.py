"""A processor that a guest shares with others: its code is run as the scheduler of the stack gives it the processor.

Nobody tells the scheduler what kind of program it is. Each time guest code halts or looks at the clock, the simulation
goes on until its vCPU has run for as long as the instructions take; so the clock that it reads has run on while others
had the processor.
"""

from collections import deque
from collections.abc import Iterator

from vmwidgets.model.errors import VmwidgetsError
from vmwidgets.model.guest_threads import LONGEST_US, Compute, Sleep, Step, busy
from vmwidgets.model.quantum import scheduler_of
from vmwidgets.model.range.clock import Clock
from vmwidgets.model.range.trace import OPEN, REFUSES, Trace
from vmwidgets.model.scheduler import RUNNING, Guest, Processors, Simulation
from vmwidgets.model.scheduling import ALGORITHMS, Scheduling

INSTRUCTION_US = 5
"""A slow processor, so that seconds fit into the budget of guest code: only how finely a guest divides its time depends
on it. An assumption. Its time stamp counter counts microseconds."""
TICK_US = 10_000
"""The tick at which accounts were taken (Xen, xen/common/sched/credit.c)."""
TIMER_US = 1000
"""When the timer wakes a guest that has set no deadline."""
WINDOW_US = 600_000
"""After so long it is over: 20 accounting periods of 30 ms."""
BEFORE = {"credit": "credit_sampled", "credit2": "credit_sampled"}
"""The scheduler that took accounts at ticks, by its successors (Xen commit 78c9b2a6, of 2009)."""
MEASURED_US = 300_000
"""Before so much time has passed nobody is said to have got too little."""
HANDLING_US = 100
"""What it takes to carry out a write to a register of a device: as long as twenty instructions of this processor. An
assumption; an exit and an entry alone are 2000 cycles of a Xeon X5570 (Landau, Ben-Yehuda, Gordon, WIOV 2011)."""
MOST_WAITING = 64
"""So many writes wait in a domain beside the VM before the guest has to wait, too. An assumption."""
_LOOKS_US = 1000
_LONGEST_SLEEP_US = 1_000_000


class SharedProcessor(Clock):
    """One processor on which the attacker's VM and others run that compute all the time, all with the same weight.

    The others have one vCPU each. A scheduler that runs the vCPUs of a VM at the same time refuses one that has more of
    them than there are processors; the attacker's VM then has one, too.

    Parameters
    ----------
    algorithm
        Id of the scheduler, see :data:`~vmwidgets.model.scheduling.ALGORITHMS`; ``""``: that of a lab.
    vms
        How many VMs there are.
    exact
        Whether accounts are taken by time stamps; else by the predecessor that took them at ticks, if there was one.
    vcpus
        How many vCPUs the attacker's VM has.
    limited
        Whether the attacker's VM may not use more than its share.
    reserved
        Whether its share is reserved for each of the others.
    server
        Id of the layer that carries out writes to registers, and whether it does so in a domain of its own, which then
        is one more that the processor is divided among.
    aside
        Whether such a domain has a processor of its own; None: that cannot be.
    trace, layer
        Where it is written down what accounting has come to, and the id of the layer that schedules.
    """

    def __init__(
        self,
        algorithm: str,
        vms: int,
        trace: Trace,
        layer: str,
        *,
        exact: bool,
        vcpus: int = 1,
        limited: bool = False,
        reserved: bool = False,
        server: tuple[str, bool] = ("", False),
        aside: bool | None = None,
    ) -> None:
        super().__init__()
        algorithm = algorithm or Scheduling().algorithm
        self._sampled = not exact and algorithm in BEFORE
        settings = Scheduling(algorithm=BEFORE[algorithm] if self._sampled else algorithm)
        self._vms, self._limited, self._many = vms, limited, vcpus > 1
        self._can_reserve = "reservation" in ALGORITHMS[settings.algorithm].heeds
        self._reserved, (self._server, self._apart) = reserved and self._can_reserve, server
        self._aside = aside
        try:
            self._vcpus, self._simulation = vcpus, self._simulate(settings, vcpus)
        except VmwidgetsError:
            self._vcpus, self._simulation = 1, self._simulate(settings, 1)
        self._trace, self._layer = trace, layer
        self._steps: deque[Step] = deque([Compute(LONGEST_US)])
        self._vcpu = self._simulation.vcpus[0]
        self._vcpu.steps = self._next_steps()
        self._waiting_us = self._owed_us = 0
        if self._apart and not aside:
            self._simulation.vcpus[-1].steps = self._serve_steps()
        self._computed, self._served, self._noted = 0, 0, False
        self._ran_us = 0  # what the vCPU shall have run: its instructions, and a microsecond for each time it woke
        self._go_on(1)

    def _simulate(self, settings: Scheduling, vcpus: int) -> Simulation:
        first = Guest("guest 0", (busy(),) * vcpus, cap_permille=self.share_permille if self._limited else 0)
        floor = self.share_permille if self._reserved else 0
        others = [Guest(f"guest {index}", (busy(),), reservation_permille=floor) for index in range(1, self._vms)]
        if self._apart and not self._aside:
            others.append(Guest(self._server, ((Sleep(_LOOKS_US), Compute(1)),)))
        return Simulation(Processors(), scheduler_of(settings), (first, *others), 0)

    def _next_steps(self) -> Iterator[Step]:
        while True:
            yield self._steps.popleft()

    def _serve_steps(self) -> Iterator[Step]:
        """Carry out the writes that wait, and look for more."""
        while True:
            us, self._waiting_us = self._waiting_us, 0
            yield Compute(us) if us else Sleep(_LOOKS_US)

    def serve(self) -> None:
        """Have a write to a register carried out: in time of the guest's, or of the domain that does it."""
        if not self._apart or self._waiting_us >= MOST_WAITING * HANDLING_US:
            self._owed_us += HANDLING_US
        else:
            self._waiting_us += HANDLING_US
        self._served += 1

    def _go_on(self, us: int) -> None:
        """Let time go on until the vCPU has run for so long, and not a microsecond longer."""
        simulation, vcpu = self._simulation, self._vcpu
        self._ran_us += us
        before = simulation.now
        while missing := self._ran_us - simulation.spent_us()[0][RUNNING]:
            if vcpu.state == RUNNING:
                simulation.run(simulation.now + missing)
            else:
                simulation.run(max(simulation.next_change, simulation.now) + 1)
        self.now = simulation.now
        if self._aside:  # meanwhile the other processor has worked
            self._waiting_us = max(0, self._waiting_us - (self.now - before))

    def stall(self, cycles: int) -> None:
        """Waiting within an instruction is too short to count here."""

    def read(self, executed: int) -> int:
        """Return the time stamp counter after so many instructions, when the vCPU has got to execute them."""
        us, self._owed_us = (executed - self._computed) * INSTRUCTION_US + self._owed_us, 0
        self._computed = executed
        self._go_on(us)
        return self.now

    def interrupt(self, executed: int) -> None:  # noqa: D102
        self.read(executed)
        self._account()

    def halt(self, executed: int) -> None:
        """Let the guest sleep until its timer wakes it and the scheduler gives it the processor."""
        now = self.read(executed)
        self._account()
        wakes = self._deadline if self._deadline > now else (now // TIMER_US + 1) * TIMER_US
        self._deadline = 0
        self._steps += (Sleep(min(wakes - now, _LONGEST_SLEEP_US)), Compute(LONGEST_US))
        self._simulation.finish(self._vcpu)
        self._go_on(1)

    @property
    def over(self) -> bool:
        """Whether the time is up."""
        return self.now >= WINDOW_US

    def ran_permille(self, vm: int) -> int:
        """Return what a VM has got so far, in thousandths of a processor."""
        first = 0 if not vm else self._vcpus + vm - 1
        vcpus = self._simulation.spent_us()[first : first + (1 if vm else self._vcpus)]
        return 1000 * sum(times[RUNNING] for times in vcpus) // max(1, self._simulation.now)

    @property
    def share_permille(self) -> int:
        """What each VM is entitled to, in thousandths."""
        return 1000 // self._vms

    def _account(self) -> None:
        """Write down once what holds the guest to its share, or that nothing does."""
        if self._noted:
            return
        if self._served:
            if self.now > MEASURED_US:
                self._account_served()
            return
        got_more = 4 * self.ran_permille(0) > 5 * self.share_permille
        if not self._many and not self._sampled:
            self._note("exact_accounting", REFUSES)
        elif self.now > MEASURED_US and got_more:
            self._note("cpu_limit" if self._many else "exact_accounting", OPEN)
        elif self.now > MEASURED_US and self._many:
            held = "cpu_limit" if self._limited else "cpu_reservation" if self._reserved else "vm_shares"
            self._note(held, REFUSES)

    def _account_served(self) -> None:
        """The same where the guest lets others work for it."""
        if not self._apart:
            self._note("exit_time", REFUSES, self._server)
        elif self._aside:
            self._note("cpu_pools", REFUSES, self._server)
        elif self._reserved:
            self._note("cpu_reservation", REFUSES)
        else:
            alone = "exit_time" if self._aside is None else "cpu_pools"
            self._note("cpu_reservation" if self._can_reserve else alone, OPEN, self._server)

    def _note(self, check: str, outcome: str, layer: str = "") -> None:
        self._trace.note(layer or self._layer, check, outcome, self._served)
        self._noted = True
