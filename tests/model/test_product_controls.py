"""The controls of a stack: over to another one, and where nobody translates."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmwidgets.commands import CreateVM
from vmwidgets.lab import Lab
from vmwidgets.model.errors import VmwidgetsError
from vmwidgets.model.hardware import Hardware
from vmwidgets.model.host import Host
from vmwidgets.model.product_controls import CONTROLLED, DEFAULTS, Adjustment, changes_of, check, moved, new_vm
from vmwidgets.model.units import GiB, MiB
from vmwidgets.model.vm import CONTROLS, VM
from vmwidgets.stacks import STACKS, get

HARDWARE = Hardware()
KVM, XEN, ESXI, HYPERV, VIRTUALBOX, NEUTRAL = map(get, ("kvm", "xen", "esxi", "hyperv", "virtualbox", "neutral"))


def test_controls_of_a_stack_have_names_of_their_own_and_settings_of_the_model():
    for stack in STACKS.values():
        names = [control.python for control in stack.controls]
        assert len(names) == len(set(names)), stack.id
        settings = [control.setting for control in stack.controls]
        assert len(settings) == len(set(settings)), stack.id
        assert set(settings) <= set(CONTROLLED)
        assert all(name == "" or name.isidentifier() for name in names)


def test_a_stack_without_controls_takes_all_settings_as_they_are():
    assert new_vm(NEUTRAL, HARDWARE, {"cpu_shares": 7}) == VM("-", cpu_shares=7)
    assert changes_of(NEUTRAL, HARDWARE, VM("A"), {"cpu_shares": 7}) == {"cpu_shares": 7}
    check(NEUTRAL, VM("A", cpu_reservation_mhz=5), HARDWARE, "credit")


@pytest.mark.parametrize(
    ("stack", "settings", "expected"),
    [
        (KVM, {"cpu_weight": 50}, {"cpu_shares": 50}),
        (KVM, {"cpu_shares": 50}, {"cpu_shares": 50}),  # the model's own name, in the product's number
        (XEN, {"weight": 512, "vcpus": 3}, {"cpu_shares": 1536}),
        (ESXI, {"vcpus": 4, "memory_bytes": GiB}, {"cpu_shares": 4000, "memory_shares": 10_240}),
        (ESXI, {"memory_shares": "high", "memory_bytes": GiB}, {"memory_shares": 20_480}),
        (HYPERV, {"memory_bytes": 256 * MiB}, {"memory_reservation_bytes": 0}),
        (HYPERV, {}, {"memory_reservation_bytes": 512 * MiB, "cpu_limit_mhz": None}),
        (VIRTUALBOX, {"vcpus": 3}, {"cpu_shares": 3000}),
    ],
)
def test_a_new_vm(stack, settings, expected):
    vm = new_vm(stack, HARDWARE, settings)
    assert {name: getattr(vm, name) for name in expected} == expected
    check(stack, vm, HARDWARE, stack.scheduler)


@given(
    st.sampled_from([stack for stack in STACKS.values() if stack.controls]),
    st.integers(1, 4),
    st.integers(1, 64).map(lambda count: count * 64 * MiB),
)
def test_the_defaults_of_every_stack_pass_its_own_check(stack, vcpus, memory_bytes):
    vm = new_vm(stack, HARDWARE, {"vcpus": vcpus, "memory_bytes": memory_bytes})
    check(stack, vm, HARDWARE, stack.scheduler)
    assert moved(vm, stack, stack, HARDWARE) == (vm, ())


def test_a_vm_that_nobody_translated_is_checked_where_it_is_created():
    lab = Lab("xen")
    with pytest.raises(VmwidgetsError, match="Xen has no reservation of processor time, expected one of weight, cap"):
        lab.do(CreateVM(VM("A", cpu_reservation_mhz=100)))
    with pytest.raises(VmwidgetsError, match="weight is 70000, Xen takes 1 to 65535"):
        Host(HARDWARE, XEN).create(VM("A", cpu_shares=70_000))
    Host(HARDWARE, VIRTUALBOX).create(VM("A", vcpus=2))
    assert lab.log == ()


def test_what_has_not_changed_is_not_looked_at():
    before = VM("A", cpu_reservation_mhz=100)
    check(XEN, before.with_changes(vcpus=2), HARDWARE, "credit2", before)
    with pytest.raises(VmwidgetsError, match="no reservation"):
        check(XEN, before.with_changes(cpu_reservation_mhz=50), HARDWARE, "credit2", before)


def test_shares_move_as_multiples_of_the_default_and_amounts_as_amounts():
    vm = new_vm(ESXI, HARDWARE, {"vcpus": 2, "shares": "high", "limit": 1000, "reservation": 500})
    there, adjusted = moved(vm, ESXI, KVM, HARDWARE)
    assert (there.cpu_shares, there.cpu_limit_mhz, there.cpu_reservation_mhz) == (200, 1000, 0)
    assert adjusted == (Adjustment("-", "reservation", 500, "", None, "MHz"),)
    back, told = moved(there, KVM, ESXI, HARDWARE)
    assert (back.cpu_shares, back.cpu_limit_mhz) == (4000, 1000)
    assert told == ()


def test_what_is_too_much_or_too_fine_for_the_other_is_cut_and_told():
    vm = VM("A", cpu_shares=1_000_000, cpu_limit_mhz=1234)
    there, adjusted = moved(vm, NEUTRAL, XEN, HARDWARE)
    assert (there.cpu_shares, there.cpu_limit_mhz) == (65_535, 1240)
    assert adjusted == (
        Adjustment("A", "cpu_shares", 1_000_000, "weight", 65_535),
        Adjustment("A", "cpu_limit_mhz", 1234, "cap", 62, "", "%"),
    )


def test_a_limit_above_what_the_other_can_say_is_none():
    vm = VM("A", cpu_limit_mhz=9000)
    there, adjusted = moved(vm, NEUTRAL, HYPERV, HARDWARE)
    assert there.cpu_limit_mhz is None
    assert [(one.control, one.to, one.now) for one in adjusted] == [("cpu_limit_mhz", "cap", 100)]


def test_a_default_guarantee_of_the_other_yields_to_a_limit():
    there, _ = moved(VM("A", memory_limit_bytes=256 * MiB), NEUTRAL, HYPERV, HARDWARE)
    assert there.memory_limit_bytes == there.memory_reservation_bytes == 256 * MiB


@given(
    st.sampled_from(list(STACKS.values())),
    st.sampled_from(list(STACKS.values())),
    st.fixed_dictionaries(
        {
            "vcpus": st.integers(1, 4),
            "cpu_shares": st.integers(1, 10**6),
            "cpu_reservation_mhz": st.integers(0, 1500),
            "cpu_limit_mhz": st.none() | st.integers(1500, 10_000),
            "memory_shares": st.integers(1, 10**6),
            "memory_reservation_bytes": st.integers(0, GiB),
            "memory_limit_bytes": st.none() | st.integers(GiB, 4 * GiB),
            "disk_shares": st.integers(1, 10**6),
            "disk_limit_iops": st.none() | st.integers(1, 10**6),
        }
    ),
)
def test_whatever_is_moved_arrives_within_the_range_of_the_other(first, second, settings):
    """Twice: from a stack that takes all to one, and from there to another."""
    vm = VM("A", **settings)
    here, _ = moved(vm, NEUTRAL, first, HARDWARE)
    check(first, here, HARDWARE, first.scheduler)
    there, adjusted = moved(here, first, second, HARDWARE)
    check(second, there, HARDWARE, second.scheduler)
    for names in CONTROLS.values():
        for name in names:
            if not second.controls and not first.controls:
                assert getattr(there, name) == getattr(vm, name)
    if first is second:
        assert (there, adjusted) == (here, ())
    kept = [name for name in CONTROLLED if not any(c.setting == name and c.name for c in second.controls)]
    if second.controls:
        fixed = {c.setting for c in second.controls if not c.name}
        assert all(getattr(there, name) == DEFAULTS[name] for name in kept if name not in fixed)


def test_where_a_product_has_no_control_the_settings_of_the_vm_are_named_once():
    with pytest.raises(VmwidgetsError) as error:
        new_vm(STACKS["parallels"], Hardware(), {"weight": 5})
    assert str(error.value).startswith(
        "the model knows no control 'weight' of Parallels, expected one of the VM: name, vcpus, memory_bytes, "
    )
