"""Vendors' arithmetic of shares, reservations, limits and pools."""

from collections.abc import Sequence
from math import inf
from typing import TYPE_CHECKING, cast

import numpy as np

from vmwidgets.experiments.registry import experiment
from vmwidgets.experiments.rows import POOL_SIZE, SHARES, Row, as_list, as_number, one_each, read_pools, read_vms, show
from vmwidgets.model.allocation import share
from vmwidgets.model.errors import VmwidgetsError, check_int
from vmwidgets.model.pools import Pool, share_tree

if TYPE_CHECKING:
    import pandas as pd

_DIGITS = 9
"""Decimals of a result: what float64 adds beyond them is rounding error."""


@experiment(source='F. Denneman, "Reservations and CPU scheduling", 2010-06-08, first worked example')
def mhz_entitlement(
    host_mhz: float = 6000,
    vms: Sequence[Row] = (
        {"name": "VM1", "shares": 1000, "demand": 500},
        {"name": "VM2", "shares": 1000, "reservation": 2250},
        {"name": "VM3", "shares": 2000},
    ),
) -> "pd.DataFrame":
    """Divide a host's processor time in MHz by shares, reservations, limits and demand.

    Parameters
    ----------
    host_mhz
        What the host has.
    vms
        A mapping per VM with ``name``, ``shares`` (1000 by default, or ``"low"``, ``"normal"``, ``"high"`` times
        ``vcpus``), ``reservation``, ``limit`` and ``demand`` in MHz. Without a demand a VM takes all it gets.

    Returns
    -------
    DataFrame
        One row per VM: ``vm``, ``shares``, ``reservation``, ``limit``, ``demand``, ``entitlement_mhz``.
    """
    import pandas as pd

    leaves = read_vms(vms, "cpu")
    parts = share_tree(as_number("host_mhz", host_mhz), Pool("host", children=leaves))
    return pd.DataFrame(
        {
            "vm": [leaf.name for leaf in leaves],
            "shares": [leaf.shares for leaf in leaves],
            "reservation": [leaf.reservation for leaf in leaves],
            "limit": [inf if leaf.limit is None else leaf.limit for leaf in leaves],
            "demand": [leaf.demand for leaf in leaves],
            "entitlement_mhz": [round(parts[leaf.name,].entitlement, _DIGITS) for leaf in leaves],
        }
    )


@experiment(
    source="Microsoft, WDK documentation, Hypervisor CPU Weight (ff538581), worked example; "
    "Linux, Documentation/admin-guide/cgroup-v2.rst, cpu.weight"
)
def relative_weights(
    weights: Sequence[float] = (100, 200, 700),
    logical_processors: int = 1,
    virtual_processors: int | Sequence[int] | None = 1,
    reserve_pct: float | Sequence[float] = 0,
    cap_pct: float | Sequence[float] = 100,
) -> "pd.DataFrame":
    """Divide logical processors among partitions (or control groups) that are all busy, by relative weight.

    Parameters
    ----------
    weights
        One per partition.
    logical_processors
        Processors that the machine has.
    virtual_processors
        How many a partition can use at the same time, one number for all or one each; ``None``: any number, as a
        control group with many threads.
    reserve_pct, cap_pct
        The least and the most a partition gets, in percent of its own virtual processors, for all or each.

    Returns
    -------
    DataFrame
        One row per partition: ``partition``, ``weight``, ``share_pct`` of all logical processors, ``processors``.
    """
    import pandas as pd

    check_int("logical_processors", logical_processors, 1, 4096)
    n = len(as_list("weights", weights))
    if n == 0:
        raise VmwidgetsError("{name} is empty", name="weights")
    weight = [as_number("weight", value) for value in weights]
    count = logical_processors if virtual_processors is None else virtual_processors
    own = [check_int("virtual_processors", value, 1, 4096) for value in one_each("virtual_processors", count, n)]
    floor = [as_number("reserve_pct", pct, 100) for pct in one_each("reserve_pct", reserve_pct, n)]
    most = [as_number("cap_pct", pct, 100) for pct in one_each("cap_pct", cap_pct, n)]
    # In percent of a processor from the start: 100 and 700 of 1000 are then 10 and 70, without a rounding error.
    got = share(100 * logical_processors, weight, np.multiply(floor, own), np.multiply(most, own))
    return pd.DataFrame(
        {
            "partition": [f"partition {i + 1}" for i in range(n)],
            "weight": list(weights),
            "share_pct": np.round(got / logical_processors, _DIGITS),
            "processors": np.round(got / 100, _DIGITS),
        }
    )


@experiment(
    source='F. Denneman, "vSphere 7 DRS Scalable Shares Deep Dive", 2020-05-27; '
    "vSphere 7.0 Resource Management guide, Share Values"
)
def resource_pools(
    total: float = 100,
    pools: Sequence[Row] = (
        {"name": "High", "shares": "high", "vms": 6, "vcpus": 2},
        {"name": "Normal", "shares": "normal", "vms": 2, "vcpus": 2},
    ),
    scalable: bool = False,
    resource: str = "cpu",
) -> "pd.DataFrame":
    """Divide a cluster among pools and the VMs in them, with plain or with scalable shares.

    Parameters
    ----------
    total
        What the cluster has, in any unit (100 GHz in the source).
    pools
        A mapping per pool: ``name``; ``shares``, a number or ``"low"``, ``"normal"`` (default), ``"high"``; ``vms``,
        how many, or a list; ``pools``, a list of pools inside; ``reservation``; ``limit``. A VM is a mapping with
        ``name``, ``shares`` (a number or a level), ``vcpus`` (1), ``memory_mb`` (1024), ``demand`` (by default all it
        gets), ``reservation``, ``limit``; or just its shares. ``vcpus`` and ``memory_mb`` of a pool are the default of
        its VMs. A mapping with neither ``vms`` nor ``pools`` is a VM beside the pools.
    scalable
        Whether the shares of a pool follow the shares of what is in it.
    resource
        ``"cpu"`` or ``"memory"``: what the levels mean.

    Returns
    -------
    DataFrame
        One row per VM: ``pool`` (with its parents, ``"A/B"``), ``pool_shares`` (as they compete, scaled or not),
        ``vm``, ``shares``, ``entitlement`` in the unit of ``total``, ``entitlement_pct``.
    """
    import pandas as pd

    if resource not in SHARES:
        raise VmwidgetsError("resource is {kind}, expected one of {known}", kind=show(resource), known="cpu, memory")
    if not isinstance(cast(object, scalable), bool):
        raise VmwidgetsError("scalable is {value}, expected true or false", value=show(scalable))
    capacity = as_number("total", total)
    normal = SHARES[resource]["normal"] * POOL_SIZE[resource]
    parts = share_tree(capacity, Pool("cluster", children=read_pools(pools, resource)), scalable, normal)
    rows = [
        {
            "pool": "/".join(path[:-1]),
            "pool_shares": parts[path[:-1]].weight if path[:-1] else np.nan,
            "vm": path[-1],
            "shares": part.weight,
            "entitlement": round(part.entitlement, _DIGITS),
            "entitlement_pct": round(100 * part.entitlement / capacity, _DIGITS) if capacity else 0.0,
        }
        for path, part in parts.items()
        if part.is_vm
    ]
    return pd.DataFrame(rows, columns=["pool", "pool_shares", "vm", "shares", "entitlement", "entitlement_pct"])
