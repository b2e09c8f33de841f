"""Weighted domains: the same CPU weights in front of a processor-bound and of a synchronous-disk-bound workload.

By the fluid model, or slice by slice under a scheduler; the domains, their weights and their work are the same.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from vmwidgets.experiments.amounts import simulated_us
from vmwidgets.experiments.registry import experiment
from vmwidgets.model.errors import VmwidgetsError, check_int
from vmwidgets.model.guest_threads import busy, transactions
from vmwidgets.model.hardware import Hardware
from vmwidgets.model.host import Host
from vmwidgets.model.scheduler import RUNNING, Guest, Processors, Simulation
from vmwidgets.model.schedulers import make
from vmwidgets.model.units import GiB, MiB
from vmwidgets.model.vm import VM
from vmwidgets.model.workload import Workload
from vmwidgets.stacks import get

if TYPE_CHECKING:
    import pandas as pd


Floats = NDArray[np.float64]


@experiment(
    source="P. Barham et al., Xen and the Art of Virtualization, SOSP 2003, Figure 5; Microsoft, WDK documentation,"
    " Hypervisor CPU Weight (ff538581)",
    fitted="OLTP with equal weights, 1, 4 and 8 domains: processor time, disk time and seek of a transaction",
    predicted="OLTP with 2 domains; every share under unequal weights, processor-bound and disk-bound; 10, 20 and 70 %"
    " with weights 100, 200 and 700 under Hyper-V",
)
def weighted_domains(
    weights: Sequence[int] = (8, 7, 6, 5, 4, 3, 2, 1),
    pcpus: int = 2,
    workload: str = "cpu",
    cpu_us: int = 366,
    disk_us: int = 236,
    seek_us: int = 156,
    scheduler: str = "",
    seconds: float = 60,
    threads_per_core: int = 1,
) -> "pd.DataFrame":
    """Run one single-vCPU domain per weight, all with the same work to do, and see what each gets done.

    The disk has no weights: every domain has the same disk shares, as in the Xen of 2003.

    Parameters
    ----------
    weights
        CPU weight of each domain, on the scheduler's own scale.
    pcpus
        Physical processors.
    workload
        ``"cpu"``: the domains compute without end. ``"disk"``: one transaction after another, each with ``cpu_us`` of
        processor time and one disk operation that it waits for.
    cpu_us, disk_us, seek_us
        Processor time of a transaction; time of its disk operation; how much longer that takes when the operation
        before it came from another domain. The defaults solve the measured totals of Figure 5 with equal weights:
        1661/s with one domain (366 + 236 µs), 2833/s with four (236 + 156·3/4) and 2685/s with eight (236 + 156·7/8).
    scheduler
        ``""``: the fluid model. Else one of :data:`vmwidgets.model.schedulers.SCHEDULERS`, slice by slice: BVT is that
        of the first Xen. Every operation then takes the mean time of that many domains.
    seconds
        Simulated time under a scheduler.
    threads_per_core
        So many neighbouring processors share a core, which matters to the scheduler ``"hyperv_core"``.

    Returns
    -------
    DataFrame
        One row per domain: ``domain``, ``weight``, ``expected_pct`` (its part of all weights), ``share_pct`` (its part
        of all work done), ``throughput_per_s`` (transactions, or milliseconds of computing), ``cpu_pct`` of one
        processor, ``latency_us`` of a transaction.
    """
    import pandas as pd

    if workload not in ("cpu", "disk"):
        raise VmwidgetsError("workload is {kind}, expected one of {known}", kind=repr(workload)[:60], known="cpu, disk")
    if not 1 <= len(weights) <= 64:
        raise VmwidgetsError("there are {count} weights, expected 1 to {most}", count=len(weights), most=64)
    for name, value in (("cpu_us", cpu_us), ("disk_us", disk_us)):
        check_int(name, value, 1, 100_000)
    processors = Processors(check_int("pcpus", pcpus, 1, 64), threads_per_core)
    check_int("seek_us", seek_us, 0, 100_000)
    until_us, count = simulated_us(seconds), len(weights)
    one_us = cpu_us if workload == "disk" else 1000
    if scheduler:
        disk = disk_us + round(seek_us * (count - 1) / count)
        work = transactions(cpu_us, disk) if workload == "disk" else busy()
        guests = [Guest(f"domain {index + 1}", (work,), weight) for index, weight in enumerate(weights)]
        rate, used, latency = _slice_by_slice(processors, scheduler, guests, until_us, one_us)
    else:
        hardware = Hardware(
            pcpus=pcpus,
            memory_bytes=64 * GiB,
            disk_iops=round(1_000_000 / disk_us),
            disk_seek_us=seek_us,
            disk_bandwidth=10**12,  # the time of an operation is all in disk_us
        )
        kind = (
            Workload("database", clients=1, cpu_us=cpu_us, sync_ops_permille=1000)
            if workload == "disk"
            else Workload("cpu_burner")
        )
        rate, used, latency = _fluid(hardware, weights, kind)
    return pd.DataFrame(
        {
            "domain": [f"domain {index + 1}" for index in range(count)],
            "weight": list(weights),
            "expected_pct": [100 * weight / sum(weights) for weight in weights],
            "share_pct": 100 * rate / max(rate.sum(), 1e-9),
            "throughput_per_s": rate,
            "cpu_pct": used,
            "latency_us": latency,
        }
    )


def _fluid(hardware: Hardware, weights: Sequence[int], work: Workload) -> tuple[Floats, Floats, Floats]:
    """Return each domain's rate, its percent of a processor and the latency, by the fluid model."""
    host = Host(hardware, get("neutral"))
    for index, weight in enumerate(weights):
        host.create(VM(f"domain {index + 1}", memory_bytes=64 * MiB, cpu_shares=weight, workload=work))
    now = host.snapshot()
    return (
        now["throughput_per_ks"] / 1000,
        100 * now["cpu_used_khz"] / hardware.clock_khz,
        np.asarray(now["latency_us"], np.float64),
    )


def _slice_by_slice(
    processors: Processors, scheduler: str, guests: Sequence[Guest], until_us: int, one_us: int
) -> tuple[Floats, Floats, Floats]:
    """Return the same of a run under a scheduler; a transaction is ``one_us`` of computing."""
    sim = Simulation(processors, make(scheduler), guests, log_limit=0)
    sim.run(until_us)
    done = np.array(sim.work_us()) / one_us
    used = np.array([100 * spent[RUNNING] / until_us for spent in sim.spent_us()])
    return done * 1e6 / until_us, used, np.asarray(until_us / np.maximum(done, 1e-9), np.float64)
