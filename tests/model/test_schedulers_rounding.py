"""Virtual time is exact: neither short turns nor odd weights are worth anything."""

import pytest

from vmwidgets.model.guest_threads import Compute, Yield, busy
from vmwidgets.model.scheduler import RUNNING, Guest, Processors, Simulation
from vmwidgets.model.schedulers import make
from vmwidgets.model.schedulers.base import Scheduler
from vmwidgets.model.schedulers.stride import Stride

NAMES = ("stride", "bvt", "esx", "hyperv_classic", "hyperv_core")


def shares(scheduler: Scheduler, *guests: Guest, seconds: int = 20) -> list[float]:
    sim = Simulation(Processors(), scheduler, guests, log_limit=0)
    sim.run(seconds * 1_000_000)
    return [spent[RUNNING] / sim.now for spent in sim.spent_us()]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("weight", [1_069, 10_000])
def test_a_guest_that_yields_gets_no_more_than_its_weight(name: str, weight: int):
    yields, rival = Guest("yields", ((Compute(100), Yield()),), weight), Guest("busy", (busy(),), weight)
    got = shares(make(name), yields, rival, seconds=2)
    assert got == pytest.approx([0.5, 0.5], abs=0.026)  # a quantum, 50 ms under ESX


@pytest.mark.parametrize("name", ["stride", "bvt", "esx"])
def test_a_weight_may_be_greater_than_the_scale(name: str):
    got = shares(make(name), Guest("a", (busy(),), 600_000), Guest("b", (busy(),), 1_000_000), seconds=60)
    assert got == pytest.approx([0.375, 0.625], abs=0.002)


def test_turns_are_as_long_as_the_exact_strides_say():
    """Weights 2 and 3 of a scale of 7: five quanta are divided 2 to 3, again and again, without a drift."""
    sim = Simulation(Processors(), Stride(10, 7), [Guest("a", (busy(),), 2), Guest("b", (busy(),), 3)])
    for cycle in range(1, 200):
        sim.run(50 * cycle)
        assert [spent[RUNNING] for spent in sim.spent_us()] == pytest.approx([20 * cycle, 30 * cycle], abs=10)
