"""Memory reclaimed in the fluid model: balloons that follow their targets, and swap for what they do not cover."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_FEW = 24
"""Up to here balloons are followed faster one by one in plain Python than all together in NumPy, tick by tick."""


def follow(target: Floats, start: Floats, step: float) -> Floats:
    """Let balloons follow their targets by at most ``step`` a tick, up or down.

    Parameters
    ----------
    target
        What the VMM asks for, shape (VM, tick, …): any further axes are a batch (hosts).
    start
        The balloons before the first tick, shape (VM, …).
    step
        The most that a balloon inflates or deflates in one tick.

    Returns
    -------
    ndarray
        The balloons after each tick, of the shape of ``target``.
    """
    if target.shape[1] == 1:
        path = np.maximum(target[:, 0], start - step)
        return np.minimum(path, start + step, out=path)[:, None]
    # A target that never moves by more than a step is met in every tick. The rest must go tick by tick.
    before = np.concatenate([start[:, None], target[:, :-1]], axis=1)
    met = target >= before - step
    met &= target <= before + step
    late = np.flatnonzero(~met.all(axis=tuple(range(1, met.ndim))))
    path = target.copy()
    if start[late].size <= _FEW:
        for i in late:
            for j in np.ndindex(*start.shape[1:]):
                path[i, :, *j] = _follow_one(target[i, :, *j].tolist(), float(start[i, *j]), step)
        return path
    goal = np.ascontiguousarray(np.moveaxis(target[late], 1, 0))
    now = start[late]
    lowest, highest = now - step, now + step
    for balloon in goal:  # in place
        np.maximum(balloon, lowest, out=balloon)
        np.minimum(balloon, highest, out=balloon)
        np.subtract(balloon, step, out=lowest)
        np.add(balloon, step, out=highest)
    path[late] = np.moveaxis(goal, 0, 1)
    return path


def _follow_one(target: list[float], now: float, step: float) -> list[float]:
    for t, goal in enumerate(target):
        if goal > now + step:
            now += step
        elif goal < now - step:
            now -= step
        else:
            now = goal
        target[t] = now
    return target


def swapped(short: Floats, balloon: Floats) -> Floats:
    """Return what must go to the swap file: what a VM is short of, beyond what its balloon has taken."""
    swap = short - balloon
    return np.maximum(swap, 0.0, out=swap)
