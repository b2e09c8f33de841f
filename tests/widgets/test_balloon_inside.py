import pytest

from tests.widgets.memory_labs import SHORT, memory_lab, work
from vmwidgets.model.units import GiB, MiB
from vmwidgets.widgets.balloon_inside import BalloonInside


@pytest.fixture
def view():
    made = BalloonInside(memory_lab(active=SHORT, ticks=100))
    made.selection.vm = "B"
    yield made
    made.close()


def amounts(view, which="parts"):
    return {kind: size for kind, _name, size, _moved in view.state[which]}


def test_parts_fill_the_guest(view):
    for name in "ABC":
        view.selection.vm = name
        assert sum(amounts(view).values()) == view.state["all"] == 16 * GiB


def test_what_the_guest_gives_is_cold_first(view):
    parts, gone = amounts(view), amounts(view, "gone")
    assert parts["balloon"] > 5 * GiB
    assert parts["free"] < GiB
    assert parts["cache"] < 16 * MiB or gone["swapped"] == 0, "no program goes while there is a cache"
    assert parts["kernel"] > 0
    assert "the guest chooses" in view.state["sentence"]
    assert "wrote" in view.state["sentence"]
    assert view.state["gives"] is True


def test_changes_are_counted_from_tick_to_tick(view):
    before = amounts(view)
    work(view.lab, {"A": 100, "B": 1000, "C": 100})
    assert amounts(view) == before, "no time has passed"
    for _tick in range(8):
        view.lab.advance()
    after = amounts(view)
    moved = {kind: moved for kind, _name, _size, moved in view.state["parts"]}
    assert view.state["since"] == "since tick 107"
    view.lab.undo()
    view.lab.redo()
    assert after["balloon"] < before["balloon"]
    assert sum(moved.values()) == 0, "what one kind has lost another has won"
    assert any(moved.values())


def test_a_new_guest_has_no_changes(view):
    view.lab.destroy_vm("B")
    view.lab.create_vm("B", memory_bytes=4 * GiB)
    view.selection.vm = "B"
    assert all(moved == 0 for *_rest, moved in view.state["parts"])


def test_without_a_driver_and_with_one_that_refuses(view):
    lab = view.lab
    kernel = lab.vm("B").kernel
    for balloon, said in (("none", "no balloon driver"), ("refuses", "refuses")):
        lab.configure("B", kernel=type(kernel)(balloon=balloon))
        assert said in view.state["sentence"]
        assert view.state["gives"] is False


def test_a_host_that_asks_nobody(wire):
    view = BalloonInside(memory_lab("kvm", active=SHORT, ticks=60))
    assert "Nobody asks" in view.state["sentence"]
    assert view.state["gives"] is False
    assert amounts(view)["balloon"] == 0
    view.close()


def test_a_killed_machine_has_no_pages(wire):
    lab = memory_lab("kvm", ticks=20)
    lab.set_memory(host_swap=False)
    lab.configure("A", memory_limit_bytes=2 * GiB)
    view = BalloonInside(lab)
    lab.advance(2)
    assert lab.memory_slot("A") in lab.memory.killed
    assert "killed A" in view.state["sentence"]
    assert view.state["parts"] == []
    view.close()


def test_table_and_picture_agree(view):
    rows = view.state["rows"][1:]
    assert [row[0] for row in rows] == [name for _kind, name, *_rest in (*view.state["parts"], *view.state["gone"])]
    page = view.lab.hardware.page_bytes
    sizes = [size // page for _kind, _name, size, _moved in (*view.state["parts"], *view.state["gone"])]
    assert [int(row[2].replace(",", "")) for row in rows] == sizes


def test_what_notebooks_compare(view):
    assert repr(view) == "<BalloonInside: B>"
