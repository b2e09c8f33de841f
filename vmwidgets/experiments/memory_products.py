"""What products do about memory: Hyper-V's Dynamic Memory, and each product's thresholds, options and overheads."""

from collections.abc import Sequence
from math import inf, nan
from typing import TYPE_CHECKING

from vmwidgets.experiments.registry import experiment
from vmwidgets.experiments.rows import as_number, as_numbers, one_each
from vmwidgets.model import reclaim
from vmwidgets.model.errors import check_int
from vmwidgets.model.units import MiB
from vmwidgets.stacks import MEMORY_FACTS
from vmwidgets.stacks import memory_profile as profile_of
from vmwidgets.stacks.hyperv import MINIMUM_UI, MINIMUM_UI_MB, SET_VM_MEMORY

if TYPE_CHECKING:
    import pandas as pd

_DIGITS = 9
MOST_MB = 10**9
"""The most memory that is divided, a petabyte: an assumption that no host has more."""
_ESX = "C. A. Waldspurger, Memory Resource Management in VMware ESX Server, OSDI 2002"
_VSPHERE = "VMware vSphere documentation"
_KSM = "Linux, Documentation/admin-guide/mm/ksm.rst"


@experiment(
    source=f"{SET_VM_MEMORY}; B. Armstrong, 2010-08-05 (memory priority); minimum RAM: {MINIMUM_UI}",
    predicted="the target of a VM while there is enough; who gets less where there is not",
)
def dynamic_memory(
    demand_mb: float | Sequence[float] = 1000,
    buffer_pct: int | Sequence[int] = 20,
    minimum_mb: float | Sequence[float] = MINIMUM_UI_MB,
    maximum_mb: float | Sequence[float] | None = None,
    priority: float | Sequence[float] = 50,
    total_mb: float | None = None,
) -> "pd.DataFrame":
    """Divide memory as Hyper-V's Dynamic Memory does: demand and a buffer on top of it, by priority if it is short.

    The target of a VM is its demand and the buffer, never below its minimum or above its maximum. While all targets
    fit, priorities mean nothing. If memory is short, buffers are not maintained, and who has a higher priority is
    served first; the order in which that is done here is an assumption, see
    :func:`vmwidgets.model.reclaim.dynamic_memory`.

    Parameters
    ----------
    demand_mb
        Memory that the guest has committed, one number or one for each VM.
    buffer_pct
        In per cent of the demand, 5 to 2000. This and the following: one number for all VMs or one each.
    minimum_mb, maximum_mb
        What a VM gets in any case, and the most it gets; without a maximum as much as it wants. A minimum above the
        maximum counts as the maximum.
    priority
        The larger, the more important. The default is an assumption without effect, as all have the same.
    total_mb
        Memory that there is for the VMs; left out: enough.

    Returns
    -------
    DataFrame
        One row per VM: ``vm``, ``priority``, ``demand_mb``, ``target_mb``, ``allocated_mb``, and ``buffer_mb`` (what
        is left of the buffer; negative where even the demand is not met).
    """
    import pandas as pd

    demand = as_numbers("demand_mb", demand_mb, MOST_MB)
    n = len(demand)
    buffers = [check_int("buffer_pct", value, 5, 2000) / 100 for value in one_each("buffer_pct", buffer_pct, n)]
    least = [as_number("minimum_mb", value, MOST_MB) for value in one_each("minimum_mb", minimum_mb, n)]
    most = [inf] * n
    if maximum_mb is not None:
        most = [as_number("maximum_mb", value, MOST_MB) for value in one_each("maximum_mb", maximum_mb, n)]
    ranks = [as_number("priority", value) for value in one_each("priority", priority, n)]
    targets = [
        min(max(want * (1 + buffer), low), high)
        for want, buffer, low, high in zip(demand, buffers, least, most, strict=True)
    ]
    total = sum(targets) if total_mb is None else as_number("total_mb", total_mb, MOST_MB)
    got = reclaim.dynamic_memory(total, demand, buffers, least, most, ranks)
    return pd.DataFrame(
        {
            "vm": [f"VM{i + 1}" for i in range(n)],
            "priority": ranks,
            "demand_mb": demand,
            "target_mb": [round(target, _DIGITS) for target in targets],
            "allocated_mb": got.round(_DIGITS),
            "buffer_mb": (got - demand).round(_DIGITS),
        }
    )


@experiment(
    source=f"{_ESX}, sections 3.2, 4.3, 5.3, 6.2 and 6.3; {_VSPHERE}; {SET_VM_MEMORY}; {_KSM}",
)
def memory_profile(product: str = "esx", host_mb: int = 32_768) -> "pd.DataFrame":
    """List how a product manages memory, as it is modelled here: thresholds with actions, options, and overheads.

    Parameters
    ----------
    product
        One of :data:`vmwidgets.stacks.MEMORY`.
    host_mb
        Memory of the host in MiB, for the thresholds.

    Returns
    -------
    DataFrame
        One row per fact: ``kind`` (``threshold``, ``option`` or ``overhead``), ``name``, ``value``, ``unit``,
        ``free_mb`` (of a threshold, on this host), ``actions`` (what is done below it), ``source``.
    """
    import pandas as pd

    profile, facts = profile_of(product), MEMORY_FACTS[product]
    memory_bytes = check_int("host_mb", host_mb, 16, 2**26) * MiB
    ladder = profile.ladder
    unit = "% of memory free" if ladder.base == "memory" else "% of minFree free"
    rows: list[dict[str, object]] = [
        {
            "kind": "threshold",
            "name": rung.name,
            "value": rung.permille / 10,
            "unit": unit,
            "free_mb": free / MiB,
            "actions": ", ".join(sorted(rung.actions)) or "none",
            "source": facts.ladder,
        }
        for rung, free in zip(ladder.rungs, ladder.thresholds(memory_bytes), strict=True)
    ]
    for kind, known in (("option", facts.options), ("overhead", facts.overheads)):
        for fact in known:
            value = fact.value(profile)
            about = {"kind": kind, "name": fact.name, "value": value, "unit": fact.unit}
            rows.append({**about, "free_mb": nan, "actions": "", "source": fact.source})
    return pd.DataFrame(rows)
