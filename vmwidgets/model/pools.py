"""Pools inside pools: shares divide a pool's capacity among its children, from the top down.

A child is a VM or another pool, and siblings compete by their shares, whatever they are. So a VM's part depends on how
many others are in its pool: in a crowded pool of high shares it can get less than in a sparse one of normal shares.

Scalable shares (vSphere 7) undo that. The shares of a pool then follow the shares of what is in it: a pool of level
*normal* counts as much as its VMs would count outside, a *high* one twice and a *low* one half as much. So two equal
VMs in a high and in a normal pool get 2:1, however many others there are. Pools inside pools scale in the same way.
Sources: vSphere Web Services SDK Programming Guide 8.0, "Understanding Scalable Shares"; F. Denneman, "vSphere 7 DRS
Scalable Shares Deep Dive", 2020-05-27.
"""

from dataclasses import dataclass
from math import inf, isfinite

from vmwidgets.model.allocation import share
from vmwidgets.model.errors import VmwidgetsError

NORMAL_POOL_SHARES = 4000
"""CPU shares of a pool of level normal, which is sized as a VM with 4 vCPUs (vSphere 7.0 Resource Management guide)."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """A VM in a pool, as far as sharing is concerned.

    Parameters
    ----------
    name
        Unique among its siblings.
    shares
        Its weight among its siblings, above 0.
    demand
        What it would use; infinity if it takes all there is.
    reservation, limit
        The least it gets if it wants it, and the most; ``None``: no limit.
    """

    name: str
    shares: float
    demand: float = inf
    reservation: float = 0
    limit: float | None = None

    def __post_init__(self) -> None:
        _check(self.name, self.shares, self.reservation, self.limit)
        if not self.demand >= 0:
            raise VmwidgetsError("the demand of {name} is negative or not a number", name=self.name)


@dataclass(frozen=True, slots=True)
class Pool:
    """A pool: what its children share.

    Parameters
    ----------
    name
        Unique among its siblings.
    shares
        Its weight among its siblings, above 0; under scalable shares, multiplied by the shares of what is in it.
    reservation, limit
        As for a VM. What the children reserve is reserved for the pool too.
    children
        VMs and pools.
    """

    name: str
    shares: float = NORMAL_POOL_SHARES
    reservation: float = 0
    limit: float | None = None
    children: "tuple[Leaf | Pool, ...]" = ()

    def __post_init__(self) -> None:
        _check(self.name, self.shares, self.reservation, self.limit)
        seen = set[str]()
        for child in self.children:
            if child.name in seen:
                raise VmwidgetsError("there are two {name} in the pool {pool}", name=child.name, pool=self.name)
            seen.add(child.name)


@dataclass(frozen=True, slots=True)
class Part:
    """What a VM or a pool is entitled to, and the weight with which it competed.

    Parameters
    ----------
    weight
        Its shares among its siblings; for a pool under scalable shares, the scaled ones.
    entitlement
        Its part of the capacity.
    is_vm
        Whether it is a VM, not a pool.
    """

    weight: float
    entitlement: float
    is_vm: bool


def share_tree(
    total: float, root: Pool, scalable: bool = False, normal: float = NORMAL_POOL_SHARES
) -> dict[tuple[str, ...], Part]:
    """Divide a capacity in a tree of pools.

    Parameters
    ----------
    total
        What there is to divide.
    root
        The pool of everything; its shares do not matter.
    scalable
        Whether the shares of pools follow the shares of what is in them.
    normal
        The shares of a pool that scale by 1: those of level normal.

    Returns
    -------
    dict
        The part of each VM and each pool below the root, by its path: the names from the top down.
    """
    if not (isfinite(total) and total >= 0):
        raise VmwidgetsError("the capacity is {value}, expected a number from 0 on", value=total)
    parts: dict[tuple[str, ...], Part] = {}
    scale = normal if scalable else None
    _divide(min(total, _demand(root)), root, scale, (), parts)
    return parts


def _divide(
    capacity: float, pool: Pool, scale: float | None, path: tuple[str, ...], parts: dict[tuple[str, ...], Part]
) -> None:
    weights = [_weight(child, scale) for child in pool.children]
    ceilings = [_demand(child) for child in pool.children]
    # Who wants nothing gets nothing and changes nothing; an empty pool has not even a weight.
    active = [i for i, ceiling in enumerate(ceilings) if ceiling > 0]
    got = dict.fromkeys(range(len(weights)), 0.0)
    if active:
        x = share(
            capacity,
            [weights[i] for i in active],
            [_floor(pool.children[i]) for i in active],
            [ceilings[i] for i in active],
        )
        got.update(zip(active, x.tolist(), strict=True))
    for i, child in enumerate(pool.children):
        here = (*path, child.name)
        parts[here] = Part(weights[i], got[i], isinstance(child, Leaf))
        if isinstance(child, Pool):
            _divide(got[i], child, scale, here, parts)


def _weight(node: Leaf | Pool, scale: float | None) -> float:
    if scale is None or isinstance(node, Leaf):
        return float(node.shares)
    return node.shares / scale * sum(_weight(child, scale) for child in node.children)


def _demand(node: Leaf | Pool) -> float:
    wanted = node.demand if isinstance(node, Leaf) else sum(_demand(child) for child in node.children)
    return wanted if node.limit is None else min(wanted, node.limit)


def _floor(node: Leaf | Pool) -> float:
    """Return what is reserved and wanted: for a pool, its own reservation or those of its children."""
    reserved = node.reservation
    if isinstance(node, Pool):
        reserved = max(reserved, sum(_floor(child) for child in node.children))
    return min(reserved, _demand(node))


def _check(name: str, shares: float, reservation: float, limit: float | None) -> None:
    if not 0 < shares < inf:
        raise VmwidgetsError("the shares of {name} are {value}, expected a number above 0", name=name, value=shares)
    if not 0 <= reservation < inf:
        raise VmwidgetsError(
            "the reservation of {name} is {value}, expected a number from 0 on", name=name, value=reservation
        )
    if limit is not None and not limit >= 0:
        raise VmwidgetsError("the limit of {name} is {value}, expected a number from 0 on", name=name, value=limit)
