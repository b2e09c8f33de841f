"""Guest code of one's own, run on the stack of a lab, with a verdict in the names of the lab's VMs."""

import pytest

import vmwidgets as vm
from vmwidgets.attacks import ATTACKS
from vmwidgets.model.errors import VmwidgetsError
from vmwidgets.model.range.run import run_attack
from vmwidgets.stacks import STACKS


@pytest.fixture
def lab():
    made = vm.Lab("kvm", seed=11)
    for name in ("web", "db", "batch"):
        made.create_vm(name)
    return made


def test_a_verdict_is_that_of_the_range_in_the_names_of_the_lab(lab):
    found = lab.run_attack("mapped_twice", defences={"frame_owners": False})
    bare = run_attack(ATTACKS["mapped_twice"], STACKS["kvm"], {"frame_owners": False}, seed=11)
    assert found.succeeded
    assert (found.instructions, found.exits, str(found)) == (
        bare.instructions,
        bare.exits,
        str(bare).replace("guest 1", "db"),
    )
    assert (bare.deciding.owner, found.deciding.owner) == ("guest 1", "db")
    assert {one.owner for one in found.trace} >= {"db"}
    assert len(found.trace) == len(bare.trace)


def test_who_attacks_whom_can_be_said(lab):
    opened = {"frame_owners": False}
    assert lab.run_attack("mapped_twice", vm="batch", target="web", defences=opened).deciding.owner == "web"
    assert lab.run_attack("mapped_twice", vm="db", defences=opened).deciding.owner == "web"
    assert lab.run_attack("mapped_twice", target="web", defences=opened).deciding.owner == "web"


def test_a_lab_without_vms_has_a_range_all_the_same():
    assert vm.Lab("xen").run_attack("dma", defences={"iommu": False}).succeeded
    assert not vm.Lab("xen").run_attack("dma").succeeded


def test_code_of_ones_own_can_take_the_situation_of_an_attack(lab):
    own = ATTACKS["device_overrun"].code
    opened = {"bounds_check": False}
    assert lab.run_attack(own, attack="device_overrun", defences=opened).succeeded
    assert not lab.run_attack("nop", attack="device_overrun", defences=opened).succeeded
    assert lab.run_attack(vm.Attack.from_text(ATTACKS["dma"].code), defences={"iommu": False}).succeeded


def test_the_lab_is_left_as_it_is(lab):
    before = lab.digest()
    lab.run_attack("fork_bomb", defences={"host_cgroups": False})
    assert lab.digest() == before


def test_the_seed_of_the_lab_decides():
    """Which frames are free, and hence whose is the one that is mapped twice, is drawn anew."""
    first, again, other = (
        vm.Lab("kvm", seed=seed).run_attack("mapped_twice", defences={"frame_owners": False}) for seed in (1, 1, 2)
    )
    assert first == again
    assert first.deciding.frame != other.deciding.frame


def test_a_budget_ends_what_goes_on_forever(lab):
    found = lab.run_attack("again: jmp again", budget=500)
    assert not found.finished
    assert found.instructions <= 500


@pytest.mark.parametrize(
    ("how", "told"),
    [
        ({"code": "mvo rax, 1"}, "line 1"),
        ({"code": "mov rax, {moat}"}, "there is no moat in the manual, expected one of "),
        ({"code": "device_overun"}, "there is no attack device_overun, did you mean device_overrun?"),
        ({"code": "siege"}, "there is no attack siege, expected one of beyond_memory, "),
        ({"code": 5}, "code is 5, expected guest code, an attack or the id of one"),
        ({"code": "nop", "vm": "nobody"}, "vm is 'nobody', expected one of web, db, batch"),
        ({"code": "nop", "target": 7}, "target is 7, expected one of web, db, batch"),
        ({"code": "nop", "vm": "web", "target": "web"}, "web is both the VM with the code and its target"),
        ({"code": "nop", "defences": {"moat": False}}, "there is no defence moat, expected one of "),
        ({"code": "nop", "defences": {"iommu": 0}}, "the defence iommu is 0, expected true or false"),
        ({"code": "nop", "defences": ["iommu"]}, r"defences is \['iommu'\], expected ids with true or false"),
        ({"code": "nop", "defences": {"validation": True}}, "KVM does not have the defence validation"),
        ({"code": "nop", "attack": "siege"}, "attack is 'siege', expected one of beyond_memory, "),
        ({"code": "nop", "attack": ["dma"]}, r"attack is \['dma'\], expected one of beyond_memory, "),
        ({"code": "nop", "budget": 0}, "budget is 0, expected a whole number from 1"),
    ],
)
def test_a_wrong_call_gets_a_sentence(lab, how, told):
    with pytest.raises(VmwidgetsError, match=told):
        lab.run_attack(**how)


@pytest.mark.parametrize(
    ("how", "told"),
    [
        ({"code": 5}, "code is 5, expected guest code as a text"),
        ({"code": "nop", "goal": "glory"}, "goal is 'glory', expected one of secret, "),
        ({"code": "nop", "goal": ["secret"]}, r"goal is \['secret'\], expected one of secret, "),
        ({"code": "nop", "placement": "here"}, "placement is 'here', expected a placement"),
    ],
)
def test_an_attack_of_a_text_needs_a_text_and_a_goal(how, told):
    with pytest.raises(VmwidgetsError, match=told):
        vm.Attack.from_text(**how)
