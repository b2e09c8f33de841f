"""How often the VMM gets control, counted in runs."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import vmwidgets as vm
from vmwidgets.experiments.exits import exits_program, exits_run
from vmwidgets.model.assembly import MAX_INSTRUCTIONS, assemble


def test_one_thousand_instructions_and_eleven_exits():
    table = vm.experiments.vm_exits().set_index("event")
    assert table["exits"].sum() == 11
    assert table["instructions"].sum() == 1000
    assert dict(table["exits"]) == {
        "direct": 0,
        "external_interrupt": 2,
        "hlt": 1,
        "hypercall": 2,
        "io": 6,
        "ept_violation": 0,
    }
    assert table.loc["direct", "instructions"] == 991


def test_the_default_program_ends_with_the_halt_after_exactly_a_thousand():
    done = exits_run()
    assert done.finished
    assert done.log[-1].reason == "hlt"
    assert done.log[-1].instruction_index == 999
    assert {exit["write"] for exit in done.log if exit.reason == "io"} == {0, 1}


@given(st.data())
@settings(deadline=None)
def test_any_mix_is_executed_exactly(data):
    port_io, hypercalls, halts = (data.draw(st.integers(0, 300)) for _ in range(3))
    events = port_io + hypercalls + halts
    ordinary = data.draw(st.integers(4 * (events + 1), 8000))
    length = ordinary + events
    timer_interrupts = data.draw(st.integers(0, min(length, 50)))
    done = exits_run(ordinary, port_io, hypercalls, halts, timer_interrupts)
    assert done.finished
    assert (done.instructions, done.direct) == (length, ordinary)
    assert done.exits == {
        "external_interrupt": timer_interrupts,
        "hlt": halts,
        "hypercall": hypercalls,
        "io": port_io,
        "ept_violation": 0,
    }


@given(*[st.integers(0, 40)] * 4)
@settings(deadline=None)
def test_small_mixes_fit_and_finish(ordinary, port_io, hypercalls, halts):
    program = assemble(exits_program(ordinary, port_io, hypercalls, halts))
    assert len(program.instructions) <= MAX_INSTRUCTIONS
    done = exits_run(ordinary, port_io, hypercalls, halts, 0)
    assert (done.finished, done.direct, done.total_exits) == (True, ordinary, port_io + hypercalls + halts)


def test_what_cannot_be_a_program_gets_a_sentence():
    with pytest.raises(vm.VmwidgetsError, match="expected at least 4004 ordinary instructions"):
        exits_program(ordinary=10, port_io=1000, hypercalls=0, halts=0)
    with pytest.raises(vm.VmwidgetsError, match="halts is -1"):
        exits_program(halts=-1)
    with pytest.raises(vm.VmwidgetsError, match="did you mean halts"):
        vm.experiments.vm_exits(halt=1)
