"""A program beside the VMs: what it may read, and what it takes from them."""

import pytest

from vmwidgets.attacks import ATTACKS
from vmwidgets.model.errors import VmwidgetsError
from vmwidgets.model.guest_memory import PAGE_BYTES
from vmwidgets.model.range.attack import Placement
from vmwidgets.model.range.guest import PAGES
from vmwidgets.model.range.host_side import AGAIN, NO_MEMORY, NOT_PERMITTED, PIDS_MAX, HostProgram, host_layer, reader
from vmwidgets.model.range.run import run_attack
from vmwidgets.model.range.scenario import Scenario
from vmwidgets.stacks import STACKS

ON_HOST = Placement(seat="host")


def program(stack="workstation", **switches):
    scenario = Scenario(STACKS[stack], ON_HOST, switches, seed=8)
    return scenario, HostProgram(scenario)


@pytest.mark.parametrize(
    ("stack", "on", "by"),
    [
        ("kvm", "host_kernel", "management_tools"),  # the libvirt daemon
        ("workstation", "host_kernel", "host_apps"),  # the user's other programs
        ("xen", "management", "management_tools"),  # xl dump-core in dom0
        ("hyperv", "management", "management_tools"),
        ("esxi", "hypervisor", "management_tools"),
        ("neutral", "hypervisor", "hypervisor"),
        ("bare_metal", "host_kernel", "host_kernel"),
    ],
)
def test_where_it_runs_and_by_whose_authority_it_reads(stack, on, by):
    layers = STACKS[stack].layers
    assert (host_layer(layers).id, reader(layers).id) == (on, by)


def test_a_vms_memory_lies_open():
    scenario, host = program()
    page = next(page for page, frame in scenario.victim.map.items() if frame == scenario.secret_frame)
    assert host.read(1, page * PAGE_BYTES + 8) == scenario.secret
    assert scenario.machine.read == {"guest 0": {"guest 1"}}
    assert host.read(1, 2**40) == 0
    assert host.read(9, 0) == host.read(1, PAGE_BYTES - 4) == NOT_PERMITTED


def test_encrypted_memory_is_there_but_says_nothing():
    scenario, host = program("kvm")
    page = next(page for page, frame in scenario.victim.map.items() if frame == scenario.secret_frame)
    read = {host.read(1, address) for address in range(0, PAGES * PAGE_BYTES, 8)}
    assert not read & {scenario.secret, scenario.mark, 0}
    assert host.read(1, page * PAGE_BYTES) == host.read(1, page * PAGE_BYTES)
    assert scenario.machine.read == {}
    scenario.path.store(0x100, 77, 8)
    assert host.read(0, 0x100) == 77  # its own


def test_threads_have_a_limit_or_take_the_processors():
    _, host = program()
    assert [host.fork(0, 0) for _ in range(PIDS_MAX + 1)] == [*range(1, PIDS_MAX + 1), AGAIN]
    assert host.victim_permille() == 1000
    _, host = program(host_cgroups=False)
    for _ in range(PIDS_MAX):
        host.fork(0, 0)
    assert host.victim_permille() == 61  # two VMs and 64 threads on 4 processors: 4 / 66 of one
    assert [host.fork(0, 0) for _ in range(2000)][-1] == AGAIN


def test_what_vms_do_not_need_is_there_to_take():
    for closed in (True, False):
        _, host = program(host_cgroups=closed)
        assert host.allocate(20 * 1024, 0) == 20 * 1024
        assert host.victim_permille() == 1000


def test_memory_has_a_limit_or_vms_are_paged_and_killed():
    _, host = program()
    assert host.allocate(40 * 1024, 0) == NO_MEMORY
    assert host.victim_permille() == 1000
    _, host = program(host_cgroups=False)
    host.allocate(40 * 1024, 0)
    assert 0 < host.victim_permille() < 900
    host.allocate(40 * 1024, 0)
    assert host.victim_permille() == 0
    assert host.allocate(2**60, 0) == NO_MEMORY


def test_what_is_not_published_is_not_made_up():
    verdict = run_attack(ATTACKS["host_memory"], STACKS["parallels"], {"host_cgroups": False}, seed=8)
    assert not verdict.succeeded
    assert verdict.deciding.check == "host_memory"


@pytest.mark.parametrize("attack", ["fork_bomb", "host_memory"])
@pytest.mark.parametrize("stack", ["xen", "hyperv", "esx", "esxi", "neutral"])
def test_a_hypervisor_does_not_care(attack, stack):
    verdict = run_attack(ATTACKS[attack], STACKS[stack], seed=8)
    assert not verdict.succeeded
    assert (verdict.deciding.check, verdict.deciding.outcome) == ("host_programs", "absent")


def test_a_guest_has_no_such_calls():
    verdict = run_attack(ATTACKS["host_read"].code, STACKS["workstation"], seed=8)
    assert (verdict.deciding.check, verdict.deciding.outcome) == ("hypercall", "absent")


def test_a_program_has_no_more_memory_than_it_was_given():
    verdict = run_attack(ATTACKS["host_read"], STACKS["workstation"], {"shadow_tables": False}, seed=8)
    assert verdict.read == ("guest 1",)
    scenario, _ = program("workstation", shadow_tables=False)
    assert not scenario.attacker.has_tables


def test_seats_have_names():
    with pytest.raises(VmwidgetsError, match="seat is 'sofa', expected one of guest, host"):
        Placement(seat="sofa")
