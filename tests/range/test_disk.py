"""A disk that two VMs share: in the order of requests, or in turn."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmwidgets.attacks import ATTACKS
from vmwidgets.model.range.disk import DEPTH, DISK, SERVICE_CYCLES
from vmwidgets.model.range.draws import Draws
from vmwidgets.model.range.machine import Machine
from vmwidgets.model.range.prices import price
from vmwidgets.model.range.run import Shot
from vmwidgets.model.range.scenario import Scenario
from vmwidgets.model.range.shared_queue import MEASURED_REQUESTS, SharedQueue
from vmwidgets.model.range.trace import OPEN, REFUSES, Trace
from vmwidgets.stacks import STACKS

NOISE = ATTACKS["noisy_disk"]


def disk(*, weighted):
    return SharedQueue(DISK, Machine(Draws(0)), Trace(), STACKS["kvm"].layers["hardware"], weighted=weighted)


def load(one, waiting, requests):
    """Keep so many requests waiting while the disk serves so many."""
    for at in range(1, requests + 1):
        while one.read(0, 32) < waiting:
            one.write(0, 8, 0)
        one.serve_until(at * SERVICE_CYCLES)
    return one.served


@pytest.mark.parametrize("waiting", [1, 3, 31])
def test_in_the_order_they_come_who_has_more_waiting_is_served_more(waiting):
    attacker, victim = load(disk(weighted=False), waiting, 640)
    assert attacker + victim == 640
    assert victim == pytest.approx(640 / (waiting + 1), abs=1)


@pytest.mark.parametrize("waiting", [1, 3, 31])
def test_with_weights_each_has_half(waiting):
    attacker, victim = load(disk(weighted=True), waiting, 640)
    assert abs(attacker - victim) <= 1


def test_alone_the_victim_has_it_all():
    one = disk(weighted=True)
    one.serve_until(1000 * SERVICE_CYCLES)
    assert one.served == [0, 1000]
    assert not one.is_short


def test_one_request_at_a_time_is_no_noise():
    one = disk(weighted=False)
    load(one, 1, MEASURED_REQUESTS)
    assert not one.is_short


def test_there_is_room_for_so_many_requests():
    one = disk(weighted=False)
    for _ in range(10 * DEPTH):
        one.write(0, 8, 0)
    assert one.read(0, 32) == DEPTH


def test_the_trace_says_it_once():
    for weighted, outcome in ((False, OPEN), (True, REFUSES)):
        one = disk(weighted=weighted)
        load(one, 31, 100)
        assert one._trace.count == 1
        assert one._trace.last[outcome].check == "io_weights"


@given(st.booleans(), st.lists(st.one_of(st.just(0), st.integers(1, 40 * SERVICE_CYCLES)), max_size=60))
def test_the_disk_is_never_idle_and_serves_one_at_a_time(weighted, steps):
    one, now = disk(weighted=weighted), 0
    for step in steps:
        if step:
            now += step
            one.serve_until(now)
            assert sum(one.served) == now // SERVICE_CYCLES
        else:
            one.write(0, 8, 0)


def test_what_the_neighbour_loses():
    got = {}
    for weighted in (False, True):
        shot = Shot(NOISE, Scenario(STACKS["kvm"], NOISE.placement, {"io_weights": weighted}, 1))
        shot.cpu.run(200_000)
        attacker, victim = shot.scenario.disk.served
        assert attacker + victim == pytest.approx(600, abs=2)  # 60 ms
        got[weighted] = victim / 600
    assert got[False] == pytest.approx(1 / (DEPTH + 1), abs=0.01)
    assert got[True] == pytest.approx(1 / 2, abs=0.01)


def test_weights_let_requests_overtake():
    found = price("io_weights", STACKS["kvm"], NOISE.placement, NOISE.code)
    assert found.work["requests_overtaken"] > 0
    assert (found.exits, found.instructions) == (0, 0)
