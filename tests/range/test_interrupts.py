"""Interrupts of a device that was passed through, and what they leave of a processor."""

import pytest

from vmwidgets.model.range.attack import Placement
from vmwidgets.model.range.interrupts import HANDLING_CYCLES, MOST, PERIOD, START, WINDOW_CYCLES
from vmwidgets.model.range.scenario import Scenario
from vmwidgets.stacks import STACKS


def interrupted(period, **switches):
    scenario = Scenario(STACKS["kvm"], Placement(), switches, seed=8)
    device = scenario.ports._devices[scenario.manual()["port_interrupts"]][0]
    assert scenario.victim_permille == 1000
    device.write(PERIOD, 32, period)
    device.write(START, 8, 1)
    return scenario, device


@pytest.mark.parametrize("closed", [True, False])
def test_a_device_that_behaves_is_served(closed):
    scenario, device = interrupted(WINDOW_CYCLES // MOST, interrupt_limit=closed)
    assert device.read(START, 32) == MOST
    assert scenario.victim_permille == 1000 - 1000 * MOST * HANDLING_CYCLES // WINDOW_CYCLES == 950
    assert scenario.trace.count == 0


@pytest.mark.parametrize("period", [0, 1, HANDLING_CYCLES])
def test_a_line_that_is_never_quenched_takes_all_of_the_processor(period):
    scenario, _ = interrupted(period, interrupt_limit=False)
    assert scenario.victim_permille == 0
    assert scenario.trace.last["open"].address == WINDOW_CYCLES // HANDLING_CYCLES


def test_a_line_that_is_masked_takes_no_more_than_its_limit():
    for period in (0, 10_000, 50_000):
        scenario, device = interrupted(period)
        assert device.read(START, 32) == MOST
        assert scenario.victim_permille == 950
        assert scenario.trace.last["refuses"].check == "interrupt_limit"


def test_half_a_storm():
    scenario, _ = interrupted(2 * HANDLING_CYCLES, interrupt_limit=False)
    assert scenario.victim_permille == 500


def test_where_nothing_is_passed_through_there_is_no_such_device():
    scenario = Scenario(STACKS["virtualbox"], Placement(), seed=8)
    assert scenario.manual()["port_interrupts"] not in scenario.ports._devices
    assert scenario.victim_permille == 1000
