"""Demand: seeded, meaningful, the same for every window that is asked for."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmwidgets.model.errors import VmwidgetsError
from vmwidgets.model.random import fnv1a, random_permille
from vmwidgets.model.units import GiB
from vmwidgets.model.vm import VM
from vmwidgets.model.workload import WORKLOADS, Workload

DAY = np.arange(1440, dtype=np.int64)


def make(kind: str, **parameters: int) -> VM:
    values = {"values": (0, 50, 100)} if kind == "trace" else {}
    return VM("A", vcpus=2, memory_bytes=4 * GiB, workload=Workload(kind, **values, **parameters))


def demand(vm: VM, ticks: np.ndarray = DAY, seed: int = 1, tick_s: int = 60):
    return vm.workload.demand(vm, seed, ticks, tick_s)


@pytest.mark.parametrize("kind", sorted(WORKLOADS))
def test_every_kind_has_a_summary_and_a_sane_demand(kind: str):
    vm = make(kind)
    made = demand(vm)
    assert WORKLOADS[kind].summary
    assert made.rate_per_s.shape == made.clients.shape == made.active_bytes.shape == DAY.shape
    assert (made.active_bytes >= 0).all()
    assert (made.active_bytes <= vm.memory_bytes).all()
    assert (made.rate_per_s >= 0).all()
    assert made.cpu_us > 0


@pytest.mark.parametrize("kind", sorted(WORKLOADS))
@given(first=st.integers(0, 2000), length=st.integers(1, 50), seed=st.integers(0, 2**63 - 1))
def test_a_window_does_not_depend_on_where_it_begins(kind: str, first: int, length: int, seed: int):
    vm = make(kind)
    ticks = np.arange(first, first + length, dtype=np.int64)
    part = demand(vm, ticks, seed)
    whole = demand(vm, np.arange(0, first + length, dtype=np.int64), seed)
    for name in ("rate_per_s", "clients", "active_bytes"):
        assert np.array_equal(getattr(part, name), getattr(whole, name)[first:])


def test_a_web_server_has_a_quiet_night_and_an_evening_peak():
    rate = demand(make("web")).rate_per_s
    assert rate[19 * 60 : 21 * 60].mean() > 8 * rate[3 * 60 : 5 * 60].mean()


def test_a_memory_hog_leaks_until_it_has_all():
    active = demand(make("memory_hog", full_after_min=100)).active_bytes
    assert (np.diff(active) >= 0).all()
    assert active[99] < active[100] == active[-1]


def test_a_boot_storm_ends():
    made = demand(make("boot_storm", start_tick=10, boot_min=5))
    assert made.clients[:10].max() == 0 < made.clients[10:15].min()
    assert made.clients[15:].max() == 0


def test_a_trace_repeats_value_by_value():
    made = demand(make("trace", value_s=120), np.arange(8, dtype=np.int64))
    assert (made.rate_per_s / 20).tolist() == [0, 0, 50, 50, 100, 100, 0, 0]


@pytest.mark.parametrize(
    ("kind", "values", "told"),
    [
        (["web"], (), "workload is .'web'., expected one of idle, "),
        ("web", None, "values is None, expected a list"),
        ("trace", "50", "values is '50', expected a list"),
        ("trace", (), "the trace has 0 values, expected 1 to "),
    ],
)
def test_what_is_no_workload_gets_a_sentence(kind, values, told):
    with pytest.raises(VmwidgetsError, match=told):
        Workload(kind, values=values)


def test_batch_jobs_of_different_vms_start_at_different_times():
    vms = [VM(f"v{i}", workload=Workload("batch")) for i in range(6)]
    assert len({demand(vm).clients.tobytes() for vm in vms}) > 3


def test_random_numbers_are_a_function_of_their_coordinates():
    ticks = np.arange(100_000, dtype=np.int64)
    numbers = random_permille(1, "A", ticks)
    assert np.array_equal(numbers[500:600], random_permille(1, "A", ticks[500:600]))
    assert numbers.min() == 0
    assert numbers.max() == 999
    counts = np.bincount(numbers, minlength=1000)
    assert ((counts - 100) ** 2 / 100).sum() < 1200  # chi-square with 999 degrees of freedom: 1142 is the 99.9 % point
    assert not np.array_equal(numbers, random_permille(2, "A", ticks))
    assert not np.array_equal(numbers, random_permille(1, "B", ticks))


def test_fnv1a_meets_its_published_vectors():
    # draft-eastlake-fnv, test vectors of the 64-bit FNV-1a
    assert fnv1a("") == 0xCBF29CE484222325
    assert fnv1a("a") == 0xAF63DC4C8601EC8C
    assert fnv1a("foobar") == 0x85944171F73967E8
