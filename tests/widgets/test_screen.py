"""What all boards and labs have in common."""

import gc

import pytest

import vmwidgets as vm
from vmwidgets.stacks import STACKS


@pytest.mark.parametrize("screen", [vm.AttackLab, vm.Board, vm.MemoryLab, vm.SchedulerLab, vm.PageWalk])
@pytest.mark.parametrize("wrong", [5, "kvm", STACKS["kvm"]])
def test_what_is_no_lab_is_refused_with_a_sentence(screen, wrong):
    with pytest.raises(vm.VmwidgetsError, match=r"^lab is .*, expected a lab, such as vm.Lab\('kvm'\)$"):
        screen(wrong)
    with pytest.raises(vm.VmwidgetsError, match="lab is "):
        screen(lab=wrong)


@pytest.mark.parametrize("screen", [vm.AttackLab, vm.Board, vm.MemoryLab, vm.SchedulerLab])
def test_a_screen_without_a_lab_says_what_it_wants(screen):
    with pytest.raises(vm.VmwidgetsError, match="lab is None, expected a lab"):
        screen()


@pytest.mark.parametrize("screen", [vm.AttackLab, vm.Board])
def test_a_lab_can_be_given_by_name(screen):
    shown = screen(lab=vm.Lab("kvm"))
    assert shown.lab.stack.id == "kvm"
    shown.close()


@pytest.mark.parametrize(
    "make",
    [
        lambda: vm.Board(5),
        lambda: vm.MemoryLab(vm.Lab()),
        lambda: vm.StackComparison("nothing"),
        lambda: vm.KernelBench(5),
        lambda: vm.TrapStepper(5),
        lambda: vm.AttackMatrix(5),
    ],
)
def test_what_was_refused_sends_nothing_when_it_is_forgotten_either(make, wire):
    with pytest.raises(vm.VmwidgetsError):
        make()
    gc.collect()  # whoever keeps the error keeps the view until then: what it sent would be among others' messages
    assert wire == []
