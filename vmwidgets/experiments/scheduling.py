"""CPU time by time slices: what schedulers do with guests that are honest, latency-bound or thieves."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from vmwidgets.experiments.amounts import simulated_us, thousandths
from vmwidgets.experiments.registry import experiment
from vmwidgets.model.errors import check_int
from vmwidgets.model.guest_threads import busy, duty_cycle, interactive, tick_thief
from vmwidgets.model.scheduler import BLOCKED, COSTOPPED, PARKED, RUNNABLE, RUNNING, Guest, Processors, Simulation
from vmwidgets.model.schedulers import make
from vmwidgets.model.schedulers.base import Scheduler
from vmwidgets.model.schedulers.bvt import Bvt
from vmwidgets.model.schedulers.credit import Credit
from vmwidgets.model.schedulers.proportional_share import ProportionalShare

if TYPE_CHECKING:
    import pandas as pd


def _run(
    scheduler: Scheduler, guests: Sequence[Guest], until_us: int, log: bool = False, **processors: int
) -> Simulation:
    sim = Simulation(Processors(**processors), scheduler, guests, log_limit=1_000_000 if log else 0)
    sim.run(until_us)
    return sim


def _pct(sim: Simulation, state: int) -> list[float]:
    """Return how much of the time each vCPU was in a state."""
    return [100 * spent[state] / sim.now for spent in sim.spent_us()]


@experiment(
    source="Xen commit 78c9b2a6 (2009), commit message; F. Zhou et al., arXiv 1103.0759",
    predicted="95 % of a processor at 9.5 ms of each tick, whatever the number of victims; 1/(n+1) after the fix",
)
def tick_theft(
    run_ms: float = 9.5, victims: int | Sequence[int] = (1, 2, 3, 7), accounting: str = "sampled", seconds: float = 60
) -> "pd.DataFrame":
    """Let a guest that sleeps at each tick of Xen's credit scheduler compete with busy guests on one processor.

    All have the same weight. Ticks are 10 ms apart.

    Parameters
    ----------
    run_ms
        How long the thief computes in each tick.
    victims
        How many busy guests there are, or several such numbers.
    accounting
        ``"sampled"``: each tick debits whoever runs, as before 2009. ``"precise"`` or ``"exact"``: time stamps, as the
        repair was meant. ``"xen_today"``: as it is in Xen. At 9.5 ms both end the theft; a thief that runs 9 ms or less
        still steals from Xen, as no tick finds it running, see :mod:`vmwidgets.model.schedulers.credit`.
    seconds
        Simulated time.

    Returns
    -------
    DataFrame
        One row for each number of victims: ``victims``, ``thief_pct`` and ``victim_pct`` (of the processor, the mean of
        the victims), ``fair_pct`` (1/(n+1)), ``steal_pct`` (the ready time of a victim, which it sees as stolen).
    """
    import pandas as pd

    run_us, until_us = thousandths("run_ms", run_ms, 0.001, 1000), simulated_us(seconds)
    rows: list[tuple[float, ...]] = []
    for count in [victims] if isinstance(victims, int) else victims:
        check_int("victims", count, 1, 64)
        guests = [Guest("thief", (tick_thief(run_us),))]
        guests += [Guest(f"victim {index + 1}", (busy(),)) for index in range(count)]
        sim = _run(Credit(accounting), guests, until_us)
        ran, waited = _pct(sim, RUNNING), _pct(sim, RUNNABLE)
        rows.append((count, ran[0], float(np.mean(ran[1:])), 100 / (count + 1), float(np.mean(waited[1:]))))
    return pd.DataFrame(rows, columns=["victims", "thief_pct", "victim_pct", "fair_pct", "steal_pct"])


@experiment(
    source="P. Barham et al., Xen and the Art of Virtualization, SOSP 2003, Section 4.5: 5 ms and 50 ms slices",
    predicted="the part of the processors that is lost, given the cost of a switch; the model has no value for that",
)
def slice_length(
    domains: int | Sequence[int] = (1, 2, 4, 8, 16, 32, 64, 128),
    pcpus: int = 2,
    slice_ms: float | Sequence[float] = (5, 50),
    switch_cost_ms: float = 0.1,
    seconds: float = 20,
) -> "pd.DataFrame":
    """See what context switches cost busy domains, and how long each then waits for its turn.

    Parameters
    ----------
    domains
        How many domains there are, all busy, or several such numbers.
    pcpus
        Physical processors.
    slice_ms
        The time slice, or several: the context switch allowance of BVT.
    switch_cost_ms
        What a switch to another domain costs; yours to choose, the default is an assumption. It stands for working sets
        that compete for the cache, so it is a first approximation.
    seconds
        Simulated time.

    Returns
    -------
    DataFrame
        One row for each slice and number of domains: ``slice_ms``, ``domains``, ``throughput_pct`` (work done, of what
        the processors could do that have a domain), ``switches_per_s``, ``lost_pct``, ``wait_ms`` (the longest wait).
    """
    import pandas as pd

    rows: list[tuple[float, ...]] = []
    cost, until_us = thousandths("switch_cost_ms", switch_cost_ms, 0, 1000), simulated_us(seconds)
    for length in [slice_ms] if isinstance(slice_ms, int | float) else slice_ms:
        for count in [domains] if isinstance(domains, int) else domains:
            check_int("domains", count, 1, 512)
            guests = [Guest(f"domain {index + 1}", (busy(),)) for index in range(count)]
            scheduler = Bvt(thousandths("slice_ms", length, 0.1, 1000))
            sim = _run(scheduler, guests, until_us, log=True, pcpus=pcpus, switch_cost_us=cost)
            could = sim.now * min(count, pcpus)
            done, line = sum(sim.work_us()), sim.timeline()
            waits = (line.end - line.start)[line.state == RUNNABLE]
            lost, rate = 100 * sim.overhead_us / could, 1e6 * sim.switches / until_us
            rows.append((length, count, 100 * done / could, rate, lost, int(waits.max(initial=0)) / 1000))
    columns = ["slice_ms", "domains", "throughput_pct", "switches_per_s", "lost_pct", "wait_ms"]
    return pd.DataFrame(rows, columns=columns)


@experiment(
    source="P. Barham et al., SOSP 2003, Section 4.5: an idle domain wins low latency, busy ones do not; Xen,"
    " xen/common/sched/credit.c: BOOST"
)
def wakeup_latency(
    scheduler: str | Sequence[str] = ("round_robin", "bvt", "credit", "credit2", "cfs", "eevdf"),
    rivals: int = 7,
    pcpus: int = 1,
    work_ms: float = 1,
    pause_ms: float = 20,
    seconds: float = 20,
    threads_per_core: int = 1,
) -> "pd.DataFrame":
    """Measure how long a mostly idle guest and a busier one wait after waking, beside guests that never sleep.

    Parameters
    ----------
    scheduler
        Its name, or several.
    rivals
        How many busy guests there are.
    pcpus
        Physical processors.
    work_ms, pause_ms
        What the mostly idle guest computes and sleeps, on average. The busier one computes as long as that sleeps.
    seconds
        Simulated time.
    threads_per_core
        So many neighbouring processors share a core, which matters to ``"hyperv_core"``.

    Returns
    -------
    DataFrame
        One row for each scheduler and guest: ``scheduler``, ``guest``, ``wakeups``, ``median_ms``, ``p95_ms``,
        ``max_ms``.
    """
    import pandas as pd

    work, pause = thousandths("work_ms", work_ms, 0.001, 1000), thousandths("pause_ms", pause_ms, 0.001, 10_000)
    until_us = simulated_us(seconds)
    check_int("rivals", rivals, 0, 64)
    rows: list[tuple[str | float, ...]] = []
    for name in [scheduler] if isinstance(scheduler, str) else scheduler:
        guests = [
            Guest("idle", (interactive(work, pause, 1, "idle guest"),)),
            Guest("busier", (interactive(pause, pause, 1, "busier guest"),)),
            *(Guest(f"rival {index + 1}", (busy(),)) for index in range(rivals)),
        ]
        sim = _run(make(name), guests, until_us, log=True, pcpus=pcpus, threads_per_core=threads_per_core)
        waits, who = sim.timeline().waits()
        for index in (0, 1):
            mine = waits[who == index] / 1000
            middle, high = np.quantile(mine, (0.5, 0.95), method="higher").tolist() if len(mine) else (0, 0)
            rows.append((name, guests[index].name, len(mine), middle, high, float(mine.max(initial=0))))
    return pd.DataFrame(rows, columns=["scheduler", "guest", "wakeups", "median_ms", "p95_ms", "max_ms"])


@experiment(
    source="Broadcom KB 387750, VMware KB 2002181: ready% = 100 * summation / interval;"
    " %RUN + %RDY + %CSTP + %WAIT = 100"
)
def cpu_ready(
    vcpus: Sequence[int] = (1, 1, 2, 4),
    pcpus: int = 4,
    demand_pct: float = 60,
    coscheduling: str = "relaxed",
    interval_s: float = 20,
) -> "pd.DataFrame":
    """Run VMs of different sizes under ESX and report what esxtop and the charts of vCenter would.

    Parameters
    ----------
    vcpus
        Size of each VM.
    pcpus
        Physical processors.
    demand_pct
        What each vCPU wants of a processor, in bursts of 20 ms.
    coscheduling
        ``"strict"`` (ESX 2), ``"relaxed"`` or ``"none"``.
    interval_s
        Length of the interval; 20 s in real-time charts.

    Returns
    -------
    DataFrame
        One row for each VM, the mean of its vCPUs: ``vm``, ``vcpus``, ``summation_ms`` (ready time in the interval, all
        vCPUs), ``ready_pct``, ``run_pct``, ``costop_pct``, ``wait_pct``; a parked vCPU is ready, as in esxtop.
    """
    import pandas as pd

    period, until_us = 20_000, simulated_us(interval_s, "interval_s")
    work_us = period * thousandths("demand_pct", demand_pct, 0.1, 100) // 100_000
    work = busy() if work_us >= period else duty_cycle(work_us, period - work_us)
    guests = [Guest(f"VM{index + 1}", (work,) * check_int("vcpus", n, 1, 64)) for index, n in enumerate(vcpus)]
    sim = _run(ProportionalShare(coscheduling=coscheduling), guests, until_us, pcpus=pcpus)
    spent, rows = np.array(sim.spent_us()) / 1000, list[tuple[str | float, ...]]()
    owner = np.array([vcpu.guest_index for vcpu in sim.vcpus])
    for index, guest in enumerate(guests):
        mine = spent[owner == index]
        parts = 100 * mine.mean(axis=0) / (until_us / 1000)
        ready = float(mine[:, RUNNABLE].sum() + mine[:, PARKED].sum())
        ready_pct = float(parts[RUNNABLE] + parts[PARKED])
        rows.append((guest.name, len(mine), ready, ready_pct, parts[RUNNING], parts[COSTOPPED], parts[BLOCKED]))
    columns = ["vm", "vcpus", "summation_ms", "ready_pct", "run_pct", "costop_pct", "wait_pct"]
    return pd.DataFrame(rows, columns=columns)


@experiment(
    source="Linux, Documentation/admin-guide/cgroup-v2.rst, cpu.max; Xen, xl manual page, cap; L. Cherkasova et al.,"
    " PER 35(2), 2007: a cap makes Credit non-work-conserving"
)
def cap(
    cap_pct: float = 50,
    scheduler: str | Sequence[str] = ("credit", "credit2", "cfs", "eevdf", "esx", "hyperv_classic", "hyperv_root"),
    rivals: int = 0,
    seconds: float = 20,
) -> "pd.DataFrame":
    """Cap a busy guest on one processor, and see what it gets, in what bursts, and what stays idle.

    Parameters
    ----------
    cap_pct
        The cap, of one processor, in whole thousandths: 0.1 to 100.
    scheduler
        Its name, or several.
    rivals
        How many other busy guests there are.
    seconds
        Simulated time.

    Returns
    -------
    DataFrame
        One row for each scheduler: ``scheduler``, ``cpu_pct`` of the capped guest, ``idle_pct`` of the processor,
        ``parked_pct``, ``longest_stop_ms`` (without running).
    """
    import pandas as pd

    permille, until_us = thousandths("cap_pct", cap_pct, 0.1, 100) // 100, simulated_us(seconds)
    check_int("rivals", rivals, 0, 64)
    rows: list[tuple[str | float, ...]] = []
    for name in [scheduler] if isinstance(scheduler, str) else scheduler:
        guests = [Guest("capped", (busy(),), cap_permille=permille)]
        guests += [Guest(f"rival {index + 1}", (busy(),)) for index in range(rivals)]
        sim = _run(make(name), guests, until_us, log=True)
        ran, line = _pct(sim, RUNNING), sim.timeline()
        runs = (line.vcpu == 0) & (line.state == RUNNING)
        gaps = line.start[runs][1:] - line.end[runs][:-1]
        stop = int(gaps.max(initial=0)) / 1000
        rows.append((name, ran[0], 100 - sum(ran), _pct(sim, PARKED)[0], stop))
    return pd.DataFrame(rows, columns=["scheduler", "cpu_pct", "idle_pct", "parked_pct", "longest_stop_ms"])
