"""Running guest code: placeholders, determinism, secrets and layouts from the seed, verdicts that say why."""

import re
import string

import pytest

from vmwidgets.attacks import ATTACKS
from vmwidgets.model.errors import VmwidgetsError
from vmwidgets.model.range.attack import Attack, Placement
from vmwidgets.model.range.defences import DEFENCES
from vmwidgets.model.range.run import Shot, run_attack
from vmwidgets.model.range.scenario import Scenario
from vmwidgets.model.range.verdict import MECHANISMS, NOTHING
from vmwidgets.stacks import STACKS

KVM, XEN = STACKS["kvm"], STACKS["xen"]


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=list(ATTACKS))
def test_the_same_seed_gives_the_same_verdict_and_trace(attack):
    for switches in (None, {"bounds_check": False, "iommu": False, "zero_on_allocate": False}):
        assert run_attack(attack, XEN, switches, seed=5) == run_attack(attack, XEN, switches, seed=5)


def test_another_seed_gives_another_secret_layout_and_manual():
    one, other = (Scenario(KVM, Placement(), seed=seed) for seed in (1, 2))
    assert one.secret != other.secret
    assert one.attacker.map != other.attacker.map
    assert one.manual()["call_report"] != other.manual()["call_report"]
    assert one.manual()["mark"] != other.manual()["mark"]


def test_a_secret_that_was_learnt_elsewhere_is_worth_nothing():
    secret = Scenario(KVM, Placement(), seed=1).secret
    code = f"mov rax, {{call_report}}\nmov rdi, {secret}\nvmcall"
    assert run_attack(code, KVM, seed=1).succeeded
    assert not run_attack(code, KVM, seed=2).succeeded


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=list(ATTACKS))
def test_guest_code_uses_only_what_every_manual_has(attack):
    names = {field for _, field, _, _ in string.Formatter().parse(attack.code) if field}
    for stack in STACKS.values():
        assert names <= set(Scenario(stack, attack.placement).manual())


@pytest.mark.parametrize(
    ("code", "reason", "line"),
    [
        ("nop\nint 0x80", "triple_fault", 2),  # no handler
        ("int 0x80\nhlt\nvector_128: nop", "triple_fault", 1),  # no stack: it would begin at the last address
        ("jmp rax", "invalid_opcode", 1),
        ("mov rbx, 5\ndq 5", "invalid_opcode", 2),
        ("rdmsr", "rdmsr", 1),
        ("push rax", "page_fault", 1),
    ],
)
def test_a_verdict_says_what_ended_the_guest(code, reason, line):
    verdict = run_attack(code, KVM)
    assert (verdict.fault.reason, verdict.fault.rip_line) == (reason, line)
    assert not verdict.finished
    assert repr(verdict).endswith(f", ended in line {line} by {reason}>")


@pytest.mark.parametrize("stack", [KVM, XEN, STACKS["virtualbox"]], ids=lambda stack: stack.id)
def test_a_guest_handles_its_own_interrupts_and_faults(stack):
    handles = "mov rsp, 0x9000\nint 0x80\ncmp rbx, 5\njne bad\njmp rcx\nbad: hlt\nvector_128: mov rbx, 5\niretq\nfault:"
    verdict = run_attack(handles, stack)
    assert verdict.finished
    assert (verdict.exits["hlt"], verdict.exits.get("software_interrupt", 0)) == (0, 0)
    assert verdict.exits["invalid_opcode"] == 1


def test_an_attack_and_a_verdict_are_shown_in_a_line():
    assert repr(ATTACKS["dma"]) == "<Attack dma: DMA without an IOMMU; goal: secret>"
    assert repr(Attack.from_text("nop", "gone")) == "<Attack own; goal: gone>"
    verdict = run_attack(ATTACKS["dma"], KVM)
    assert repr(verdict) == (
        f"<Verdict: secret not reached, {verdict}; decisions: {len(verdict.trace)}, "
        f"instructions: {verdict.instructions}, exits: {sum(verdict.exits.values())}>"
    )
    last = verdict.trace[-1]
    assert str(last) == f"{last.number}: {last.layer} {last.outcome} {last.address:#x} by {last.check}"


def test_a_budget_ends_what_does_not_end():
    verdict = run_attack("again:\njmp again", KVM, budget=1000)
    assert verdict.instructions == 1000
    assert not verdict.finished


def test_who_asks_for_nothing_is_told_so():
    verdict = run_attack("nop", KVM)
    assert str(verdict) == NOTHING
    assert verdict.finished
    assert verdict.trace == ()


def test_the_verdict_names_layer_and_address():
    verdict = run_attack("mov rax, [{memory_bytes}]".replace("[{", "[rbx + {"), KVM)
    assert str(verdict) == (
        "KVM module has no frame for the guest-physical address 0x10000: the second-stage tables end there"
    )
    assert [(one.layer, one.outcome) for one in verdict.trace] == [
        ("guest_kernel", "allows"),
        ("hypervisor", "refuses"),
    ]
    assert verdict.exits["ept_violation"] == 1


def test_sentences_use_the_fields_that_there_are():
    for sentence in MECHANISMS.values():
        names = {field for _, field, _, _ in string.Formatter().parse(sentence) if field}
        assert names <= {"layer", "address", "frame", "owner"}
        assert re.match(r"[a-z{]", sentence)


@pytest.mark.parametrize("with_defences", [True, False])
@pytest.mark.parametrize("id", ["noisy_disk", "noisy_network", "exit_storm", "backend_request", "balloon_refusal"])
def test_sentences_of_drivers_and_backends_fit_plural_names(id, with_defences):
    several = {"drivers", "backends", "management_tools"}
    said = []
    for stack in STACKS.values():
        trace = run_attack(ATTACKS[id], stack, None if with_defences else dict.fromkeys(DEFENCES, False)).trace
        said += [(one.check, one.outcome) for one in trace if one.layer in several and one.outcome != "allows"]
    assert said
    for decision in said:
        assert not re.search(r"\{layer\} (\w+s|does not)\b", MECHANISMS[decision])


def test_an_access_that_the_guests_own_tables_refuse_goes_on_at_its_handler():
    code = "mov rbx, [rax + {window} ]\nhlt\nfault:\nmov rax, {call_report}\nmov rdi, 7\nvmcall"
    shot = Shot(Attack.from_text(code), Scenario(KVM, Placement()))
    shot.cpu.run(100)
    assert shot.scenario.attacker.reports == [7]


def test_step_by_step_is_the_same_as_at_once():
    attack = ATTACKS["uncleared_frames"]
    at_once = run_attack(attack, XEN, {"zero_on_allocate": False}, seed=9)
    shot = Shot(attack, Scenario(XEN, attack.placement, {"zero_on_allocate": False}, seed=9))
    while not shot.cpu.finished:
        shot.cpu.step()
    assert shot.verdict() == at_once


def test_goals_and_placements_have_names():
    with pytest.raises(VmwidgetsError, match="goal is 'win', expected one of secret"):
        Attack.from_text("nop", goal="win")
    with pytest.raises(VmwidgetsError, match="victim is 'away', expected one of beside"):
        Placement(victim="away")


def report(code, stack=KVM):
    """What guest code has in rdi and reports."""
    shot = Shot(Attack.from_text(f"{code}\nmov rax, {{call_report}}\nvmcall"), Scenario(stack, Placement()))
    shot.cpu.run(1000)
    return shot.scenario.attacker.reports


@pytest.mark.parametrize(
    ("code", "reported"),
    [
        ("mov rax, 0\ncpuid\nmov rdi, rax", [1]),
        ("mov rax, 1\ncpuid\nmov rdi, rcx", [1 << 31]),
        ("mov rax, 7\ncpuid\nmov rdi, rcx", [0]),
        ("mov rcx, 0x6e0\nmov rax, 77777\nxor rdx, rdx\nwrmsr\nxor rax, rax\nrdmsr\nmov rdi, rax", [77777]),
        ("mov rcx, 0x6e0\nmov rax, 77777\nwrmsr\nhlt\nrdmsr\nmov rdi, rax", [0]),  # it has woken
        ("mov rcx, 0x10\nrdmsr\nmov rdi, rax", [1]),
        ("mov rcx, 0x10\nrdmsr\nmov rbx, rax\nrdtsc\nsub rax, rbx\nmov rdi, rax", [2]),
        ("mov rcx, 0x1234\nrdmsr\nmov rdi, 1", []),  # there is no such register, and no handler
        ("mov rcx, 0x1234\nrdmsr\nhlt\nfault:\nmov rdi, 5", [5]),
        ("mov rcx, 0x1234\nwrmsr\nhlt\nfault:\nmov rdi, 6", [6]),
        ("mov rax, 5\nmov cr4, rax\nmov rdi, cr4", [5]),
        ("mov rbx, cr3\nmov rax, 5\nmov cr0, rax\nmov rdi, cr3\nsub rdi, rbx", [0]),
        ("mov rbx, [rax + {window} ]\nhlt\nfault:\nmov rdi, cr2\nsub rdi, {window}", [0]),
    ],
)
def test_a_guest_gets_from_its_processor_what_a_vmm_gives_it(code, reported):
    assert report(code) == reported


def test_a_program_of_a_host_meets_no_vmm():
    assert report("mov rax, 1\ncpuid\nmov rdi, rcx", STACKS["container"]) == [0]
