"""Interrupts by a write of a device: its own, and one that the guest has made up."""

import pytest

from vmwidgets.attacks import ATTACKS
from vmwidgets.model.range.attack import Attack, Placement
from vmwidgets.model.range.dma import DONE, FAILED, MESSAGES, MESSAGES_END
from vmwidgets.model.range.prices import price
from vmwidgets.model.range.run import Shot
from vmwidgets.model.range.scenario import MOST_INTERRUPTS, Scenario
from vmwidgets.stacks import STACKS

MADE_UP = ATTACKS["message_interrupt"]
OWN = MADE_UP.code.replace("inc rax", "nop")
STATUS = "\nin al, dx\nmovzx rdi, al\nmov rax, {call_report}\nvmcall\n"


def run(code, **switches):
    shot = Shot(Attack.from_text(code, MADE_UP.goal), Scenario(STACKS["kvm"], Placement(), switches, 5))
    shot.cpu.run(10_000)
    return shot


@pytest.mark.parametrize(
    ("switches", "let_through"),
    [
        ({}, False),
        ({"iommu": False}, False),
        ({"interrupt_remapping": False}, True),
        ({"interrupt_remapping": False, "iommu": False}, True),
    ],
)
def test_only_remapping_knows_whose_a_vector_is(switches, let_through):
    shot = run(MADE_UP.code + STATUS, **switches)
    assert shot.verdict().succeeded is let_through
    assert shot.scenario.attacker.reports == [DONE if let_through else FAILED]


@pytest.mark.parametrize("remaps", [True, False])
def test_its_own_interrupt_is_nobodys_harm(remaps):
    shot = run(OWN + STATUS, interrupt_remapping=remaps)
    assert not shot.verdict().succeeded
    assert shot.scenario.attacker.reports == [DONE]


def test_the_verdict_says_which_vector():
    shot = run(MADE_UP.code, interrupt_remapping=False)
    vector = shot.scenario.manual()["device_vector"] + 1
    assert list(shot.scenario.interrupts) == [vector]
    assert hex(vector) in str(shot.verdict())


@pytest.mark.parametrize("address", [MESSAGES - 64, MESSAGES_END])
def test_beside_these_addresses_a_write_is_one_to_memory(address):
    shot = run(MADE_UP.code.replace("{message_address}", str(address)), interrupt_remapping=False)
    assert not shot.scenario.interrupts
    assert shot.verdict().deciding.check == "iommu"


def test_a_read_there_is_no_interrupt():
    shot = run(MADE_UP.code.replace("mov rax, 2", "mov rax, 1"), interrupt_remapping=False)
    assert not shot.scenario.interrupts


def test_a_storm_of_them_keeps_the_last():
    again = MADE_UP.code.replace("mov rax, 2", "mov rax, 2\nmov rcx, 200\nagain:") + "dec rcx\njnz again\n"
    assert len(run(again, interrupt_remapping=False).scenario.interrupts) == MOST_INTERRUPTS


def test_each_interrupt_is_looked_up():
    assert price("interrupt_remapping", STACKS["kvm"], code=OWN).work == {"interrupts_remapped": 1}
