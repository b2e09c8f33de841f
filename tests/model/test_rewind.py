"""Stepping backwards: the state at a place is the same from whichever side one comes."""

from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.guest_programs import system_programs
from vmwidgets.model.assembly import assemble
from vmwidgets.model.cpu import CPU, Action
from vmwidgets.model.errors import VmwidgetsError
from vmwidgets.model.processor import WITH_ASSISTANCE
from vmwidgets.model.rewind import MAX_POSITION, Rewind


def machine(*arguments, **settings):
    return SimpleNamespace(cpu=CPU(*arguments, **settings))


def state(cpu):
    memory = bytes(cpu.memory.load(at, 1) for at in range(0x6F00, 0x7100))
    return cpu.registers, cpu.rflags, cpu.mode, cpu.line, cpu.counts(), memory


def test_back_is_where_one_was():
    run = Rewind(lambda: machine("mov ebx, 1\nagain: mov [rbx*8], rbx\nshl ebx, 1\njmp again"))
    places = [state(run.cpu)]
    for _ in range(10):
        run.forward()
        places.append(state(run.cpu))
    for at in reversed(range(10)):
        assert run.back() == at
        assert state(run.cpu) == places[at]
    assert run.back() == 0
    assert (run.forward(7), state(run.cpu)) == (7, places[7])
    assert (run.back(3), state(run.cpu)) == (4, places[4])


def test_the_end_is_the_end():
    run = Rewind(lambda: machine("nop\nvmcall\nnop", handler=lambda cpu, exit: Action.STOP))
    assert run.to(100) == 3
    assert (run.cpu.finished, run.forward(), run.back(100)) == (True, 3, 0)


def test_a_run_is_bounded():
    run = Rewind(lambda: machine("again: jmp again"))
    assert run.to(2 * MAX_POSITION) == MAX_POSITION
    with pytest.raises(VmwidgetsError, match="steps is -1"):
        run.back(-1)


@given(system_programs(), st.lists(st.integers(0, 60), max_size=6), st.booleans())
@settings(max_examples=50, deadline=None)
def test_any_way_to_a_place_leads_to_the_same_state(text, ways, stops):
    program = assemble(text)

    def vmm(cpu, exit):
        return Action.STOP if stops else Action.RESUME

    def make():
        return machine(program, handler=vmm, timer=[3, 3, 3, 7, 20], settles=WITH_ASSISTANCE - {"invlpg"})

    run = Rewind(make)
    for place in ways:
        run.to(place)
    direct = Rewind(make)
    direct.to(run.position)
    assert state(run.cpu) == state(direct.cpu)
