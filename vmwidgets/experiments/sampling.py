"""How a host sees what sleeps: estimating the active memory of a VM from outside."""

from collections.abc import Sequence
from math import ceil, sqrt
from typing import TYPE_CHECKING

import numpy as np

from vmwidgets.experiments.registry import experiment
from vmwidgets.experiments.rows import as_list, as_number, as_positive
from vmwidgets.model.active_memory import Sampler
from vmwidgets.model.errors import VmwidgetsError, check_int
from vmwidgets.model.units import KiB, MiB

if TYPE_CHECKING:
    import pandas as pd

FIGURE_6 = (
    (0, 8.5, 0),
    (8.6, 10.55, 50),
    (10.6, 12.5, 150),
    (12.55, 14.5, 200),
    (14.55, 17.6, 250),
    (17.65, 19.5, 200),
    (19.6, 21.5, 100),
    (21.6, 23.5, 200),
    (23.6, 27.55, 150),
    (27.6, 38.4, 0),
    (38.5, 40.4, 50),
    (40.5, 42.4, 150),
    (42.5, 44.4, 200),
)
"""The toucher of Waldspurger 2002, Figure 6: from minute, to minute, MB touched; digitised."""


@experiment(
    source="C. A. Waldspurger, Memory Resource Management in VMware ESX Server, OSDI 2002, section 5.3 and Figure 6",
    fitted="weight of the slow average: the fall after minute 27.6; of the fast one: a rise is seen within two periods",
    predicted="the steps of the estimate, its standard error, and that it is rather too high than too low",
)
def active_memory_sampling(
    schedule: Sequence[Sequence[float]] = FIGURE_6,
    vm_mb: float = 320,
    background_mb: float = 15,
    sample: int = 100,
    period_s: int = 30,
    seed: int = 1,
) -> "pd.DataFrame":
    """Estimate the active memory of a VM from a sample of its pages while a program in it touches more and less.

    Parameters
    ----------
    schedule
        What the program touches: a list of (from minute, to minute, MB).
    vm_mb, background_mb
        Size of the VM, and what its system touches all the time (10 to 20 MB in the source).
    sample, period_s
        Pages that are watched, and for how many seconds.
    seed
        Of the choice of pages.

    Returns
    -------
    DataFrame
        One row per period: ``minute`` (its end), ``touched_mb`` (by the program), ``active_mb`` (with the background),
        ``sampled_mb`` (this period's sample alone), ``slow_mb`` and ``fast_mb`` (the averages), ``estimate_mb``,
        ``error_mb`` (estimate less active), ``standard_error_mb`` (of one sample, derived).
    """
    import pandas as pd

    pages = round(as_positive("vm_mb", vm_mb) * MiB) // (4 * KiB)
    background = as_number("background_mb", background_mb)
    check_int("period_s", period_s, 1, 3600)
    steps = [_step(row) for row in as_list("schedule", schedule)]
    if not steps:
        raise VmwidgetsError("{name} is empty", name="schedule")
    sampler = Sampler(check_int("seed", seed, 0, 2**63 - 1), "VM", check_int("pages", pages, 1, 2**28), sample)
    mb = vm_mb / pages
    rows: list[dict[str, float]] = []
    for period in range(check_int("periods", ceil(max(end for _, end, _ in steps) * 60 / period_s), 1, 100_000)):
        begin, end = period * period_s / 60, (period + 1) * period_s / 60
        touched = max((size for first, last, size in steps if first < end and last > begin), default=0.0)
        active = min(round((background + touched) / mb), pages)
        hits = int(np.count_nonzero(sampler.choose(period) < active))
        sampler.close(hits)
        slow, fast = sampler.averages
        estimate = sampler.estimate()
        part = active / pages
        rows.append(
            {
                "minute": end,
                "touched_mb": touched,
                "active_mb": active * mb,
                "sampled_mb": hits / sampler.sample * vm_mb,
                "slow_mb": slow * mb,
                "fast_mb": fast * mb,
                "estimate_mb": estimate * mb,
                "error_mb": (estimate - active) * mb,
                "standard_error_mb": vm_mb * sqrt(part * (1 - part) / sampler.sample),
            }
        )
    return pd.DataFrame(rows)


def _step(row: object) -> tuple[float, float, float]:
    values = as_list("schedule", row)
    if len(values) != 3:
        raise VmwidgetsError(
            "{name} has {count} values, expected {wanted}", name="schedule", count=len(values), wanted=3
        )
    begin, end, size = (as_number("schedule", value) for value in values)
    if begin >= end:
        raise VmwidgetsError("{name} goes from minute {begin} to minute {end}", name="schedule", begin=begin, end=end)
    return begin, end, size
