"""Balloons follow their targets step by step, the same for one VM, for many and however the ticks are cut."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmwidgets.model import fluid_memory as memory
from vmwidgets.model.fluid_memory import follow, swapped


def plain(target: list[float], now: float, step: float) -> list[float]:
    path = []
    for goal in target:
        now = now + step if goal > now + step else now - step if goal < now - step else goal
        path.append(now)
    return path


@given(st.lists(st.integers(0, 50), min_size=1, max_size=30), st.integers(0, 50), st.integers(1, 60))
def test_a_balloon_moves_towards_its_target_by_at_most_a_step(target, start, step):
    path = follow(np.array([target], float), np.array([start], float), step)[0]
    before = np.concatenate([[start], path[:-1]])
    assert (np.abs(path - before) <= step).all()
    assert (np.abs(path - target) <= np.abs(before - target)).all()
    assert path[np.abs(before - target) <= step].tolist() == np.array(target)[np.abs(before - target) <= step].tolist()
    assert path.tolist() == plain(target, start, step)


@pytest.mark.parametrize("few", [0, 10**9])
@pytest.mark.parametrize("shape", [(1, 40), (30, 40), (5, 40, 3), (3, 1, 4), (0, 5), (4, 40, 1)])
def test_a_batch_equals_its_balloons_one_by_one(monkeypatch, shape, few):
    monkeypatch.setattr(memory, "_FEW", few)
    rng = np.random.default_rng(7)
    target = rng.uniform(0, 4, shape) * (rng.random(shape[:1] + (1,) * (len(shape) - 1)) < 0.7)
    start = rng.uniform(0, 1, (shape[0], *shape[2:]))
    path = follow(target, start, 0.3)
    assert path.shape == shape
    for i in np.ndindex(*start.shape):
        assert path[i[0], :, *i[1:]].tolist() == plain(target[i[0], :, *i[1:]].tolist(), start[i], 0.3)


@pytest.mark.parametrize("few", [0, 10**9])
def test_cutting_the_ticks_changes_no_bit(monkeypatch, few):
    monkeypatch.setattr(memory, "_FEW", few)
    rng = np.random.default_rng(8)
    target, start = rng.uniform(0, 4, (20, 50)), rng.uniform(0, 1, 20)
    target[:5] = np.cumsum(rng.uniform(-0.1, 0.1, (5, 50)), axis=1) + 2  # targets that are met in every tick
    first = follow(target[:, :17], start, 0.3)
    second = follow(target[:, 17:], first[:, -1], 0.3)
    assert np.concatenate([first, second], axis=1).tolist() == follow(target, start, 0.3).tolist()


def test_nothing_is_changed_in_place():
    target, start = np.array([[5.0, 0.0, 5.0]]), np.array([1.0])
    follow(target, start, 1)
    assert (target.tolist(), start.tolist()) == ([[5, 0, 5]], [1])


def test_swap_takes_what_the_balloon_has_not():
    assert swapped(np.array([3.0, 1.0, 0.0]), np.array([1.0, 1.0, 2.0])).tolist() == [2, 0, 0]
