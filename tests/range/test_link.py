"""The network link that VMs share."""

import pytest

from vmwidgets.attacks import ATTACKS
from vmwidgets.model.range.clock import CYCLES_PER_S
from vmwidgets.model.range.link import SERVICE_CYCLES
from vmwidgets.model.range.prices import price
from vmwidgets.model.range.run import Shot
from vmwidgets.model.range.scenario import Scenario
from vmwidgets.stacks import STACKS

NOISE = ATTACKS["noisy_network"]


def test_it_sends_as_many_packets_as_a_gigabit_link():
    assert abs(1500 * 8 * CYCLES_PER_S / SERVICE_CYCLES - 1e9) < 5e7  # bits in a second


def test_what_the_neighbour_loses():
    got = {}
    for weighted in (False, True):
        shot = Shot(NOISE, Scenario(STACKS["neutral"], NOISE.placement, {"network_weights": weighted}, 1))
        shot.cpu.run(200_000)
        attacker, victim = shot.scenario.link.served
        assert attacker + victim == pytest.approx(24 * 80, abs=3)  # 24 ms
        got[weighted] = victim / (attacker + victim)
    assert got[False] < 0.25  # in each millisecond 64 packets of the attacker's before the victim's
    assert got[True] > 0.5 - 0.01


@pytest.mark.parametrize(("stack", "layer"), [("xen", "backends"), ("esxi", "hypervisor"), ("workstation", "drivers")])
def test_the_queue_is_with_whoever_sends(stack, layer):
    shot = Shot(NOISE, Scenario(STACKS[stack], NOISE.placement))
    shot.cpu.run(200_000)
    verdict = shot.verdict()
    assert verdict.succeeded
    assert verdict.deciding.layer == layer


def test_weights_let_packets_overtake():
    found = price("network_weights", STACKS["neutral"], NOISE.placement, NOISE.code)
    assert found.work["requests_overtaken"] > 0
