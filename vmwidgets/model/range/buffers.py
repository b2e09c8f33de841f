"""A buffer in the memory of a layer that takes data of a guest's, and what lies behind it.

As an assumption it is the same for all: behind the buffer lies the address of the code that the layer runs once the
data are there. Whoever writes past the end of the buffer may change it, and the layer then runs code of his choice.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from vmwidgets.model.guest_memory import PAGE_BYTES
from vmwidgets.model.layers import Layer
from vmwidgets.model.range.consequences import crash, take_over
from vmwidgets.model.range.spaces import Space
from vmwidgets.model.range.trace import ABSENT, OPEN, REFUSES

if TYPE_CHECKING:
    from vmwidgets.model.range.scenario import Scenario


@dataclass(frozen=True, slots=True)
class Exposed:
    """What of a layer a buffer exposes.

    Parameters
    ----------
    layer, space
        The layer, and the memory that it shares with whatever is in the same address space.
    page
        The page of the space in which the buffer lies.
    check
        Id of the defence that keeps data within the buffer.
    confined
        Whether the layer is held to the attacker's own VM, even when it runs the attacker's code.
    offset
        From where on in that page. No buffer may reach another one: what is written to one within its bounds would
        change what lies behind the other.
    """

    layer: Layer
    space: Space
    page: int
    check: str
    confined: bool
    offset: int = 0


class Buffer:
    """A buffer, with the address of code behind it.

    Parameters
    ----------
    scenario
        Where; its defences say whether the check is made.
    name, size_bytes
        What it is called in the manual, and its size.
    exposed
        In whose memory it lies.
    """

    def __init__(self, scenario: "Scenario", name: str, size_bytes: int, exposed: Exposed) -> None:
        self._scenario, self._exposed, self.size_bytes = scenario, exposed, size_bytes
        self.closed = scenario.defences[exposed.check]
        draws = scenario.draws
        self._start = exposed.page * PAGE_BYTES + exposed.offset + 16 * draws.number(f"{name} buffer", 0, 63)
        self._code = draws.word(f"{name} code")
        handler = exposed.space.machine_address(self._start + size_bytes + distance(scenario, name))
        assert handler is not None
        self._handler = handler
        scenario.machine.put(handler, self._code)

    def passes(self, right: bool, value: int) -> bool:
        """Return whether to go on with a number of the guest's: if it is right, or if nobody looks."""
        if not self.closed:
            return True
        self._scenario.machine.work["lengths_checked"] += 1
        if not right:
            self._scenario.trace.note(self._exposed.layer.id, self._exposed.check, REFUSES, value)
        return right

    def write(self, position: int, data: bytes) -> None:
        """Write data from a position on, wherever that is: who does not check beforehand does not notice."""
        scenario, exposed = self._scenario, self._exposed
        end = position + len(data)
        if end > self.size_bytes:
            scenario.trace.note(exposed.layer.id, exposed.check, OPEN, end - 1)
        machine, at = scenario.machine, position
        while at < end:
            place = exposed.space.machine_address(self._start + at)
            if place is None:
                crash(scenario, exposed.layer)
                return
            count = min(end - at, PAGE_BYTES - place % PAGE_BYTES)
            machine.memory[place : place + count] = data[at - position : at - position + count]
            if at + count > self.size_bytes:
                machine.touched(scenario.attacker.name, place // PAGE_BYTES, write=True)
            at += count

    def run(self) -> None:
        """Go on with the code whose address lies behind the buffer."""
        if not self._scenario.crashed and self._scenario.machine.word(self._handler) != self._code:
            take_over(self._scenario, self._exposed.layer, confined=self._exposed.confined)


def distance(scenario: "Scenario", name: str) -> int:
    """Return how far behind a buffer the address of code lies, in bytes."""
    return 8 * scenario.draws.number(f"{name} distance", 0, 31)


def describe(scenario: "Scenario", name: str, size_bytes: int) -> None:
    """Put a buffer into the manual, whether the stack has it or not."""
    scenario.numbers |= {f"{name}_bytes": size_bytes, f"{name}_distance": distance(scenario, name)}


def fetch(scenario: "Scenario", address: int, count: int) -> bytes | None:
    """Return bytes of the attacker's own memory, as a layer below reads them for it; None if they are not all there.

    Addresses are guest-physical. A paravirtual guest grants its pages and names them by reference; here the reference
    is the number of the page (Xen, docs/misc/grant-tables.txt, has it a number in a table).
    """
    found, end = bytearray(), address + count
    while address < end:
        frame = scenario.attacker.map.get(address // PAGE_BYTES)
        if frame is None or scenario.machine.owners[frame] != scenario.attacker.name:
            scenario.trace.note(scenario.keeper.id, "guest_page", ABSENT, address)
            return None
        part = min(end - address, PAGE_BYTES - address % PAGE_BYTES)
        start = frame * PAGE_BYTES + address % PAGE_BYTES
        found += scenario.machine.memory[start : start + part]
        address += part
    return bytes(found)
