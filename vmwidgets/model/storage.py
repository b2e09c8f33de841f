"""Disk space: thick and thin virtual disks in one pool, and the tick at which the pool overflows."""

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
SECONDS_PER_DAY = 86_400


def growth(
    used: Ints, size: Ints, thin: NDArray[np.bool_], per_day: Ints, first_tick: int, ticks: int, tick_s: int
) -> Ints:
    """Return the pool space that each virtual disk takes after each tick, if the pool is endless.

    Parameters
    ----------
    used, size, per_day
        Blocks written so far, size of the virtual disk and bytes of new blocks per day, shape (n,).
    thin
        Whether the disk grows with what is written; a thick one takes its whole size from the start.
    first_tick, ticks, tick_s
        The window, and the length of a tick in seconds.

    Returns
    -------
    ndarray
        int64, shape (n, ticks). What a day's growth leaves over is not lost: counted from tick 0, not tick by tick.
    """
    # Whole days and the rest of a day apart: the product of bytes and seconds would not fit into 64 bits.
    end = (first_tick + 1 + np.arange(ticks, dtype=np.int64)) * tick_s
    written = _written(per_day, end) - _written(per_day, np.array([first_tick * tick_s], dtype=np.int64))
    filled = np.minimum(used[:, None] + written, size[:, None])
    return np.where(thin[:, None], filled, size[:, None])


def _written(per_day: Ints, second: Ints) -> Ints:
    days, rest = second // SECONDS_PER_DAY, second % SECONDS_PER_DAY
    per_s, odd = per_day[:, None] // SECONDS_PER_DAY, per_day[:, None] % SECONDS_PER_DAY
    return per_day[:, None] * days + per_s * rest + odd * rest // SECONDS_PER_DAY


def overflow_tick(space: Ints, pool_bytes: int) -> int:
    """Return the first column of ``space`` whose sum exceeds the pool, or the number of columns if none does."""
    over = np.flatnonzero(space.sum(axis=0) > pool_bytes)
    return int(over[0]) if len(over) else space.shape[1]
