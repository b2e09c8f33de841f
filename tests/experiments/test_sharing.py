"""Set-ups as people write them, and a sentence for each that makes no sense."""

import pytest

from vmwidgets import experiments
from vmwidgets.model.errors import VmwidgetsError


def entitlements(**parameters) -> dict[str, float]:
    table = experiments.resource_pools(**parameters)
    names = table["pool"].str.cat(table["vm"], sep="/")
    return dict(zip(names, table["entitlement"], strict=True))


def test_vms_as_a_number_as_shares_and_as_mappings_are_the_same():
    written = [2, [1000, 1000], ["normal", "normal"], [{}, {"name": "VM2", "shares": 1000, "vcpus": 4}]]
    tables = [entitlements(total=90, pools=[{"name": "P", "vms": vms}]) for vms in written]
    assert tables == [{"P/VM1": 45, "P/VM2": 45}] * 4


def test_pools_take_numbers_levels_and_neighbours():
    pools = [
        {"name": "A", "shares": "High", "vms": 1},
        {"shares": 4000, "vms": 1},
        {"name": "X", "shares": "normal", "vcpus": 4},
    ]
    assert entitlements(total=160, pools=pools) == {"A/VM1": 80, "pool 2/VM1": 40, "/X": 40}


def test_pools_in_pools_with_demand_reservation_and_limit():
    inner = {"name": "In", "limit": 30, "vms": [{"name": "a", "demand": 5}, {"name": "b", "demand": "unbounded"}]}
    outer = {"name": "Out", "vms": [{"name": "c", "reservation": 40}], "pools": [inner]}
    assert entitlements(total=60, pools=[outer]) == {"Out/c": 40, "Out/In/a": 5, "Out/In/b": 15}
    assert entitlements(total=100, pools=[outer]) == {"Out/c": 70, "Out/In/a": 5, "Out/In/b": 25}


def test_shares_columns_say_what_competed():
    table = experiments.resource_pools(scalable=True)
    assert table.groupby("pool")["pool_shares"].first().to_dict() == {"High": 24_000, "Normal": 4_000}
    assert table["entitlement_pct"].sum() == pytest.approx(100)


def test_reserves_and_caps_are_in_percent_of_the_own_processors():
    table = experiments.relative_weights(
        weights=[100, 100, 100],
        logical_processors=4,
        virtual_processors=[4, 2, 2],
        reserve_pct=[0, 50, 0],
        cap_pct=[100, 100, 25],
    )
    assert table["processors"].tolist() == [1.75, 1.75, 0.5]
    assert table["share_pct"].tolist() == [43.75, 43.75, 12.5]


def test_more_processors_than_work_leave_some_idle():
    assert experiments.relative_weights(logical_processors=4)["processors"].tolist() == [1, 1, 1]


@pytest.mark.parametrize(
    ("name", "parameters", "sentence"),
    [
        ("mhz_entitlement", {"host_mhz": -1}, "host_mhz is -1, expected a number from 0 on"),
        ("mhz_entitlement", {"vms": [{"shares": 0}]}, "the shares of VM1 are 0, expected a number above 0"),
        ("mhz_entitlement", {"vms": [{"share": 1}]}, "'share' is not known here, expected name, shares"),
        ("mhz_entitlement", {"vms": [{"demand": "much"}]}, "demand is 'much', expected a number from 0 on"),
        ("mhz_entitlement", {"vms": "VM1"}, "vms is 'VM1', expected a list"),
        ("relative_weights", {"weights": [100, 0]}, "a weight is zero, negative or not a number"),
        ("relative_weights", {"cap_pct": 120}, "cap_pct is 120, expected a number from 0 to 100"),
        ("relative_weights", {"cap_pct": [50]}, "cap_pct has 1 values, expected 3"),
        ("relative_weights", {"weights": []}, "weights is empty"),
        ("resource_pools", {"resource": "disk"}, "resource is 'disk', expected one of cpu, memory"),
        ("resource_pools", {"scalable": "yes"}, "scalable is 'yes', expected true or false"),
        (
            "resource_pools",
            {"pools": [{"shares": "huge", "vms": 1}]},
            "the shares of pool 1 are 'huge', expected a number or",
        ),
        ("resource_pools", {"pools": [{"name": 5, "vms": 1}]}, "name is 5, expected a text"),
        ("resource_pools", {"pools": [{"vms": -1}]}, "vms is -1, expected a whole number from 0 to 10000"),
        ("resource_pools", {"pools": [{"vms": 1, "name": "P"}] * 2}, "there are two P in the pool cluster"),
        ("resource_pools", {"pools": [{"vms": 1, "limit": True}]}, "limit is True, expected a number from 0 on"),
    ],
)
def test_what_makes_no_sense_gets_a_sentence(name, parameters, sentence):
    with pytest.raises(VmwidgetsError) as caught:
        experiments.get(name).run(**parameters)
    assert str(caught.value).startswith(sentence)
