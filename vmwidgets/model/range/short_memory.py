"""Memory that is short: VMs were promised more than there is, and somebody decides whose pages have to go.

Which pages are in use a host learns from their access bits. Here those of the attacker are the translations that its
processor has looked up since the host looked last, so that guest code takes memory by touching it. A host without
targets for VMs pages out what was used longest ago, whoever's it is; one that has targets by shares takes it from who
has most (C. A. Waldspurger, OSDI 2002, section 5); and both leave a VM what is reserved for it.

Pages are only counted here: what a guest has in a page that is out comes back before it can look.
"""

from collections import Counter, OrderedDict
from collections.abc import Iterable
from typing import TYPE_CHECKING

from vmwidgets.model.range.balloon import LENT
from vmwidgets.model.range.clock import TICK_CYCLES
from vmwidgets.model.range.guest import PAGES
from vmwidgets.model.range.offers import has_targets, pages_out
from vmwidgets.model.range.trace import ABSENT, OPEN, REFUSES

if TYPE_CHECKING:
    from vmwidgets.model.range.scenario import Scenario

ROOM_PAGES = 40
"""What there is for three VMs that may grow to 32 pages each. An assumption."""
USED_PAGES = PAGES - LENT
"""What each of the others works with. That much is reserved for each VM, where there are reservations."""
TOUCHED_PAGES = 5
"""Pages that they touch in a tick: all that they work with in two. An assumption."""
AWAY_TICKS = 1
"""How long a VM waits for pages that are out. An assumption."""
LATEST_TICKS = 64
"""Of a longer sleep only so many ticks are gone through."""


class ShortMemory:
    """Who has how much of memory that does not suffice.

    Parameters
    ----------
    scenario
        Where.

    Attributes
    ----------
    resident
        Pages in memory by VM and page, the one that was used longest ago first.
    """

    def __init__(self, scenario: "Scenario") -> None:
        stack, vms = scenario.stack, len(scenario.guests)
        self._scenario, self._layer = scenario, next(iter(stack.layers.with_("reclaims")), scenario.keeper).id
        self._pages_out, self._by_shares = pages_out(stack), has_targets(stack)
        self._reserves = scenario.defences["memory_reservation"]
        self._hole = "memory_reservation" if "memory_reservation" in scenario.defences.offered else "host_paging"
        self._tick = self._ticks = self._worked = 0
        self._next, self._waits, self._has = [0] * vms, [0] * vms, Counter[int]()
        self._out, self._noted = set[tuple[int, int]](), set[str]()
        self.resident: OrderedDict[tuple[int, int], None] = OrderedDict()
        for vm in range(1, vms):  # the others were there before
            self._touch(vm, range(USED_PAGES))

    def go_on(self, now: int) -> None:
        """Let the VMs work until a time in cycles."""
        tick = now // TICK_CYCLES
        if tick == self._tick:
            return
        self._touch(0, self._scenario.path.used_frames())
        for _ in range(min(tick - self._tick, LATEST_TICKS)):
            self._ticks += 1
            for vm in range(1, len(self._next)):
                self._work(vm)
        self._tick = tick

    def victim_permille(self) -> int:
        """Return what the victim has kept of its speed, in thousandths."""
        return 1000 * self._worked // self._ticks if self._ticks else 1000

    def _work(self, vm: int) -> None:
        """Let one of the others touch some of its pages, unless it waits for some."""
        if self._waits[vm]:
            self._waits[vm] -= 1
            return
        self._worked += vm == self._scenario.victim.index
        first = self._next[vm]
        self._next[vm] = (first + TOUCHED_PAGES) % USED_PAGES
        was_out = self._touch(vm, ((first + at) % USED_PAGES for at in range(TOUCHED_PAGES)))
        self._waits[vm] = AWAY_TICKS * was_out

    def _touch(self, vm: int, pages: Iterable[int]) -> bool:
        """Use pages; return whether one of them had been paged out."""
        was_out = False
        for page in pages:
            one = vm, page
            if one in self.resident:
                self.resident.move_to_end(one)
                continue
            was_out |= one in self._out
            self._out.discard(one)
            self.resident[one] = None
            self._has[vm] += 1
            if len(self.resident) > ROOM_PAGES:
                self._make_room(one)
        return was_out

    def _make_room(self, new: tuple[int, int]) -> None:
        """Take one page away from somebody, or give the new one no memory."""
        victim, goes = self._scenario.victim.index, new
        if not self._pages_out:
            self._note("host_paging", ABSENT)
            self._take(new)
            return
        if self._by_shares:
            most = max(self._has, key=lambda vm: (self._has[vm], -vm))
            goes = next(one for one in self.resident if one[0] == most)
            self._note("memory_shares", REFUSES)
        else:
            for one in self.resident:
                if not self._reserves or self._has[one[0]] > USED_PAGES:
                    goes = one
                    break
                if one[0] == victim:
                    self._scenario.machine.work["pages_kept"] += 1
                    self._note("memory_reservation", REFUSES)
            if goes[0] == victim and new[0] != victim:
                self._note(self._hole, OPEN)
        self._take(goes)
        self._out.add(goes)

    def _take(self, page: tuple[int, int]) -> None:
        del self.resident[page]
        self._has[page[0]] -= 1

    def _note(self, check: str, outcome: str) -> None:
        if check not in self._noted:
            self._noted.add(check)
            owner = self._scenario.victim.name
            self._scenario.trace.note(self._layer, check, outcome, len(self.resident), owner=owner)


def plug(scenario: "Scenario") -> None:
    """Let memory be short, if the placement says so."""
    if scenario.placement.pressed:
        memory = ShortMemory(scenario)
        scenario.clock.on_time(memory.go_on)
        scenario.speeds.append(memory.victim_permille)
