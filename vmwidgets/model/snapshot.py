"""The immutable view of a host that charts, checks and tests read."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from vmwidgets.model.hardware import Hardware
from vmwidgets.model.history import INDEX, METRICS, Segment
from vmwidgets.model.vm import VM

RESOURCES = ("memory", "cpu", "disk", "disk_io", "network")
"""The five pools, in the order in which they are shown."""
USED = {
    "memory": "memory_used_bytes",
    "cpu": "cpu_used_khz",
    "disk": "disk_space_bytes",
    "disk_io": "disk_used_iops",
    "network": "network_used_bps",
}
"""The metric that says how much of a pool each VM has."""


@dataclass(frozen=True, slots=True)
class Pool:
    """One resource of the server. ``used + vmm + free == capacity``, always.

    Parameters
    ----------
    capacity, vmm, used, free
        All of it; the VMM's own part; what the VMs have; what is left.
    per_vm
        What each VM has, int64.
    """

    capacity: int
    vmm: int
    used: int
    free: int
    per_vm: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A host at one instant.

    Parameters
    ----------
    tick, tick_s
        Ticks that have passed, and the seconds of a tick.
    hardware, vms
        The server, and the VMs in the order of their creation.
    columns
        For every metric of :data:`vmwidgets.model.history.METRICS` a read-only int64 array with one value per VM.
    pools
        For every resource of :data:`RESOURCES` its :class:`Pool`.
    """

    tick: int
    tick_s: int
    hardware: Hardware
    vms: tuple[VM, ...]
    columns: Mapping[str, NDArray[np.int64]]
    pools: Mapping[str, Pool]

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of the VMs."""
        return tuple(vm.name for vm in self.vms)

    def __getitem__(self, metric: str) -> NDArray[np.int64]:
        return self.columns[metric]

    def of(self, name: str) -> dict[str, int]:
        """Return all metrics of one VM."""
        index = self.names.index(name)
        return {metric: int(column[index]) for metric, column in self.columns.items()}


def snapshot_of(segment: Segment, vms: tuple[VM, ...], hardware: Hardware, tick_s: int, column: int = 0) -> Snapshot:
    """Return one tick of a segment as a snapshot."""
    values = segment.values[:, :, column].copy()
    values.flags.writeable = False
    columns = {metric: values[INDEX[metric]] for metric in METRICS}
    capacity = {
        "memory": hardware.memory_bytes,
        "cpu": hardware.cpu_khz,
        "disk": hardware.disk_bytes,
        "disk_io": hardware.disk_iops,
        "network": hardware.nic_bandwidth,
    }
    pools: dict[str, Pool] = {}
    for resource in RESOURCES:
        # Memory below a whole page is nobody's, so it stays with the VMM.
        vmm = hardware.memory_bytes - hardware.guest_memory_bytes if resource == "memory" else 0
        per_vm = columns[USED[resource]]
        used = int(per_vm.sum())
        pools[resource] = Pool(capacity[resource], vmm, used, capacity[resource] - vmm - used, per_vm)
    return Snapshot(
        segment.first_tick + column, tick_s, hardware, vms, MappingProxyType(columns), MappingProxyType(pools)
    )
