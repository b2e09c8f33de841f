"""A processor that guest code shares with others under the scheduler of a stack."""

import pytest

from vmwidgets.attacks import ATTACKS
from vmwidgets.model.range.attack import Attack, Placement
from vmwidgets.model.range.processor_time import INSTRUCTION_US, MEASURED_US, WINDOW_US, SharedProcessor
from vmwidgets.model.range.run import Shot, run_attack
from vmwidgets.model.range.scenario import Scenario
from vmwidgets.model.range.trace import Trace
from vmwidgets.model.scheduling import ALGORITHMS
from vmwidgets.stacks import STACKS

THEFT = ATTACKS["tick_theft"]
HOG = "again:\njmp again"


def shared(algorithm, *, exact=True, vms=3):
    return SharedProcessor(algorithm, vms, Trace(), "hypervisor", exact=exact)


def test_time_goes_on_while_others_have_the_processor():
    one = shared("credit")
    read = [one.read(2000 * number) for number in range(1, 41)]
    assert read == sorted(read)
    assert read[-1] == pytest.approx(3 * 2000 * 40 * INSTRUCTION_US, rel=0.1)


def test_alone_a_guest_has_it_all():
    one = shared("credit", vms=1)
    assert one.read(10_000) == 10_000 * INSTRUCTION_US + 1
    assert one.ran_permille(0) == 1000


def test_a_halt_wakes_at_its_deadline():
    one = shared("credit", vms=1)
    one.set_deadline(7777)
    one.halt(10)
    assert one.now == 7778  # and a microsecond to wake
    one.halt(10)
    assert one.now == 8001


@pytest.mark.parametrize("algorithm", [one for one in ALGORITHMS if one != "lottery"])
def test_who_only_computes_gets_its_share_and_no_more(algorithm):
    one = shared(algorithm)
    for number in range(1, 101):
        one.interrupt(2000 * number)
    ran = [one.ran_permille(vm) for vm in range(3)]
    assert ran[0] == pytest.approx(333, abs=25)
    assert sum(ran) == pytest.approx(1000, abs=3)


@pytest.mark.parametrize("vms", [2, 3, 4, 8])
def test_sampled_accounts_give_a_thief_95_percent_and_exact_ones_its_share(vms):
    def steady(*, exact):
        one, marks = shared("credit", exact=exact, vms=vms), []
        executed = 0
        while one.now < 3_000_000:
            tick = (one.read(executed) // 10_000 + 1) * 10_000
            one.set_deadline(tick + 50)
            one.halt(executed)
            executed += 1900  # 9.5 ms
            one.read(executed)
            marks.append((one.now, one.ran_permille(0) * one.now // 1000))
        (t0, r0), (t1, r1) = next(mark for mark in marks if mark[0] > 300_000), marks[-1]
        return (r1 - r0) / (t1 - t0)

    assert steady(exact=False) == pytest.approx(0.95, abs=0.01)  # Xen commit 78c9b2a6
    assert steady(exact=True) < 1 / vms + 0.02


@pytest.mark.parametrize("stack", ["xen", "neutral"])
def test_the_victim_of_the_thief_is_left_with_little(stack):
    shot = Shot(THEFT, Scenario(STACKS[stack], THEFT.placement, {"exact_accounting": False}, 1))
    shot.cpu.run(200_000)
    assert shot.verdict().succeeded
    assert shot.scenario.processor.ran_permille(0) > 800
    assert shot.scenario.processor.over


def test_who_computes_all_the_time_is_no_thief():
    for switches in ({}, {"exact_accounting": False}):
        attack = Attack.from_text(HOG, "starved", THEFT.placement)
        verdict = run_attack(attack, STACKS["xen"], switches)
        assert not verdict.succeeded


@pytest.mark.parametrize(("vcpus", "most"), [(2, 250), (4, 167), (8, 100)])
def test_turns_for_vcpus_leave_less_to_a_vm_that_has_one(vcpus, most):
    free, limited = (SharedProcessor("credit2", 3, Trace(), "x", exact=True, vcpus=vcpus, limited=on) for on in (0, 1))
    for one in (free, limited):
        executed = 0
        while not one.over:
            executed += 2000
            one.interrupt(executed)
    assert free.ran_permille(1) == pytest.approx(most, abs=5)
    assert limited.ran_permille(1) == pytest.approx(333, abs=15)


@pytest.mark.parametrize("stack", STACKS)
def test_it_ends(stack):
    placement = Placement(scheduled=True)
    shot = Shot(Attack.from_text(HOG, "starved", placement), Scenario(STACKS[stack], placement))
    shot.cpu.run(200_000)
    assert shot.scenario.clock.now < WINDOW_US + 200_000


def test_nobody_is_starved_before_anything_was_measured():
    shot = Shot(THEFT, Scenario(STACKS["xen"], THEFT.placement, {"exact_accounting": False}))
    shot.cpu.run(100)
    assert shot.scenario.processor.now < MEASURED_US
    assert not shot.verdict().succeeded
