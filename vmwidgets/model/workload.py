"""What the guests do: seeded demand over time, stated the way performance engineers state it.

A workload is a stream of transactions. One transaction costs processor time, disk operations (that it waits for, or
that it leaves behind), network bytes and pages touched: its *service demands* (Denning and Buzen, The Operational
Analysis of Queueing Network Models, ACM Computing Surveys 10(3), 1978). Transactions arrive at a rate of their own
(an *open* workload, like a web server), or a fixed number of clients issue the next one as soon as the last is done
(a *closed* workload, like a batch job). Which resource then limits the VM is not said here: the host finds out.

The numbers of the kinds below are the course's own round figures, chosen so that each kind leans on another resource;
they are not measurements.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from vmwidgets.model.errors import VmwidgetsError, check_int, check_list
from vmwidgets.model.random import random_permille
from vmwidgets.model.units import KiB

if TYPE_CHECKING:
    from vmwidgets.model.vm import VM

Ticks = NDArray[np.int64]
MAX_TRACE = 10_000
"""The longest trace, in values, that a workload may carry."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A whole-number setting of a workload: its default, its range and its meaning."""

    default: int
    low: int
    high: int
    meaning: str


@dataclass(frozen=True, slots=True)
class Demand:
    """What one VM wants over a window of T ticks. Scalars hold for the whole window, arrays have the shape (T,).

    Parameters
    ----------
    rate_per_s
        Transactions that arrive per second, float64; ignored where ``clients`` > 0.
    clients
        Concurrent clients of a closed workload, int64; 0 where the workload is open (or asleep).
    active_bytes
        The working set, int64.
    cpu_us
        Processor time of one transaction.
    sync_ops_permille, async_ops_permille
        Disk operations per 1000 transactions: those that the transaction waits for, and those that it leaves behind.
    op_bytes, net_bytes
        Size of one disk operation; network bytes per transaction.
    touches
        Pages of the working set that one transaction touches: each that is missing costs a synchronous read.
    """

    rate_per_s: NDArray[np.float64]
    clients: Ticks
    active_bytes: Ticks
    cpu_us: int
    sync_ops_permille: int = 0
    async_ops_permille: int = 0
    op_bytes: int = 4096
    net_bytes: int = 0
    touches: int = 0


Run = Callable[[Mapping[str, int], "Workload", "VM", int, Ticks, int], Demand]


@dataclass(frozen=True, slots=True)
class WorkloadKind:
    """A kind of workload: its parameters and the function that computes its demand."""

    name: str
    summary: str
    parameters: Mapping[str, Parameter]
    run: Run


GROWTH = Parameter(0, 0, 10**12, "bytes of new disk blocks written per day")
TOUCHED = Parameter(1000, 0, 1000, "pages that are taken into use sooner or later, ‰ of the memory")


@dataclass(frozen=True, slots=True, init=False)
class Workload:
    """What a guest does.

    Parameters
    ----------
    kind
        One of :data:`WORKLOADS`.
    values
        For the kind ``"trace"``: percent of the VM's vCPUs, one whole number per ``value_s`` seconds; it repeats.
    **parameters
        Whole numbers; those left out have their defaults.

    Raises
    ------
    VmwidgetsError
        If the kind or a parameter does not exist, or a value is out of its range.
    """

    kind: str
    parameters: tuple[tuple[str, int], ...]
    values: tuple[int, ...]

    def __init__(self, kind: str, *, values: Sequence[int] = (), **parameters: int) -> None:
        if type(kind) is not str or kind not in WORKLOADS:
            raise VmwidgetsError(
                "workload is {kind}, expected one of {known}", kind=repr(kind)[:60], known=", ".join(WORKLOADS)
            )
        known = WORKLOADS[kind].parameters
        for name, value in parameters.items():
            if name not in known:
                raise VmwidgetsError(
                    "the workload {kind} has no parameter {name}, expected one of {known}",
                    kind=kind,
                    name=repr(name)[:60],
                    known=", ".join(known),
                )
            check_int(name, value, known[name].low, known[name].high)
        check_list("values", values)
        if kind == "trace":
            if not 1 <= len(values) <= MAX_TRACE:
                raise VmwidgetsError(
                    "the trace has {count} values, expected 1 to {most}", count=len(values), most=MAX_TRACE
                )
            for value in values:
                check_int("trace value", value, 0, 100)
        elif values:
            raise VmwidgetsError("values are for the workload trace, not for {kind}", kind=kind)
        object.__setattr__(self, "kind", kind)
        object.__setattr__(self, "parameters", tuple(sorted(parameters.items())))
        object.__setattr__(self, "values", tuple(values))

    def __repr__(self) -> str:
        given = "".join(f", {name}={value}" for name, value in self.parameters)
        return f"Workload({self.kind!r}{given}{f', values=<{len(self.values)}>' if self.values else ''})"

    def settings(self) -> dict[str, int]:
        """Return all parameters, those left out with their defaults."""
        known = WORKLOADS[self.kind].parameters
        return {name: p.default for name, p in known.items()} | dict(self.parameters)

    def growth_bytes_per_day(self) -> int:
        """Return how many bytes of new disk blocks the guest writes per day."""
        return self.settings()["growth_bytes_per_day"]

    def touched_permille(self) -> int:
        """Return how many pages the guest takes into use sooner or later, in per mille of its memory."""
        return self.settings()["touched_permille"]

    def demand(self, vm: "VM", seed: int, ticks: Ticks, tick_s: int) -> Demand:
        """Return what ``vm`` wants at the given ticks of ``tick_s`` seconds each."""
        return WORKLOADS[self.kind].run(self.settings(), self, vm, seed, ticks, tick_s)


# The day of a web server in thousandths of its peak, hour by hour: quiet at night, a bump at noon, a peak in the
# evening. The course's own curve.
_DAY = np.array(
    [
        180,
        130,
        100,
        90,
        90,
        120,
        200,
        340,
        500,
        620,
        690,
        740,
        780,
        730,
        700,
        700,
        720,
        790,
        880,
        960,
        1000,
        900,
        620,
        340,
    ],
    dtype=np.int64,
)


def _day_permille(ticks: Ticks, tick_s: int) -> Ticks:
    second = ticks * tick_s % 86_400
    hour, rest = second // 3600, second % 3600
    return _DAY[hour] + (_DAY[(hour + 1) % 24] - _DAY[hour]) * rest // 3600


def _noise_permille(vm: "VM", seed: int, ticks: Ticks, spread: int) -> Ticks:
    """Return 1000 ± spread: the sum of four uniform numbers, which is nearly normal without a transcendental."""
    total = sum(
        (random_permille(seed, f"{vm.stream}/{i}", ticks) for i in range(4)), start=np.zeros(ticks.shape, np.int64)
    )
    return 1000 + (total - 1998) * spread // 1998


def _steady(ticks: Ticks, value: int) -> Ticks:
    return np.full(ticks.shape, value, dtype=np.int64)


def _part(vm: "VM", permille: int) -> int:
    return vm.memory_bytes * permille // 1000


_NEVER = 0.0


def _open(ticks: Ticks, rate_per_s: NDArray[np.float64], active: Ticks, cpu_us: int, **costs: int) -> Demand:
    return Demand(rate_per_s, _steady(ticks, 0), active, cpu_us, **costs)


def _closed(clients: Ticks, active: Ticks, cpu_us: int, **costs: int) -> Demand:
    return Demand(np.full(clients.shape, _NEVER), clients, active, cpu_us, **costs)


def _idle(p: Mapping[str, int], w: Workload, vm: "VM", seed: int, ticks: Ticks, tick_s: int) -> Demand:
    rate = _noise_permille(vm, seed, ticks, 300) * (10 * vm.vcpus) / 1000
    return _open(ticks, rate, _steady(ticks, _part(vm, p["active_permille"])), 1000, net_bytes=200)


def _web(p: Mapping[str, int], w: Workload, vm: "VM", seed: int, ticks: Ticks, tick_s: int) -> Demand:
    load = _day_permille(ticks, tick_s) * _noise_permille(vm, seed, ticks, 150)
    active = _part(vm, p["active_permille"]) * (500 + load // 2000) // 1000
    costs = {"async_ops_permille": 50, "op_bytes": 16 * KiB, "net_bytes": p["page_bytes"], "touches": 20}
    return _open(ticks, load * p["peak_per_s"] / 1e6, active, p["cpu_us"], **costs)


def _batch(p: Mapping[str, int], w: Workload, vm: "VM", seed: int, ticks: Ticks, tick_s: int) -> Demand:
    every, lasts = p["every_min"] * 60, p["lasts_min"] * 60
    start = int(random_permille(seed, f"{vm.stream}/start", np.zeros(1, np.int64))[0]) * every // 1000
    busy = (ticks * tick_s + start) % every < lasts
    active = np.where(busy, _part(vm, p["active_permille"]), _part(vm, 60))
    clients = np.where(busy, vm.vcpus, 0).astype(np.int64)
    return _closed(clients, active, 500_000, async_ops_permille=20_000, op_bytes=64 * KiB, touches=200)


def _database(p: Mapping[str, int], w: Workload, vm: "VM", seed: int, ticks: Ticks, tick_s: int) -> Demand:
    costs = {"sync_ops_permille": p["sync_ops_permille"], "op_bytes": 8 * KiB, "net_bytes": 2000, "touches": 10}
    active = _part(vm, p["active_permille"]) * _noise_permille(vm, seed, ticks, 30) // 1000
    return _closed(_steady(ticks, p["clients"]), np.minimum(active, vm.memory_bytes), p["cpu_us"], **costs)


def _memory_hog(p: Mapping[str, int], w: Workload, vm: "VM", seed: int, ticks: Ticks, tick_s: int) -> Demand:
    permille = np.minimum(100 + ticks * tick_s * 900 // (p["full_after_min"] * 60), 1000)
    return _closed(_steady(ticks, 1), vm.memory_bytes // 1000 * permille, 20_000, touches=500)


def _cpu_burner(p: Mapping[str, int], w: Workload, vm: "VM", seed: int, ticks: Ticks, tick_s: int) -> Demand:
    return _closed(_steady(ticks, p["threads"] or vm.vcpus), _steady(ticks, _part(vm, 50)), 1000)


def _boot_storm(p: Mapping[str, int], w: Workload, vm: "VM", seed: int, ticks: Ticks, tick_s: int) -> Demand:
    since = (ticks - p["start_tick"]) * tick_s
    booting = (since >= 0) & (since < p["boot_min"] * 60)
    active = np.where(booting, _part(vm, 700), _part(vm, 60)).astype(np.int64)
    clients = np.where(booting, vm.vcpus, 0).astype(np.int64)
    return _closed(clients, active, 3000, sync_ops_permille=4000, op_bytes=32 * KiB, touches=30)


def _trace(p: Mapping[str, int], w: Workload, vm: "VM", seed: int, ticks: Ticks, tick_s: int) -> Demand:
    values = np.array(w.values, dtype=np.int64)
    percent = values[ticks * tick_s // p["value_s"] % len(values)]
    rate = percent.astype(np.float64) * (vm.vcpus * 10)
    return _open(ticks, rate, _steady(ticks, _part(vm, p["active_permille"])), 1000)


def _constant(p: Mapping[str, int], w: Workload, vm: "VM", seed: int, ticks: Ticks, tick_s: int) -> Demand:
    rate = np.full(ticks.shape, float(p["cpu_permille"]))  # transactions of 1 ms: 1000 a second keep one core busy
    return _open(ticks, rate, _steady(ticks, _part(vm, p["active_permille"])), 1000)


def _tick_thief(p: Mapping[str, int], w: Workload, vm: "VM", seed: int, ticks: Ticks, tick_s: int) -> Demand:
    rate = np.full(ticks.shape, 1000.0 * min(p["run_us"], p["tick_us"]) / p["tick_us"] * vm.vcpus)
    return _open(ticks, rate, _steady(ticks, _part(vm, 50)), 1000)


_DAYS = 60 * 24 * 365
WORKLOADS: dict[str, WorkloadKind] = {
    kind.name: kind
    for kind in (
        WorkloadKind(
            "idle",
            "An operating system with nothing to do",
            {"active_permille": Parameter(60, 0, 1000, "working set, ‰ of the memory")},
            _idle,
        ),
        WorkloadKind(
            "web",
            "A web server with a day curve: quiet at night, a peak in the evening",
            {
                "peak_per_s": Parameter(300, 1, 10**6, "requests per second at the peak of the day"),
                "cpu_us": Parameter(5000, 1, 10**6, "processor time of a request, µs"),
                "page_bytes": Parameter(60_000, 1, 10**8, "bytes sent per request"),
                "active_permille": Parameter(600, 0, 1000, "working set at the peak, ‰ of the memory"),
            },
            _web,
        ),
        WorkloadKind(
            "batch",
            "A batch job that comes and goes: all vCPUs and much reading while it runs",
            {
                "every_min": Parameter(240, 1, _DAYS, "minutes from start to start"),
                "lasts_min": Parameter(90, 1, _DAYS, "minutes that a run lasts"),
                "active_permille": Parameter(500, 0, 1000, "working set of a run, ‰ of the memory"),
            },
            _batch,
        ),
        WorkloadKind(
            "database",
            "A database: a working set, and clients that wait for every write to reach the disk",
            {
                "clients": Parameter(8, 1, 10_000, "clients that issue one transaction after another"),
                "cpu_us": Parameter(230, 1, 10**6, "processor time of a transaction, µs"),
                "sync_ops_permille": Parameter(1000, 0, 10**6, "disk operations waited for, per 1000 transactions"),
                "active_permille": Parameter(700, 0, 1000, "working set, ‰ of the memory"),
            },
            _database,
        ),
        WorkloadKind(
            "memory_hog",
            "A program that leaks: it touches more memory every minute",
            {"full_after_min": Parameter(60, 1, _DAYS, "minutes until it has touched all of the memory")},
            _memory_hog,
        ),
        WorkloadKind(
            "cpu_burner",
            "Threads that compute and never stop",
            {"threads": Parameter(0, 0, 1000, "threads; 0: one per vCPU")},
            _cpu_burner,
        ),
        WorkloadKind(
            "boot_storm",
            "An operating system that starts: reading, computing, filling memory, then idle",
            {
                "start_tick": Parameter(0, 0, 10**9, "the tick at which it starts"),
                "boot_min": Parameter(5, 1, 10_000, "minutes of starting, if nothing held it up"),
            },
            _boot_storm,
        ),
        WorkloadKind(
            "trace",
            "Processor use of a real machine, value by value",
            {
                "value_s": Parameter(300, 1, 86_400, "seconds that each value of the trace lasts"),
                "active_permille": Parameter(300, 0, 1000, "working set, ‰ of the memory"),
            },
            _trace,
        ),
        WorkloadKind(
            "constant",
            "The same demand all the time",
            {
                "cpu_permille": Parameter(500, 0, 10**6, "thousandths of one processor wanted"),
                "active_permille": Parameter(300, 0, 1000, "working set, ‰ of the memory"),
            },
            _constant,
        ),
        WorkloadKind(
            "tick_thief",
            "A program that sleeps whenever the scheduler's clock ticks, and computes in between",
            {
                "run_us": Parameter(9500, 1, 10**6, "computes so long in each tick, µs"),
                "tick_us": Parameter(10_000, 1000, 10**6, "from tick to tick of the scheduler, µs"),
            },
            _tick_thief,
        ),
    )
}
"""All kinds of workload by name. Every kind also takes ``growth_bytes_per_day`` and ``touched_permille``."""

for _kind in WORKLOADS.values():
    object.__setattr__(
        _kind, "parameters", {**_kind.parameters, "growth_bytes_per_day": GROWTH, "touched_permille": TOUCHED}
    )
