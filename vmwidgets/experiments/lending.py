"""Memory that is lent: who gets how much, when a host takes it back, how it sees what sleeps, and what that costs."""

from collections.abc import Sequence
from math import ceil, inf, sqrt
from typing import TYPE_CHECKING

import numpy as np

from vmwidgets.experiments.registry import experiment
from vmwidgets.experiments.rows import as_list, as_number, one_each, show
from vmwidgets.model.active_memory import Sampler
from vmwidgets.model.errors import VmwidgetsError, check_int
from vmwidgets.model.reclaim import idle_memory_tax, shares_per_page
from vmwidgets.model.units import GiB, KiB, MiB
from vmwidgets.stacks import MEMORY

if TYPE_CHECKING:
    import pandas as pd

_WALDSPURGER = "C. A. Waldspurger, Memory Resource Management in VMware ESX Server, OSDI 2002"
_DIGITS = 9
"""Decimals of a result: what float64 adds beyond them is rounding error."""


@experiment(
    source=f"{_WALDSPURGER}, section 5.2 and Figure 7",
    predicted="the allocation of each VM; the total and the active memory are input",
)
def idle_tax(
    total_mb: float = 344.3,
    active_mb: Sequence[float] = (10.0, 199.3),
    shares: float | Sequence[float] = 1000,
    tax: float = 0.75,
    minimum_mb: float | Sequence[float] = 0,
    maximum_mb: float | Sequence[float] = 256,
) -> "pd.DataFrame":
    """Divide memory among VMs by shares and by how much of it they use: the allocations at rest.

    Parameters
    ----------
    total_mb
        Memory that VMs can have. In the source it falls from 358 to 344.3 MB when the tax goes from 0 to 75 %, which is
        not explained there; so it is an input.
    active_mb
        What each VM really uses. A VM that uses all it gets has at least its maximum.
    shares, minimum_mb, maximum_mb
        One number for all VMs or one each.
    tax
        Idle memory tax, from 0 to less than 1.

    Returns
    -------
    DataFrame
        One row per VM: ``vm``, ``shares``, ``active_mb``, ``allocated_mb``, ``rho`` (shares per page, adjusted for idle
        pages: memory is taken from the lowest).
    """
    import pandas as pd

    active = _numbers("active_mb", active_mb)
    n = len(active)
    weights = [as_number("shares", value) for value in one_each("shares", shares, n)]
    floors = [as_number("minimum_mb", value) for value in one_each("minimum_mb", minimum_mb, n)]
    most = [as_number("maximum_mb", value) for value in one_each("maximum_mb", maximum_mb, n)]
    got = idle_memory_tax(as_number("total_mb", total_mb), weights, active, tax, floors, most)
    return pd.DataFrame(
        {
            "vm": [f"VM{i + 1}" for i in range(n)],
            "shares": weights,
            "active_mb": active,
            "allocated_mb": got.round(_DIGITS),
            "rho": shares_per_page(weights, got, active, tax).round(_DIGITS),
        }
    )


@experiment(
    source='F. Denneman, "Mem.MinFreePct sliding scale function", 2011-07-26; '
    '"vSphere 6 ESXi memory states and reclamation techniques", running-system.com'
)
def min_free(host_gb: float | Sequence[float] = 96) -> "pd.DataFrame":
    """Compute how much memory an ESXi host keeps free, and below which amounts its states begin.

    Parameters
    ----------
    host_gb
        Memory of the host in GiB, one number or a list.

    Returns
    -------
    DataFrame
        One row per host: ``host_gb``, ``min_free_mb``, and in MiB free ``clear_mb``, ``soft_mb``, ``hard_mb``,
        ``low_mb``.
    """
    import pandas as pd

    rows: list[dict[str, float]] = []
    ladder = MEMORY["esxi"].ladder
    for gb in _numbers("host_gb", host_gb, 1_000_000):
        size = round(gb * GiB)
        row = {"host_gb": gb, "min_free_mb": round(ladder.reserve_bytes(size) / MiB, 4)}
        for rung, free in list(zip(ladder.rungs, ladder.thresholds(size), strict=True))[1:]:
            row[f"{rung.name}_mb"] = round(free / MiB, 4)
        rows.append(row)
    return pd.DataFrame(rows)


@experiment(
    source=f"{_WALDSPURGER}, section 3.2 and Figure 2",
    fitted="configured with 128 and 256 MB: time with and without the disk; overhead at 128 MB: size of the kernel",
    predicted="overhead and throughput at all sizes in between",
)
def balloon_overhead(
    size_mb: float | Sequence[float] = (128, 160, 192, 224, 256),
    configured_mb: float = 256,
    file_set_mb: float = 300,
    cpu_ms_per_mb: float = 36.135,
    disk_ms_per_mb: float = 82.05,
    kernel_permille: float = 114.5,
) -> "pd.DataFrame":
    """Compare a VM that is configured with a size with a larger VM whose balloon takes it down to that size.

    A guest reads files that compete for its page cache. What the kernel does not need of its memory is cache, and the
    kernel's own tables grow with the memory that it was booted with, which a balloon does not change. A megabyte takes
    time on the processor, and if it is not in the cache, on the disk: ``throughput = 1 / (cpu + miss * disk)``.

    Parameters
    ----------
    size_mb
        Memory that the guest has, by configuration or by balloon; one number or a list.
    configured_mb
        Size of the VM with the balloon.
    file_set_mb
        Files that the workload reads, all with the same probability. An assumption: as long as they do not fit in the
        cache, only the ratio of ``disk_ms_per_mb`` to it matters.
    cpu_ms_per_mb, disk_ms_per_mb
        Time of a megabyte that is in the cache, and what it takes longer if it is not.
    kernel_permille
        Kernel memory that grows with configured memory, in per mille of it.

    Returns
    -------
    DataFrame
        One row per size: ``size_mb``, ``balloon_mb``, ``configured_mb_s``, ``ballooned_mb_s``, ``overhead_pct``, and
        ``fitted``: the columns of this row that the defaults were fitted to; the rest is predicted.
    """
    import pandas as pd

    full = as_number("configured_mb", configured_mb)
    files = _positive("file_set_mb", file_set_mb)
    cpu, disk = _positive("cpu_ms_per_mb", cpu_ms_per_mb), as_number("disk_ms_per_mb", disk_ms_per_mb)
    kernel = as_number("kernel_permille", kernel_permille, 1000) / 1000

    def speed(size: float, configured: float) -> float:
        cache = max(size - kernel * configured, 0)
        return 1000 / (cpu + max(1 - cache / files, 0) * disk)

    rows: list[dict[str, object]] = []
    for size in _numbers("size_mb", size_mb):
        if size > full:
            raise VmwidgetsError(
                "{name} is {value}, more than the {limit_name} of {limit}",
                name="size_mb",
                value=size,
                limit_name="configured_mb",
                limit=full,
            )
        alone, ballooned = speed(size, size), speed(size, full)
        fitted = {128: "configured_mb_s, overhead_pct", 256: "configured_mb_s"} if full == 256 else {}
        rows.append(
            {
                "size_mb": size,
                "balloon_mb": full - size,
                "configured_mb_s": alone,
                "ballooned_mb_s": ballooned,
                "overhead_pct": 100 * (1 - ballooned / alone),
                "fitted": fitted.get(int(size), "") if size == int(size) else "",
            }
        )
    return pd.DataFrame(rows)


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
    source=f"{_WALDSPURGER}, section 5.3 and Figure 6",
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

    pages = round(_positive("vm_mb", vm_mb) * MiB) // (4 * KiB)
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


@experiment(
    source="Linux kernel/fork.c, set_max_threads, and commit 6538b8ea; systemd, DefaultTasksMax; "
    "V. Zemtsov, zvlb.github.io, post of 2026-06-24"
)
def limits_frozen_at_boot(
    boot_mb: int = 2048, grown_mb: int = 16_384, stack_kib: int = 16, tasks_percent: int = 15
) -> "pd.DataFrame":
    """Compute the limits of tasks that a Linux guest derives from its memory, which it does once, as it boots.

    The kernel allows so many threads that their stacks take an eighth of memory, at least 20 and at most 2**30 - 1;
    systemd allows a unit a part of that, rounded down. A VM that grows afterwards keeps both. Memory that the kernel
    sets aside for itself before it counts is left out here, so a real guest has somewhat lower limits.

    Parameters
    ----------
    boot_mb, grown_mb
        Memory of the guest in MiB, as it boots and after it has grown by balloon or hotplug.
    stack_kib
        Kernel stack of a thread: 16 KiB on x86-64.
    tasks_percent
        DefaultTasksMax of systemd.

    Returns
    -------
    DataFrame
        One row per limit: ``limit``, ``at_boot``, ``after_growth`` (the same), ``after_reboot`` (what it would become).
    """
    import pandas as pd

    check_int("stack_kib", stack_kib, 4, 1024)
    check_int("tasks_percent", tasks_percent, 1, 100)
    boot = _max_threads(check_int("boot_mb", boot_mb, 16, 2**24), stack_kib)
    reboot = _max_threads(check_int("grown_mb", grown_mb, boot_mb, 2**24), stack_kib)
    before = {"kernel.threads-max": boot, "DefaultTasksMax": boot * tasks_percent // 100}
    after = {"kernel.threads-max": reboot, "DefaultTasksMax": reboot * tasks_percent // 100}
    return pd.DataFrame(
        {
            "limit": list(before),
            "at_boot": list(before.values()),
            "after_growth": list(before.values()),
            "after_reboot": list(after.values()),
        }
    )


@experiment(
    source="Linux, Documentation/admin-guide/mm/ksm.rst; "
    "VMware ESX Server 2.x administration manual, Mem/ShareScanTotal"
)
def ksm_pass(
    memory_gb: float | Sequence[float] = 20,
    pages_to_scan: int = 100,
    sleep_ms: float = 20,
    page_kib: int = 4,
    cost_us: float = 0,
) -> "pd.DataFrame":
    """Compute how long a scanner that looks for equal pages needs to see all of memory once.

    Parameters
    ----------
    memory_gb
        Memory to scan in GiB, one number or a list. Linux scans only what is marked as mergeable.
    pages_to_scan, sleep_ms
        Pages that are scanned at a time, and the pause after them. Linux: 100 and 20 (when KSM is switched on); ESX
        Server 2: 200 in a second.
    page_kib
        Size of a page.
    cost_us
        Processor time that a page takes; 0 gives the upper bound of the rate.

    Returns
    -------
    DataFrame
        One row per size: ``memory_gb``, ``pages``, ``pages_per_s``, ``pass_s``, ``pass_h``, ``cpu_pct`` (of one
        processor).
    """
    import pandas as pd

    check_int("pages_to_scan", pages_to_scan, 1, 10_000_000)
    check_int("page_kib", page_kib, 4, 2**20)
    work_ms = pages_to_scan * as_number("cost_us", cost_us) / 1000
    round_ms = as_number("sleep_ms", sleep_ms) + work_ms
    if round_ms == 0:
        raise VmwidgetsError("{name} is {value}, expected a number above 0", name="sleep_ms", value=show(sleep_ms))
    rate = pages_to_scan * 1000 / round_ms
    rows: list[dict[str, float]] = []
    for gb in _numbers("memory_gb", memory_gb, 1_000_000):
        pages = round(gb * GiB) // (page_kib * KiB)
        rows.append(
            {
                "memory_gb": gb,
                "pages": pages,
                "pages_per_s": rate,
                "pass_s": pages / rate,
                "pass_h": pages / rate / 3600,
                "cpu_pct": 100 * work_ms / round_ms,
            }
        )
    return pd.DataFrame(rows)


def _max_threads(memory_mb: int, stack_kib: int) -> int:
    """Return threads-max: MIN_THREADS is 20, MAX_THREADS is FUTEX_TID_MASK (Linux kernel/fork.c)."""
    return min(max(memory_mb * MiB // (8 * stack_kib * KiB), 20), 2**30 - 1)


def _numbers(name: str, value: float | Sequence[float], most: float = inf) -> list[float]:
    values = value if isinstance(value, Sequence) else [value]
    if not values:
        raise VmwidgetsError("{name} is empty", name=name)
    return [as_number(name, number, most) for number in values]


def _positive(name: str, value: object) -> float:
    if (number := as_number(name, value)) == 0:
        raise VmwidgetsError("{name} is {value}, expected a number above 0", name=name, value=show(value))
    return number


def _step(row: object) -> tuple[float, float, float]:
    values = as_list("schedule", row)
    if len(values) != 3:
        raise VmwidgetsError(
            "{name} has {count} values, expected {wanted}", name="schedule", count=len(values), wanted=3
        )
    begin, end, size = (as_number("schedule", value) for value in values)
    if begin >= end:
        raise VmwidgetsError("schedule goes from minute {begin} to minute {end}", begin=begin, end=end)
    return begin, end, size
