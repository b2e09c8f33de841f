"""Ways of operations through the records of the products, against what is published of them."""

from dataclasses import replace

import pytest

from vmwidgets.experiments.hosted_io import is_hosted
from vmwidgets.model.costs import figure
from vmwidgets.model.layers import Layers
from vmwidgets.model.paths import count_exits, operations, path
from vmwidgets.stacks import PRODUCTS, STACKS
from vmwidgets.stacks.bare_metal import BARE_METAL
from vmwidgets.stacks.kvm import KVM
from vmwidgets.stacks.workstation import WORKSTATION
from vmwidgets.stacks.xen import XEN

P3, P4, XEON = "Pentium III 733 MHz", "Pentium 4 672", "Xeon 2.4 GHz"
WITH_VMM = [stack for stack in STACKS.values() if stack.technique != "none"]


def crossings(way):
    return [step.crossing for step in way.steps]


@pytest.mark.parametrize("stack", STACKS.values(), ids=lambda stack: stack.id)
def test_every_operation_finds_its_way(stack):
    for operation in operations(stack):
        for technique in stack.techniques:
            for device in stack.devices:
                way = path(stack, operation, technique, device)
                assert way.steps
                assert all(step.cycles is None or step.source for step in way.steps)


# ----------------------------------------------------------------------------------------------- Sugerman et al. 2001
def test_a_packet_of_workstation_takes_what_is_published():
    """Figure 5: 31.63 µs in all, of which 13.10 because the VMM is hosted; a world switch is 4.45."""
    way = path(WORKSTATION, "network_packet", cpu=P3)
    assert way.us == 31.63
    assert way.mhz == 733
    assert not way.lower_bound
    hosted = [step for step in way.steps if is_hosted(step, WORKSTATION.layers)]
    assert round(sum(step.cycles for step in hosted) / 733, 9) == 13.10
    assert [round(step.cycles / 733, 9) for step in hosted if step.crossing == "world_switch"] == [4.45, 4.45]
    assert path(BARE_METAL, "network_packet", cpu=P3).us == 17.55


def test_a_timer_interrupt_of_workstation_switches_worlds_at_the_published_price():
    way = path(WORKSTATION, "timer_interrupt")
    assert [round(step.cycles / 733, 9) for step in way.steps if step.cycles is not None] == [4.45, 4.45]
    assert way.lower_bound


def test_without_a_host_os_nothing_of_it_is_hosted():
    """The VMM of the same product, on the hardware and with the drivers in it."""
    layers = WORKSTATION.layers
    vmm = replace(layers["vmm"], on="hardware", duties=frozenset({"maps", "emulates", "schedules", "drives"}))
    alone = replace(WORKSTATION, layers=Layers((layers["hardware"], vmm, layers["guest_kernel"], layers["guest_apps"])))
    way = path(alone, "network_packet", cpu=P3)
    assert "world_switch" not in crossings(way)
    assert not [step for step in way.steps if is_hosted(step, alone.layers)]


# ----------------------------------------------------------------------------------------------- Adams and Agesen 2006
@pytest.mark.parametrize(
    ("technique", "operation", "cycles"),
    [
        ("binary_translation", "system_call", 2307),
        ("binary_translation", "page_table_update", 391),
        ("trap_and_emulate", "system_call", 246),
        ("trap_and_emulate", "page_table_update", 12733),
    ],
)
def test_two_vmms_of_one_product(technique, operation, cycles):
    assert path(WORKSTATION, operation, technique, cpu=P4).cycles == cycles


def test_most_of_a_page_table_update_is_neither_exit_nor_entry():
    way = path(WORKSTATION, "page_table_update", "trap_and_emulate", cpu=P4)
    assert [step.cycles for step in way.steps] == [1931, 12733 - 1931 - 2409, 2409]


# -------------------------------------------------------------------------------------- Barham et al., Dall et al.
def test_system_calls_of_2003():
    times = [path(stack, "system_call", cpu=XEON).us for stack in (BARE_METAL, XEN, WORKSTATION)]
    assert times == [0.45, 0.46, 0.73]


def test_hypercalls_on_arm():
    cycles = [path(stack, "hypercall", "nested_paging", cpu="APM X-Gene (ARMv8)").cycles for stack in (KVM, XEN)]
    assert cycles == [6500, 376]


def test_figures_of_a_product_are_found_by_their_own_names():
    assert figure(XEN.costs, "fork", XEON).us == 198


# ---------------------------------------------------------------------------------------------------------- mechanisms
def test_twenty_instructions_on_a_product_of_today():
    program = {"computation": 14, "network_packet": 4, "page_table_update": 2}
    assert count_exits(KVM, program, "trap_and_emulate", "emulated") == 6
    assert count_exits(KVM, program, "nested_paging", "emulated") == 4
    assert count_exits(KVM, program, "nested_paging", "paravirtual") == 1


@pytest.mark.parametrize("stack", WITH_VMM, ids=lambda stack: stack.id)
def test_worlds_and_domains_follow_from_who_owns_the_drivers(stack):
    """A world switch needs an OS on the machine and a VMM that is not in it; a domain switch, drivers above a VMM."""
    layers, device = stack.layers, stack.device
    (driver,), vmm = layers.with_("drives"), next(layer for layer in layers if layer.kind == "vmm")
    has_host = any(layer.kind == "kernel" and layer.privilege == "kernel" for layer in layers)
    found = crossings(path(stack, "disk_read", device=device))
    assert ("world_switch" in found) is (has_host and not vmm.inside)
    assert ("domain_switch" in found) is (driver.privilege == "guest_kernel")


def test_drivers_that_leave_dom0_take_the_way_along():
    layers = XEN.layers
    domain = replace(layers["management"], id="driver_domain", name="driver domain", vital=False, duties=frozenset())
    moved = {id: replace(layers[id], on="driver_domain", inside="driver_domain") for id in ("drivers", "backends")}
    rest = [moved.get(layer.id, layer) for layer in layers]
    at = next(index for index, layer in enumerate(rest) if layer.id == "drivers")
    way = path(replace(XEN, layers=Layers([*rest[:at], domain, *rest[at:]])), "disk_read")
    before = path(XEN, "disk_read")
    assert crossings(way) == crossings(before)
    assert "management" not in {step.target for step in way.steps}


@pytest.mark.parametrize("stack", PRODUCTS.values(), ids=lambda stack: stack.id)
def test_no_product_needs_its_vmm_for_computation(stack):
    assert path(stack, "computation").exits == 0
