"""Popek and Goldberg: the theorems name the offenders."""

import pytest

from vmwidgets.model.popek_goldberg import X86_OFFENDERS, Instruction, theorem_1, theorem_2, theorem_3
from vmwidgets.model.third_generation import instruction_set

# Robin and Irvine 2000, as commonly printed: 6 + 12 mnemonics
REGISTERS = ["SGDT", "SIDT", "SLDT", "SMSW", "PUSHF", "POPF"]
PROTECTION = ["LAR", "LSL", "VERR", "VERW", "POP", "PUSH", "CALL", "JMP", "INT n", "RET", "STR", "MOV"]

HARMLESS = Instruction("ADD", privileged=False)
TRAPS = Instruction("LRB", privileged=True, control_sensitive=True)
CONTROL = Instruction("SETS", privileged=False, control_sensitive=True)
BEHAVIOUR = Instruction("READS", privileged=False, behaviour_sensitive=True, user_sensitive=True)


def test_a_vmm_can_be_built_if_all_that_is_sensitive_traps():
    assert theorem_1([HARMLESS, TRAPS]).holds
    assert theorem_1([]).holds


@pytest.mark.parametrize("offender", [CONTROL, BEHAVIOUR])
def test_one_offender_is_enough_and_is_named(offender):
    verdict = theorem_1([HARMLESS, offender, TRAPS])
    assert verdict.holds is False
    assert verdict.offenders == (offender.name,)


def test_stacking_vmms_needs_a_vmm_without_timing():
    assert theorem_2([TRAPS]).holds
    assert theorem_2([TRAPS], ["its clock"]).offenders == ("its clock",)
    assert theorem_2([TRAPS], ["its clock"]).holds is False
    assert theorem_2([CONTROL], ["its clock"]).offenders == ("SETS", "its clock")


def test_a_hybrid_vmm_needs_less():
    assert theorem_3([TRAPS, CONTROL]).holds is True  # it interprets supervisor code, where SETS is sensitive
    assert theorem_3([TRAPS, BEHAVIOUR]) == theorem_1([TRAPS, BEHAVIOUR])


def test_the_list_of_x86():
    assert [one.name for one in X86_OFFENDERS if one.group == "sensitive register instructions"] == REGISTERS
    assert [one.name for one in X86_OFFENDERS if one.group == "protection system instructions"] == PROTECTION
    assert theorem_1(X86_OFFENDERS).offenders == (*REGISTERS, *PROTECTION)


def test_what_the_list_does_not_say_stays_open():
    verdict = theorem_3([HARMLESS, TRAPS, *X86_OFFENDERS])
    assert verdict.holds is None
    assert verdict.unknown == (*REGISTERS, *PROTECTION)


def test_the_small_machine_has_one_offender_and_can_have_a_hybrid_vmm():
    assert theorem_1(instruction_set()).offenders == ("POPF",)
    assert theorem_3(instruction_set()).holds is True
    without = [one for one in instruction_set() if one.name != "POPF"]
    assert theorem_1(without).holds
