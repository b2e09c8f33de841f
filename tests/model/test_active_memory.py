"""The estimator of active memory: a fair choice of pages, three averages in integers, and the largest of them."""

from collections import Counter
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmwidgets.model.active_memory import Sampler
from vmwidgets.model.errors import VmwidgetsError

WEIGHTS = st.tuples(st.integers(1, 20), st.integers(1, 20)).map(lambda pair: (min(pair), max(pair)))


# ---------------------------------------------------------------------------------------------------------- the choice
@given(st.integers(0, 2**63 - 1), st.integers(1, 10**6), st.integers(1, 300), st.integers(0, 10**6))
def test_distinct_pages_of_the_vm_and_the_same_ones_for_the_same_key(seed, pages, sample, period):
    chosen = Sampler(seed, "a", pages, sample).choose(period)
    assert len(set(chosen.tolist())) == len(chosen) == min(sample, pages)
    assert chosen[0] >= 0
    assert chosen[-1] < pages
    assert (np.diff(chosen) > 0).all()
    other = Sampler(seed, "a", pages, sample)
    other.choose(period + 1)
    other.close(0)
    assert other.choose(period).tolist() == chosen.tolist()


def test_seed_vm_and_period_choose_other_pages():
    keys = [(1, "a", 0), (2, "a", 0), (1, "b", 0), (1, "a", 1)]
    assert len({tuple(Sampler(seed, vm, 10**6).choose(period)) for seed, vm, period in keys}) == len(keys)


def test_the_next_seed_is_not_the_same_choice_a_period_later():
    """Whatever the shift: as often as not, pages of one would be pages of the other."""
    one, two = ([set(Sampler(seed, "a", 10**6).choose(period)) for period in range(20)] for seed in (1, 2))
    assert max(len(a & b) for a in one for b in two) < 5


def test_each_set_of_pages_is_as_likely():
    sampler = Sampler(7, "a", 7, 3)
    seen = Counter(tuple(sampler.choose(period).tolist()) for period in range(7000))
    assert len(seen) == 35
    chi_square = sum((count - 200) ** 2 / 200 for count in seen.values())
    assert chi_square < 66  # 34 degrees of freedom: 1 in 1000


def test_large_machines_are_sampled_all_over():
    sampler = Sampler(1, "a", 2**33)
    chosen = np.concatenate([sampler.choose(period) for period in range(100)])
    counts, _ = np.histogram(chosen, 10, (0, 2**33))
    assert abs(counts - 1000).max() < 120  # four standard errors


# -------------------------------------------------------------------------------------------------------- the averages
@given(WEIGHTS, WEIGHTS, st.lists(st.integers(0, 100), max_size=40), st.integers(0, 100))
def test_agrees_with_averages_in_rationals(slow, fast, counts, so_far):
    sampler = Sampler(1, "a", 81_920, 100, slow, fast)
    exact = {weight: Fraction(0) for weight in (slow, fast)}
    for touched in counts:
        sampler.close(touched)
        exact = {weight: value + (touched - value) * Fraction(*weight) for weight, value in exact.items()}
    now = exact[fast] + (so_far - exact[fast]) * Fraction(*fast)
    quantum = Fraction(81_920, 100)
    half = quantum * Fraction(501, 1000)  # the estimate is rounded to whole sampled pages
    assert abs(sampler.estimate(so_far) - max(*exact.values(), now) * quantum) <= half + 1
    for got, average in zip(sampler.averages, (exact[slow], exact[fast]), strict=True):
        assert abs(got - average * quantum) <= half + 1
    assert all(type(value) is int for value in (*sampler.state, sampler.estimate(so_far)))
    assert 0 <= sampler.estimate(so_far) <= 81_920


def test_rises_at_once_and_falls_slowly():
    sampler = Sampler(1, "a", 100, 100)
    assert sampler.estimate(80) == 60  # the period in progress counts
    sampler.close(80)
    up = sampler.estimate()
    sampler.close(80)
    assert (up, sampler.estimate()) == (60, 75)
    for _ in range(20):
        sampler.close(80)
    assert sampler.estimate() == 80
    sampler.close(0)
    assert sampler.estimate() == 57  # the slow average; the fast one is at 20
    assert sampler.averages == (57, 20)


def test_what_sleeps_for_long_is_forgotten_to_the_last_page():
    sampler = Sampler(1, "a", 81_920)
    sampler.close(100)
    for _ in range(60):
        sampler.close(0)
    assert sampler.state == (0, 0)


def test_a_vm_that_touches_everything_is_all_active():
    sampler = Sampler(1, "a", 81_921)
    for _ in range(60):
        sampler.close(100)
    assert sampler.estimate() == 81_921


def test_the_estimate_moves_in_whole_sampled_pages():
    sampler = Sampler(1, "a", 320 * 256)
    for period in range(200):
        sampler.close(int(np.count_nonzero(sampler.choose(period) < 20_000)))
        assert -sampler.estimate() * 100 % (320 * 256) < 100  # rounded down to pages


@pytest.mark.parametrize("part", [0.1, 0.5, 0.9])
def test_one_sample_errs_as_the_binomial_distribution_says(part):
    pages, periods = 81_920, 2000
    sampler = Sampler(3, "a", pages)
    hits = np.array([np.count_nonzero(sampler.choose(period) < part * pages) for period in range(periods)])
    error = 100 * np.sqrt(part * (1 - part) / 100)
    assert hits.mean() == pytest.approx(100 * part, abs=4 * error / np.sqrt(periods))
    assert hits.std() == pytest.approx(error, rel=0.07)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (lambda: Sampler(1, "a", 0), "pages is 0, expected a whole number from 1 to"),
        (lambda: Sampler(1, "a", 10, 0), "sample is 0, expected"),
        (lambda: Sampler(1, "a", 10, slow=(2, 1)), "slow weight is 2, expected a whole number from 1 to 1"),
        (lambda: Sampler(1, "a", 1000).close(101), "touched is 101, expected a whole number from 0 to 100"),
        (lambda: Sampler(1, "a", 5).estimate(6), "touched is 6, expected a whole number from 0 to 5"),
    ],
)
def test_a_wrong_call_gets_a_sentence(wrong, told):
    with pytest.raises(VmwidgetsError) as error:
        wrong()
    assert str(error.value).startswith(told)
