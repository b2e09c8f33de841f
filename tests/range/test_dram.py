"""Rows that are opened too often disturb a weak cell beside them."""

import pytest

from vmwidgets.attacks import ATTACKS
from vmwidgets.model.guest_memory import PAGE_BYTES
from vmwidgets.model.range.dram import DISTURBING, REFRESH_CYCLES, ROW_FRAMES, Dram
from vmwidgets.model.range.draws import Draws
from vmwidgets.model.range.machine import LOW, Machine
from vmwidgets.model.range.run import run_attack
from vmwidgets.model.range.trace import OPEN, REFUSES, Trace
from vmwidgets.stacks import STACKS

ROW_BYTES = ROW_FRAMES * PAGE_BYTES
AT = LOW * PAGE_BYTES + ROW_BYTES + 77


def dram(*, corrects=False):
    machine, trace = Machine(Draws(0)), Trace()
    machine.take("guest 1", frame=AT // PAGE_BYTES)
    return machine, trace, Dram(machine, trace, "guest 0", (AT, 3), corrects=corrects)


def hammer(one, times, rows=(AT - ROW_BYTES, AT + ROW_BYTES)):
    for number in range(times):
        one.activate(rows[number % len(rows)])


def test_rows_on_both_sides_opened_often_change_a_bit():
    machine, trace, one = dram()
    hammer(one, DISTURBING - 1)
    assert machine.memory[AT] == 0
    hammer(one, 2)
    assert machine.memory[AT] == 8
    assert machine.written == {"guest 0": {"guest 1"}}
    assert trace.last[OPEN].owner == "guest 1"


def test_a_row_that_stays_open_disturbs_nobody():
    machine, _, one = dram()
    hammer(one, 10 * DISTURBING, (AT - ROW_BYTES,))
    assert machine.memory[AT] == 0


def test_rows_further_away_disturb_nobody():
    machine, _, one = dram()
    hammer(one, 10 * DISTURBING, (AT - 2 * ROW_BYTES, AT + 2 * ROW_BYTES))
    assert machine.memory[AT] == 0


def test_a_refresh_in_time_saves_the_bit():
    machine, _, one = dram()
    for period in range(10):
        one.refresh(period * REFRESH_CYCLES)
        hammer(one, DISTURBING - 1)
    assert machine.memory[AT] == 0


def test_ecc_puts_it_right():
    machine, trace, one = dram(corrects=True)
    hammer(one, DISTURBING + 1)
    assert machine.memory[AT] == 0
    assert machine.work["bits_corrected"] == 1
    assert machine.written == {}
    assert trace.last[REFUSES].check == "ecc"


def test_a_bit_that_is_set_already_stays():
    machine, trace, one = dram()
    machine.memory[AT] = 0xFF
    hammer(one, 2 * DISTURBING)
    assert machine.memory[AT] == 0xFF
    assert trace.count == 0


@pytest.mark.parametrize("stack", ["kvm", "esx", "esxi", "virtualbox", "container", "bare_metal"])
@pytest.mark.parametrize("seed", [0, 7, 2**40 + 1])
def test_a_shared_page_is_changed_only_with_sharing_and_without_ecc(stack, seed):
    attack = ATTACKS["row_hammer"]
    for salting in (False, True):
        for ecc in (False, True):
            verdict = run_attack(attack, STACKS[stack], {"salting": salting, "ecc": ecc}, seed)
            assert verdict.succeeded is (not salting and not ecc)
            if verdict.succeeded:
                assert (verdict.deciding.check, verdict.written) == ("ecc", ("shared",))


@pytest.mark.parametrize("stack", ["xen", "hyperv", "parallels", "workstation", "neutral"])
def test_without_a_scanner_no_page_of_the_victim_comes_into_the_row(stack):
    verdict = run_attack(ATTACKS["row_hammer"], STACKS[stack], {"ecc": False}, 1)
    assert not verdict.succeeded
    assert verdict.written == ()
