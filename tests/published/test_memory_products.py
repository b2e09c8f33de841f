"""What vendors and papers print of products' memory management, against what the model runs with."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmwidgets import experiments
from vmwidgets.model.errors import VmwidgetsError
from vmwidgets.stacks import MEMORY


# ------------------------------------------------------------------------------------------ Hyper-V's Dynamic Memory
def test_the_vendors_example():
    # Microsoft, Set-VMMemory reference: 1000 MB committed and a buffer of 20 % make a target of 1200 MB
    row = experiments.dynamic_memory(1000).iloc[0]
    assert (row["target_mb"], row["allocated_mb"], row["buffer_mb"]) == (1200, 1200, 200)


def test_a_target_stays_between_minimum_and_maximum():
    # the same reference; 512 MB is the minimum that the user interface proposes, as a blog of 2017 has it
    table = experiments.dynamic_memory([100, 1000, 3000], maximum_mb=[2048, 1100, 2048])
    assert table["target_mb"].tolist() == table["allocated_mb"].tolist() == [512, 1100, 2048]
    assert experiments.dynamic_memory(100, minimum_mb=0)["target_mb"][0] == 120


def test_priorities_mean_nothing_while_memory_is_sufficient():
    # B. Armstrong, 2010-08-05
    equal = experiments.dynamic_memory([1000, 2000], total_mb=3600)
    ranked = experiments.dynamic_memory([1000, 2000], priority=[1, 100], total_mb=3600)
    assert equal["allocated_mb"].tolist() == ranked["allocated_mb"].tolist() == [1200, 2400]


def test_when_memory_is_short_buffers_go_first_and_low_priorities_lose_first():
    # B. Armstrong, 2010-08-05
    no_buffer = experiments.dynamic_memory([1000, 1000], priority=[90, 10], total_mb=2000)
    assert no_buffer["buffer_mb"].tolist() == [0, 0]
    part = experiments.dynamic_memory([1000, 1000], priority=[90, 10], total_mb=2100)
    assert part["buffer_mb"].tolist() == [100, 0]
    short = experiments.dynamic_memory([1000, 1000], priority=[90, 10], total_mb=1700)
    assert short["allocated_mb"].tolist() == [1000, 700]
    shorter = experiments.dynamic_memory([1000, 1000], priority=[90, 10], total_mb=1300)
    assert shorter["allocated_mb"].tolist() == [788, 512]  # a minimum is kept whatever the priority


VMS = st.lists(st.tuples(st.integers(0, 8192), st.integers(5, 2000), st.integers(0, 100)), min_size=1, max_size=6)


@given(VMS, st.integers(0, 20_000))
def test_nothing_is_invented_and_nothing_is_left_over(vms, total):
    demand, buffer, priority = map(list, zip(*vms, strict=True))
    table = experiments.dynamic_memory(demand, buffer, 256, 4096, priority, total)
    got, target = table["allocated_mb"], table["target_mb"]
    assert got.sum() == pytest.approx(min(total, target.sum()))
    assert (got <= target + 1e-6).all()
    assert (got >= min(256, total / len(vms)) - 1e-6).all()
    unmet = got < table["demand_mb"].clip(256, 4096) - 1e-6
    if unmet.any():  # nobody has a buffer while somebody lacks what it needs
        assert (got <= table["demand_mb"].clip(256, 4096) + 1e-6).all()


# ---------------------------------------------------------------------------------- thresholds, options and overheads
def facts(product, kind):
    table = experiments.memory_profile(product)
    return table[table["kind"] == kind].set_index("name")


def test_thresholds_of_esx():
    # Waldspurger 2002, section 6.3
    found = facts("esx", "threshold")
    assert found["value"].to_dict() == {"high": 6, "soft": 4, "hard": 2, "low": 1}
    assert found["unit"].eq("% of memory free").all()
    actions = {name: set(text.split(", ")) for name, text in found["actions"].items()}
    assert actions["high"] == {"none"}
    assert [
        ("balloon" in actions[name], "swap" in actions[name], "block" in actions[name]) for name in found.index[1:]
    ] == [
        (True, False, False),
        (True, True, False),
        (True, True, True),
    ]
    assert experiments.memory_profile(host_mb=1000)["free_mb"][:4].tolist() == pytest.approx([60, 40, 20, 10])


def test_thresholds_of_esxi():
    # "vSphere 6 ESXi memory states and reclamation techniques", running-system.com: in per cent of minFree
    found = facts("esxi", "threshold")
    assert found["value"][["clear", "soft", "hard", "low"]].tolist() == [100, 64, 32, 16]
    assert "break_large" in found["actions"]["clear"]
    assert found["unit"].eq("% of minFree free").all()


def test_overheads_of_esx():
    # Waldspurger 2002, sections 3.2, 4.3, 5.3 and 6.2
    found = facts("esx", "overhead")["value"]
    assert found.to_dict() == {
        "balloon driver asks for its target": 1,
        "page sharing, for each frame": 16,
        "page sharing, of machine memory": pytest.approx(0.391),
        "page hash": 64,
        "reference count": 16,
        "pages sampled in a period": 100,
        "sampling period": 30,
        "memory for a typical VM": 32,
        "machine memory to start a VM": "min + overhead",
        "swap space to start a VM": "max - min",
        "new machine pages are zeroed": True,
    }
    assert found["page sharing, of machine memory"] < 0.5


def test_options_of_esx_and_esxi():
    # ESX Server 2.x administration manual; VMware vSphere documentation; VMware KB 2080735
    esx = facts("esx", "option")["value"]
    assert esx[["Mem/IdleTax", "Mem/ShareScanTotal", "Mem/ShareScanVM", "rebalancing interval"]].tolist() == [
        75,
        200,
        50,
        15,
    ]
    assert facts("esxi", "option")["value"].to_dict() == {
        "Mem.CtlMaxPercent": 65,
        "compression cache, of VM memory": 10,
        "Mem.IdleTax": 75,
        "Mem.ShareForceSalting": 2,
    }


def test_options_of_hyperv_and_kvm():
    # Microsoft, Set-VMMemory reference; Linux, admin-guide/mm/ksm.rst
    assert facts("hyperv", "option")["value"].to_dict() == {"buffer": 20, "minimum RAM": 512, "page sharing": "off"}
    kvm = facts("kvm", "option")["value"]
    assert kvm["page sharing (KSM run = 0)"] == "off"
    assert kvm["pages_to_scan * 1000 / sleep_millisecs"] == experiments.ksm_pass()["pages_per_s"][0]


@pytest.mark.parametrize("product", MEMORY)
def test_every_fact_has_a_source(product):
    table = experiments.memory_profile(product)
    assert table["source"].str.len().min() > 0
    assert {"threshold", "option"} <= set(table["kind"])
    assert table["free_mb"].notna().equals(table["kind"] == "threshold")


@pytest.mark.parametrize(
    ("name", "parameters", "told"),
    [
        ("dynamic_memory", {"demand_mb": -1}, "demand_mb is -1, expected a number from 0 to 1000000000"),
        ("dynamic_memory", {"demand_mb": 10**30}, f"demand_mb is {10**30}, expected a number from 0 to 1000000000"),
        ("dynamic_memory", {"total_mb": 1e300}, "total_mb is 1e+300, expected a number from 0 to 1000000000"),
        ("dynamic_memory", {"demand_mb": 10**400}, "demand_mb is 10000000"),
        ("dynamic_memory", {"priority": [10**400]}, "priority is 10000000"),
        ("dynamic_memory", {"demand_mb": []}, "demand_mb is empty"),
        ("dynamic_memory", {"buffer_pct": 4}, "buffer_pct is 4, expected a whole number from 5 to 2000"),
        ("dynamic_memory", {"maximum_mb": [1, 2]}, "maximum_mb has 2 values, expected 1"),
        ("memory_profile", {"product": "xm"}, "memory is 'xm', expected one of neutral"),
        ("memory_profile", {"host_mb": 0}, "host_mb is 0, expected a whole number from 16"),
    ],
)
def test_a_wrong_call_gets_a_sentence(name, parameters, told):
    with pytest.raises(VmwidgetsError) as error:
        getattr(experiments, name)(**parameters)
    assert str(error.value).startswith(told)
