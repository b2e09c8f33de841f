"""The disk that VMs share."""

from typing import TYPE_CHECKING

from vmwidgets.model.range.clock import TICK_CYCLES
from vmwidgets.model.range.shared_queue import Kind, SharedQueue

if TYPE_CHECKING:
    from vmwidgets.model.range.scenario import Scenario

SERVICE_CYCLES = TICK_CYCLES // 10
"""What a request takes: a tenth of a millisecond, as a solid-state disk. An assumption."""
DEPTH = 32
"""Requests of a VM that the disk accepts at a time, as an AHCI port has slots."""
DISK = Kind("io_weights", SERVICE_CYCLES, DEPTH)


def plug(scenario: "Scenario") -> None:
    """Give the VMs the disk, whose queue is with the layer that has the drivers."""
    layer = next(iter(scenario.stack.layers.with_("drives")), scenario.keeper)
    weighted = scenario.defences[DISK.check]
    scenario.disk = SharedQueue(DISK, scenario.machine, scenario.trace, layer, weighted=weighted)
    scenario.clock.on_time(scenario.disk.serve_until)
    scenario.ports.plug(scenario.port("disk", SharedQueue.ports), scenario.disk)
    scenario.numbers["disk_requests"] = DEPTH
