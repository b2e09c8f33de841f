"""The stepper of trap and emulate: one trait for the whole run, closed before the prediction, both languages."""

import json

import pytest

import vmwidgets as vm
from vmwidgets import locale
from vmwidgets.experiments.trapped import Work
from vmwidgets.model.trap_and_emulate import DEVICES, TABLES
from vmwidgets.widgets.trap_stepper import EXAMPLE, MAX_INSTRUCTIONS, picture


@pytest.fixture
def view():
    shown = vm.TrapStepper(Work())
    yield shown
    shown.close()


def last(view):
    return view.state["moments"][-1]["counts"]


def test_other_tables_and_other_devices(view, wire):
    assert last(view) == [20, 14, 6, 6]
    for name, value, counts in (
        ("tables", "nested", [20, 16, 4, 4]),
        ("device", "virtio", [20, 19, 1, 1]),
        ("device", "passed_through", [20, 20, 0, 0]),
        ("tables", "shadow", [20, 18, 2, 2]),
    ):
        wire.send(view, name="set", id=name, value=value)
        assert (view.error, last(view)) == ("", counts)
    assert view.state["turn"] == 4


def test_stepping_needs_nothing_more_than_the_trait(view):
    state = view.state
    moments = state["moments"]
    assert [m["phase"] for m in moments].count("trap") == len(state["log"]) == 6
    assert all(len(m["real"]) == len(m["virtual"]) == len(state["names"]) for m in moments)
    assert moments[-1]["next"] == 0
    assert moments[-1]["requests"] == [100, 101, 102, 103]
    assert len(json.dumps(state)) < 60_000


def test_requests_wait_in_the_queue_until_one_notification():
    view = vm.TrapStepper(Work(requests=3), device="virtio")
    seen = [(moment["queued"], moment["requests"]) for moment in view.state["moments"]]
    assert list(dict.fromkeys(map(str, seen))) == [
        "([], [])",
        "([100], [])",
        "([100, 101], [])",
        "([100, 101, 102], [])",
        "([], [100, 101, 102])",
    ]
    assert view.state["queue"]
    view.close()


def test_while_the_vmm_runs_the_processor_is_not_the_guests(view):
    for moment in view.state["moments"]:
        inside = moment["phase"] in ("trap", "decode", "act")
        assert (moment["real"][0] == "the VMM's") == inside
        assert moment["virtual"][0] == "kernel"
        assert (moment["real"][2] == "–") == inside


def test_the_run_is_not_even_sent_before_the_prediction(view):
    view.lock()
    assert set(view.state) == {"closed"}
    assert "image/svg+xml" not in view._repr_mimebundle_()[0]
    assert repr(view) == "<TrapStepper, closed>"
    view.unlock()
    assert last(view) == [20, 14, 6, 6]
    assert repr(view) == "<TrapStepper: 20 instructions, 6 emulated>"


def test_the_example_says_what_is_virtual():
    view = vm.TrapStepper()
    said = [moment["text"] for moment in view.state["moments"]]
    assert "believes it is in kernel mode; really it runs in user mode" in said[0]
    assert any("The virtual interrupt flag is cleared. The real one stays set" in text for text in said)
    assert any("lets its shadow table follow" in text for text in said)
    assert any("virtual CR3 in rcx" in text for text in said)
    assert said[-1] == "The guest has come to the end of its program."
    choices = {name: options for name, _label, options, _value in view.state["choices"]}
    assert [len(choices[name]) for name in ("tables", "device")] == [2, 0]  # a program's driver is what it is
    view.close()


@pytest.mark.parametrize("tables", TABLES)
@pytest.mark.parametrize("device", DEVICES)
def test_every_moment_has_its_sentence(tables, device):
    for guest in (Work(), EXAMPLE, "mov rax, [0x7000]\nfault: in al, 0x60\nmov [0x3000], rax\nvmcall"):
        view = vm.TrapStepper(guest, tables=tables, device=device)
        assert all(moment["text"] for moment in view.state["moments"])
        view.close()


def test_an_exception_is_told_as_what_it_is():
    program = "mov rax, [0x7000]\njmp end\nfault: inc r15\nend: nop"
    for tables, said in (
        ("shadow", "an exception: its kernel goes on at its handler"),
        ("nested", "the processor calls the guest's own kernel"),
    ):
        view = vm.TrapStepper(program, tables=tables)
        assert any(said in moment["text"] for moment in view.state["moments"])
        assert view.state["moments"][-1]["next"] == 0
        view.close()
    view = vm.TrapStepper("mov rax, [0x7000]\ninc rax")
    assert "Nothing handles it" in view.state["moments"][-2]["text"]
    assert view.state["moments"][-1]["text"] == "The guest has come to the end of its program."
    view.close()


def test_an_endless_program_is_cut_off():
    view = vm.TrapStepper("again: inc rax\njmp again")
    assert last(view)[0] == MAX_INSTRUCTIONS
    assert len(json.dumps(view.state)) < 150_000
    view.close()


def test_it_speaks_the_readers_language(view):
    before = view.state["phases"]
    locale.set_language("ru")
    assert view.language == "ru"
    assert [id for id, _ in view.state["phases"]] == [id for id, _ in before]


def test_the_still_picture(view):
    svg = picture(view.run)
    assert "Instructions: 20; run directly: 14, emulated: 6; exits: 6." in svg
    assert svg.count("The virtual device takes the request") == 4
    assert view._repr_mimebundle_()[0]["image/svg+xml"] == svg


def test_what_is_wrong_gets_a_sentence(view, wire):
    wire.send(view, name="set", id="tables", value="bare")
    assert view.error == "tables is 'bare', expected one of shadow, nested"
    wire.send(view, name="set", id="speed", value="1")
    assert view.error == "there is no control 'speed'"
    with pytest.raises(vm.VmwidgetsError, match="tables is 'none'"):
        vm.TrapStepper(tables="none")
    with pytest.raises(vm.VmwidgetsError, match="this is 'quux', expected mov"):
        vm.TrapStepper("quux")
    with pytest.raises(vm.VmwidgetsError, match=r"guest is 5, expected Work\(…\) or the text of a program"):
        vm.TrapStepper(5)
