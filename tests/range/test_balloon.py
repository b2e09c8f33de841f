"""Memory lent by balloon: a guest that gives it back, one that does not, and who is short of memory then."""

from dataclasses import replace

import pytest

from tests.range.test_machine import check_owners
from vmwidgets.attacks import ATTACKS
from vmwidgets.model.guest_memory import PAGE_BYTES
from vmwidgets.model.range.attack import Placement
from vmwidgets.model.range.balloon import LENT
from vmwidgets.model.range.guest import PAGES
from vmwidgets.model.range.run import run_attack
from vmwidgets.model.range.scenario import Scenario
from vmwidgets.stacks import STACKS

SHORT = Placement(overcommitted=True)


def lent(stack="esx", placement=SHORT, **switches):
    scenario = Scenario(STACKS[stack], placement, switches, seed=8)
    return scenario, scenario.ports._devices[scenario.manual()["port_balloon"]][0]


def pages(scenario):
    return len(scenario.attacker.map), len(scenario.victim.map)


@pytest.mark.parametrize(("stack", "switches"), [("esx", {}), ("xen", {"memory_limit": False})])
def test_idle_memory_is_lent_and_the_host_asks_for_it(stack, switches):
    scenario, balloon = lent(stack, **switches)
    assert pages(scenario) == (PAGES + LENT, PAGES - LENT)
    assert balloon.read(0, 32) == LENT
    scenario.path.store(PAGES * PAGE_BYTES, 7, 8)
    check_owners(scenario)


@pytest.mark.parametrize(
    ("stack", "switches"),
    [
        ("esx", {}),
        ("esx", {"forced_reclaim": False}),
        ("xen", {"memory_limit": False}),
        ("hyperv", {"memory_limit": False}),
    ],
)
@pytest.mark.parametrize("given", [1, LENT])
def test_who_gives_back_keeps_the_rest_only_where_nobody_takes_it(stack, switches, given):
    scenario, balloon = lent(stack, **switches)
    for page in range(PAGES, PAGES + given):
        assert scenario.hypercalls.release(page) == 0
    balloon.write(0, 8, 0)
    forced = stack == "esx" and not switches
    back = LENT if forced else given
    assert pages(scenario) == (PAGES + LENT - back, PAGES - LENT + back)
    assert balloon.read(0, 32) == LENT - back
    assert len(balloon.paged_out) == (LENT - given if forced else 0)
    check_owners(scenario)
    balloon.write(0, 8, 0)
    assert pages(scenario) == (PAGES + LENT - back, PAGES - LENT + back)


def test_what_is_taken_by_force_is_kept_and_the_victim_gets_it_cleared():
    scenario, balloon = lent()
    for page in range(PAGES, PAGES + LENT):
        scenario.path.store(page * PAGE_BYTES, page, 8)
    balloon.write(0, 8, 0)
    assert sorted(balloon.paged_out) == list(range(PAGES, PAGES + LENT))
    assert all(content[0] == page for page, content in balloon.paged_out.items())
    new = [frame for page, frame in scenario.victim.map.items() if page in range(1, 1 + LENT + 1)]
    words = {scenario.machine.word(frame * PAGE_BYTES) for frame in new if frame != scenario.secret_frame}
    assert words == {0}
    assert scenario.trace.last["refuses"].check == "forced_reclaim"


def test_a_host_that_cannot_take_does_not_lend():
    scenario, balloon = lent("xen")
    assert pages(scenario) == (PAGES, PAGES)
    assert balloon.read(0, 32) == 0


def test_only_pages_that_nobody_has_written_are_idle():
    for seed in range(8):
        scenario = Scenario(STACKS["esx"], Placement(timed=True, overcommitted=True), seed=seed)
        assert scenario.secret_frame in scenario.victim.map.values()
        assert scenario.library_seen == scenario.library_content != b""
        assert pages(scenario) == (PAGES + LENT, PAGES - LENT)


def test_who_has_ended_lends_nothing_and_is_not_short():
    gone = Placement("ended", overcommitted=True)
    scenario, balloon = lent("xen", gone, memory_limit=False)
    assert balloon.read(0, 32) == 0
    attack = replace(ATTACKS["balloon_refusal"], placement=gone)
    assert not run_attack(attack, STACKS["xen"], {"memory_limit": False}, seed=8).succeeded
    assert pages(scenario) == (PAGES, 0)


def test_without_the_situation_nothing_is_lent():
    scenario, balloon = lent(placement=Placement())
    balloon.write(0, 8, 0)
    assert pages(scenario) == (PAGES, PAGES)


@pytest.mark.parametrize("stack", ["kvm", "workstation", "parallels", "container", "bare_metal"])
def test_where_the_kernel_of_the_host_pages_there_is_no_balloon_to_refuse(stack):
    verdict = run_attack(ATTACKS["balloon_refusal"], STACKS[stack], seed=8)
    assert (verdict.deciding.check, verdict.deciding.outcome) == ("port", "absent")
