"""Page walks against a dictionary and against the formula, which the walker does not know."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.guest_tables import World
from vmwidgets.model.errors import VmwidgetsError
from vmwidgets.model.page_tables import (
    ACCESSED,
    DIRTY,
    EPT_ACCESSED,
    EPT_DIRTY,
    EPT_EXECUTE,
    EPT_READ,
    EPT_WRITE,
    PAGE_SIZE,
    PRESENT,
    USER,
    WRITABLE,
)
from vmwidgets.model.page_walk import DECISIONS, FAULTS, GUEST, SECOND_STAGE
from vmwidgets.model.translation import Walker
from vmwidgets.model.units import MiB

VA = 0x7FFF_1234_5000
FLAGS = ACCESSED | DIRTY | EPT_ACCESSED | EPT_DIRTY


def entry_of(world, address):
    at, _ = world.tables.find(address)
    return world.pages.load(at, 8)


def ept_entry_of(world, address):
    at, _ = world.ept.find(address)
    return world.machine.load(at, 8)


# ------------------------------------------------------------------------------------------------------- counting steps
@pytest.mark.parametrize("n", range(6))
@pytest.mark.parametrize("m", range(6))
def test_references_of_any_depths(n, m):
    world = World(n, m)
    address = 0 if n < 2 else 0x5000
    machine = world.map(address)
    walk = world.walk(address + 0x123)
    assert walk.machine == machine + 0x123
    assert walk.references == n * m + n + m
    assert sum(step.dimension == GUEST for step in walk.steps) == n


@pytest.mark.parametrize(
    ("guest_leaf", "host_leaf", "references"),
    [(1, 1, 24), (1, 2, 19), (2, 1, 3 * 4 + 3 + 4), (2, 2, 3 * 3 + 3 + 3), (3, 3, 2 * 2 + 2 + 2)],
)
def test_large_pages_end_a_walk_earlier(guest_leaf, host_leaf, references):
    world = World(4, 4, host_leaf)
    size = 1 << 12 + 9 * (guest_leaf - 1)
    world.tables.map(5 * size, 7 * size, level=guest_leaf)
    last = size - 0x10
    machine = world.pages.back(7 * size + last)
    walk = world.walk(5 * size + last)
    assert (walk.guest_physical, walk.machine, walk.references) == (7 * size + last, machine, references)


def test_the_order_of_a_two_dimensional_walk():
    world = World(2, 3)
    world.map(0x5000)
    grid = [(step.dimension, step.guest_level, step.level) for step in world.walk(0x5000).steps]
    assert grid == [
        *[(SECOND_STAGE, 2, level) for level in (3, 2, 1)],
        (GUEST, 2, 2),
        *[(SECOND_STAGE, 1, level) for level in (3, 2, 1)],
        (GUEST, 1, 1),
        *[(SECOND_STAGE, 0, level) for level in (3, 2, 1)],
    ]


def test_a_step_carries_all_that_is_needed_to_draw_it():
    world = World(4, 4)
    world.map(VA)
    walk = world.walk(VA + 8, write=True)
    for step in walk.steps:
        in_guest = step.dimension == GUEST
        assert step.input >> 12 + 9 * (step.level - 1) & 511 == step.entry_index
        place = step.table + 8 * step.entry_index
        assert step.machine == (world.pages.back(place) if in_guest else place)
        assert step.frame == step.table >> 12
        assert world.machine.load(step.machine, 8) & ~FLAGS == step.entry & ~FLAGS
        assert step.decision in DECISIONS
        assert (step.found_in, step.cycles, step.is_reference) == ("memory", 100, True)
        if step.decision == "table":
            assert step.output == step.entry & ~0xFFF & (1 << 52) - 1
    guest = [step for step in walk.steps if step.dimension == GUEST]
    assert [step.table for step in guest] == [world.tables.root, *[step.output for step in guest[:-1]]]
    assert guest[-1].output == walk.guest_physical
    assert walk.steps[-1].output == walk.machine
    assert walk.cycles == 2400


def test_tables_are_bytes_in_guest_pages_in_the_format_of_x86_64():
    world = World(4, 4)
    target = world.allocate()
    world.tables.map(VA, target, writable=False)
    top = world.pages.load(world.tables.root + 8 * (VA >> 39 & 511), 8)
    assert top & 0xFFF == PRESENT | WRITABLE | USER
    assert entry_of(world, VA) == target | PRESENT | USER
    world.tables.map(2 * MiB, 4 * MiB, level=2, user=False)
    assert entry_of(world, 2 * MiB) == 4 * MiB | PRESENT | WRITABLE | PAGE_SIZE


# --------------------------------------------------------------------------------------------------- a dictionary knows
@st.composite
def guests(draw):
    n, m = draw(st.integers(1, 5)), draw(st.integers(0, 5))
    reach = min(512**m if m else 2**40, 2**30)
    half = 512**n // 2  # the lower half of the addresses; the upper one is sign-extended
    near = draw(st.integers(0, half - 1))
    page = st.one_of(st.integers(0, half - 1), st.integers(near, min(near + 3, half - 1)))
    pages = draw(st.lists(page, min_size=1, max_size=8, unique=True))
    frames = draw(st.lists(st.integers(100, reach - 1), min_size=len(pages), max_size=len(pages), unique=True))
    rights = draw(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=len(pages), max_size=len(pages)))
    others = draw(st.lists(page, max_size=8))
    return n, m, dict(zip(pages, zip(frames, rights, strict=True), strict=True)), others


@given(guests(), st.integers(0, 0xFFF), st.booleans(), st.booleans())
@settings(deadline=None)
def test_the_walk_finds_what_a_dictionary_finds(guest, offset, write, user):
    n, m, mapped, others = guest
    world = World(n, m)
    for page, (frame, (writable, for_user)) in mapped.items():
        world.map(page << 12, frame << 12, writable=writable, user=for_user)
    for page in [*mapped, *others]:
        address = page << 12 | offset
        walk = world.walk(address, write=write, user=user)
        frame, (writable, for_user) = mapped.get(page, (None, (True, True)))
        present = frame is not None
        if present and (writable or not write) and (for_user or not user):
            assert walk.fault is None
            assert walk.guest_physical == frame << 12 | offset
            assert walk.machine == world.pages.back(walk.guest_physical)
            assert walk.references == n * m + n + m
        else:
            assert walk.machine == walk.guest_physical == -1
            assert (walk.fault.reason, walk.fault.address) == ("page_fault", address)
            assert walk.fault.code == present | write << 1 | user << 2
            assert walk.steps[-1].decision in (("not_writable", "not_user") if present else ("not_present",))
            assert walk.references <= n * m + n


# --------------------------------------------------------------------------------------------------------------- faults
def test_a_page_that_the_guest_does_not_map_is_a_page_fault():
    world = World(4, 4)
    walk = world.walk(VA)
    assert (walk.fault.reason, walk.fault.address, walk.fault.code) == ("page_fault", VA, 0)
    assert (walk.references, walk.steps[-1].decision, walk.steps[-1].output) == (5, "not_present", -1)


@pytest.mark.parametrize(
    ("options", "access", "decision", "code"),
    [
        ({"writable": False}, {"write": True}, "not_writable", 3),
        ({"writable": False}, {"write": True, "user": True}, "not_writable", 7),
        ({"user": False}, {"user": True}, "not_user", 5),
        ({"user": False}, {"user": True, "write": True}, "not_user", 7),
    ],
)
def test_what_rights_forbid_is_a_page_fault(options, access, decision, code):
    world = World(4, 4)
    world.map(VA, **options)
    walk = world.walk(VA, **access)
    assert (walk.fault.reason, walk.fault.code, walk.steps[-1].decision) == ("page_fault", code, decision)
    assert not entry_of(world, VA) & (ACCESSED | DIRTY)
    assert world.walk(VA).fault is None


def test_one_entry_above_can_take_rights_from_all_pages_below():
    world = World(4, 0)
    world.map(VA)
    place = world.tables.root + 8 * (VA >> 39 & 511)
    world.machine.store(place, world.machine.load(place, 8) & ~WRITABLE, 8)
    assert world.walk(VA).fault is None
    assert world.walk(VA, write=True).steps[-1].decision == "not_writable"


def test_a_page_without_a_frame_is_an_ept_violation_of_the_page():
    world = World(4, 4)
    target = 0x12345 << 12
    world.tables.map(VA, target)
    walk = world.walk(VA + 8, write=True)
    assert (walk.fault.reason, walk.fault.address) == ("ept_violation", target + 8)
    assert (walk.guest_physical, walk.machine) == (target + 8, -1)
    assert walk.fault.code == 1 << 1 | 1 << 7 | 1 << 8
    world.pages.back(target)  # the VMM maps it, and the access is made again
    assert world.walk(VA + 8, write=True).machine == world.pages.back(target + 8)


def test_a_table_of_the_guest_without_a_frame_is_an_ept_violation_of_the_table():
    world = World(4, 4)
    world.map(VA)
    world.ept.unmap(world.tables.root)
    walk = world.walk(VA)
    assert (walk.fault.reason, walk.fault.address) == ("ept_violation", world.tables.root + 8 * (VA >> 39 & 511))
    assert walk.fault.code == 3 | 1 << 7
    assert (walk.references, walk.guest_physical) == (4, -1)


def test_a_read_only_frame_below():
    world = World(4, 4)
    target = world.allocate()
    world.map(VA, target)
    frame = world.pages.back(target)
    world.ept.map(target, frame, rights=EPT_READ | EPT_EXECUTE)
    assert world.walk(VA).machine == frame
    walk = world.walk(VA, write=True)
    assert (walk.fault.reason, walk.steps[-1].decision) == ("ept_violation", "no_right")
    assert walk.fault.code == 1 << 1 | (EPT_READ | EPT_EXECUTE) << 3 | 1 << 7 | 1 << 8


def test_even_a_read_needs_the_tables_of_the_guest_writable_below():
    """With accessed and dirty flags for EPT on, the walk counts as a write to the guest's tables."""
    world = World(4, 4)
    world.map(VA)
    world.ept.map(world.tables.root, world.pages.back(world.tables.root), rights=EPT_READ)
    assert world.walk(VA).fault.reason == "ept_violation"


def test_an_ept_entry_that_can_be_written_and_not_read_is_misconfigured():
    world = World(4, 4)
    target = world.allocate()
    world.map(VA, target)
    world.ept.map(target, world.pages.back(target), rights=EPT_WRITE)
    walk = world.walk(VA)
    assert (walk.fault.reason, walk.fault.address) == ("ept_misconfiguration", target)
    assert walk.steps[-1].decision == "reserved_bit"


@pytest.mark.parametrize("address", [1 << 47, 1 << 60, (1 << 64) - (1 << 47) - 1])
def test_an_address_that_is_not_canonical(address):
    walk = World(4, 4).walk(address)
    assert (walk.fault.reason, walk.references) == ("general_protection", 0)
    assert walk.fault.reason in FAULTS


def test_the_upper_half_of_the_addresses_is_canonical():
    world = World(4, 4)
    machine = world.map((1 << 64) - 0x1000)
    assert world.walk((1 << 64) - 1).machine == machine + 0xFFF


def test_a_guest_address_beyond_the_second_stage():
    world = World(1, 2)
    world.tables.map(0, 1 << 30)
    assert world.walk(0).fault.reason == "ept_violation"


@pytest.mark.parametrize("level", [2, 4])
def test_reserved_bits_are_a_page_fault(level):
    world = World(4, 4)
    world.map(VA)
    table = world.tables.root
    for above in range(4, level, -1):
        table = world.pages.load(table + 8 * (VA >> 12 + 9 * (above - 1) & 511), 8) & ~0xFFF
    at = table + 8 * (VA >> 12 + 9 * (level - 1) & 511)
    world.pages.store(at, 0x6000 | PRESENT | USER | WRITABLE | PAGE_SIZE, 8)  # 0x6000 is no multiple of 2 MiB
    walk = world.walk(VA)
    assert (walk.fault.reason, walk.fault.code, walk.steps[-1].decision) == ("page_fault", 1 | 8, "reserved_bit")


def test_wrong_calls_get_a_sentence():
    with pytest.raises(VmwidgetsError, match="levels is 6, expected a whole number from 0 to 5"):
        Walker(World(1, 1).machine, levels=6)
    with pytest.raises(VmwidgetsError, match="address is -1"):
        World(4, 4).walk(-1)


# ---------------------------------------------------------------------------------------------------------------- flags
@pytest.mark.parametrize("write", [False, True])
def test_accessed_and_dirty_flags(write):
    world = World(4, 4)
    target = world.allocate()
    world.map(VA, target)
    walk = world.walk(VA, write=write)
    assert entry_of(world, VA) & (ACCESSED | DIRTY) == ACCESSED | DIRTY * write
    assert ept_entry_of(world, target) & (EPT_ACCESSED | EPT_DIRTY) == EPT_ACCESSED | EPT_DIRTY * write
    for step in walk.steps:
        assert step.flags_set & ~step.entry == step.flags_set
        now = world.machine.load(step.machine, 8)
        assert now & (ACCESSED if step.dimension == GUEST else EPT_ACCESSED)
    for step in walk.steps:
        if step.dimension == GUEST and step.level > 1:
            assert step.flags_set == ACCESSED  # only what maps a page gets dirty
    assert ept_entry_of(world, world.tables.root) & EPT_DIRTY  # the walk wrote to the guest's tables
    assert not any(step.flags_set for step in world.walk(VA, write=write).steps)


def test_a_fault_above_leaves_the_entries_below_alone():
    world = World(4, 4)
    world.tables.map(VA, 0x12345 << 12)
    assert world.walk(VA).fault.reason == "ept_violation"
    assert entry_of(world, VA) & (ACCESSED | DIRTY) == ACCESSED  # the guest's walk was done


def test_the_same_again():
    def walks():
        world = World(4, 4)
        for page in range(5):
            world.map(page << 30)
        return [world.walk(page << 30, write=page % 2 == 1) for page in (0, 3, 1, 4, 5, 0)]

    assert walks() == walks()
