"""Memory that was promised more often than it is there: whose pages go."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmwidgets.attacks import ATTACKS
from vmwidgets.model.range.attack import Placement
from vmwidgets.model.range.clock import TICK_CYCLES
from vmwidgets.model.range.guest import MAX_PAGES
from vmwidgets.model.range.prices import price
from vmwidgets.model.range.run import Shot
from vmwidgets.model.range.scenario import VMS, Scenario
from vmwidgets.model.range.short_memory import ROOM_PAGES, USED_PAGES, ShortMemory
from vmwidgets.stacks import STACKS

NOISE = ATTACKS["noisy_memory"]
PRESSED = Placement(pressed=True)


class World:
    """Memory whose attacker uses what one says, in one tick after another."""

    def __init__(self, stack, **switches):
        self.scenario, self.tick, self.used = Scenario(STACKS[stack], PRESSED, switches), 0, []
        self.memory, self.scenario.path = ShortMemory(self.scenario), self

    def used_frames(self):
        return self.used

    def use(self, pages, ticks=40):
        for _ in range(ticks):
            self.tick, self.used = self.tick + 1, list(range(pages))
            self.memory.go_on(self.tick * TICK_CYCLES)
        return self.memory.victim_permille()

    def has(self, vm):
        return sum(one == vm for one, _ in self.memory.resident)


@pytest.mark.parametrize("stack", STACKS)
def test_while_there_is_room_nobody_suffers(stack):
    world = World(stack, **({"memory_reservation": False} if stack == "kvm" else {}))
    assert world.use(ROOM_PAGES - (VMS - 1) * USED_PAGES) == 1000


@pytest.mark.parametrize("stack", ["kvm", "workstation", "bare_metal"])
def test_who_uses_more_in_the_same_time_keeps_more(stack):
    switches = {"memory_reservation": False} if stack == "kvm" else {}
    kept = [World(stack, **switches).use(pages) for pages in (20, 24, 28, 32)]
    assert kept == sorted(kept, reverse=True)
    assert kept[0] == 1000
    assert kept[-1] < 900


@pytest.mark.parametrize("stack", ["kvm", "container", "esxi", "neutral", "xen", "hyperv"])
def test_a_reservation_shares_or_no_paging_at_all_leave_the_victim_what_it_works_with(stack):
    world = World(stack)
    assert world.use(MAX_PAGES) == 1000
    assert world.has(1) == world.has(2) == USED_PAGES


def test_a_host_that_pages_nobody_out_gives_no_more_than_there_is():
    world = World("xen")
    world.use(MAX_PAGES)
    assert world.has(0) == ROOM_PAGES - (VMS - 1) * USED_PAGES


@given(st.sampled_from(sorted(STACKS)), st.booleans(), st.lists(st.integers(0, MAX_PAGES), max_size=30))
def test_there_are_never_more_pages_than_room(stack, reserves, uses):
    switches = {} if reserves or stack not in ("kvm", "esx") else {"memory_reservation": False}
    world = World(stack, **switches)
    for pages in uses:
        world.use(pages, 1)
        assert len(world.memory.resident) <= ROOM_PAGES
        assert 0 <= world.memory.victim_permille() <= 1000


def test_guest_code_takes_memory_by_touching_it():
    shot = Shot(NOISE, Scenario(STACKS["workstation"], NOISE.placement, {}, 3))
    shot.cpu.run(200_000)
    verdict = shot.verdict()
    assert verdict.succeeded
    assert (verdict.deciding.check, verdict.deciding.owner) == ("host_paging", "guest 1")


def test_where_memory_is_not_short_nothing_of_the_kind_goes_on():
    plain, pressed = (Scenario(STACKS["kvm"], where) for where in (Placement(), PRESSED))
    assert len(pressed.speeds) == len(plain.speeds) + 1
    assert price("memory_reservation", STACKS["kvm"], Placement(), NOISE.code).is_free


def test_a_reservation_has_work_to_do():
    assert price("memory_reservation", STACKS["kvm"], PRESSED, NOISE.code).work["pages_kept"] > 0
