"""The list of products and their controls, the same in every lab."""

from dataclasses import replace

import pytest

import vmwidgets as vm
from tests.widgets.memory_labs import memory_lab
from vmwidgets.commands import SetStack
from vmwidgets.model.vm import CONTROLS
from vmwidgets.stacks import STACKS
from vmwidgets.widgets.controls import Controls
from vmwidgets.widgets.memory_controls import MemoryControls
from vmwidgets.widgets.products import Products
from vmwidgets.widgets.scheduler_controls import SchedulerControls

HOSTS = list(STACKS.values())
RESOURCES = ("cpu", "memory", "disk_io", "network")


@pytest.fixture
def products(lab):
    made = Products(lab)
    yield made
    made.close()


def listed(products):
    return {id: heading for heading, names in products.state["groups"] for id, _name in names}


def test_every_product_and_what_it_is_compared_with_is_in_the_list(products):
    assert set(listed(products)) == set(STACKS)
    for stack in HOSTS:
        if stack.type and stack.controls:
            assert f"type {stack.type}" in listed(products)[stack.id]
        else:
            assert "no product" in listed(products)[stack.id]


@pytest.mark.parametrize("stack", [stack for stack in HOSTS if stack.controls], ids=lambda stack: stack.id)
def test_choosing_one_is_a_command_that_can_be_undone(products, lab, stack, wire):
    before = lab.digest()
    wire.send(products, name="move", stack=stack.id, seq=1)
    assert not products.error
    assert lab.log[-1] == SetStack(stack.id)
    assert products.state["stack"] == lab.stack.id == stack.id
    assert stack.name in products.state["sentence"]
    lab.undo()
    assert lab.digest() == before
    assert products.state["stack"] != stack.id


def test_choosing_the_present_one_is_no_command(products, lab, wire):
    before = len(lab.log)
    wire.send(products, name="move", stack=lab.stack.id, seq=1)
    assert len(lab.log) == before


def test_what_is_not_taken_along_is_told_and_forgotten(products, lab):
    lab.configure("web", cpu_reservation_mhz=500)
    products.move("xen")
    assert products.state["adjusted"] == "Not taken along as it was: web: Processor time, Reservation 500 MHz."
    lab.undo()
    assert products.state["adjusted"] == ""


def test_a_refusal_is_shown_in_place(products, lab, wire):
    wire.send(products, name="move", stack="nothing", seq=1)
    assert products.error.startswith("stack is 'nothing', expected one of ")
    assert products.state["stack"] == lab.stack.id


@pytest.mark.parametrize(
    ("id", "told"),
    [
        ("container", "In place of each virtual machine: processes in a container."),
        ("bare_metal", "In place of each virtual machine: the customer's programs."),
    ],
)
def test_where_there_is_no_vmm_the_list_says_what_the_machines_are(products, id, told):
    products.move(id)
    assert f"{STACKS[id].name}: there is no VMM. {told} They all run on one kernel: " in products.state["sentence"]
    assert listed(products)[id].startswith("For comparison")


def test_a_lab_of_a_record_of_ones_own_shows_it():
    own = replace(STACKS["kvm"], id="own", name="Own")
    products = Products(vm.Lab(own))
    assert (products.state["stack"], "own" in listed(products)) == ("own", True)
    products.close()


def test_every_lab_has_the_list_at_the_top(wire):
    lab = memory_lab(ticks=1)
    for make in (vm.Board, vm.MemoryLab, vm.SchedulerLab, vm.AttackLab):
        view = make(lab)
        assert isinstance(view.children[0], Products)
        view.lock()
        assert view.products.state["locked"]
        wire.send(view.products, name="move", stack="kvm", seq=1)
        assert view.products.error
        view.unlock()
        for id in ("kvm", "container", "bare_metal"):
            view.products.move(id)
            assert lab.stack.id == lab.memory.profile.id == id
            lab.undo()
        view.close()
        without = make(lab, products=False)
        assert not any(isinstance(child, Products) for child in without.children)
        without.close()


def specs(view):
    state = view.state
    keys = ("controls", "machine", "more", "first", "guest")
    return {spec["id"]: spec for key in keys for spec in state.get(key, ())}


@pytest.mark.parametrize("stack", [stack for stack in HOSTS if stack.controls], ids=lambda stack: stack.id)
def test_the_board_shows_the_controls_of_the_product(lab, stack, wire):
    lab.set_stack(stack.id)
    controls = Controls(lab)
    for resource in RESOURCES:
        wire.send(controls, name="resource", resource=resource, seq=1)
        own = [c for setting in CONTROLS[resource] for c in stack.controls if c.name and c.setting == setting]
        shown = controls.state["controls"]
        assert [spec["id"] for spec in shown] == [control.python for control in own]
        assert bool(controls.state["none"]) is (not own)
        for spec, control in zip(shown, own, strict=True):
            assert spec["label"].startswith(control.name)
            assert f"default: {'normal' if control.levels else ''}" in spec["hint"]
            assert spec["value"] in spec.get("stops", [spec["value"]])
            assert spec["min"] <= spec["value"] <= spec["max"]
    controls.close()


@pytest.mark.parametrize("stack", [stack for stack in HOSTS if stack.controls], ids=lambda stack: stack.id)
def test_every_position_of_every_slider_is_taken(lab, stack, wire):
    for vm_ in ("database", "burner"):
        lab.destroy_vm(vm_)
    lab.set_stack(stack.id)
    guaranteed = [c.python for c in stack.controls if "reservation" in c.setting]
    lab.configure("web", **dict.fromkeys(guaranteed, 0))  # it would be in the way of a low limit
    controls = Controls(lab)
    for resource in RESOURCES:
        wire.send(controls, name="resource", resource=resource, seq=1)
        for spec in controls.state["controls"]:
            for value in {*spec.get("stops", ()), spec["min"], spec["max"]}:
                before = lab.log
                controls.error = ""
                wire.send(controls, name="set", id=spec["id"], value=value, seq=2)
                assert not controls.error, (spec["id"], value)
                now = specs(controls)[spec["id"]]
                kept = spec["max"] if spec["open"] and value >= spec["max"] else value
                assert now["value"] == (now["max"] if spec["open"] and kept == spec["max"] else kept)
                lab.restore(before)
    controls.close()


def test_the_end_of_an_open_slider_means_no_bound(lab):
    lab.set_stack("kvm")
    controls = Controls(lab)
    controls.set("cpu_max", 50_000)
    assert lab.controls("web")["cpu.max"] == "50000 100000"
    controls.set("cpu_max", specs(controls)["cpu_max"]["max"])
    assert lab.controls("web")["cpu.max"] == "max 100000"
    controls.close()


def test_memory_and_scheduler_controls_are_those_of_the_product():
    lab = memory_lab(ticks=1)
    lab.destroy_vm("C")
    with pytest.raises(vm.AdmissionError, match="Xen takes none back"):
        lab.set_stack("xen")
    assert lab.stack.id == "neutral"
    lab.destroy_vm("B")
    lab.set_stack("xen")
    memory, scheduler = MemoryControls(lab), SchedulerControls(lab)
    assert not {"memory_shares", "memory_reservation_bytes", "memory_limit_bytes"} & specs(memory).keys()
    assert {"weight", "cap"} <= specs(scheduler).keys()
    assert not {"cpu_shares", "cpu_limit_mhz"} & specs(scheduler).keys()
    scheduler.set("weight", 300)
    scheduler.set("cap", 50)
    name = scheduler.selection.vm
    assert lab.controls(name) == {"weight": 300, "cap": 50}
    lab.set_stack("esxi")
    memory.set("memory_reservation", 1)
    assert lab.vm(memory.selection.vm).memory_reservation_bytes == vm.MiB
    assert {"memory_shares", "memory_reservation", "memory_limit"} <= specs(memory).keys()
    scheduler.set("algorithm", "lottery")
    assert lab.scheduling.algorithm == "lottery", "any algorithm can be looked at"
    memory.close()
    scheduler.close()


def test_equal_weights_of_unequal_machines_are_no_weights_that_a_scheduler_ignores():
    lab = vm.Lab("virtualbox")
    lab.create_vm("A", vcpus=2)
    lab.create_vm("B")
    controls = SchedulerControls(lab)
    assert controls.state["ignored"] == ""
    lab.set_stack("xen")
    lab.set_scheduler(algorithm="round_robin")
    assert controls.state["ignored"] == ""
    lab.configure("A", weight=512)
    assert controls.state["ignored"] == "Round robin knows no weights."
    controls.close()
