"""Policies of reclaiming memory: whose memory a VMM takes, and how much of it.

They only propose, and they know amounts, never frames.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vmwidgets.model.errors import VmwidgetsError

Floats = NDArray[np.float64]

_TINY = float(np.finfo(np.float64).tiny)


# ------------------------------------------------------------------------------------------------- how much a VM gets
def idle_memory_tax(
    total: float, shares: ArrayLike, active: ArrayLike, tax: float, minimum: ArrayLike, maximum: ArrayLike
) -> Floats:
    """Divide memory by shares where an idle page costs its owner more: min-funding revocation, at rest.

    Memory is taken from the VM with the lowest ``rho = S / (P * (f + k * (1 - f)))`` with ``k = 1 / (1 - tax)`` (C. A.
    Waldspurger, OSDI 2002, section 5.2; S shares, P allocated, f the active part of it) until no VM pays less than
    another. Then every VM that is at neither bound has the same rho, and with the level ``L = 1 / rho`` its allocation
    is ``L * S`` while that is active memory, and beyond it grows k times slower. The sum over all VMs is piecewise
    linear in L; so the level is found exactly, between two of the points where some VM's slope changes.

    Parameters
    ----------
    total
        Memory to divide, in any unit.
    shares
        One per VM, above 0. Any of the arrays may be a number that serves all VMs.
    active
        What each VM really uses, in the unit of ``total``.
    tax
        From 0 (shares alone decide) to less than 1 (idle memory is reclaimed almost whole). ESX: 0.75.
    minimum, maximum
        What a VM gets in any case, and the most it gets (its size or its limit). A minimum above the maximum counts as
        the maximum; minima that do not fit shrink in proportion.

    Returns
    -------
    ndarray
        float64, one per VM. The sum is ``total``, or that of the maxima if it is less.

    Raises
    ------
    VmwidgetsError
        If a number is negative or not a number, shares are 0, or the tax is not below 1.
    """
    _, s, a, lo, hi = _per_vm(total=total, shares=shares, active=active, minimum=minimum, maximum=maximum)
    if not (s > 0).all():
        raise VmwidgetsError("a {name} is zero, negative or not a number", name="share")
    if not 0 <= tax < 1:
        raise VmwidgetsError("the tax is {value}, expected a number from 0 to less than 1", value=tax)
    lo = np.minimum(lo, hi)
    if _sum(lo) >= total:
        return _shrunk(lo, total)
    hi = np.minimum(hi, total)  # more than there is cannot be had: so an infinite maximum is allowed
    k = 1 / (1 - tax)
    bends = np.stack([lo, np.clip(a, lo, hi), hi])  # here the growth of a VM begins, slows down and ends
    levels = np.sort((np.where(bends <= a, bends, a + k * (bends - a)) / s).ravel())
    s, a, lo, hi = s[:, None], a[:, None], lo[:, None], hi[:, None]
    claims = s * levels
    grants = np.clip(np.where(claims <= a, claims, a + (claims - a) / k), lo, hi)
    grants = np.hstack([lo, grants, hi])
    sums = grants.sum(axis=0)
    if sums[-1] <= total:
        return hi[:, 0]
    i = int(np.argmax(sums >= total))  # not 0: the floors fit
    part = (total - sums[i - 1]) / (sums[i] - sums[i - 1])
    return grants[:, i - 1] + (grants[:, i] - grants[:, i - 1]) * part


def shares_per_page(shares: ArrayLike, allocated: ArrayLike, active: ArrayLike, tax: float) -> Floats:
    """Return rho of :func:`idle_memory_tax`, the price that each VM pays for its memory; infinite if it has none."""
    s, p, a = _per_vm(shares=shares, allocated=allocated, active=active)
    cost = np.minimum(p, a) + np.maximum(p - a, 0) / (1 - tax)
    return np.divide(s, cost, out=np.full(len(s), np.inf), where=cost > 0)


def dynamic_memory(
    total: float, demand: ArrayLike, buffer: ArrayLike, minimum: ArrayLike, maximum: ArrayLike, priority: ArrayLike
) -> Floats:
    """Divide memory as Hyper-V's Dynamic Memory does: demand and a buffer on top of it, the important VMs first.

    The target of a VM is ``demand * (1 + buffer)``, never below its minimum or above its maximum (Microsoft,
    Set-VMMemory reference). While all targets fit, priorities mean nothing. When memory is short, buffers are not
    maintained, and VMs of higher priority are served first (B. Armstrong, 2010-08-05). The order in between is an
    assumption: minima, then demands by priority, then buffers by priority; equals share in proportion to their lack.

    Parameters
    ----------
    total
        Memory to divide, in any unit.
    demand
        Memory that the guest has committed, one per VM. Any of the arrays may be a number that serves all VMs.
    buffer
        As a fraction of the demand. Hyper-V: 0.2, settable from 0.05 to 20.
    minimum, maximum
        What a VM gets in any case, and the most it gets. Minima that do not fit shrink in proportion.
    priority
        The larger, the more important.

    Returns
    -------
    ndarray
        float64, one per VM.

    Raises
    ------
    VmwidgetsError
        If a number is negative or not a number.
    """
    _, want, extra, lo, hi, rank = _per_vm(
        total=total, demand=demand, buffer=buffer, minimum=minimum, maximum=maximum, priority=priority
    )
    given = np.minimum(lo, hi)
    rest = total - _sum(given)
    if rest <= 0:
        return _shrunk(given, total)
    for goal in (np.clip(want, given, hi), np.clip(want * (1 + extra), given, hi)):
        for level in np.unique(rank)[::-1]:
            lack = np.where(rank == level, goal - given, 0.0)
            if (need := _sum(lack)) > rest:
                return given + lack * (rest / need)
            given = np.where(rank == level, goal, given)
            rest -= need
    return given


def _per_vm(**arrays: ArrayLike) -> list[Floats]:
    for name, values in arrays.items():
        if not (np.asarray(values, np.float64) >= 0).all():
            raise VmwidgetsError("a {name} is negative or not a number", name=name)
    return list(np.broadcast_arrays(*(np.atleast_1d(np.asarray(v, np.float64)) for v in arrays.values())))


def _sum(values: Floats) -> float:
    """Add from first to last, on every machine; NumPy's `sum` of one column adds in another order."""
    return float(np.add.accumulate(values)[-1]) if len(values) else 0.0


def _shrunk(floors: Floats, total: float) -> Floats:
    return floors * (total / max(_sum(floors), _TINY))
