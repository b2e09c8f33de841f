"""The validation of page-table updates lets through what names only frames of the guest's own, and no more."""

import pytest

from vmwidgets.model.guest_memory import PAGE_BYTES
from vmwidgets.model.page_tables import PAGE_SIZE, PRESENT, USER, WRITABLE
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
