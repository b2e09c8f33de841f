"""Walks that change nothing, and the same walk over other second-stage tables."""

import pytest

import vmwidgets as vm
from vmwidgets.experiments.paging import walker_of
from vmwidgets.model.flat_tables import FlatTables, FrameBytes
from vmwidgets.model.page_tables import DIRTY
from vmwidgets.model.rehearsal import can_retell, rehearsed, retold
from vmwidgets.model.translation import Walker
from vmwidgets.model.translation_caches import Caches, Lru, Tlb

PAGES = 40


def frames(walker):
    return {number: bytes(frame) for number, frame in walker.memory.frames.items()}


@pytest.mark.parametrize("host_page_bytes", [4096, 2**21])
def test_a_rehearsal_is_the_walk_but_leaves_no_trace(host_page_bytes):
    walker = walker_of(host_page_bytes=host_page_bytes, pages=PAGES)
    before = frames(walker)
    rehearsal = rehearsed(walker)
    first = [rehearsal.walk(page * 4096 + 3, write=True) for page in range(PAGES)]
    again = [rehearsal.walk(page * 4096 + 3, write=True) for page in range(PAGES)]
    assert frames(walker) == before
    assert first == [walker.walk(page * 4096 + 3, write=True) for page in range(PAGES)]
    assert frames(walker) != before
    assert any(step.flags_set & DIRTY for walk in first for step in walk.steps)
    assert not any(step.flags_set for walk in again for step in walk.steps), "the draft remembers its flags"


def test_a_rehearsal_leaves_a_host_alone():
    lab = vm.Lab(memory="esxi", hardware=vm.Hardware(memory_bytes=2**30, vmm_memory_bytes=2**26), tick_s=1)
    lab.create_vm("web", memory_bytes=2**29)
    lab.advance(62)  # in a new sampling period hardly a page has been touched so far
    slot, before = lab.memory_slot("web"), lab.digest()
    space = lab.memory.tenants[slot].space
    walker = Walker(FrameBytes(lab.memory.machine), space.root, 4, FlatTables(lab.memory.machine, slot))
    for gfn in range(0, 20_000, 97):
        assert rehearsed(walker).walk(space.direct(gfn), write=True).references == 14
    assert lab.digest() == before
    for gfn in range(0, 20_000, 97):
        walker.walk(space.direct(gfn), write=True)
    assert lab.digest() != before, "the same walks in earnest set flags"


@pytest.mark.parametrize(("leaf", "references"), [(0, 4), (1, 24), (2, 19)])
def test_the_same_guest_over_other_pages(leaf, references):
    walker = walker_of(pages=PAGES)
    walks = [rehearsed(walker).walk(page * 4096 + 9) for page in (0, 17)]
    other = retold(walks, walker, leaf)
    for walk in walks:
        told = other.walk(walk.address)
        assert (told.references, told.guest_physical, told.fault) == (references, walk.guest_physical, None)
        entries = [step.entry for step in walk.steps if step.dimension == "guest"]
        assert [step.entry & ~0x60 for step in told.steps if step.dimension == "guest"] == [e & ~0x60 for e in entries]
    assert leaf or other.walk(9).machine == walks[0].guest_physical


def test_a_fault_of_the_guest_is_the_same_everywhere_and_one_of_the_vmm_is_not_hidden():
    walker = walker_of(pages=PAGES)
    lost = rehearsed(walker).walk(PAGES << 12)
    assert can_retell(lost)
    for leaf in (0, 1, 2):
        assert retold([lost], walker, leaf).walk(PAGES << 12).fault == lost.fault
    walker.second_stage.unmap(rehearsed(walker).walk(5 << 12).guest_physical)
    gone = rehearsed(walker).walk(5 << 12)
    assert can_retell(gone)
    assert retold([gone], walker, 1).walk(5 << 12).fault.reason == "ept_violation"
    walker.second_stage.unmap(walker.root)
    cut = rehearsed(walker).walk(5 << 12)
    assert cut.references == 4
    assert not can_retell(cut)


def test_caches_are_the_rehearsals_own():
    walker = walker_of(pages=PAGES)
    rehearsal = rehearsed(walker, Caches(tlb=Tlb(), pwc=Lru(24)))
    assert rehearsal.walk(0).references == 24
    assert rehearsal.walk(0).found_in == "l1_tlb"
    assert walker.walk(0).references == 24
