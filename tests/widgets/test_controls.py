import pytest

import vmwidgets as vm
from vmwidgets.widgets.controls import Controls


@pytest.fixture
def controls(lab):
    made = Controls(lab)
    yield made
    made.close()


def spec(controls, setting):
    return next(s for s in (*controls.state["machine"], *controls.state["controls"]) if s["id"] == setting)


def test_a_slider_is_a_command_and_can_be_undone(controls, lab):
    before = len(lab.log)
    controls.set("vcpus", 3)
    assert lab.vm("web").vcpus == 3
    assert spec(controls, "vcpus")["value"] == 3
    assert len(lab.log) == before + 1
    lab.undo()
    assert spec(controls, "vcpus")["value"] == 2


@pytest.mark.parametrize("resource", ["cpu", "memory", "disk_io", "network"])
def test_every_resource_has_shares_reservation_limit(controls, lab, resource, wire):
    wire.send(controls, name="resource", resource=resource, seq=1)
    assert controls.selection.resource == resource
    shares, reservation, limit = controls.state["controls"]
    assert limit["open"]
    assert limit["value"] == limit["max"], "no limit is the last step of the slider"
    controls.set(shares["id"], 1500)
    controls.set(reservation["id"], reservation["step"])
    controls.set(limit["id"], 2 * limit["step"])
    changed = lab.vm("web")
    assert getattr(changed, shares["id"]) == 1500
    assert getattr(changed, reservation["id"]) == reservation["step"]
    assert getattr(changed, limit["id"]) == 2 * limit["step"]
    controls.set(limit["id"], spec(controls, limit["id"])["max"])
    assert getattr(lab.vm("web"), limit["id"]) is None


def test_every_slider_reaches_its_ends(controls, lab, wire):
    for resource in ("cpu", "memory", "disk_io", "network", "disk"):
        wire.send(controls, name="resource", resource=resource, seq=1)
        for one in [*controls.state["machine"], *controls.state["controls"]]:
            assert one["min"] <= one["value"] <= one["max"], one["id"]
            if one["open"]:
                assert (one["max"] - one["min"]) % one["step"] == 0, f"{one['id']}: the browser cannot reach 'no limit'"


def test_disk_space_has_its_own_controls(controls, lab, wire):
    wire.send(controls, name="resource", resource="disk", seq=1)
    assert [s["id"] for s in controls.state["controls"]] == ["disk_bytes", "thin", "growth_bytes_per_day"]
    controls.set("thin", 0)
    controls.set("disk_bytes", 30 * vm.GB)
    controls.set("growth_bytes_per_day", 2 * vm.GB)
    assert (lab.vm("web").thin, lab.vm("web").disk_bytes) == (False, 30 * vm.GB)
    assert lab.vm("web").workload.growth_bytes_per_day() == 2 * vm.GB
    assert controls.selection.resource == "cpu", "disk space has no shares: the charts stay with their resource"


def test_a_refusal_is_shown_in_place_and_answered(controls, lab, wire):
    wire.send(controls, name="set", id="cpu_limit_mhz", value=1000)
    wire.send(controls, name="set", id="cpu_reservation_mhz", value=3000, seq=5)
    assert "cpu_reservation_mhz is 3000" in controls.error
    assert lab.vm("web").cpu_reservation_mhz == 0
    assert spec(controls, "cpu_reservation_mhz")["value"] == 0
    assert wire.to(controls)[-1].data["content"] == {"ack": 5}


def test_admission_control_says_by_how_much(controls, lab, wire):
    wire.send(controls, name="set", id="cpu_reservation_mhz", value=4000)
    wire.send(controls, name="choose", vm="burner")
    wire.send(controls, name="set", id="cpu_reservation_mhz", value=8000)
    assert "4" in controls.error
    assert lab.vm("burner").cpu_reservation_mhz == 0


def test_create_clone_rename_remove(controls, lab, wire):
    wire.send(controls, name="create", seq=1)
    assert controls.selection.vm == lab.vms[-1].name == "VM 1"
    wire.send(controls, name="clone", seq=2)
    assert controls.selection.vm == lab.vms[-1].name == "VM 2"
    wire.send(controls, name="rename", text="  mail ", seq=3)
    assert controls.selection.vm == lab.vms[-1].name == "mail"
    wire.send(controls, name="remove", seq=4)
    assert [machine.name for machine in lab.vms] == ["web", "database", "burner", "VM 1"]
    assert controls.state["vm"] in controls.state["names"]


def test_a_message_that_names_a_machine_is_for_that_one(controls, lab, wire):
    wire.send(controls, name="set", id="vcpus", value=3, vm="database", seq=1)
    wire.send(controls, name="workload", kind="idle", vm="database", seq=2)
    assert (lab.vm("database").vcpus, lab.vm("database").workload.kind) == (3, "idle")
    assert controls.selection.vm == "web"
    wire.send(controls, name="rename", text="mail", vm="database", seq=3)
    wire.send(controls, name="clone", vm="mail", seq=4)
    assert lab.vms[-1].vcpus == 3
    wire.send(controls, name="remove", vm="mail", seq=5)
    assert "web" in controls.state["names"]
    assert "mail" not in controls.state["names"]
    digest = lab.digest()
    for name in ("set", "workload", "rename", "clone", "remove"):
        wire.send(controls, name=name, id="vcpus", value=1, kind="idle", text="post", vm="mail", seq=6)
        with pytest.raises(vm.VmwidgetsError) as refused:
            lab.vm("mail")
        assert controls.error == str(refused.value)
    assert lab.digest() == digest


def test_the_last_one_can_be_removed(wire):
    lab = vm.Lab()
    lab.create_vm("only")
    controls = Controls(lab)
    wire.send(controls, name="remove", seq=1)
    assert controls.state["vm"] == ""
    assert controls.state["machine"] == controls.state["controls"] == []
    wire.send(controls, name="remove", seq=2)
    assert controls.error
    wire.send(controls, name="create", seq=3)
    assert (controls.error, controls.state["vm"]) == ("", "VM 1")
    controls.close()


def test_workload_keeps_the_growth_of_the_disk(controls, lab, wire):
    wire.send(controls, name="resource", resource="disk", seq=1)
    controls.set("growth_bytes_per_day", 5 * vm.GB)
    wire.send(controls, name="workload", kind="batch", seq=2)
    assert lab.vm("web").workload.kind == "batch"
    assert lab.vm("web").workload.growth_bytes_per_day() == 5 * vm.GB


def test_reset_goes_back_to_the_beginning_of_the_lesson(controls, lab, wire):
    digest = lab.digest()
    controls.set("vcpus", 1)
    lab.advance(3)
    wire.send(controls, name="reset", seq=1)
    assert controls.error == ""
    assert lab.digest() == digest
    lab.redo()
    assert lab.vm("web").vcpus == 1, "what a reset took away can be had again"


def test_reset_goes_back_to_what_was_loaded(controls, lab, wire, tmp_path):
    other = vm.Lab("xen")
    other.create_vm("there")
    other.save(tmp_path / "other.jsonl")
    lab.load(tmp_path / "other.jsonl")
    controls.set("vcpus", 1)
    wire.send(controls, name="reset", seq=1)
    assert controls.error == ""
    assert lab.digest() == other.digest()


@pytest.mark.parametrize(
    "content",
    [
        {"name": "set", "id": "vcpus", "value": 3},
        {"name": "workload", "kind": "idle"},
        {"name": "create"},
        {"name": "clone"},
        {"name": "rename", "text": "x"},
        {"name": "remove"},
        {"name": "reset"},
    ],
)
def test_locked_controls_refuse_what_a_page_still_sends(controls, lab, wire, content):
    controls.lock("The controls open when your prediction is in.")
    digest = lab.digest()
    wire.send(controls, **content, seq=1)
    assert lab.digest() == digest
    assert "locked" in controls.error
    assert controls.state["locked"] == "The controls open when your prediction is in."
    controls.lock("")
    assert controls.state["locked"] == ""


@pytest.mark.parametrize("value", [1.5, "2", None, True, 10**30, 0, -1])
def test_values_a_page_cannot_mean(controls, lab, wire, value):
    wire.send(controls, name="set", id="vcpus", value=value)
    assert controls.error
    assert lab.vm("web").vcpus == 2


def test_what_notebooks_compare(controls):
    assert repr(controls) == "<Controls: web>"
