"""Who survives what follows from the layers: where a layer is moved, the outcome moves."""

from dataclasses import replace

import pytest

from tests.model.stacks_to_try import ALL, BARE, HOSTED, SERVICE, SPLIT, WHOLE, memory, moved
from vmwidgets.model.acts import FAILURES
from vmwidgets.model.errors import VmwidgetsError
from vmwidgets.model.failures import STATES, fail
from vmwidgets.model.hardware import Hardware
from vmwidgets.model.layers import Layer
from vmwidgets.model.units import GiB
from vmwidgets.model.vm import VM
from vmwidgets.model.workload import Workload
from vmwidgets.stacks import STACKS

VMS = tuple(VM(name, vcpus=2, memory_bytes=6 * GiB, workload=Workload("cpu_burner")) for name in "ABC")
DRIVER_DOMAIN = Layer("driver_domain", "driver domain", "kernel", "guest_kernel", on="hypervisor")
IN_IT = {"on": "driver_domain", "inside": "driver_domain"}


def fates(stack, failure, **options):
    return [fate.state for fate in fail(stack, failure, VMS, **options).fates]


def chain(stack, failure, vm=0):
    return [str(reason) for reason in fail(stack, failure, VMS).fates[vm].chain]


# ------------------------------------------------------------------------------------------------------- moving a layer
def test_the_end_of_a_session_ends_what_belongs_to_it_and_a_service_goes_on():
    assert fates(HOSTED, "logout") == ["gone"] * 3
    assert fates(SERVICE, "logout") == ["goes_on"] * 3


def test_with_the_drivers_in_a_domain_of_their_own_its_crash_takes_disks_and_not_vms():
    assert not fail(SPLIT, "driver_domain_crash", VMS).exists
    apart = moved(SPLIT, DRIVER_DOMAIN, drivers=IN_IT)
    assert fates(apart, "driver_domain_crash") == ["stalled"] * 3
    assert all(fate.io_permille == 0 < fate.cpu_permille for fate in fail(apart, "driver_domain_crash", VMS).fates)


def test_a_guest_with_a_device_of_its_own_does_not_need_the_driver_domain():
    apart = replace(moved(SPLIT, DRIVER_DOMAIN, drivers=IN_IT), device="passthrough")
    assert fates(apart, "driver_domain_crash") == ["goes_on"] * 3


def test_a_management_domain_that_is_not_vital_and_has_no_drivers_can_crash_alone():
    assert fates(SPLIT, "management_crash") == ["gone"] * 3
    not_vital = moved(SPLIT, management={"vital": False})
    assert fates(not_vital, "management_crash") == ["stalled"] * 3
    served = moved(
        SPLIT,
        replace(DRIVER_DOMAIN, duties=frozenset({"serves"})),
        drivers=IN_IT,
        management={"vital": False, "duties": frozenset({"reads"})},
    )
    assert fates(served, "management_crash") == ["goes_on"] * 3
    assert "nobody can start or change" in chain(served, "management_crash")[-1]


def test_without_a_host_os_there_is_none_to_crash_to_log_out_of_or_to_sleep():
    for failure in ("host_crash", "logout", "host_sleep", "host_update", "fork_bomb", "host_oom"):
        assert fail(HOSTED, failure, VMS).exists
        outcome = fail(WHOLE, failure, VMS)
        assert not outcome.exists
        assert WHOLE.name in outcome.absent.format(stack=WHOLE.name)
        assert [fate.state for fate in outcome.fates] == ["goes_on"] * 3


def test_a_vm_dies_with_its_process_if_it_runs_on_it_and_not_otherwise():
    assert fates(HOSTED, "vmm_killed") == ["gone", "goes_on", "goes_on"]
    assert fates(HOSTED, "vmm_killed", victim=2) == ["goes_on", "goes_on", "gone"]
    beside = moved(HOSTED, guest_kernel={"on": "vmm_driver"}, vmm_process={"duties": frozenset({"manages"})})
    assert fates(replace(beside, device="native"), "vmm_killed") == ["goes_on"] * 3


def test_a_vm_without_its_device_model_has_no_emulated_devices():
    model = Layer(
        "device_model",
        "device model",
        "program",
        "guest_user",
        on="management",
        per_vm=True,
        duties=frozenset({"emulates"}),
    )
    stack = moved(SPLIT, model)
    assert fates(stack, "vmm_killed") == ["goes_on"] * 3
    assert fates(replace(stack, device="emulated"), "vmm_killed") == ["stalled", "goes_on", "goes_on"]


def test_a_vmm_inside_a_kernel_takes_the_kernel_along_and_one_in_a_process_does_not():
    inside = moved(HOSTED, vmm_driver={"kind": "vmm"})
    assert fates(inside, "vmm_crash") == ["gone"] * 3
    apart = moved(HOSTED, vmm_driver={"duties": frozenset()}, vmm_process={"kind": "vmm"})
    assert fates(apart, "vmm_crash") == ["gone", "goes_on", "goes_on"]


def test_a_stopped_layer_leaves_the_kernel_that_it_is_inside_of_standing():
    manager = {"kind": "program", "duties": frozenset({"manages"}), "inside": "management"}
    stack = moved(SPLIT, management_tools=manager)
    assert fates(stack, "manager_restart") == ["goes_on"] * 3


def test_whose_kernel_panics_is_the_question():
    assert fates(SPLIT, "guest_panic") == ["gone", "goes_on", "goes_on"]
    assert fates(BARE, "guest_panic") == ["gone"] * 3


# ----------------------------------------------------------------------------------------------------- time and memory
def test_a_fork_bomb_competes_thread_by_thread():
    # 4 processors, 3 VMs with 2 busy threads: 2/3 of a processor each; with 64 more threads 4 / 70 each.
    outcome = fail(HOSTED, "fork_bomb", VMS, bomb_threads=64)
    assert [fate.cpu_permille for fate in outcome.fates] == [round(1000 * (4 / 70) / (2 / 3))] * 3
    more = fail(HOSTED, "fork_bomb", VMS, bomb_threads=640)
    assert more.fates[0].cpu_permille < outcome.fates[0].cpu_permille / 5


def test_a_confined_process_keeps_its_part_however_many_threads_the_bomb_has():
    confined = moved(HOSTED, vmm_process={"confined": True})
    speeds = {fail(confined, "fork_bomb", VMS, bomb_threads=n).fates[0].cpu_permille for n in (64, 6400)}
    assert speeds == {750}  # 4 groups instead of 3 share 4 processors
    assert fail(HOSTED, "fork_bomb", VMS).fates[0].cpu_permille < 100


def test_a_vm_that_wants_little_is_not_slowed_by_a_bomb_of_a_fair_group():
    idle = [VM("A"), VM("B")]
    confined = moved(HOSTED, vmm_process={"confined": True})
    assert [fate.state for fate in fail(confined, "fork_bomb", idle).fates] == ["goes_on"] * 2


def test_a_bomb_in_a_management_domain_takes_a_domain_s_part_and_the_time_of_its_backends():
    outcome = fail(SPLIT, "fork_bomb", VMS)
    assert {fate.cpu_permille for fate in outcome.fates} == {750}
    assert outcome.fates[0].io_permille < 100
    assert outcome.fates[0].assumed
    apart = moved(SPLIT, DRIVER_DOMAIN, drivers=IN_IT, management={"duties": frozenset()})
    assert fail(apart, "fork_bomb", VMS).fates[0].io_permille == 1000


def test_a_reservation_holds_against_a_bomb_where_the_scheduler_heeds_it():
    sure = [replace(vm, cpu_reservation_mhz=2600) for vm in VMS]
    by_hypervisor = replace(SPLIT, scheduler="esx")
    assert (
        fail(by_hypervisor, "fork_bomb", sure).fates[0].cpu_permille
        > fail(SPLIT, "fork_bomb", sure).fates[0].cpu_permille
    )


def test_pressure_pages_and_exhaustion_kills_the_largest():
    outcome = fail(HOSTED, "host_pressure", VMS)
    assert [fate.state for fate in outcome.fates] == ["slowed"] * 3
    # 3 times 6 GiB and 32 of the programs on 31
    assert {fate.memory_permille for fate in outcome.fates} == {round(1000 * 31 / 50)}
    large = [*VMS[:2], replace(VMS[2], memory_bytes=8 * GiB)]
    outcome = fail(HOSTED, "host_oom", large)
    assert [fate.state for fate in outcome.fates] == ["slowed", "slowed", "gone"]
    assert outcome.blast_radius == ("A", "B", "C")


def test_what_the_os_may_do_with_memory_decides():
    no_killer = replace(HOSTED, memory_profile=memory(host_kills=False))
    assert "gone" not in fates(no_killer, "host_oom")
    no_swap = replace(HOSTED, memory_profile=memory(host_swap=False))
    assert fates(no_swap, "host_pressure") == ["gone"] * 3
    small = fail(HOSTED, "host_pressure", VMS, hog_bytes=2 * GiB)
    assert [fate.state for fate in small.fates] == ["goes_on"] * 3


def test_a_larger_machine_has_room():
    large = Hardware(memory_bytes=256 * GiB)
    assert [fate.state for fate in fail(HOSTED, "host_pressure", VMS, large, hog_bytes=32 * GiB).fates] == [
        "goes_on"
    ] * 3


def test_what_nobody_has_published_is_not_said():
    assumed = moved(HOSTED, host_kernel={"assumed": frozenset({"reclaims"})})
    for stack in (assumed, replace(HOSTED, memory_profile=None)):
        outcome = fail(stack, "host_oom", VMS)
        assert [fate.state for fate in outcome.fates] == ["not_published"] * 3
        assert outcome.blast_radius == ()


# -------------------------------------------------------------------------------------------------------- in all stacks
@pytest.mark.parametrize("failure", FAILURES)
@pytest.mark.parametrize("stack", [*ALL, *STACKS.values()], ids=lambda stack: stack.id)
def test_every_outcome_says_why(stack, failure):
    outcome = fail(stack, failure, VMS)
    assert [fate.vm for fate in outcome.fates] == ["A", "B", "C"]
    for fate in outcome.fates:
        assert fate.state in STATES
        assert bool(fate.chain) is outcome.exists
        if fate.state == "gone":
            assert (fate.cpu_permille, fate.io_permille, fate.memory_permille) == (0, 0, 0)
        assert (fate.state == "slowed") is (0 < min(fate.cpu_permille, fate.io_permille, fate.memory_permille) < 1000)
    assert bool(outcome.absent) is not outcome.exists


@pytest.mark.parametrize("stack", [*ALL, *STACKS.values()], ids=lambda stack: stack.id)
def test_losing_more_never_saves_anybody(stack):
    for one in stack.layers:
        if one.vital or one.per_vm:
            continue
        stricter = moved(stack, **{one.id: {"vital": True}})
        for failure in FAILURES:
            before, after = fates(stack, failure), fates(stricter, failure)
            assert all(was != "gone" or now == "gone" for was, now in zip(before, after, strict=True))


def test_a_chain_goes_from_layer_to_layer():
    assert chain(HOSTED, "host_crash") == [
        "kernel is what is hit",
        "driver ran on kernel",
        "VMM process ran on driver",
        "guest kernel ran on VMM process",
    ]


@pytest.mark.parametrize(("failure", "options", "sentence"), [
    ("fire", {}, "there is no failure 'fire', expected one of guest_panic"),
    ("vmm_killed", {"victim": 3}, "victim is 3, expected a whole number from 0 to 2"),
    ("fork_bomb", {"bomb_threads": 0}, "bomb_threads is 0"),
])  # fmt: skip
def test_what_makes_no_sense_is_refused(failure, options, sentence):
    with pytest.raises(VmwidgetsError, match=sentence):
        fail(HOSTED, failure, VMS, **options)


def test_without_vms_nobody_is_hit():
    assert fail(HOSTED, "host_crash", ()).blast_radius == ()
