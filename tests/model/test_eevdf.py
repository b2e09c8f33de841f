"""EEVDF by hand: who may preempt whom when it wakes. Ticks are 4 ms apart and a slice is 0.75 ms."""

import pytest

from vmwidgets import experiments
from vmwidgets.model.guest_threads import Compute, Sleep, busy
from vmwidgets.model.scheduler import Guest, Processors, Simulation
from vmwidgets.model.schedulers.eevdf import Eevdf


def first_wait(wakes_at: int, *rivals: Guest) -> int:
    """Return how long one waits who begins to sleep at once and wakes at a time."""
    sleeper = Guest("sleeper", ((Sleep(wakes_at), Compute(100)),))
    sim = Simulation(Processors(), Eevdf(), [*rivals, sleeper])
    sim.run(50_000)
    waits, who = sim.timeline().waits()
    return int(waits[who == len(rivals)][0])


def test_a_slice_is_protected_until_it_is_used_up():
    burner = Guest("burner", (busy(),))
    assert first_wait(300, burner) == 3_700, "the next tick"
    assert first_wait(749, burner) == 3_251
    assert first_wait(750, burner) == 0
    assert first_wait(2_000, burner) == 0


def test_an_earlier_deadline_goes_first():
    """Two take turns; the one that waits is owed more than one that has just come, and has the earlier deadline."""
    rivals = [Guest(name, (busy(),)) for name in "ab"]
    assert first_wait(2_000, *rivals) > 0


def test_waking_is_comparable_with_cfs_beside_one_rival():
    table = experiments.wakeup_latency(scheduler=("cfs", "eevdf"), rivals=1, seconds=10)
    assert table["median_ms"].tolist() == [0] * 4
    idle = table[table["guest"] == "idle"]["p95_ms"].tolist()
    assert idle[0] <= idle[1] < 8, "CFS favours sleepers, EEVDF owes them only their lag"


@pytest.mark.parametrize("rivals", [1, 3, 7])
def test_nobody_waits_longer_than_a_round_of_ticks(rivals: int):
    table = experiments.wakeup_latency(scheduler="eevdf", rivals=rivals, seconds=10)
    assert table["max_ms"].max() <= 4 * (rivals + 2)
