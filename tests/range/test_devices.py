"""Devices of the range: a floppy controller with a buffer, a device that reads memory by itself, ports."""

import pytest

from vmwidgets.model.errors import VmwidgetsError
from vmwidgets.model.guest_memory import PAGE_BYTES
from vmwidgets.model.range.attack import Placement
from vmwidgets.model.range.devices import Ports
from vmwidgets.model.range.dma import ADDRESS, BLOCK_BYTES, COMMAND, DATA, DONE, FAILED, FETCH, STORE, DmaDevice
from vmwidgets.model.range.floppy import BUFFER_BYTES, DRIVE_SPECIFICATION
from vmwidgets.model.range.scenario import Scenario
from vmwidgets.model.range.trace import Trace
from vmwidgets.stacks import STACKS

EMULATED = Placement(emulated=True)


def floppy(stack="kvm", **switches):
    scenario = Scenario(STACKS[stack], EMULATED, switches, seed=3)
    return scenario, scenario.manual()["port_floppy"]


def send(scenario, port, *values):
    for value in values:
        scenario.ports.write(port, 8, value)


def test_a_command_waits_for_its_parameters():
    scenario, port = floppy()
    assert scenario.ports.read(port, 8) == 0x80
    send(scenario, port, DRIVE_SPECIFICATION, 1, 2)
    assert scenario.ports.read(port, 8) == 0x90
    send(scenario, port, 0x80)
    assert scenario.ports.read(port, 8) == 0x80


def test_parameters_lie_in_the_memory_of_who_imitates_the_device():
    scenario, port = floppy()
    send(scenario, port, DRIVE_SPECIFICATION, *b"parameters")
    assert scenario.machine.holds("vmm_process 0", b"parameters")
    assert scenario.machine.written == {}


@pytest.mark.parametrize("closed", [True, False])
def test_the_index_at_the_end_of_the_buffer(closed):
    scenario, port = floppy(bounds_check=closed)
    send(scenario, port, DRIVE_SPECIFICATION, *[1] * (BUFFER_BYTES - 1), 0x41, 0x42)
    assert scenario.machine.holds("vmm_process 0", b"\x41\x42") is not closed
    assert bool(scenario.machine.written) is not closed
    assert scenario.trace.last["refuses" if closed else "open"].address == BUFFER_BYTES


def test_an_overrun_that_leaves_its_memory_brings_the_layer_down_and_what_falls_with_it():
    scenario, port = floppy(bounds_check=False)
    send(scenario, port, DRIVE_SPECIFICATION, *[1] * (5 * PAGE_BYTES))
    assert "vmm_process" in scenario.crashed
    assert "guest_kernel" in scenario.crashed
    assert "host_kernel" not in scenario.crashed
    scenario, port = floppy("neutral", bounds_check=False)
    send(scenario, port, DRIVE_SPECIFICATION, *[1] * (5 * PAGE_BYTES))
    assert "hypervisor" in scenario.crashed


def dma(**switches):
    scenario = Scenario(STACKS["kvm"], Placement(), switches, seed=3)
    return scenario, DmaDevice(scenario.machine, scenario.attacker, scenario.trace, closed=switches.get("iommu", True))


def test_a_block_goes_to_the_device_and_back():
    scenario, device = dma()
    scenario.path.store(0x1000, 0x8877665544332211, 8)
    device.write(ADDRESS, 32, 0x1000)
    device.write(COMMAND, 8, FETCH)
    assert [device.read(DATA, 32) for _ in range(2)] == [0x44332211, 0x88776655]
    device.write(ADDRESS, 32, 0x2000)
    device.write(COMMAND, 8, STORE)
    assert device.read(COMMAND, 8) == DONE
    assert scenario.path.load(0x2000, 8) == 0x8877665544332211
    assert scenario.machine.read == scenario.machine.written == {}


def test_the_words_of_a_block_come_in_turn():
    _, device = dma()
    for word in range(BLOCK_BYTES // 4):
        device.write(DATA, 32, word)
    assert [device.read(DATA, 32) for _ in range(BLOCK_BYTES // 4 + 1)] == [*range(BLOCK_BYTES // 4), 0]


@pytest.mark.parametrize("closed", [True, False])
@pytest.mark.parametrize("command", [FETCH, STORE])
def test_what_is_not_the_vms(closed, command):
    scenario, device = dma(iommu=closed)
    device.write(ADDRESS, 32, scenario.secret_frame * PAGE_BYTES)
    device.write(COMMAND, 8, command)
    touched = scenario.machine.written if command == STORE else scenario.machine.read
    assert touched == ({} if closed else {"guest 0": {"guest 1"}})
    assert device.read(COMMAND, 8) == (FAILED if closed else DONE)


def test_the_iommu_of_a_paravirtual_guest_knows_its_machine_frames():
    scenario = Scenario(STACKS["xen"], Placement(), seed=3)
    device = DmaDevice(scenario.machine, scenario.attacker, scenario.trace, closed=True)
    for frame, status in ((scenario.attacker.map[2], DONE), (scenario.secret_frame, FAILED), (2**19, FAILED)):
        device.write(ADDRESS, 32, frame * PAGE_BYTES)
        device.write(COMMAND, 8, FETCH)
        assert device.read(COMMAND, 8) == status


def test_where_no_device_is_lines_float_and_the_trace_says_so():
    trace = Trace()
    ports = Ports(trace, "hypervisor")
    assert ports.read(0x10, 32) & 0xFFFFFFFF == 0xFFFFFFFF
    ports.write(0x10, 8, 1)
    assert [(one.check, one.outcome, one.address) for one in trace.decisions] == [("port", "absent", 0x10)] * 2


def test_a_port_is_taken_once():
    scenario, port = floppy()
    device = DmaDevice(scenario.machine, scenario.attacker, scenario.trace, closed=True)
    with pytest.raises(VmwidgetsError, match="is taken"):
        scenario.ports.plug(port, device)
