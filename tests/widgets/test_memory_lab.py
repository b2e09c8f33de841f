from xml.etree import ElementTree as Xml

import pytest

import vmwidgets as vm
from tests.widgets.memory_labs import SHORT, memory_lab, work
from vmwidgets.model.errors import VmwidgetsError

PROFILES = ("neutral", "esx", "esxi", "kvm", "hyperv")


@pytest.fixture
def shown():
    lab = memory_lab()
    made = vm.MemoryLab(lab)
    yield made
    made.close()
    assert not lab._subscribers, "somebody still listens to the lab"


def test_a_tick_is_one_message_a_view_and_small(wire):
    lab = memory_lab(ticks=0, active={f"machine {n}": 100 * n for n in range(1, 9)})
    lab.advance(30)
    view = vm.MemoryLab(lab)
    wire.send(view.frames, name="map", seq=1)
    version = view.frames._version
    parts = (view.transport, view.host, view.controls, view.inside, view.charts._readings)
    counts, sizes = [], []
    for _tick in range(20):
        wire.send(view.frames, name="drawn", to=version)
        wire.clear()
        lab.advance()
        version = view.frames._version
        assert all(len(wire.to(part)) <= 1 for part in parts)
        assert len(wire.to(view.frames)) <= 1
        assert all(len(wire.to(chart.lines)) == 1 for chart in view.charts._charts)
        counts.append(len(wire))
        sizes.append(wire.bytes)
    view.close()
    # Transport, state, balloon, map, three charts and their text; more only in the rare case of a new scale.
    assert sorted(counts)[10] <= 8
    assert max(sizes) <= 32 * 1024


def test_what_a_tick_sends_does_not_grow(shown, wire):
    def tick():
        wire.clear()
        shown.lab.advance()
        return wire.bytes

    shown.lab.advance(120)
    first = tick()
    shown.lab.advance(400)
    assert tick() < 1.1 * first


def test_a_lab_without_pages_says_so():
    lab = vm.Lab()
    with pytest.raises(vm.VmwidgetsError, match="this lab has no pages to look at: make it with memory="):
        vm.MemoryLab(lab)
    assert not lab._subscribers


@pytest.mark.parametrize("profile", PROFILES)
def test_every_product_in_every_state(profile, wire):
    lab = memory_lab(profile, ticks=0)
    view = vm.MemoryLab(lab)
    lab.advance(30)
    work(lab, SHORT)
    lab.advance(30)
    names = [rung.name for rung in lab.memory.profile.ladder.rungs]
    assert view.host.state["rungs"][view.host.state["at"]]["name"] == lab.memory.rung.name
    assert [rung["name"] for rung in view.host.state["rungs"]] == names
    Xml.fromstring(view._repr_mimebundle_()["image/svg+xml"])
    for name in "ABC":
        lab.destroy_vm(name)
    lab.advance()
    assert view.inside.state["parts"] == []
    Xml.fromstring(view._repr_mimebundle_()["image/svg+xml"])
    view.close()


def test_choosing_anywhere_chooses_everywhere(shown, wire):
    wire.send(shown.controls, name="choose", vm="C", seq=1)
    assert shown.inside.state["name"] == "C"
    assert shown.charts._all.caption.state["selected"] == 2
    wire.send(shown.frames, name="select", slot=1, seq=2)
    assert shown.controls.state["vm"] == "B"


def test_locked_until_told(shown, wire):
    shown.lock()
    digest = shown.lab.digest()
    wire.send(shown.transport, name="step", ticks=1, seq=1)
    wire.send(shown.controls, name="set", id="memory_shares", value=2000)
    assert shown.lab.digest() == digest
    shown.unlock()
    wire.send(shown.transport, name="step", ticks=1, seq=2)
    assert shown.lab.tick == 41


def test_everything_follows_undo_load_and_reset(shown, wire, tmp_path):
    lab = shown.lab
    lab.save(tmp_path / "before.jsonl")
    counts = shown.frames.counts()
    lab.destroy_vm("A")
    lab.advance(3)
    assert shown.controls.state["vm"] == "B"
    lab.undo()
    lab.undo()
    assert (shown.frames.counts() == counts).all(), "undo makes the frames anew"
    lab.advance(5)
    lab.load(tmp_path / "before.jsonl")
    assert (shown.frames.counts() == counts).all()
    assert shown.controls.state["names"] == ["A", "B", "C"]
    lab.advance(2)
    wire.send(shown.controls, name="reset", seq=1)
    assert shown.controls.error == ""
    assert lab.tick == 40


def test_the_map_is_of_the_memory_that_was_loaded(shown, wire, tmp_path):
    before = shown.frames
    shown.lab.advance()
    assert shown.frames is before
    other = vm.Lab(memory="neutral", hardware=vm.Hardware(memory_bytes=2 * vm.GiB, page_bytes=2 * vm.MiB), tick_s=5)
    other.create_vm("there", memory_bytes=vm.GiB)
    other.save(tmp_path / "other.jsonl")
    shown.lab.load(tmp_path / "other.jsonl")
    assert shown.frames.counts().sum() == 1024
    assert shown.frames in shown.children
    assert before not in shown.children


def test_an_experiment_without_pages_is_refused_whole_as_long_as_pages_are_shown(shown, tmp_path):
    lab, digest = shown.lab, shown.lab.digest()
    vm.Lab().save(tmp_path / "plain.jsonl")
    with pytest.raises(VmwidgetsError, match=r"plain.jsonl.* has no pages of memory, .* vm\.Lab\.open"):
        lab.load(tmp_path / "plain.jsonl")
    assert lab.digest() == digest
    shown.close()
    lab.load(tmp_path / "plain.jsonl")
    assert lab.memory is None


def test_a_past_tick_is_shown_and_then_now_again(shown):
    before = shown.host.state
    shown.lab.advance(10)
    now = shown.host.state
    shown.transport.seek(39)
    past = shown.host.state
    # Then the newest value was that of tick 39 twice: as recorded, and as it was at that moment.
    assert past["free"] == before["free"][:-1]
    assert "now" in shown.inside.state["note"]
    shown.transport.seek(None)
    assert shown.host.state == now


def test_without_a_kernel_there_is_a_picture_and_a_text(shown):
    bundle, state = shown._repr_mimebundle_(), shown.lab.memory.rung.name
    assert bundle["text/plain"] == repr(shown) == f"<MemoryLab: 3 VMs, host memory {state}, tick 40>"
    picture = Xml.fromstring(bundle["image/svg+xml"])
    texts = [element.text for element in picture.iter("{http://www.w3.org/2000/svg}text")]
    assert {"A", "B", "C"} <= set(texts)
    assert "application/vnd.jupyter.widget-view+json" in bundle


def test_parts_can_be_left_out(wire):
    lab = memory_lab(ticks=1)
    view = vm.MemoryLab(lab, charts=False, frames=False, walk=False, products=False)
    lab.advance()
    assert view.children == (view.transport, view.host, view.controls, view.inside)
    view.close()
    view.close()
    assert not lab._subscribers
