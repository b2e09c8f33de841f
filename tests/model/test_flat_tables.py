"""Walks through the second-stage table that a machine keeps flat, and through guest tables in its frames."""

import numpy as np
import pytest

from vmwidgets.model.errors import VmwidgetsError
from vmwidgets.model.flat_tables import FlatTables, FrameBytes, VmPages
from vmwidgets.model.memory import TABLE, MachineMemory
from vmwidgets.model.page_tables import EPT_ACCESSED, GuestTables
from vmwidgets.model.page_walk import SECOND_STAGE
from vmwidgets.model.translation import Walker
from vmwidgets.model.units import KiB, MiB

VA = 0x7FFF_1234_5000
SLOT = 3


def pages(*numbers):
    return np.array(numbers, np.int64)


class Guest:
    """A VM with page tables of its own on a machine with a flat second-stage table."""

    def __init__(self, page_bytes=4 * KiB, frames=3000, vm_pages=2000):
        self.machine = MachineMemory(frames, page_bytes)
        self.stage = self.machine.add_vm(SLOT, vm_pages)
        self.memory = VmPages(self.machine, SLOT)
        self.next_page = 0
        self.tables = GuestTables(self.memory, 4, self.allocate)
        self.second = FlatTables(self.machine, SLOT)
        self.walker = Walker(FrameBytes(self.machine), self.tables.root, 4, self.second)

    def allocate(self):
        self.next_page += 1
        return self.next_page << 12


@pytest.mark.parametrize("vm_pages", [300, 2000, 300_000])
def test_a_walk_through_tables_in_frames(vm_pages):
    guest = Guest(vm_pages=vm_pages, frames=4000)
    target = guest.allocate()
    guest.tables.map(VA, target)
    guest.memory.store(target + 8, 0xC0FFEE, 8)
    walk = guest.walker.walk(VA + 8)
    m = len(guest.stage.nodes)
    assert walk.references == 4 * m + 4 + m
    frame = int(guest.stage.entry[target >> 12])
    assert walk.machine == frame * 4096 + 8
    assert guest.walker.memory.load(walk.machine, 8) == 0xC0FFEE
    for step in walk.steps:
        if step.dimension == SECOND_STAGE:
            assert guest.machine.state[step.frame] == TABLE
            assert step.frame in guest.stage.node_frames
    assert len({step.table for step in walk.steps if step.dimension == SECOND_STAGE}) == m
    guest.machine.check()


def test_the_tables_of_every_page_hang_together():
    guest = Guest(vm_pages=300_000, frames=4000)
    gfns = pages(0, 511, 512, 262_143, 262_144, 299_999)
    guest.machine.allocate(SLOT, gfns)
    native = Walker(FrameBytes(guest.machine), 0, 0, guest.second)
    for gfn in gfns.tolist():
        assert native.walk(gfn << 12).machine >> 12 == guest.stage.entry[gfn]
    assert native.walk(300_000 << 12).fault.reason == "ept_violation"


def test_large_pages_have_one_level_less():
    guest = Guest(2 * MiB, frames=40, vm_pages=20)
    guest.tables.map(VA, 5 * MiB)
    guest.memory.store(5 * MiB + 0x10, 7, 8)
    walk = guest.walker.walk(VA + 0x10)
    assert guest.walker.memory.load(walk.machine, 8) == 7
    assert [step.level for step in walk.steps if step.dimension == SECOND_STAGE] == [4, 3, 2] * 5


@pytest.mark.parametrize("take", ["release", "swap_out"])
def test_a_page_that_is_taken_away_is_an_ept_violation_until_it_is_back(take):
    guest = Guest()
    target = guest.allocate()
    guest.tables.map(VA, target)
    guest.memory.store(target, 5, 8)
    getattr(guest.machine, take)(SLOT, pages(target >> 12))
    walk = guest.walker.walk(VA)
    assert (walk.fault.reason, walk.fault.address) == ("ept_violation", target)
    assert guest.memory.load(target, 8) == (5 if take == "swap_out" else 0)
    assert guest.walker.walk(VA).fault is None


def test_even_a_table_of_the_guest_can_be_taken_away():
    guest = Guest()
    guest.tables.map(VA, guest.allocate())
    guest.machine.swap_out(SLOT, pages(guest.tables.root >> 12))
    assert guest.walker.walk(VA).fault.address & ~0xFFF == guest.tables.root
    guest.memory.load(guest.tables.root, 8)
    assert guest.walker.walk(VA).fault.reason == "ept_violation"  # the page itself has no frame yet


def test_a_shared_frame_is_read_only():
    guest = Guest()
    targets = [guest.allocate(), guest.allocate()]
    guest.machine.allocate(SLOT, pages(*(target >> 12 for target in targets)))
    for index, target in enumerate(targets):
        guest.tables.map(VA + (index << 12), target)
    guest.machine.merge(SLOT, pages(targets[0] >> 12), guest.stage.entry[[targets[1] >> 12]])
    one, other = guest.walker.walk(VA), guest.walker.walk(VA + 0x1000)
    assert one.machine == other.machine
    write = guest.walker.walk(VA, write=True)
    assert (write.fault.reason, write.steps[-1].decision) == ("ept_violation", "no_right")
    guest.memory.store(targets[0], 1, 8)  # copy on write
    assert guest.walker.walk(VA, write=True).machine != other.machine
    guest.machine.check()


def test_a_walk_sets_access_bits_of_the_sampling_period():
    guest = Guest()
    target = guest.allocate()
    guest.tables.map(VA, target)
    guest.machine.allocate(SLOT, pages(target >> 12))
    guest.machine.period += 1
    walk = guest.walker.walk(VA)
    touched = np.flatnonzero(guest.stage.accessed == guest.machine.period)
    assert touched.tolist() == [1, 2, 3, 4, 5]  # four tables and the page
    assert walk.steps[-1].flags_set == EPT_ACCESSED
    assert guest.walker.walk(VA).steps[-1].flags_set == 0


def test_pages_that_no_entry_can_map():
    machine = MachineMemory(10, 64 * KiB)
    machine.add_vm(SLOT, 5)
    with pytest.raises(VmwidgetsError, match="page_bytes is 65536, expected one of 4096, 2097152, 1073741824"):
        FlatTables(machine, SLOT)
