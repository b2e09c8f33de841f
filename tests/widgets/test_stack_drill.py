import pytest

from tests.widgets.example_stacks import DESK, SLIM
from vmwidgets.model.acts import FAILURES
from vmwidgets.model.failures import STATES, fail
from vmwidgets.model.vm import VM
from vmwidgets.widgets.stack_choice import Choice
from vmwidgets.widgets.stack_drill import FATES, StackDrill, busy


@pytest.fixture
def choice():
    made = Choice((SLIM, DESK))
    made.tab = "failure"
    return made


@pytest.fixture
def view(wire, choice):
    shown = StackDrill(choice)
    yield shown
    shown.close()


def happens(view, wire, failure):
    wire.send(view, name="choose", id=failure)
    wire.send(view, name="happen")
    assert view.error == ""
    return view.state["products"]


def test_every_fate_has_a_sign_and_a_word():
    assert set(FATES) == set(STATES)
    assert len({sign for sign, _word in FATES.values()}) == len(FATES)


@pytest.mark.parametrize("failure", FAILURES)
def test_what_becomes_of_each_vm_is_the_models(view, wire, choice, failure):
    products = happens(view, wire, failure)
    for stack, product, drill in zip((SLIM, DESK), products, choice.drill, strict=True):
        outcome = fail(stack, failure, busy())
        states = {vm: group["state"] for group in product["groups"] for vm in group["vms"]}
        assert [states[vm] for vm in range(3)] == [fate.state for fate in outcome.fates]
        assert [state for state, _sign, _word in drill["fates"]] == [fate.state for fate in outcome.fates]
        assert bool(product["absent"]) == (not outcome.exists)
        assert set(drill["fallen"]) == set(outcome.fallen)
        assert outcome.exists is False or all(group["chain"] for group in product["groups"])


def test_whose_layers_fall(view, wire, choice):
    happens(view, wire, "guest_panic")
    assert choice.drill[0]["fallen"] == {"guest_kernel": [0], "guest_apps": [0]}
    assert choice.drill[0]["hit"] == ["guest_kernel"]
    happens(view, wire, "host_crash")
    assert choice.drill[0]["fallen"] == {}
    fallen = choice.drill[1]["fallen"]
    assert fallen["host_kernel"] == [-1]
    assert fallen["drivers"] == [-1]
    assert fallen["guest_kernel"] == fallen["vmm"] == [0, 1, 2]
    happens(view, wire, "logout")
    assert choice.drill[1]["fallen"]["vmm_process"] == [0, 1, 2]


def test_a_prediction_is_kept_until_the_next_failure(view, wire):
    wire.send(view, name="choose", id="host_crash")
    wire.send(view, name="predict", product="desk", value=0)
    wire.send(view, name="predict", product="slim", value=1)
    wire.send(view, name="happen")
    slim, desk = view.state["products"]
    assert (slim["predicted"], slim["going"]) == (1, 3)
    assert (desk["predicted"], desk["going"]) == (0, 0)
    wire.send(view, name="predict", product="slim", value=3)
    assert "it has happened already" in view.error
    wire.send(view, name="mend")
    assert [product["predicted"] for product in view.state["products"]] == [-1, -1]
    for wrong in ({"product": "boo", "value": 1}, {"product": "slim", "value": 4}, {"product": "slim", "value": "1"}):
        wire.send(view, name="predict", **wrong)
        assert view.error


def test_the_diagrams_are_told_and_told_when_it_is_over(view, wire, choice):
    happens(view, wire, "host_crash")
    assert choice.drill
    choice.tab = "evidence"
    assert choice.drill == ()
    choice.tab = "failure"
    assert choice.drill
    choice.put(0, "desk")
    assert [bool(drill["fallen"]) for drill in choice.drill] == [True, False], "the products have changed places"
    wire.send(view, name="mend")
    assert choice.drill == ()


def test_assumptions_are_called_so(view, wire):
    slim, _desk = happens(view, wire, "vmm_crash")
    assert any("(assumed)" in link for group in slim["groups"] for link in group["chain"]) == any(
        fate.assumed for fate in fail(SLIM, "vmm_crash", [VM("1")]).fates
    )


def test_wrong_failures(view, wire):
    before = view.state
    for wrong in ("boo", ["host_crash"], None):
        wire.send(view, name="choose", id=wrong)
        assert view.error
    assert view.state == before
