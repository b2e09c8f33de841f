"""Processor, disk and network together: which resource holds each VM back, and how fast it goes.

Operational analysis (Denning and Buzen 1978; Lazowska et al., Quantitative System Performance, 1984, chapter 5): a VM
whose transaction costs ``D_r`` seconds of resource ``r`` and that is given the part ``x_r`` of it completes at most
``x_r / D_r`` transactions per second; ``N`` clients that wait for every transaction complete at most ``N / sum D_r``.
The smallest of these bounds is its throughput, and by Little's law ``N / throughput`` is the time one client waits.

The parts ``x_r`` come from the stack's policies. A VM that the disk holds back does not want the processor time it
could have had, so the policies are asked again with that smaller demand, and again, until no bound moves. This is why
a synchronous-disk-bound VM gets nothing from a larger CPU weight: the disk, not the processor, is its bottleneck.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vmwidgets.model.hardware import Hardware
from vmwidgets.model.stack import Stack

Floats = NDArray[np.float64]
_ROUNDS = 12
"""Rounds of asking the policies again. Two or three settle every ordinary case; all VMs keep a feasible share."""
_BUSIEST = 0.98
"""An open queue is charged as if it were never busier than this: beyond, its length would grow without bound."""


@dataclass(frozen=True, slots=True)
class Costs:
    """Service demands and controls of n VMs; every array is float64 and has the shape (n, 1) or (n, ticks).

    Parameters
    ----------
    rate_per_s, clients
        Arrivals of the open workloads; clients of the closed ones (0 where open).
    cpu_s
        Processor seconds of a transaction.
    sync_ops, async_ops, op_cost
        Disk operations of a transaction, and how many smallest operations one of them counts for.
    net_bytes
        Network bytes of a transaction.
    vcpus
        Virtual processors: the most processor time a VM can use at once, in processors.
    controls
        For ``"cpu"`` (kHz), ``"disk_io"`` (operations/s) and ``"network"`` (bytes/s): shares, reservation, limit.
    """

    rate_per_s: Floats
    clients: Floats
    cpu_s: Floats
    sync_ops: Floats
    async_ops: Floats
    op_cost: Floats
    net_bytes: Floats
    vcpus: Floats
    controls: dict[str, tuple[Floats, Floats, Floats]]


@dataclass(frozen=True, slots=True)
class Flow:
    """What the VMs want, are entitled to and get; every array has the shape (n, ticks).

    ``demand``, ``entitlement`` and ``used`` are per resource: kHz, smallest operations/s, bytes/s.
    """

    throughput: Floats
    demand: dict[str, Floats]
    entitlement: dict[str, Floats]
    used: dict[str, Floats]
    latency_s: Floats
    disk_latency_s: Floats


def _seek_cost(hardware: Hardware, ops: Floats) -> Floats:
    """Return what the head movement between VMs adds to each operation, in smallest operations, per tick.

    Of two operations in a row the second comes from another VM with the probability ``1 - sum p_i^2``, where ``p_i``
    are the VMs' parts of all operations.
    """
    total = ops.sum(axis=0)
    part = ops / np.where(total > 0, total, 1.0)
    return hardware.disk_seek_us * 1e-6 * hardware.disk_iops * np.maximum(1.0 - (part * part).sum(axis=0), 0.0)


def solve(hardware: Hardware, stack: Stack, costs: Costs) -> Flow:
    """Return the flow of every VM in every tick; ticks are independent of each other."""
    clock = float(hardware.clock_khz)
    shape = np.broadcast_shapes(costs.rate_per_s.shape, costs.clients.shape, costs.sync_ops.shape, costs.vcpus.shape)
    ops = costs.sync_ops + costs.async_ops
    closed = costs.clients > 0
    capacity = {
        "cpu": float(hardware.cpu_khz),
        "disk_io": float(hardware.disk_iops),
        "network": float(hardware.nic_bandwidth),
    }
    policy = {"cpu": stack.cpu, "disk_io": stack.disk, "network": stack.network}
    at_most = np.minimum(costs.vcpus, np.where(closed, costs.clients, np.inf))  # one client keeps one vCPU busy
    caps = {name: np.full(shape, np.inf) for name in capacity}  # what each resource lets through, in transactions
    demand: dict[str, Floats] = {}
    share: dict[str, Floats] = {}
    op_cost = np.broadcast_to(costs.op_cost, shape)
    wish = np.zeros(shape)
    per = {"cpu": np.broadcast_to(costs.cpu_s * clock, shape), "network": np.broadcast_to(costs.net_bytes, shape)}
    for _ in range(_ROUNDS):
        before = caps.copy()
        # A client spends the time of its own processor use and of its own operations, however empty the host is.
        alone = costs.cpu_s + costs.sync_ops * op_cost / hardware.disk_iops
        wish = np.where(closed, costs.clients / alone, costs.rate_per_s)
        wish = np.minimum(np.broadcast_to(wish, shape), at_most / costs.cpu_s)
        per["disk_io"] = np.broadcast_to(ops * op_cost, shape)
        for name in capacity:
            shares, reservation, limit = costs.controls[name]
            others = [cap for other, cap in caps.items() if other != name]
            wanted = np.minimum(np.minimum(wish, others[0]), others[1])
            demand[name] = wanted * per[name]
            share[name] = policy[name](capacity[name], shares, reservation, np.minimum(demand[name], limit))
            held_back = share[name] < demand[name] * (1 - 1e-9)
            caps[name] = np.where(held_back, share[name] / np.where(per[name] > 0, per[name], 1.0), np.inf)
        if hardware.disk_seek_us:
            through = np.minimum(wish, np.minimum(np.minimum(caps["cpu"], caps["disk_io"]), caps["network"]))
            op_cost = costs.op_cost + _seek_cost(hardware, through * ops)
        elif all(np.array_equal(caps[name], before[name]) for name in caps):
            break
    throughput = np.minimum(wish, np.minimum(np.minimum(caps["cpu"], caps["disk_io"]), caps["network"]))
    used = {name: np.minimum(throughput * per[name], share[name]) for name in capacity}
    latency, disk_latency = _latencies(
        hardware, costs, throughput, demand["cpu"], share["cpu"], used["disk_io"], op_cost
    )
    return Flow(throughput, demand, share, used, latency, disk_latency)


def _latencies(
    hardware: Hardware,
    costs: Costs,
    throughput: Floats,
    cpu_demand: Floats,
    cpu_share: Floats,
    disk_used: Floats,
    op_cost: Floats,
) -> tuple[Floats, Floats]:
    busy = np.minimum(disk_used.sum(axis=0) / hardware.disk_iops, _BUSIEST)
    service = op_cost / hardware.disk_iops
    stretch = np.where(cpu_share > 0, cpu_demand / np.where(cpu_share > 0, cpu_share, 1.0), 1.0)
    cpu = costs.cpu_s * np.maximum(stretch, 1.0)
    running = throughput > 0
    waiting = np.where(running, costs.clients / np.where(running, throughput, 1.0), 0.0)  # Little's law
    closed = costs.clients > 0
    sync = costs.sync_ops > 0
    left = np.maximum(waiting - cpu, 0.0) / np.where(sync, costs.sync_ops, 1.0)
    disk = np.where(closed & sync, np.maximum(left, service), service / (1.0 - busy))
    uses_disk = running & (costs.sync_ops + costs.async_ops > 0)
    latency = np.where(closed, waiting, cpu + costs.sync_ops * disk)
    return np.where(running, latency, 0.0), np.where(uses_disk, disk, 0.0)
