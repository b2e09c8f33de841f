"""A fleet is its hosts one by one, its ticks one by one, whatever the blocks; and the model is the one documented."""

import numpy as np
import pytest

from vmwidgets.model import fleet as module
from vmwidgets.model.allocation import share
from vmwidgets.model.errors import VmwidgetsError
from vmwidgets.model.fleet import Fleet, Slots, Totals, run

FIELDS = ("used", "ready", "work", "swapped", "balloon")
STEP, PENALTY = 0.3, 10.0


def ragged(counts: list[int], ticks: int, seed: int = 1) -> tuple[Slots, Fleet, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    slots, n = Slots.of(counts), sum(counts)
    fleet = Fleet(
        cpu_capacity=np.array(counts) * 0.8,
        memory_capacity=np.array(counts) * 1.5,
        cpu_weight=slots.place(rng.choice([500.0, 1000.0, 2000.0], n), empty=1.0),
        cpu_reservation=slots.place(rng.choice([0.0, 0.2], n)),
        cpu_limit=slots.place(rng.choice([1.0, 2.0], n)),
        memory_weight=slots.place(rng.choice([5.0, 10.0], n), empty=1.0),
        memory_reservation=slots.place(rng.choice([0.0, 0.5], n)),
        memory_limit=slots.place(np.full(n, 4.0)),
        balloon_limit=slots.place(rng.choice([0.0, 2.0], n)),
    )
    return slots, fleet, slots.place(rng.uniform(0, 2, (ticks, n))), slots.place(rng.uniform(0, 4, (ticks, n)))


def only(fleet: Fleet, host: int, vms: int) -> Fleet:
    parts = {name: getattr(fleet, name) for name in Fleet.__slots__}
    return Fleet(**{k: v[host : host + 1] if v.ndim == 1 else v[:vms, host : host + 1] for k, v in parts.items()})


def documented(fleet: Fleet, cpu: np.ndarray, memory: np.ndarray) -> dict[str, np.ndarray]:
    """One host, tick by tick, as the docstring says it."""
    sums = {name: np.zeros(len(cpu)) for name in FIELDS}
    for t in range(cpu.shape[1]):
        cpu_most = np.minimum(cpu[:, t, 0], fleet.cpu_limit[:, 0])
        memory_most = np.minimum(memory[:, t, 0], fleet.memory_limit[:, 0])
        x = share(fleet.cpu_capacity[0], fleet.cpu_weight[:, 0], fleet.cpu_reservation[:, 0], cpu_most)
        got = share(fleet.memory_capacity[0], fleet.memory_weight[:, 0], fleet.memory_reservation[:, 0], memory_most)
        short = memory[:, t, 0] - got
        move = np.minimum(short, fleet.balloon_limit[:, 0]) - sums["balloon"]
        sums["balloon"] += np.clip(move, -STEP, STEP)
        swap = np.maximum(short - sums["balloon"], 0)
        sums["used"] += x
        sums["ready"] += cpu_most - x
        sums["work"] += x / (1 + PENALTY * swap / np.maximum(memory[:, t, 0], 1e-300))
        sums["swapped"] += swap
    return sums


@pytest.mark.parametrize("block", [1, 40, 1000, 10**6])
def test_a_fleet_equals_its_hosts_one_at_a_time_and_the_documented_model(monkeypatch, block):
    monkeypatch.setattr(module, "_BLOCK", block)
    counts, ticks = [3, 7, 1, 12, 5, 9], 25
    _, fleet, cpu, memory = ragged(counts, ticks)
    totals = run(fleet, cpu, memory, STEP, PENALTY)
    assert totals.swapped.max() > 0
    assert totals.balloon.max() > 0
    assert totals.ready.max() > 0
    for host, vms in enumerate(counts):
        one, part = only(fleet, host, vms), (slice(vms), slice(None), slice(host, host + 1))
        alone = run(one, cpu[part], memory[part], STEP, PENALTY)
        expected = documented(one, cpu[part], memory[part])
        for name in FIELDS:
            here = getattr(totals, name)[:, host]
            assert here[:vms] == pytest.approx(getattr(alone, name)[:, 0], rel=1e-12)
            assert here[:vms] == pytest.approx(expected[name], rel=1e-12, abs=1e-12)
            assert (here[vms:] == 0).all()


def test_time_can_be_cut_anywhere():
    _, fleet, cpu, memory = ragged([4, 8, 6], 30)
    whole = run(fleet, cpu, memory, STEP, PENALTY)
    first = run(fleet, cpu[:, :11], memory[:, :11], STEP, PENALTY)
    second = run(fleet, cpu[:, 11:], memory[:, 11:], STEP, PENALTY, first.balloon)
    assert second.balloon.tolist() == whole.balloon.tolist()
    for name in FIELDS[:-1]:
        assert getattr(first, name) + getattr(second, name) == pytest.approx(getattr(whole, name), rel=1e-12)


def test_processor_time_is_conserved_and_nothing_is_changed_in_place():
    _, fleet, cpu, memory = ragged([4, 8, 6], 30)
    before = [a.copy() for a in (cpu, memory)]
    balloon = np.full(fleet.cpu_weight.shape, 0.1)
    totals = run(fleet, cpu, memory, STEP, PENALTY, balloon)
    wanted = np.minimum(cpu, fleet.cpu_limit[:, None])
    assert totals.used + totals.ready == pytest.approx(wanted.sum(axis=1))
    assert totals.used.sum(axis=0) == pytest.approx(np.minimum(wanted.sum(axis=0), fleet.cpu_capacity).sum(axis=0))
    assert (totals.ready >= 0).all()
    assert (totals.work <= totals.used).all()
    assert (balloon == 0.1).all()
    assert all((a == b).all() for a, b in zip(before, (cpu, memory), strict=True))


def test_slots_hold_every_vm_once():
    slots = Slots.of([2, 0, 3])
    assert slots.shape == (3, 3)
    assert slots.place([1, 2, 3, 4, 5], empty=-1).tolist() == [[1, -1, 3], [2, -1, 4], [-1, -1, 5]]
    assert slots.collect(slots.place([1, 2, 3, 4, 5])).tolist() == [1, 2, 3, 4, 5]
    assert slots.place([[1, 2, 3, 4, 5]] * 4).shape == (3, 4, 3)


@pytest.mark.parametrize(("hosts", "ticks"), [([], 5), ([0], 5), ([2, 3], 0)])
def test_nothing_to_do_is_fine(hosts, ticks):
    _, fleet, cpu, memory = ragged(hosts, ticks)
    totals = run(fleet, cpu, memory, STEP, PENALTY)
    assert isinstance(totals, Totals)
    assert totals.used.shape == fleet.cpu_weight.shape
    assert totals.used.sum() == 0


def test_bad_input_gets_a_sentence():
    _, fleet, cpu, memory = ragged([2, 3], 4)
    with pytest.raises(VmwidgetsError, match="memory_demand has another shape than the fleet"):
        run(fleet, cpu, memory[:, :3], STEP, PENALTY)
    parts = {name: getattr(fleet, name) for name in Fleet.__slots__}
    with pytest.raises(VmwidgetsError, match="cpu_weight is too small or not a number"):
        Fleet(**parts | {"cpu_weight": fleet.cpu_weight * 0})
    with pytest.raises(VmwidgetsError, match="cpu_limit has another shape than the fleet"):
        Fleet(**parts | {"cpu_limit": fleet.cpu_limit[:1]})
