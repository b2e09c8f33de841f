"""How a host divides its resources among its VMs, tick by tick: what each wants, is entitled to and uses."""

from collections.abc import Sequence, Set
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vmwidgets.model.allocation import largest_remainder
from vmwidgets.model.bottleneck import Costs, solve
from vmwidgets.model.hardware import Hardware
from vmwidgets.model.history import INDEX, METRICS
from vmwidgets.model.memory_ticks import MemoryTicks
from vmwidgets.model.stack import Stack
from vmwidgets.model.vm import VM
from vmwidgets.model.workload import Demand

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Division:
    """The division of a host's resources, while nobody is created, changed or switched off.

    Parameters
    ----------
    hardware, stack
        What there is, and whose policies divide it.
    vms
        Among whom.
    seed, tick_s
        Key of all random numbers, and seconds of a tick.
    """

    hardware: Hardware
    stack: Stack
    vms: Sequence[VM]
    seed: int
    tick_s: int

    def metrics(self, first: int, space: Ints, stalled: Set[str], memory: MemoryTicks | None) -> Ints:
        """Return the metrics of ticks in which no disk overflows, int64 (metric, VM, tick).

        Parameters
        ----------
        first
            The first of the ticks.
        space
            What the disks take of the pool, in bytes, shape (VM, tick).
        stalled
            Names of the VMs that cannot go on because the pool is full.
        memory
            Memory page by page in these ticks; ``None``: it is divided like the other resources, by amounts.
        """
        vms, ticks = self.vms, space.shape[1]
        values = np.zeros((len(METRICS), len(vms), ticks), np.int64)
        if not vms:
            return values
        # A window is never solved one column wide: NumPy adds a single column in another order than several, and a
        # digest must not depend on how time was divided.
        at = first + np.arange(max(ticks, 2), dtype=np.int64)
        demand = [vm.workload.demand(vm, self.seed, at, self.tick_s) for vm in vms]
        out = np.zeros((len(METRICS), len(vms), len(at)), np.int64)
        page, hardware = self.hardware.page_bytes, self.hardware
        if memory:
            if ticks < len(at):
                memory = MemoryTicks(*(np.repeat(getattr(memory, f), len(at), axis=-1) for f in MemoryTicks.__slots__))
            memory.put(out)
            awake = memory.awake
            touches = _column([d.touches for d in demand])
            # A page that has to come from a disk takes the time of one operation of its own size.
            smallest = hardware.disk_bandwidth / hardware.disk_iops
            op_cost = 1.0 + _column([d.op_bytes for d in demand]) / smallest
            per_page = touches * (1.0 + page / smallest) / op_cost
            faults = Paging(per_page * memory.reads, per_page * memory.writes, touches * memory.cpu_s)
        else:
            wants = np.stack([np.minimum(d.active_bytes, vm.memory_bytes) for d, vm in zip(demand, vms, strict=True)])
            missing = self._divide_memory(out, wants) * _column([d.touches for d in demand])
            awake, nothing = np.ones((len(vms), 1)), np.zeros((len(vms), 1))
            faults = Paging(missing, nothing, nothing)
        awake = awake * np.array([[0.0 if vm.name in stalled else 1.0] for vm in vms])
        flow = solve(hardware, self.stack, _costs(vms, demand, hardware, faults, awake))
        cpu, entitled = flow.used["cpu"], _whole(flow.entitlement["cpu"], hardware.cpu_khz)
        used = np.minimum(_round(cpu), entitled)
        wanted = np.maximum(_round(flow.demand["cpu"]), entitled)
        tick_ms, vcpus = self.tick_s * 1000, np.array([[vm.vcpus] for vm in vms], np.int64)
        # A VM that another resource slows down waits and is not ready: only what the processor refuses counts.
        ready = (wanted - entitled) * tick_ms // hardware.clock_khz
        _put(out, "cpu", "khz", wanted, entitled, used)
        out[INDEX["cpu_ready_ms"]] = ready
        out[INDEX["cpu_steal_permille"]] = ready * 1000 // (tick_ms * vcpus)
        for resource, prefix, unit, capacity in (
            ("disk_io", "disk", "iops", hardware.disk_iops),
            ("network", "network", "bps", hardware.nic_bandwidth),
        ):
            share = _whole(flow.entitlement[resource], capacity)
            _put(
                out,
                prefix,
                unit,
                np.maximum(_round(flow.demand[resource]), share),
                share,
                np.minimum(_round(flow.used[resource]), share),
            )
        out[INDEX["disk_latency_us"]] = _round(flow.disk_latency_s * 1e6)
        out[INDEX["throughput_per_ks"]] = _round(flow.throughput * 1000)
        out[INDEX["latency_us"]] = _round(flow.latency_s * 1e6)
        out[INDEX["stalled"]] = np.array([[vm.name in stalled] for vm in vms], np.int64)
        values[:] = out[:, :, :ticks]
        values[INDEX["disk_space_bytes"]] = space
        return values

    def _divide_memory(self, out: Ints, wants_bytes: Ints) -> Floats:
        """Divide memory by amounts, as the other resources; return the part of the working set that is missing."""
        vms, hardware, page = self.vms, self.hardware, self.hardware.page_bytes
        wants = -(-wants_bytes // page)
        limit = np.floor(_column([_or_inf(vm.memory_limit_bytes) for vm in vms]) / page)
        given = self.stack.memory(
            float(hardware.guest_memory_bytes // page),
            _column([vm.memory_shares for vm in vms]),
            _column([-(-vm.memory_reservation_bytes // page) for vm in vms]),
            np.minimum(wants.astype(np.float64), limit),
        )
        pages = np.minimum(_whole(given, hardware.guest_memory_bytes // page), wants)
        _put(out, "memory", "bytes", wants * page, pages * page, pages * page)
        out[INDEX["memory_swapped_bytes"]] = (wants - pages) * page
        for metric in ("memory_active_bytes", "memory_estimate_bytes"):
            out[INDEX[metric]] = wants * page
        out[INDEX["memory_mapped_bytes"]] = pages * page
        return (wants - pages) / np.maximum(wants, 1)


def _put(out: Ints, prefix: str, unit: str, demand: Ints, entitlement: Ints, used: Ints) -> None:
    out[INDEX[f"{prefix}_demand_{unit}"]] = demand
    out[INDEX[f"{prefix}_entitlement_{unit}"]] = entitlement
    out[INDEX[f"{prefix}_used_{unit}"]] = used


def _column(values: list[float] | list[int]) -> Floats:
    return np.array(values, dtype=np.float64)[:, None]


def _or_inf(limit: int | None) -> float:
    return np.inf if limit is None else float(limit)


def _round(values: Floats) -> Ints:
    return np.rint(values).astype(np.int64)


def _whole(values: Floats, capacity: int) -> Ints:
    """Round shares to whole units that never add up to more than the capacity.

    Snapping to 1/1024 first keeps the last bit of a sum, which depends on the width of a vector, out of the result.
    """
    snapped = np.rint(values * 1024) / 1024
    return largest_remainder(snapped, np.minimum(np.rint(snapped.sum(axis=0)), capacity).astype(np.int64))


@dataclass(frozen=True, slots=True)
class Paging:
    """What missing pages cost each transaction, shape (VM, tick).

    Parameters
    ----------
    reads, writes
        Disk operations that it waits for, and that it leaves behind.
    cpu_s
        Processor seconds of page faults.
    """

    reads: Floats
    writes: Floats
    cpu_s: Floats


def _costs(vms: Sequence[VM], demand: list[Demand], hardware: Hardware, faults: Paging, awake: Floats) -> Costs:
    """Lay the VMs' demand out in columns; ``awake`` is the part of the time in which a VM runs."""
    smallest = hardware.disk_bandwidth / hardware.disk_iops  # bytes that pass in the time of the smallest operation
    return Costs(
        rate_per_s=np.stack([d.rate_per_s for d in demand]) * awake,
        clients=np.stack([d.clients for d in demand]).astype(np.float64) * awake,
        cpu_s=_column([d.cpu_us * 1e-6 for d in demand]) + faults.cpu_s,
        sync_ops=_column([d.sync_ops_permille / 1000 for d in demand]) + faults.reads,
        async_ops=_column([d.async_ops_permille / 1000 for d in demand]) + faults.writes,
        op_cost=1.0 + _column([d.op_bytes for d in demand]) / smallest,
        net_bytes=_column([d.net_bytes for d in demand]),
        vcpus=_column([vm.vcpus for vm in vms]),
        controls={
            "cpu": (
                _column([vm.cpu_shares for vm in vms]),
                _column([vm.cpu_reservation_mhz * 1000 for vm in vms]),
                _column([_or_inf(vm.cpu_limit_mhz) * 1000 for vm in vms]),
            ),
            "disk_io": (
                _column([vm.disk_shares for vm in vms]),
                _column([vm.disk_reservation_iops for vm in vms]),
                _column([_or_inf(vm.disk_limit_iops) for vm in vms]),
            ),
            "network": (
                _column([vm.network_shares for vm in vms]),
                _column([vm.network_reservation_bps for vm in vms]),
                _column([_or_inf(vm.network_limit_bps) for vm in vms]),
            ),
        },
    )
