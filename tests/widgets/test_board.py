from xml.etree import ElementTree as Xml

import pytest

import vmwidgets as vm
from vmwidgets.widgets.kit import SLOTS


@pytest.fixture
def board(lab):
    made = vm.Board(lab)
    yield made
    made.close()


@pytest.fixture
def full():
    lab = vm.Lab(seed=1)
    for number in range(SLOTS):
        kind = ("web", "batch", "database", "cpu_burner")[number % 4]
        lab.create_vm(f"machine {number}", memory_bytes=3 * vm.GiB, workload=kind)
    lab.advance(600)
    board = vm.Board(lab)
    yield board
    board.close()


def test_a_tick_is_one_message_a_view_and_small(full, wire):
    sent = []
    for _tick in range(20):
        wire.clear()
        full.lab.advance()
        sent.append((len(wire.to(full.server)), len(wire.to(full.transport)), len(wire), wire.bytes))
    assert {(server, transport) for server, transport, _all, _bytes in sent} == {(1, 1)}
    # Besides them: three charts and their text twin. Only a change of scale costs more.
    assert sorted(messages for _s, _t, messages, _bytes in sent)[10] <= 6
    assert max(size for *_rest, size in sent) <= 32 * 1024


def test_choosing_anywhere_chooses_everywhere(board, wire):
    wire.send(board.server, name="select", slot=1, seq=1)
    assert board.selection.vm == "database"
    assert board.controls.state["vm"] == "database"
    wire.send(board.controls, name="choose", vm="burner", seq=2)
    assert board.server.state["selected"] == 2


def test_locked_until_told(board, lab, wire):
    board.lock()
    digest = lab.digest()
    wire.send(board.transport, name="step", ticks=1, seq=1)
    wire.send(board.controls, name="set", id="vcpus", value=1)
    assert lab.digest() == digest
    board.unlock()
    wire.send(board.transport, name="step", ticks=1, seq=2)
    assert lab.tick == 601


def test_two_boards_of_one_lab_agree(board, lab, wire):
    other = vm.Board(lab, charts=False)
    board.controls.set("vcpus", 4)
    assert other.controls.state["machine"][0]["value"] == 4
    wire.send(other.server, name="select", slot=1, seq=1)
    assert board.selection.vm == "web", "each board has its own choice"
    other.close()
    lab.advance()


def test_a_lab_of_any_size_can_be_shown(wire):
    for count in (0, 1, 12):
        lab = vm.Lab()
        for number in range(count):
            lab.create_vm(f"m{number}")
        board = vm.Board(lab)
        lab.advance()
        board.close()


def test_everything_follows_undo_and_load(board, lab, tmp_path):
    lab.save(tmp_path / "before.jsonl")
    lab.destroy_vm("web")
    assert board.controls.state["vm"] == "database"
    lab.undo()
    lab.load(tmp_path / "before.jsonl")
    assert [m["name"] for m in board.server.state["vms"]] == ["web", "database", "burner"]


def test_without_a_kernel_there_is_a_picture_and_a_text(board):
    bundle = board._repr_mimebundle_()
    assert bundle["text/plain"] == repr(board) == "<Board: 3 VMs, tick 600>"
    Xml.fromstring(bundle["image/svg+xml"])
    assert "application/vnd.jupyter.widget-view+json" in bundle


def test_closing_twice_is_no_error(lab):
    board = vm.Board(lab)
    board.close()
    board.close()
