"""What breaks without a duty of the VMM is found by the run, for any machine of the family."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vmwidgets.model.duties import DUTIES, INVARIANTS, run_without, verdicts
from vmwidgets.model.errors import VmwidgetsError

seeds = st.integers(0, 2**63 - 1)


def broken(duty, seed):
    return {verdict.invariant for verdict in verdicts(duty, seed) if not verdict.holds}


@given(seeds)
@settings(max_examples=30, deadline=None)
def test_a_complete_vmm_breaks_nothing(seed):
    assert broken(None, seed) == set()
    assert run_without(None, seed).holds


@pytest.mark.parametrize(
    ("duty", "first", "all_broken"),
    [
        ("scheduler", "time", {"time"}),
        ("memory_map", "frames", {"frames"}),
        ("device", "devices", {"devices"}),
        ("interrupt", "interrupts", {"interrupts", "time"}),  # who never gets control back cannot take turns either
    ],
)
@given(seed=seeds)
@settings(max_examples=30, deadline=None)
def test_what_breaks_without(duty, first, all_broken, seed):
    assert run_without(duty, seed).invariant == first
    assert broken(duty, seed) == all_broken


@given(seeds)
@settings(max_examples=10, deadline=None)
def test_the_numbers_tell_why(seed):
    assert run_without("scheduler", seed).observed == 0  # the other guest never ran
    assert run_without("interrupt", seed).observed == 0
    frames, devices = run_without("memory_map", seed), run_without("device", seed)
    assert frames.expected / 2 <= frames.observed < frames.expected  # pages share frames
    assert devices.observed > devices.expected > 0  # bytes of a stranger
    assert tuple(verdict.invariant for verdict in verdicts(None, seed)) == INVARIANTS


def test_seeds_give_different_machines_and_one_seed_the_same():
    assert len({run_without("device", seed) for seed in range(10)}) > 5
    assert run_without("device", 3) == run_without("device", 3)


def test_an_unknown_duty_gets_a_sentence():
    with pytest.raises(VmwidgetsError, match="expected one of " + ", ".join(DUTIES)):
        run_without("cooking")
