"""The idle memory tax against revocation step by step, Dynamic Memory, the states of a host and its profile."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from vmwidgets.model.errors import VmwidgetsError
from vmwidgets.model.memory_profile import TUNABLE, Ladder, MemoryProfile, Rung, min_free_bytes
from vmwidgets.model.reclaim import dynamic_memory, idle_memory_tax, shares_per_page
from vmwidgets.model.units import GiB, MiB


# ----------------------------------------------------------------------------------------------------- idle memory tax
def revoke(total, shares, active, tax, minimum, maximum):
    """The mechanism itself: page by page from the VM that pays least to the one that pays most; then smaller pages.

    Written after Waldspurger 2002, section 5.2, without the closed form. A page moves only while the one who gets it
    still pays more than the one who gave it.
    """
    n, k = len(shares), 1 / (1 - tax)
    pages = [float(v) for v in minimum]
    for i in range(n):
        pages[i] += min(maximum[i] - pages[i], total - sum(pages))

    def rho(i, p):
        if p <= 0:
            return float("inf")
        f = min(1, active[i] / p)
        return shares[i] / (p * (f + k * (1 - f)))

    for halving in range(-4, 14):
        page = 2.0**-halving
        while True:
            givers = [i for i in range(n) if pages[i] - page >= minimum[i]]
            takers = [i for i in range(n) if pages[i] + page <= maximum[i]]
            if not givers or not takers:
                break
            poorest = min(givers, key=lambda i: rho(i, pages[i] - page))
            richest = max(takers, key=lambda i: rho(i, pages[i] + page))
            if rho(richest, pages[richest] + page) <= rho(poorest, pages[poorest] - page):
                break
            pages[poorest] -= page
            pages[richest] += page
    return pages


@st.composite
def hosts(draw, bounded=True):
    """Total, shares, active, tax, minima, maxima; the minima fit, and the maxima hold the total."""
    n = draw(st.integers(1, 5))
    shares = [draw(st.integers(1, 8)) for _ in range(n)]
    maximum = [draw(st.integers(1, 400)) for _ in range(n)]
    minimum = [draw(st.integers(0, most)) if bounded and draw(st.booleans()) else 0 for most in maximum]
    active = [draw(st.integers(0, 500)) for _ in range(n)]
    total = draw(st.integers(sum(minimum), sum(maximum)))
    return total, shares, active, draw(st.sampled_from([0, 0.25, 0.5, 0.75, 0.9])), minimum, maximum


@settings(deadline=None)
@given(hosts())
def test_agrees_with_revocation_step_by_step(host):
    assert idle_memory_tax(*host).tolist() == pytest.approx(revoke(*host), abs=0.1)


@given(hosts(), st.floats(0, 2))
def test_all_is_handed_out_between_the_bounds(host, factor):
    total, shares, active, tax, minimum, maximum = host
    total = total * factor
    got = idle_memory_tax(total, shares, active, tax, minimum, maximum)
    assert got.sum() == pytest.approx(min(total, sum(maximum)), rel=1e-12)
    assert (got <= np.array(maximum)).all()
    if total >= sum(minimum):
        assert (got >= np.array(minimum)).all()
    else:
        assert got.tolist() == pytest.approx([total * v / sum(minimum) for v in minimum])


@given(hosts())
def test_all_that_are_at_no_bound_pay_the_same(host):
    _, shares, active, tax, minimum, maximum = host
    got = idle_memory_tax(*host)
    rho = shares_per_page(shares, got, active, tax)
    at_floor, at_top = np.isclose(got, minimum), np.isclose(got, maximum)
    between = rho[~at_floor & ~at_top]
    if len(between):
        assert between == pytest.approx(between[0], rel=1e-6)
        assert (rho[at_floor & ~at_top] <= between[0] * (1 + 1e-6)).all()  # would lose more, but must not
        assert (rho[at_top & ~at_floor] >= between[0] * (1 - 1e-6)).all()  # would get more, but cannot


@given(hosts(), st.floats(0, 0.98), st.floats(0, 0.98))
def test_who_has_no_idle_memory_never_loses_by_a_higher_tax(host, one, other):
    total, shares, active, _, minimum, maximum = host
    low, high = (idle_memory_tax(total, shares, active, tax, minimum, maximum) for tax in sorted((one, other)))
    busy = np.array(active) >= np.array(maximum)
    assert (high[busy] >= low[busy] - 1e-9).all()


@given(hosts(), st.integers(0, 500))
def test_who_uses_more_never_gets_less(host, more):
    total, shares, active, tax, minimum, maximum = host
    after = idle_memory_tax(total, shares, [active[0] + more, *active[1:]], tax, minimum, maximum)
    assert after[0] >= idle_memory_tax(*host)[0] - 1e-9


@given(hosts())
def test_without_a_tax_only_shares_count(host):
    total, shares, active, _, minimum, maximum = host
    nothing_used = idle_memory_tax(total, shares, [0] * len(shares), 0, minimum, maximum)
    assert idle_memory_tax(total, shares, active, 0, minimum, maximum).tolist() == pytest.approx(nothing_used.tolist())


@given(st.floats(1, 1000), st.floats(0, 1), st.floats(0, 1), st.floats(0, 0.99), st.sampled_from([1, 3, 1000]))
def test_the_difference_of_two_equals_is_the_tax_on_the_difference_of_their_use(total, one, other, tax, shares):
    # P2 - P1 = tax * (A2 - A1), which follows from the definition of rho where both have idle pages
    active = [total * one / 2, total * other / 2]
    got = idle_memory_tax(total, shares, active, tax, 0, np.inf)
    assume((got > active).all())
    assert got[1] - got[0] == pytest.approx(tax * (active[1] - active[0]), abs=1e-9 * total)


def test_floors_that_do_not_fit_shrink_together_even_if_one_is_above_all_there_is():
    assert idle_memory_tax(101, 1, [0, 0], 0.75, [10, 1000], 2000).tolist() == pytest.approx([1, 100])


def test_a_minimum_above_the_maximum_counts_as_the_maximum():
    assert idle_memory_tax(100, 1, [50, 50], 0.5, [40, 0], [30, 100]).tolist() == [30, 70]


def test_no_vm_and_nothing_to_divide():
    assert idle_memory_tax(100, [], [], 0.5, [], []).tolist() == []
    assert idle_memory_tax(0, 1, [5, 5], 0.5, 0, 10).tolist() == [0, 0]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"tax": 1}, "the tax is 1, expected a number from 0 to less than 1"),
        ({"tax": -0.1}, "the tax is -0.1, expected"),
        ({"shares": [0, 1]}, "a share is zero, negative or not a number"),
        ({"minimum": [-1, 1]}, "a minimum is negative or not a number"),
        ({"total": float("nan")}, "a total is negative or not a number"),
    ],
)
def test_a_wrong_division_gets_a_sentence(change, told):
    arguments = {"total": 10, "shares": [1, 1], "active": [1, 1], "tax": 0, "minimum": 0, "maximum": 10}
    with pytest.raises(VmwidgetsError) as error:
        idle_memory_tax(**{**arguments, **change})
    assert str(error.value).startswith(told)


# ------------------------------------------------------------------------------------------------------ Dynamic Memory
def test_the_target_is_the_demand_and_its_buffer_between_minimum_and_maximum():
    got = dynamic_memory(10_000, [1000, 100, 2000], 0.2, [0, 512, 0], [4000, 4000, 2100], 5000)
    assert got.tolist() == [1200, 512, 2100]


def test_buffers_go_first_and_then_the_least_important_lose():
    demand, priority = [1000, 1000, 1000], [1, 3, 2]
    assert dynamic_memory(3600, demand, 0.2, 100, 4000, priority).tolist() == [1200, 1200, 1200]
    assert dynamic_memory(3300, demand, 0.2, 100, 4000, priority).tolist() == [1000, 1200, 1100]
    assert dynamic_memory(2500, demand, 0.2, 100, 4000, priority).tolist() == [500, 1000, 1000]
    assert dynamic_memory(1500, demand, 0.2, 100, 4000, priority).tolist() == [100, 1000, 400]
    assert dynamic_memory(150, demand, 0.2, 100, 4000, priority).tolist() == [50, 50, 50]


def test_equals_share_in_proportion_to_what_they_lack():
    assert dynamic_memory(900, [1000, 500], 0.2, 0, 4000, 7).tolist() == [600, 300]


@st.composite
def demands(draw):
    n = draw(st.integers(1, 6))
    maximum = [draw(st.integers(1, 100)) for _ in range(n)]
    minimum = [draw(st.integers(0, most)) for most in maximum]
    demand = [draw(st.integers(0, 120)) for _ in range(n)]
    return draw(st.integers(0, 400)), demand, draw(st.sampled_from([0.05, 0.2, 1, 20])), minimum, maximum


@given(demands(), st.data())
def test_served_one_after_another_by_importance(host, data):
    """With a place of its own for every VM the rule can be walked through VM by VM."""
    total, demand, buffer, minimum, maximum = host
    assume(total >= sum(minimum))
    order = data.draw(st.permutations(range(len(demand))))
    got, rest = list(map(float, minimum)), total - sum(minimum)
    for part in (1, 1 + buffer):
        for i in sorted(range(len(demand)), key=lambda i: -order[i]):
            more = min(max(min(demand[i] * part, maximum[i]) - got[i], 0), rest)
            got[i] += more
            rest -= more
    assert dynamic_memory(*host, order).tolist() == pytest.approx(got, abs=1e-9)


@given(demands(), st.data())
def test_within_the_bounds_and_importance_never_hurts(host, data):
    total, demand, _, minimum, maximum = host
    priority = [data.draw(st.integers(0, 3)) for _ in demand]
    got = dynamic_memory(*host, priority)
    assert got.sum() <= total + 1e-9
    assert (got <= np.array(maximum) + 1e-9).all()
    if total >= sum(minimum):
        assert (got >= np.array(minimum) - 1e-9).all()
    assert dynamic_memory(*host, [priority[0] + 1, *priority[1:]])[0] >= got[0] - 1e-9


@given(demands(), st.data())
def test_importance_means_nothing_while_there_is_enough(host, data):
    _, *rest = host
    priority = [data.draw(st.integers(0, 3)) for _ in host[1]]
    assert dynamic_memory(600, *rest, priority).tolist() == dynamic_memory(600, *rest, 0).tolist()


# ---------------------------------------------------------------------------------------------------------- the ladder
def test_the_reserve_grows_in_pieces():
    assert min_free_bytes(0) == 0
    pieces = [round(min_free_bytes(gb * GiB) / MiB, 2) for gb in (4, 12, 28, 29)]
    assert pieces == [245.76, 573.44, 901.12, 911.36]
    for edge in (4, 12, 28):
        assert 0 <= min_free_bytes(edge * GiB + 100) - min_free_bytes(edge * GiB) <= 6


@st.composite
def ladders(draw):
    permille = sorted((draw(st.integers(0, 300)) for _ in range(draw(st.integers(1, 5)))), reverse=True)
    rungs = tuple(Rung(f"rung {i}", value) for i, value in enumerate(permille))
    return Ladder(rungs, draw(st.sampled_from(["memory", "min_free"])), 0, draw(st.sampled_from([0, 1, 100, 500])))


MEMORY = 10 * GiB


@given(ladders(), st.data())
def test_falls_below_a_threshold_and_climbs_well_above_the_next(ladder, data):
    levels = ladder.thresholds(MEMORY)
    state = data.draw(st.integers(0, len(levels) - 1))
    free = data.draw(st.sampled_from(levels)) * data.draw(st.integers(0, 2000)) // 1000
    below = [i for i, level in enumerate(levels) if i > state and free < level]
    above = [
        i for i, level in enumerate(levels) if i < state and free > level + level * ladder.hysteresis_permille / 1000
    ]
    expected = max(below) if below else min(above) if above else state
    assert ladder.next(state, free, MEMORY) == expected
    assert ladder.next(expected, free, MEMORY) == expected


@given(ladders(), st.data())
def test_free_memory_that_wavers_around_a_threshold_moves_the_host_at_most_once(ladder, data):
    assume(ladder.hysteresis_permille > 0)
    levels = ladder.thresholds(MEMORY)
    edge = data.draw(st.integers(0, len(levels) - 1))
    highest = levels[edge] * (1000 + ladder.hysteresis_permille) // 1000
    lowest = max((level for level in levels if level < levels[edge]), default=0)
    walk = data.draw(st.lists(st.integers(lowest, highest), max_size=50))
    state = ladder.next(0, levels[edge], MEMORY)  # from plenty down to the threshold itself
    moves = 0
    for free in walk:
        before, state = state, ladder.next(state, free, MEMORY)
        moves += state != before
    assert moves <= 1


def test_without_hysteresis_it_would_swing():
    """The counterpart: the same wavering moves the host every time if a threshold is the same in both directions."""
    rungs = (Rung("clear", 100), Rung("soft", 100))
    states = {0: [], 100: []}
    for hysteresis, seen in states.items():
        ladder, state = Ladder(rungs, hysteresis_permille=hysteresis), 0
        for free in (99, 101, 99, 101):
            seen.append(state := ladder.next(state, free, 1000))
    assert states == {0: [1, 0, 1, 0], 100: [1, 1, 1, 1]}


def test_edges_of_a_step_to_the_byte():
    ladder, memory = Ladder((Rung("high", 100), Rung("soft", 50))), 10**6
    assert [ladder.next(0, free, memory) for free in (50_000, 49_999)] == [0, 1]
    assert [ladder.next(1, free, memory) for free in (110_000, 110_001)] == [1, 0]


def test_the_reserve_is_part_of_the_same_base():
    assert Ladder((Rung("a", 5),), "memory", 60).reserve_bytes(1000) == 60
    assert Ladder((Rung("a", 5),), "min_free", 1000).reserve_bytes(96 * GiB) == min_free_bytes(96 * GiB)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (lambda: Ladder(()), "the rungs of a ladder are [], expected one or more, falling"),
        (lambda: Ladder((Rung("a", 1), Rung("b", 2))), "the rungs of a ladder are [1, 2], expected"),
        (lambda: Ladder((Rung("a", 1),), "disk"), "ladder base is 'disk', expected one of memory, min_free"),
        (lambda: Rung("a", 1001), "rung permille is 1001, expected a whole number from 0 to 1000"),
        (lambda: Rung("", 1), "rung name is '', expected"),
    ],
)
def test_a_wrong_ladder_gets_a_sentence(wrong, told):
    with pytest.raises(VmwidgetsError) as error:
        wrong()
    assert str(error.value).startswith(told)


# --------------------------------------------------------------------------------------------------------- the profile
PROFILE = MemoryProfile("test", "Test", Ladder((Rung("any", 0),)))


@pytest.mark.parametrize(("name", "low", "high"), TUNABLE)
def test_every_setting_takes_its_range_and_nothing_beyond(name, low, high):
    for value in (low, high):
        assert getattr(PROFILE.with_changes(**{name: value}), name) == value
    for value in (low - 1, high + 1, float(low), None) if type(low) is int else ("on", 1, None):
        with pytest.raises(VmwidgetsError, match=f"^{name} is .*, expected"):
            PROFILE.with_changes(**{name: value})


def test_what_is_not_the_users_to_change():
    for name in ("id", "ladder", "sample_pages", "idle_tax"):
        with pytest.raises(
            VmwidgetsError, match=f"^'{name}' is not a memory setting that can be changed, expected one of"
        ):
            PROFILE.with_changes(**{name: 1})


def test_a_change_leaves_the_profile_as_it_was():
    changed = PROFILE.with_changes(sharing="within", host_swap=False)
    assert (changed.sharing, changed.host_swap) == ("within", False)
    assert (PROFILE.sharing, PROFILE.host_swap) == ("off", True)
