"""Hyper-V's three scheduler types: classic, core and root.

Microsoft, Managing Hyper-V hypervisor scheduler types. *Classic*: fair-share round robin over all logical processors,
blind to SMT. *Core* (default since Windows Server 2019): virtual processors of one VM only share a core, so nobody
reads another VM's traces in it, and an odd one leaves a thread empty. *Root* (Windows clients since 1803): the Windows
of the root partition schedules; then weights, caps and reserves of VMs do nothing.

WDK documentation, Hypervisor CPU Weight, Reserve and Cap (ff538581, ff538568, ff538550): weights from 1 to 10000, 100
by default; total reserves fit the processors. The quantum is not published. Policies hold over "hundredths of a second"
(ff541598), so 10 ms is assumed, and 100 ms as the period of a cap.
"""

from typing import TYPE_CHECKING

from vmwidgets.model.errors import check_int
from vmwidgets.model.schedulers.machine import PCpu, VCpu
from vmwidgets.model.schedulers.reservations import Reserving
from vmwidgets.model.schedulers.round_robin import RoundRobin

if TYPE_CHECKING:
    from vmwidgets.model.scheduler import Simulation

QUANTUM_US = 10_000
NT_QUANTUM_US = 31_250
"""Two intervals of a clock of 15.625 ms, the quantum of Windows clients (Windows Internals, 7th ed., Part 1, Ch. 4)."""


class HyperVClassic(Reserving):
    """The classic scheduler."""

    default_weight = 100

    def __init__(self, quantum_us: int = QUANTUM_US) -> None:
        super().__init__(check_int("quantum_us", quantum_us, 1000, 1_000_000), quantum_us << 6)

    def start(self, sim: "Simulation") -> None:  # noqa: D102
        super().start(sim)
        for guest, weight in zip(sim.guests, self.weights, strict=True):
            check_int(f"the weight of {guest.name}", weight, 1, 10_000)


class HyperVCore(HyperVClassic):
    """The core scheduler: a core belongs to one VM at a time, and changes hands as a whole."""

    def pick(self, pcpu: PCpu, now: int) -> VCpu | None:
        """Fill an idle thread: beside a sibling at work, with its VM only."""
        return self._fill(pcpu, now, self._owner(pcpu, now))

    def replace(self, vcpu: VCpu | None, pcpu: PCpu, now: int) -> VCpu | None:
        """At the end of a turn the whole core is up for choice, unless a sibling has just made it."""
        if vcpu is not None:
            self.put(vcpu, now)
        return self._fill(pcpu, now, self._owner(pcpu, now, only_new=True))

    def _owner(self, pcpu: PCpu, now: int, only_new: bool = False) -> int | None:
        for sibling in pcpu.siblings:
            current = sibling.current
            if current is not None and self.sim.ends[sibling.index] > now and (current.since == now or not only_new):
                return current.guest_index
        return None

    def _fill(self, pcpu: PCpu, now: int, owner: int | None) -> VCpu | None:
        new = self.take(now, owner)
        if new is not None:
            for sibling in pcpu.siblings:
                current = sibling.current
                if current is None or current.guest_index != new.guest_index:
                    self.sim.shorten(sibling, now)
        return new

    def idle_pcpu(self, vcpu: VCpu) -> PCpu | None:
        """Return an idle thread whose siblings are idle too or run the same VM."""
        now = self.sim.now
        for pcpu in self.pcpus:
            owner = self._owner(pcpu, now)
            if pcpu.current is None and self.sim.ends[pcpu.index] > now and owner in (None, vcpu.guest_index):
                return pcpu
        return None


class HyperVRoot(RoundRobin):
    """The root scheduler: threads of equal priority take turns under Windows."""

    def __init__(self, quantum_us: int = NT_QUANTUM_US) -> None:
        super().__init__(quantum_us)
