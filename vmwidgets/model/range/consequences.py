"""What comes of a layer that guest code has got at: it runs the attacker's code, or it falls."""

from typing import TYPE_CHECKING

from vmwidgets.model.falling import Reason, falls
from vmwidgets.model.guest_memory import PAGE_BYTES
from vmwidgets.model.layers import Layer
from vmwidgets.model.range.reach import reach
from vmwidgets.model.range.staging import SECRET_BYTES
from vmwidgets.model.words import said

if TYPE_CHECKING:
    from vmwidgets.model.range.scenario import Scenario

_CRASHED = said("{layer} touched memory that is not there")


def take_over(scenario: "Scenario", layer: Layer, *, confined: bool) -> None:
    """Let a layer run the attacker's code.

    What that code does there is not guest code any more. It does the same each time: it looks for the mark in the
    memory of all VMs that the layer reaches, and copies what lies there into the attacker's page 0.

    Parameters
    ----------
    scenario, layer
        Where, and which.
    confined
        Whether the layer is held to the attacker's own VM.
    """
    if layer.id in scenario.taken:
        return
    scenario.taken.append(layer.id)
    attacker, machine = scenario.attacker, scenario.machine
    reached = reach(scenario.stack.layers, layer, attacker.index, len(scenario.guests), confined=confined)
    scenario.in_reach = tuple(sorted({*scenario.in_reach, *reached}))
    mark, target = scenario.mark.to_bytes(8, "little"), attacker.map.get(0)
    for guest in (scenario.guests[index] for index in reached if index != attacker.index):
        for frame in guest.map.values():
            machine.touched(attacker.name, frame, write=False)
            at = machine.memory.find(mark, frame * PAGE_BYTES, (frame + 1) * PAGE_BYTES)
            if at >= 0 and target is not None:
                found = machine.memory[at : at + SECRET_BYTES]
                machine.memory[target * PAGE_BYTES : target * PAGE_BYTES + SECRET_BYTES] = found


def crash(scenario: "Scenario", layer: Layer) -> None:
    """Let a layer fall, and what falls with it."""
    why = Reason(_CRASHED, layer, layer)
    scenario.crashed = tuple(falls(scenario.stack.layers, {layer.id: (why,)}, is_fault=True))
