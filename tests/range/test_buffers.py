"""A buffer in a layer's memory: what is written past its end, whose that is, and what the layer does then."""

from dataclasses import replace
from itertools import pairwise

import pytest

from vmwidgets.attacks import ATTACKS
from vmwidgets.model.guest_memory import PAGE_BYTES
from vmwidgets.model.range.attack import Placement
from vmwidgets.model.range.buffers import Buffer, Exposed, distance, fetch
from vmwidgets.model.range.run import run_attack
from vmwidgets.model.range.scenario import Scenario
from vmwidgets.stacks import STACKS

SIZE = 256


def buffer(stack="kvm", page=1, **switches):
    scenario = Scenario(STACKS[stack], Placement(emulated=True), switches, seed=4)
    layer = scenario.stack.layers.with_("emulates")[0]
    return scenario, Buffer(
        scenario, "text", SIZE, Exposed(layer, scenario.emulator_space(layer), page, "bounds_check", confined=True)
    )


def test_data_within_the_buffer_touch_nothing_else():
    scenario, one = buffer()
    one.write(0, bytes(range(1, 1 + 200)))
    one.write(200, b"x" * (SIZE - 200))
    one.run()
    assert scenario.machine.holds("vmm_process 0", bytes(range(1, 1 + 200)) + b"x" * (SIZE - 200))
    assert scenario.machine.written == {}
    assert scenario.taken == []
    assert scenario.trace.count == 0


@pytest.mark.parametrize("short", [0, 1])
def test_the_layer_is_taken_by_the_first_byte_of_the_address_behind(short):
    scenario, one = buffer()
    one.write(0, b"A" * (SIZE + distance(scenario, "text") + 1 - short))
    assert bool(scenario.machine.written) is (SIZE + distance(scenario, "text") + 1 - short > SIZE)
    one.run()
    assert scenario.taken == ([] if short else ["vmm_process"])
    assert scenario.in_reach == (() if short else (0,))


def test_data_past_the_memory_of_the_layer_bring_it_down():
    scenario, one = buffer(page=3)
    one.write(0, b"A" * 2 * PAGE_BYTES)
    assert "vmm_process" in scenario.crashed
    one.run()
    assert scenario.taken == []


def test_the_memory_written_is_that_of_who_imitates():
    scenario, one = buffer("neutral")
    one.write(SIZE, b"A")
    assert scenario.machine.written == {"guest 0": {"hypervisor"}}
    assert scenario.trace.last["open"].address == SIZE


@pytest.mark.parametrize("stack", ["kvm", "xen", "container", "esx"])
def test_data_come_from_the_guests_own_pages_only(stack):
    scenario = Scenario(STACKS[stack], Placement(), seed=4)
    scenario.path.store(2 * PAGE_BYTES - 4, 0x4142434445464748, 8)
    assert fetch(scenario, 2 * PAGE_BYTES - 4, 8) == b"HGFEDCBA"
    assert fetch(scenario, 0, 0) == b""
    for nowhere in (15 * PAGE_BYTES + 4090, 16 * PAGE_BYTES, scenario.secret_frame * PAGE_BYTES, 2**63):
        assert fetch(scenario, nowhere, 8) is None
    assert scenario.machine.read == {}


def test_a_page_that_is_anothers_is_not_handed_over():
    scenario = Scenario(STACKS["kvm"], Placement(maps_twice=True), {"frame_owners": False}, seed=4)
    page = next(page for page, frame in scenario.attacker.map.items() if frame == scenario.secret_frame)
    assert fetch(scenario, page * PAGE_BYTES, 8) is None


def test_no_buffer_of_a_layer_reaches_another_one():
    """Else data that are within the one would change the address of code behind the other."""
    below = replace(STACKS["kvm"], extras=frozenset({"convenience_channel", "user_network"}))
    for seed in range(40):
        scenario, spans = Scenario(below, Placement(), seed=seed), []
        for name in ("nic", "network", "channel"):
            one = scenario.ports._devices[scenario.numbers[f"port_{name}"]][0]._buffer
            spans.append((one._start, one._start + one.size_bytes + distance(scenario, name) + 8))
        floppy = scenario.ports._devices[scenario.numbers["port_floppy"]][0]._buffer
        spans.append((floppy, floppy + scenario.numbers["floppy_bytes"] + scenario.numbers["floppy_distance"] + 8))
        spans.sort()
        assert all(one[1] <= other[0] for one, other in pairwise(spans))


def test_what_is_within_bounds_takes_nothing_over_however_devices_lie():
    """Where the desktop's channel and a network are in one process, all checks being on."""
    below = replace(STACKS["kvm"], extras=frozenset({"convenience_channel", "user_network"}))
    for seed in range(200):
        assert not run_attack(ATTACKS["fragments"], below, None, seed).taken
