"""The matrix of attacks as a table; that each cell is what the mechanisms say is for tests/range/test_attacks.py."""

import re

import pytest

import vmwidgets as vm
from tests.range.test_attacks import EXPECTED
from vmwidgets.attacks import ATTACKS
from vmwidgets.model.errors import VmwidgetsError
from vmwidgets.model.range.attack import Attack, Placement
from vmwidgets.model.range.defences import DEFENCES
from vmwidgets.model.range.scenario import Scenario
from vmwidgets.stacks import STACKS

QUICK = ("table_update", "interrupt_storm", "fragments", "host_read", "backend_request")


def expected(attack, stack, opened):
    """Whether an attack succeeds on a stack with so much off."""
    return any(
        stack in where and (switch is None or opened in (switch, "all")) for switch, where in EXPECTED[attack].items()
    )


def test_each_run_comes_out_as_the_mechanisms_say():
    table = vm.experiments.attack_matrix(attacks=QUICK, seeds=2**50, tidy=True)
    assert set(table["attack"]) == set(QUICK)
    assert set(table["stack"]) == set(STACKS)
    for run in table.itertuples():
        assert run.succeeded == expected(run.attack, run.stack, run.opened), run
    for (attack, stack), runs in table.groupby(["attack", "stack"]):
        offered = Scenario(STACKS[stack], ATTACKS[attack].placement).defences.offered
        assert sorted(runs["opened"]) == sorted(("", "all", *offered))


def test_a_run_says_who_decided_and_why():
    table = vm.experiments.attack_matrix("kvm", "dma", tidy=True).set_index("opened")
    assert table["check"]["iommu"] == "iommu"
    assert table["defence"]["iommu"] == DEFENCES["iommu"].name
    assert table["mechanism"]["iommu"].startswith("without an IOMMU the device reaches the machine address ")
    assert table["mechanism"][""].startswith("the IOMMU has no page for ")
    assert (table["instructions"] > 0).all()
    assert (table["exits"] > 0).all()


def test_the_compact_table_says_what_has_to_be_off():
    table = vm.experiments.attack_matrix(
        ["kvm", "xen", "esx", "container", "virtualbox"], ["table_update", "device_overrun_neighbour", "host_read"]
    )
    assert table.index.name == "attack"
    assert list(table.columns) == ["title", "KVM", "Xen", "ESX Server 2", "Container host", "VirtualBox"]
    assert list(table.loc["table_update"])[1:] == [
        *("without second_stage_tables", "without validation", "without shadow_tables", "never"),
        "without second_stage_tables",
    ]
    assert list(table.loc["device_overrun_neighbour"])[1:] == [
        *("without several", "without several", "without bounds_check", "never", "without bounds_check"),
    ]
    assert list(table.loc["host_read"])[1:] == ["without memory_encryption", *["succeeds"] * 4]


def test_where_not_all_seeds_agree_it_says_how_many_do():
    """Guest code that looks at one of its pages only, while the secret is mapped into any of them."""
    code = "mov rdi, [0x3008]\nmov rax, {call_report}\nvmcall"
    look = Attack.from_text(code, placement=Placement(maps_twice=True))
    cell = vm.experiments.attack_matrix("kvm", [look], seeds=tuple(range(40))).loc["own", "KVM"]
    found = re.fullmatch(r"without frame_owners \((\d+) of 40\)", cell)
    assert found is not None
    assert 0 < int(found[1]) < 20


def test_the_same_seed_is_the_same_table():
    first, again = (vm.experiments.attack_matrix("xen", "mapped_twice", seeds=4, tidy=True) for _ in range(2))
    assert first.equals(again)


@pytest.mark.parametrize(
    ("how", "told"),
    [
        ({"stacks": "vax"}, "stack is 'vax', expected one of neutral"),
        ({"attacks": ["siege"]}, "attack is 'siege', expected one of beyond_memory"),
        ({"attacks": [3]}, "attack is 3, expected one of"),
        ({"seeds": ()}, "seeds is empty"),
        ({"seeds": -1}, "seed is -1, expected a whole number from 0"),
    ],
)
def test_a_wrong_call_gets_a_sentence(how, told):
    with pytest.raises(VmwidgetsError) as error:
        vm.experiments.attack_matrix(**how)
    assert str(error.value).startswith(told)
