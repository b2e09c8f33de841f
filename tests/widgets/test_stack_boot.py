import pytest

from tests.widgets.example_stacks import DESK, SLIM
from vmwidgets.widgets.stack_boot import StackBoot, shuffled
from vmwidgets.widgets.stack_choice import Choice

RIGHT = [stage.id for stage in SLIM.boot]


@pytest.fixture
def view(wire):
    choice = Choice((SLIM, DESK))
    choice.tab = "boot"
    shown = StackBoot(choice, seed=3)
    yield shown
    shown.close()


def line(view):
    return [stage["id"] for stage in view.state["line"]]


def states(view):
    return {stage["id"]: stage["state"] for stage in view.state["line"]}


def test_a_seed_shuffles_and_never_into_the_right_order():
    orders = {tuple(shuffled(SLIM, seed)) for seed in range(60)}
    assert tuple(RIGHT) not in orders
    assert len(orders) > 20
    assert all(sorted(order) == sorted(RIGHT) for order in orders)
    assert shuffled(SLIM, 7) == shuffled(SLIM, 7)


def test_put_in_order_and_powered(view, wire):
    assert line(view) == shuffled(SLIM, 3)
    for place, stage in enumerate(RIGHT):
        wire.send(view, name="move", id=stage, to=place)
    assert line(view) == RIGHT
    assert not view.state["powered"]
    wire.send(view, name="power")
    assert view.state["well"]
    assert set(states(view).values()) == {"done"}
    assert view.state["result"].startswith("Everything runs: hardware, firmware, slim hypervisor")


def test_the_wrong_order_shows_its_symptom(view, wire):
    wire.send(view, name="sort")
    wire.send(view, name="move", id="management", to=1)
    wire.send(view, name="power")
    assert not view.state["well"]
    assert "no first domain" in view.state["symptoms"]
    assert states(view)["management"] == "failed"
    why = next(stage["why"] for stage in view.state["line"] if stage["id"] == "management")
    assert "hypervisor starts" in why
    wire.send(view, name="move", id="management", to=99)
    assert line(view)[-1] == "management"
    assert not view.state["powered"], "who changes the line turns the machine off"


def test_a_broken_stage(view, wire):
    wire.send(view, name="sort")
    wire.send(view, name="break", id="hypervisor")
    wire.send(view, name="power")
    assert view.state["symptoms"] == ["the hypervisor panics"]
    assert "It failed: it is broken." in [stage["why"] for stage in view.state["line"]]
    assert "These do not: slim hypervisor" in view.state["result"]
    wire.send(view, name="break", id="")
    wire.send(view, name="power")
    assert view.state["well"]


def test_each_product_has_its_own_line(view, wire):
    wire.send(view, name="sort")
    wire.send(view, name="choose", id="desk")
    assert sorted(line(view)) == sorted(stage.id for stage in DESK.boot)
    wire.send(view, name="choose", id="slim")
    assert line(view) == RIGHT
    wire.send(view, name="shuffle")
    first = line(view)
    wire.send(view, name="shuffle")
    assert line(view) != first


def test_the_product_is_taken_away(view, wire):
    wire.send(view, name="choose", id="desk")
    wire.send(view, name="power")
    view.choice.add()
    view.choice.remove(1)
    assert view.state["product"] == "slim"
    assert not view.state["powered"]


def test_wrong_messages(view, wire):
    before = view.state
    for content in (
        {"name": "move", "id": "boo", "to": 0},
        {"name": "move", "id": "hypervisor", "to": "0"},
        {"name": "move", "id": ["x"], "to": 0},
        {"name": "break", "id": "boo"},
        {"name": "choose", "id": "boo"},
    ):
        wire.send(view, **content)
        assert view.error
    assert view.state == before
