import pytest

from tests.widgets.example_stacks import DESK, SLIM
from vmwidgets.model.paths import OPERATIONS, path
from vmwidgets.stacks import STACKS
from vmwidgets.widgets.stack_choice import Choice
from vmwidgets.widgets.stack_operation import CROSSINGS, NAMES, StackOperation


@pytest.fixture
def view(wire):
    shown = StackOperation(Choice((SLIM, DESK)))
    yield shown
    shown.close()


def test_every_operation_and_crossing_has_a_word():
    assert set(NAMES) == set(OPERATIONS)
    for stack in STACKS.values():
        for operation in OPERATIONS:
            if operation != "hypercall" or stack.technique != "none":
                assert {step.crossing for step in path(stack, operation).steps} <= set(CROSSINGS)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_the_steps_are_those_of_the_model(view, wire, operation):
    wire.send(view, name="choose", what="operation", id=operation)
    assert view.error == ""
    for stack, shown in zip((SLIM, DESK), view.state["products"], strict=True):
        way = path(stack, operation)
        assert [(step["origin"], step["target"], step["cycles"]) for step in shown["steps"]] == [
            (step.origin, step.target, step.cycles) for step in way.steps
        ]
        assert (shown["cpu"], shown["mhz"], shown["exits"]) == (way.cpu, way.mhz, way.exits)
        assert bool(shown["devices"]) == (operation in ("disk_read", "network_packet"))


def test_costs_have_their_source(view):
    priced = [step for step in view.state["products"][1]["steps"] if step["cycles"]]
    assert {(step["cycles"], step["source"]) for step in priced} == {(1000, "table 1"), (2500, "table 2")}
    assert view.state["products"][1]["mhz"] == 500
    assert any(step["cycles"] is None for step in view.state["products"][0]["steps"])


def test_technique_and_device_of_one_product(view, wire):
    turn = view.state["turn"]
    wire.send(view, name="choose", what="technique", product="slim", id="nested_paging")
    wire.send(view, name="choose", what="device", product="slim", id="emulated")
    slim = view.state["products"][0]
    assert (slim["technique"], slim["device"]) == ("nested_paging", "emulated")
    assert len(slim["steps"]) == len(path(SLIM, view.state["operation"], "nested_paging", "emulated").steps)
    assert view.state["turn"] == turn + 2
    wire.send(view, name="choose", what="device", product="desk", id="paravirtual")
    assert "there is no" in view.error
    assert view.state["products"][1]["device"] == "emulated"


def test_figures_of_another_processor(view, wire):
    wire.send(view, name="choose", what="technique", product="slim", id="nested_paging")
    processor = view.state["cpus"][1][0]
    wire.send(view, name="choose", what="cpu", id=processor)
    slim, desk = view.state["products"]
    assert slim["cpu"] == processor
    assert any(step["cycles"] for step in slim["steps"])
    assert not any(step["cycles"] for step in desk["steps"] if step["target"] == "vmm"), "it uses no VM exits"


def test_an_operation_that_there_is_not(wire):
    bare = next(stack for stack in STACKS.values() if stack.technique == "none")
    view = StackOperation(Choice((SLIM, bare)))
    wire.send(view, name="choose", what="operation", id="hypercall")
    assert view.error == ""
    assert view.state["products"][0]["steps"]
    assert "expected one of" in view.state["products"][1]["none"]
    view.close()


def test_wrong_choices(view, wire):
    before = view.state
    for content in (
        {"what": "operation", "id": "boo"},
        {"what": "cpu", "id": "boo"},
        {"what": "technique", "id": "nested_paging", "product": "boo"},
        {"what": "boo", "id": "slim"},
        {"what": ["operation"], "id": "disk_read"},
        {},
    ):
        wire.send(view, name="choose", **content)
        assert view.error
    assert view.state == before
