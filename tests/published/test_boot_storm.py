"""A boot storm: the order of states and what is done on them, as published; the numbers are the course's own."""

from itertools import pairwise

import pytest

from vmwidgets import experiments
from vmwidgets.experiments.booting import BOOT_STORM
from vmwidgets.model.errors import VmwidgetsError
from vmwidgets.model.units import MiB
from vmwidgets.stacks import MEMORY

ORDER = ["high", "soft", "hard", "low"]
HOST_MB = 1024
PAGE_MB = 16 / 1024


@pytest.fixture(scope="module")
def storm():
    return experiments.boot_storm(minutes=35, every_s=1)


def total(storm, column):
    return storm.groupby("minute")[column].sum()


def test_more_is_configured_than_there_is(storm):
    assert sum(vm["max"] for vm in BOOT_STORM) > 1.4 * HOST_MB
    assert storm["vm"].nunique() == len(BOOT_STORM)
    assert len(storm) == len(BOOT_STORM) * 35 * 60


def test_the_host_goes_through_all_states(storm):
    # Waldspurger 2002, section 6.3: 6, 4, 2 and 1 % of the machine's memory are free
    states = storm.groupby("minute")["state"].first()
    percent = dict(zip(ORDER, (6, 4, 2, 1), strict=True))
    ladder = MEMORY["esx"].ladder
    assert [t / (HOST_MB * MiB) * 100 for t in ladder.thresholds(HOST_MB * MiB)] == pytest.approx(
        list(percent.values())
    )
    changes = [(a, b) for a, b in pairwise(states) if a != b]
    print("predicted, changes of state:", " ".join(["high", *(b for _, b in changes)]))
    assert {b for _, b in changes} == set(ORDER)


def test_the_sequence_of_states_is_exact(storm):
    """Seen every second or seldom, in a column or as a list with minutes: it is the same sequence."""
    sequence = storm.attrs["states"]
    per_second = storm.groupby("minute")["state"].first()
    assert sequence[0] == (0, "high")
    assert sequence[1:] == [
        (minute, b) for (a, b), minute in zip(pairwise(per_second), per_second.index[1:], strict=True) if a != b
    ]
    seldom = experiments.boot_storm(minutes=3, every_s=20)
    assert seldom.attrs["states"] == [change for change in sequence if change[0] <= 3]
    passed = [row.split() for row in seldom.groupby("minute")["states"].first()]
    assert all(before[-1] == after[0] for before, after in pairwise(passed))
    assert [passed[0][0], *(state for row in passed for state in row[1:])] == [
        state for _, state in seldom.attrs["states"]
    ]
    assert any(len(row) > 2 for row in passed)  # what a look at the end of each interval would miss
    assert seldom.groupby("minute")["state"].first().tolist() == [row[-1] for row in passed]


def test_nobody_is_reclaimed_below_its_minimum(storm):
    for _, vm in storm.groupby("vm"):
        shrinks = vm["allocated_mb"].diff() < 0
        assert shrinks.any()
        assert (vm["allocated_mb"][shrinks] >= vm["min_mb"][shrinks]).all()


def test_predicted_boot_shares_zero_pages_and_swaps_little(storm):
    """While the guests zero their memory the state drops to the lowest; what frees memory is sharing."""
    boot = storm[storm["minute"] <= 1]
    assert boot["states"].str.contains("low").any()
    shared, swapped = total(boot, "shared_mb").max(), total(boot, "swapped_mb").max()
    print(f"predicted, at boot: up to {shared:.0f} MB shared, {swapped:.0f} MB swapped")
    assert shared > 400
    assert 0 < swapped < 0.1 * shared
    assert boot["ballooned_mb"].eq(0).all()  # no driver has started
    assert boot.groupby("minute")["state"].first().iloc[-1] == "high"  # it is over within a minute


def test_predicted_balloons_move_memory_later(storm):
    later = storm[storm["minute"] >= 2]
    ballooned, swapped = total(later, "ballooned_mb").max(), total(later, "swapped_mb").max()
    print(f"predicted, later: up to {ballooned:.0f} MB ballooned, {swapped:.0f} MB swapped")
    assert ballooned > 200
    assert swapped < 0.25 * ballooned
    grown = storm[storm["vm"] == "database"].set_index("minute")["allocated_mb"]
    assert grown[29.5] < 250
    assert grown[35] > 330


def test_predicted_idle_vms_are_reclaimed_until_they_stop_at_their_minimum(storm):
    end = storm[storm["minute"] > 34].set_index("vm")
    for name in ("desktops 2", "files"):
        rest = end.loc[name]
        print(f"predicted, {name}: {rest['allocated_mb'].min()} MB in the end, minimum {rest['min_mb'].iloc[0]} MB")
        assert rest["active_mb"].max() < 25
        assert rest["allocated_mb"].eq(rest["min_mb"]).all()
    for name in ("mail", "desktops 1"):  # who uses its memory keeps it, and the largest of them gets what is left
        assert (end.loc[name, "allocated_mb"] >= end.loc[name, "active_mb"]).all()
    assert (end.loc["database", "allocated_mb"] > 0.9 * end.loc["database", "active_mb"]).all()


def test_a_vm_of_any_kind_can_be_given():
    table = experiments.boot_storm(
        [{"max": 64}, {"name": "late", "max": 96, "shares": 9, "active_trace": [(0.5, 40)], "image": "Linux"}],
        host_mb=128,
        vmm_mb=8,
        minutes=2,
        every_s=30,
        page_kib=64,
    )
    assert table["vm"].tolist() == ["VM1", "late"] * 4
    late = table[table["vm"] == "late"]
    assert late["active_mb"].tolist() == [40, 40, 40, 40]
    assert table["min_mb"].eq(0).all()


def test_a_trace_may_be_plain_numbers():
    vms = [
        {"max": 64, "min": 32, "shares": 64, "active_trace": trace}
        for trace in ([20, 40, 30], [(0, 20), (0.5, 40), (1, 30)])
    ]
    table = experiments.boot_storm(vms, host_mb=256, vmm_mb=8, minutes=2, every_s=15, page_kib=64, trace_interval_s=30)
    active = {name: rows["active_mb"].tolist() for name, rows in table.groupby("vm")}
    assert active["VM1"] == active["VM2"] == [20, 40, 40, 30, 30, 30, 30, 30]
    by_minute = experiments.boot_storm(vms[:1], host_mb=256, vmm_mb=8, minutes=2, every_s=30, page_kib=64)
    assert by_minute["active_mb"].tolist() == [20, 40, 40, 30]


@pytest.mark.parametrize("profile", ["neutral", "esxi", "kvm", "hyperv"])
def test_every_product_survives_it(profile):
    table = experiments.boot_storm(profile=profile, minutes=3, page_kib=256)
    assert table["free_mb"].min() >= 0
    assert (table["allocated_mb"] > 0).all()
    shared = table["shared_mb"].max() > 0
    assert shared == (MEMORY[profile].sharing != "off")


VM = {"max": 64, "min": 32}


@pytest.mark.parametrize(
    ("parameters", "told"),
    [
        ({"vms": [5]}, "vms has 5, expected a mapping for each VM"),
        (
            {"vms": [{**VM, "size": 5}]},
            "'size' is not known here, expected max, min, shares, active_trace, name, image",
        ),
        ({"vms": [{"min": 5}]}, "max is None, expected a number from 0 to "),
        ({"vms": [{**VM, "min": 65}]}, "min is 65, expected a number from 0 to 64"),
        ({"vms": [{**VM, "shares": 0}]}, "shares is 0, expected a whole number from 1"),
        ({"vms": [{**VM, "active_trace": []}]}, "active_trace is empty"),
        ({"vms": [{**VM, "active_trace": 5}]}, "active_trace is 5, expected a list"),
        ({"vms": [{**VM, "active_trace": [(0, 5), 5]}]}, "active_trace is 5, expected a list"),
        ({"vms": [{**VM, "active_trace": [5, (0, 5)]}]}, "active_trace is (0, 5), expected a number from 0 to 64"),
        ({"vms": [{**VM, "active_trace": [(0, 5, 5)]}]}, "active_trace has 3 values, expected 2"),
        ({"vms": [{**VM, "active_trace": [(0, 65)]}]}, "active_trace is 65, expected a number from 0 to 64"),
        ({"vms": [{**VM, "active_trace": [(2, 5), (1, 5)]}]}, "active_trace goes from minute 2 to minute 1"),
        ({"vms": [{**VM, "name": "A"}] * 2}, "two VMs have the same name"),
        ({"vms": [{**VM, "name": ""}]}, "name is '', expected 1 to 40 printable characters"),
        ({"vms": [VM] * 4, "host_mb": 128}, "the VMs are guaranteed 128 MB together, and the host has 72 MB"),
        ({"profile": "xm"}, "memory is 'xm', expected one of neutral"),
        ({"trace_interval_s": 0}, "trace_interval_s is 0, expected a whole number from 1"),
        ({"every_s": 0}, "every_s is 0, expected a whole number from 1 to 3600"),
        ({"page_kib": 3}, "page_kib is 3, expected a whole number from 4"),
        ({"page_kib": 5}, "page_bytes is 5120, expected a power of two"),
        ({"host_mb": 0}, "host_mb is 0, expected a number above 0"),
    ],
)
def test_a_wrong_call_gets_a_sentence(parameters, told):
    with pytest.raises(VmwidgetsError) as error:
        experiments.boot_storm(**parameters)
    assert str(error.value).startswith(told)
