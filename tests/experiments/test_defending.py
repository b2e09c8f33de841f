"""What defences cost guests that do no harm, as a table; the prices themselves are in tests/range/test_prices.py."""

import pytest

import vmwidgets as vm
from vmwidgets.model.errors import VmwidgetsError
from vmwidgets.model.range.attack import Placement
from vmwidgets.model.range.defences import DEFENCES
from vmwidgets.model.range.prices import price
from vmwidgets.model.range.scenario import Scenario
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
        assert list(rows["defence"]) == [one for one in DEFENCES if one in offered]


def test_the_table_says_what_the_model_measures(costs):
    table = costs.set_index(["stack", "defence"])
    for at in (("kvm", "l1d_flush"), ("kvm", "salting"), ("xen", "stub_domain"), ("esx", "forced_reclaim")):
        one, row = price(at[1], STACKS[at[0]]), table.loc[at]
        assert (row["throughput_pct"], row["cpu_pct"]) == (one.throughput_permille / 10, one.cpu_permille / 10)
        assert (row["frames"], row["exits"], row["exits_per_s"]) == (one.frames, one.exits, one.exits_per_s)
    assert table["work"]["kvm", "iommu"] == "addresses_translated 8"
    assert table["work"]["kvm", "confinement"] == ""


def test_busy_neighbours_make_an_idle_thread_dear():
    idle, busy = (
        vm.experiments.defence_costs("kvm", neighbours_pct=percent).set_index("defence")["throughput_pct"]
        for percent in (0, 60)
    )
    assert idle["core_scheduling"] == 100 > busy["core_scheduling"]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"stacks": "vax"}, "stack is 'vax', expected one of neutral"),
        ({"seed": -1}, "seed is -1"),
        ({"neighbours_pct": 101}, "neighbours_pct is 101"),
    ],
)
def test_a_wrong_call_gets_a_sentence(wrong, said):
    with pytest.raises(VmwidgetsError, match=said):
        vm.experiments.defence_costs(**wrong)
