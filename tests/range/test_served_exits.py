"""Who pays for exits: the VM, or a domain beside it."""

import pytest

from vmwidgets.attacks import ATTACKS
from vmwidgets.model.range.attack import Attack, Placement
from vmwidgets.model.range.processor_time import HANDLING_US, INSTRUCTION_US, MOST_WAITING, SharedProcessor
from vmwidgets.model.range.run import Shot
from vmwidgets.model.range.scenario import Scenario
from vmwidgets.model.range.served_exits import handler, is_apart
from vmwidgets.model.range.trace import OPEN, REFUSES, Trace
from vmwidgets.stacks import STACKS

STORM = ATTACKS["exit_storm"]


def run(stack, switches=None, code=STORM.code):
    attack = Attack.from_text(code, STORM.goal, STORM.placement)
    shot = Shot(attack, Scenario(STACKS[stack], STORM.placement, switches or {}, 1))
    shot.cpu.run(200_000)
    return shot


@pytest.mark.parametrize(
    ("stack", "layer", "apart"),
    [
        ("xen", "backends", True),  # dom0
        ("hyperv", "backends", True),  # the root partition
        ("esxi", "hypervisor", False),
        ("kvm", "backends", False),
        ("workstation", "vmm_process", False),
        ("container", "host_kernel", False),
    ],
)
def test_who_carries_them_out(stack, layer, apart):
    found = handler(Scenario(STACKS[stack], Placement()))
    assert (found.id, is_apart(found)) == (layer, apart)


@pytest.mark.parametrize("stack", STACKS)
def test_the_victim_loses_where_a_domain_beside_it_works_for_the_attacker(stack):
    off = {"cpu_reservation": ("hyperv", "esxi", "esx"), "cpu_pools": ("xen",)}
    shot = run(stack, {id: False for id, stacks in off.items() if stack in stacks})
    verdict, time = shot.verdict(), shot.scenario.processor
    assert verdict.succeeded is (stack in ("xen", "hyperv"))
    assert verdict.deciding.outcome == (OPEN if verdict.succeeded else REFUSES)
    if verdict.succeeded:  # four want the processor instead of three
        assert time.ran_permille(1) == pytest.approx(250, abs=10)
        assert time.ran_permille(0) == pytest.approx(250, abs=10)


def test_a_reservation_is_kept_whoever_works_for_whom():
    shot = run("hyperv")
    assert shot.scenario.processor.ran_permille(1) == pytest.approx(333, abs=10)
    assert shot.verdict().deciding.check == "cpu_reservation"


def test_a_domain_with_a_processor_of_its_own_takes_nothing_from_vms():
    shot = run("xen")
    assert [shot.scenario.processor.ran_permille(vm) for vm in (0, 1, 2)] == pytest.approx([333] * 3, abs=10)
    verdict = shot.verdict()
    assert (verdict.deciding.check, verdict.deciding.outcome, verdict.layer) == (
        "cpu_pools",
        REFUSES,
        "backends of the split drivers",
    )


@pytest.mark.parametrize("aside", [False, True])
def test_what_waits_is_done_by_the_other_processor_meanwhile(aside):
    one = SharedProcessor("credit", 1, Trace(), "x", exact=True, server=("y", True), aside=aside)
    for turn in range(10):
        for _ in range(MOST_WAITING):
            one.serve()
        # It computes for as long as the writes take.
        one.read((turn + 1) * MOST_WAITING * HANDLING_US // INSTRUCTION_US)
    assert (one.ran_permille(0) > 990) is aside
    if aside:
        one.set_deadline(one.now + 2 * MOST_WAITING * HANDLING_US)
        for _ in range(MOST_WAITING):
            one.serve()
        executed = 10 * MOST_WAITING * HANDLING_US // INSTRUCTION_US
        one.halt(executed)  # and while the guest sleeps
        woke = one.now
        for _ in range(MOST_WAITING):
            one.serve()
        assert one.read(executed) == woke


@pytest.mark.parametrize("stack", ["xen", "hyperv"])
def test_who_computes_and_asks_for_nothing_takes_nothing(stack):
    switches = {"cpu_reservation" if stack == "hyperv" else "cpu_pools": False}
    assert not run(stack, switches, "again:\njmp again").verdict().succeeded


@pytest.mark.parametrize("apart", [False, True])
def test_writes_take_time_of_whoever_carries_them_out(apart):
    one = SharedProcessor("credit", 1, Trace(), "x", exact=True, server=("y", apart))
    for _ in range(MOST_WAITING):
        one.serve()
    one.read(0)
    spent = one.ran_permille(0) * one.now // 1000
    assert (spent >= MOST_WAITING * HANDLING_US - 1) is not apart


def test_what_cannot_wait_the_guest_waits_for():
    one = SharedProcessor("credit", 1, Trace(), "x", exact=True, server=("y", True))
    for _ in range(MOST_WAITING + 100):
        one.serve()
    one.read(0)
    assert one.now >= 100 * HANDLING_US


def test_a_register_counts():
    code = "mov rdx, {port_register}\nout dx, al\nout dx, al\nin eax, dx\nmov rdi, rax\nmov rax, {call_report}\nvmcall"
    shot = Shot(Attack.from_text(code), Scenario(STACKS["kvm"], Placement()))
    shot.cpu.run(100)
    assert shot.scenario.attacker.reports == [2]
