"""The bench of kernels: what is done shows in the panes that the model says, in every language, and not too early."""

import pytest

from vmwidgets.experiments.failing import ACTS
from vmwidgets.locale import set_language
from vmwidgets.model.errors import VmwidgetsError
from vmwidgets.widgets.kernel_bench import ACT_NAMES, KernelBench


@pytest.fixture
def bench():
    view = KernelBench()
    yield view
    view.close()


def changed(view):
    return [pane["title"] for pane in view.state["panes"] if pane["changed"]]


def row(view, pane, name):
    return next(row for row in view.state["panes"][pane]["rows"] if row["name"] == name)


def send(view, **content):
    view._receive(view, {"seq": 1, **content}, [])


def test_all_acts_of_the_model_have_a_button():
    assert set(ACT_NAMES) == set(ACTS)


def test_in_vms_only_the_pane_of_the_one_who_does_it_changes(bench):
    assert changed(bench) == []
    for act in ("page_size", "tick", "module", "panic"):
        send(bench, name="act", act=act)
        assert changed(bench) == ["A"]
    assert row(bench, 0, "tick") == {"name": "tick", "value": "1,000 Hz", "was": "250 Hz"}
    assert row(bench, 0, "page size")["value"] == "64 KiB"
    assert row(bench, 0, "modules loaded")["value"] == "wireguard"
    assert row(bench, 0, "the kernel") == {"name": "the kernel", "value": "has panicked", "was": "runs"}
    assert row(bench, 0, "the applications")["value"] == "have stopped"
    assert bench.state["sentence"] == "Done. Something has changed in: A."


def test_in_containers_it_is_refused_and_in_privileged_ones_it_hits_all(bench):
    send(bench, name="mode", mode="container")
    send(bench, name="act", act="module")
    assert bench.state["refused"]
    assert "CAP_SYS_MODULE" in bench.state["sentence"]
    assert changed(bench) == []
    send(bench, name="mode", mode="privileged")
    send(bench, name="act", act="module")
    assert changed(bench) == ["A", "B", "the host: Linux kernel of the host"]


def test_a_parameter_with_a_namespace_is_one_s_own_in_a_container(bench):
    bench.choose("container")
    bench.act("namespaced_parameter")
    assert changed(bench) == ["A"]


def test_everything_can_be_booted_anew(bench):
    bench.act("panic")
    send(bench, name="again")
    assert changed(bench) == []
    assert "just been booted" in bench.state["sentence"]
    bench.act("tick")
    bench.act("tick")
    assert "nothing has changed" in bench.state["sentence"]


def test_nothing_can_be_done_before_the_prediction(bench):
    bench.lock()
    assert bench.state["locked"]
    assert bench.state["closed"]
    for message in ({"name": "act", "act": "panic"}, {"name": "mode", "mode": "container"}):
        send(bench, **message)
        assert bench.error == "the bench opens when your prediction is in"
    assert (changed(bench), bench.mode) == ([], "vm")
    bench.unlock()
    send(bench, name="act", act="panic")
    assert changed(bench) == ["A"]
    assert bench.error == ""


def test_another_language_changes_no_pane(bench):
    bench.act("tick")
    set_language("ru")
    assert changed(bench) == ["A"]
    bench.choose("privileged")
    bench.act("tick")
    set_language("en")
    assert len(changed(bench)) == 3


def test_three_guests_of_another_product_and_another_actor():
    view = KernelBench("esxi", ("A", "B", "C"), "C")
    view.act("replace")
    assert changed(view) == ["C"]
    assert view.state["panes"][-1]["title"] == "the host: VMkernel"
    assert repr(view) == "<KernelBench: vm, C changed>"
    view.close()


def test_what_does_not_exist_is_refused(bench):
    send(bench, name="act", act="pray")
    assert "there is no act 'pray'" in bench.error
    send(bench, name="mode", mode="jail")
    assert "there is no mode 'jail'" in bench.error
    with pytest.raises(VmwidgetsError, match="there is no guest 'C'"):
        KernelBench(actor="C")
