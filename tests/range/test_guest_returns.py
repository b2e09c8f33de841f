"""A VMM that returns to its guest where the guest says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmwidgets.attacks import ATTACKS
from vmwidgets.model.guest_memory import PAGE_BYTES
from vmwidgets.model.range.attack import Attack, Placement
from vmwidgets.model.range.guest_returns import GuestReturns, is_canonical
from vmwidgets.model.range.hypercalls import INVALID
from vmwidgets.model.range.run import Shot, run_attack
from vmwidgets.model.range.scenario import Scenario
from vmwidgets.stacks import STACKS

XEN = STACKS["xen"]
OFF = {"canonical_check": False}
NO_ADDRESS = 1 << 47


def returns(switches=None, seed=1):
    scenario = Scenario(XEN, Placement(), switches, seed)
    return scenario, GuestReturns(scenario, scenario.keeper)


@pytest.mark.parametrize(
    ("address", "canonical"),
    [(0, True), (2**47 - 1, True), (2**47, False), (2**64 - 2**47, True), (2**64 - 2**47 - 1, False), (2**63, False)],
)
def test_canonical(address, canonical):
    assert is_canonical(address) is canonical
    scenario, back = returns()
    assert back.go(address, 0x3000) == (0 if canonical else INVALID)
    assert scenario.machine.work["addresses_checked"] == 1


def test_the_address_lands_in_the_table():
    scenario, back = returns(OFF)
    back.go(NO_ADDRESS, scenario.manual()["return_table"] + 40)
    assert scenario.machine.word(back._table) == NO_ADDRESS
    assert scenario.taken == ["hypervisor"]
    assert scenario.in_reach == (0, 1, 2)
    assert scenario.machine.written == {"guest 0": {"hypervisor"}}


def test_elsewhere_it_destroys_but_takes_nothing_over():
    scenario, back = returns(OFF)
    back.go(NO_ADDRESS, 2 * PAGE_BYTES)
    assert scenario.taken == []
    assert scenario.machine.written == {"guest 0": {"hypervisor"}}


@pytest.mark.parametrize("stack", [0, 8, 2**63, 4 * PAGE_BYTES + 64])
def test_where_there_is_no_memory_the_vmm_falls(stack):
    scenario, back = returns(OFF)
    back.go(NO_ADDRESS, stack)
    assert "hypervisor" in scenario.crashed
    assert scenario.taken == []


@given(address=st.integers(0, 2**64 - 1), stack=st.integers(0, 2**64 - 1))
def test_with_the_check_nothing_is_written(address, stack):
    scenario, back = returns()
    before = bytes(scenario.machine.memory)
    back.go(address, stack)
    assert bytes(scenario.machine.memory) == before
    assert scenario.machine.written == {}


@pytest.mark.parametrize("stack", sorted(set(STACKS) - {"xen"}))
def test_other_guests_have_no_such_call(stack):
    verdict = run_attack(ATTACKS["guest_return"], STACKS[stack])
    assert (verdict.deciding.check, verdict.deciding.outcome) == ("hypercall", "absent")


def test_a_guest_whose_tables_the_processor_walks_has_none_either():
    placement = Placement(emulated=True)
    shot = Shot(Attack.from_text(ATTACKS["guest_return"].code, "layer_taken", placement), Scenario(XEN, placement))
    shot.cpu.run(100)
    assert not shot.verdict().succeeded
    assert "canonical_check" not in shot.scenario.defences.offered
