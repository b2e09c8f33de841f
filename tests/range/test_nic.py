"""An imitated network card: frames from descriptors, and the subtraction that wraps round."""

import pytest

from vmwidgets.model.guest_memory import PAGE_BYTES
from vmwidgets.model.range.attack import Placement
from vmwidgets.model.range.nic import CONTEXT, DATA, DESCRIPTOR_BYTES, DOORBELL, FRAME_BYTES, LAST, RING
from vmwidgets.model.range.scenario import Scenario
from vmwidgets.stacks import STACKS

DATA_AT = 2 * PAGE_BYTES


def card(**switches):
    scenario = Scenario(STACKS["virtualbox"], Placement(emulated=True), switches, seed=5)
    return scenario, scenario.ports._devices[scenario.manual()["port_nic"]][0]


def send(scenario, card, *descriptors):
    for index, (flags, length, address) in enumerate(descriptors):
        at = PAGE_BYTES + DESCRIPTOR_BYTES * index
        scenario.path.store(at, length << 32 | flags, 8)
        scenario.path.store(at + 8, address, 8)
    card.write(RING, 32, PAGE_BYTES)
    card.write(DOORBELL, 32, len(descriptors))


def test_a_frame_is_put_together_and_goes_out():
    scenario, nic = card()
    scenario.path.store(DATA_AT, int.from_bytes(b"0123abcd", "little"), 8)
    send(scenario, nic, (CONTEXT, 1500, 0), (DATA, 4, DATA_AT + 4), (DATA | LAST, 4, DATA_AT))
    assert nic.sent == 1
    assert scenario.machine.holds("vmm_process 0", b"abcd0123")
    assert scenario.machine.written == {}
    assert scenario.taken == []


@pytest.mark.parametrize("most", [FRAME_BYTES, 2**31])
def test_what_does_not_fit_is_cut_off(most):
    scenario, nic = card(descriptor_check=False)
    send(scenario, nic, (CONTEXT, most, 0), (DATA, 2000, DATA_AT), (DATA | LAST, 2000, DATA_AT))
    assert nic.sent == 1
    assert scenario.machine.written == {}


@pytest.mark.parametrize("closed", [True, False])
def test_a_limit_below_what_is_there(closed):
    scenario, nic = card(descriptor_check=closed)
    send(scenario, nic, (DATA, FRAME_BYTES, DATA_AT), (CONTEXT, 64, 0), (DATA | LAST, 8, DATA_AT))
    assert bool(scenario.machine.written) is not closed
    last = scenario.trace.last["refuses" if closed else "open"]
    assert (last.check, last.address) == ("descriptor_check", FRAME_BYTES if closed else FRAME_BYTES + 7)
    send(scenario, nic, (CONTEXT, 64, 0), (DATA | LAST, 8, DATA_AT))
    assert nic.sent == (1 if closed else 2)


def test_the_room_is_what_16_bits_make_of_it():
    scenario, nic = card(descriptor_check=False)
    huge = 6 * PAGE_BYTES
    send(scenario, nic, (DATA, FRAME_BYTES, DATA_AT), (CONTEXT, 64, 0), (DATA, huge, DATA_AT))
    assert "vmm_process" in scenario.crashed


def test_data_that_are_not_there_end_it():
    scenario, nic = card()
    send(scenario, nic, (DATA, 8, 2**40), (DATA | LAST, 8, DATA_AT))
    assert nic.sent == 0
    assert scenario.trace.last["absent"].check == "guest_page"


def test_a_guest_without_imitated_devices_has_no_card():
    scenario = Scenario(STACKS["xen"], Placement(), seed=5)
    assert scenario.manual()["port_nic"] not in scenario.ports._devices
