"""Reading the first-level cache by a load that is not allowed."""

import pytest

from vmwidgets.attacks import ATTACKS
from vmwidgets.model.range.attack import Attack, Placement
from vmwidgets.model.range.prices import price
from vmwidgets.model.range.run import Shot, run_attack
from vmwidgets.model.range.scenario import Scenario
from vmwidgets.model.range.timing import L1_CYCLES, LAST_CYCLES
from vmwidgets.stacks import STACKS

KVM = STACKS["kvm"]
CODE = ATTACKS["cached_secret"].code


def shoot(placement, switches, code=CODE, seed=3):
    shot = Shot(Attack.from_text(code, placement=placement), Scenario(KVM, placement, switches, seed))
    shot.cpu.run(200_000)
    return shot


def test_on_a_core_of_its_own_there_is_nothing_to_read():
    shot = shoot(Placement(timed=True), {"l1d_flush": False, "core_scheduling": False})
    verdict = shot.verdict()
    assert not verdict.succeeded
    assert (verdict.deciding.check, verdict.deciding.outcome) == ("first_level", "absent")


def test_without_a_halt_the_victim_has_not_been_on_the_core():
    placement = Placement(timed=True, core="in_turn")
    assert shoot(placement, {"l1d_flush": False}).verdict().succeeded
    assert not shoot(placement, {"l1d_flush": False}, CODE.replace("    hlt ", "    nop ")).verdict().succeeded


def test_with_a_sibling_no_halt_is_needed_and_no_flush_helps():
    placement = Placement(timed=True, core="sibling")
    code = CODE.replace("    hlt ", "    nop ")
    assert shoot(placement, {"core_scheduling": False}, code).verdict().succeeded


def test_registers_and_flags_are_as_if_nothing_had_been_speculated():
    code = """
    mov r15, {lowest_table}
    mov rax, {vm_memory_at}
    mov [r15 + 40], rax
    mov rsi, 0x5000
    invlpg [rsi]
    mov rdi, 4
    cmp rdi, 4
    mov rax, [rsi]
    add rdi, 99
    mov rbx, rdi
    mov [0x1000], rdi
fault:
    mov rcx, [0x1000]
"""
    shot = shoot(Placement(timed=True), {}, code)
    registers = shot.cpu.registers
    assert (registers["rdi"], registers["rbx"], registers["rcx"]) == (4, 0, 0)
    assert shot.cpu.flags["ZF"]


def test_a_present_entry_is_no_such_load():
    verdict = shoot(
        Placement(timed=True, core="in_turn"),
        {"l1d_flush": False},
        CODE.replace("mov [r15 + 40], r13", "lea rax, [r13 + 1]\n    mov [r15 + 40], rax"),
    ).verdict()
    assert not verdict.succeeded
    assert verdict.read == ()


def test_the_flush_has_its_price():
    placement = Placement(timed=True)
    code = "mov rdi, 20\nagain:\nmov rax, 0\nvmcall\nmov rax, [0x1000]\ndec rdi\njnz again\nrdtsc"
    found = price("l1d_flush", KVM, placement, code)
    assert found.work == {"lines_emptied": 19}  # one before each exit but the first
    flushed, kept = (shoot(placement, {"l1d_flush": on}, code).scenario.clock.now for on in (True, False))
    assert flushed - kept == 19 * (LAST_CYCLES - L1_CYCLES)


@pytest.mark.parametrize("stack", ["workstation", "esx", "xen", "container"])
def test_where_the_processor_does_not_walk_the_guests_tables_nothing_is_read(stack):
    for id in ("cached_secret", "cached_secret_sibling"):
        verdict = run_attack(ATTACKS[id], STACKS[stack], None, 5)
        assert not verdict.succeeded
        assert verdict.read == ()
