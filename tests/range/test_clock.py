"""The clock of a range: instructions, waiting, sleeping."""

import pytest

from vmwidgets.model.range.clock import LONGEST_HALT_CYCLES, TICK_CYCLES, Clock


def test_an_instruction_takes_a_cycle_and_waiting_comes_on_top():
    clock = Clock()
    assert clock.read(10) == 10
    clock.stall(200)
    assert clock.read(12) == 212


def test_without_a_deadline_the_next_tick_wakes():
    clock = Clock()
    clock.stall(3 * TICK_CYCLES // 2)
    clock.halt(0)
    assert clock.now == 2 * TICK_CYCLES
    clock.halt(0)
    assert clock.now == 3 * TICK_CYCLES


def test_a_deadline_wakes_once():
    clock = Clock()
    clock.set_deadline(12_345)
    clock.halt(100)
    assert clock.now == 12_345
    clock.halt(100)
    assert clock.now == TICK_CYCLES


@pytest.mark.parametrize("deadline", [0, 99, 100])
def test_a_deadline_that_has_passed_is_none(deadline):
    clock = Clock()
    clock.set_deadline(deadline)
    clock.halt(100)
    assert clock.now == TICK_CYCLES


def test_nobody_sleeps_forever():
    clock = Clock()
    clock.set_deadline(2**64 - 1)
    clock.halt(5)
    assert clock.now == 5 + LONGEST_HALT_CYCLES


def test_others_go_on_meanwhile():
    clock, seen = Clock(), []
    clock.on_time(seen.append)
    clock.read(7)
    clock.halt(9)
    clock.interrupt(10)
    assert seen == [7, 9, TICK_CYCLES, TICK_CYCLES + 1]
