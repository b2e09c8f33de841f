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

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vmwidgets.model.errors import VmwidgetsError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_CLOSE = 1e-12
"""Relative gap between what is promised and the capacity at which the level counts as found."""
_FEW = 64
"""Numbers up to which a batch is solved faster by plain Python than by NumPy."""
_TINY = float(np.finfo(np.float64).tiny)


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
    if ceiling.ndim == 0:
        raise VmwidgetsError("ceiling has no axis of VMs")
    shape, n = ceiling.shape, len(ceiling)
    capacity = np.asarray(capacity, np.float64)
    weight, floor = np.asarray(weight, np.float64), np.asarray(floor, np.float64)
    _check("weight", weight, above_zero=True)
    _check("capacity", capacity)
    _check("floor", floor)
    _check("ceiling", ceiling, finite=False)
    if ceiling.size == 0:
        return ceiling.copy()
    columns = ceiling.reshape(n, -1)
    weight, floor = _as_columns("weight", weight, shape), _as_columns("floor", floor, shape)
    capacity = _fit("capacity", capacity, shape, shape[1:]).reshape(-1)
    solve = _share_few if columns.size <= _FEW else share_columns
    return solve(capacity, weight, floor, columns).reshape(shape)


def _check(name: str, values: Floats, *, above_zero: bool = False, finite: bool = True) -> None:
    # A comparison with NaN is false, and the least of numbers with a NaN among them is NaN.
    lowest = np.minimum.reduce(values, axis=None, initial=np.inf)
    if above_zero and not lowest > 0:
        raise VmwidgetsError("a {name} is zero, negative or not a number", name=name)
    if not lowest >= 0:
        raise VmwidgetsError("a {name} is negative or not a number", name=name)
    if finite and not np.maximum.reduce(values, axis=None, initial=0.0) < np.inf:
        raise VmwidgetsError("a {name} is infinite", name=name)


def _as_columns(name: str, values: Floats, shape: tuple[int, ...]) -> Floats:
    """Lay values out for the columns of a batch: one column that serves all, or one for each."""
    n = shape[0]
    if values.ndim == 0 or values.shape == (n,) + (1,) * (len(shape) - 1):
        return np.broadcast_to(values.reshape(-1, 1), (n, 1))
    return _fit(name, values, shape, shape).reshape(n, -1)


def _fit(name: str, values: Floats, ceiling: tuple[int, ...], shape: tuple[int, ...]) -> Floats:
    try:
        return np.broadcast_to(values, shape)
    except ValueError as error:
        raise VmwidgetsError(
            "{name} has the shape {shape}, which does not fit the ceiling's {ceiling}",
            name=name,
            shape=values.shape,
            ceiling=ceiling,
        ) from error


def _share_few(capacity: Floats, weight: Floats, floor: Floats, ceiling: Floats) -> Floats:
    """Solve a small batch column by column.

    NumPy needs about a microsecond to begin anything, and a slider on one host begins a hundred things. The steps are
    those of :func:`share_columns` in the same order, so the bits are the same.
    """
    x = np.empty_like(ceiling)
    for j, (whole, hi) in enumerate(zip(capacity.tolist(), ceiling.T.tolist(), strict=True)):
        w, lo = (a[:, j if a.shape[1] > 1 else 0].tolist() for a in (weight, floor))
        x[:, j] = _share_one(whole, w, lo, hi)
    return x


def _share_one(capacity: float, weight: list[float], floor: list[float], hi: list[float]) -> list[float]:
    if _add(hi) <= capacity:
        return hi
    lo = [b if b < a else a for a, b in zip(floor, hi, strict=True)]
    least = _add(lo)
    if least >= capacity:
        scale = capacity / max(least, _TINY)
        return [a * scale for a in lo]
    level, free, x = capacity / _add(weight), [True] * len(hi), lo
    for _ in range(len(hi) + 1):
        x = [a if level * w < a else b if level * w > b else level * w for w, a, b in zip(weight, lo, hi, strict=True)]
        gap = capacity - _add(x)
        if abs(gap) <= _CLOSE * capacity:
            break
        fixed, weights = 0.0, 0.0
        for i, bound in enumerate(hi if gap > 0 else lo):
            if free[i] and x[i] == bound:
                free[i] = False
            if free[i]:
                weights += weight[i]
            else:
                fixed += x[i]
        if weights > 0:
            level = (capacity - fixed) / weights
    return x


def _add(values: list[float]) -> float:
    """Add from first to last. `sum` compensates for rounding errors since Python 3.12, and NumPy does not."""
    total = 0.0
    for value in values:
        total += value
    return total


def _rows(values: Floats) -> Floats:
    """Add along axis 0 from first to last; NumPy's `sum` of a single column adds in another order."""
    if values.shape[1] == 1 and len(values):
        return np.add.accumulate(values[:, 0])[-1:]
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
        x[:, scarce[short]] = lo[:, short] * (whole[short] / np.maximum(least[short], _TINY))
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
    """Find the level of each column. All of them are scarce: sum(lo) < capacity < sum(hi)."""
    found = np.empty_like(capacity)
    where = np.arange(len(capacity), dtype=np.intp)  # the columns of `found` that are not left out yet
    level = capacity / _rows(weight)
    fixed = np.zeros(hi.shape, np.bool_)
    for _ in range(len(hi) + 1):  # each round fixes a VM, so there are never more
        x = weight * level
        np.maximum(x, lo, out=x)
        np.minimum(x, hi, out=x)
        gap = capacity - _rows(x)
        is_open = np.abs(gap) > _CLOSE * capacity
        left = np.count_nonzero(is_open)
        if left == 0:
            break
        if 2 * left <= len(where):  # leaving solved columns out costs three copies: worth it for half of them
            found[where] = level
            keep = np.flatnonzero(is_open)
            where, capacity, level = where[keep], capacity[keep], level[keep]
            gap, is_open = gap[keep], is_open[keep]
            weight, lo, hi, x = _columns(weight, keep), lo.take(keep, 1), hi.take(keep, 1), x.take(keep, 1)
            fixed = fixed.take(keep, 1)
        rising = gap > 0
        fixed |= (x == hi) & rising
        fixed |= (x == lo) & ~rising
        np.multiply(x, fixed, out=x)
        rest = capacity - _rows(x)
        np.multiply(weight, ~fixed, out=x)
        weights = _rows(x)
        # A solved column keeps its level, whatever the others still need: so it does not depend on them.
        np.divide(rest, weights, out=level, where=is_open & (weights > 0))
    found[where] = level
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
    if ((missing > len(values)) | (-missing > np.count_nonzero(whole, axis=0))).any():
        raise VmwidgetsError("the values add up to another total")
    remainder = values - down
    whole += _largest(remainder, missing)
    if (missing < 0).any():
        # Rounding errors can add up to a unit too many: the smallest remainders of those that have something give it.
        whole -= _largest(np.where(whole > 0, -remainder, -np.inf), -missing)
    return whole


def _largest(values: Floats, count: Ints) -> NDArray[np.bool_]:
    """Mark the ``count`` largest values of each column; among equal values, those that stand first."""
    ascending = np.sort(values, axis=0)
    place = np.clip(len(values) - count, 0, len(values) - 1)
    least = np.take_along_axis(ascending, place[None], axis=0)
    more, equal = values > least, values == least
    left = count - np.count_nonzero(more, axis=0)
    if (np.count_nonzero(equal, axis=0) > left).any():
        for i in range(len(equal)):  # row by row: NumPy's `cumsum` along axis 0 is far slower
            equal[i] &= left > 0
            left = left - equal[i]
    return more | equal
