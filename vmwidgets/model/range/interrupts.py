"""A device that is passed through to a VM and interrupts a processor of the host without end.

Whoever has the processor when an interrupt arrives is stopped, and the layer that schedules handles it. A line that the
guest never quenches interrupts again as soon as that is done. A host that masks such a line for a while, or limits its
rate (Xen commit 2521c9ab, of 2008), keeps its processors for the VMs.
"""

from typing import TYPE_CHECKING

from vmwidgets.model.range.trace import OPEN, REFUSES

if TYPE_CHECKING:
    from vmwidgets.model.range.scenario import Scenario

WINDOW_CYCLES = 10_000_000
"""What is looked at: a few milliseconds. An assumption."""
HANDLING_CYCLES = 5_000
"""What it takes to handle an interrupt. An assumption: a VM exit and an entry, and the handler."""
MOST = 100
"""So many interrupts of one line are handled in that time before it is masked for the rest of it. An assumption."""
PERIOD, START = 0, 1
"""Its ports, as offsets: cycles between interrupts, 0 for a line that is never quenched; start."""


class InterruptingDevice:
    """The device of one guest. The victim has the processor that its interrupts go to.

    Parameters
    ----------
    scenario
        Where.
    layer
        Id of the layer that handles interrupts.
    """

    ports = 2

    def __init__(self, scenario: "Scenario", layer: str) -> None:
        self._scenario, self._layer = scenario, layer
        self._period = WINDOW_CYCLES
        self.handled = 0
        """Interrupts handled in the window."""

    def read(self, offset: int, bits: int) -> int:
        """Answer how many interrupts were handled."""
        return self.handled

    def write(self, offset: int, bits: int, value: int) -> None:
        """Take the period, or interrupt for the time of a window."""
        if offset == PERIOD:
            self._period = value
            return
        period, limited = max(self._period, HANDLING_CYCLES), self._scenario.defences["interrupt_limit"]
        arrived = WINDOW_CYCLES // period
        self.handled = min(arrived, MOST) if limited else arrived
        if limited:
            self._scenario.machine.work["interrupts_held_back"] += arrived - self.handled
        if arrived > MOST:
            self._scenario.trace.note(self._layer, "interrupt_limit", REFUSES if limited else OPEN, arrived)

    def victim_permille(self) -> int:
        """Return what is left of its processor to the victim, in thousandths."""
        return 1000 - 1000 * self.handled * HANDLING_CYCLES // WINDOW_CYCLES


def plug(scenario: "Scenario") -> None:
    """Give the attacker's VM the device, if the stack can pass one through."""
    port = scenario.port("interrupts", InterruptingDevice.ports)
    if "passthrough" not in scenario.stack.devices:
        return
    device = InterruptingDevice(scenario, scenario.stack.layers.with_("schedules")[0].id)
    scenario.ports.plug(port, device)
    scenario.speeds.append(device.victim_permille)
