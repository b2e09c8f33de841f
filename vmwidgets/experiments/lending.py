"""Memory that is lent: who gets how much, when a host takes it back, and what that costs."""

from collections.abc import Sequence
from math import inf
from typing import TYPE_CHECKING

from vmwidgets.experiments.registry import experiment
from vmwidgets.experiments.rows import as_number, as_numbers, as_positive, one_each
from vmwidgets.model.errors import check_int
from vmwidgets.model.reclaim import idle_memory_tax, shares_per_page
from vmwidgets.model.units import GiB, KiB, MiB
from vmwidgets.stacks import MEMORY

if TYPE_CHECKING:
    import pandas as pd

_WALDSPURGER = "C. A. Waldspurger, Memory Resource Management in VMware ESX Server, OSDI 2002"
_DIGITS = 9
"""Decimals of a result: what float64 adds beyond them is rounding error."""
_FIGURE_2_MB = 256
"""Size of the VM with the balloon in Figure 2."""
_FITTED = {"configured_mb_s": [(128, None), (256, None)], "overhead_pct": [(128, 128)]}
"""Sizes and balloons (None: any) of the values that the defaults of balloon_overhead were fitted to."""


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
    maximum_mb: float | Sequence[float] | None = None,
) -> "pd.DataFrame":
    """Divide memory among VMs by shares and by how much of it they use: the allocations at rest.

    Parameters
    ----------
    total_mb
        Memory that VMs can have. In the source it falls from 358 to 344.3 MB when the tax goes from 0 to 75 %, which is
        not explained there; so it is an input.
    active_mb
        What each VM really uses. A VM that uses all it gets has at least ``total_mb``.
    shares, minimum_mb, maximum_mb
        One number for all VMs or one each. Without a maximum a VM may get all there is.
    tax
        Idle memory tax, from 0 to less than 1.

    Returns
    -------
    DataFrame
        One row per VM: ``vm``, ``shares``, ``active_mb``, ``allocated_mb``, ``rho`` (shares per page, adjusted for idle
        pages: memory is taken from the lowest).
    """
    import pandas as pd

    active = as_numbers("active_mb", active_mb)
    n = len(active)
    weights = [as_number("shares", value) for value in one_each("shares", shares, n)]
    floors = [as_number("minimum_mb", value) for value in one_each("minimum_mb", minimum_mb, n)]
    most = (
        [inf] * n if maximum_mb is None else [as_number("maximum_mb", m) for m in one_each("maximum_mb", maximum_mb, n)]
    )
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
    for gb in as_numbers("host_gb", host_gb, 1_000_000):
        size = round(gb * GiB)
        row = {"host_gb": gb, "min_free_mb": round(ladder.reserve_bytes(size) / MiB, 4)}
        for rung, free in list(zip(ladder.rungs, ladder.thresholds(size), strict=True))[1:]:
            row[f"{rung.name}_mb"] = round(free / MiB, 4)
        rows.append(row)
    return pd.DataFrame(rows)


@experiment(
    source=f"{_WALDSPURGER}, section 3.2 and Figure 2",
    fitted="cpu_ms_per_mb and disk_ms_per_mb: the throughput of VMs configured with 128 and with 256 MB;"
    " kernel_permille: the overhead of a balloon that takes 128 of 256 MB",
    predicted="overhead and throughput at all sizes in between",
)
def balloon_overhead(
    size_mb: float | Sequence[float] = (128, 160, 192, 224, 256),
    balloon_mb: float | Sequence[float] | None = None,
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
    balloon_mb
        What the balloon takes, one number or one for each size: the VM with the balloon is configured with as much
        more. Left out: what lacks of the 256 MB of the source.
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

    files = as_positive("file_set_mb", file_set_mb)
    cpu, disk = as_positive("cpu_ms_per_mb", cpu_ms_per_mb), as_number("disk_ms_per_mb", disk_ms_per_mb)
    kernel = as_number("kernel_permille", kernel_permille, 1000) / 1000

    def speed(size: float, configured: float) -> float:
        cache = max(size - kernel * configured, 0)
        return 1000 / (cpu + max(1 - cache / files, 0) * disk)

    sizes, balloons = _sizes_and_balloons(size_mb, balloon_mb)

    rows: list[dict[str, object]] = []
    for size, balloon in zip(sizes, balloons, strict=True):
        alone, ballooned = speed(size, size), speed(size, size + balloon)
        fitted = [name for name, points in _FITTED.items() if (size, balloon) in points or (size, None) in points]
        rows.append(
            {
                "size_mb": size,
                "balloon_mb": balloon,
                "configured_mb_s": alone,
                "ballooned_mb_s": ballooned,
                "overhead_pct": 100 * (1 - ballooned / alone),
                "fitted": ", ".join(fitted),
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


def _sizes_and_balloons(
    size_mb: float | Sequence[float], balloon_mb: float | Sequence[float] | None
) -> tuple[list[float], list[float]]:
    """Return both as lists of one length; a single number serves all."""
    if balloon_mb is None:
        sizes = as_numbers("size_mb", size_mb, _FIGURE_2_MB)
        return sizes, [_FIGURE_2_MB - size for size in sizes]
    sizes, balloons = as_numbers("size_mb", size_mb), as_numbers("balloon_mb", balloon_mb)
    if not isinstance(size_mb, Sequence):
        sizes *= len(balloons)
    return sizes, [as_number("balloon_mb", balloon) for balloon in one_each("balloon_mb", balloon_mb, len(sizes))]


def _max_threads(memory_mb: int, stack_kib: int) -> int:
    """Return threads-max: MIN_THREADS is 20, MAX_THREADS is FUTEX_TID_MASK (Linux kernel/fork.c)."""
    return min(max(memory_mb * MiB // (8 * stack_kib * KiB), 20), 2**30 - 1)
