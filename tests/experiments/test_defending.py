"""What defences cost guests that do no harm, as a table; the prices themselves are in tests/range/test_prices.py."""

import pytest

import vmwidgets as vm
from vmwidgets.model.errors import VmwidgetsError
from vmwidgets.model.range.attack import Placement
from vmwidgets.model.range.defences import DEFENCES
from vmwidgets.model.range.prices import price
from vmwidgets.model.range.scenario import Scenario
from vmwidgets.model.range.spaces import SPACE_FRAMES
from vmwidgets.stacks import STACKS


@pytest.fixture(scope="module")
def costs():
    return vm.experiments.defence_costs(["kvm", "xen", "esx"])


def test_each_defence_that_a_stack_has_is_there(costs):
    for stack, rows in costs.groupby("stack"):
        offered = {
            one
            for emulated in (False, True)
            for one in Scenario(STACKS[stack], Placement(emulated=emulated)).defences.offered
        }
        assert list(dict.fromkeys(rows["defence"])) == [one for one in DEFENCES if one in offered]


def test_sharing_that_is_off_costs_the_frames_that_it_would_save(costs):
    """Three VMs have pages of zeros, which are one page in all or one in each, and two a page of a library."""
    salting = costs[costs["defence"] == "salting"].set_index(["stack", "situation"])
    assert set(salting.index) == {("kvm", "resting"), ("esx", "resting")}
    assert (salting["frames"] > 0).all()
    assert (salting["throughput_pct"] == 100).all()


def test_a_cache_that_is_emptied_costs_throughput_only_where_there_is_one(costs):
    flush = costs[costs["defence"] == "l1d_flush"].set_index(["stack", "situation"])
    assert 10 < flush["throughput_pct"]["kvm", "in turn"] < 90
    assert flush["work"]["kvm", "in turn"].startswith("lines_emptied ")
    others = costs[costs["defence"] != "l1d_flush"]
    assert (others["throughput_pct"] == 100).all()


def test_a_stub_domain_costs_its_memory_once(costs):
    rows = costs[costs["defence"] == "stub_domain"]
    assert list(rows["frames"]) == [SPACE_FRAMES]


def test_what_no_guest_notices_has_a_row_without_a_situation(costs):
    rows = costs[costs["situation"] == ""]
    assert {"frame_owners", "ecc"} <= set(rows["defence"])
    assert (rows[["frames", "exits", "instructions"]] == 0).all(axis=None)
    assert (rows["work"] == "").all()


def test_the_time_of_a_workload_is_that_of_its_caches():
    timed = Placement(timed=True, core="in_turn")
    found = price("l1d_flush", STACKS["kvm"], timed)
    assert found.cycles > 0
    assert found.cycles_without > 1000
    assert not found.is_free
    plain = price("l1d_flush", STACKS["kvm"])
    assert plain.cycles == 0


def test_a_wrong_call_gets_a_sentence():
    with pytest.raises(VmwidgetsError, match="stack is 'vax', expected one of neutral"):
        vm.experiments.defence_costs("vax")
    with pytest.raises(VmwidgetsError, match="seed is -1"):
        vm.experiments.defence_costs(seed=-1)
