"""Scanning for equal pages against published results; what was fitted and what is predicted stand apart."""

import pytest

from vmwidgets import experiments
from vmwidgets.model.errors import VmwidgetsError


# ------------------------------------------------------------------------------------------------------ time of a pass
def test_a_pass_of_esx_2_over_20_gib():
    # ESX Server 2.x manual: 200 pages/s
    row = experiments.ksm_pass(20, pages_to_scan=200, sleep_ms=1000).iloc[0]
    assert (row["pages"], row["pages_per_s"], round(row["pass_h"], 1)) == (5_242_880, 200, 7.3)


def test_passes_of_the_run_with_ten_vms_of_40_mb():
    # 200 pages/s for 30 minutes are 3.5 passes over 10 * 40 MB (Waldspurger 2002, Figure 4, with the manual's rate)
    row = experiments.ksm_pass(400 / 1024, pages_to_scan=200, sleep_ms=1000).iloc[0]
    assert row["pages"] == 102_400
    assert round(1800 / row["pass_s"], 1) == 3.5


def test_ksm_by_default():
    # Linux, admin-guide/mm/ksm.rst: 100 pages, then 20 ms of sleep
    table = experiments.ksm_pass([20, 40])
    print("predicted, KSM by default:", table.round(2).to_dict("list"))
    assert table["pages_per_s"].tolist() == [5000, 5000]
    assert table["pass_s"][1] == 2 * table["pass_s"][0] == 2 * 5_242_880 / 5000
    assert experiments.ksm_pass(memory=[20, 40]).equals(table)


def test_scanning_that_costs_time_is_slower_and_bounded():
    row = experiments.ksm_pass(20, cost_us=200).iloc[0]
    assert (row["pages_per_s"], row["cpu_pct"]) == (2500, 50)
    full = experiments.ksm_pass(20, sleep_ms=0, cost_us=4).iloc[0]
    assert (full["pages_per_s"], full["cpu_pct"]) == (pytest.approx(250_000), 100)


# -------------------------------------------------------------------------------------------------------- page sharing
# Waldspurger 2002, Figure 4: VMs, then MB in use, shared, reclaimed, zero, and per cent shared and reclaimed;
# digitised, +-0.5 MB. These two rows are what the composition was fitted to.
FIGURE_4 = {1: (38.8, 6.5, 4.9, 2.7, 16.9, 12.61), 2: (78.1, 47.7, 28.4, 5.2, 61.09, 36.39)}
COLUMNS = ["vm_memory_mb", "shared_mb", "reclaimed_mb", "zero_mb", "shared_pct", "reclaimed_pct"]


@pytest.fixture(scope="module")
def table():
    return experiments.page_sharing([1, 2, 3, 6, 10]).set_index("vms")


@pytest.mark.parametrize("vms", FIGURE_4)
def test_fitted_one_and_two_vms(table, vms):
    got, published = table.loc[vms, COLUMNS], list(FIGURE_4[vms])
    errors = (got - published).round(2)
    print(f"fitted, {vms} VMs, errors in MB and in per cent of memory:", errors.to_dict())
    assert errors[:4].abs().max() < 0.5
    assert errors[4:].abs().max() < 0.7


def test_fitted_zero_pages_of_one_vm(table):
    # section 4.3: nearly 5 MB are reclaimed from one VM, 55 % of it zero pages
    part = 100 * table["zero_mb"][1] / table["reclaimed_mb"][1]
    print(f"fitted, reclaimed from one VM: {table['reclaimed_mb'][1]:.2f} MB, {part:.1f} % of it zero pages")
    assert 4.5 < table["reclaimed_mb"][1] < 5
    assert abs(part - 55) < 2


def test_predicted_three_to_ten_vms(table):
    """Each further VM of the same image shares the same part of itself, and gives back all of that."""
    predicted = table.loc[[3, 6, 10], COLUMNS]
    print("predicted from the rows of 1 and 2 VMs:\n" + predicted.round(1).to_string())
    per_vm = table["shared_mb"][2] / 2
    for vms in predicted.index:
        assert table["shared_mb"][vms] == pytest.approx(vms * per_vm, rel=1e-3)
        more = (vms - 2) * per_vm  # nothing that the third and later VMs share needs a frame of its own
        assert table["reclaimed_mb"][vms] == pytest.approx(table["reclaimed_mb"][2] + more, rel=1e-3)
    assert predicted["reclaimed_pct"].is_monotonic_increasing
    assert (predicted["reclaimed_pct"] < predicted["shared_pct"]).all()


def test_a_scanner_that_is_too_slow_for_ten_vms_shares_less(table):
    """A tenth of the rate is a third of a pass over ten VMs: most pages that have an equal were never looked at."""
    slow = experiments.page_sharing([2, 10], scan_pages_per_s=20).set_index("vms")
    assert slow["passes"][10] < 0.4
    assert slow["shared_pct"][10] < 0.6 * table["shared_pct"][10]
    assert slow["shared_pct"][10] < slow["shared_pct"][2]  # more VMs, and yet less of each is shared
    assert not slow["fitted"][10]


def test_what_is_fitted_is_told_apart(table):
    assert table["fitted"].to_dict() == {1: True, 2: True, 3: False, 6: False, 10: False}


def test_passes_of_the_scanner(table):
    # 200 pages/s in all and 50 of one VM, 30 minutes, 10,240 pages in a VM
    expected = {n: min(200, 50 * n) * 1800 / (10_240 * n) for n in table.index}
    assert table["passes"].to_dict() == pytest.approx(expected)
    assert round(table["passes"][10], 1) == 3.5


def test_a_scanner_that_has_not_seen_everything_shares_less():
    # 50 pages/s of one VM: 10,240 pages take 205 s
    short, long = (experiments.page_sharing([2], minutes=minutes).iloc[0] for minutes in (1.5, 5))
    assert 0 < short["shared_mb"] < 0.7 * long["shared_mb"]
    assert short["passes"] == pytest.approx(90 * 50 / 10_240)
    assert experiments.page_sharing([2], minutes=1, scan_pages_per_s=0)["shared_mb"][0] == 0


def test_what_differs_is_not_shared():
    nothing = {"zero_permille": 0, "twins_permille": 0, "image_permille": 0, "minutes": 6, "scan_vm_pages_per_s": 0}
    page = 4 / 1024  # a kernel has at least one page, and it is the same in all VMs
    assert experiments.page_sharing(2, vm_mb=8, **nothing)["shared_mb"].tolist() == [0, 2 * page]
    zeros = {**nothing, "zero_permille": 1000, "used_permille": 1000}
    table = experiments.page_sharing([1, 2], vm_mb=8, **zeros)
    assert table["zero_mb"].tolist() == [n * (8 - page) - page for n in (1, 2)]  # one zero page stays
    assert (table["reclaimed_mb"] - table["zero_mb"]).tolist() == [0, page]


# --------------------------------------------------------------------------------------------------------- wrong calls
@pytest.mark.parametrize(
    ("name", "parameters", "told"),
    [
        ("ksm_pass", {"sleep_ms": 0}, "sleep_ms is 0, expected a number above 0"),
        ("ksm_pass", {"pages_to_scan": 0}, "pages_to_scan is 0, expected a whole number from 1"),
        ("page_sharing", {"vms": 0}, "vms is 0, expected a whole number from 1 to 100"),
        ("page_sharing", {"vms": [1, 2.5]}, "vms is 2.5, expected a whole number from 1 to 100"),
        ("page_sharing", {"vm_mb": 0}, "vm_mb is 0, expected a number above 0"),
        ("page_sharing", {"image_permille": 2000}, "image_permille is 2000, expected a whole number from 0 to 1000"),
        ("page_sharing", {"image_permille": 900}, "kernel, image, twins, cache and zero together is "),
        ("page_sharing", {"scan_pages_per_s": -1}, "scan_pages_per_s is -1, expected a whole number from 0"),
    ],
)
def test_a_wrong_call_gets_a_sentence(name, parameters, told):
    with pytest.raises(VmwidgetsError) as error:
        getattr(experiments, name)(**parameters)
    assert str(error.value).startswith(told)
