"""Days of real machines: their recorded processor use, replayed on one modelled host."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from vmwidgets.experiments.registry import experiment
from vmwidgets.model.errors import VmwidgetsError, check_int
from vmwidgets.model.hardware import Hardware
from vmwidgets.model.history import Segment
from vmwidgets.model.host import Host
from vmwidgets.model.units import GiB, MiB
from vmwidgets.model.vm import VM
from vmwidgets.model.workload import Workload
from vmwidgets.stacks import get
from vmwidgets.traces import Trace, read_traces

if TYPE_CHECKING:
    import pandas as pd

MAX_MACHINES = 256
_DAY_S = 86_400
_HOUR_S = 3_600


@experiment(
    source="The caller's files; tested with 20 PlanetLab machines on 2011-03-03 (CoMon; A. Beloglazov, R. Buyya,"
    " CCPE 24(13), 2012, doi:10.1002/cpe.1867)"
)
def day_of_traces(
    files: str | Sequence[str],
    vcpus: int | Sequence[int] = 1,
    cpu_shares: int | Sequence[int] = 1000,
    pcpus: int = 4,
    clock_mhz: int = 2000,
    value_s: int = 300,
) -> "pd.DataFrame":
    """Run one day of recorded machines on one host, which may be too small or too large for them.

    The traces say how busy each machine's processors were, in percent. How many it had they do not say: the caller
    does. What a machine wants and does not get is lost, not done later.

    Parameters
    ----------
    files
        CSV files, one column a machine; or a folder, for all its files ``*.csv`` and ``*.txt`` by name.
    vcpus, cpu_shares
        Size and shares of the machines, one number for all or one each.
    pcpus, clock_mhz
        Physical processors of the host and their clock.
    value_s
        Seconds that a value of the traces lasts: 10 to 3600. A trace that is shorter than a day repeats.

    Returns
    -------
    DataFrame
        One row per machine and a last one, ``all``, for all together: ``machine``, ``vcpus``; mean ``demand_mhz`` and
        ``used_mhz`` over the day; ``ready_pct``, time in which vCPUs waited for a processor, in percent of the day and
        summed over the vCPUs; ``steal_pct``, the same in percent of the vCPUs' time; ``worst_hour`` (0 to 23), in
        which the machine waited most, missing if it never waited; ``worst_hour_steal_pct``.
    """
    import pandas as pd

    check_int("value_s", value_s, 10, _HOUR_S)
    machines = _machines(files)
    sizes = _one_each("vcpus", vcpus, len(machines))
    shares = _one_each("cpu_shares", cpu_shares, len(machines))
    check_int("clock_mhz", clock_mhz, 1, 10_000)
    # The traces are about processors. Everything else is ample, so that it holds nobody up.
    hardware = Hardware(
        pcpus=pcpus,
        clock_khz=clock_mhz * 1000,
        memory_bytes=GiB + len(machines) * 64 * MiB,
        vmm_memory_bytes=GiB,
        disk_bytes=10**18,
    )
    host = Host(hardware, get("neutral"), tick_s=value_s)
    for machine, size, weight in zip(machines, sizes, shares, strict=True):
        work = Workload("trace", values=machine.values, value_s=value_s)
        host.create(VM(machine.name, vcpus=size, cpu_shares=weight, memory_bytes=64 * MiB, workload=work))
    host.advance(_DAY_S // value_s)
    (day,) = host.history.segments
    rows = _rows(day, np.array(sizes, np.int64), value_s)
    table = pd.DataFrame(rows)
    table["worst_hour"] = pd.array([row["worst_hour"] for row in rows], dtype="Int64")  # whole numbers and missing ones
    return table


def _rows(day: Segment, vcpus: NDArray[np.int64], value_s: int) -> list[dict[str, object]]:
    everybody = [(name, slice(index, index + 1)) for index, name in enumerate(day.names)]
    hour = np.arange(day.ticks) * value_s // _HOUR_S
    length_s = np.bincount(hour) * value_s
    rows: list[dict[str, object]] = []
    for name, who in [*everybody, ("all", slice(None))]:
        ready_s = day.column("cpu_ready_ms")[who].sum(axis=0) / 1000
        by_hour, count = np.bincount(hour, ready_s), int(vcpus[who].sum())
        total_s, worst = float(by_hour.sum()), int(np.argmax(by_hour / length_s))
        rows.append(
            {
                "machine": name,
                "vcpus": count,
                "demand_mhz": float(day.column("cpu_demand_khz")[who].sum(axis=0).mean()) / 1000,
                "used_mhz": float(day.column("cpu_used_khz")[who].sum(axis=0).mean()) / 1000,
                "ready_pct": 100 * total_s / float(length_s.sum()),
                "steal_pct": 100 * total_s / float(length_s.sum()) / count,
                "worst_hour": worst if total_s else None,
                "worst_hour_steal_pct": 100 * float(by_hour[worst]) / float(length_s[worst]) / count,
            }
        )
    return rows


def _machines(files: str | Sequence[str]) -> list[Trace]:
    given = [files] if isinstance(files, str) else list(files)
    paths: list[Path] = []
    for entry in given:
        folder = Path(entry)
        found = sorted(p for p in folder.glob("*") if p.suffix in (".csv", ".txt")) if folder.is_dir() else [folder]
        if not found:
            raise VmwidgetsError("the folder {path} holds no file *.csv or *.txt", path=str(folder))
        paths += found
    read = [(path, machine) for path in paths for machine in read_traces(path)]
    often = Counter(machine.name for _, machine in read)
    machines = [m if often[m.name] == 1 else Trace(f"{path.stem} {m.name}", m.values) for path, m in read]
    if not 1 <= len(machines) <= MAX_MACHINES:
        raise VmwidgetsError("there are {count} machines, expected 1 to {most}", count=len(machines), most=MAX_MACHINES)
    return machines


def _one_each(name: str, value: int | Sequence[int], count: int) -> list[int]:
    each = [value] * count if isinstance(value, int) else list(value)
    if len(each) != count:
        raise VmwidgetsError(
            "{name} has {found} values, expected one for all or one for each of the {count} machines",
            name=name,
            found=len(each),
            count=count,
        )
    return each
