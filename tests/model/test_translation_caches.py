"""What a processor remembers of walks saves references and never changes a translation."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.guest_tables import World
from vmwidgets.model.errors import VmwidgetsError
from vmwidgets.model.page_walk import GUEST, SECOND_STAGE
from vmwidgets.model.translation_caches import Caches, L2Cache, Lru, NestedTlb, Tlb
from vmwidgets.model.units import KiB, MiB


def all_caches(size=4):
    return Caches(Tlb(2, size, 2), NestedTlb(size), Lru(size), l2=L2Cache(64 * size, 64))


def places(walk):
    return [step.found_in for step in walk.steps]


# ---------------------------------------------------------------------------------------------------- nothing but speed
actions = st.lists(
    st.tuples(
        st.sampled_from(["read", "read", "write", "user", "map", "read_only", "unmap", "evict"]),
        st.integers(0, 5),
        st.integers(0, 3),
    ),
    max_size=40,
)


@given(actions, st.sampled_from([(1, 1), (2, 2), (4, 4), (4, 0), (3, 5), (0, 3)]), st.integers(1, 2), st.integers(1, 6))
@settings(deadline=None)
def test_caches_change_neither_a_result_nor_a_table(actions, levels, host_leaf, size):
    host_leaf = host_leaf if levels[1] > 1 else 1
    plain, cached = World(*levels, host_leaf), World(*levels, host_leaf, all_caches(size))
    for action, page, frame in actions:
        address, target = page * 0x1000, (64 + frame) << 12
        told = []
        for world in (plain, cached):
            if action in ("map", "read_only"):
                world.map(address, target, writable=action == "map", user=page % 2 == 0)
                world.walker.caches.invalidate(address)
            elif action == "unmap" and world.tables:
                world.tables.unmap(address)
                world.walker.caches.invalidate(address)
            elif action == "evict" and world.ept:  # the VMM takes the page away and gives it to the guest again later
                world.ept.unmap(address if not world.tables else target)
                world.pages._frames.pop((address if not world.tables else target) >> 12 + 9 * (host_leaf - 1), None)
                world.walker.caches.clear()
            else:
                told.append(world.walk(address + 8, write=action == "write", user=action == "user"))
        if told:
            bare, quick = told
            assert (bare.machine, bare.guest_physical, bare.fault) == (quick.machine, quick.guest_physical, quick.fault)
            assert quick.cycles <= bare.cycles
            assert quick.references <= bare.references
        assert plain.machine.frames == cached.machine.frames


def test_a_translation_that_nobody_invalidates_stays():
    world = World(4, 4, caches=Caches(tlb=Tlb()))
    old = world.map(0x5000)
    world.walk(0x5000)
    new = world.map(0x5000)
    assert world.walk(0x5000).machine == old
    world.walker.caches.invalidate(0x5000)
    assert world.walk(0x5000).machine == new


# ------------------------------------------------------------------------------------------------------------------ TLB
def test_a_tlb_hit_needs_no_step_and_keeps_the_place_in_the_page():
    world = World(4, 4, caches=Caches(tlb=Tlb()))
    machine = world.map(0x5000)
    assert world.walk(0x5000).found_in == "tables"
    hit = world.walk(0x5ABC)
    assert (hit.found_in, hit.machine, hit.references, hit.cycles) == ("l1_tlb", machine + 0xABC, 0, 0)


def test_the_second_level_of_the_tlb():
    world = World(4, 4, caches=Caches(tlb=Tlb(1, 2, 1)))
    for page in range(3):
        world.map(page << 12)
        world.walk(page << 12)
    assert [world.walk(page << 12).found_in for page in (2, 1, 1, 0)] == ["l1_tlb", "l2_tlb", "l1_tlb", "tables"]


def test_the_first_write_walks_to_set_the_dirty_flag():
    world = World(4, 4, caches=Caches(tlb=Tlb()))
    world.map(0x5000)
    world.walk(0x5000)
    assert world.walk(0x5000, write=True).references == 24
    assert world.walk(0x5000, write=True).found_in == "l1_tlb"


def test_a_hit_does_not_lend_rights():
    world = World(4, 4, caches=Caches(tlb=Tlb()))
    world.map(0x5000, user=False)
    assert world.walk(0x5000, write=True).fault is None
    assert world.walk(0x5000, user=True).fault.reason == "page_fault"


@pytest.mark.parametrize(
    ("guest_leaf", "host_leaf", "found_in"), [(2, 2, "l1_tlb"), (2, 1, "tables"), (1, 2, "tables")]
)
def test_a_tlb_entry_is_as_large_as_the_smaller_page(guest_leaf, host_leaf, found_in):
    world = World(4, 4, host_leaf, Caches(tlb=Tlb()))
    for page in range(1 if guest_leaf == 2 else 2):
        world.map(page << 12, 2 * MiB + (page << 12), level=guest_leaf)
    for page in range(2):
        world.pages.back(2 * MiB + (page << 12))
    world.walk(0x10)
    assert world.walk(0x1010).found_in == found_in
    assert world.walk(0x20).found_in == "l1_tlb"


# ----------------------------------------------------------------------------------------------------------- nested TLB
def test_a_nested_tlb_hit_saves_a_walk_of_the_second_stage():
    world = World(4, 4, caches=Caches(nested_tlb=NestedTlb()))
    world.map(0x5000)
    assert world.walk(0x5000).references == 24
    walk = world.walk(0x5000)
    assert walk.references == 4 + 4  # the guest's entries, and the walk for the page itself
    hits = [step for step in walk.steps if not step.is_reference]
    assert [step.guest_level for step in hits] == [4, 3, 2, 1]
    assert all(step.output == step.machine == world.pages.back(step.input) for step in hits)
    assert walk.cycles == 8 * 100 + 4 * 2


def test_a_nested_tlb_entry_covers_a_large_page():
    world = World(4, 4, 2, Caches(nested_tlb=NestedTlb()))
    world.map(0x5000)  # all tables of the guest lie in its first 2 MiB
    assert [step.guest_level for step in world.walk(0x5000).steps if not step.is_reference] == [3, 2, 1]


# ------------------------------------------------------------------------------------------------------ page-walk cache
def test_the_page_walk_cache_keeps_all_but_the_two_entries_that_the_tlb_keeps():
    world = World(4, 4, caches=Caches(pwc=Lru(24)))
    world.map(0x5000)
    world.walk(0x5000)
    walk = world.walk(0x5000)
    missed = [(step.dimension, step.guest_level, step.level) for step in walk.steps if step.found_in == "memory"]
    assert missed == [(GUEST, 1, 1), (SECOND_STAGE, 0, 1)]
    assert walk.references == 24
    assert walk.cycles == 22 * 2 + 2 * 100


def test_a_page_walk_cache_for_one_dimension():
    world = World(4, 4, caches=Caches(pwc=Lru(24), pwc_second_stage=False))
    world.map(0x5000)
    world.walk(0x5000)
    found = [(step.dimension, step.level) for step in world.walk(0x5000).steps if step.found_in == "pwc"]
    assert found == [(GUEST, 4), (GUEST, 3), (GUEST, 2)]


def test_natively_it_keeps_what_is_above_the_lowest_level():
    world = World(4, 0, caches=Caches(pwc=Lru(24)))
    world.map(0x5000)
    world.walk(0x5000)
    assert places(world.walk(0x5000)) == ["pwc", "pwc", "pwc", "memory"]


# ------------------------------------------------------------------------------------------------------------- L2 cache
def test_a_walk_that_is_repeated_finds_its_entries_in_the_l2_cache():
    world = World(4, 4, caches=Caches(l2=L2Cache()))
    world.map(0x5000)
    world.walk(0x5000)
    assert world.walk(0x5000).cycles == 24 * 11


def test_eight_entries_share_a_line():
    cache = L2Cache(64 * KiB, 64)
    assert [cache.look(at) for at in (0, 8, 56, 64, 120)] == [False, True, True, False, True]


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 9)), max_size=60), st.integers(1, 12))
def test_the_l2_cache_is_least_recently_used(actions, size):
    cache, stack, data = L2Cache(64 * size, 64), [], 1000
    for fill, number in actions:
        if fill:
            cache.fill(number)
            lines = range(data, data := data + number)
        else:
            assert cache.look(number * 64 + 8) == (number in stack[-size:])
            lines = [number]
        stack = [line for line in stack if line not in lines] + [*lines]


@given(st.lists(st.integers(0, 9), max_size=60), st.integers(1, 5))
def test_lru_against_a_list(keys, size):
    cache, used = Lru(size), []
    for key in keys:
        assert cache.get(key) == (key * 2 + 1 if key in used[-size:] else None)
        cache.put(key, key * 2 + 1)
        used = [*(k for k in used if k != key), key]
        assert len(cache) == min(len(used), size)


def test_emptying_them():
    world = World(4, 4, caches=Caches(Tlb(), NestedTlb(), l2=L2Cache()))
    world.map(0x5000)
    world.walk(0x5000)
    world.walker.caches.clear()
    assert (walk := world.walk(0x5000)).references == 24
    assert walk.cycles == 24 * 11
    world.walker.caches.clear()
    world.walker.caches.l2.clear()
    assert world.walk(0x5000).cycles > 24 * 11


def test_sizes_are_whole_numbers():
    with pytest.raises(VmwidgetsError, match="size is 0"):
        Lru(0)
    with pytest.raises(VmwidgetsError, match="size_bytes is 32"):
        L2Cache(32, 64)
    with pytest.raises(VmwidgetsError, match="line_bytes is 1"):
        L2Cache(64, 1)
