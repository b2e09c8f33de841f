"""ESX: proportional share by consumed MHz per share, with reservations, limits and co-scheduling.

F. Denneman, "Reservations and CPU scheduling", 2010-06-08: the world with the least consumed MHz per share
(MHzPerShare) is next, and one below its reservation goes first. The quantum is 50 ms (P. Barham et al., SOSP 2003,
Section 4.5). Shares are of a VM: 1000 for each vCPU by default.

Co-scheduling (VMware performance blog, June 2008) keeps the vCPUs of a VM together, as guests spin on locks of each
other. The *skew* of a vCPU is how far it is ahead of the slowest of its VM; sleeping counts as progress.

``strict``
    ESX 2: when the skew is too great, the whole VM stops until all of its vCPUs can start at once.
``relaxed``
    from ESX 3: only vCPUs that are ahead stop, until the others have caught up.
"""

from typing import TYPE_CHECKING

from vmwidgets.model.errors import VmwidgetsError, check_int
from vmwidgets.model.schedulers.machine import BLOCKED, COSTOPPED, PARKED, RUNNABLE, RUNNING, Guest, PCpu, VCpu
from vmwidgets.model.schedulers.reservations import Reserving

if TYPE_CHECKING:
    from vmwidgets.model.scheduler import Simulation

QUANTUM_US = 50_000
COSCHEDULING = ("none", "strict", "relaxed")


class ProportionalShare(Reserving):
    """The CPU scheduler of ESX and ESXi.

    Parameters
    ----------
    quantum_us
        Length of a quantum.
    coscheduling
        One of :data:`COSCHEDULING`, see above.
    skew_us, check_us
        The skew that is too great, and how often it is looked at. Assumptions: VMware publishes neither.
    """

    default_weight = 1000

    def __init__(
        self, quantum_us: int = QUANTUM_US, coscheduling: str = "relaxed", skew_us: int = 5_000, check_us: int = 1_000
    ) -> None:
        if coscheduling not in COSCHEDULING:
            raise VmwidgetsError(
                "coscheduling is {kind}, expected one of {known}",
                kind=repr(coscheduling)[:60],
                known=", ".join(COSCHEDULING),
            )
        super().__init__(check_int("quantum_us", quantum_us, 1000, 1_000_000), quantum_us << 8)
        self.strict, self.coscheduling = coscheduling == "strict", coscheduling
        self.skew_us = check_int("skew_us", skew_us, 1, 1_000_000)
        self.check_us = check_int("check_us", check_us, 100, 1_000_000)

    def weight_of(self, guest: Guest) -> int:  # noqa: D102
        return guest.weight or self.default_weight * len(guest.programs)

    def start(self, sim: "Simulation") -> None:  # noqa: D102
        self.assigned: dict[int, VCpu] = {}  # pCPU: the vCPU that starts there now, together with the rest of its VM
        super().start(sim)
        for guest in sim.guests:
            if self.strict and len(guest.programs) > len(self.pcpus):
                raise VmwidgetsError(
                    "{name} has {vcpus} vCPUs, expected at most {pcpus}, as strict co-scheduling starts them together",
                    name=guest.name,
                    vcpus=len(guest.programs),
                    pcpus=len(self.pcpus),
                )
        self.offset = [0] * len(sim.vcpus)  # progress that is forgotten
        self.smp = [[v for v in sim.vcpus if v.guest_index == g] for g in range(len(sim.guests))]
        self.smp = [vcpus for vcpus in self.smp if len(vcpus) > 1]
        if self.smp and self.coscheduling != "none":
            sim.every(self.check_us, self.check_strict if self.strict else self.check_relaxed)

    def progress(self, vcpu: VCpu, now: int) -> int:
        """Return for how long a vCPU has made progress: it ran, or had nothing to do."""
        at = vcpu.ran + vcpu.spent[BLOCKED] - self.offset[vcpu.index]
        return at + (now - vcpu.since if vcpu.state in (RUNNING, BLOCKED) else 0)

    def check_relaxed(self, now: int) -> None:
        """Stop those that are ahead, and let go whom the others have come close to."""
        for vcpus in self.smp:
            progress = [self.progress(vcpu, now) for vcpu in vcpus]
            slowest = min(progress)
            for vcpu, at in zip(vcpus, progress, strict=True):
                if at - slowest > self.skew_us:
                    if vcpu.state in (RUNNING, RUNNABLE) and vcpu.held is None:
                        self.sim.hold(vcpu, COSTOPPED)
                elif vcpu.held == COSTOPPED:
                    self.sim.release(vcpu)

    def check_strict(self, now: int) -> None:
        """Stop whole VMs, and start the stopped ones for whom enough pCPUs can be had, the least served first."""
        stopped: list[list[VCpu]] = []
        for vcpus in self.smp:
            if any(vcpu.held == COSTOPPED for vcpu in vcpus):
                stopped.append(vcpus)
                continue
            progress = [self.progress(vcpu, now) for vcpu in vcpus]
            if max(progress) - min(progress) > self.skew_us:
                for vcpu in vcpus:
                    self.sim.hold(vcpu, COSTOPPED)
        for vcpus in sorted(stopped, key=lambda vcpus: min(self.key[vcpu.index] for vcpu in vcpus)):
            self._start_together(vcpus, now)

    def _start_together(self, vcpus: list[VCpu], now: int) -> None:
        first = min(self.key[vcpu.index] for vcpu in vcpus)
        awake = [vcpu for vcpu in vcpus if vcpu.state in (COSTOPPED, PARKED)]
        free: list[PCpu] = []
        behind: list[tuple[int, PCpu]] = []
        for pcpu in self.pcpus:
            if pcpu.index in self.assigned:
                continue
            if pcpu.current is not None:
                behind.append((-self.key_at(pcpu.current, now), pcpu))
            elif self.sim.ends[pcpu.index] > now:  # it has not been promised to one that woke
                free.append(pcpu)
        behind = sorted((one for one in behind if -one[0] > first), key=lambda one: one[0])
        places = (free + [pcpu for _, pcpu in behind])[: len(awake)]
        if len(places) < len(awake):
            return
        for vcpu in vcpus:
            self.offset[vcpu.index] += self.progress(vcpu, now)
        for pcpu, vcpu in zip(places, awake, strict=True):
            self.assigned[pcpu.index] = vcpu
        for vcpu in vcpus:
            self.sim.release(vcpu)

    def put(self, vcpu: VCpu, now: int) -> None:  # noqa: D102
        if vcpu not in self.assigned.values():
            super().put(vcpu, now)

    def preempts(self, vcpu: VCpu, now: int) -> PCpu | None:  # noqa: D102
        for index, assigned in self.assigned.items():
            if assigned is vcpu:
                return self.pcpus[index]
        return super().preempts(vcpu, now)

    def replace(self, vcpu: VCpu | None, pcpu: PCpu, now: int) -> VCpu | None:  # noqa: D102
        assigned = self.assigned.pop(pcpu.index, None)
        if assigned is None:
            return super().replace(vcpu, pcpu, now)
        if vcpu is not None:
            super().put(vcpu, now)
        return self.allow(self.key[assigned.index], self.quantum_us) or self.replace(None, pcpu, now)
