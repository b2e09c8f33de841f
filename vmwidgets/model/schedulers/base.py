"""What the engine asks of a scheduler."""

from typing import TYPE_CHECKING

from vmwidgets.model.errors import VmwidgetsError
from vmwidgets.model.schedulers.machine import NEVER, Guest, PCpu, VCpu

if TYPE_CHECKING:
    from vmwidgets.model.scheduler import Simulation


class Scheduler:
    """The questions of the engine. An algorithm answers ``put``, ``leave`` and ``pick``, and others where it needs to.

    The order is always the same. A vCPU wakes: ``wake``, ``put``, ``preempts``. A turn ends: ``charge``, then
    ``replace`` (``put`` and ``pick``) if the vCPU still wants to run, and ``leave`` and ``pick`` if not.
    """

    default_weight = 1
    """Weight of a guest that names none."""
    weight_per_vcpu = False
    """Whether a weight counts for each vCPU that wants to run, not for the whole guest."""

    def start(self, sim: "Simulation") -> None:
        """Meet the machine and the guests, and set timers (:meth:`Simulation.every`)."""
        self.sim = sim
        self.pcpus, self.vcpus = sim.pcpus, sim.vcpus
        self.weights = [self.weight_of(guest) for guest in sim.guests]

    def weight_of(self, guest: Guest) -> int:
        """Return the weight of a guest, the default if it names none."""
        return guest.weight or self.default_weight

    def wake(self, vcpu: VCpu, now: int) -> None:
        """A vCPU wants to run after a sleep: correct its account. It may be held, and then it does not join yet."""

    def put(self, vcpu: VCpu, now: int) -> None:
        """A vCPU joins those that wait: it woke, was let go, or its turn is over."""
        raise NotImplementedError

    def leave(self, vcpu: VCpu, now: int) -> None:
        """A vCPU sleeps or is held: it no longer wants the pCPU it runs on, or leaves the queue if it is runnable."""
        raise NotImplementedError

    def pick(self, pcpu: PCpu, now: int) -> VCpu | None:
        """Take the next vCPU for a pCPU out of the queue and set its ``slice_us``; None leaves the pCPU idle."""
        raise NotImplementedError

    def replace(self, vcpu: VCpu, pcpu: PCpu, now: int) -> VCpu | None:
        """Put a vCPU back and pick the next, which may be the same."""
        self.put(vcpu, now)
        return self.pick(pcpu, now)

    def preempts(self, vcpu: VCpu, now: int) -> PCpu | None:
        """Return the pCPU that has to choose anew because of a vCPU that has just joined."""
        return self.idle_pcpu(vcpu)

    def charge(self, vcpu: VCpu, ran_us: int, now: int) -> None:
        """A vCPU has run for so long since it was charged last; context switches are in it."""

    def credits(self) -> list[int]:
        """Return the account of each vCPU, on the algorithm's own scale, as last charged."""
        return [0] * len(self.vcpus)

    def run_queues(self, now: int) -> list[tuple[range, list[VCpu]]]:
        """Return the run queues: the pCPUs that each serves, and who waits, in the order they will be picked in.

        That is the order if nobody comes or goes. The vCPU that runs is in no queue; whom its cap will refuse is last.
        """
        raise NotImplementedError

    def idle_pcpu(self, vcpu: VCpu) -> PCpu | None:
        """Return an idle pCPU: the one the vCPU ran on last if it can be, else the first."""
        now, ends = self.sim.now, self.sim.ends
        if NEVER not in ends:
            return None
        if (last := vcpu.pcpu) is not None and last.current is None and ends[last.index] > now:
            return last
        for pcpu in self.pcpus:
            if pcpu.current is None and ends[pcpu.index] > now:
                return pcpu
        return None

    def check_reservations(self) -> None:
        """Admit the guests: what they reserve has to fit.

        Raises
        ------
        VmwidgetsError
            If it does not.
        """
        reserved, most = sum(guest.reservation_permille for guest in self.sim.guests), 1000 * len(self.pcpus)
        if reserved > most:
            raise VmwidgetsError(
                "the guests reserve {reserved} thousandths of a processor, there are {most}",
                reserved=reserved,
                most=most,
            )
