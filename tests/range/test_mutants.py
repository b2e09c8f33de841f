"""Mutants: what says the same does the same, and the right defence stops all of them."""

import pytest

from tests.range.test_attacks import EXPECTED
from vmwidgets.attacks import ATTACKS
from vmwidgets.model.assembly import assemble
from vmwidgets.model.errors import VmwidgetsError
from vmwidgets.model.range.attack import Attack
from vmwidgets.model.range.mutants import KINDS, mutate
from vmwidgets.model.range.reading import fill
from vmwidgets.model.range.run import run_attack
from vmwidgets.model.range.scenario import Scenario
from vmwidgets.stacks import STACKS

QUICK = (
    *("beyond_memory", "mapped_twice", "table_update", "device_overrun", "device_overrun_neighbour", "dma"),
    *("guest_return", "message_interrupt", "interrupt_storm", "balloon_refusal", "host_memory", "fork_bomb"),
    *("uncleared_frames", "nic_underflow", "backend_request", "fragments", "convenience_channel", "shared_kernel"),
    *("sharing_oracle", "covert_channel", "flush_reload", "row_hammer", "cached_secret", "cached_secret_sibling"),
    *("tick_theft", "noisy_cpu", "noisy_disk", "noisy_network", "noisy_memory", "exit_storm"),
)
"""Those that a defence can stop."""
BUDGET = 50_000
TRIED = ("kvm", "xen", "workstation", "container")


def openings(name, stack):
    """The sets of switches of which each opens the way for an attack on a stack; the empty one: it is open anyway."""
    keys = (key for key, where in EXPECTED[name].items() if stack in where)
    return [key if isinstance(key, tuple) else (key,) if key else () for key in keys]


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


@pytest.mark.parametrize("user", ["shl rax, cl", "wrmsr", "rdmsr", "cpuid"])
def test_what_an_instruction_takes_from_rcx_stays_there(user):
    assert "mov rcx, 3" in mutate(f"mov rcx, 3\n{user}", "registers", 5)


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


@pytest.mark.parametrize("name", QUICK)
def test_what_says_the_same_does_the_same(name):
    attack = ATTACKS[name]
    for stack in TRIED:
        for opening in openings(name, stack):
            off = dict.fromkeys(opening, False)
            for kind in ("registers", "order"):
                assert run_attack(mutant(attack, kind, 3), STACKS[stack], off, seed=4).succeeded, (stack, kind)


@pytest.mark.parametrize("name", QUICK)
def test_the_right_defence_stops_all_mutants(name):
    """All that does not matter is off, what matters is on: at least 99 of 100 mutants have to fail. All do."""
    attack = ATTACKS[name]
    for stack in TRIED:
        offered = Scenario(STACKS[stack], attack.placement).defences.offered
        right = {one for opening in openings(name, stack) for one in opening}
        if () in openings(name, stack):
            continue  # there is none
        if name == "device_overrun_neighbour":
            right.add("bounds_check")  # where confinement is enough, this is the right one all the same
        if name == "exit_storm":
            right.add("exact_accounting")  # else one of other timing sleeps through the ticks: that is another attack
        off = {one: False for one in offered if one not in right}
        for kind in KINDS:
            for seed in range(4):
                verdict = run_attack(mutant(attack, kind, seed), STACKS[stack], off, seed, budget=BUDGET)
                assert not verdict.succeeded, (stack, kind, seed)
