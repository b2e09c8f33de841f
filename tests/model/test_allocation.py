"""Sharing against an exact oracle in rationals, the invariants of bounded proportional share, and batches."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from vmwidgets.model import allocation
from vmwidgets.model.allocation import largest_remainder, share
from vmwidgets.model.errors import VmwidgetsError

CLOSE = 1e-11  # relative to the capacity; the solver stops at 1e-12


def oracle(capacity: float, weight: list[float], floor: list[float], ceiling: list[float]) -> list[Fraction]:
    """The definition, in rationals: walk all levels at which a VM begins or stops to grow, then interpolate."""
    c, w = Fraction(capacity), [Fraction(v) for v in weight]
    hi = [Fraction(v) for v in ceiling]
    lo = [min(Fraction(f), h) for f, h in zip(floor, hi, strict=True)]
    if sum(hi) <= c:
        return hi
    if sum(lo) >= c:
        return [v * c / sum(lo) for v in lo] if sum(lo) else lo

    def at(level: Fraction) -> list[Fraction]:
        return [min(max(level * v, a), b) for v, a, b in zip(w, lo, hi, strict=True)]

    below = Fraction(0)
    for level in sorted({v / u for u, a, b in zip(w, lo, hi, strict=True) for v in (a, b)}):
        if sum(at(level)) >= c:
            x, y = sum(at(below)), sum(at(level))
            return at(below + (level - below) * (c - x) / (y - x) if y > x else level)
        below = level
    raise AssertionError("the ceilings hold the capacity")


@st.composite
def hosts(draw, least=1, most=12, decades=6, integers=False, scarce=False):
    """Capacity, weights, floors, ceilings; idle VMs, unused reservations and infeasible floors included.

    `scarce`: the capacity lies between the floors that can be used and the ceilings.
    """
    n = draw(st.integers(least, most))
    number = st.integers(0, 1000) if integers else st.one_of(st.just(0.0), st.floats(1e-3, 1e3))
    exponent = st.floats(-decades, decades)
    weight = [float(draw(st.integers(1, 10_000))) if integers else 10.0 ** draw(exponent) for _ in range(n)]
    ceiling = [float(draw(number)) for _ in range(n)]
    floor = [float(draw(st.one_of(st.just(0), number))) for _ in range(n)]
    low, high = sum(min(pair) for pair in zip(floor, ceiling, strict=True)), sum(ceiling)
    if scarce:
        assume(low < high)
        return low + (high - low) * draw(st.floats(0.01, 0.99)), weight, floor, ceiling
    return draw(st.sampled_from([low / 2, low, (low + high) / 2, high, high + 1])), weight, floor, ceiling


@pytest.fixture(params=["few", "columns"])
def solver(request, monkeypatch):
    """Both ways of solving: plain Python for a few numbers, NumPy for the rest."""
    monkeypatch.setattr(allocation, "_FEW", 0 if request.param == "columns" else 10**9)


# The fixture holds no state; and, as everywhere, a slow computer fails no test.
SLOW_FIXTURE = settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


@pytest.mark.usefixtures("solver")
class TestInvariants:
    @SLOW_FIXTURE
    @given(hosts())
    def test_agrees_with_exact_rationals_even_under_hostile_weights(self, host):
        capacity, _, _, ceiling = host
        x = share(*host)
        error = max(abs(Fraction(a) - b) for a, b in zip(x.tolist(), oracle(*host), strict=True))
        assert error <= CLOSE * min(capacity, sum(ceiling))

    @SLOW_FIXTURE
    @given(hosts())
    def test_1_between_floor_and_ceiling_and_nothing_left_idle(self, host):
        capacity, _, floor, ceiling = host
        x = share(*host)
        least = np.minimum(floor, ceiling)
        assert (x <= ceiling).all()
        assert x.sum() == pytest.approx(min(capacity, sum(ceiling)), rel=CLOSE)
        if least.sum() <= capacity:
            assert (x >= least).all()
        else:  # floors that do not fit shrink in proportion
            assert x == pytest.approx(least * (capacity / least.sum()), rel=1e-9)

    @SLOW_FIXTURE
    @given(hosts(decades=2, scarce=True))
    def test_2_one_price_for_all_that_are_between_floor_and_ceiling(self, host):
        capacity, weight, floor, ceiling = (np.asarray(v) for v in host)
        least = np.minimum(floor, ceiling)
        x = share(*host)
        price = x / weight
        between = (x > least) & (x < ceiling)
        slack = CLOSE * capacity / weight.min()
        if between.any():
            level = price[between].mean()
            assert price[between] == pytest.approx(level, abs=slack)
            assert (price[(x == ceiling) & (x > least)] <= level + slack).all()
            assert (price[(x == least) & (x < ceiling)] >= level - slack).all()

    @SLOW_FIXTURE
    @given(hosts(decades=2), st.integers(-20, 20), st.randoms(use_true_random=False))
    def test_3_only_ratios_of_weights_count_and_names_do_not(self, host, power, random):
        capacity, weight, floor, ceiling = (np.asarray(v) for v in host)
        x, factor = share(*host), 2.0**power
        assert share(capacity, weight * factor, floor, ceiling).tolist() == x.tolist()
        assert share(capacity * factor, weight, floor * factor, ceiling * factor).tolist() == (x * factor).tolist()
        order = list(range(len(weight)))
        random.shuffle(order)
        moved = share(capacity, weight[order], floor[order], ceiling[order])
        assert moved == pytest.approx(x[order], abs=CLOSE * capacity)

    @SLOW_FIXTURE
    @given(hosts(least=2, decades=2), st.floats(1.01, 10), st.data())
    def test_4_monotone_in_capacity_weight_and_floor(self, host, factor, data):
        capacity, weight, floor, ceiling = (np.asarray(v) for v in host)
        x, slack = share(*host), CLOSE * capacity
        i = data.draw(st.integers(0, len(weight) - 1))
        others = np.arange(len(weight)) != i
        assert (share(capacity * factor, weight, floor, ceiling) >= x - slack * factor).all()
        heavier, safer = weight.copy(), floor.copy()
        heavier[i] *= factor
        safer[i] = safer[i] * factor + 1
        y = share(capacity, heavier, floor, ceiling)
        assert y[i] >= x[i] - slack
        assert (y[others] <= x[others] + slack).all()
        y = share(capacity, weight, safer, ceiling)
        assert (y[others] <= x[others] + slack).all()

    @SLOW_FIXTURE
    @given(hosts(decades=2), st.data())
    def test_5_two_halves_of_a_vm_get_half_each(self, host, data):
        capacity, weight, floor, ceiling = (np.asarray(v) for v in host)
        x = share(*host)
        i = data.draw(st.integers(0, len(weight) - 1))
        floor = np.minimum(floor, ceiling)
        halves = (np.append(np.where(np.arange(len(v)) == i, v / 2, v), v[i] / 2) for v in (weight, floor, ceiling))
        y = share(capacity, *halves)
        assert y[i] == pytest.approx(x[i] / 2, abs=CLOSE * capacity)
        assert y[-1] == pytest.approx(x[i] / 2, abs=CLOSE * capacity)

    @SLOW_FIXTURE
    @given(hosts())
    def test_6_an_idle_vm_changes_nothing_whatever_it_reserves(self, host):
        capacity, weight, floor, ceiling = host
        with_idle = share(capacity, [*weight, 7.0], [*floor, 50.0], [*ceiling, 0.0])
        assert with_idle[-1] == 0
        assert with_idle[:-1] == pytest.approx(share(*host), abs=CLOSE * capacity)

    @pytest.mark.parametrize(
        ("host", "expected"),
        [
            ((10, [3], [0], [4]), [4]),
            ((10, [3], [0], [np.inf]), [10]),
            ((10, [3], [20], [np.inf]), [10]),
            ((0, [1, 1], [1, 0], [2, 2]), [0, 0]),
            ((5, [1, 2], [0, 0], [0, 0]), [0, 0]),
            ((6, [1, 1], [9, 3], [9, 9]), [4.5, 1.5]),
            ((12, [1, 1], [9, 3], [9, 9]), [9, 3]),
            ((3, [], [], []), []),
            ((3, [1e-6, 1e6], [0, 0], [np.inf, 1]), [2, 1]),
        ],
    )
    def test_edges(self, host, expected):
        assert share(*host).tolist() == expected


def random_fleet(seed: int, n: int, columns: int) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(seed)
    weight = 10 ** rng.uniform(-3, 3, (n, columns))
    ceiling = rng.uniform(0, 10, (n, columns)) * (rng.random((n, columns)) < 0.9)
    floor = ceiling * rng.random((n, columns)) * (rng.random((n, columns)) < 0.5)
    return ceiling.sum(axis=0) * rng.uniform(0.05, 1.2, columns), weight, floor, ceiling


@pytest.mark.parametrize("n", [1, 2, 7, 20, 65, 300])
def test_a_batch_has_the_bits_of_its_columns_one_by_one(n):
    capacity, weight, floor, ceiling = random_fleet(n, n, 60)
    batch = share(capacity, weight, floor, ceiling)
    for j in range(60):
        assert share(capacity[j], weight[:, j], floor[:, j], ceiling[:, j]).tolist() == batch[:, j].tolist()
    halves = [share(capacity[c], weight[:, c], floor[:, c], ceiling[:, c]) for c in (slice(0, 1), slice(1, 60))]
    assert np.concatenate(halves, axis=1).tolist() == batch.tolist()


def test_controls_of_one_host_serve_all_ticks():
    capacity, weight, floor, ceiling = random_fleet(3, 12, 50)
    w, f = weight[:, :1], floor[:, :1]
    wide = share(40.0, np.repeat(w, 50, axis=1), np.repeat(f, 50, axis=1), ceiling)
    assert share(40.0, w, f, ceiling).tolist() == wide.tolist()
    cube = share(40.0, w[..., None], f[..., None], ceiling.reshape(12, 5, 10))
    assert cube.reshape(12, 50).tolist() == wide.tolist()
    assert share(capacity, 1.0, 0.0, ceiling).tolist() == share(capacity, np.ones((12, 50)), 0.0, ceiling).tolist()


def test_memory_order_does_not_matter_and_nothing_is_changed_in_place():
    capacity, weight, floor, ceiling = random_fleet(4, 30, 40)
    before = [a.copy() for a in (capacity, weight, floor, ceiling)]
    got = share(capacity, weight, floor, ceiling)
    assert share(capacity, weight.T.copy().T, floor.T.copy().T, ceiling.T.copy().T).tolist() == got.tolist()
    got[:] = -1
    for a, b in zip(before, (capacity, weight, floor, ceiling), strict=True):
        assert a.tolist() == b.tolist()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((1, [0], [0], [1]), "a weight is zero, negative or not a number"),
        ((1, [1, np.nan], [0, 0], [1, 1]), "a weight is zero, negative or not a number"),
        ((1, [np.inf], [0], [1]), "a weight is infinite"),
        ((-1, [1], [0], [1]), "a capacity is negative or not a number"),
        ((np.inf, [1], [0], [np.inf]), "a capacity is infinite"),
        ((1, [1], [np.nan], [1]), "a floor is negative or not a number"),
        ((1, [1], [0], [-1]), "a ceiling is negative or not a number"),
        ((1, 1, 0, 1), "ceiling has no axis of VMs"),
        ((1, [1, 2], [0, 0], [1, 2, 3]), "weight has the shape (2,), which does not fit the ceiling's (3,)"),
        (([1, 2], [1, 2], [0, 0], [1, 2]), "capacity has the shape (2,), which does not fit the ceiling's (2,)"),
    ],
)
def test_bad_input_gets_a_sentence(arguments, sentence):
    with pytest.raises(VmwidgetsError) as caught:
        share(*arguments)
    assert str(caught.value) == sentence


@given(hosts(integers=True))
def test_rounded_shares_add_up_and_respect_whole_bounds(host):
    capacity, _, floor, ceiling = host
    capacity = float(int(capacity))
    x = share(capacity, *host[1:])
    whole = largest_remainder(x, int(min(capacity, sum(ceiling))))
    assert whole.dtype == np.int64
    assert whole.sum() == int(min(capacity, sum(ceiling)))
    assert (np.abs(whole - x) < 1 + 1e-9).all()
    assert (whole <= ceiling).all()
    if np.minimum(floor, ceiling).sum() <= capacity:
        assert (whole >= np.minimum(floor, ceiling)).all()


def test_missing_units_go_to_the_largest_remainders_then_to_the_first():
    assert largest_remainder([1.2, 2.5, 3.3], 7).tolist() == [1, 3, 3]
    assert largest_remainder([10 / 3] * 3, 10).tolist() == [4, 3, 3]
    assert largest_remainder([0.5, 0.5, 0.5, 0.5]).tolist() == [1, 1, 0, 0]
    assert largest_remainder([2.0, 3.0]).tolist() == [2, 3]
    assert largest_remainder([]).tolist() == []


def test_a_unit_too_many_is_taken_where_there_is_one():
    assert largest_remainder([0.0, 3.0, 4.0], 6).tolist() == [0, 2, 4]


def test_rounding_a_batch_rounds_its_columns():
    values = np.random.default_rng(1).uniform(0, 5, (6, 40))
    total = np.rint(values.sum(axis=0)).astype(np.int64)
    batch = largest_remainder(values, total)
    assert batch.sum(axis=0).tolist() == total.tolist()
    for j in range(40):
        assert largest_remainder(values[:, j], total[j]).tolist() == batch[:, j].tolist()


@pytest.mark.parametrize("values", [[-1.0], [np.nan], [np.inf]])
def test_only_amounts_can_be_rounded(values):
    with pytest.raises(VmwidgetsError, match="negative or not a number"):
        largest_remainder(values)


def test_a_total_out_of_reach_is_refused():
    with pytest.raises(VmwidgetsError, match="another total"):
        largest_remainder([1.0, 2.0], 9)


def test_what_is_not_there_cannot_be_taken_away():
    with pytest.raises(VmwidgetsError, match="another total"):
        largest_remainder([0.0, 3.0], 1)


@given(st.lists(st.integers(0, 8), min_size=1, max_size=8), st.data())
def test_remainders_as_hamilton_did_it_by_hand(quarters, data):
    values = [q / 4 for q in quarters]
    down = [int(v) for v in values]
    total = data.draw(st.integers(sum(down), sum(down) + len(values)))
    order = sorted(range(len(values)), key=lambda i: (down[i] - values[i], i))
    expected = [d + (order.index(i) < total - sum(down)) for i, d in enumerate(down)]
    assert largest_remainder(values, total).tolist() == expected
