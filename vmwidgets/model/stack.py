"""A stack: the layers between hardware and guests, as a frozen record that chooses policies."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vmwidgets.model.allocation import share

Floats = NDArray[np.float64]
Policy = Callable[[float, Floats, Floats, Floats], Floats]
"""``policy(capacity, shares, reservation, demand)`` proposes what each VM gets.

``shares`` and ``reservation`` have the shape (VM, 1), ``demand`` (already within the limit) and the result have the
shape (VM, tick).
"""


def proportional_share(capacity: float, shares: Floats, reservation: Floats, demand: Floats) -> Floats:
    """Divide by shares under contention; reservations are floors, and what one VM leaves is lent to the others."""
    return share(capacity, shares, np.minimum(reservation, demand), demand)


def equal_share(capacity: float, shares: Floats, reservation: Floats, demand: Floats) -> Floats:
    """Divide evenly, whatever the shares and reservations: a policy for comparison."""
    return share(capacity, np.ones_like(shares), np.zeros_like(demand), demand)


@dataclass(frozen=True, slots=True)
class Stack:
    """A virtualization stack.

    Parameters
    ----------
    id
        Its key in :data:`vmwidgets.stacks.STACKS` and in saved experiments.
    name
        As people call it.
    type
        1: the VMM runs on the hardware; 2: the VMM is a program on a host OS.
    cpu, memory, disk, network
        The policies that divide each resource.
    """

    id: str
    name: str
    type: int
    cpu: Policy = proportional_share
    memory: Policy = proportional_share
    disk: Policy = proportional_share
    network: Policy = proportional_share
