"""The table of attacks: nothing is run unasked, a few runs a message, each kind of cell, a table without a kernel."""

from xml.etree import ElementTree as Xml

import pytest

import vmwidgets as vm
from vmwidgets import locale
from vmwidgets.attacks import ATTACKS
from vmwidgets.experiments.breaking import ALL
from vmwidgets.stacks import STACKS
from vmwidgets.widgets import attack_matrix
from vmwidgets.widgets.attack_words import FAMILY_NAMES

ATTACKS_3, STACKS_2 = ("device_overrun", "dma", "beyond_memory"), ("kvm", "virtualbox")


@pytest.fixture
def matrix():
    made = []

    def make(stacks=STACKS_2, attacks=ATTACKS_3, **how):
        made.append(vm.AttackMatrix(stacks, attacks, **how))
        return made[-1]

    locale.set_language("en")
    yield make
    for one in made:
        one.close()


@pytest.fixture
def runs(monkeypatch):
    """What is run: pairs of an attack and a stack."""
    made, tried = [], attack_matrix.tried

    def counted(attack, stack, *how):
        made.append((attack.id, stack.id))
        return tried(attack, stack, *how)

    monkeypatch.setattr(attack_matrix, "tried", counted)
    return made


def kinds(view):
    return [[cell[0] if cell else "" for cell in row] for row in view.marks]


def test_all_attacks_and_products_are_there_in_families_and_nothing_is_run(matrix, runs):
    view = matrix(None, None)
    families = [heading for heading, _titles in view.table["groups"]]
    assert families == [*(name for id, name in FAMILY_NAMES.items() if id), "Others"]
    titles = [title for _heading, titles in view.table["groups"] for title in titles]
    assert sorted(title.lower() for title in titles) == sorted(one.title.lower() for one in ATTACKS.values())
    assert view.table["stacks"] == [stack.name for stack in STACKS.values()]
    assert [mark for _kind, mark, _meaning in view.table["legend"]] == ["! through", "opens: N", "✓ stopped", "– never"]
    assert (runs, view.detail) == ([], {})
    assert not any(cell for row in view.marks for cell in row)


def test_a_message_is_a_few_runs_so_that_it_can_be_stopped(matrix, runs, wire):
    view = matrix()
    wire.clear()
    wire.send(view, name="run", seq=7)
    assert runs == [("device_overrun", "kvm")]
    assert kinds(view) == [["alone", ""], ["", ""], ["", ""]]
    (update,) = wire.updates
    assert set(update.data["state"]) == {"marks"}
    assert wire[-1].data["content"] == {"ack": 7}
    for seq in range(8, 14):
        wire.send(view, name="run", seq=seq)
    assert len(runs) == len(set(runs)) == 6
    assert kinds(view) == [["alone", "alone"], ["alone", "never"], ["alone", "alone"]]


def test_messages_stay_small(matrix, monkeypatch, wire):
    done = matrix(("kvm",), ("dma",))
    done.compute()
    found = done._found[0, 0]
    view = matrix(None, None)
    view._found = dict.fromkeys(((r, c) for r in range(len(ATTACKS)) for c in range(len(STACKS))), found)
    wire.clear()
    view.marks = view._marks()
    assert wire.bytes < 10_000


def test_a_chosen_cell_is_run_alone_and_explained(matrix, runs, wire):
    view = matrix()
    wire.send(view, name="choose", row=1, column=0, seq=1)
    assert not view.error
    assert runs == [("dma", "kvm")]
    assert kinds(view) == [["", ""], ["alone", ""], ["", ""]]
    detail = view.detail
    assert (detail["place"], detail["title"]) == ([1, 0], "DMA without an IOMMU on KVM")
    assert (detail["verdict"]["outcome"], detail["verdict"]["title"]) == (
        "stopped",
        "With all defences on, it is stopped.",
    )
    assert "IOMMU has no page" in detail["verdict"]["mechanism"]
    ((name, sentence),) = detail["opens"]
    assert name == "IOMMU"
    assert sentence.startswith("Without an IOMMU the device reaches the machine address")
    assert detail["lead"].startswith("Defences that let it in if one of them alone is off (1 of ")
    view.compute()
    assert len(runs) == 6
    assert view.detail == detail


def test_every_kind_of_cell_is_what_the_runs_of_the_experiment_say(matrix):
    stacks, attacks = ("kvm", "bare_metal"), ("device_overrun_neighbour", "dma", "host_read")
    view = matrix(stacks, attacks)
    view.compute()
    rows = vm.experiments.attack_matrix(stacks, attacks, tidy=True)
    told = set()
    for row, attack in enumerate(view._attacks):
        for column, stack in enumerate(view._stacks):
            runs = rows[(rows["attack"] == attack.id) & (rows["stack"] == stack.id) & rows["succeeded"]]
            opened = set(runs.opened)
            view.choose(attack.id, stack.id)
            detail, kind = view.detail, kinds(view)[row][column]
            told.add(kind)
            assert kind == (
                "open" if "" in opened else "alone" if opened - {ALL} else "stopped" if ALL in opened else "never"
            )
            assert (detail["verdict"]["outcome"] == "open") == (kind == "open")
            assert len(detail["opens"]) == (len(opened - {ALL}) if kind == "alone" else 0)
            start = {"open": "No defence that", "alone": "Defences that let it in", "stopped": "No defence lets it in"}
            assert detail["lead"].startswith(start.get(kind, "With all defences off it is stopped, too"))
    assert told == {"open", "alone", "stopped", "never"}


def test_as_shipped_there_is_one_run_for_each(matrix, wire):
    view = matrix(defences="as_shipped")
    wire.send(view, name="run", seq=1)
    assert all(cell for row in view.marks for cell in row)
    rows = vm.experiments.attack_matrix(STACKS_2, ATTACKS_3, tidy=True, defences="as_shipped")
    assert {kind for row in kinds(view) for kind in row} == {"open" if one else "stopped" for one in rows.succeeded}
    view.choose("device_overrun", "kvm")
    assert view.detail["verdict"]["title"] in ("As shipped, it gets through.", "As shipped, it is stopped.")
    assert (view.detail["opens"], view.detail["lead"]) == ([], "")


@pytest.mark.parametrize(
    ("how", "sentence"),
    [
        ({"stacks": "nothing"}, "stack is 'nothing'"),
        ({"stacks": 5}, "stacks is 5, expected the id of a product"),
        ({"attacks": 5}, "attacks is 5, expected the id of an attack"),
        ({"attacks": "nothing"}, "attack is 'nothing'"),
        ({"defences": {}}, "defences is {}, expected one of '', 'as_shipped'"),
        ({"defences": "off"}, "defences is 'off', expected one of '', 'as_shipped'"),
        ({"seed": -1}, "seed is -1"),
    ],
)
def test_what_is_not_there_is_refused_with_a_sentence(how, sentence):
    with pytest.raises(vm.VmwidgetsError, match=sentence):
        vm.AttackMatrix(**how)


def test_a_cell_that_is_not_there_is_refused_in_place(matrix, runs, wire):
    view = matrix()
    for row, column in ((3, 0), (0, 2), (-1, 0), (None, 0), (0, "x")):
        wire.send(view, name="choose", row=row, column=column, seq=1)
        assert view.error
    with pytest.raises(vm.VmwidgetsError, match="attack is 'nothing'"):
        view.choose("nothing", "kvm")
    with pytest.raises(vm.VmwidgetsError, match="stack is 'xen'"):
        view.choose("dma", "xen")
    assert runs == []


def test_code_of_ones_own_stands_among_the_others(matrix):
    own = [vm.Attack.from_text("nop\n"), vm.Attack.from_text("mov rax, 1\n")]
    view = matrix(("kvm",), own)
    view.compute()
    assert view.table["groups"] == [("Others", ["Your code", "Your code"])]
    assert kinds(view) == [["never"], ["never"]]


def test_without_a_kernel_there_is_a_table(matrix):
    view = matrix()
    view.choose("dma", "kvm")
    bundle, _ = view._repr_mimebundle_()
    assert bundle["text/plain"] == repr(view) == "<AttackMatrix: 3 attacks, 2 products, 1 of 6 cells run>"
    table = Xml.fromstring(bundle["text/html"])
    caption, *rows = [[cell.text for cell in row] if len(row) else row.text for row in table]
    assert "opens: N (stopped; so many defences let it in if one of them alone is off)" in caption
    assert rows[0] == ["Attack", "KVM", "VirtualBox"]
    assert ["DMA without an IOMMU", "opens: 1", "not run"] in rows


def test_a_change_of_language_runs_nothing_anew(matrix, runs):
    view = matrix()
    view.compute()
    view.choose("dma", "kvm")
    before, done = view.detail, list(runs)
    locale.set_language("ru")
    assert view.detail["verdict"]["mechanism"] != before["verdict"]["mechanism"]
    assert runs == done
    locale.set_language("en")
    assert view.detail == before
