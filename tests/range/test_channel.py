"""A channel between guest and desktop: two switches, and stacks that have nothing of the kind."""

from dataclasses import replace

import pytest

from vmwidgets.attacks import ATTACKS
from vmwidgets.model.guest_memory import PAGE_BYTES
from vmwidgets.model.range.attack import Placement
from vmwidgets.model.range.channel import ADDRESS, COPY, TEXT_BYTES
from vmwidgets.model.range.run import run_attack
from vmwidgets.model.range.scenario import Scenario
from vmwidgets.stacks import STACKS

ATTACK = ATTACKS["convenience_channel"]


def channel(**switches):
    scenario = Scenario(STACKS["workstation"], Placement(emulated=True), switches, seed=5)
    return scenario, scenario.ports._devices[scenario.manual()["port_channel"]][0]


def copy(scenario, device, length):
    scenario.path.store(PAGE_BYTES, int.from_bytes(b"a text..", "little"), 8)
    device.write(ADDRESS, 32, PAGE_BYTES)
    device.write(COPY, 32, length)


@pytest.mark.parametrize("off", [True, False])
def test_a_text_reaches_the_desktop_if_the_channel_is_on(off):
    scenario, device = channel(channel_off=off)
    copy(scenario, device, TEXT_BYTES)
    assert device.read(COPY, 32) == (0 if off else 1)
    assert scenario.machine.holds("vmm_process 0", b"a text..") is not off
    assert scenario.machine.written == {}


@pytest.mark.parametrize("closed", [True, False])
def test_a_text_that_is_too_long(closed):
    scenario, device = channel(channel_off=False, channel_check=closed)
    copy(scenario, device, TEXT_BYTES + 1)
    assert device.copied == (0 if closed else 1)
    assert scenario.machine.written == ({} if closed else {"guest 0": {"vmm_process 0"}})


@pytest.mark.parametrize(
    ("switches", "check"),
    [({}, "channel_off"), ({"channel_check": False}, "channel_off"), ({"channel_off": False}, "channel_check")],
)
def test_which_wall_it_was(switches, check):
    verdict = run_attack(ATTACK, STACKS["workstation"], switches, seed=6)
    assert not verdict.succeeded
    assert verdict.deciding.check == check


def test_the_desktop_of_one_user_is_all_his_vms():
    switches = {"channel_check": False, "channel_off": False}
    assert run_attack(ATTACK, STACKS["workstation"], switches, seed=6).in_reach == ("guest 0", "guest 1", "guest 2")


@pytest.mark.parametrize("stack", ["esxi", "xen", "hyperv", "kvm", "container"])
def test_a_server_has_no_such_channel(stack):
    verdict = run_attack(ATTACK, STACKS[stack], seed=6)
    assert (verdict.deciding.check, verdict.deciding.outcome) == ("port", "absent")


def test_a_vm_without_imitated_devices_has_none_of_what_their_process_does_besides():
    """What such a VM does not have cannot be switched off for it either."""
    below = replace(
        STACKS["workstation"], technique="paravirtualization", extras=frozenset({"convenience_channel", "user_network"})
    )
    scenario = Scenario(below, Placement(), seed=5)
    for name, check in (("port_channel", "channel_check"), ("port_network", "reassembly_check")):
        assert scenario.numbers[name] not in scenario.ports._devices
        assert check not in scenario.defences.offered
