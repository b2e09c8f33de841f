"""Weighted domains: the same CPU weights in front of a processor-bound and of a synchronous-disk-bound workload."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from vmwidgets.experiments.registry import experiment
from vmwidgets.model.errors import VmwidgetsError, check_int
from vmwidgets.model.hardware import Hardware
from vmwidgets.model.host import Host
from vmwidgets.model.units import GiB, MiB
from vmwidgets.model.vm import VM
from vmwidgets.model.workload import Workload
from vmwidgets.stacks import get

if TYPE_CHECKING:
    import pandas as pd


@experiment(
    source="P. Barham et al., Xen and the Art of Virtualization, SOSP 2003, Figure 5",
    fitted="OLTP with equal weights, 1, 4 and 8 domains: processor time, disk time and seek of a transaction",
    predicted="OLTP with 2 domains; every share under unequal weights, processor-bound and disk-bound",
)
def weighted_domains(
    weights: Sequence[int] = (8, 7, 6, 5, 4, 3, 2, 1),
    pcpus: int = 2,
    workload: str = "cpu",
    cpu_us: int = 366,
    disk_us: int = 236,
    seek_us: int = 156,
) -> "pd.DataFrame":
    """Run one single-vCPU domain per weight, all with the same work to do, and see what each gets done.

    The disk has no weights: every domain has the same disk shares, as in the Xen of 2003.

    Parameters
    ----------
    weights
        CPU weight of each domain.
    pcpus
        Physical processors.
    workload
        ``"cpu"``: the domains compute without end. ``"disk"``: one transaction after another, each with ``cpu_us`` of
        processor time and one disk operation that it waits for.
    cpu_us, disk_us, seek_us
        Processor time of a transaction; time of its disk operation; how much longer that takes when the operation
        before it came from another domain. The defaults solve the measured totals of Figure 5 with equal weights:
        1661/s with one domain (366 + 236 µs), 2833/s with four (236 + 156·3/4) and 2685/s with eight (236 + 156·7/8).

    Returns
    -------
    DataFrame
        One row per domain: ``domain``, ``weight``, ``expected_pct`` (its part of all weights), ``share_pct`` (its part
        of all work done), ``throughput_per_s``, ``cpu_pct`` of one processor, ``latency_us`` of a transaction.
    """
    import pandas as pd

    if workload not in ("cpu", "disk"):
        raise VmwidgetsError("workload is {kind}, expected one of {known}", kind=repr(workload)[:60], known="cpu, disk")
    if not 1 <= len(weights) <= 64:
        raise VmwidgetsError("there are {count} weights, expected 1 to {most}", count=len(weights), most=64)
    for name, value in (("cpu_us", cpu_us), ("disk_us", disk_us)):
        check_int(name, value, 1, 100_000)
    hardware = Hardware(
        pcpus=check_int("pcpus", pcpus, 1, 64),
        memory_bytes=64 * GiB,
        disk_iops=round(1_000_000 / disk_us),
        disk_seek_us=check_int("seek_us", seek_us, 0, 100_000),
        disk_bandwidth=10**12,  # the time of an operation is all in disk_us
    )
    if workload == "cpu":
        work = Workload("cpu_burner")
    else:
        work = Workload("database", clients=1, cpu_us=cpu_us, sync_ops_permille=1000)
    host = Host(hardware, get("neutral"))
    for index, weight in enumerate(weights):
        host.create(VM(f"domain {index + 1}", memory_bytes=64 * MiB, cpu_shares=weight, workload=work))
    now = host.snapshot()
    rate = now["throughput_per_ks"] / 1000
    return pd.DataFrame(
        {
            "domain": now.names,
            "weight": list(weights),
            "expected_pct": [100 * weight / sum(weights) for weight in weights],
            "share_pct": 100 * rate / rate.sum(),
            "throughput_per_s": rate,
            "cpu_pct": 100 * now["cpu_used_khz"] / hardware.clock_khz,
            "latency_us": now["latency_us"],
        }
    )
