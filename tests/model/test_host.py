"""The host: chapter 2's numbers, admission, and the invariants under random calls."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vmwidgets.model.errors import AdmissionError, VmwidgetsError
from vmwidgets.model.hardware import Hardware
from vmwidgets.model.history import METRICS
from vmwidgets.model.host import Host
from vmwidgets.model.snapshot import RESOURCES
from vmwidgets.model.stack import Stack, equal_share
from vmwidgets.model.units import GB, GiB, MiB
from vmwidgets.model.vm import VM, GuestKernel
from vmwidgets.model.workload import WORKLOADS, Workload
from vmwidgets.stacks import NEUTRAL


def host(*vms: VM, hardware: Hardware | None = None, stack: Stack = NEUTRAL, **options: int) -> Host:
    made = Host(hardware or Hardware(), stack, **options)
    for vm in vms:
        made.create(vm)
    return made


def cores(made: Host) -> list[float]:
    return [round(x / made.hardware.clock_khz, 2) for x in made.snapshot()["cpu_used_khz"].tolist()]


BURN = Workload("cpu_burner")


def test_shares_divide_contention_and_unused_time_is_redistributed():
    a = VM("A", vcpus=2, cpu_shares=2000, workload=BURN)
    b, c = VM("B", vcpus=4, workload=BURN), VM("C", vcpus=4, workload=BURN)
    made = host(a, b, c)
    assert cores(made) == [2, 1, 1]
    made.replace("A", a.with_changes(workload=Workload("constant", cpu_permille=500)))
    assert cores(made) == [0.5, 1.75, 1.75]
    made.replace("A", a)
    made.replace("B", b.with_changes(cpu_reservation_mhz=3000))
    assert cores(made) == [1.67, 1.5, 0.83]


def test_per_vcpu_and_per_vm_shares_and_both_repairs_of_chapter_3():
    loud = VM("B", vcpus=4, workload=BURN)
    quiet = VM("A", vcpus=2, workload=BURN)
    assert cores(host(quiet.with_changes(cpu_shares=2000), loud.with_changes(cpu_shares=4000))) == [1.33, 2.67]
    assert cores(host(quiet, loud)) == [2, 2]
    assert cores(host(quiet.with_changes(cpu_shares=2, cpu_reservation_mhz=3800), loud.with_changes(cpu_shares=4))) == [
        1.9,
        2.1,
    ]
    assert cores(host(quiet.with_changes(cpu_shares=2), loud.with_changes(cpu_shares=4, cpu_limit_mhz=2400))) == [
        2,
        1.2,
    ]


def test_the_policy_of_the_stack_decides():
    vms = VM("A", vcpus=4, cpu_shares=3000, workload=BURN), VM("B", vcpus=4, workload=BURN)
    assert cores(host(*vms)) == [3, 1]
    assert cores(host(*vms, stack=Stack("even", "even", 1, cpu=equal_share))) == [2, 2]


def test_ready_time_is_what_the_processor_refuses():
    made = host(*(VM(f"v{i}", vcpus=4, workload=BURN) for i in range(2)), tick_s=20)
    now = made.snapshot()
    assert now["cpu_ready_ms"].tolist() == [40_000, 40_000]  # 2 of 4 vCPUs wait for 20 s
    assert now["cpu_steal_permille"].tolist() == [500, 500]
    assert host(VM("v", vcpus=4, workload=BURN)).snapshot()["cpu_ready_ms"].tolist() == [0]


def test_missing_memory_slows_a_database_down_through_its_faults():
    database = Workload("database", active_permille=800)
    alone = host(VM("A", vcpus=2, memory_bytes=16 * GiB, workload=database)).snapshot()
    crowd = host(*(VM(n, vcpus=2, memory_bytes=16 * GiB, workload=database) for n in "ABC")).snapshot()
    assert alone["memory_swapped_bytes"][0] == 0 < crowd["memory_swapped_bytes"].min()
    assert crowd["throughput_per_ks"].sum() < alone["throughput_per_ks"][0]
    kept = host(
        VM("A", vcpus=2, memory_bytes=16 * GiB, memory_reservation_bytes=14 * GiB, workload=database),
        *(VM(n, vcpus=2, memory_bytes=16 * GiB, workload=database) for n in "BC"),
    ).snapshot()
    assert kept["memory_swapped_bytes"][0] == 0 < kept["memory_swapped_bytes"][1]


def test_disk_shares_limits_and_reservations_hold_for_synchronous_writers():
    database = Workload("database", clients=64)
    made = host(
        VM("A", workload=database, disk_shares=2000, vcpus=4),
        VM("B", workload=database, vcpus=4),
        VM("C", workload=database, disk_limit_iops=500, vcpus=4),
    )
    used = made.snapshot()["disk_used_iops"]
    assert used.tolist() == [6333, 3167, 500]
    assert used.sum() == made.hardware.disk_iops


def test_network_is_divided_too():
    web = Workload("web", peak_per_s=100_000, cpu_us=1, page_bytes=1_000_000)
    made = host(VM("A", network_shares=3000, workload=web), VM("B", workload=web))
    pool = made.snapshot().pools["network"]
    assert pool.free == 0
    assert pool.per_vm[0] == pytest.approx(3 * pool.per_vm[1], rel=1e-6)


@pytest.mark.parametrize(
    ("vm", "words"),
    [
        (VM("X", vcpus=4, cpu_reservation_mhz=8000), "8000 MHz of processor time, 5000 MHz are unreserved: 3000 MHz"),
        (VM("X", vcpus=5), "5 vCPUs, the host has 4 pCPUs: 1 too many"),
        (VM("X", memory_bytes=32 * GiB, memory_reservation_bytes=32 * GiB), f"{GiB} bytes too many"),
        (VM("X", disk_bytes=2000 * GB, thin=False), "bytes too many"),
        (VM("X", disk_reservation_iops=20_000), "10000 too many"),
        (VM("X", network_reservation_bps=2 * 10**9), "750000000 too many"),
    ],
)
def test_admission_control_says_by_how_much(vm: VM, words: str):
    made = host(VM("A", vcpus=2, cpu_reservation_mhz=3000))
    before = made.digest()
    with pytest.raises(AdmissionError, match=words):
        made.create(vm)
    assert made.digest() == before


def test_a_name_is_taken_once():
    made = host(VM("A"), VM("B"))
    for act in (lambda: made.create(VM("A")), lambda: made.replace("B", VM("A"))):
        with pytest.raises(VmwidgetsError, match="a VM A already"):
            act()
    with pytest.raises(VmwidgetsError, match="no VM 'Z'"):
        made.destroy("Z")


def test_a_thin_pool_overflows_during_day_17():
    growing = [(7, 203), (5, 203), (11, 204)]
    made = host(
        *(
            VM(
                f"disk {i}",
                disk_bytes=600 * GB,
                disk_used_bytes=used * GB,
                workload=Workload("idle", growth_bytes_per_day=rate * GB),
            )
            for i, (rate, used) in enumerate(growing)
        ),
        tick_s=3600,
    )
    assert made.snapshot().pools["disk"].used == pytest.approx(610 * GB, abs=GB)
    made.advance(24 * 16)
    assert made.snapshot()["stalled"].tolist() == [0, 0, 0]
    made.advance(24)
    now = made.snapshot()
    assert now["stalled"].tolist() == [1, 1, 1]
    assert now["throughput_per_ks"].tolist() == [0, 0, 0]
    assert 0 <= now.pools["disk"].free < 23 * GB // 24
    first = made.history.window("stalled", ["disk 0"], made.history.last_tick, 24 * 17)[0].tolist().index(1.0)
    assert first // 24 + 1 == 17
    made.destroy("disk 2")  # room again
    assert made.snapshot()["stalled"].tolist() == [0, 0]


def test_a_thick_disk_takes_its_space_at_once():
    made = host(VM("thick", thin=False, disk_bytes=100 * GB), VM("thin", disk_bytes=100 * GB))
    assert made.snapshot()["disk_space_bytes"].tolist() == [100 * GB, 0]


def test_a_disk_cannot_shrink_below_what_is_written():
    vm = VM("A", disk_bytes=100 * GB, workload=Workload("idle", growth_bytes_per_day=50 * GB))
    made = host(vm, tick_s=86_400)
    made.advance()
    with pytest.raises(VmwidgetsError, match="its guest has written 50000000000"):
        made.replace("A", vm.with_changes(disk_bytes=40 * GB))


def test_changing_a_guests_kernel_touches_nobody_else():
    made = host(VM("A", workload=BURN), VM("B", workload=Workload("web")))
    before = made.snapshot()
    made.replace("A", made.vm("A").with_changes(kernel=GuestKernel("Linux 2.6", tick_hz=1000)))
    after = made.snapshot()
    assert all(np.array_equal(before[metric], after[metric]) for metric in METRICS)
    assert after.vms[1] == before.vms[1]


def test_another_vm_changes_nobodys_demand():
    quiet = host(VM("A", workload=Workload("web")), seed=7)
    crowd = host(VM("Z", workload=Workload("batch")), VM("A", workload=Workload("web")), seed=7)
    quiet.advance(500)
    crowd.advance(500)
    window = [h.history.window("network_demand_bps", ["A"], 499, 500) for h in (quiet, crowd)]
    assert np.array_equal(*window)
    assert len(set(window[0][0].tolist())) > 100


def test_snapshots_cannot_be_written():
    now = host(VM("A")).snapshot()
    with pytest.raises(ValueError, match="read-only"):
        now["cpu_used_khz"][0] = 1
    with pytest.raises(TypeError):
        now.columns["cpu_used_khz"] = None  # type: ignore[index]


def test_forecast_is_what_then_happens_and_changes_nothing():
    made = host(VM("A", workload=Workload("web")), VM("B", vcpus=4, workload=Workload("batch")))
    before = made.digest()
    coming = made.forecast(300)
    assert made.digest() == before
    made.advance(300)
    assert np.array_equal(next(made.history.segments).values, coming.values)


def close(made: Host) -> None:
    now = made.snapshot()
    for resource in RESOURCES:
        pool = now.pools[resource]
        assert pool.used + pool.vmm + pool.free == pool.capacity
        assert pool.free >= 0
        assert pool.per_vm.min(initial=0) >= 0
        assert int(pool.per_vm.sum()) == pool.used
    for kind, unit in (("cpu", "khz"), ("disk", "iops"), ("network", "bps"), ("memory", "bytes")):
        used, share, want = (now[f"{kind}_{what}_{unit}"] for what in ("used", "entitlement", "demand"))
        assert (used <= share).all()
        assert (share <= want).all()
    for vm, demand, share in zip(now.vms, now["cpu_demand_khz"], now["cpu_entitlement_khz"], strict=True):
        assert share >= min(vm.cpu_reservation_mhz * 1000, demand) - 1


small = st.builds(
    lambda name, vcpus, memory, kind, shares, reservation, limit, growth: VM(
        name,
        vcpus=vcpus,
        memory_bytes=memory * 64 * MiB,
        workload=Workload("trace", values=(3, 99, 40), growth_bytes_per_day=growth)
        if kind == "trace"
        else Workload(kind, growth_bytes_per_day=growth),
        cpu_shares=shares,
        cpu_reservation_mhz=reservation,
        cpu_limit_mhz=limit and reservation + limit,
        disk_bytes=200 * GB,
    ),
    st.sampled_from("ABCDEFGHIJ"),
    st.integers(1, 5),
    st.integers(1, 300),
    st.sampled_from(sorted(WORKLOADS)),
    st.integers(1, 10_000),
    st.integers(0, 2500),
    st.none() | st.integers(1, 3000),
    st.sampled_from([0, 10**12]),
)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("create"), small),
            st.tuples(st.just("replace"), small),
            st.tuples(st.just("destroy"), st.sampled_from("ABCDEFGHIJ")),
            st.tuples(st.just("advance"), st.integers(1, 40)),
        ),
        max_size=14,
    )
)
def test_invariants_and_digest_under_random_calls(calls: list[tuple[str, object]]):
    whole, pieces = host(tick_s=3600), host(tick_s=3600)
    for call, argument in calls:
        results = []
        for made in (whole, pieces):
            try:
                if call == "create":
                    made.create(argument)
                elif call == "replace":
                    made.replace(argument.name, argument)
                elif call == "destroy":
                    made.destroy(argument)
                elif made is whole:
                    made.advance(argument)
                else:
                    for _ in range(argument):
                        made.advance(1)
                results.append("done")
            except VmwidgetsError as error:
                results.append(str(error))
        assert results[0] == results[1]
        close(whole)
    assert whole.digest() == pieces.digest()
