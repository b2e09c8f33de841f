"""Records of the products are well formed, and what follows from their layers follows from nothing else."""

import subprocess
import sys
from dataclasses import replace

import pytest

from vmwidgets.model.errors import VmwidgetsError
from vmwidgets.model.layers import DUTIES, Layer, Layers
from vmwidgets.model.stack import DEVICES, TECHNIQUES, Stack
from vmwidgets.stacks import PRODUCTS, STACKS

FLAGS = ("inside", "session", "confined", "vital")
each = pytest.mark.parametrize("stack", STACKS.values(), ids=STACKS)
virtual = [stack for stack in STACKS.values() if stack.technique != "none"]
each_with_vms = pytest.mark.parametrize("stack", virtual, ids=[stack.id for stack in virtual])


def ids(layers):
    return [layer.id for layer in layers]


def trusted(stack, layers=None):
    return set(ids((layers or stack.layers).trusted()))


# --------------------------------------------------------------------------------------------------------- well formed
def test_the_seven_products_in_the_order_of_the_article():
    assert [stack.name for stack in PRODUCTS.values()] == [
        "Hyper-V",
        "Xen",
        "ESXi",
        "KVM",
        "VMware Workstation",
        "VirtualBox",
        "Parallels",
    ]
    assert [stack.type for stack in PRODUCTS.values()] == [1, 1, 1, 1, 2, 2, 2]
    assert all(STACKS[id] is stack for id, stack in PRODUCTS.items())


@each
def test_every_duty_that_vms_need_is_somebodys(stack):
    needed = {"schedules", "maps", "reclaims", "reads", "drives", "manages"}
    of_devices = {"emulated": "emulates", "paravirtual": "serves"}
    needed |= {duty for device, duty in of_devices.items() if device in stack.devices}
    assert needed == {duty for duty in DUTIES if stack.layers.with_(duty)}


@each
def test_all_that_is_said_of_a_layer_has_a_source_or_is_called_an_assumption(stack):
    for layer in stack.layers:
        if layer.kind == "hardware":
            continue
        told = layer.duties | {flag for flag in FLAGS if getattr(layer, flag)}
        assert layer.assumed - {"on"} <= told, layer.id
        assert layer.source or layer.assumed == told, layer.id


@each
def test_a_layer_is_beside_what_it_is_inside_of(stack):
    for layer in stack.layers:
        if layer.inside:
            assert stack.layers[layer.inside].privilege == layer.privilege
        if layer.kind == "program":
            assert layer.privilege in ("user", "guest_user")
        if layer.per_vm:
            assert not layer.vital


@each
def test_techniques_and_devices_are_known_and_the_default_is_among_them(stack):
    assert stack.technique in stack.techniques
    assert stack.device in stack.devices
    assert set(stack.techniques) <= set(TECHNIQUES)
    assert set(stack.devices) <= set(DEVICES)
    assert (stack.technique == "none") is ("guest_kernel" not in stack.layers) is (stack.type == 0)


@each
def test_boot_stages_bring_up_the_layers_each_after_what_it_needs(stack):
    done = []
    for stage in stack.boot:
        assert set(stage.needs) <= set(done)
        assert stage.id not in done
        assert bool(stage.needs) is bool(done)
        done.append(stage.id)
    without = {layer.id for layer in stack.layers} - set(done)
    assert without <= {"hardware", "device_model"}  # a guest that knows the VMM needs no device model
    assert set(done) - {layer.id for layer in stack.layers} == {"boot_loader"}
    symptoms = [stage.symptom for stage in stack.boot]
    assert all(symptoms)
    assert len(set(symptoms)) == len(symptoms)


@each
def test_a_record_is_the_same_in_every_process(stack):
    assert hash(stack.layers) == hash(Layers(iter(stack.layers)))
    assert stack == replace(stack)
    assert replace(stack, layers=Layers([*stack.layers][:2])) != stack


def test_no_order_depends_on_the_seed_of_hashes():
    code = (
        "from vmwidgets.stacks import STACKS\n"
        "for s in STACKS.values(): print(s.id, [l.id for l in s.layers.trusted()], [x.id for x in s.boot])"
    )
    said = [
        subprocess.run(
            [sys.executable, "-c", code], env={"PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True
        ).stdout
        for seed in ("1", "2")
    ]
    assert said[0] == said[1]
    assert said[0].count("\n") == len(STACKS)


@pytest.mark.parametrize("value", [None, "cpu_pools", ["cpu_pools"]])
def test_what_is_no_set_of_extras_or_duties_is_refused_with_a_sentence(value):
    with pytest.raises(VmwidgetsError) as error:
        Stack("mine", "Mine", 1, extras=value)
    assert str(error.value) == f"the extras of Mine are {value!r}, expected a frozenset"
    with pytest.raises(VmwidgetsError) as error:
        Layer("hardware", "hardware", "hardware", "machine", duties=value)
    assert str(error.value) == f"the duties of the layer hardware are {value!r}, expected a frozenset"


# ----------------------------------------------------------------------------------------------- trusted computing base
@each
def test_whoever_can_read_a_vm_is_trusted_and_nothing_of_the_customer_is(stack):
    found = trusted(stack)
    assert {layer.id for layer in stack.layers if {"reads", "maps"} & layer.duties} <= found
    assert {"hardware", "firmware"} <= found
    assert not found & {"guest_kernel", "guest_apps"}


@each
def test_drivers_are_trusted_because_of_the_kernel_that_they_are_in(stack):
    """Take the drivers out of their kernel, into a process of their own: nobody has to trust them any more."""
    assert "drivers" in trusted(stack)
    below = "hypervisor" if stack.layers["drivers"].privilege != "kernel" else "host_kernel"
    moved = Layers(
        replace(layer, on=below, inside="", privilege="user") if layer.id == "drivers" else layer
        for layer in stack.layers
    )
    assert trusted(stack) - trusted(stack, moved) == {"drivers"}


@pytest.mark.parametrize("id", ["xen", "hyperv"])
def test_backends_in_a_driver_domain_are_not_trusted(id):
    stack = STACKS[id]
    domain = Layer("driver_domain", "driver domain", "kernel", "guest_kernel", on="hypervisor")
    moved = []
    for layer in stack.layers:
        if layer.id == "drivers":
            moved.append(domain)
        if layer.id in ("drivers", "backends"):
            layer = replace(layer, on="driver_domain", inside="driver_domain")
        moved.append(layer)
    assert trusted(stack) - trusted(stack, Layers(moved)) == {"drivers", "backends"}


def test_a_device_model_that_is_restricted_to_its_own_domain_is_not_trusted():
    """Xen, docs/features/qemu-deprivilege.pandoc: dm_restrict."""
    stack = STACKS["xen"]
    restricted = Layers(
        replace(layer, duties=layer.duties - {"reads"}, confined=True) if layer.id == "device_model" else layer
        for layer in stack.layers
    )
    assert trusted(stack) - trusted(stack, restricted) == {"device_model"}


@each_with_vms
def test_programs_of_the_desktop_are_trusted_where_the_vm_is_one_of_them(stack):
    """Sugerman et al. 2001: the VMM is a process of the user. Elsewhere VMs have another user, or no OS below."""
    of_the_desktop = {layer.id for layer in stack.layers if layer.session}
    assert bool(of_the_desktop) is (stack.type == 2)
    assert of_the_desktop <= trusted(stack)


@each
def test_an_os_below_all_vms_is_what_hosted_stacks_and_kvm_have(stack):
    """Linux commit 6aa8b732; Dall et al. 2016 call KVM a hypervisor of type 2 for that."""
    below = [layer.id for layer in stack.layers.under(stack.layers.customer.id) if layer.kind == "kernel"]
    assert ("host_kernel" in below) is (stack.type != 1 or stack.id == "kvm")
