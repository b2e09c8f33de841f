"""Page tables that guests keep in their own pages: where they lie, what they map, and that they follow the guest."""

import copy

import numpy as np
import pytest

import vmwidgets as vm
from vmwidgets.model.address_space import AREA_PAGES, AddressSpace
from vmwidgets.model.flat_tables import FlatTables, FrameBytes
from vmwidgets.model.guest_pages import GuestPages
from vmwidgets.model.guest_pages import Mix as PageMix
from vmwidgets.model.page_walk import GUEST
from vmwidgets.model.second_stage import ABSENT, MAPPED, SWAPPED
from vmwidgets.model.translation import Walker

DATABASE = vm.Workload("database", active_permille=375, touched_permille=1000)


def host(page_bytes, memory_bytes, vms=2, vm_bytes=None, profile="esxi", **changes):
    hardware = vm.Hardware(page_bytes=page_bytes, memory_bytes=memory_bytes, vmm_memory_bytes=memory_bytes // 32)
    lab = vm.Lab(memory=profile, hardware=hardware, tick_s=1)
    if changes:
        lab.set_memory(**changes)
    for number in range(vms):
        lab.create_vm(f"VM{number}", memory_bytes=vm_bytes or memory_bytes // 3, workload=DATABASE)
    return lab


def walker(lab, name="VM0"):
    """The hardware's own: it sets flags, so a test uses it last, or on a copy."""
    machine, slot = lab.memory.machine, lab.memory_slot(name)
    space = lab.memory.tenants[slot].space
    return space, Walker(FrameBytes(machine), space.root, 4, FlatTables(machine, slot))


@pytest.mark.parametrize(("page_bytes", "memory_bytes", "references"), [(4096, 2**30, 24), (2**21, 2**35, 19)])
def test_every_page_of_an_area_is_found_where_the_guest_has_it(page_bytes, memory_bytes, references):
    lab = host(page_bytes, memory_bytes)
    lab.advance(20)
    for name in ("VM0", "VM1"):
        space, hardware = walker(lab, name)
        guest = lab.memory.tenants[lab.memory_slot(name)].guest
        for area in space.areas:
            gfns = guest.gfns(area.pages)
            assert 0 < len(gfns) <= 2 * AREA_PAGES
            for number, gfn in enumerate(gfns.tolist()):
                walk = hardware.walk(area.address + number * 4096 + 5)
                if gfn < 0:
                    assert (walk.fault.reason, walk.guest_physical) == ("page_fault", -1)
                else:
                    assert walk.guest_physical == gfn * page_bytes + 5
                    assert walk.references == references or walk.fault
    lab.memory.machine.check()


def test_flags_say_what_an_area_is_for():
    lab = host(4096, 2**30)
    lab.advance(2)
    space, hardware = walker(lab)
    kernel, image, programs = (area.address for area in space.areas)
    assert hardware.walk(kernel, user=True).fault.code == 1 | 4
    assert hardware.walk(image, write=True, user=True).fault.code == 1 | 2 | 4
    assert hardware.walk(programs, write=True, user=True).fault is None
    assert hardware.walk(programs - 4096).fault.code == 0


def test_tables_lie_in_pages_of_the_kernel_and_differ_between_equal_guests():
    lab = host(4096, 2**30)
    lab.advance(2)
    pages = set()
    for name in ("VM0", "VM1"):
        slot = lab.memory_slot(name)
        tenant, machine = lab.memory.tenants[slot], lab.memory.machine
        assert (tenant.space.table_pages < tenant.guest.ends[0]).all()
        space, hardware = walker(lab, name)
        seen = [step for area in space.areas for step in hardware.walk(area.address).steps if step.dimension == GUEST]
        homes = set(tenant.guest.gfns(space.table_pages).tolist())
        assert {step.table // 4096 for step in seen} <= homes
        assert space.root // 4096 in homes
        pages |= {bytes(machine.read(slot, home)) for home in homes}
    assert len(pages) > 20, "hardly a table of one guest is equal to one of the other"


def test_the_kernel_has_all_of_the_memory_once_more():
    lab = host(4096, 2**30)
    lab.advance(2)
    space, hardware = walker(lab)
    machine, slot = lab.memory.machine, lab.memory_slot("VM0")
    table = machine.tables[slot]
    for gfn in (0, 100, 5000, table.pages - 1):
        walk = hardware.walk(space.direct(gfn) + 7)
        assert walk.guest_physical == gfn * 4096 + 7
        if table.where[gfn] == MAPPED:
            assert walk.machine == int(table.entry[gfn]) * 4096 + 7
            assert walk.references == 2 * 5 + 4, "a page of 1 GiB ends the guest's walk at its third level"
        else:
            assert walk.fault.reason == "ept_violation"
    absent = int(np.flatnonzero(table.where == ABSENT)[-1])
    assert space.address_of(absent) == space.direct(absent)
    programs = space.areas[2]
    home = int(lab.memory.tenants[slot].guest.gfns(programs.pages[:1])[0])
    assert space.address_of(home) == programs.address


def test_tables_follow_what_the_guest_gives_up():
    """Guests give up cold pages; after each second an entry says where its page is, or that it is not there."""
    lab = host(4096, 2**28, vms=3, vm_bytes=2**28, profile="neutral")
    gone = 0
    for _second in range(120):
        lab.advance(1)
        for slot, tenant in lab.memory.tenants.items():
            space, machine = tenant.space, lab.memory.machine
            homes = tenant.guest.gfns(space.table_pages)
            if space.root < 0 or not (machine.tables[slot].where[homes] == MAPPED).all():
                continue
            cold = space.areas[2]
            gfns = tenant.guest.gfns(cold.pages)
            gone += int((gfns < 0).sum())
            memory = FrameBytes(machine)
            for number in (0, AREA_PAGES - 1, AREA_PAGES, len(gfns) - 1):
                place = _entry(memory, machine.tables[slot], space, cold.address + number * 4096)
                assert place >> 12 == max(int(gfns[number]), 0), (slot, number)
                assert bool(place & 1) == (gfns[number] >= 0)
    assert gone, "the guests had to give up pages"


def _entry(memory, table, space, address):
    """The entry of the lowest level, found through the flat second-stage table: no walker, so no fault."""
    at = space.root
    for level in (4, 3, 2, 1):
        at += (address >> 12 + 9 * (level - 1)) % 512 * 8
        entry = memory.load(int(table.entry[at >> 12]) * 4096 + at % 4096, 8)
        at = entry & 0x000F_FFFF_FFFF_F000
    return entry


def test_a_table_in_the_swap_file_keeps_its_bytes():
    lab = host(4096, 2**30)
    lab.advance(2)
    machine, slot = lab.memory.machine, lab.memory_slot("VM0")
    space, hardware = walker(lab)
    address = space.areas[2].address
    found = hardware.walk(address).machine
    root = np.array([space.root // 4096], np.int64)
    before = machine.read(slot, int(root[0]))
    machine.swap_out(slot, root)
    assert machine.tables[slot].where[root[0]] == SWAPPED
    fault = hardware.walk(address).fault
    assert (fault.reason, fault.address >> 12) == ("ept_violation", space.root >> 12)
    machine.swap_in(slot, root)
    assert machine.read(slot, int(root[0])) == before
    assert hardware.walk(address).machine == found


def test_a_copy_goes_its_own_way():
    lab = host(4096, 2**28, vms=3, vm_bytes=2**28)
    lab.advance(1)
    one = copy.deepcopy(lab.memory)
    active = {slot: tenant.active for slot, tenant in one.tenants.items()}
    other = copy.deepcopy(one)
    for _second in range(30):
        one.step(active)
    for _second in range(30):
        other.step(active)
    assert one.digest() == other.digest() != lab.memory.digest()
    lab.advance(30)
    assert lab.replay().digest() == lab.digest()


def test_a_guest_without_room_has_no_tables():
    assert not AddressSpace(GuestPages(500, "Linux", "a"), 4096).fits
    assert AddressSpace(GuestPages(600, "Linux", "a"), 4096).fits
    assert AddressSpace(GuestPages(1, "Linux", "a", PageMix()), 2**21).fits
    assert not AddressSpace(GuestPages(10, "Linux", "a"), 2**30).fits
