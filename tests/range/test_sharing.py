"""Page sharing: what is merged, what a write does, and that no content is ever lost."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vmwidgets.model.guest_memory import PAGE_BYTES
from vmwidgets.model.range.attack import Placement
from vmwidgets.model.range.clock import CYCLES_PER_S
from vmwidgets.model.range.draws import Draws
from vmwidgets.model.range.guest import Guest
from vmwidgets.model.range.machine import FREE, LOW, Machine
from vmwidgets.model.range.prices import price
from vmwidgets.model.range.sharing import COPY_CYCLES, SHARED, Sharing
from vmwidgets.model.range.trace import OPEN, REFUSES, Trace
from vmwidgets.stacks import STACKS

GUESTS, PAGES, RATE = 3, 4, 100


class Bench:
    """Three guests with four pages each, all of them different."""

    def __init__(self, *, between, rate=RATE):
        self.machine, self.trace, self.waited = Machine(Draws(3)), Trace(), []
        self.guests = [Guest(index, "nested_paging") for index in range(GUESTS)]
        for guest in self.guests:
            for page in range(PAGES):
                guest.map[page] = self.machine.take(guest.name)
        self.sharing = Sharing(
            self.machine, self.guests, self.trace, "keeper", rate, between=between, stall=self.waited.append
        )
        for guest in self.guests:
            for page in range(PAGES):
                self.write(guest.index, page, 100 * guest.index + page + 1)

    def write(self, index, page, value):
        self.guests[index].separate(page)
        self.machine.put(self.guests[index].map[page] * PAGE_BYTES, value)

    def read(self, index, page):
        return self.machine.word(self.guests[index].map[page] * PAGE_BYTES)

    def scan(self, pages):
        """Let it look at so many pages more."""
        self.now = getattr(self, "now", 0) + pages
        self.sharing.scan_until(self.now * CYCLES_PER_S // RATE)

    def check(self):
        used = {frame for frame in range(LOW, LOW + 512) if self.machine.owners[frame] != FREE}
        assert used == {frame for guest in self.guests for frame in guest.map.values()}
        pages = sum(len(guest.map) for guest in self.guests)
        assert len(used) == pages - self.sharing.saved_frames
        for frame in used:
            names = {guest.name for guest in self.guests if frame in guest.map.values()}
            assert self.machine.owners[frame] == (names.pop() if len(names) == 1 else SHARED)


def test_equal_pages_of_two_vms_come_to_share_the_frame_that_was_met_first():
    bench = Bench(between=True)
    bench.write(0, 1, 7)
    bench.write(1, 2, 7)
    first = bench.guests[0].map[1]
    bench.scan(GUESTS * PAGES)
    assert bench.guests[0].map[1] == bench.guests[1].map[2] == first
    assert bench.machine.owners[first] == SHARED
    assert bench.sharing.saved_frames == 1
    assert bench.trace.last[OPEN].owner == "guest 1"
    bench.check()


def test_with_salts_only_pages_of_one_vm_share():
    bench = Bench(between=False)
    for index, page in ((0, 1), (1, 2), (1, 3)):
        bench.write(index, page, 7)
    bench.scan(2 * GUESTS * PAGES)
    assert bench.guests[1].map[2] == bench.guests[1].map[3]
    assert bench.guests[0].map[1] != bench.guests[1].map[2]
    assert bench.machine.owners[bench.guests[1].map[2]] == "guest 1"
    assert bench.trace.last[REFUSES].check == "salting"
    assert OPEN not in bench.trace.last
    bench.check()


def test_nothing_is_merged_before_the_scanner_has_come_by():
    bench = Bench(between=True)
    bench.write(0, 0, 7)
    bench.write(2, 3, 7)  # the last page of a round
    bench.scan(GUESTS * PAGES - 1)
    assert bench.sharing.saved_frames == 0
    bench.scan(1)
    assert bench.sharing.saved_frames == 1


def test_a_write_takes_a_copy_and_keeps_the_writer_waiting():
    bench = Bench(between=True)
    bench.write(0, 1, 7)
    bench.write(1, 2, 7)
    bench.scan(GUESTS * PAGES)
    assert bench.waited == []
    bench.write(0, 1, 8)
    assert bench.waited == [COPY_CYCLES]
    assert (bench.read(0, 1), bench.read(1, 2)) == (8, 7)
    assert bench.machine.work["pages_copied"] == 1
    bench.write(0, 1, 9)
    assert bench.waited == [COPY_CYCLES]
    bench.check()


def test_a_page_that_no_longer_has_its_content_is_not_merged_into():
    bench = Bench(between=True)
    bench.write(0, 0, 7)
    bench.scan(1)
    bench.write(0, 0, 8)
    bench.write(1, 0, 7)
    bench.scan(GUESTS * PAGES - 1)
    assert bench.sharing.saved_frames == 0
    assert (bench.read(0, 0), bench.read(1, 0)) == (8, 7)


def test_without_a_scanner_nothing_happens():
    bench = Bench(between=True, rate=0)
    bench.write(0, 0, 7)
    bench.write(1, 0, 7)
    bench.scan(1000)
    assert bench.sharing.saved_frames == 0
    assert bench.trace.count == 1
    assert bench.trace.decisions[0].check == "scanner"


def test_salts_cost_the_memory_that_is_not_shared():
    sleep = "mov rdx, 1\nmov rcx, 0x6e0\nwrmsr\nhlt"  # four seconds
    with_zeros = price("salting", STACKS["esx"], Placement(timed=True), sleep)
    # Of three VMs with 16 pages the empty ones are equal, and so are the tables of one VM to those of another.
    assert with_zeros.frames > 2
    assert (with_zeros.exits, with_zeros.instructions) == (0, 0)


@pytest.mark.parametrize("between", [False, True])
@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("scan"), st.integers(1, 30)),
            st.tuples(st.just("write"), st.integers(0, 2), st.integers(0, PAGES - 1), st.integers(0, 2)),
        ),
        max_size=40,
    )
)
def test_every_page_always_holds_what_was_written_to_it(between, steps):
    bench = Bench(between=between)
    wanted = {(i, page): 100 * i + page + 1 for i in range(GUESTS) for page in range(PAGES)}
    for step in steps:
        if step[0] == "scan":
            bench.scan(step[1])
        else:
            _, index, page, value = step
            bench.write(index, page, value)
            wanted[index, page] = value
        assert {key: bench.read(*key) for key in wanted} == wanted
        bench.check()
        if not between:
            assert SHARED not in bench.machine.owners
