"""Effort: what a run of guest code may cost, whatever the code."""

import pytest

from vmwidgets.assignments.perimeter.effort import EFFORT, EXIT_EFFORT, SLOW_EFFORT, run_within
from vmwidgets.attacks import ATTACKS
from vmwidgets.model.range.attack import Attack, Placement
from vmwidgets.model.range.run import Shot
from vmwidgets.model.range.scenario import Scenario
from vmwidgets.stacks import STACKS

KVM = STACKS["kvm"]
TIMED = Placement(timed=True)
WEARY = {
    "halts": ("again:\nhlt\njmp again", EXIT_EFFORT["hlt"]),
    "calls": ("again:\nmov rax, {call_balloon_claim}\nvmcall\njmp again", EXIT_EFFORT["hypercall"]),
    "requests": (
        "mov rdx, {port_backend}\ninc rdx\nmov rax, 64\nagain:\nout dx, eax\njmp again",
        5 * 64,
    ),
    "faults": ("fault:\nmov rax, [0x70000000]\njmp fault", EXIT_EFFORT["page_fault"]),
    "accesses over two pages": ("again:\nadd [0x2ffc], rax\njmp again", SLOW_EFFORT),
    "traps that are no exits": ("again:\nrdtsc\njmp again", 5),
}


def shot(code: str) -> Shot:
    return Shot(Attack.from_text(code, placement=TIMED), Scenario(KVM, TIMED, {}, 3))


@pytest.mark.parametrize("name", WEARY)
def test_what_takes_long_takes_more_of_the_effort(name: str) -> None:
    code, least = WEARY[name]
    tired = shot(code)
    assert run_within(tired)
    assert tired.cpu.attempts < EFFORT * 4 // least


def test_code_that_computes_has_all_of_it_and_no_more() -> None:
    loop = shot("again:\njmp again")
    assert run_within(loop)
    assert loop.cpu.attempts == EFFORT


def test_code_that_ends_leaves_effort_over() -> None:
    short = shot("mov rax, 1")
    assert not run_within(short)
    assert short.cpu.finished


def test_the_bound_does_not_depend_on_how_code_is_cut_into_pieces() -> None:
    one, other = (shot("again:\nhlt\nmov rax, [0x1000]\njmp again") for _ in range(2))
    assert run_within(one)
    assert run_within(other)
    assert one.cpu.counts() == other.cpu.counts()


def test_it_ends_when_nothing_more_need_be_seen() -> None:
    reports = shot("mov rax, {call_report}\nmov rdi, 7\nvmcall\nagain:\njmp again")
    assert not run_within(reports, until=lambda: bool(reports.scenario.attacker.reports))
    assert reports.cpu.attempts == 3


@pytest.mark.parametrize("id", [id for id, one in ATTACKS.items() if one.family not in ("", "V6", "V9")])
def test_the_gallery_needs_less(id: str) -> None:
    attack = ATTACKS[id]
    offered = Scenario(KVM, attack.placement).defences.offered
    for seed in range(3):
        run = Shot(attack, Scenario(KVM, attack.placement, dict.fromkeys(offered, False), seed))
        assert not run_within(run, EFFORT * 2 // 3)


def test_the_handler_is_put_back() -> None:
    plain = shot("vmcall")
    handler, assistance = plain.cpu.handler, plain.cpu.assistance
    run_within(plain)
    assert (plain.cpu.handler, plain.cpu.assistance) == (handler, assistance)
