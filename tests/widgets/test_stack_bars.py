import numpy as np
import pytest

from tests.widgets.example_stacks import DESK, SLIM
from vmwidgets.experiments.comparing import VALUELESS, compare
from vmwidgets.model.acts import FAILURES
from vmwidgets.stacks import PRODUCTS
from vmwidgets.widgets.stack_bars import PARTS, QUANTITIES, UNITS, StackBars, said
from vmwidgets.widgets.stack_choice import Choice

PAIR = tuple(PRODUCTS.values())[:2]


@pytest.fixture
def view(wire):
    choice = Choice(PAIR)
    shown = StackBars(choice)
    choice.tab = "bars"
    yield shown
    shown.close()


@pytest.fixture(scope="module")
def table():
    return compare(PAIR, tidy=True)


def test_everything_has_a_word(table):
    assert set(table["quantity"]) <= set(QUANTITIES)
    assert set(table["part"]) <= set(PARTS)
    assert set(table["unit"]) <= set(UNITS)
    assert set(FAILURES) <= set(PARTS)


def test_the_bars_are_the_comparison(view, wire, table):
    assert len(view.state["quantities"]) == len(table) / 2
    for id, _text in view.state["quantities"]:
        wire.send(view, name="choose", what="quantity", id=id)
        assert view.error == ""
        quantity, part = id.split("/")
        expected = table[(table["quantity"] == quantity) & (table["part"] == part)]
        values = expected["value"].to_numpy()
        assert view.bars.mark.y.tolist() == np.nan_to_num(values).astype(np.float32).tolist()
        assert view.bars.mark.x.tolist() == expected["product"].tolist()
        for told, text, value in zip(view.state["rows"], view.bars.labels.text, values, strict=True):
            assert (told[1] in VALUELESS) == np.isnan(value)
            assert told[1].startswith(text)
        assert view.state["unknown"] == (expected["basis"] == "not published").sum()


def test_a_failure_that_cannot_happen_says_so_in_place_of_a_bar(view, wire, table):
    absent = table[table["basis"] == "cannot happen"].iloc[0]
    wire.send(view, name="choose", what="quantity", id=f"blast radius/{absent['part']}")
    at = view.bars.mark.x.tolist().index(absent["product"])
    assert (view.bars.mark.y[at], view.bars.labels.text[at]) == (0, "cannot happen")
    assert view.state["rows"][at][1:] == ["cannot happen", "cannot happen", absent["source"]]
    assert f"{absent['product']}: cannot happen" in view.state["sentence"]


def test_a_bound_is_hollow_and_has_a_sign(view, wire):
    signs = set()
    for id, _text in view.state["quantities"]:
        wire.send(view, name="choose", what="quantity", id=id)
        for colour, text in zip(view.bars.mark.colors, view.bars.labels.text, strict=True):
            assert (colour == "transparent") == (text[0] in "≥≤")
            signs.add(text[0])
    assert "≤" in signs
    row = {"value": 12.345, "unit": "ms", "basis": "lower bound"}
    assert said(row) == "≥ 12.3 ms"
    assert said({**row, "basis": "upper bound"}, unit=False) == "≤ 12.3"
    assert said({**row, "basis": "computed", "value": 41724.9}) == "41,725 ms"
    assert said({**row, "basis": "computed", "value": 4.0}) == "4 ms"
    for basis in VALUELESS:
        assert said({**row, "basis": basis, "value": float("nan")}) == basis


def test_another_workload_processor_and_product(view, wire):
    wire.send(view, name="choose", what="quantity", id="exits/")
    before = view.bars.mark.y.tolist()
    wire.send(view, name="choose", what="workload", id="database")
    assert view.bars.mark.y.tolist() != before
    other = next(id for id, _text in view.state["cpus"] if id != view.state["cpu"])
    wire.send(view, name="choose", what="cpu", id=other)
    assert (view.error, view.state["cpu"]) == ("", other)
    view.choice.add()
    assert len(view.state["rows"]) == len(view.bars.mark.x) == 3


def test_no_chart_before_the_pane_is_opened(wire):
    choice = Choice((SLIM, DESK))
    view = StackBars(choice)
    assert view.bars is None
    choice.tab = "bars"
    assert view.state["rows"][0][0] == "Slim"
    assert view.bars is not None
    view.close()


def test_wrong_choices(view, wire):
    before = view.state
    for content in ({"what": "boo", "id": "web"}, {"what": "workload", "id": "trace"}, {"what": "cpu"}, {}):
        wire.send(view, name="choose", **content)
        assert view.error
    assert view.state == before
