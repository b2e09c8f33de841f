"""The small machine: flags come out of its behaviour, and a monitor is equivalent where the theorem says so."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmwidgets.model import third_generation
from vmwidgets.model.errors import VmwidgetsError
from vmwidgets.model.third_generation import (
    CAUSE,
    IN_THE_SECTION,
    LOST_UPDATE,
    OPERATIONS,
    PRIVILEGED,
    VIOLATION,
    bare_metal,
    classify,
    hardware_assisted,
    instruction_set,
    trap_and_emulate,
)

COUNTER = 7
LENGTH = 12


def programs(names):
    operands = st.integers(0, 9) | st.sampled_from([1000, 2005, 3007])
    return st.lists(st.tuples(st.sampled_from(sorted(names)), operands), min_size=LENGTH, max_size=LENGTH)


timers = st.frozensets(st.integers(0, 3 * LENGTH), max_size=4)


@pytest.fixture(autouse=True)
def _short_runs(monkeypatch):
    monkeypatch.setattr(third_generation, "MAX_STEPS", 200)


def outcome(monitor, *arguments):
    """What a run leaves, or where it leaves its code."""
    try:
        return monitor(*arguments)
    except VmwidgetsError as error:
        return str(error)


# ---------------------------------------------------------------------------------------------------------- the flags
def test_flags_that_trying_them_gives():
    flags = {one.name: (one.privileged, one.control_sensitive, one.behaviour_sensitive) for one in instruction_set()}
    assert flags.pop("POPF") == (False, True, True)
    assert {name for name, (privileged, *_) in flags.items() if privileged} == PRIVILEGED
    assert {name for name, (_, control, _) in flags.items() if control} == PRIVILEGED
    assert not any(behaviour for *_, behaviour in flags.values())


def test_an_instruction_that_reads_the_mode_or_its_place_is_found(monkeypatch):
    more = {
        "MODE": lambda state, operand: replace(state, accumulator=int(state.supervisor)),
        "WHERE": lambda state, operand: replace(state, accumulator=state.base),
    }
    monkeypatch.setattr(third_generation, "OPERATIONS", {**OPERATIONS, **more})
    mode, where = classify("MODE"), classify("WHERE")
    assert (mode.behaviour_sensitive, mode.user_sensitive) == (True, False)
    assert (where.behaviour_sensitive, where.user_sensitive) == (True, True)
    assert not mode.privileged
    assert not where.control_sensitive


# -------------------------------------------------------------------------------------------------------- equivalence
def test_a_silent_instruction_loses_an_update():
    real, guest = (run(LOST_UPDATE, [IN_THE_SECTION]) for run in (bare_metal, trap_and_emulate))
    assert real.halted
    assert guest.halted
    assert real.memory[COUNTER] == 11
    assert guest.memory[COUNTER] == 1
    assert guest.memory[CAUSE] != VIOLATION  # nobody was told


def test_without_an_interrupt_in_the_section_nobody_notices():
    assert trap_and_emulate(LOST_UPDATE).memory[COUNTER] == bare_metal(LOST_UPDATE).memory[COUNTER] == 1


@pytest.mark.parametrize("when", range(20))
def test_translation_and_a_mode_of_its_own_bring_equivalence_back(when):
    real = bare_metal(LOST_UPDATE, [when])
    assert trap_and_emulate(LOST_UPDATE, [when], translated={"POPF"}) == real
    assert hardware_assisted(LOST_UPDATE, [when]) == real


@given(programs(set(OPERATIONS) - {"POPF"}), timers)
def test_theorem_1_without_the_offender_every_program_runs_as_on_the_machine(code, timer):
    assert outcome(trap_and_emulate, code, timer) == outcome(bare_metal, code, timer)


@given(programs(OPERATIONS), timers)
def test_with_the_offender_translated_every_program_does_again(code, timer):
    assert outcome(trap_and_emulate, code, timer, {"POPF"}) == outcome(bare_metal, code, timer)


@given(programs(OPERATIONS), timers)
def test_with_a_mode_of_its_own_every_program_does_too(code, timer):
    assert outcome(hardware_assisted, code, timer) == outcome(bare_metal, code, timer)


def test_a_program_cannot_reach_beyond_its_memory():
    beyond = [("BOUND", 100), ("STORE", 9), ("HALT", 0)]
    for run in (bare_metal, trap_and_emulate, hardware_assisted):
        state = run([("SET", 5), ("STORE", 1), ("SET", 7), *beyond])
        assert state.memory[CAUSE] == VIOLATION
        assert 7 not in state.memory


def test_wrong_programs():
    with pytest.raises(VmwidgetsError, match="CLI is not known here, expected one of SET, ADD"):
        bare_metal([("CLI", 0)])
    with pytest.raises(VmwidgetsError, match="translated is 'CLI', expected one of SET, ADD"):
        trap_and_emulate(LOST_UPDATE, translated=["CLI"])
    with pytest.raises(VmwidgetsError, match="pc is 1, expected a whole number from 0 to 0"):
        bare_metal([("SET", 0)])
