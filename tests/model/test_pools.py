"""Pools inside pools: conservation, top-down sharing, and the order of priorities under scalable shares."""

from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmwidgets.model.allocation import share
from vmwidgets.model.errors import VmwidgetsError
from vmwidgets.model.pools import Leaf, Pool, share_tree


def tree(*children):
    return Pool("root", children=children)


def given_to(parts, *path):
    return parts[path].entitlement


amounts = st.integers(0, 1000)
leaves = st.builds(
    Leaf,
    name=st.just(""),
    shares=st.integers(1, 10_000),
    demand=st.one_of(st.just(inf), amounts),
    reservation=amounts,
    limit=st.one_of(st.none(), amounts),
)


@st.composite
def pools(draw, depth=3):
    children = []
    for index in range(draw(st.integers(0, 4))):
        node = draw(pools(depth=depth - 1) if depth and draw(st.booleans()) else leaves)
        children.append(type(node)(**{k: getattr(node, k) for k in node.__slots__} | {"name": f"n{index}"}))
    return Pool(
        "p", draw(st.integers(1, 10_000)), draw(amounts), draw(st.one_of(st.none(), amounts)), children=tuple(children)
    )


def wanted(node):
    demand = node.demand if isinstance(node, Leaf) else sum(map(wanted, node.children))
    return demand if node.limit is None else min(demand, node.limit)


@given(st.integers(0, 5000), pools(), st.booleans())
def test_every_pool_hands_out_all_it_has_and_no_more_than_is_wanted(total, root, scalable):
    parts = share_tree(total, root, scalable)

    def check(pool, path, capacity):
        got = [parts[*path, child.name].entitlement for child in pool.children]
        assert sum(got) == pytest.approx(min(capacity, wanted(pool), sum(map(wanted, pool.children))), rel=1e-9)
        for child, entitlement in zip(pool.children, got, strict=True):
            assert entitlement <= wanted(child)
            if isinstance(child, Pool):
                check(child, (*path, child.name), entitlement)

    check(root, (), min(total, wanted(root)))


@given(st.integers(1, 5000), st.lists(leaves, min_size=1, max_size=8))
def test_without_pools_it_is_plain_sharing(total, vms):
    vms = [Leaf(f"v{i}", v.shares, v.demand, v.reservation, v.limit) for i, v in enumerate(vms)]
    parts = share_tree(total, tree(*vms))
    x = share(total, [v.shares for v in vms], [v.reservation for v in vms], [wanted(v) for v in vms])
    assert [given_to(parts, v.name) for v in vms] == pytest.approx(x.tolist(), abs=1e-9 * total)


@given(st.integers(1, 6), st.integers(1, 6), st.integers(1, 100), st.integers(1, 100))
def test_scalable_shares_keep_two_to_one_between_equal_vms_however_crowded(many, few, a, b):
    high = Pool("high", 8000, children=tuple(Leaf(f"v{i}", a if i else b) for i in range(many)))
    normal = Pool("normal", 4000, children=tuple(Leaf(f"v{i}", b) for i in range(few)))
    parts = share_tree(1000, tree(high, normal), scalable=True)
    assert given_to(parts, "high", "v0") == pytest.approx(2 * given_to(parts, "normal", "v0"))


@given(st.lists(st.integers(1, 10_000), min_size=1, max_size=5), st.integers(1, 10_000))
def test_scaled_by_normal_a_pool_counts_as_its_vms_would_outside(shares, beside):
    vms = [Leaf(f"v{i}", s) for i, s in enumerate(shares)]
    inside = share_tree(1000, tree(Pool("normal", children=tuple(vms)), Leaf("beside", beside)), scalable=True)
    outside = share_tree(1000, tree(*vms, Leaf("beside", beside)))
    for vm in vms:
        assert given_to(inside, "normal", vm.name) == pytest.approx(given_to(outside, vm.name))


def test_pools_in_pools_scale_with_all_below_them():
    inner = Pool("inner", 8000, children=(Leaf("a", 1000), Leaf("b", 1000)))
    parts = share_tree(
        1000, tree(Pool("outer", 2000, children=(inner, Leaf("c", 4000))), Leaf("d", 4000)), scalable=True
    )
    assert parts["outer", "inner"].weight == 4000
    assert parts["outer",].weight == 4000
    assert {path[-1]: part.entitlement for path, part in parts.items() if part.is_vm} == pytest.approx(
        {"a": 125, "b": 125, "c": 250, "d": 500}
    )


def test_what_the_children_reserve_is_reserved_for_the_pool():
    small = Pool("small", 1, children=(Leaf("a", 1, reservation=600), Leaf("b", 1)))
    parts = share_tree(1000, tree(small, Leaf("c", 999)))
    assert given_to(parts, "small") == 600
    assert given_to(parts, "small", "a") == 600


def test_a_reservation_of_the_pool_goes_to_whoever_wants_it():
    small = Pool("small", 1, reservation=500, children=(Leaf("a", 1, demand=0), Leaf("b", 1, demand=300)))
    parts = share_tree(1000, tree(small, Leaf("c", 999)))
    assert given_to(parts, "small", "b") == 300
    assert given_to(parts, "c") == 700  # what the pool does not use is lent


def test_a_limit_of_the_pool_holds_for_all_in_it():
    parts = share_tree(1000, tree(Pool("p", 9999, limit=200, children=(Leaf("a", 3), Leaf("b", 1))), Leaf("c", 1)))
    assert {path[-1]: part.entitlement for path, part in parts.items()} == {"p": 200, "a": 150, "b": 50, "c": 800}


def test_an_empty_pool_gets_nothing_and_changes_nothing():
    for scalable in (False, True):
        parts = share_tree(10, tree(Pool("empty"), Leaf("a", 1)), scalable)
        assert given_to(parts, "empty") == 0
        assert given_to(parts, "a") == 10
    assert share_tree(10, tree()) == {}


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: Leaf("a", 0), "the shares of a are 0, expected a number above 0"),
        (lambda: Leaf("a", 1, reservation=-1), "the reservation of a is -1, expected a number from 0 on"),
        (lambda: Leaf("a", 1, limit=float("nan")), "the limit of a is nan, expected a number from 0 on"),
        (lambda: Leaf("a", 1, demand=-1), "the demand of a is negative or not a number"),
        (lambda: tree(Leaf("a", 1), Leaf("a", 2)), "there are two a in the pool root"),
        (lambda: share_tree(-1, tree()), "the capacity is -1, expected a number from 0 on"),
    ],
)
def test_bad_input_gets_a_sentence(make, sentence):
    with pytest.raises(VmwidgetsError) as caught:
        make()
    assert str(caught.value) == sentence
