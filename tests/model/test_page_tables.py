"""Page tables as bytes: what the owner of the tables writes and finds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.guest_tables import World
from vmwidgets.model.errors import VmwidgetsError
from vmwidgets.model.page_tables import ADDRESS_MASK, EptTables, GuestTables, SparseMemory, index_of
from vmwidgets.model.units import GiB, KiB, MiB


def test_memory_reads_zeros_where_nobody_wrote():
    memory = SparseMemory()
    assert memory.load(0x5000, 8) == 0
    assert not memory.frames
    memory.store(0x5FF8, 0x0123456789ABCDEF, 8)
    assert memory.load(0x5FF8, 8) == 0x0123456789ABCDEF
    assert memory.load(0x5FF8, 1) == 0xEF  # little end first
    assert list(memory.frames) == [5]


def test_frames_are_handed_out_once_and_aligned():
    memory = SparseMemory()
    assert [memory.allocate(), memory.allocate(512), memory.allocate()] == [4 * KiB, 2 * MiB, 4 * MiB]


@given(st.integers(0, 2**64 - 1), st.integers(1, 5))
def test_nine_bits_a_level(address, level):
    assert index_of(address, level) == address // (4096 * 512 ** (level - 1)) % 512


def test_a_guest_takes_pages_of_its_own_for_tables():
    world = World(4, 4)
    before = world.next_page
    world.tables.map(0, 100 << 12)
    assert world.next_page == before + 3
    world.tables.map(0x1000, 101 << 12)  # the same tables
    assert world.next_page == before + 3
    world.tables.map(1 << 39, 102 << 12)
    assert world.next_page == before + 6


@given(st.dictionaries(st.integers(0, 2**27 - 1), st.integers(1, 2**40 - 1), max_size=10), st.data())
def test_what_is_mapped_is_found_until_it_is_unmapped(pages, data):
    memory = SparseMemory()
    tables = GuestTables(memory, 5, memory.allocate)
    for page, frame in pages.items():
        tables.map(page << 12, frame << 12)
    gone = data.draw(st.sets(st.sampled_from(sorted(pages)))) if pages else set()
    for page in gone:
        tables.unmap(page << 12)
    for page, frame in pages.items():
        found = tables.find(page << 12)
        if page in gone:
            assert found is None
        else:
            at, level = found
            assert level == 1
            assert memory.load(at, 8) & ADDRESS_MASK == frame << 12


def test_a_new_table_is_cleared():
    memory = SparseMemory()
    page = memory.allocate()
    memory.store(page + 8, 0xFFFF, 8)
    tables = GuestTables(memory, 1, lambda: page)
    assert tables.find(0x1000) is None


def test_pages_of_two_sizes_do_not_overlap():
    memory = SparseMemory()
    tables = GuestTables(memory, 4, memory.allocate)
    tables.map(0, 2 * MiB, level=2)
    with pytest.raises(VmwidgetsError, match="0x1000 lies in a larger page"):
        tables.map(0x1000, 0x5000)
    tables.map(4 * MiB, 0x5000)
    with pytest.raises(VmwidgetsError, match="0x400000 is mapped by smaller pages"):
        tables.map(4 * MiB, 4 * MiB, level=2)
    tables.map(GiB, GiB, level=3)
    assert tables.find(GiB + 5 * MiB)[1] == 3
    tables.unmap(3 * GiB)  # nothing there
    tables.unmap(0x1000)
    assert tables.find(0) is None


@pytest.mark.parametrize(
    ("address", "target", "level"),
    [(1, 0, 1), (0, 1, 1), (4096, 0, 2), (0, 4096, 2), (0, 1 << 52, 1)],
)
def test_pages_are_aligned(address, target, level):
    memory = SparseMemory()
    with pytest.raises(VmwidgetsError, match=r"cannot be mapped to .* expected multiples of the page size"):
        GuestTables(memory, 4, memory.allocate).map(address, target, level=level)


def test_wrong_depths_levels_and_rights():
    memory = SparseMemory()
    with pytest.raises(VmwidgetsError, match="levels is 0, expected a whole number from 1 to 5"):
        GuestTables(memory, 0, memory.allocate)
    tables = EptTables(memory, 2, memory.allocate)
    with pytest.raises(VmwidgetsError, match="level is 3, expected a whole number from 1 to 2"):
        tables.map(0, 0, level=3)
    with pytest.raises(VmwidgetsError, match="address is 1073741824, expected a whole number from 0 to 1073741823"):
        tables.map(GiB, 0)
    with pytest.raises(VmwidgetsError, match="rights is 0"):
        tables.map(0, 0, rights=0)


@pytest.mark.parametrize("level", [1, 2])
def test_a_guest_page_gets_its_frame_when_it_is_first_used(level):
    world = World(0, 4, level)
    size = 4 * KiB if level == 1 else 2 * MiB
    address = 6 * MiB + 0x18
    assert world.pages.load(address, 8) == 0
    machine = world.pages.back(address)
    assert machine % size == address % size
    assert world.walk(address).machine == machine
    world.pages.store(address, 42, 8)
    assert world.machine.load(machine, 8) == world.pages.load(address, 8) == 42
    assert world.walk(address + size).fault.reason == "ept_violation"
