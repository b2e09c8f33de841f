"""The network link that VMs share."""

from typing import TYPE_CHECKING

from vmwidgets.model.range.clock import TICK_CYCLES
from vmwidgets.model.range.offers import server
from vmwidgets.model.range.shared_queue import Kind, SharedQueue

if TYPE_CHECKING:
    from vmwidgets.model.range.scenario import Scenario

SERVICE_CYCLES = TICK_CYCLES // 80
"""What a packet takes: 1500 bytes are 12 µs at 1 Gbit/s."""
DEPTH = 64
"""Packets of a VM that wait at a time. An assumption."""
LINK = Kind("network_weights", SERVICE_CYCLES, DEPTH)


def plug(scenario: "Scenario") -> None:
    """Give the VMs the link, whose queue is with the layer that serves them, or else with the one that has drivers."""
    stack = scenario.stack
    layer = server(stack) or next(iter(stack.layers.with_("drives")), scenario.keeper)
    weighted = scenario.defences[LINK.check]
    scenario.link = SharedQueue(LINK, scenario.machine, scenario.trace, layer, weighted=weighted)
    scenario.clock.on_time(scenario.link.serve_until)
    scenario.ports.plug(scenario.port("link", SharedQueue.ports), scenario.link)
    scenario.numbers["link_packets"] = DEPTH
