"""Frames have one owner, and nobody's count gets lost."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vmwidgets.model.errors import VmwidgetsError
from vmwidgets.model.guest_memory import PAGE_BYTES
from vmwidgets.model.range.attack import Placement
from vmwidgets.model.range.draws import Draws
from vmwidgets.model.range.guest import TABLE
from vmwidgets.model.range.machine import FRAMES, FREE, LOW, Machine
from vmwidgets.model.range.scenario import Scenario
from vmwidgets.stacks import STACKS


def check_owners(scenario):
    """A frame has one owner; a VM's map names its own frames only, each once; the machine is complete."""
    machine = scenario.machine
    mapped = [frame for guest in scenario.guests for frame in guest.map.values()]
    assert len(mapped) == len(set(mapped))
    for guest in scenario.guests:
        assert sorted(guest.map.values()) == list(machine.frames_of(guest.name))
    for space in scenario.spaces.values():
        assert sorted(space.frames) == list(machine.frames_of(space.owner))
    counts = Counter(machine.owners)
    assert sum(counts.values()) == FRAMES
    known = {guest.name for guest in scenario.guests} | set(scenario.spaces) | {FREE, "firmware"}
    assert set(counts) <= known


@pytest.mark.parametrize("stack", STACKS.values(), ids=list(STACKS))
@pytest.mark.parametrize("placement", [Placement(), Placement("ended"), Placement(emulated=True, maps_twice=True)])
def test_a_new_range_gives_each_frame_one_owner(stack, placement):
    for seed in range(5):
        check_owners(Scenario(stack, placement, seed=seed))


def test_the_frame_on_the_boundary_is_the_first_paravirtual_guests_whatever_is_drawn():
    for seed in range(100):
        scenario = Scenario(STACKS["xen"], Placement(), seed=seed)
        assert scenario.attacker.map[TABLE] == LOW
        check_owners(scenario)


@given(st.lists(st.integers(-8, 8).filter(bool), max_size=60), st.integers(0, 2**63 - 1))
@settings(max_examples=50, deadline=None)
def test_frames_come_and_go_and_none_is_lost(steps, seed):
    machine, held = Machine(Draws(seed)), []
    for step in steps:
        for _ in range(abs(step)):
            if step > 0:
                held.append(machine.take("guest 0"))
            elif held:
                machine.release(held.pop(0))
        assert sorted(held) == list(machine.frames_of("guest 0"))
        assert len(set(held)) == len(held)
        assert all(frame >= LOW for frame in held)


def test_the_frame_that_came_back_last_goes_first_and_keeps_its_content():
    machine = Machine(Draws(1))
    frame = machine.take("guest 0")
    machine.put(frame * PAGE_BYTES, 5)
    machine.release(frame)
    assert machine.take("guest 1") == frame
    assert machine.word(frame * PAGE_BYTES) == 5
    machine.clear(frame)
    assert machine.word(frame * PAGE_BYTES) == 0


def test_layers_and_vms_live_in_halves_of_their_own():
    machine = Machine(Draws(1))
    assert machine.take("host_kernel", low=True) < LOW <= machine.take("guest 0")


def test_there_is_an_end():
    machine = Machine(Draws(1))
    for _ in range(FRAMES - LOW):
        machine.take("guest 0")
    with pytest.raises(VmwidgetsError, match="no free frame for guest 1"):
        machine.take("guest 1")


def test_who_touches_what_is_not_his_is_written_down():
    machine = Machine(Draws(1))
    frame = machine.take("guest 1")
    assert machine.touched("guest 1", frame, write=True) == "guest 1"
    assert machine.written == {}
    machine.touched("guest 0", frame, write=False)
    machine.touched("guest 0", frame, write=True)
    assert machine.read == machine.written == {"guest 0": {"guest 1"}}


def test_a_change_of_owner_is_told():
    machine, told = Machine(Draws(1)), []
    machine.on_change(lambda: told.append(1))
    machine.release(machine.take("guest 0"))
    assert len(told) == 2
