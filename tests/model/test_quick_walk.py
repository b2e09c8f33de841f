"""A walk without a record finds what the walk with one finds, and leaves the same tables behind."""

from copy import deepcopy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.guest_tables import World
from vmwidgets.model.page_tables import EPT_RIGHTS, PAGE_SIZE
from vmwidgets.model.quick_walk import quick_walk
from vmwidgets.model.translation_caches import Caches, L2Cache, Lru, NestedTlb, Tlb

PAGES = 4
BITS = st.sampled_from(
    [0, 0, 0, 1 << 0, 1 << 1, 1 << 2, 1 << 5, 1 << 6, PAGE_SIZE, 1 << 8, 1 << 9, 1 << 12, 1 << 13, 1 << 40]
)


def same(world, address, **access):
    """Walk in both ways, and compare; return whether there was an answer."""
    other = deepcopy(world)
    quick, walk = quick_walk(world.walker, address, **access), other.walker.walk(address, **access)
    if walk.fault is None:
        assert quick == (walk.machine, walk.cycles)
    else:
        assert quick is None
        world.walker.walk(address, **access)
    assert world.machine.frames == other.machine.frames
    return quick is not None


@settings(max_examples=200, deadline=None)
@given(
    levels=st.tuples(st.integers(0, 5), st.integers(0, 5)),
    changes=st.lists(st.tuples(st.booleans(), st.integers(0, 2**12), BITS), max_size=4),
    accesses=st.lists(
        st.tuples(st.integers(0, PAGES), st.integers(0, 4095), st.booleans(), st.booleans()), min_size=1, max_size=6
    ),
)
def test_both_ways_come_to_the_same(levels, changes, accesses):
    guest, host = levels
    world = World(guest, host)
    pages = [page << 12 for page in range(1, PAGES + 1)] if guest > 1 else [0]
    for page in pages:
        world.map(page, writable=page != 0x2000, user=page != 0x3000)
    frames = sorted(world.machine.frames)
    for flips, at, bits in changes if frames else ():  # entries of both kinds of tables, and what lies beside them
        place = frames[at % len(frames)] * 4096
        used = [offset for offset in range(0, 4096, 8) if world.machine.load(place + offset, 8)]
        if used:
            entry = world.machine.load(place + used[at % len(used)], 8)
            world.machine.store(place + used[at % len(used)], entry ^ bits if flips else entry | bits, 8)
    for page, offset, write, user in accesses:
        same(world, pages[page % len(pages)] + offset, write=write, user=user)


@pytest.mark.parametrize(("guest_leaf", "host_leaf"), [(1, 1), (1, 2), (2, 1), (2, 2), (3, 3)])
def test_large_pages(guest_leaf, host_leaf):
    world = World(4, 4, host_leaf)
    size = 1 << 12 + 9 * (guest_leaf - 1)
    world.tables.map(5 * size, 7 * size, level=guest_leaf)
    world.pages.back(7 * size + size - 16)
    assert same(world, 5 * size + size - 16, write=True, user=True)


@pytest.mark.parametrize("address", [1 << 47, 2**63, 0x5000, 2**64 - 4096])
def test_what_is_not_mapped_is_left_to_the_other(address):
    world = World(4, 4)
    world.map(0x1000)
    assert not same(world, address, write=False, user=False)


@pytest.mark.parametrize("rights", range(1, EPT_RIGHTS + 1))
@pytest.mark.parametrize("write", [True, False])
def test_rights_of_the_second_stage(rights, write):
    world = World(4, 4)
    machine = world.map(0x1000, 0x9000)
    world.ept.put(0x9000, machine, rights)
    same(world, 0x1000, write=write, user=False)


@pytest.mark.parametrize(
    "caches", [Caches(tlb=Tlb()), Caches(nested_tlb=NestedTlb()), Caches(pwc=Lru(4)), Caches(l2=L2Cache())]
)
def test_with_caches_the_walker_tells_itself(caches):
    world = World(4, 4, caches=caches)
    world.map(0x1000)
    assert quick_walk(world.walker, 0x1000, write=False, user=False) is None
