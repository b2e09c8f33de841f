"""The scanner against an oracle that groups pages by content, and against contents that change under it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vmwidgets.model.errors import VmwidgetsError
from vmwidgets.model.memory import MAX_REFS, PRIVATE, SHARED, MachineMemory
from vmwidgets.model.page_sharing import PageSharing
from vmwidgets.model.second_stage import MAPPED

PAGE = 4096
VMM = 8


def machine(*vms, frames=0):
    """A machine with VMs whose pages hold these contents."""
    memory = MachineMemory(max(frames, sum(map(len, vms)) + 40), PAGE, VMM)
    for slot, contents in enumerate(vms):
        memory.add_vm(slot, len(contents))
        pages = np.arange(len(contents))
        assert memory.allocate(slot, pages) == len(pages)
        memory.write(slot, pages, np.array(contents, np.uint64))
    return memory


def contents_of(memory):
    return {slot: memory.content[table.entry].tolist() for slot, table in memory.tables.items()}


def groups(contents, sharing):
    """Oracle: pages that may share a frame, by content and, if only within, by VM."""
    found = {}
    for slot, pages in contents.items():
        for gfn, content in enumerate(pages):
            found.setdefault((slot, content) if sharing == "within" else content, []).append((slot, gfn))
    return found


VMS = st.lists(st.lists(st.integers(0, 12), min_size=1, max_size=60), min_size=1, max_size=4)


@settings(max_examples=150, deadline=None)
@given(VMS, st.sampled_from(["within", "between"]), st.integers(1, 100))
def test_a_full_pass_saves_exactly_what_the_oracle_says(vms, sharing, chunk):
    memory = machine(*vms)
    before, free = contents_of(memory), memory.free
    longest = max(map(len, vms))
    scanner = PageSharing(memory)
    for _ in range(-(-longest * len(vms) // chunk) + longest):
        scanner.scan(chunk, sharing)
    memory.check()
    expected = groups(before, sharing)
    saved = sum(len(pages) - 1 for pages in expected.values())
    assert memory.free - free == saved == scanner.merged
    assert contents_of(memory) == before
    for pages in expected.values():  # each group has one frame, and two groups never the same
        frames = {int(memory.tables[slot].entry[gfn]) for slot, gfn in pages}
        assert len(frames) == 1
        assert memory.refs[frames.pop()] == len(pages)
    assert memory.shared.sum() == sum(len(pages) for pages in expected.values() if len(pages) > 1)


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 2), st.lists(st.integers(0, 29), min_size=1, max_size=9, unique=True), st.integers(0, 5)
        ),
        max_size=25,
    ),
    st.sampled_from(["within", "between"]),
)
def test_content_that_changes_is_never_merged_wrongly(writes, sharing):
    """Hints go stale between two scans; whatever was remembered of a page, it reads as what was written last."""
    memory = machine(*([0] * 30 for _ in range(3)), frames=150)
    holds = {slot: [0] * 30 for slot in range(3)}
    scanner = PageSharing(memory)
    for slot, gfns, content in writes:
        memory.write(slot, np.array(gfns), np.full(len(gfns), content, np.uint64))
        for gfn in gfns:
            holds[slot][gfn] = content
        scanner.scan(11, sharing)
        memory.check()
        assert contents_of(memory) == holds
        if sharing == "within":
            for frame in np.flatnonzero(memory.state == SHARED):
                assert len({owner for owner, _ in memory.sharers(frame)}) == 1


def test_a_hint_whose_frame_has_gone_to_another_vm():
    memory = machine([5, 1], [2, 3])
    scanner = PageSharing(memory)
    page = np.array([0])
    scanner.share(0, page, "within")  # a hint for content 5
    frame = int(memory.tables[0].entry[0])
    memory.release(1, page)
    memory.swap_out(0, page)
    memory.allocate(1, page)  # what was freed last is handed out first
    assert memory.tables[1].entry[0] == frame
    memory.write(1, page, np.array([5], np.uint64))
    memory.swap_in(0, page)
    assert scanner.share(0, page, "within") == 0  # the hint leads to equal content, but of another VM
    assert scanner.share(0, page, "between") == 0  # another salt, another hash: now it is a hint itself
    assert scanner.share(1, page, "between") == 1
    assert memory.tables[0].entry[0] == memory.tables[1].entry[0] != frame
    assert contents_of(memory) == {0: [5, 1], 1: [5, 3]}
    memory.check()


@pytest.mark.parametrize("frames", [1 << 12, (1 << 12) + 1])
def test_nothing_is_lost_on_a_full_machine(frames):
    """Every frame in use, every content different but for one pair at the far ends: the pair is found."""
    count = frames - VMM - 8
    contents = list(range(1, count + 1))
    contents[-1] = contents[0]
    memory = MachineMemory(frames, PAGE, VMM)
    memory.add_vm(0, count)
    count = memory.allocate(0, np.arange(count))
    memory.write(0, np.arange(count), np.array(contents, np.uint64))
    scanner = PageSharing(memory)
    for _ in range(3):
        scanner.scan(count, "within")
    assert scanner.merged == 1


def test_hints_lost_in_a_large_memory_are_few():
    """Hashes share buckets, and a hint that finds all its buckets taken is forgotten: that costs hardly anything."""
    rng = np.random.default_rng(1)
    pairs = rng.integers(1, 2**63, 30_000, dtype=np.uint64)
    memory = machine(rng.permutation(np.concatenate([pairs, pairs])), frames=65_536)
    scanner = PageSharing(memory)
    for _ in range(2 * 60_000 // 500):
        scanner.scan(500, "between")
    print("pairs found:", scanner.merged, "of 30000")
    assert 0.995 * 30_000 <= scanner.merged <= 30_000


def test_a_reference_count_has_16_bits():
    memory = machine([0] * (MAX_REFS + 10), frames=MAX_REFS + 300)
    scanner = PageSharing(memory)
    for _ in range(2):
        scanner.scan(MAX_REFS + 10, "between")
    memory.check()
    assert memory.refs.max() == MAX_REFS
    assert memory.shared_frames <= 2


def test_turns_are_fair_and_one_vm_has_its_own_bound():
    memory = machine([1] * 100, [2] * 100, [3] * 100)
    scanner = PageSharing(memory)
    assert scanner.scan(90, "within", per_vm=20) == 3 * 19
    assert scanner.scanned == 60
    scanner.scan(90, "within")
    assert scanner.scanned == 150
    first = PageSharing(machine([1] * 10, [1] * 10))
    for _ in range(4):  # a budget of one page goes to each in turn
        first.scan(1, "between")
    assert sorted(first._cursor.items()) == [(0, 2), (1, 2)]


def test_off_is_off():
    memory = machine([0] * 20)
    scanner = PageSharing(memory)
    assert scanner.scan(100, "off") == scanner.scan(0, "between") == 0
    assert scanner.scanned == 0
    assert (memory.state[memory.tables[0].entry] == PRIVATE).all()
    with pytest.raises(VmwidgetsError, match="sharing is 'all', expected one of off, within, between"):
        scanner.scan(1, "all")


def test_only_what_is_in_memory_is_looked_at():
    memory = machine([0] * 20)
    memory.swap_out(0, np.arange(0, 10))
    memory.release(0, np.arange(10, 15))
    scanner = PageSharing(memory)
    scanner.scan(20, "between")
    assert scanner.merged == 4
    assert (memory.tables[0].where == MAPPED).sum() == 5
    memory.check()


def test_a_second_frame_begins_where_the_reference_count_of_the_first_is_full(monkeypatch):
    for module in ("memory", "page_sharing"):
        monkeypatch.setattr(f"vmwidgets.model.{module}.MAX_REFS", 10)
    memory = MachineMemory(300, 4096, 20)
    memory.add_vm(0, 100)
    memory.allocate(0, np.arange(100))  # a hundred pages of zeros
    scanner = PageSharing(memory)
    for _ in range(40):
        scanner.scan(25, "between")
    memory.check()
    assert memory.shared_frames == 10
    assert memory.free == 300 - 20 - 10
