import pytest

import vmwidgets as vm
from vmwidgets import locale
from vmwidgets.widgets.transport import Transport


@pytest.fixture
def transport(lab):
    made = Transport(lab)
    yield made
    made.close()


def test_no_time_passes_unless_the_page_that_plays_asks(transport, lab, wire):
    before = lab.tick
    wire.send(transport, name="tick", player="one", ticks=1, seq=1)
    assert lab.tick == before, "nobody plays"
    wire.send(transport, name="play", player="one", seq=2)
    wire.send(transport, name="tick", player="two", ticks=1, seq=3)
    assert lab.tick == before, "a second page must not double the clock"
    wire.send(transport, name="tick", player="one", ticks=5, seq=4)
    assert lab.tick == before + 5
    wire.send(transport, name="play", player="", seq=5)
    wire.send(transport, name="tick", player="one", ticks=5, seq=6)
    assert lab.tick == before + 5


def test_each_message_is_answered_once_also_when_refused(transport, wire):
    wire.clear()
    for seq, name in enumerate(("step", "nonsense", "undo"), 1):
        wire.send(transport, name=name, ticks=1, seq=seq)
    acks = [m.data["content"]["ack"] for m in wire.to(transport) if m.data.get("method") == "custom"]
    assert acks == [1, 2, 3]


@pytest.mark.parametrize("ticks", [0, -1, 1001, 1.5, "1", None, True])
def test_a_wrong_number_of_ticks_is_refused_in_place(transport, lab, wire, ticks):
    before = lab.digest()
    wire.send(transport, name="step", ticks=ticks, seq=1)
    assert transport.error
    assert lab.digest() == before


def test_undo_and_redo(transport, lab, wire):
    lab.configure("web", vcpus=3)
    assert transport.state["undo"]
    assert not transport.state["redo"]
    wire.send(transport, name="undo", seq=1)
    assert lab.vm("web").vcpus == 2
    assert transport.state["redo"]
    wire.send(transport, name="redo", seq=2)
    assert lab.vm("web").vcpus == 3
    wire.send(transport, name="redo", seq=3)
    assert "nothing to redo" in transport.error


def test_looking_at_the_past_ends_with_the_next_command(transport, lab, wire):
    wire.send(transport, name="seek", tick=lab.recorded.first_tick, seq=1)
    assert transport.selection.tick == transport.state["shown"] == lab.recorded.first_tick
    lab.advance()
    assert transport.selection.tick is None
    assert transport.state["shown"] is None
    transport.seek(lab.tick - 1)
    transport.seek(None)
    assert transport.selection.tick is None
    with pytest.raises(vm.VmwidgetsError):
        transport.seek(lab.tick + 100)


def test_locked_nothing_changes_but_the_language(transport, lab, wire):
    wire.send(transport, name="play", player="one", seq=1)
    transport.lock("later")
    assert transport.player == ""
    before = lab.digest()
    for seq, name in enumerate(("step", "undo", "redo", "play"), 2):
        wire.send(transport, name=name, ticks=1, player="one", seq=seq)
        assert transport.error
    assert lab.digest() == before
    wire.send(transport, name="language", code="ru", seq=9)
    assert locale.language() == "ru"


@pytest.mark.parametrize(
    ("kind", "start", "file"),
    [
        ("svg", "<svg", "vmwidgets.svg"),
        ("png", "<svg", "vmwidgets.png"),
        ("csv", "tick,vm,", "vmwidgets.csv"),
        ("jsonl", "{", "vmwidgets.jsonl"),
    ],
)
def test_exports_travel_as_text(transport, wire, kind, start, file):
    wire.clear()
    wire.send(transport, name="export", kind=kind, seq=1)
    (made,) = (m.data["content"]["export"] for m in wire.to(transport) if "export" in m.data.get("content", {}))
    assert made["text"].startswith(start)
    assert made["file"] == file


def test_an_unknown_export_is_refused(transport, wire):
    wire.send(transport, name="export", kind="exe", seq=1)
    assert "exe" in transport.error


def test_repr(transport, lab):
    assert repr(transport) == f"<Transport: tick {lab.tick}>"
