"""The backend of a paravirtual device: requests, and whose memory one that nobody looks at ends in."""

import pytest

from vmwidgets.attacks import ATTACKS
from vmwidgets.model.guest_memory import PAGE_BYTES
from vmwidgets.model.range.attack import Placement
from vmwidgets.model.range.backend import BUFFER_BYTES, KICK, RING
from vmwidgets.model.range.run import run_attack
from vmwidgets.model.range.scenario import Scenario
from vmwidgets.stacks import STACKS


def backend(stack="hyperv", **switches):
    scenario = Scenario(STACKS[stack], Placement(), switches, seed=5)
    return scenario, scenario.ports._devices[scenario.manual()["port_backend"]][0]


def ask(scenario, device, position, length, address=2 * PAGE_BYTES):
    scenario.path.store(PAGE_BYTES, length << 32 | position, 8)
    scenario.path.store(PAGE_BYTES + 8, address, 8)
    device.write(RING, 32, PAGE_BYTES)
    device.write(KICK, 32, 1)


@pytest.mark.parametrize("stack", ["hyperv", "xen", "virtualbox"])
def test_a_request_within_the_buffer(stack):
    scenario, device = backend(stack)
    scenario.path.store(2 * PAGE_BYTES, int.from_bytes(b"request!", "little"), 8)
    ask(scenario, device, BUFFER_BYTES - 8, 8)
    assert device.read(KICK, 32) == 1
    assert scenario.machine.holds({"virtualbox": "vmm_process 0"}.get(stack, "management"), b"request!")
    assert scenario.machine.written == {}


@pytest.mark.parametrize("closed", [True, False])
@pytest.mark.parametrize(("position", "length"), [(BUFFER_BYTES, 1), (BUFFER_BYTES - 8, 9), (0, BUFFER_BYTES + 1)])
def test_a_request_past_the_buffer(closed, position, length):
    scenario, device = backend(request_check=closed)
    ask(scenario, device, position, length)
    assert device.read(KICK, 32) == (0 if closed else 1)
    assert scenario.machine.written == ({} if closed else {"guest 0": {"management"}})


def test_a_request_far_away_brings_the_machine_down():
    scenario, device = backend(request_check=False)
    ask(scenario, device, 2**32 - 1, 1)
    assert {"management", "guest_kernel"} <= set(scenario.crashed)


@pytest.mark.parametrize(
    ("stack", "owner"),
    [
        ("hyperv", "management"),  # VSPs are in the root kernel
        ("xen", "management"),  # the backends are in dom0's kernel
        ("kvm", "host_kernel"),  # vhost
        ("esxi", "hypervisor"),  # the VMkernel
        ("virtualbox", "vmm_process 0"),
        ("parallels", "vmm_process 0"),
    ],
)
def test_all_vms_are_lost_and_not_one(stack, owner):
    verdict = run_attack(ATTACKS["backend_request"], STACKS[stack], {"request_check": False}, seed=6)
    assert verdict.succeeded
    assert verdict.written == (owner,)
    assert verdict.in_reach == ("guest 0", "guest 1", "guest 2")


@pytest.mark.parametrize("stack", ["workstation", "container", "bare_metal"])
def test_who_serves_no_paravirtual_devices_has_no_backend(stack):
    verdict = run_attack(ATTACKS["backend_request"], STACKS[stack], {}, seed=6)
    assert (verdict.deciding.check, verdict.deciding.outcome) == ("port", "absent")
