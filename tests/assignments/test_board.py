from dataclasses import replace

import pytest

from vmwidgets.assignments.perimeter import variant
from vmwidgets.assignments.perimeter.board import board, budget, cost, measured, reference
from vmwidgets.assignments.perimeter.fit import fit, priced
from vmwidgets.assignments.perimeter.trial import Trial
from vmwidgets.assignments.perimeter.weaknesses import WEAKNESSES
from vmwidgets.attacks import ATTACKS
from vmwidgets.model.errors import VmwidgetsError
from vmwidgets.model.range.scenario import Scenario

VARIANTS = [variant(seed * 0x9E3779B97F4A7C15 % 2**64) for seed in range(300)]


def with_hole(id, kind="exploitable"):
    """The first host that has a hole."""
    return next(one for one in VARIANTS if id in [hole.id for hole in holes(one, kind)])


def holes(one, kind):
    return list(one.exploitable.values()) if kind == "exploitable" else [getattr(one, kind)]


@pytest.mark.parametrize("id", [id for id in WEAKNESSES if id != "host_read"])
def test_a_hole_is_open_until_its_switch_is_on(id):
    one, hole = with_hole(id), WEAKNESSES[id]
    assert one.run_gallery(hole, 5).fell
    fixed = one.run_gallery(hole, 5, reference(one))
    assert not fixed.fell
    assert fixed.verdict.deciding.check in (*hole.switches, "guest_tables")


@pytest.mark.parametrize("id", [id for id in WEAKNESSES if id != "host_read"])
def test_a_decoy_is_closed(id):
    one = with_hole(id, "decoy")
    assert not one.run_gallery(one.decoy, 5).fell


def test_no_switch_cures_what_is_incurable():
    cured = dict.fromkeys(sorted({one.incurable.id for one in VARIANTS}))
    assert len(cured) == 12
    for id in cured:
        one = with_hole(id, "incurable")
        cured[id] = not one.run_gallery(one.incurable, 5, dict.fromkeys(one.switches, True)).fell
    assert not any(cured.values())


def test_with_everything_on_no_attack_at_all_gets_through():
    """Also those of families that are never planted: what is not on the board is on."""
    one = with_hole("table_update", "incurable")
    for technique in one.stack.techniques:
        below = replace(one.stack, technique=technique)
        for attack in ATTACKS.values():
            assert not Trial(attack, Scenario(below, attack.placement, None, 5)).run().fell, attack.id


def test_prices_are_measured():
    one = with_hole("sharing_oracle")
    prices = {switch.id: switch.price for switch in board(one).switches}
    assert prices["salting"].frames > 0
    assert prices["stub_domain"].frames > 0
    slower = {"in_turn": "core_scheduling", "sibling": "l1d_flush"}[one.core]
    assert prices[slower].throughput_permille < 970
    assert prices["bounds_check"].work
    assert set(prices) == set(one.settings)


def test_the_smallest_fix_is_within_the_budget_and_all_switches_are_not():
    for one in VARIANTS[:6]:
        allowed = budget(one)
        assert allowed.pays(cost(one, reference(one)))
        assert not allowed.pays(cost(one, dict.fromkeys(one.switches, True)))
        assert not allowed.pays(cost(one, {**reference(one), "stub_domain": True}))
        assert allowed.pays(cost(one, {}))


def test_the_workload_runs_to_its_end_on_every_board():
    for one in VARIANTS[:6]:
        for switches in ({}, reference(one), dict.fromkeys(one.switches, True), dict.fromkeys(one.switches, False)):
            assert measured(one, switches).finished


def test_a_host_is_fit_to_be_handed_out():
    handed_out = [one for one in VARIANTS[:4] if priced(one)][:2]
    assert [fit(one) for one in handed_out] == [None, None]


WRONG = {
    "the decoy is open": (
        lambda one: {"decoy": one.exploitable["cpu"]},
        "crosses a wall that is none of the weak ones",
    ),
    "what is incurable can be cured": (
        lambda one: {"incurable": WEAKNESSES["nic_underflow"]},
        "nic_underflow is cured by a switch of the board",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_host_that_is_not_fit_says_why(name):
    change, problem = WRONG[name]
    one = with_hole("sharing_oracle")
    assert fit(one) is None
    assert problem in str(fit(replace(one, **change(one))))


def test_a_host_on_which_nothing_is_open_is_not_fit(monkeypatch):
    one = with_hole("sharing_oracle")
    settings = dict.fromkeys(one.switches, True) | {"stub_domain": False, "salting": False}
    monkeypatch.setattr(type(one), "settings", property(lambda _: dict(settings)))
    hole = next(hole for slot, hole in one.exploitable.items() if slot != "memory")
    assert fit(one) == f"{hole.id} does not cross the wall that it should"


def test_a_board_has_no_other_switches():
    with pytest.raises(VmwidgetsError, match="no switch 'ecc'"):
        cost(VARIANTS[0], {"ecc": False})


def test_a_host_whose_fix_is_for_nothing_is_not_handed_out():
    free = ("table_update", "noisy_cpu")
    one = next(one for one in VARIANTS if free == (one.exploitable["memory"].id, one.exploitable["cpu"].id))
    assert fit(one) == "the fix costs nothing, so that its price can be guessed"
