"""What a VM keeps on a host whose user starts programs."""

import pytest

from vmwidgets import experiments
from vmwidgets.model.errors import VmwidgetsError


def test_a_vm_is_one_thread_among_the_programs():
    table = experiments.hosted()
    assert table["fair_pct"].tolist() == pytest.approx([100 / (n + 1) for n in table["programs"]])
    assert table["vm_pct"].tolist() == pytest.approx(table["fair_pct"].tolist(), abs=0.5)
    assert (table["vm_pct"] + table["ready_pct"]).tolist() == pytest.approx([100] * len(table))


def test_nice_values_are_the_only_weights():
    """sched_prio_to_weight: 5 steps are a factor of 1024 / 335."""
    nice = experiments.hosted(programs=1, program_nice=5)
    assert nice["vm_pct"].iloc[0] == pytest.approx(100 * 1024 / (1024 + 335), abs=0.5)
    worse = experiments.hosted(programs=1, vm_nice=5)
    assert worse["vm_pct"].iloc[0] == pytest.approx(100 * 335 / (1024 + 335), abs=0.5)


def test_more_vcpus_are_more_threads():
    wide = experiments.hosted(programs=2, vcpus=2, pcpus=1)
    assert wide["vm_pct"].iloc[0] == pytest.approx(50, abs=0.5)
    beside = experiments.hosted(programs=2, vcpus=2, pcpus=4)
    assert beside["vm_pct"].iloc[0] == pytest.approx(200, abs=0.5)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"programs": -1}, "programs is -1, expected a whole number from 0 to 256"),
        ({"vm_nice": 20}, "nice is 20, expected a whole number from -20 to 19"),
        ({"vcpus": 0}, "vcpus is 0, expected a whole number from 1 to 64"),
        ({"seconds": 0}, "seconds is 0, expected a number from 0.001 to 3600"),
    ],
)
def test_what_means_nothing_gets_a_sentence(wrong, told):
    with pytest.raises(VmwidgetsError) as refused:
        experiments.hosted(**wrong)
    assert str(refused.value) == told
