"""Bandwidth: a VM may use so much processor time in each period; then it is parked until the next one.

The time of a period is a pool from which the vCPUs of the VM take slices, so that they need not agree about every
microsecond. What is left of a slice goes back when a vCPU sleeps, and ends with its period: so time comes in bursts, 50
ms on and 50 ms off for half a processor, not at half speed.
"""

from typing import TYPE_CHECKING

from vmwidgets.model.guest_threads import LONGEST_US
from vmwidgets.model.schedulers.machine import PARKED, RUNNING, VCpu

if TYPE_CHECKING:
    from vmwidgets.model.scheduler import Simulation


class Bandwidth:
    """Quotas of the guests that have a cap.

    Parameters
    ----------
    sim
        The simulation.
    period_us
        Length of a period. The quota is the cap's part of it, of one pCPU.
    slice_us
        What a vCPU takes from the pool at a time if there are several.
    """

    def __init__(self, sim: "Simulation", period_us: int, slice_us: int) -> None:
        self.sim = sim
        self.quota = [guest.cap_permille * period_us // 1000 for guest in sim.guests]
        self.slices = [slice_us if len(guest.programs) > 1 else period_us for guest in sim.guests]
        self.pool = list(self.quota)
        self.capped = tuple(vcpu for vcpu in sim.vcpus if vcpu.guest.cap_permille)
        self.left = [LONGEST_US] * len(sim.vcpus)
        """What each vCPU may run before it has to ask for more; schedulers take from it."""
        for vcpu in self.capped:
            self.left[vcpu.index] = 0
        if self.capped:
            sim.every(period_us, self._refill)

    def take(self, vcpu: VCpu) -> int:
        """Return for how long a vCPU may run, with a new slice if it has used up its own; 0: it has to wait."""
        left, g = self.left[vcpu.index], vcpu.guest_index
        if left <= 0 and vcpu.guest.cap_permille:
            taken = min(self.slices[g], self.pool[g])
            self.pool[g] -= taken
            self.left[vcpu.index] = left = left + taken
        return max(0, left)

    def refuses(self, vcpu: VCpu) -> bool:
        """Return whether a vCPU may not run until the next period: of its own slice and of the pool nothing is left."""
        capped = vcpu.guest.cap_permille > 0
        return capped and self.left[vcpu.index] <= 0 and self.pool[vcpu.guest_index] <= 0

    def charge(self, vcpu: VCpu, ran_us: int) -> None:
        """Take what a vCPU used; if nothing is left for it, it is parked."""
        self.left[vcpu.index] -= ran_us
        if not self.take(vcpu):
            vcpu.held = PARKED

    def give_back(self, vcpu: VCpu) -> None:
        """Return what a vCPU that goes to sleep has not used."""
        if vcpu.guest.cap_permille:
            self.pool[vcpu.guest_index] += self.left[vcpu.index]
            self.left[vcpu.index] = 0

    def _refill(self, now: int) -> None:
        for vcpu in self.capped:
            if vcpu.state == RUNNING:
                self.sim.account(vcpu)
            self.left[vcpu.index] = 0
        self.pool = list(self.quota)
        for vcpu in self.capped:
            if vcpu.held == PARKED:
                self.sim.release(vcpu)
            if vcpu.state == RUNNING and vcpu.pcpu is not None:
                self.sim.shorten(vcpu.pcpu, now + self.take(vcpu))
