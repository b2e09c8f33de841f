"""Vendors' arithmetic to the last digit. Nothing is fitted: these set-ups have no free parameter."""

import pytest

from vmwidgets import experiments


def test_mhz_entitlement_of_denneman_2010():
    assert experiments.mhz_entitlement()["entitlement_mhz"].tolist() == [500, 2250, 3250]


def test_relative_weights_of_the_hyper_v_documentation():
    assert experiments.relative_weights()["share_pct"].tolist() == [10, 20, 70]


def test_a_weight_of_200_gets_twice_the_cycles_of_100():
    # J. Savill, ITPro Today, 2010
    low, high = experiments.relative_weights(weights=[100, 200])["share_pct"]
    assert high == pytest.approx(2 * low, abs=1e-8)


@pytest.mark.parametrize("weights", [[100, 100], [100, 300], [1, 10_000], [50, 100, 850], [100] * 8])
def test_weights_of_control_groups_are_w_over_the_sum_of_siblings(weights):
    # Linux, Documentation/admin-guide/cgroup-v2.rst, cpu.weight; 2 CPUs and groups with many threads
    table = experiments.relative_weights(weights=weights, logical_processors=2, virtual_processors=None)
    assert table["share_pct"].tolist() == [round(100 * w / sum(weights), 9) for w in weights]


def test_pools_of_denneman_2020_without_and_with_scalable_shares():
    # 100 GHz; six VMs of 2 vCPUs in a pool of high shares, two in one of normal shares: 8000 and 4000 shares
    plain = experiments.resource_pools().groupby("pool")["entitlement"]
    assert plain.sum().to_dict() == pytest.approx({"High": 200 / 3, "Normal": 100 / 3})
    assert plain.first().to_dict() == pytest.approx({"High": 100 / 9, "Normal": 100 / 6})  # priorities inverted
    scalable = experiments.resource_pools(scalable=True).groupby("pool")["entitlement"]
    assert scalable.sum().to_dict() == pytest.approx({"High": 600 / 7, "Normal": 100 / 7})
    assert scalable.first().to_dict() == pytest.approx({"High": 100 / 7, "Normal": 50 / 7})  # 2:1 again, VM by VM


def test_shares_of_memory_follow_the_table_of_share_values():
    # vSphere 7.0 Resource Management guide: 20, 10, 5 shares per MB, a pool as a VM with 16 GB
    table = experiments.resource_pools(
        resource="memory",
        pools=[
            {"name": "High", "shares": "high", "vms": 6, "memory_mb": 32 * 1024},
            {"name": "Normal", "vms": 2, "memory_mb": 32 * 1024},
        ],
    )
    assert table.groupby("pool")["pool_shares"].first().to_dict() == {"High": 327_680, "Normal": 163_840}
    assert table["shares"].unique().tolist() == [327_680]
