"""Frames, second-stage tables and copy-on-write against a dictionary that knows what every page must hold."""

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from vmwidgets.model.errors import VmwidgetsError
from vmwidgets.model.memory import MAX_REFS, SHARED, MachineMemory, content_of
from vmwidgets.model.second_stage import ABSENT, BALLOONED, MAPPED, PACKED, SWAPPED, node_counts

PAGE = 8


def pages(*numbers: int) -> np.ndarray:
    return np.array(numbers, np.int64)


def contents(*values: int) -> np.ndarray:
    return np.array(values, np.uint64)


class Session(RuleBasedStateMachine):
    """Random commands on a small machine; ``holds`` says what every page of every VM must read as."""

    slots = st.integers(0, 3)
    some = st.lists(st.integers(0, 19), min_size=1, max_size=12, unique=True)

    @initialize(zero=st.booleans())
    def begin(self, zero):
        self.memory = MachineMemory(136, PAGE * 64, 100, zero_on_allocate=zero)
        self.holds: dict[tuple[int, int], int] = {}

    def of(self, slot, gfns, *places):
        where = self.memory.tables[slot].where
        return pages(*(gfn for gfn in gfns if where[gfn] in places))

    @rule(slot=slots)
    def add_or_remove(self, slot):
        if slot in self.memory.tables:
            self.memory.remove_vm(slot)
            self.holds = {key: value for key, value in self.holds.items() if key[0] != slot}
        else:
            before = self.memory.digest()
            try:
                self.memory.add_vm(slot, 20)
            except VmwidgetsError:  # its four tables need 32 of these small frames
                assert self.memory.free < 32
                assert self.memory.digest() == before

    @rule(slot=slots, gfns=some)
    def allocate(self, slot, gfns):
        if slot in self.memory.tables:
            wanted = self.of(slot, gfns, ABSENT, BALLOONED)
            free = self.memory.free
            done = self.memory.allocate(slot, wanted)
            assert done == min(free, len(wanted))
            for gfn in wanted[:done].tolist():
                found = content_of(self.memory.read(slot, gfn))
                assert found == 0 or not self.memory.zero_on_allocate
                self.holds[slot, gfn] = found

    @rule(slot=slots, gfns=some, values=st.lists(st.integers(0, 3), min_size=12, max_size=12))
    def write(self, slot, gfns, values):
        if slot in self.memory.tables:
            mapped, free = self.of(slot, gfns, MAPPED), self.memory.free
            copies = self.memory.write(slot, mapped, contents(*values[: len(mapped)]))
            assert free - copies == self.memory.free
            for gfn, value in zip(mapped.tolist(), values, strict=False):
                frame = self.memory.tables[slot].entry[gfn]
                if self.memory.state[frame] != SHARED:  # else no frame was left for a copy
                    self.holds[slot, gfn] = value
                else:
                    assert self.memory.free == 0

    @rule(slot=slots, gfn=st.integers(0, 19), offset=st.integers(0, 40), data=st.binary(min_size=1, max_size=20))
    def store(self, slot, gfn, offset, data):
        if slot not in self.memory.tables:
            return
        before = self.bytes_of(slot, gfn) if (slot, gfn) in self.holds else None
        try:
            self.memory.store(slot, gfn, offset, data)
        except VmwidgetsError:
            assert self.memory.free == 0
            return
        page = self.memory.read(slot, gfn)
        assert page[offset : offset + len(data)] == data
        if before is not None:
            assert page[:offset] + page[offset + len(data) :] == before[:offset] + before[offset + len(data) :]
        self.holds[slot, gfn] = content_of(page)

    def bytes_of(self, slot, gfn):
        if self.memory.tables[slot].where[gfn] == MAPPED:
            return self.memory.read(slot, gfn)
        place = int(self.memory.tables[slot].entry[gfn])
        word = int(self.memory.swap.content[place]).to_bytes(8, "little")
        return self.memory.swap.data.get(place, word * (PAGE * 8))

    @rule(slot=slots, gfns=some, where=st.sampled_from([ABSENT, BALLOONED]))
    def release(self, slot, gfns, where):
        if slot in self.memory.tables:
            self.memory.release(slot, pages(*gfns), where)
            for gfn in gfns:
                self.holds.pop((slot, gfn), None)

    @rule(slot=slots, gfns=some, where=st.sampled_from([SWAPPED, PACKED]))
    def swap_out(self, slot, gfns, where):
        if slot in self.memory.tables:
            self.memory.swap_out(slot, self.of(slot, gfns, MAPPED), where)

    @rule(slot=slots, gfns=some)
    def swap_in(self, slot, gfns):
        if slot in self.memory.tables:
            wanted, free = self.of(slot, gfns, SWAPPED, PACKED), self.memory.free
            assert self.memory.swap_in(slot, wanted) == min(free, len(wanted))

    @rule(slot=slots, frames=st.integers(-3, 3))
    def cache(self, slot, frames):
        if slot in self.memory.tables:
            had = self.memory.cache_frames(slot)
            grown = self.memory.grow_cache(slot, frames)
            assert self.memory.cache_frames(slot) == had + grown

    @rule(slot=slots, gfns=some, other=slots, at=st.integers(0, 19))
    def merge(self, slot, gfns, other, at):
        if not {slot, other} <= self.memory.tables.keys():
            return
        mapped, target = self.of(slot, gfns, MAPPED), self.of(other, [at], MAPPED)
        if len(target) and len(mapped):
            frame = self.memory.tables[other].entry[target[0]]
            free = self.memory.free
            saved = self.memory.merge(slot, mapped, np.full(len(mapped), frame, np.int32))
            assert self.memory.free == free + saved

    @invariant()
    def sums_close_and_nothing_is_lost(self):
        if not hasattr(self, "memory"):
            return
        self.memory.check()
        for (slot, gfn), value in self.holds.items():
            assert content_of(self.bytes_of(slot, gfn)) == value, (slot, gfn)
        used = sum(self.memory.held(slot) for slot in self.memory.tables) + self.memory.shared_frames
        assert used + self.memory.free + 100 == 136  # the tables of four VMs do not all fit into the VMM's own frames


Session.TestCase.settings = settings(max_examples=40, stateful_step_count=50, deadline=None)
TestSession = Session.TestCase


@pytest.fixture
def memory() -> MachineMemory:
    made = MachineMemory(128, PAGE * 64, 70)
    made.add_vm(0, 30)
    made.add_vm(1, 30)
    return made


def test_a_new_page_is_clean_unless_the_defence_is_off():
    for clean in (True, False):
        memory = MachineMemory(8, 4096, 1, zero_on_allocate=clean)
        memory.add_vm(0, 4)
        memory.store(0, 2, 100, b"secret")
        memory.remove_vm(0)
        memory.add_vm(1, 4)
        assert memory.allocate(1, pages(0)) == 1
        assert (memory.read(1, 0, 100, 6) == b"secret") is not clean


def test_a_shared_page_is_copied_for_the_writer_alone(memory):
    memory.allocate(0, pages(0))
    memory.allocate(1, pages(5))
    memory.store(0, 0, 0, b"same")
    memory.store(1, 5, 0, b"same")
    assert memory.merge(1, pages(5), memory.tables[0].entry[[0]]) == 1
    assert memory.sharers(int(memory.tables[0].entry[0])) == [(0, 0), (1, 5)]
    assert memory.shared_frames == 1
    memory.store(1, 5, 0, b"else")
    assert (memory.read(0, 0, 0, 4), memory.read(1, 5, 0, 4)) == (b"same", b"else")
    memory.check()


def test_pages_of_other_content_are_never_merged(memory):
    memory.allocate(0, pages(0, 1))
    memory.write(0, pages(0, 1), contents(7, 8))
    assert memory.merge(0, pages(1), memory.tables[0].entry[[0]]) == 0


def test_a_full_reference_count_takes_no_more():
    memory = MachineMemory(MAX_REFS + 300, 4096, 200)
    memory.add_vm(0, MAX_REFS + 10)
    memory.allocate(0, np.arange(MAX_REFS + 10))
    target = np.full(MAX_REFS + 9, memory.tables[0].entry[0], np.int32)
    assert memory.merge(0, np.arange(1, MAX_REFS + 10), target) == MAX_REFS - 1
    assert memory.refs[target[0]] == MAX_REFS
    memory.check()


@pytest.mark.parametrize(
    ("guest_pages", "page_bytes", "counts"),
    [
        (1, 4096, (1, 1, 1, 1)),
        (513, 4096, (2, 1, 1, 1)),
        (2**18, 4096, (512, 1, 1, 1)),
        (2**24, 4096, (2**15, 64, 1, 1)),
        (1000, 2**21, (2, 1, 1)),
        (8, 2**30, (1, 1)),
    ],
)
def test_tables_fill_level_by_level(guest_pages, page_bytes, counts):
    assert node_counts(guest_pages, page_bytes) == counts


def test_tables_lie_in_frames_of_the_machine():
    memory = MachineMemory(4096, 4096, 16)
    table = memory.add_vm(0, 1024)
    assert [table.node(1, 0), table.node(1, 1), table.node(2, 0)] == [(0, 0), (1, 0), (2, 0)]
    assert memory.free == 4096 - 16  # the VMM's own frames were enough
    memory.add_vm(1, 512 * 14)
    assert memory.free == 4096 - 16 - 6  # 17 tables, 11 frames left
    memory.remove_vm(1)
    assert memory.free == 4096 - 16
    memory.check()


def test_small_frames_of_a_large_page_host_hold_many_tables():
    memory = MachineMemory(1024, 2 * 2**20, 4)
    table = memory.add_vm(0, 1000)
    assert table.node(1, 1) == (table.table_base, 4096)
    assert table.node(2, 0) == (table.table_base, 8192)


def test_no_room_for_the_tables_of_a_vm():
    memory = MachineMemory(4, 4096, 1)
    with pytest.raises(VmwidgetsError, match="no memory left for the page tables"):
        memory.add_vm(0, 512 * 600)
    memory.check()


def test_watchers_look_at_changed_blocks_only(memory):
    big = MachineMemory(100_000, 4096, 10)
    big.add_vm(0, 90_000)
    big.clock += 1
    assert not (big.changed_at == big.clock).any()
    big.allocate(0, pages(0, 1))
    assert np.flatnonzero(big.changed_at == big.clock).tolist() == [0]


def test_bytes_are_compared_in_full_even_if_content_ids_collide(memory):
    memory.store(0, 0, 0, b"one")
    memory.store(1, 5, 0, b"two")
    frame = int(memory.tables[1].entry[5])
    memory.content[frame] = memory.content[memory.tables[0].entry[0]]  # what a hash of 64 bits cannot rule out
    assert memory.merge(1, pages(5), memory.tables[0].entry[[0]]) == 0
