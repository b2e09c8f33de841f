"""Experiments on schedulers with odd values: a value means what it says, or there is one sentence about it."""

import pytest

from vmwidgets import experiments
from vmwidgets.model.errors import VmwidgetsError


@pytest.mark.parametrize(
    ("name", "wrong", "told"),
    [
        *(
            (name, {"seconds": seconds}, f"seconds is {seconds!r}, expected a number from 0.001 to 3600")
            for name in ("tick_theft", "slice_length", "wakeup_latency", "cap", "weighted_domains")
            for seconds in (0, -1, 1e5)
        ),
        ("cpu_ready", {"interval_s": 0}, "interval_s is 0, expected a number from 0.001 to 3600"),
        ("cap", {"cap_pct": 0}, "cap_pct is 0, expected a number from 0.1 to 100"),
        ("cap", {"cap_pct": 0.05}, "cap_pct is 0.05, expected a number from 0.1 to 100"),
        ("slice_length", {"slice_ms": 0}, "slice_ms is 0, expected a number from 0.1 to 1000"),
        ("slice_length", {"slice_ms": (5, 0.01)}, "slice_ms is 0.01, expected a number from 0.1 to 1000"),
        ("slice_length", {"switch_cost_ms": -1}, "switch_cost_ms is -1, expected a number from 0 to 1000"),
        ("tick_theft", {"run_ms": 0}, "run_ms is 0, expected a number from 0.001 to 1000"),
        ("wakeup_latency", {"work_ms": 0}, "work_ms is 0, expected a number from 0.001 to 1000"),
        ("wakeup_latency", {"pause_ms": 1e5}, "pause_ms is 100000.0, expected a number from 0.001 to 10000"),
        ("cpu_ready", {"demand_pct": 0}, "demand_pct is 0, expected a number from 0.1 to 100"),
        ("cpu_ready", {"demand_pct": 101}, "demand_pct is 101, expected a number from 0.1 to 100"),
    ],
)
def test_what_means_nothing_gets_a_sentence(name, wrong, told):
    with pytest.raises(VmwidgetsError) as refused:
        getattr(experiments, name)(**wrong)
    assert str(refused.value) == told


def test_a_part_of_a_percent_counts():
    got = [
        experiments.cpu_ready((1,), pcpus=1, demand_pct=wanted, interval_s=10)["run_pct"].iloc[0]
        for wanted in (0.1, 12.7, 60.5)
    ]
    assert got == pytest.approx([0.1, 12.7, 60.5], abs=0.05)
    capped = experiments.cap(cap_pct=12.5, scheduler="eevdf", seconds=10)["cpu_pct"].iloc[0]
    assert capped == pytest.approx(12.5, abs=0.01)
