"""The product of a lab: chosen when it is made, changed by a command, kept by files."""

import json
from dataclasses import replace

import pytest

import vmwidgets as vm
from vmwidgets import experiment_file
from vmwidgets.model.errors import AdmissionError, VmwidgetsError
from vmwidgets.model.units import GB, GiB, MiB
from vmwidgets.stacks import MEMORY, STACKS

SMALL = vm.Hardware(memory_bytes=4 * GiB, vmm_memory_bytes=128 * MiB, page_bytes=2 * MiB)


@pytest.mark.parametrize("id", list(STACKS))
def test_a_lab_begins_with_the_scheduler_and_the_memory_of_its_product(id):
    lab = vm.Lab(id, memory=True, hardware=SMALL)
    stack = STACKS[id]
    assert lab.scheduling.algorithm == (stack.scheduler or "credit")
    assert lab.memory.profile is MEMORY[id] is stack.memory_profile
    assert json.loads(lab.text().splitlines()[0])["memory"] == id
    assert vm.Lab(id).memory is None
    assert vm.Lab(id, memory=False).memory is None


def test_another_profile_may_be_asked_for_by_its_id():
    assert vm.Lab(memory="esxi", hardware=SMALL).memory.profile.id == "esxi"


def test_machines_boot_anew_and_keep_their_disks():
    lab = vm.Lab(memory=True, hardware=SMALL, tick_s=10)
    grows = vm.Workload("web", growth_bytes_per_day=900 * GB)
    lab.create_vm("A", memory_bytes=GiB, workload=grows)
    lab.create_vm("B", memory_bytes=GiB, workload="database")
    lab.advance(30)
    before = lab.snapshot
    assert before["memory_mapped_bytes"].sum() > 0
    lab.set_stack("kvm")
    after = lab.snapshot
    assert after["memory_mapped_bytes"].sum() == 0
    assert after["disk_space_bytes"].tolist() == before["disk_space_bytes"].tolist()
    assert (after.tick, lab.recorded.last_tick) == (before.tick, before.tick - 1)
    lab.advance(30)
    assert lab.snapshot["memory_mapped_bytes"].sum() > 0
    assert lab.recorded.length == 60


def test_what_was_tuned_gives_way_to_what_the_product_does():
    lab = vm.Lab(memory="esxi", hardware=SMALL)
    lab.set_memory(scan_pages_per_s=7)
    lab.set_scheduler(algorithm="lottery", beside="eevdf", window_s=2)
    lab.set_stack("kvm")
    assert lab.memory.profile is MEMORY["kvm"]
    assert (lab.scheduling.algorithm, lab.scheduling.beside, lab.scheduling.window_s) == ("eevdf", "", 2)
    lab.set_stack("neutral")
    assert lab.scheduling.algorithm == "eevdf", "without a scheduler of its own it stays"


def test_a_machine_that_does_not_start_there_keeps_all_where_they_are():
    lab = vm.Lab(memory=True, hardware=SMALL, tick_s=10)
    lab.create_vm("A", memory_bytes=3 * GiB)
    lab.create_vm("B", memory_bytes=3 * GiB, cpu_shares=1234)
    lab.advance(3)
    before = (lab.digest(), lab.log, lab.stack, lab.vms)
    with pytest.raises(AdmissionError, match="B needs its"):
        lab.set_stack("xen")
    assert (lab.digest(), lab.log, lab.stack, lab.vms) == before


@pytest.mark.parametrize("memory", [False, True])
@pytest.mark.parametrize("id", ["bare_metal", "container"])
def test_where_all_share_one_kernel_their_work_goes_on(id, memory):
    """As in a lab that was made there; and back."""
    lab, there = (vm.Lab(stack, seed=2, hardware=SMALL, tick_s=10, memory=memory) for stack in ("kvm", id))
    for one in (lab, there):
        one.create_vm("A", memory_bytes=GiB, workload="web")
        one.create_vm("B", memory_bytes=GiB, workload="cpu_burner", vcpus=2)
    before = lab.digest()
    assert lab.set_stack(id) == ()
    for one in (lab, there):
        one.advance(30)
    assert lab.stack is STACKS[id]
    assert lab.scheduling.algorithm == STACKS[id].scheduler
    assert lab.snapshot["cpu_used_khz"].tolist() == there.snapshot["cpu_used_khz"].tolist()
    assert lab.snapshot["memory_mapped_bytes"].tolist() == there.snapshot["memory_mapped_bytes"].tolist()
    assert lab.vms == there.vms
    assert lab.replay().digest() == lab.digest()
    lab.undo()
    lab.undo()
    assert lab.digest() == before
    lab.set_stack(id)
    lab.set_stack("xen")
    assert lab.stack.id == "xen"


@pytest.mark.parametrize("stack", ["none", 5, None, ["xen"]])
def test_an_unknown_product_is_refused(stack):
    with pytest.raises(VmwidgetsError, match=r"stack is .*, expected one of neutral, hyperv"):
        vm.Lab().set_stack(stack)


def test_a_record_that_a_log_could_not_name_is_refused():
    with pytest.raises(VmwidgetsError, match="KVM is another stack than kvm, which a log would name"):
        vm.Lab().set_stack(replace(STACKS["kvm"], controls=()))
    lab = vm.Lab()
    lab.set_stack(STACKS["kvm"])
    assert lab.stack is STACKS["kvm"]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ('{"command":"set_stack"}', "stack is missing"),
        ('{"command":"set_stack","stack":"none"}', "stack is 'none', expected one of neutral"),
        ('{"command":"set_stack","stack":5}', "stack is 5, expected 1 to 40 printable characters"),
        ('{"command":"set_stack","stack":"xen","vms":1}', "vms is not known here, expected one of command, stack"),
    ],
)
def test_a_damaged_line_is_refused_by_its_number(line, told):
    with pytest.raises(VmwidgetsError) as error:
        experiment_file.load(vm.Lab().text() + line + "\n")
    assert str(error.value).startswith(f"line 2: {told}")


def test_an_experiment_from_before_is_read_as_it_was():
    header = (
        '{"vmwidgets":"experiment","schema":1,"stack":"neutral","seed":4,"tick_s":2,"hardware":{"pcpus":4,'
        '"clock_khz":2000000,"memory_bytes":4294967296,"vmm_memory_bytes":134217728,"page_bytes":2097152,'
        '"disk_bytes":1000000000000,"disk_iops":10000,"disk_bandwidth":500000000,"disk_seek_us":0,'
        '"nic_bandwidth":1250000000},"memory":"esxi"}\n'
    )
    setup, log = experiment_file.load(header + '{"command":"set_scheduler","changes":{"algorithm":"cfs"}}\n')
    assert (setup.stack.id, setup.memory, len(log)) == ("neutral", "esxi", 1)
    assert setup.host().scheduling.algorithm == "credit"


def test_the_log_is_in_the_terms_of_the_model():
    lab = vm.Lab("kvm")
    lab.create_vm("A", cpu_weight=250)
    lab.configure("A", cpu_max="50000 100000")
    records = [json.loads(line) for line in lab.text().splitlines()]
    assert records[1]["vm"]["cpu_shares"] == 250
    assert records[2]["changes"] == {"cpu_limit_mhz": 1000}


def test_the_quantum_model_takes_the_weights_of_the_product_as_they_are():
    lab = vm.Lab("xen", hardware=vm.Hardware(pcpus=1))
    lab.create_vm("A", weight=7, workload="cpu_burner")
    lab.create_vm("B", weight=5, workload="cpu_burner")
    lab.set_scheduler(window_s=20)
    assert lab.default_shares == 256
    assert lab.quantum_runs()[0].ran_permille(2).tolist() == pytest.approx([583, 417], abs=10)


def test_controls_of_the_nameless_stack_are_the_settings():
    lab = vm.Lab()
    lab.create_vm("A", cpu_shares=5)
    assert lab.controls("A")["cpu_shares"] == 5
    with pytest.raises(VmwidgetsError, match="there is no VM 'B'"):
        lab.controls("B")
