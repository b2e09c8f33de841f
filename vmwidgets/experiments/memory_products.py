"""What products do about memory: Hyper-V's Dynamic Memory, and each product's thresholds, options and overheads."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import inf, nan
from typing import TYPE_CHECKING

from vmwidgets.experiments.registry import experiment
from vmwidgets.experiments.rows import as_number, as_numbers, one_each
from vmwidgets.model import reclaim
from vmwidgets.model.errors import check_int
from vmwidgets.model.memory import MAX_REFS, MachineMemory
from vmwidgets.model.memory_profile import MemoryProfile
from vmwidgets.model.units import KiB, MiB
from vmwidgets.stacks import memory_profile as profile_of

if TYPE_CHECKING:
    import pandas as pd

_DIGITS = 9
_ESX = "C. A. Waldspurger, Memory Resource Management in VMware ESX Server, OSDI 2002"
_ESX_MANUAL = "ESX Server 2.x administration manual"
_VSPHERE = "VMware vSphere documentation"
_SET_VM_MEMORY = "Microsoft, Set-VMMemory reference"
_HYPERV_UI = "a blog of 2017, for the user interface"
_KSM = "Linux, Documentation/admin-guide/mm/ksm.rst"
_ASSUMED = "assumption"

_THRESHOLDS = {
    "esx": f"{_ESX}, section 6.3",
    "esxi": "vSphere 6 ESXi memory states and reclamation techniques, running-system.com; F. Denneman, 2011-07-26",
}
"""Sources of the ladders; that of another product is an assumption."""


@dataclass(frozen=True, slots=True)
class _Row:
    """A setting or a cost: its name and unit, where the model has it, and who says so."""

    name: str
    value: Callable[[MemoryProfile], object]
    unit: str
    source: str


def _percent(field: str) -> Callable[[MemoryProfile], object]:
    return lambda profile: getattr(profile, field) / 10


def _field(field: str) -> Callable[[MemoryProfile], object]:
    return lambda profile: getattr(profile, field)


_OPTIONS: dict[str, tuple[_Row, ...]] = {
    "esx": (
        _Row("Mem/IdleTax", _percent("idle_tax_permille"), "%", f"{_ESX}, section 5.2; {_ESX_MANUAL}"),
        _Row("balloon at most, of VM memory", _percent("balloon_limit_permille"), "%", _ASSUMED),
        _Row("Mem/ShareScanTotal", _field("scan_pages_per_s"), "pages/s", _ESX_MANUAL),
        _Row("Mem/ShareScanVM", _field("scan_vm_pages_per_s"), "pages/s", _ESX_MANUAL),
        _Row("page sharing", _field("sharing"), "", f"{_ESX}, section 4"),
        _Row("rebalancing interval", _field("rebalance_s"), "s", _ESX_MANUAL),
    ),
    "esxi": (
        _Row("Mem.CtlMaxPercent", _percent("balloon_limit_permille"), "%", _VSPHERE),
        _Row("compression cache, of VM memory", _percent("compression_permille"), "%", _VSPHERE),
        _Row("Mem.IdleTax", _percent("idle_tax_permille"), "%", _VSPHERE),
        _Row(
            "Mem.ShareForceSalting",
            lambda profile: 2 if profile.sharing == "within" else 0,
            "",
            "VMware KB 2080735: with 2, pages of different VMs are shared only if their salts match",
        ),
    ),
    "hyperv": (
        _Row("buffer", _percent("buffer_permille"), "%", _SET_VM_MEMORY),
        _Row("minimum RAM", lambda _: HYPERV_MINIMUM_MB, "MB", _HYPERV_UI),
        _Row("page sharing", _field("sharing"), "", _ASSUMED),
    ),
    "kvm": (
        _Row("page sharing (KSM run = 0)", _field("sharing"), "", _KSM),
        _Row("pages_to_scan * 1000 / sleep_millisecs", _field("scan_pages_per_s"), "pages/s", _KSM),
    ),
    "neutral": (
        _Row("idle tax", _percent("idle_tax_permille"), "%", f"{_ESX}, section 5.2"),
        _Row("balloon at most, of VM memory", _percent("balloon_limit_permille"), "%", _VSPHERE),
        _Row("page sharing", _field("sharing"), "", _ASSUMED),
    ),
}

HYPERV_MINIMUM_MB = 512
"""Minimum RAM that the user interface of Hyper-V proposes, as a blog of 2017 has it."""


def _frame_bytes(_profile: MemoryProfile) -> int:
    """Return what the model keeps for a frame so that it can be shared: content, references, and whose page it is."""
    machine = MachineMemory(1, 4 * KiB)
    return sum(array.itemsize for array in (machine.content, machine.refs, machine.owner, machine.gfn))


_OVERHEADS: dict[str, tuple[_Row, ...]] = {
    "esx": (
        # The guests' drivers follow their targets once in a step of the model, which is a second.
        _Row("balloon driver asks for its target", lambda _: 1, "1/s", f"{_ESX}, section 3.2"),
        _Row("page sharing, for each frame", _frame_bytes, "bytes", f"{_ESX}, section 4.3"),
        _Row(
            "page sharing, of machine memory",
            lambda profile: round(100 * _frame_bytes(profile) / (4 * KiB), 3),
            "%",
            f"{_ESX}, section 4.3: less than 0.5 %",
        ),
        _Row("page hash", lambda _: 8 * MachineMemory(1, 4 * KiB).content.itemsize, "bits", f"{_ESX}, section 4.3"),
        _Row("reference count", lambda _: MAX_REFS.bit_length(), "bits", f"{_ESX}, section 4.3"),
        _Row("pages sampled in a period", _field("sample_pages"), "pages", f"{_ESX}, section 5.3"),
        _Row("sampling period", _field("sample_period_s"), "s", f"{_ESX}, section 5.3"),
        _Row(
            "memory for a typical VM",
            lambda profile: profile.overhead_bytes / MiB,
            "MB",
            f"{_ESX}, section 6.2: of it 4 to 8 MB for the frame buffer",
        ),
        _Row("machine memory to start a VM", lambda _: "min + overhead", "", f"{_ESX}, section 6.2"),
        _Row(
            "swap space to start a VM",
            lambda profile: "max - min" if profile.reserves_swap else "none",
            "",
            f"{_ESX}, section 6.2",
        ),
        _Row("new machine pages are zeroed", _field("zero_on_allocate"), "", f"{_ESX}, section 6.2"),
    ),
}


@experiment(
    source=f"{_SET_VM_MEMORY}; B. Armstrong, 2010-08-05 (memory priority); minimum RAM: {_HYPERV_UI}",
    predicted="the target of a VM while there is enough; who gets less where there is not",
)
def dynamic_memory(
    demand_mb: float | Sequence[float] = 1000,
    buffer_pct: int | Sequence[int] = 20,
    minimum_mb: float | Sequence[float] = HYPERV_MINIMUM_MB,
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

    demand = as_numbers("demand_mb", demand_mb)
    n = len(demand)
    buffers = [check_int("buffer_pct", value, 5, 2000) / 100 for value in one_each("buffer_pct", buffer_pct, n)]
    least = [as_number("minimum_mb", value) for value in one_each("minimum_mb", minimum_mb, n)]
    most = (
        [inf] * n if maximum_mb is None else [as_number("maximum_mb", m) for m in one_each("maximum_mb", maximum_mb, n)]
    )
    ranks = [as_number("priority", value) for value in one_each("priority", priority, n)]
    targets = [
        min(max(want * (1 + buffer), low), high)
        for want, buffer, low, high in zip(demand, buffers, least, most, strict=True)
    ]
    total = sum(targets) if total_mb is None else as_number("total_mb", total_mb)
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
    source=f"{_ESX}, sections 3.2, 4.3, 5.3, 6.2 and 6.3; {_VSPHERE}; {_SET_VM_MEMORY}; {_KSM}",
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

    profile = profile_of(product)
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
            "source": _THRESHOLDS.get(product, _ASSUMED),
        }
        for rung, free in zip(ladder.rungs, ladder.thresholds(memory_bytes), strict=True)
    ]
    for kind, facts in (("option", _OPTIONS[product]), ("overhead", _OVERHEADS.get(product, ()))):
        for fact in facts:
            value = fact.value(profile)
            about = {"kind": kind, "name": fact.name, "value": value, "unit": fact.unit}
            rows.append({**about, "free_mb": nan, "actions": "", "source": fact.source})
    return pd.DataFrame(rows)
