"""Memory that was lent by balloon, and a guest that does not give it back.

A part of the victim's memory was idle, and the host has lent it to the attacker. Now the victim needs it. A balloon
takes memory only with the consent of the guest; what a host can do without it is to page the guest out by force, or not
to lend more than it can take back. ESX pages a guest whose balloon fails (Waldspurger, OSDI 2002, section 3.2).
"""

from typing import TYPE_CHECKING

from vmwidgets.model.guest_memory import PAGE_BYTES
from vmwidgets.model.range.guest import PAGES, ROOT, TABLE
from vmwidgets.model.range.offers import balloons
from vmwidgets.model.range.trace import OPEN, REFUSES

if TYPE_CHECKING:
    from vmwidgets.model.range.scenario import Scenario

LENT = 6
"""Pages that were lent."""
TARGET = 0
"""Its port: a read answers how many pages the host wants back; a write says that the guest has given what it gives."""


class Balloon:
    """The balloon of one guest, seen from the guest.

    Parameters
    ----------
    scenario
        Where.
    layer
        Id of the layer that takes memory away from VMs.
    """

    ports = 1

    def __init__(self, scenario: "Scenario", layer: str) -> None:
        self._scenario, self._layer = scenario, layer
        self._missing: list[int] = []
        self.paged_out: dict[int, bytes] = {}
        """What lay in the pages that were taken by force. Until the host has memory again nobody gets them back."""

    def lend(self) -> None:
        """Lend pages that the victim has never written, unless that is more than could be taken back."""
        scenario = self._scenario
        machine, victim, trace = scenario.machine, scenario.victim, scenario.trace
        if scenario.defences["memory_limit"]:
            machine.work["pages_not_lent"] += LENT
            trace.note(self._layer, "memory_limit", REFUSES, LENT)
            return
        pages = [page for page in range(1, ROOT) if page in victim.map]
        idle = [page for page in pages if not any(_content(scenario, victim.map[page]))]
        for at, page in enumerate(idle[:LENT]):
            frame = victim.map.pop(page)
            if victim.direct:
                machine.put(victim.map[TABLE] * PAGE_BYTES + 8 * page, 0)
            machine.release(frame)
            scenario.hypercalls.claim(PAGES + at)
            self._missing.append(page)

    @property
    def lent(self) -> tuple[int, ...]:
        """Those pages of the attacker's beyond what it began with that still have a frame."""
        return tuple(page for page in self._scenario.attacker.map if page >= PAGES)

    def read(self, offset: int, bits: int) -> int:
        """Answer how many pages the host wants back."""
        return min(len(self._missing), len(self.lent))

    def write(self, offset: int, bits: int, value: int) -> None:
        """Go on when the guest says that it has given what it gives: the victim gets its memory, if there is any."""
        scenario, machine = self._scenario, self._scenario.machine
        free = len(self._missing) - len(self.lent)
        for page in self._missing[:]:
            if free > 0:
                free -= 1
            elif scenario.defences["forced_reclaim"] and self.lent:
                self._page_out(self.lent[-1])
            else:
                hole = "memory_limit" if "memory_limit" in scenario.defences.offered else "forced_reclaim"
                scenario.trace.note(self._layer, hole, OPEN, len(self._missing))
                return
            frame = machine.take(scenario.victim.name)
            machine.clear(frame)
            scenario.victim.map[page] = frame
            self._missing.remove(page)

    def _page_out(self, page: int) -> None:
        scenario = self._scenario
        scenario.attacker.separate(page)
        frame = scenario.attacker.map.pop(page)
        self.paged_out[page] = _content(scenario, frame)
        scenario.machine.release(frame)
        scenario.machine.work["pages_paged_out"] += 1
        scenario.trace.note(self._layer, "forced_reclaim", REFUSES, page * PAGE_BYTES, frame, scenario.victim.name)


def _content(scenario: "Scenario", frame: int) -> bytes:
    return bytes(scenario.machine.memory[frame * PAGE_BYTES : (frame + 1) * PAGE_BYTES])


def plug(scenario: "Scenario") -> None:
    """Give the attacker's VM a balloon, if the stack has such, and memory of the victim's, if the placement says so."""
    port = scenario.port("balloon", Balloon.ports)
    scenario.numbers["lent_pages"] = LENT
    layer = balloons(scenario.stack)
    if layer is None:
        return
    balloon = Balloon(scenario, layer.id)
    scenario.ports.plug(port, balloon)
    if scenario.placement.overcommitted:
        balloon.lend()
