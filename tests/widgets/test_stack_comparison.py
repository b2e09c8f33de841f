import json
import re
from dataclasses import replace
from xml.etree import ElementTree

import pytest
from jupyter_client.session import json_packer

import vmwidgets as vm
from tests.widgets.example_stacks import DESK, SLIM
from vmwidgets import locale
from vmwidgets.model.layers import DUTIES
from vmwidgets.stacks import STACKS
from vmwidgets.widgets.kit import texts
from vmwidgets.widgets.stack_choice import TABS
from vmwidgets.widgets.stack_words import CHIPS, DEVICES, PRIVILEGES, QUESTIONS, TECHNIQUES


@pytest.fixture
def view(wire):
    shown = vm.StackComparison(SLIM, DESK)
    yield shown
    shown.close()


def layers(view, place):
    return {layer["id"]: layer for layer in view.diagrams.state["stacks"][place]["layers"]}


def lit(view, place):
    return set(view.diagrams.state["stacks"][place]["lit"])


def test_by_id_by_record_and_by_default():
    with pytest.raises(vm.VmwidgetsError, match="products to compare: 1, expected 2 to 4"):
        vm.StackComparison(SLIM)
    with pytest.raises(vm.VmwidgetsError, match="compared with itself"):
        vm.StackComparison(SLIM, DESK, SLIM)
    with pytest.raises(vm.VmwidgetsError, match="expected one of"):
        vm.StackComparison("slim", "desk")
    pair = vm.StackComparison()
    assert [stack.type for stack in pair.choice.stacks] == [1, 2]
    pair.close()
    four = vm.StackComparison(SLIM, stacks=[*list(STACKS)[1:3], DESK])
    assert repr(four) == f"<StackComparison: slim, {', '.join(list(STACKS)[1:3])}, desk>"
    four.close()


@pytest.mark.parametrize(
    ("products", "named"),
    [
        ([["kvm", "xen"]], {}),
        ([("kvm", "xen")], {}),
        (["kvm"], {"stacks": "xen"}),
        (["kvm", [STACKS["xen"]]], {}),
        ([], {"stacks": ["kvm", "xen"]}),
    ],
)
def test_a_list_is_as_good(products, named):
    view = vm.StackComparison(*products, **named)
    assert repr(view) == "<StackComparison: kvm, xen>"
    view.close()


@pytest.mark.parametrize(
    ("products", "named", "told"),
    [
        ([5, "xen"], {}, "stack is 5, expected one of "),
        ([], {"stacks": 5}, "stack is 5, expected one of "),
        ([["kvm", ["xen"]]], {}, r"stack is \['xen'\], expected one of "),
        ([], {"seed": "x"}, "seed is 'x', expected a whole number from 0 to 9223372036854775807"),
        ([], {"seed": -1}, "seed is -1, expected"),
    ],
)
def test_what_cannot_be_is_refused_at_once(products, named, told):
    with pytest.raises(vm.VmwidgetsError, match=f"^{told}"):
        vm.StackComparison(*products, **named)


def test_the_greatest_seed_shuffles_too():
    view = vm.StackComparison(tab="boot", seed=2**63 - 1)
    view.boot._on_shuffle({})
    assert len(view.boot.state["line"]) > 1
    view.close()


def test_everything_has_a_word():
    assert set(CHIPS) == {"differences", *DUTIES}
    assert set(QUESTIONS) == set(DUTIES)
    for stack in STACKS.values():
        assert {layer.privilege for layer in stack.layers} <= set(PRIVILEGES)
        assert {stack.technique, *stack.techniques} <= set(TECHNIQUES)
        assert {stack.device, *stack.devices} <= set(DEVICES)


def test_what_differs_is_lit_and_said(view):
    assert {"hypervisor", "management"} <= lit(view, 0)
    assert {"host_kernel", "vmm"} <= lit(view, 1)
    assert "Slim: slim hypervisor, first domain" in view.diagrams.state["sentence"]
    assert "guest kernel" not in view.diagrams.state["sentence"]
    assert "Different kinds of layers do this: schedules, keeps memory tables" in view.diagrams.state["sentence"]


def test_the_same_layers_in_two_products_do_not_differ(wire):
    view = vm.StackComparison(SLIM, replace(SLIM, id="twin", name="Twin"))
    assert not lit(view, 0) | lit(view, 1)
    assert "do not differ" in view.diagrams.state["sentence"]
    view.close()


@pytest.mark.parametrize("duty", DUTIES)
def test_the_owners_of_a_duty_light_up(view, wire, duty):
    wire.send(view.diagrams, name="light", id=duty)
    for place, stack in enumerate((SLIM, DESK)):
        assert lit(view, place) == {layer.id for layer in stack.layers.with_(duty)}
    assert view.diagrams.state["sentence"].startswith(QUESTIONS[duty])
    assert ("Desk: nobody" in view.diagrams.state["sentence"]) == (not DESK.layers.with_(duty))


def test_who_has_to_be_trusted(view):
    for place, stack in enumerate((SLIM, DESK)):
        assert set(view.diagrams.state["stacks"][place]["trusted"]) == {layer.id for layer in stack.layers.trusted()}
    assert "the machine restarts without it (assumed)" in layers(view, 0)["hypervisor"]["about"]


def test_the_table_has_a_column_for_each_product(view):
    rows = {row[0]: row[1:] for row in view.diagrams.state["rows"]}
    assert rows[""] == ["Slim", "Desk"]
    assert rows["drives devices"] == ["drivers (in: first domain)", "drivers (in: host kernel)"]
    assert rows["serves paravirtual devices"][1] == "nobody"
    assert "slim hypervisor (hypervisor mode)" in rows["layers, from the hardware up"][0]


def test_choosing_products(view, wire):
    wire.send(view.diagrams, name="put", place=0, id="desk")
    assert [stack.id for stack in view.choice.stacks] == ["desk", "slim"], "they have changed places"
    wire.send(view.diagrams, name="add")
    wire.send(view.diagrams, name="add")
    assert len(view.choice.stacks) == 4
    assert not view.diagrams.state["more"]
    wire.send(view.diagrams, name="add")
    assert "4 products already" in view.diagrams.error
    wire.send(view.diagrams, name="remove", place=0)
    wire.send(view.diagrams, name="put", place=2, id="desk")
    assert [stack.id for stack in view.choice.stacks][::2] == ["slim", "desk"]
    wire.send(view.diagrams, name="remove", place=1)
    wire.send(view.diagrams, name="remove", place=1)
    assert "needs 2 products" in view.diagrams.error
    for wrong in ({"place": 9, "id": "slim"}, {"place": "0", "id": "slim"}, {"place": 0, "id": "boo"}, {}):
        wire.send(view.diagrams, name="put", **wrong)
        assert "to choose" in view.diagrams.error


def test_only_the_open_pane_is_filled(view, wire):
    panes = {pane._tab: pane for pane in view.panes}
    assert set(panes) == set(TABS)
    for tab, pane in panes.items():
        wire.send(view.tabs, name="open", id=tab)
        assert view.tabs.state["open"] == tab
        assert [one for one, other in panes.items() if len(other.state) > 3] == [tab]
        assert repr(pane).endswith(", open>")
    wire.send(view.tabs, name="open", id="boo")
    assert "there is no pane" in view.tabs.error


@pytest.mark.parametrize("tab", TABS)
def test_a_pane_that_is_open_from_the_start(wire, tab):
    view = vm.StackComparison(SLIM, DESK, tab=tab)
    assert [pane._tab for pane in view.panes if pane.is_open] == [tab]
    assert len(view.children) == 2 + len(TABS) + (tab == "bars"), "the chart is there with its pane only"
    with pytest.raises(vm.VmwidgetsError, match="expected one of operation, "):
        vm.StackComparison(SLIM, DESK, tab="boo")
    view.close()


@pytest.mark.parametrize("language", locale.LANGUAGES)
def test_how_much_is_sent(wire, language):
    locale.set_language(language)
    view = vm.StackComparison("hyperv", "kvm", "virtualbox", "parallels")
    for part in (view.diagrams, view.operation):
        assert len(json_packer(part.state)) < 30_000
    for tab in list(TABS)[1:]:
        wire.clear()
        view.choice.tab = tab
        assert max(message.bytes for message in wire.updates) < 32_768, tab
    wire.clear()
    view.choice.light = "reads"
    assert len(wire.updates) == 1
    assert wire.bytes < 32_768
    view.close()


def test_messages_from_nobody(view, wire):
    before = json.dumps([part.state for part in (view.diagrams, view.tabs, *view.panes)])
    for part in (view.diagrams, view.tabs, *view.panes):
        for content in ({"name": "boo"}, {"name": "light"}, {"name": "light", "id": ["x"]}, {}):
            wire.send(part, **content)
            assert part.error
    assert json.dumps([part.state for part in (view.diagrams, view.tabs, *view.panes)]) == before


def test_words(view):
    for part in (view.diagrams, view.tabs, *view.panes):
        assert set(part.strings) == set(texts(part._front))
    locale.set_language("ru")
    assert all(part.language == "ru" for part in (view.diagrams, view.tabs, *view.panes))


def test_a_still_picture(view):
    bundle = view._repr_mimebundle_()
    assert bundle["text/plain"] == "<StackComparison: slim, desk>"
    svg = ElementTree.fromstring(bundle["image/svg+xml"])
    said = " ".join(text.text or "" for text in svg.iter("{http://www.w3.org/2000/svg}text"))
    for word in ("Slim", "Desk", "slim hypervisor", "hypervisor mode", "has to be trusted", "Lit is what the others"):
        assert word in said
    assert bundle["image/svg+xml"] == view._repr_mimebundle_()["image/svg+xml"]
    wide = [float(x) + float(w) for x, w in re.findall(r' x="([\d.]+)"[^>]* width="([\d.]+)"', bundle["image/svg+xml"])]
    assert max(wide) <= 900
