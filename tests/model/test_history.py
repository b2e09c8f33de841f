"""The history: bounded, in columns, with VMs that come and go."""

import numpy as np

from vmwidgets.model.hardware import Hardware
from vmwidgets.model.history import MAX_TICKS, METRICS, History, Segment
from vmwidgets.model.host import Host
from vmwidgets.model.vm import VM
from vmwidgets.model.workload import Workload
from vmwidgets.stacks import NEUTRAL


def segment(first: int, ticks: int, names: tuple[str, ...] = ("A", "B")) -> Segment:
    values = np.zeros((len(METRICS), len(names), ticks), np.int64)
    values[2] = np.arange(first, first + ticks)
    return Segment(names, first, values)


def test_it_keeps_the_newest_ticks_and_no_more_than_its_bound():
    history = History()
    for i in range(0, 3 * MAX_TICKS, 100):
        history.append(segment(i, 100, ("A", "B") if i % 3000 else ("A",)))
        assert history.length <= MAX_TICKS + 512
    assert history.last_tick == (3 * MAX_TICKS - 1) // 100 * 100 + 99
    assert history.first_tick == history.last_tick - history.length + 1
    newest = history.window("cpu_used_khz", ["A"], history.last_tick, 50)[0]
    assert newest.tolist() == list(range(history.last_tick - 49, history.last_tick + 1))


def test_a_window_has_gaps_where_a_vm_was_not_there():
    history = History()
    history.append(segment(0, 3, ("A",)))
    history.append(segment(3, 2, ("A", "B")))
    window = history.window("cpu_used_khz", ["B", "A"], 4, 7)
    assert np.isnan(window[0, :5]).all()
    assert window[0, 5:].tolist() == [3, 4]
    assert np.isnan(window[1, :2]).all()
    assert window[1, 2:].tolist() == [0, 1, 2, 3, 4]


def test_a_tick_can_be_looked_up():
    history = History()
    assert history.at(0) is None
    history.append(segment(0, 5))
    found = history.at(3)
    assert found is not None
    assert found.column("cpu_used_khz").tolist() == [[3], [3]]
    assert history.at(5) is None


def test_ticks_appended_one_by_one_equal_ticks_appended_together():
    together, single = (Host(Hardware(), NEUTRAL, seed=3) for _ in range(2))
    for host in (together, single):
        host.create(VM("A", workload=Workload("web")))
    together.advance(700)
    for _ in range(700):
        single.advance()
    ours, theirs = (next(h.history.segments).values for h in (together, single))
    assert np.array_equal(ours, theirs)
