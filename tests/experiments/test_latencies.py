"""Two groups of writes: what is copied takes long, and says what a neighbour has."""

import pytest

from vmwidgets import experiments
from vmwidgets.experiments.latencies import LIBRARY, PLACEMENT
from vmwidgets.model.errors import VmwidgetsError
from vmwidgets.model.range.scenario import Scenario
from vmwidgets.stacks import STACKS


def number(product: str, seed: int) -> int:
    return Scenario(STACKS[product], PLACEMENT, {"salting": False}, seed).pin


@pytest.mark.parametrize("product", ["kvm", "esx", "esxi", "virtualbox"])
@pytest.mark.parametrize("seed", range(4))
def test_the_slow_writes_are_those_that_were_copied(product, seed):
    pin = number(product, seed)
    table = experiments.write_latencies(product, first=max(0, min(pin - seed, 990)), cold=0b1010011, seed=seed)
    assert len(table) == 11
    assert set(table.guess[table.copied]) == {pin, LIBRARY}
    assert table.cycles[table.copied].min() > 2 * table.cycles[~table.copied].max()


def test_a_line_that_is_not_in_the_cache_is_slow_for_another_reason():
    cold, warm = (experiments.write_latencies(cold=mask, seed=1, salted=True).cycles for mask in (0b11, 0))
    assert (cold[:2] > 10 * warm[:2]).all()
    assert cold[2:].tolist() == warm[2:].tolist()


def test_elsewhere_there_is_one_group():
    pin = number("kvm", 3)
    table = experiments.write_latencies(first=max(0, pin - 5), seed=3, salted=True)
    assert not table.copied.any()
    assert table.cycles.nunique() == 1
    assert experiments.write_latencies(first=(pin + 20) % 980, seed=3).query("guess >= 0").copied.sum() == 0


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"product": "xen"}, "Xen has no scanner that looks for equal pages"),
        ({"first": 991}, "first is 991, expected a whole number from 0 to 990"),
        ({"cold": 2048}, "cold is 2048"),
        ({"seed": -1}, "seed is -1"),
    ],
)
def test_what_cannot_be(given, sentence):
    with pytest.raises(VmwidgetsError, match=sentence):
        experiments.write_latencies(**given)
