"""Counter-based random numbers: a pure function of seed, stream and tick.

A generator with a state would give a VM other numbers as soon as another VM is added or a tick is skipped. Here a
number depends on its own three coordinates only, so one VM's demand never moves because of another's.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX2 = np.uint64(0x94D049BB133111EB)


@lru_cache(maxsize=4096)
def fnv1a(text: str) -> int:
    """Return the 64-bit FNV-1a hash of a text (Fowler, Noll, Vo; draft-eastlake-fnv): the same in every process."""
    value = 0xCBF29CE484222325
    for byte in text.encode():
        value = (value ^ byte) * 0x100000001B3 % 2**64
    return value


def mix64(key: int, numbers: NDArray[np.int64]) -> NDArray[np.uint64]:
    """Return 64 random bits for each number: splitmix64 (Steele, Lea, Flood, OOPSLA 2014), started at ``key``."""
    start = np.uint64(key % 2**64)
    with np.errstate(over="ignore"):  # wrapping around is how the mixer works
        z = start + (numbers.astype(np.uint64) + np.uint64(1)) * _GOLDEN
        z = (z ^ (z >> np.uint64(30))) * _MIX1
        z = (z ^ (z >> np.uint64(27))) * _MIX2
    z ^= z >> np.uint64(31)
    return z


def mix_one(key: int, number: int) -> int:
    """Return 64 random bits for one number: what :func:`mix64` gives, for less than an array of one costs."""
    z = (key + (number + 1) * 0x9E3779B97F4A7C15) % 2**64
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 % 2**64
    z = (z ^ z >> 27) * 0x94D049BB133111EB % 2**64
    return z ^ z >> 31


def random_permille(seed: int, stream: str, ticks: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return one whole number from 0 to 999 for each tick.

    Parameters
    ----------
    seed, stream
        Any whole number from 0 to 2**63 - 1, and any text.
    ticks
        Whole numbers; the result has their shape.
    """
    return (mix64(_mixed(seed) ^ fnv1a(stream), ticks) % np.uint64(1000)).astype(np.int64)


@lru_cache(maxsize=64)
def _mixed(seed: int) -> int:
    """Mix a seed before a stream joins it: added as it is, seed 2 would be seed 1 one tick later."""
    return int(mix64(0, np.array([seed], np.int64))[0])
