"""Taking pages by force: whose, in which order, when it ends, and who is killed."""

from dataclasses import replace

import pytest

import vmwidgets as vm
from vmwidgets.model.errors import AdmissionError, VmwidgetsError
from vmwidgets.model.guest_pages import GuestPages, Mix
from vmwidgets.model.hardware import Hardware
from vmwidgets.model.paged import PagedMemory
from vmwidgets.model.second_stage import SWAPPED
from vmwidgets.model.units import GiB, KiB, MiB
from vmwidgets.stacks import MEMORY

SMALL = Hardware(memory_bytes=16 * MiB, vmm_memory_bytes=MiB, page_bytes=4 * KiB)


def lab_of(profile: str, hardware: Hardware = SMALL, **settings) -> vm.Lab:
    made = vm.Lab(memory=profile, hardware=hardware, tick_s=1)
    if settings:
        made.set_memory(**settings)
    return made


def test_a_refused_change_of_size_leaves_the_vm_as_it_was():
    lab = lab_of("neutral")
    lab.create_vm("a", memory_bytes=4 * MiB)
    lab.advance(5)
    before = lab.digest()
    with pytest.raises(VmwidgetsError, match="memory_bytes is"):
        lab.configure("a", memory_bytes=16 * GiB)
    assert lab.digest() == before
    lab.advance(1)
    lab.destroy_vm("a")


def test_a_host_that_blocks_gets_out_of_it():
    """One VM refuses the balloon: it is paged down to its target, and then it may run again."""
    hardware = Hardware(memory_bytes=128 * MiB, vmm_memory_bytes=MiB, page_bytes=4 * KiB)
    lab = lab_of("neutral", hardware)
    work = {"workload": vm.Workload("database", active_permille=350)}
    lab.create_vm("refuses", memory_bytes=96 * MiB, kernel=vm.GuestKernel(balloon="refuses"), **work)
    lab.create_vm("other", memory_bytes=96 * MiB, workload=vm.Workload("database", active_permille=700))
    lab.advance(600)
    history = lab.history()
    mine = history[history["vm"] == "refuses"]["throughput_per_ks"]
    assert (mine.iloc[-120:] > 0).sum() > 10  # in bursts: each time it grows, it is stopped and paged again


def test_pages_in_shared_frames_can_be_taken_when_there_are_no_others():
    memory = PagedMemory(SMALL, replace(MEMORY["kvm"], sharing="between", scan_pages_per_s=100_000))
    slots = [memory.add(GuestPages(1500, "Linux", name, Mix(image=900, cache=0), fill_per_s=500)) for name in "AB"]
    for _ in range(20):
        memory.step(dict.fromkeys(slots, 100))
    memory.remove(slots[1])
    memory.control(slots[0], 1000, 0, 300)
    for _ in range(30):
        memory.step({slots[0]: 100})
    assert memory.allocated(slots[0]) <= 300
    memory.machine.check()


def test_a_control_group_never_has_more_than_its_limit():
    slow = Hardware(memory_bytes=64 * MiB, vmm_memory_bytes=MiB, page_bytes=4 * KiB, disk_bandwidth=5_000_000)
    lab = lab_of("kvm", slow)
    lab.create_vm("a", memory_bytes=48 * MiB, memory_limit_bytes=16 * MiB, workload=vm.Workload("memory_hog"))
    lab.advance(300)
    used = lab.recorded.window("memory_mapped_bytes", ["a"], 299, 300)
    assert used.max() <= 16 * MiB


def test_a_control_group_at_its_limit_is_killed_where_no_swap_is_left():
    lab = lab_of("kvm", swap_permille=100)
    lab.create_vm("a", memory_bytes=12 * MiB, memory_limit_bytes=4 * MiB)
    lab.create_vm("b", memory_bytes=4 * MiB)
    lab.advance(240)
    assert lab.snapshot["killed"].tolist() == [1, 0]
    assert lab.memory.machine.swap.used == 0  # what it had there went with it


def test_a_host_without_swap_kills_the_largest():
    lab = lab_of("kvm", host_swap=False)
    for name, size in (("small", 6), ("large", 12)):
        lab.create_vm(name, memory_bytes=size * MiB, workload=vm.Workload("memory_hog", full_after_min=1))
    lab.advance(200)
    assert lab.snapshot["killed"].tolist() == [0, 1]
    assert lab.snapshot["throughput_per_ks"].tolist()[1] == 0


def test_a_vm_that_was_blocked_is_not_taken_for_idle():
    memory = PagedMemory(SMALL, MEMORY["esx"])
    slot = memory.add(GuestPages(1000, "Linux", "a"))
    for _ in range(60):
        memory.step({slot: 600})
    before = memory.estimate(slot)
    memory.tenants[slot].guest.used = 0
    for _ in range(60):
        memory.blocked = frozenset({slot})
        memory.tenants[slot].target = 0
        memory.step({slot: 600})
    assert memory.estimate(slot) >= before * 9 // 10


def test_power_on_needs_minimum_and_overhead_and_swap_space():
    # Waldspurger 2002, section 5.1: 32 MB of overhead for a typical VM
    hardware = Hardware(memory_bytes=512 * MiB, vmm_memory_bytes=32 * MiB, page_bytes=4 * KiB)
    lab = lab_of("esx", hardware)
    lab.create_vm("a", memory_bytes=256 * MiB, memory_reservation_bytes=200 * MiB)
    with pytest.raises(AdmissionError, match="what it reserves and the VMM's overhead"):
        lab.create_vm("b", memory_bytes=256 * MiB, memory_reservation_bytes=217 * MiB)
    lab.create_vm("b", memory_bytes=256 * MiB, memory_reservation_bytes=216 * MiB)
    lab.destroy_vm("b")
    lab.set_memory(swap_permille=250)
    with pytest.raises(AdmissionError, match="swap space"):
        lab.create_vm("c", memory_bytes=128 * MiB)


def test_what_is_swapped_out_keeps_the_disk_busy():
    slow = Hardware(memory_bytes=16 * MiB, vmm_memory_bytes=MiB, page_bytes=4 * KiB, disk_iops=500)
    lab = lab_of("kvm", slow)
    for name in "ab":
        lab.create_vm(name, memory_bytes=12 * MiB, workload=vm.Workload("database", active_permille=950))
    lab.advance(60)
    reclaimer = lab.memory.reclaimer
    assert lab.memory.machine.places[0, SWAPPED] + lab.memory.machine.places[1, SWAPPED] > 0
    assert reclaimer.io_left >= 0
    assert lab.snapshot["disk_used_iops"].sum() > 0
