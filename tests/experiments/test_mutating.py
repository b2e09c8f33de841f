"""Mutants of attacks: most still work where nothing stops them, and the right defence stops them."""

import pytest

import vmwidgets as vm
from vmwidgets.attacks import ATTACKS
from vmwidgets.experiments.mutating import right_defences
from vmwidgets.model.errors import VmwidgetsError
from vmwidgets.model.range.mutants import KINDS
from vmwidgets.stacks import STACKS


@pytest.mark.parametrize(
    ("attack", "stack", "right"),
    [
        ("dma", "kvm", ("iommu",)),
        ("table_update", "xen", ("validation",)),
        ("convenience_channel", "workstation", ("channel_off", "channel_check")),
        ("device_overrun_neighbour", "kvm", ("bounds_check", "confinement")),
        ("device_overrun_neighbour", "xen", ("bounds_check", "stub_domain")),
        ("shared_kernel", "kvm", ()),
        ("host_read", "xen", ()),
    ],
)
def test_the_right_defences_are_found_by_running(attack, stack, right):
    assert right_defences(ATTACKS[attack], STACKS[stack]) == right


def test_the_right_defence_stops_what_is_said_in_other_words():
    table = vm.experiments.mutated_attacks(["table_update", "mapped_twice", "backend_request"], ["kvm", "xen"], 2)
    assert set(table["kind"]) == set(KINDS)
    assert table["stopped"].sum() >= 0.99 * table["mutants"].sum()
    same = table[table["kind"].isin(["registers", "order"])]
    assert (same["working"] == same["mutants"]).all()
    assert table["working"].sum() > 0.7 * table["mutants"].sum()
    assert (
        table["mutants"] - table["stopped"] == table["escaped"].str.split(", ").str.len() * (table["escaped"] != "")
    ).all()


def test_no_mutant_is_the_attack_itself():
    """The registers that this code uses are those of calls, and it sets no two in a row that could be swapped."""
    kinds = vm.experiments.mutated_attacks("interrupt_storm", "kvm", 2)["kind"]
    assert "order" not in set(kinds)
    assert "timing" in set(kinds)


def test_a_defence_that_cannot_be_had_makes_no_mutants():
    assert vm.experiments.mutated_attacks("shared_kernel", "kvm").empty


@pytest.mark.parametrize(
    ("how", "told"),
    [
        ({"attacks": "siege"}, "attack is 'siege', expected one of"),
        ({"mutants": 0}, "mutants is 0, expected a whole number from 1"),
        ({"budget": 0}, "budget is 0, expected a whole number from 1"),
    ],
)
def test_a_wrong_call_gets_a_sentence(how, told):
    with pytest.raises(VmwidgetsError) as error:
        vm.experiments.mutated_attacks(**how)
    assert str(error.value).startswith(told)
