"""A network stack in the process of the VMM: fragments, and where the second one goes."""

import pytest

from vmwidgets.attacks import ATTACKS
from vmwidgets.model.guest_memory import PAGE_BYTES
from vmwidgets.model.range.attack import Placement
from vmwidgets.model.range.run import run_attack
from vmwidgets.model.range.scenario import Scenario
from vmwidgets.model.range.user_network import ADDRESS, BUFFER_BYTES, LENGTH, MORE, SEND
from vmwidgets.stacks import STACKS


def network(**switches):
    scenario = Scenario(STACKS["kvm"], Placement(emulated=True), switches, seed=5)
    return scenario, scenario.ports._devices[scenario.manual()["port_network"]][0]


def send(device, *lengths):
    device.write(ADDRESS, 32, PAGE_BYTES)
    for number, length in enumerate(lengths, 1):
        device.write(LENGTH, 32, length)
        device.write(SEND, 32, MORE if number < len(lengths) else 0)


@pytest.mark.parametrize("closed", [True, False])
@pytest.mark.parametrize("lengths", [(100,), (100, 200, 300), (BUFFER_BYTES,), (1000, 1000), (3000,)])
def test_what_begins_in_the_buffer_stays_in_its_place(closed, lengths):
    scenario, device = network(reassembly_check=closed)
    send(device, *lengths)
    assert device.read(SEND, 32) == 1
    assert scenario.machine.written == {}
    assert scenario.trace.count == 0 or "open" not in scenario.trace.last


@pytest.mark.parametrize("closed", [True, False])
def test_a_second_fragment_behind_a_large_first_one(closed):
    scenario, device = network(reassembly_check=closed)
    send(device, BUFFER_BYTES + 1, 7)
    assert device.read(SEND, 32) == 1
    assert scenario.machine.written == ({} if closed else {"guest 0": {"vmm_process 0"}})
    send(device, 100)  # the next datagram begins anew
    assert device.read(SEND, 32) == 2


def test_a_datagram_has_an_end():
    scenario, device = network(reassembly_check=False)
    send(device, *[4096] * 20)
    assert scenario.crashed == ()


def test_the_process_is_held_to_its_own_vm_unless_nobody_confines_it():
    for confined, reached in ((True, (0,)), (False, (0, 1, 2))):
        switches = {"reassembly_check": False, "confinement": confined}
        assert run_attack(ATTACKS["fragments"], STACKS["kvm"], switches, seed=6).in_reach == tuple(
            f"guest {vm}" for vm in reached
        )


def test_behind_a_bridge_there_is_nothing():
    verdict = run_attack(ATTACKS["fragments"], STACKS["esxi"], seed=6)
    assert (verdict.deciding.check, verdict.deciding.outcome) == ("port", "absent")
