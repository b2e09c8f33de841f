"""Processor and disk together, against a small discrete-event simulation of the same clients."""

import heapq

import pytest

from vmwidgets.model.hardware import Hardware
from vmwidgets.model.host import Host
from vmwidgets.model.units import MiB
from vmwidgets.model.vm import VM
from vmwidgets.model.workload import Workload
from vmwidgets.stacks import NEUTRAL


def fluid(vms: int, cpu_us: int, disk_us: int, pcpus: int, weights: list[int], clients: int = 1) -> list[float]:
    hardware = Hardware(pcpus=pcpus, disk_iops=round(1e6 / disk_us), disk_bandwidth=10**12)
    host = Host(hardware, NEUTRAL)
    work = Workload("database", clients=clients, cpu_us=cpu_us)
    for i in range(vms):
        host.create(VM(f"v{i}", memory_bytes=64 * MiB, cpu_shares=weights[i], workload=work))
    return (host.snapshot()["throughput_per_ks"] / 1000).tolist()


def simulated(vms: int, cpu_us: int, disk_us: int, pcpus: int, weights: list[int]) -> list[float]:
    """One client per VM; processors in slices of 1/20 burst by least weighted use; the disk first come first served."""
    slice_us, end = cpu_us / 20, 10_000_000.0
    left, used, done = [float(cpu_us)] * vms, [0.0] * vms, [0] * vms
    ready, running, disk_free = [(0.0, i) for i in range(vms)], 0, 0.0
    events: list[tuple[float, int, int]] = []  # time, 0 slice over / 1 disk done, VM
    now = 0.0
    while now < end:
        while ready and running < pcpus:
            ready.sort()
            _, vm = ready.pop(0)
            running += 1
            heapq.heappush(events, (now + slice_us, 0, vm))
        now, kind, vm = heapq.heappop(events)
        if kind == 0:
            running -= 1
            used[vm] += slice_us / weights[vm]
            left[vm] -= slice_us
            if left[vm] > 1e-6:
                ready.append((used[vm], vm))
            else:
                disk_free = max(disk_free, now) + disk_us
                heapq.heappush(events, (disk_free, 1, vm))
        else:
            done[vm] += 1
            left[vm] = cpu_us
            # who slept has no credit to spend: it goes on from where the others are
            used[vm] = max(used[vm], min((used[i] for _, i in ready), default=used[vm]))
            ready.append((used[vm], vm))
    return [d / end * 1e6 for d in done]


@pytest.mark.parametrize(
    ("vms", "cpu_us", "disk_us", "pcpus"),
    [
        (1, 300, 200, 2),  # nobody in the way
        (8, 366, 372, 2),  # the disk is the bottleneck
        (8, 4000, 20, 2),  # the processors are
        (3, 500, 100, 4),  # enough of everything
    ],
)
def test_throughput_agrees_with_a_simulation_of_every_transaction(vms: int, cpu_us: int, disk_us: int, pcpus: int):
    ours, theirs = (f(vms, cpu_us, disk_us, pcpus, [1] * vms) for f in (fluid, simulated))
    assert ours == pytest.approx(theirs, rel=0.05)


def test_weights_divide_processor_time_but_not_a_saturated_disk():
    weights = [8, 4, 2, 1]
    for f in (fluid, simulated):
        disk = f(4, 200, 400, 2, weights)
        assert max(disk) == pytest.approx(min(disk), rel=0.05), f.__name__
    cpu = fluid(4, 4000, 20, 1, weights)
    assert cpu == pytest.approx([cpu[3] * w for w in weights], rel=1e-4)


def test_more_clients_fill_the_disk_and_wait_by_littles_law():
    hardware = Hardware(pcpus=4, disk_iops=1000, disk_bandwidth=10**12)
    host = Host(hardware, NEUTRAL)
    host.create(VM("A", vcpus=4, workload=Workload("database", clients=50, cpu_us=100)))
    now = host.snapshot().of("A")
    assert now["throughput_per_ks"] == pytest.approx(1_000_000, rel=1e-3)
    assert now["latency_us"] == pytest.approx(50_000, rel=1e-3)  # 50 clients / 1000 per second
    assert now["disk_latency_us"] == pytest.approx(49_900, rel=1e-2)


def test_a_disk_bound_vm_leaves_its_processor_time_to_others():
    host = Host(Hardware(pcpus=1, disk_iops=100, disk_bandwidth=10**12), NEUTRAL)
    host.create(VM("writer", cpu_shares=9000, workload=Workload("database", clients=100, cpu_us=1000)))
    host.create(VM("burner", cpu_shares=1000, workload=Workload("cpu_burner")))
    now = host.snapshot()
    assert now["cpu_used_khz"].tolist() == pytest.approx([200_000, 1_800_000], rel=1e-3)
    assert now["cpu_ready_ms"][0] == 0


def test_heads_that_move_between_vms_cost_time():
    def total(vms: int) -> float:
        host = Host(Hardware(disk_iops=1000, disk_seek_us=1000, disk_bandwidth=10**12), NEUTRAL)
        for i in range(vms):
            host.create(VM(f"v{i}", workload=Workload("database", clients=20)))
        return host.snapshot()["throughput_per_ks"].sum() / 1000

    assert total(1) == pytest.approx(1000, rel=0.01)
    assert total(2) == pytest.approx(1000 / 1.5, rel=0.01)
    assert total(4) == pytest.approx(1000 / 1.75, rel=0.01)
