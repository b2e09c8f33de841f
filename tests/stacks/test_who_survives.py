"""What is known of the products' failures comes out of their layers."""

from dataclasses import replace

import pytest

from vmwidgets.model.failures import fail
from vmwidgets.model.layers import Layer, Layers
from vmwidgets.model.units import GiB
from vmwidgets.model.vm import VM
from vmwidgets.model.workload import Workload
from vmwidgets.stacks import PRODUCTS, STACKS

VMS = tuple(VM(name, vcpus=2, memory_bytes=6 * GiB, workload=Workload("cpu_burner")) for name in "ABC")
BARE_METAL = ("hyperv", "xen", "esxi")
HOSTED = ("workstation", "virtualbox", "parallels")


def states(stack, failure):
    return {fate.state for fate in fail(STACKS[stack], failure, VMS).fates}


@pytest.mark.parametrize("stack", ["kvm", *HOSTED])
def test_the_crash_of_a_host_os_ends_all_vms(stack):
    assert states(stack, "host_crash") == {"gone"}


@pytest.mark.parametrize("stack", BARE_METAL)
def test_where_the_vmm_has_the_machine_there_is_no_host_os_to_crash(stack):
    assert not fail(STACKS[stack], "host_crash", VMS).exists
    assert states(stack, "vmm_crash") == {"gone"}


@pytest.mark.parametrize("stack", ["kvm", *HOSTED])
def test_a_vm_is_a_process_of_its_host_and_ends_with_it(stack):
    assert [fate.state for fate in fail(STACKS[stack], "vmm_killed", VMS).fates] == ["gone", "goes_on", "goes_on"]


def test_a_root_domain_is_on_the_way_of_disk_and_network_and_a_management_service_is_not():
    # A bug in the root's switch takes the host, all VMs with it (CVE-2021-28476)
    for stack in ("hyperv", "xen"):
        assert states(stack, "management_crash") == {"gone"}
        assert states(stack, "manager_restart") == {"goes_on"}
    assert states("esxi", "manager_restart") == states("kvm", "manager_restart") == {"goes_on"}


def test_what_a_source_says_is_not_called_assumed_because_something_else_would_end_the_vm_as_well():
    """That a partition ends with its worker process is assumed; that all VMs fail with the root is published."""
    process, root = (fail(STACKS["hyperv"], failure, VMS) for failure in ("vmm_killed", "management_crash"))
    assert process.fates[0].assumed
    assert not any(fate.assumed for fate in root.fates)
    assert "the machine is restarted" in str(root.fates[0].chain[-1])


def test_a_fork_bomb_starves_a_hosted_vm_and_not_a_confined_one():
    worst = {
        stack: min(fate.cpu_permille for fate in fail(STACKS[stack], "fork_bomb", VMS).fates) for stack in PRODUCTS
    }
    assert all(worst[stack] < 100 for stack in HOSTED)
    assert worst["kvm"] > 500
    assert worst["esxi"] == 1000
    loose = _with(STACKS["kvm"], "vmm_process", confined=False)
    assert fail(loose, "fork_bomb", VMS).fates[0].cpu_permille < 100


def test_a_host_without_memory_kills_a_vm_and_a_hypervisor_has_no_programs_that_could_want_it():
    for stack in ("kvm", "workstation", "virtualbox"):
        assert "gone" in states(stack, "host_oom")
        assert states(stack, "host_pressure") == {"slowed"}
    assert not any(fail(STACKS[stack], "host_oom", VMS).exists for stack in BARE_METAL)


@pytest.mark.parametrize(
    ("stack", "paged", "killed"), [("kvm", False, False), ("workstation", False, True), ("virtualbox", True, True)]
)
def test_what_a_host_does_with_memory_is_called_assumed_where_nobody_says_it(stack, paged, killed):
    """Sugerman et al. 2001, section 2: the host of Workstation pages VMs. That it kills them nobody says."""
    pressure, exhausted = (fail(STACKS[stack], failure, VMS).fates[0] for failure in ("host_pressure", "host_oom"))
    assert (pressure.state, pressure.assumed) == ("slowed", paged)
    assert (exhausted.state, exhausted.assumed) == ("gone", killed)


def test_what_a_mac_does_with_the_memory_of_vms_is_not_published():
    assert states("parallels", "host_oom") == states("parallels", "host_pressure") == {"not_published"}


def test_who_logs_out_takes_along_what_runs_in_the_session():
    ended = {stack for stack in PRODUCTS if "gone" in states(stack, "logout")}
    assert ended == set(HOSTED)
    outcome = fail(STACKS["workstation"], "logout", VMS)
    assert outcome.fates[0].assumed  # that it belongs to the session is not published


def test_drivers_taken_out_of_dom0_stall_vms_instead_of_ending_them():
    xen = STACKS["xen"]
    domain = Layer("driver_domain", "driver domain", "kernel", "guest_kernel", on="hypervisor")
    layers: list[Layer] = []
    for layer in xen.layers:
        if layer.id == "management":
            layers.append(domain)
        moves = layer.id in ("drivers", "backends")
        layers.append(replace(layer, on=domain.id, inside=domain.id) if moves else layer)
    apart = replace(xen, layers=Layers(layers))
    assert {fate.state for fate in fail(apart, "driver_domain_crash", VMS).fates} == {"stalled"}
    assert {fate.state for fate in fail(apart, "management_crash", VMS).fates} == {"gone"}  # dom0 is vital all the same


def test_a_panic_is_one_s_own_in_a_vm_and_everybody_s_in_containers():
    for stack in PRODUCTS:
        assert [fate.state for fate in fail(STACKS[stack], "guest_panic", VMS).fates] == ["gone", "goes_on", "goes_on"]
    assert states("container", "guest_panic") == {"gone"}


def _with(stack, id, **changes):
    return replace(stack, layers=Layers(replace(one, **changes) if one.id == id else one for one in stack.layers))
