from itertools import pairwise

import pytest

import vmwidgets as vm
from tests.widgets.memory_labs import MIB_A_PAGE, SHORT, memory_lab, work
from vmwidgets.widgets.memory_state import PAST, MemoryState, amount, state_at


@pytest.fixture
def view():
    made = MemoryState(memory_lab())
    yield made
    made.close()


def states(view):
    """The rung at every point of the picture."""
    state = view.state
    runs = [*state["states"], [len(state["free"]), None]]
    return [rung for (begin, rung), (end, _next) in pairwise(runs) for _ in range(begin, end)]


def test_the_last_value_is_what_is_free_now(view):
    for _tick in range(3):
        view.lab.advance()
        free = view.lab.memory.machine.free * view.lab.hardware.page_bytes
        assert view.state["free"][-1] == free >> 20
        assert free == view.lab.snapshot.pools["memory"].free
    view.lab.destroy_vm("A")
    assert view.state["free"][-1] == view.lab.memory.machine.free * MIB_A_PAGE, "no tick has passed, and it is seen"


def test_free_memory_and_states_are_those_of_every_tick(wire):
    lab = memory_lab(ticks=0)
    free, rungs = [], []
    for tick in range(90):
        if tick == 45:
            work(lab, SHORT)
        lab.advance()
        free.append(lab.memory.machine.free * MIB_A_PAGE)
        rungs.append(lab.memory.state)
    view = MemoryState(lab)
    assert len(set(rungs)) > 1, "the host has been in several states"
    assert view.state["free"] == [*free, free[-1]]
    assert states(view) == [*rungs, rungs[-1]]
    view.selection.tick = 60
    assert view.state["free"] == free[:61]
    assert states(view) == rungs[:61]
    assert view.state["at"] == rungs[60]
    view.close()


def test_ticks_without_machines_do_not_shift_the_states(wire):
    lab = memory_lab("esx", active={}, ticks=7)
    for name in "ABC":
        lab.create_vm(name, memory_bytes=16 * vm.GiB, workload=vm.Workload("database", active_permille=900))
    rungs = [0] * 7
    for _tick in range(40):
        lab.advance()
        rungs.append(lab.memory.state)
    for name in "ABC":
        lab.destroy_vm(name)
    lab.advance(5)
    rungs += [lab.memory.state] * 5
    view = MemoryState(lab)
    assert len(set(rungs)) > 1
    assert states(view) == [*rungs, rungs[-1]]
    view.close()


def test_the_picture_has_an_end(view):
    view.lab.advance(2 * PAST)
    assert len(view.state["free"]) == PAST + 1


def test_words_follow_the_settings(view):
    rungs = view.state["rungs"]
    assert [rung["name"] for rung in rungs] == ["high", "soft", "hard", "low"]
    assert rungs[0]["does"] == "nothing is reclaimed"
    assert "swapped out" in rungs[2]["does"]
    view.lab.set_memory(host_swap=False)
    assert "swapped out" not in view.state["rungs"][2]["does"]


def test_what_a_rung_adds_and_when_it_is_left(wire):
    view = MemoryState(memory_lab("esxi", ticks=0))
    rungs = {rung["name"]: rung for rung in view.state["rungs"]}
    assert rungs["soft"]["does"] == "+ balloons are asked for memory"
    assert rungs["hard"]["does"] == "+ pages are compressed, pages are swapped out"
    view.lab.set_memory(sharing="off", compression_permille=0)
    rungs = {rung["name"]: rung for rung in view.state["rungs"]}
    assert rungs["clear"]["does"] == "large pages are broken up"
    assert rungs["hard"]["does"] == "+ pages are swapped out"
    ladder, memory = view.lab.memory.profile.ladder, view.lab.hardware.memory_bytes
    for state, rung in enumerate(view.state["rungs"][1:], 1):
        assert ladder.next(state, rung["until"], memory) == state
        assert ladder.next(state, rung["until"] + 2, memory) < state
    view.close()


def test_the_text_says_what_the_picture_shows(view):
    work(view.lab, SHORT)
    view.lab.advance(60)
    name = view.lab.memory.rung.name
    assert name != "high"
    assert f"State of the host: {name}." in view.state["sentence"]
    here = [row[0] for row in view.state["rows"][1:] if row[-1]]
    assert here == [name]
    assert name in view.state["changes"]


def test_before_the_first_tick(wire):
    view = MemoryState(memory_lab(ticks=0))
    assert view.state["free"] == [view.lab.memory.machine.free * MIB_A_PAGE]
    assert states(view) == [0]
    view.close()


def test_the_oldest_known_state_stands_for_all_before_it():
    changes = [(10, 1), (20, 2)]
    assert [state_at(changes, second) for second in (5, 10, 19, 20, 99)] == [1, 1, 1, 2, 2]


@pytest.mark.parametrize(
    ("value", "text"), [(0, "0 MiB"), (vm.GiB // 2, "512 MiB"), (vm.GiB, "1.00 GiB"), (31 * vm.GiB, "31.0 GiB")]
)
def test_amounts(value, text):
    assert amount(value) == text


def test_what_notebooks_compare(view):
    assert repr(view) == f"<MemoryState: {view.lab.memory.rung.name}, tick 40>"
