"""What the VMs of a lab do with their virtual CPUs: each kind of workload as programs of single microseconds.

A workload says how much a VM wants tick by tick (:mod:`vmwidgets.model.workload`); a scheduler needs to know when. So
these programs are the same workloads under a magnifying glass, over a minute at most. What they leave out is said here,
and is an assumption each time: a web server is at the peak of its day, a batch job and a boot are in the middle of a
run, a trace is at its average, and a vCPU serves one client at a time, so that it waits while the disk works.
"""

from collections.abc import Mapping

import numpy as np

from vmwidgets.model.guest_threads import (
    Compute,
    Io,
    Program,
    Sleep,
    SleepUntil,
    busy,
    interactive,
    periodic,
    tick_thief,
    transactions,
)
from vmwidgets.model.hardware import Hardware
from vmwidgets.model.random import random_permille
from vmwidgets.model.units import KiB
from vmwidgets.model.vm import VM

PERIOD_US = 100_000
"""A constant load does its work once in such a period. An assumption: short for a reader, long for a scheduler."""
_SECOND = 10**6


def programs(vm: VM, hardware: Hardware, seed: int) -> tuple[Program, ...]:
    """Return the program of each vCPU of a VM.

    Parameters
    ----------
    vm, hardware
        Whose, and on what.
    seed
        Of the lab: VMs with the same workload do not start together.
    """
    p, work, disk = vm.workload.settings(), vm.workload.kind, _disk_us(vm, hardware)
    if work in ("cpu_burner", "memory_hog"):
        threads = (p["threads"] or vm.vcpus) if work == "cpu_burner" else 1
        return tuple(busy() if vcpu < threads else _idle(vm, vcpu, seed) for vcpu in range(vm.vcpus))
    if work == "batch":
        return (busy(),) * vm.vcpus
    if work == "tick_thief":
        return (tick_thief(p["run_us"], p["tick_us"]),) * vm.vcpus
    if work in ("database", "boot_storm"):
        cpu = p["cpu_us"] if work == "database" else 3000
        return ((transactions(cpu, disk) if disk else busy()),) * vm.vcpus
    if work in ("constant", "trace"):
        wants = (
            p["cpu_permille"] // vm.vcpus
            if work == "constant"
            else 10 * sum(vm.workload.values) // len(vm.workload.values)
        )
        return tuple(_steady(vm, vcpu, seed, wants) for vcpu in range(vm.vcpus))
    if work == "web":
        wants = p["peak_per_s"] * p["cpu_us"] // (vm.vcpus * 1000)
        return tuple(_requests(vm, vcpu, seed, p["cpu_us"], wants) for vcpu in range(vm.vcpus))
    return tuple(_idle(vm, vcpu, seed) for vcpu in range(vm.vcpus))


def wants_permille(program: Program) -> int:
    """Return what a program uses of a processor that it has for itself, in thousandths."""
    work = sum(step.us for step in program if isinstance(step, Compute))
    rest = sum(step.us for step in program if isinstance(step, Sleep | Io))
    turn = work + rest
    for step in program:
        if isinstance(step, SleepUntil):  # to the next multiple, never to this one
            turn = (turn // step.period_us + 1) * step.period_us
            break
    return 1000 * work // turn


def _requests(vm: VM, vcpu: int, seed: int, cpu_us: int, wants: int) -> Program:
    if wants >= 1000:
        return busy()
    if wants <= 0:
        return _idle(vm, vcpu, seed)
    return interactive(cpu_us, max(1, cpu_us * (1000 - wants) // wants), seed, f"{vm.stream}/vcpu {vcpu}")


def _idle(vm: VM, vcpu: int, seed: int) -> Program:
    """Ten times a second a millisecond, as the idle workload has it."""
    return _requests(vm, vcpu, seed, 1000, 10)


def _steady(vm: VM, vcpu: int, seed: int, wants: int) -> Program:
    if wants >= 1000:
        return busy()
    if wants <= 0:
        return (Sleep(60 * _SECOND),)
    phase = int(random_permille(seed, f"{vm.stream}/phase {vcpu}", np.zeros(1, np.int64))[0]) * PERIOD_US // 1000
    return periodic(wants * PERIOD_US // 1000, PERIOD_US, phase)


def _disk_us(vm: VM, hardware: Hardware) -> int:
    """Return how long the disk works for one transaction: its synchronous operations, without any queue."""
    p: Mapping[str, int] = vm.workload.settings()
    size, permille = {
        "database": (8 * KiB, p.get("sync_ops_permille", 0)),
        "boot_storm": (32 * KiB, 4000),
    }.get(vm.workload.kind, (0, 0))
    one = _SECOND * hardware.disk_bandwidth + _SECOND * size * hardware.disk_iops
    return one * permille // (1000 * hardware.disk_iops * hardware.disk_bandwidth)
