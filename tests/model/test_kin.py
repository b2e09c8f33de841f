"""Layers are the same by what they are and do, not by what they are called."""

from dataclasses import replace

from vmwidgets.model.kin import differing
from vmwidgets.model.layers import Layer, Layers

MACHINE = Layer("hardware", "hardware", "hardware", "machine")
VMM = Layer("vmm", "VMM", "vmm", "hypervisor", on="hardware", duties=frozenset({"schedules"}))
GUEST = Layer("guest_kernel", "guest", "kernel", "guest_kernel", on="vmm", per_vm=True)
ONE = Layers((MACHINE, VMM, GUEST))


def test_a_name_makes_no_difference():
    assert differing([ONE, Layers((MACHINE, replace(VMM, name="other", source="X"), GUEST))]) == [set(), set()]


def test_a_duty_does():
    other = Layers((MACHINE, replace(VMM, duties=frozenset({"schedules", "drives"})), GUEST))
    assert differing([ONE, other]) == [{"vmm"}, {"vmm"}]


def test_a_layer_more_is_a_difference_of_one_side():
    more = Layers((MACHINE, VMM, Layer("tools", "tools", "program", "user", on="vmm"), GUEST))
    assert differing([ONE, more]) == [set(), {"tools"}]


def test_of_three_all_have_to_have_it():
    more = Layers((MACHINE, VMM, Layer("tools", "tools", "program", "user", on="vmm"), GUEST))
    assert differing([ONE, more, more]) == [set(), {"tools"}, {"tools"}]
