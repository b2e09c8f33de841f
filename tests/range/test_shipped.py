"""Products as they are shipped: what is off unless somebody changes it, each with its source."""

import pytest

import vmwidgets as vm
from vmwidgets.attacks import ATTACKS
from vmwidgets.model.errors import VmwidgetsError
from vmwidgets.model.range.defences import DEFENCES
from vmwidgets.model.range.prices import is_priced
from vmwidgets.model.range.run import run_attack
from vmwidgets.model.range.shipped import AS_SHIPPED, as_shipped, shipped, switches_of
from vmwidgets.stacks import STACKS


@pytest.mark.parametrize("stack", STACKS.values(), ids=STACKS)
def test_what_is_said_is_said_of_defences_that_the_product_has(stack):
    assert len({one.defence for one in stack.shipped}) == len(stack.shipped)
    for id, one in shipped(stack).items():
        assert id == one.defence
        assert one.source
        assert is_priced(id, stack), id
    assert {one.defence for one in stack.shipped} <= set(DEFENCES)


@pytest.mark.parametrize("stack", [one for one in STACKS.values() if is_priced("salting", one)], ids=lambda one: one.id)
def test_salts_are_as_memory_management_has_them(stack):
    assert shipped(stack)["salting"].on == (stack.memory_profile.sharing != "between")


@pytest.mark.parametrize(
    ("stack", "off"),
    [
        # SMT stays on, a cgroup has no bound, io.cost is disabled, no VM is encrypted unless its definition asks.
        ("kvm", {"core_scheduling", "cpu_limit", "memory_reservation", "io_weights", "memory_encryption"}),
        # sched-gran=cpu, cap 0, one pool of processors, no stub domains.
        ("xen", {"core_scheduling", "cpu_limit", "cpu_pools", "stub_domain"}),
        # No limit and no reservation; the side-channel-aware scheduler is off.
        ("esxi", {"core_scheduling", "cpu_limit", "cpu_reservation", "memory_reservation"}),
        # The core scheduler is the default; a new VM has no cap and no reserve, but a minimum RAM of 512 MB.
        ("hyperv", {"cpu_limit", "cpu_reservation"}),
        # ESX 2 shares pages between VMs.
        ("esx", {"salting", "cpu_limit", "cpu_reservation", "memory_reservation"}),
        ("virtualbox", {"cpu_limit"}),
        ("workstation", {"channel_off"}),
        ("container", {"cpu_limit", "memory_reservation", "io_weights"}),
        ("neutral", set()),
        ("parallels", set()),
    ],
)
def test_what_is_off(stack, off):
    assert {id for id, on in as_shipped(STACKS[stack]).items() if not on} == off


@pytest.mark.parametrize(
    ("attack", "stack", "succeeds"),
    [
        ("cached_secret_sibling", "kvm", True),  # SMT is on, and nobody schedules cores
        ("cached_secret_sibling", "hyperv", False),  # the core scheduler
        ("flush_reload", "esx", True),  # shares between VMs
        ("flush_reload", "esxi", False),  # salts
        ("flush_reload", "kvm", False),  # KSM is off
        ("noisy_disk", "kvm", True),
        ("noisy_disk", "esxi", False),  # disk shares
        ("dma", "kvm", False),
    ],
)
def test_attacks_on_products_as_they_are_shipped(attack, stack, succeeds):
    verdict = run_attack(ATTACKS[attack], STACKS[stack], as_shipped(STACKS[stack]))
    assert verdict.succeeded is succeeds
    said = vm.Lab(stack).run_attack(attack, defences="as_shipped")
    assert said.succeeded is succeeds


def test_a_set_of_switches_has_a_name():
    kvm = STACKS["kvm"]
    assert switches_of(kvm, None) == {}
    assert switches_of(kvm, {"iommu": False}) == {"iommu": False}
    assert switches_of(kvm, AS_SHIPPED) == as_shipped(kvm)
    with pytest.raises(VmwidgetsError, match="defences is 'naked', expected ids with true or false, or as_shipped"):
        switches_of(kvm, "naked")
    with pytest.raises(VmwidgetsError, match="defences is 'naked'"):
        vm.Lab("kvm").run_attack("dma", defences="naked")


def test_the_matrix_as_shipped_has_one_run_for_each():
    table = vm.experiments.attack_matrix(["kvm", "hyperv"], ["cached_secret_sibling", "dma"], defences="as_shipped")
    assert list(table["KVM"]) == ["succeeds", "fails"]
    assert list(table["Hyper-V"]) == ["fails", "fails"]
    tidy = vm.experiments.attack_matrix(STACKS["kvm"], ATTACKS["dma"], tidy=True, defences="as_shipped")
    assert list(tidy["opened"]) == ["as_shipped"]
    with pytest.raises(VmwidgetsError, match="defences is 'open', expected one of"):
        vm.experiments.attack_matrix("kvm", "dma", defences="open")
