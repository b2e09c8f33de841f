"""Weighted max-min sharing with floors and ceilings: for a host, for a window of ticks, for a fleet.

Each VM gets ``clip(level * weight, floor, ceiling)``, and the *level* is such that the whole capacity is handed out, or
every VM is at its ceiling. The level is the price of the resource, in units per share.

The solution is found by fixing variables (Bitran and Hax, Management Science 27(4), 1981). Divide what is left among
all VMs that are not fixed yet. If that promises less than the capacity, the true level is higher, and the VMs that are
full now stay full; if it promises more, those at their floors stay there. Fix them, divide again. Every round fixes at
least one VM, sums are taken afresh each round, and a handful of rounds is enough.

Sums run along axis 0, one VM after another, however many columns there are: so a window of ticks gives the same bits
as its ticks one by one.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vmwidgets.model.errors import VmwidgetsError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_CLOSE = 1e-12
"""Relative gap between what is promised and the capacity at which the level counts as found."""
_FEW = 16
"""Up to here one host is solved faster by plain Python than by NumPy."""


def share(capacity: ArrayLike, weight: ArrayLike, floor: ArrayLike, ceiling: ArrayLike) -> Floats:
    """Divide ``capacity`` among VMs by weight, between a floor and a ceiling each.

    Nothing is left idle while a VM wants more, and unused reservation is lent: a floor above the ceiling counts as the
    ceiling. Where the floors together exceed the capacity, all of them shrink in proportion.

    Parameters
    ----------
    capacity
        What there is to divide: a number, or an array of the shape of the batch.
    weight
        Shares, above 0. VM on axis 0; broadcast against ``ceiling``.
    floor
        What a VM gets in any case (its reservation). VM on axis 0; broadcast against ``ceiling``.
    ceiling
        What a VM can use (the smallest of demand, limit and size); infinity if it takes all there is. Shape (VM, …):
        any further axes are a batch (ticks, hosts), each column of which is solved on its own.

    Returns
    -------
    ndarray
        float64, of the shape of ``ceiling``.

    Raises
    ------
    VmwidgetsError
        If a weight is not above 0, or something is negative or not a number.
    """
    # C order, because NumPy adds rows one after another only if they lie so.
    ceiling = np.asarray(ceiling, np.float64, order="C")
    weight, floor = np.asarray(weight, np.float64), np.asarray(floor, np.float64)
    capacity = np.asarray(capacity, np.float64)
    if ceiling.ndim == 0:
        raise VmwidgetsError("ceiling has no axis of VMs")
    # `not >=` also refuses NaN
    if not (weight > 0).all() or np.isinf(weight).any():
        raise VmwidgetsError("a weight is not a number above 0")
    for name, values in (("capacity", capacity), ("floor", floor), ("ceiling", ceiling)):
        if not (values >= 0).all():
            raise VmwidgetsError("{name} is negative or not a number", name=name)
    if np.isinf(capacity).any() or np.isinf(floor).any():
        raise VmwidgetsError("capacity and floor must be finite")
    if ceiling.ndim == 1:
        if len(ceiling) <= _FEW:
            return _share_few(capacity, weight, floor, ceiling)
        weight, floor = _as_column(weight), _as_column(floor)
        return share_columns(capacity.reshape(1), weight, floor, ceiling[:, None])[:, 0]
    shape, n = ceiling.shape, len(ceiling)
    if ceiling.ndim > 2:
        weight, floor = (np.broadcast_to(a, shape).reshape(n, -1) for a in (weight, floor))
        ceiling = ceiling.reshape(n, -1)
    elif weight.ndim < 2 or floor.ndim < 2:
        weight, floor = np.broadcast_to(weight, shape), np.broadcast_to(floor, shape)
    return share_columns(np.broadcast_to(capacity, shape[1:]).reshape(-1), weight, floor, ceiling).reshape(shape)


def _as_column(values: Floats) -> Floats:
    return values[:, None] if values.ndim else values.reshape(1, 1)


def _share_few(capacity: Floats, weight: Floats, floor: Floats, ceiling: Floats) -> Floats:
    """Solve one host with few VMs: the same steps in the same order, so the same bits, without NumPy's overhead."""
    n = len(ceiling)
    hi: list[float] = ceiling.tolist()
    w: list[float] = np.broadcast_to(weight, (n,)).tolist()
    lo: list[float] = [min(f, h) for f, h in zip(np.broadcast_to(floor, (n,)).tolist(), hi, strict=True)]
    whole = float(capacity)
    if _add(hi) <= whole:
        return ceiling.copy()
    least = _add(lo)
    if least >= whole:
        scale = whole / least if least > 0 else 0.0
        return np.array([v * scale for v in lo])
    free, fixed, x = [True] * n, 0.0, lo
    weights = _add(w)
    for _ in range(n + 1):
        level = (whole - fixed) / weights
        x = [min(max(level * v, a), b) for v, a, b in zip(w, lo, hi, strict=True)]
        gap = whole - _add(x)
        if abs(gap) <= _CLOSE * whole:
            break
        bound = hi if gap > 0 else lo
        free = [f and v != b for f, v, b in zip(free, x, bound, strict=True)]
        fixed = _add([0.0 if f else v for f, v in zip(free, x, strict=True)])
        weights = _add([v if f else 0.0 for f, v in zip(free, w, strict=True)])
        if weights <= 0:
            break
    return np.array(x)


def _add(values: Sequence[float]) -> float:
    """Add from first to last. `sum` compensates for rounding errors since Python 3.12, and NumPy does not."""
    total = 0.0
    for value in values:
        total += value
    return total


def _rows(values: Floats) -> Floats:
    """Add along axis 0 from first to last; NumPy's `sum` of a single column adds in another order."""
    if values.shape[1] == 1 and len(values):
        return np.add.accumulate(values, axis=0)[-1]
    return np.add.reduce(values, axis=0)


def share_columns(capacity: Floats, weight: Floats, floor: Floats, ceiling: Floats) -> Floats:
    """Solve a batch without checking it, see :func:`share`.

    Parameters
    ----------
    capacity
        Shape (B,).
    weight, floor
        Shape (n, B) or (n, 1).
    ceiling
        Shape (n, B), in C order.
    """
    scarce = np.flatnonzero(_rows(ceiling) > capacity)
    if not len(scarce):
        return ceiling.copy()
    lo = np.minimum(_columns(floor, scarce), hi := ceiling.take(scarce, axis=1))
    least, whole = _rows(lo), capacity[scarce]
    short = least >= whole
    if short.any():  # floors that do not fit shrink together
        enough = capacity.copy()
        enough[scarce[short]] = np.inf
        x = share_columns(enough, weight, floor, ceiling)
        x[:, scarce[short]] = lo[:, short] * (whole[short] / np.maximum(least[short], np.finfo(np.float64).tiny))
        return x
    # Only the level goes back to the whole batch: one row instead of n. Where there is enough, it is infinite.
    level = np.full(len(capacity), np.inf)
    level[scarce] = _levels(whole, _columns(weight, scarce), lo, hi)
    x = weight * level
    np.maximum(x, floor, out=x)
    return np.minimum(x, ceiling, out=x)


def _columns(values: Floats, at: NDArray[np.intp]) -> Floats:
    return values if values.shape[1] == 1 else values.take(at, axis=1)


def _levels(capacity: Floats, weight: Floats, lo: Floats, hi: Floats) -> Floats:
    """Find the level of each column, all of which are scarce: sum(lo) < capacity < sum(hi)."""
    found = np.empty(len(capacity))
    at = np.arange(len(capacity), dtype=np.intp)  # where the columns that are still open came from
    weights = _rows(weight)
    level = capacity / weights
    fixed = np.zeros(hi.shape, np.bool_)
    for _ in range(len(hi) + 1):
        x = weight * level
        np.maximum(x, lo, out=x)
        np.minimum(x, hi, out=x)
        gap = capacity - _rows(x)
        is_open = np.abs(gap) > _CLOSE * capacity
        found[at] = level
        keep = np.flatnonzero(is_open)
        if not len(keep):
            break
        if len(keep) < len(at):
            at, capacity, gap, level = at[keep], capacity[keep], gap[keep], level[keep]
            weight = _columns(weight, keep)
            lo, hi, x = lo.take(keep, axis=1), hi.take(keep, axis=1), x.take(keep, axis=1)
            fixed = fixed.take(keep, axis=1)
        more = gap > 0
        fixed |= (x == hi) & more
        fixed |= (x == lo) & ~more
        weights = _rows(weight * ~fixed)
        x *= fixed
        left = capacity - _rows(x)
        level = np.divide(left, weights, out=level.copy(), where=weights > 0)
    return found


def largest_remainder(values: ArrayLike, total: ArrayLike | None = None) -> Ints:
    """Round shares to whole numbers that add up to ``total``, along axis 0.

    Every value is rounded down, and the units that are missing go to the largest remainders (Hamilton's method);
    among equal remainders to the VM that stands first.

    Parameters
    ----------
    values
        Shares, not negative. Shape (VM, …).
    total
        Whole numbers to reach, a number or of the shape of the batch; by default the rounded sum.

    Raises
    ------
    VmwidgetsError
        If the values are negative or not finite, or add up to something else than ``total`` by more than a unit each.
    """
    values = np.asarray(values, np.float64)
    if not ((values >= 0) & (values < 2.0**62)).all():
        raise VmwidgetsError("{name} is negative or not a number", name="values")
    down = np.floor(values)
    whole = down.astype(np.int64)
    if total is None:
        total = np.rint(values.sum(axis=0))
    missing = np.asarray(total).astype(np.int64) - whole.sum(axis=0)
    if not missing.any():
        return whole
    if (np.abs(missing) > len(values)).any():
        raise VmwidgetsError("the shares add up to something else than their total")
    remainder = values - down
    order = np.argsort(-remainder, axis=0, kind="stable")
    rank = np.empty_like(order)
    places = np.arange(len(values), dtype=np.intp).reshape(-1, *[1] * (values.ndim - 1))
    np.put_along_axis(rank, order, np.broadcast_to(places, values.shape), axis=0)
    whole += rank < missing
    if (missing < 0).any():
        # Rounding errors can add up to a unit too many: the smallest remainders of those that have something give it.
        order = np.argsort(np.where(whole > 0, remainder, np.inf), axis=0, kind="stable")
        np.put_along_axis(rank, order, np.broadcast_to(places, values.shape), axis=0)
        whole -= rank < -missing
    return whole
