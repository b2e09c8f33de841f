"""The covert channel is as fast as the scanner, and no faster."""

import pytest

from vmwidgets import experiments
from vmwidgets.model.errors import VmwidgetsError


def test_the_scan_rate_bounds_the_bit_rate():
    table = experiments.covert_channel([25, 200, 1600, 12_800])
    assert (table.errors == 0).all()
    assert (table.bit_per_s <= table.bound_bit_per_s).all()
    assert (table.bit_per_s >= table.bound_bit_per_s / 4).all()
    assert table.bit_per_s.tolist() == pytest.approx([table.bit_per_s[0] * factor for factor in (1, 8, 64, 512)])


@pytest.mark.parametrize("seed", range(12))
def test_every_message_arrives(seed):
    assert experiments.covert_channel(5000, seed=seed).errors[0] == 0


def test_at_the_rates_of_products_it_is_of_the_order_that_was_measured():
    # 27 to 44 bit/s at least, on machines with more memory: DOI 10.1007/978-3-030-01950-1_33
    table = experiments.covert_channel([200, 5000])
    assert 2.7 < table.bit_per_s[0] < table.bit_per_s[1] < 440


def test_with_salts_nothing_gets_through():
    table = experiments.covert_channel(200, salted=True, seed=4)
    assert table.errors[0] > 16


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"product": "xen"}, "Xen has no scanner that looks for equal pages"),
        ({"pages_per_s": 0}, "pages_per_s is 0, expected a whole number from 1"),
    ],
)
def test_what_cannot_be(given, sentence):
    with pytest.raises(VmwidgetsError, match=sentence):
        experiments.covert_channel(**given)
