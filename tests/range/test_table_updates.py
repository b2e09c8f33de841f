"""The validation of page-table updates lets through what names only frames of the guest's own, and no more."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.range.test_hypercalls import call
from vmwidgets.model.guest_memory import PAGE_BYTES, Trap
from vmwidgets.model.page_tables import ADDRESS_MASK, PAGE_SIZE, PRESENT, USER, WRITABLE
from vmwidgets.model.range.attack import Placement
from vmwidgets.model.range.guest import DIRECTORY, ROOT, TABLE, WINDOW
from vmwidgets.model.range.scenario import Scenario
from vmwidgets.model.range.table_updates import TableUpdates
from vmwidgets.stacks import STACKS

ALL = PRESENT | WRITABLE | USER


class Domain:
    """The attacker's VM in a range with paravirtual guests."""

    def __init__(self, closed=True):
        self.scenario = Scenario(STACKS["xen"], Placement(), {"validation": closed}, seed=4)
        guest = self.guest = self.scenario.attacker
        self.updates = TableUpdates(
            self.scenario.machine, guest, self.scenario.trace, "hypervisor", guest.table_address(ROOT), closed=closed
        )

    def at(self, page, index):
        """Machine address of an entry of a table."""
        return self.guest.map[page] * PAGE_BYTES + 8 * index

    def to(self, page, flags=ALL):
        """An entry that names a page of the guest's own."""
        return self.guest.map[page] * PAGE_BYTES | flags


def test_tables_are_found_from_the_root():
    domain = Domain()
    levels = {domain.guest.map[ROOT + at]: 4 - at for at in range(4)}
    assert domain.updates.tables() == levels


def test_a_page_of_its_own_may_be_mapped_anywhere():
    domain = Domain()
    assert domain.updates.update(domain.at(TABLE, 100), domain.to(3))
    assert domain.scenario.path.load(100 * PAGE_BYTES, 8) == 0
    domain.scenario.path.store(100 * PAGE_BYTES, 9, 8)
    assert domain.scenario.path.load(3 * PAGE_BYTES, 8) == 9


@pytest.mark.parametrize("flags", [PRESENT, ALL])
def test_a_frame_of_another_is_refused(flags):
    domain = Domain()
    foreign = domain.scenario.secret_frame * PAGE_BYTES | flags
    assert not domain.updates.update(domain.at(TABLE, 100), foreign)
    assert not domain.updates.update(domain.at(DIRECTORY, WINDOW), foreign)
    assert domain.scenario.trace.last["refuses"].owner == "guest 1"


def test_a_table_may_be_mapped_to_be_read_only():
    domain = Domain()
    assert domain.updates.update(domain.at(TABLE, 100), domain.to(TABLE, PRESENT))
    assert not domain.updates.update(domain.at(TABLE, 101), domain.to(TABLE))


def test_an_update_counts_at_once():
    domain = Domain()
    domain.scenario.path.store(5 * PAGE_BYTES, 1, 8)
    assert domain.updates.update(domain.at(TABLE, 5), domain.to(5, PRESENT))
    with pytest.raises(Trap, match="page_fault"):
        domain.scenario.path.store(5 * PAGE_BYTES, 2, 8)


def test_a_page_becomes_a_table_only_when_nobody_can_write_to_it():
    domain = Domain()
    assert not domain.updates.update(domain.at(DIRECTORY, WINDOW), domain.to(5))
    assert domain.updates.update(domain.at(TABLE, 5), domain.to(5, PRESENT))
    assert domain.updates.update(domain.at(DIRECTORY, WINDOW), domain.to(5))
    assert domain.guest.map[5] in domain.updates.tables()
    assert not domain.updates.update(domain.at(TABLE, 5), domain.to(5))


def test_what_stands_in_a_page_that_becomes_a_table_is_looked_at():
    domain = Domain()
    domain.scenario.machine.put(domain.at(5, 7), domain.scenario.secret_frame * PAGE_BYTES | PRESENT)
    assert domain.updates.update(domain.at(TABLE, 5), domain.to(5, PRESENT))
    assert not domain.updates.update(domain.at(DIRECTORY, WINDOW), domain.to(5))


def test_a_table_that_maps_itself_writable_is_refused():
    domain = Domain()
    domain.scenario.machine.put(domain.at(5, 7), domain.to(5))
    assert domain.updates.update(domain.at(TABLE, 5), domain.to(5, PRESENT))
    assert not domain.updates.update(domain.at(DIRECTORY, WINDOW), domain.to(5))


def test_a_table_has_one_level():
    domain = Domain()
    assert not domain.updates.update(domain.at(DIRECTORY, WINDOW), domain.to(DIRECTORY))
    assert not domain.updates.update(domain.at(ROOT, 1), domain.to(TABLE))


@pytest.mark.parametrize("page", [DIRECTORY, ROOT + 1, ROOT])
def test_large_pages_are_refused(page):
    domain = Domain()
    assert not domain.updates.update(domain.at(page, 3), domain.to(TABLE, ALL | PAGE_SIZE))


def test_only_tables_of_its_own_are_updated_and_whole_entries():
    domain = Domain()
    assert not domain.updates.update(domain.at(3, 0), domain.to(4))
    assert not domain.updates.update(domain.at(TABLE, 100) + 4, domain.to(4))
    foreign = domain.scenario.guests[1].map[TABLE] * PAGE_BYTES
    assert not domain.updates.update(foreign, domain.to(4))


@pytest.mark.parametrize("closed", [True, False])
def test_the_shorter_way_for_flags(closed):
    """XSA-148: with the frame unchanged, all flags pass if nobody looks at them."""
    domain = Domain(closed)
    entry = domain.at(DIRECTORY, WINDOW)
    assert domain.updates.update(entry, domain.to(TABLE))
    assert domain.updates.update(entry, domain.to(TABLE, ALL & ~USER))  # harmless either way
    assert domain.updates.update(entry, domain.to(TABLE, ALL | PAGE_SIZE)) is not closed
    assert ("open" in domain.scenario.trace.last) is not closed


def test_a_frame_that_is_given_back_is_in_no_table_any_more():
    domain = Domain()
    frame = domain.guest.map[3]
    assert domain.updates.update(domain.at(TABLE, 100), domain.to(3))
    assert domain.updates.unmap(frame)
    assert domain.scenario.machine.word(domain.at(TABLE, 3)) == 0
    assert domain.scenario.machine.word(domain.at(TABLE, 100)) == 0
    assert not domain.updates.unmap(domain.guest.map[TABLE])


def hardware_walk(domain):
    """What the processor makes of the tables: the frames of tables, and those that some entry maps writable."""
    machine, tables, writable, frames = domain.scenario.machine, set(), set(), set()

    def look(table, level):
        tables.add(table)
        for index in range(512):
            entry = machine.word(table * PAGE_BYTES + 8 * index)
            if entry & PRESENT:
                assert level == 1 or not entry & PAGE_SIZE
                frame = (entry & ADDRESS_MASK) // PAGE_BYTES
                frames.add(frame)
                if level > 1:
                    look(frame, level - 1)
                elif entry & WRITABLE:
                    writable.add(frame)

    look(domain.guest.map[ROOT], 4)
    return tables, writable, frames


PAGES_TRIED = st.sampled_from([4, 5, 6, TABLE, DIRECTORY])
INDICES = st.sampled_from([4, 5, 6, WINDOW, TABLE, DIRECTORY])
FLAGS = st.sampled_from([0, PRESENT, WRITABLE | PRESENT, 0x7, 0x7 | PAGE_SIZE])
TARGETS = st.one_of(PAGES_TRIED, st.none())  # None: the frame with the secret


@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("update"), PAGES_TRIED, INDICES, TARGETS, FLAGS),
            st.tuples(st.just("store"), PAGES_TRIED, INDICES, TARGETS, FLAGS),
            st.tuples(st.just("release"), PAGES_TRIED, st.just(0), st.just(4), st.just(0)),
            st.tuples(st.just("claim"), PAGES_TRIED, st.just(0), st.just(4), st.just(0)),
            # What a guest does that wants a table of its own: the page read-only, then an entry that leads to it.
            st.tuples(st.just("link"), st.sampled_from([4, 5, 6]), INDICES, st.just(4), st.just(0)),
        ),
        max_size=12,
    )
)
@settings(max_examples=150, deadline=None)
def test_whatever_a_guest_asks_for_its_tables_stay_sound(steps):
    """Only frames of its own are in them, no large page, and no table can be written to."""
    domain = Domain()
    scenario = domain.scenario
    for kind, page, index, target, flags in steps:
        frame = scenario.secret_frame if target is None else domain.guest.map.get(target, scenario.secret_frame)
        entry = frame * PAGE_BYTES | flags
        if kind == "release":
            call(scenario, "balloon_release", page)
        elif kind == "claim":
            call(scenario, "balloon_claim", page)
        elif page not in domain.guest.map:
            continue
        elif kind == "update":
            domain.updates.update(domain.at(page, index), entry)
        elif kind == "link":
            domain.updates.update(domain.at(TABLE, page), domain.to(page, PRESENT))
            domain.updates.update(domain.at(DIRECTORY, index), domain.to(page))
        else:
            try:
                scenario.path.store(page * PAGE_BYTES + 8 * index, entry, 8)
            except Trap:
                continue
        tables, writable, frames = hardware_walk(domain)
        assert not tables & writable
        assert {scenario.machine.owners[frame] for frame in frames} == {"guest 0"}
    assert scenario.machine.read == scenario.machine.written == {}
