"""Named, parameterised set-ups, each of which returns a table: ``vm.experiments.mhz_entitlement()``.

Each module holds experiments on one subject and loads on first use.
"""

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING

from vmwidgets.experiments.registry import REGISTRY, Experiment
from vmwidgets.model.errors import VmwidgetsError

if TYPE_CHECKING:
    import pandas as pd

_MODULES = {
    "sharing": ("mhz_entitlement", "relative_weights", "resource_pools"),
    "domains": ("weighted_domains",),
    "days": ("day_of_traces",),
    "exits": ("vm_exits",),
    "trapped": ("emulated_instructions",),
    "paging": ("page_walk",),
    "lending": (
        "idle_tax",
        "min_free",
        "balloon_overhead",
        "limits_frozen_at_boot",
    ),
    "sampling": ("active_memory_sampling",),
    "scanning": ("ksm_pass", "page_sharing"),
    "booting": ("boot_storm",),
    "memory_products": ("dynamic_memory", "memory_profile"),
    "scheduling": ("tick_theft", "slice_length", "wakeup_latency", "cpu_ready", "cap"),
    "host_programs": ("hosted",),
    "hosted_io": ("hosted_packet", "hosted_throughput"),
    "monitor_costs": ("nanobenchmarks", "exit_costs", "op_counts_to_overhead", "counts_that_explain"),
    "xen_2003": ("application_overheads", "lmbench_overheads", "network_overheads"),
    "hypercalls": ("hypercall_versus_io",),
    "channels": ("covert_channel",),
    "latencies": ("write_latencies",),
    "breaking": ("attack_matrix",),
    "mutating": ("mutated_attacks",),
    "defending": ("defence_costs",),
    "comparing": ("compare",),
    "crossing": ("operation_path",),
    "failing": ("failure_drill", "boot_line", "own_kernel"),
}
_HOME = {name: module for module, names in _MODULES.items() for name in names}

__all__ = ["Experiment", "get", "names", *_HOME]  # pyright: ignore[reportUnsupportedDunderAll]


def names() -> tuple[str, ...]:
    """Return the names of all experiments."""
    return tuple(_HOME)


def get(name: str) -> Experiment:
    """Return an experiment by its name.

    Raises
    ------
    VmwidgetsError
        If there is none of that name.
    """
    if type(name) is not str or name not in _HOME:
        shown = name[:60] if type(name) is str else repr(name)[:60]
        raise VmwidgetsError(
            "there is no experiment {name}, expected one of {known}", name=shown, known=", ".join(_HOME)
        )
    import_module(f"vmwidgets.experiments.{_HOME[name]}")
    return REGISTRY[name]


def __getattr__(name: str) -> "Callable[..., pd.DataFrame]":
    if name not in _HOME:
        raise AttributeError(f"there is no experiment {name!r}, expected one of {', '.join(_HOME)}")
    return get(name).run


def __dir__() -> list[str]:
    return sorted(__all__)
