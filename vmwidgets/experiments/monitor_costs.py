"""What an operation costs under binary translation and under hardware assistance, and what a program makes of it."""

from collections.abc import Mapping, Sequence
from itertools import combinations
from math import nan
from typing import TYPE_CHECKING

from vmwidgets.experiments.registry import experiment
from vmwidgets.experiments.rows import as_number, as_positive, show
from vmwidgets.model.costs import PROCESSORS, ROUND_TRIP, figure
from vmwidgets.model.errors import VmwidgetsError
from vmwidgets.stacks.bare_metal import BARE_METAL
from vmwidgets.stacks.papers import ADAMS
from vmwidgets.stacks.workstation import WORKSTATION

if TYPE_CHECKING:
    import pandas as pd

_ADAMS = ADAMS.source
MHZ = ADAMS.mhz
"""Clock of the host that was measured: a Pentium 4 672."""
VMMS = ("native", "software", "hardware")
"""The machine itself, the VMM with binary translation, and the one with VT-x and shadow page tables."""
_MEASURED = (
    (BARE_METAL.costs, "none"),
    (WORKSTATION.costs, "binary_translation"),
    (WORKSTATION.costs, "trap_and_emulate"),
)
"""Where the records have the figures of `VMMS`, and for which technique."""
_OPERATIONS = {"syscall": "system_call", "ptemod": "page_table_update"}
"""Nanobenchmarks that records have under the name of an operation."""
NANOBENCHMARKS = {
    op: tuple(figure(costs, _OPERATIONS.get(op, op), ADAMS.cpu, technique).cycles for costs, technique in _MEASURED)
    for op in ("syscall", "in", "cr8wr", "callret", "pgfault", "divzero", "ptemod")
}
"""Cycles of an operation in the order of `VMMS` (Figure 4)."""
_PRINTED = {
    "in": ("native", "hardware"),
    "cr8wr": ("software",),
    "callret": VMMS,
    "pgfault": VMMS,
    "divzero": VMMS,
    "ptemod": ("software", "hardware"),
}
"""Which of them the text of section 6.3 prints; the others are read off the figure, within 0.2 %."""
_STEPS = {"entry": "VM entry", "exit": "{way} VM exit", ROUND_TRIP: "{way} round trip"}
_ZERO = 1e-9
"""A count below that is zero: float64 adds no more to it."""


@experiment(source=f"{_ADAMS}, Figure 4 and section 6.3")
def nanobenchmarks(vmm: str | Sequence[str] = VMMS, mhz: float = MHZ) -> "pd.DataFrame":
    """Tell what single operations cost on the machine, under binary translation and under VT-x.

    Parameters
    ----------
    vmm
        ``"native"``, ``"software"``, ``"hardware"``, or a list of them.
    mhz
        Clock that turns cycles into time. These are cycles of a processor of 2005: ratios, no forecast for another.

    Returns
    -------
    DataFrame
        One row per operation and VMM: ``op``, ``vmm``, ``cycles``, ``extra_cycles`` over native, ``ratio`` to native,
        ``ns``, ``kind`` (``"printed"`` or ``"digitised"``).
    """
    import pandas as pd

    chosen, clock = _vmms(vmm), as_positive("mhz", mhz)
    return pd.DataFrame(
        [
            {
                "op": op,
                "vmm": name,
                "cycles": cycles[VMMS.index(name)],
                "extra_cycles": _extra(op, name),
                "ratio": cycles[VMMS.index(name)] / cycles[0],
                "ns": 1000 * cycles[VMMS.index(name)] / clock,
                "kind": "printed" if name in _PRINTED.get(op, ()) else "digitised",
            }
            for op, cycles in NANOBENCHMARKS.items()
            for name in chosen
        ]
    )


@experiment(source="; ".join(dict.fromkeys(cost.source for cpu in PROCESSORS.values() for cost in cpu.costs)))
def exit_costs(cpu: str = "") -> "pd.DataFrame":
    """Tell what the way from a guest to its VMM and back costs on processors of which it was published.

    Parameters
    ----------
    cpu
        Part of a processor's name; empty for all.

    Returns
    -------
    DataFrame
        One row per published figure: ``cpu``, ``step``, ``low_cycles`` and ``high_cycles`` (equal but for a range),
        ``low_ns`` (missing where the source does not name the clock), ``source``. They are steps of different length,
        so rows of different steps cannot be compared.
    """
    import pandas as pd

    rows = [
        (
            processor.name,
            _STEPS.get(cost.step, cost.step).format(way=processor.way),
            cost.cycles,
            processor.most or cost.cycles,
            round(1000 * cost.us, 1) if cost.us else nan,
            cost.source,
        )
        for processor in PROCESSORS.values()
        if cpu.lower() in processor.name.lower()
        for cost in processor.costs
    ]
    if not rows:
        known = ", ".join(PROCESSORS)
        raise VmwidgetsError("{name} is {value}, expected one of {known}", name="cpu", value=show(cpu), known=known)
    return pd.DataFrame(rows, columns=["cpu", "step", "low_cycles", "high_cycles", "low_ns", "source"])


@experiment(
    source=f"{_ADAMS}, Figure 4",
    predicted="the overhead of any program whose operations are counted; the counts are input",
)
def op_counts_to_overhead(
    counts: Mapping[str, float], vmm: str | Sequence[str] = ("software", "hardware"), mhz: float = MHZ
) -> "pd.DataFrame":
    """Add up what the operations of a program cost more than on the machine: ``count * (cost - native cost) / clock``.

    Parameters
    ----------
    counts
        How often the program does each operation of the nanobenchmarks, as a mapping. What a program does, does not
        depend on the VMM: the same counts have to explain both.
    vmm
        ``"software"``, ``"hardware"`` or both; ``"native"`` has no overhead.
    mhz
        Clock of the host.

    Returns
    -------
    DataFrame
        One row per operation and VMM: ``op``, ``vmm``, ``count``, ``overhead_cycles``, ``overhead_s`` (negative where
        the VMM is faster than the machine), ``pct`` of the VMM's overhead.
    """
    import pandas as pd

    chosen, clock = _vmms(vmm), as_positive("mhz", mhz)
    for op in counts:
        if op not in NANOBENCHMARKS:
            raise VmwidgetsError(
                "{key} is not known here, expected {known}", key=show(op), known=", ".join(NANOBENCHMARKS)
            )
    if not counts:
        raise VmwidgetsError("{name} is empty", name="counts")
    done = {op: as_number(op, count) for op, count in counts.items()}
    total = {name: sum(count * _extra(op, name) for op, count in done.items()) for name in chosen}
    return pd.DataFrame(
        [
            {
                "op": op,
                "vmm": name,
                "count": count,
                "overhead_cycles": count * _extra(op, name),
                "overhead_s": count * _extra(op, name) / clock / 1e6,
                "pct": 100 * count * _extra(op, name) / total[name] if total[name] else nan,
            }
            for op, count in done.items()
            for name in chosen
        ]
    )


@experiment(
    source=f"{_ADAMS}, Figures 3 and 4",
    fitted="both overheads, which are input: two equations for two counts",
    predicted="which operations can be behind them, and which cannot",
)
def counts_that_explain(software_s: float = 128, hardware_s: float = 219, mhz: float = MHZ) -> "pd.DataFrame":
    """Find the counts of operations that explain the overhead of one program under both VMMs.

    Parameters
    ----------
    software_s, hardware_s
        Overhead under either VMM. The defaults are those of compiling Linux: 393 and 484 s instead of 265 s (Figure 3).
    mhz
        Clock of the host.

    Returns
    -------
    DataFrame
        One row per pair of operations that explains both, so that no count is negative: ``op_1``, ``count_1``,
        ``op_2``, ``count_2``. Two overheads do not fix seven counts, and mixtures of the rows explain them too. Empty
        if no counts do.
    """
    import pandas as pd

    scale = as_positive("mhz", mhz) * 1e6
    soft, hard = software_s * scale, hardware_s * scale
    rows: list[tuple[str, float, str, float]] = []
    for one, two in combinations(NANOBENCHMARKS, 2):
        a, b, c, d = (_extra(op, name) for name in ("software", "hardware") for op in (one, two))
        if (determinant := a * d - b * c) == 0:
            continue
        first, second = (soft * d - b * hard) / determinant, (a * hard - soft * c) / determinant
        if first >= -_ZERO and second >= -_ZERO:
            rows.append((one, max(first, 0.0), two, max(second, 0.0)))
    return pd.DataFrame(rows, columns=["op_1", "count_1", "op_2", "count_2"])


def _extra(op: str, vmm: str) -> float:
    cycles = NANOBENCHMARKS[op]
    return cycles[VMMS.index(vmm)] - cycles[0]


def _vmms(vmm: str | Sequence[str]) -> list[str]:
    chosen = [vmm] if isinstance(vmm, str) else list(vmm)
    for name in chosen:
        if name not in VMMS:
            raise VmwidgetsError(
                "{name} is {value}, expected one of {known}", name="vmm", value=show(name), known=", ".join(VMMS)
            )
    if not chosen:
        raise VmwidgetsError("{name} is empty", name="vmm")
    return chosen
