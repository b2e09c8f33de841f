import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest
import traitlets

import vmwidgets as vm
from vmwidgets import locale
from vmwidgets.widgets import kit
from vmwidgets.widgets.kit import FRONT, SLOTS, Selection, View, source, texts

MODULES = sorted(path.name.removesuffix(".js") for path in FRONT.iterdir() if path.name.endswith(".js"))
VIEWS = [name for name in MODULES if "export default { render };" in (FRONT / f"{name}.js").read_text(encoding="utf-8")]


class Probe(View):
    _front = "readings"
    _messages = ("add",)

    state = traitlets.Dict({"lab": "", "sentence": "", "rows": []}).tag(sync=True)
    total = 0

    def _on_add(self, content):
        if content["n"] < 0:
            raise vm.VmwidgetsError("there is no VM {name}", name=content["n"])
        self.total += content["n"]


@pytest.fixture
def probe():
    view = Probe()
    yield view
    view.close()


def test_importing_the_package_opens_nothing():
    code = """
import sys, vmwidgets
assert not {"ipywidgets", "anywidget", "bqplot", "pandas", "IPython"} & set(sys.modules), "imports a Jupyter package"
vmwidgets.Board
from ipywidgets.widgets.widget import _instances
assert not _instances, _instances
"""
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("name", VIEWS)
def test_a_view_is_one_module_that_imports_nothing(name):
    text = source(name)
    assert not re.search(r"^import ", text, re.MULTILINE)
    assert re.findall(r"^export .*", text, re.MULTILINE)[-1] == "export default { render };"
    declared = re.findall(r"^(?:export )?(?:async )?(?:function|const|let|class) (\w+)", text, re.MULTILINE)
    twice = {word for word in declared if declared.count(word) > 1}
    assert not twice, "two of the joined modules declare the same name"


def test_text_for_the_page_is_never_markup():
    for name in MODULES:
        text = (FRONT / f"{name}.js").read_text(encoding="utf-8")
        assert not re.search(
            r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|https?://(?!www\.w3)", text
        )


def test_every_selector_is_ours():
    for sheet in (path for path in FRONT.iterdir() if path.name.endswith(".css")):
        text = re.sub(r"/\*.*?\*/", "", sheet.read_text(encoding="utf-8"), flags=re.DOTALL)
        text = re.sub(r"\([^()]*\)", "", text)  # what :is() lists stands behind a selector of ours
        for group in re.findall(r"([^{}]+)\{", text):
            if not group.strip().startswith("@"):
                for selector in group.split(","):
                    assert selector.strip().startswith(".vmw-"), f"{sheet.name}: {selector.strip()}"


def test_texts_of_a_module_are_found_with_those_it_imports():
    assert {"used", "entitlement", "steal {percent} %", "Table: what each virtual machine uses"} <= set(texts("board"))


def test_a_message_is_carried_out_and_answered(probe, wire):
    wire.clear()
    wire.send(probe, name="add", n=3, seq=7)
    assert probe.total == 3
    assert [m.data["content"] for m in wire.to(probe)] == [{"ack": 7}]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({"name": "add", "n": -1}, "there is no VM -1"),
        ({"name": "close"}, "unknown message 'close'"),
        ({"name": "add", "n": "x"}, "not supported between"),
        ({"name": "add"}, "'n'"),
        ({}, "unknown message None"),
    ],
)
def test_a_refusal_is_shown_in_place_and_answered(probe, wire, content, said):
    wire.clear()
    wire.send(probe, **content, seq=1)
    assert said in probe.error
    assert wire.to(probe)[-1].data["content"] == {"ack": 1}
    wire.send(probe, name="add", n=1, seq=2)
    assert probe.error == ""


def test_language_changes_words_at_once(probe):
    locale.set_language("ru")
    assert probe.language == "ru"
    assert probe.strings.keys() == set(texts("readings"))
    probe.close()
    locale.set_language("en")
    assert probe.language == "ru", "a closed view listens no more"


def test_slots_stay_with_their_machines():
    lab = vm.Lab()
    selection = Selection(lab)
    assert selection.vm == ""
    assert selection.names() == [""] * SLOTS
    for name in "abc":
        lab.create_vm(name)
    selection.refresh(lab)
    assert selection.vm == "a"
    lab.destroy_vm("b")
    lab.configure("a", name="z")
    selection.refresh(lab)
    assert selection.vm == "z", "a choice survives a change of name"
    assert selection.names()[:3] == ["z", "", "c"]
    lab.create_vm("d")
    selection.refresh(lab)
    lab.destroy_vm("z")
    selection.refresh(lab)
    assert selection.names()[:3] == ["", "d", "c"]
    assert selection.vm in ("c", "d")


def test_more_machines_than_slots():
    lab = vm.Lab()
    for number in range(SLOTS + 2):
        lab.create_vm(f"m{number}")
    selection = Selection(lab)
    assert [selection.slot(f"m{number}") for number in range(SLOTS + 2)] == [*range(SLOTS), -1, -1]
    lab.destroy_vm("m3")
    selection.refresh(lab)
    assert selection.slot(f"m{SLOTS}") == 3


def test_slots_can_be_asked_while_machines_come_and_go():
    """A page's message is answered on another thread than the cell that makes machines."""
    lab, begun, over, told = vm.Lab(), Event(), Event(), set()
    selection = Selection(lab)

    def ask():
        while not over.is_set():
            told.add((tuple(selection.names()), selection.slot("a") in (-1, 0)))
            begun.set()

    switching = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(1) as pool:
            asking = pool.submit(ask)
            try:
                begun.wait(300)
                for change in [lab.create_vm, lab.destroy_vm] * 200:
                    change("a")
                    selection.refresh(lab)
            finally:
                over.set()
            asking.result()
    finally:
        sys.setswitchinterval(switching)
    assert told <= {(tuple([""] * SLOTS), True), (("a", *[""] * (SLOTS - 1)), True)}


def test_who_is_told_of_a_choice_reads_a_lab_that_holds_still():
    """Or a view that was told on a page's thread would show a moment before a cell's command, and keep it."""
    lab, through = vm.Lab(), []
    lab.create_vm("a")
    lab.create_vm("b")
    selection = Selection(lab)

    def told(_change):
        with ThreadPoolExecutor(1) as pool:
            through.append(pool.submit(lab.hold().acquire, blocking=False).result())

    forget = kit.watch(selection, ["vm"], told)
    selection.vm = "b"
    forget()
    assert through == [False], "a command of another thread came through"


def test_sources_are_read_once():
    assert kit.source("board") is kit.source("board")


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: vm.Board("kvm"), "lab is 'kvm', expected a lab"),
        (lambda: vm.PageWalk(0), "lab is 0, expected a lab"),
        (lambda: vm.PageWalk(walker=5), "walker is 5, expected a Walker"),
        (lambda: vm.PageWalk(addresses=None), "addresses is None, expected a list"),
        (lambda: vm.PageWalk(addresses=["0x1000"]), "address is '0x1000', expected a whole number from 0 to "),
        (lambda: vm.KernelBench(guests="AB"), "guests is 'AB', expected a list"),
        (lambda: vm.KernelBench(guests=["A", None]), "guest is None, expected 1 to 40 printable characters"),
        (lambda: vm.LatencyChart(5), "table is 5, expected what vm.experiments.write_latencies"),
        (lambda: vm.Lesson(None), "None cannot name an answer file"),
        (lambda: vm.Lesson("01_one_server", folder=5), "folder is 5, expected the name of a file"),
        (lambda: vm.StackComparison(tab=["bars"]), r"tab is \['bars'\], expected one of operation, "),
    ],
)
def test_what_no_view_can_show_is_refused_with_a_sentence(make, told):
    with pytest.raises(vm.VmwidgetsError, match=f"^{told}"):
        make()
