"""Mutants: what says the same does the same, and the right defence stops all of them."""

import pytest

from tests.range.test_attacks import EXPECTED
from vmwidgets.attacks import ATTACKS
from vmwidgets.model.assembly import assemble
from vmwidgets.model.errors import VmwidgetsError
from vmwidgets.model.range.attack import Attack
from vmwidgets.model.range.mutants import KINDS, mutate
from vmwidgets.model.range.run import fill, run_attack
from vmwidgets.model.range.scenario import Scenario
from vmwidgets.stacks import STACKS

CORE = ("beyond_memory", "mapped_twice", "table_update", "device_overrun", "dma", "uncleared_frames")
TRIED = ("kvm", "xen", "workstation")


def mutant(attack, kind, seed):
    return Attack.from_text(mutate(attack.code, kind, seed), attack.goal, attack.placement)


def test_registers_get_other_names_each_time():
    code = "mov rbx, {mark}\ncmp eax, ebx ; compare\nmov r8d, ebx\nadd rbx, r8\nadd rdi, rax\n"
    mutants = {mutate(code, "registers", seed) for seed in range(20)}
    assert len(mutants) > 10
    for one in mutants:
        lines = one.splitlines()
        name = lines[0].split()[1].rstrip(",")
        assert name in lines[3]
        assert lines[4] == "add rdi, rax"
        assemble(fill(one, {"mark": 1}))


def test_the_count_of_a_shift_keeps_its_register():
    assert "mov rcx, 3" in mutate("mov rcx, 3\nshl rax, cl", "registers", 5)


def test_only_lines_that_do_not_need_each_other_are_swapped():
    assert {mutate("mov rbx, 1\nmov rcx, 2", "order", seed) for seed in range(10)} == {
        "mov rbx, 1\nmov rcx, 2\n",
        "mov rcx, 2\nmov rbx, 1\n",
    }
    for code in ("mov rbx, 1\nmov rcx, rbx", "mov rbx, rcx\nmov rcx, 1", "mov rbx, 1\nmov rbx, 2", "a:\nmov rbx, 1"):
        assert {mutate(code, "order", seed) for seed in range(10)} == {code + "\n"}


def test_places_are_moved_and_calls_are_not():
    code = "mov rax, {call_report}\nmov rsi, {memory_bytes}"
    for seed in range(10):
        lines = mutate(code, "addresses", seed).splitlines()
        assert lines[:2] == code.splitlines()
        assert lines[2].startswith("add rsi, ")
    assert mutate("nop", "addresses", 1) == "nop\n"


def test_there_is_no_other_kind():
    with pytest.raises(VmwidgetsError, match="kind is 'spelling', expected one of addresses, order, timing, registers"):
        mutate("nop", "spelling", 0)


@pytest.mark.parametrize("name", CORE)
def test_what_says_the_same_does_the_same(name):
    attack = ATTACKS[name]
    for stack in TRIED:
        for opening in (one for one, where in EXPECTED[name].items() if stack in where):
            for kind in ("registers", "order"):
                assert run_attack(mutant(attack, kind, 3), STACKS[stack], {opening: False}, seed=4).succeeded


@pytest.mark.parametrize("name", CORE)
def test_the_right_defence_stops_all_mutants(name):
    """All that does not matter is off, what matters is on: at least 99 of 100 mutants have to fail. All do."""
    attack = ATTACKS[name]
    for stack in TRIED:
        offered = Scenario(STACKS[stack], attack.placement).defences.offered
        off = {one: False for one in offered if stack not in EXPECTED[name].get(one, ())}
        for kind in KINDS:
            for seed in range(8):
                verdict = run_attack(mutant(attack, kind, seed), STACKS[stack], off, seed, budget=20_000)
                assert not verdict.succeeded, (stack, kind, seed)
