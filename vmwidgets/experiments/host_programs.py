"""A hosted VMM beside the programs of its host: to the host OS a vCPU is a thread like any other."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from vmwidgets.experiments.amounts import simulated_us
from vmwidgets.experiments.registry import experiment
from vmwidgets.model.allocation import share
from vmwidgets.model.errors import check_int
from vmwidgets.model.guest_threads import busy
from vmwidgets.model.scheduler import RUNNABLE, RUNNING, Guest, Processors, Simulation
from vmwidgets.model.schedulers.hosted import Hosted
from vmwidgets.model.schedulers.linux import nice_weight

if TYPE_CHECKING:
    import pandas as pd


@experiment(
    source="J. Sugerman, G. Venkitachalam, B.-H. Lim, USENIX ATC 2001: the host OS schedules the VM; Linux,"
    " kernel/sched/core.c: sched_prio_to_weight"
)
def hosted(
    programs: int | Sequence[int] = (0, 1, 2, 4, 8),
    vcpus: int = 1,
    pcpus: int = 1,
    vm_nice: int = 0,
    program_nice: int = 0,
    seconds: float = 20,
) -> "pd.DataFrame":
    """Run a busy VM of a hosted VMM beside busy programs of the host, and see what the VM keeps.

    Parameters
    ----------
    programs
        How many programs of the host compute all the time, with a thread each, or several such numbers.
    vcpus
        vCPUs of the VM: threads of the VMM.
    pcpus
        Processors of the host.
    vm_nice, program_nice
        Nice values of the threads of the VMM and of the programs, -20 to 19.
    seconds
        Simulated time.

    Returns
    -------
    DataFrame
        One row for each number of programs: ``programs``, ``vm_pct`` (of one processor, all vCPUs), ``fair_pct`` (what
        the weights of the nice values entitle it to), ``program_pct`` (the mean of the programs), ``ready_pct`` (how
        long a vCPU waited, on average).
    """
    import pandas as pd

    check_int("vcpus", vcpus, 1, 64)
    until_us, rows = simulated_us(seconds), list[tuple[float, ...]]()
    for count in [programs] if isinstance(programs, int) else programs:
        check_int("programs", count, 0, 256)
        guests = [Guest("VM", (busy(),) * vcpus)]
        guests += [Guest(f"program {index + 1}", (busy(),), is_host_program=True) for index in range(count)]
        sim = Simulation(Processors(pcpus), Hosted(vm_nice, program_nice), guests, log_limit=0)
        sim.run(until_us)
        spent = 100 * np.array(sim.spent_us()) / until_us
        weights = np.array([nice_weight(vm_nice)] * vcpus + [nice_weight(program_nice)] * count, np.float64)
        none, whole = np.zeros(len(weights)), np.full(len(weights), 100.0)
        fair = share(100.0 * pcpus, weights, none, whole)[:vcpus].sum()
        ran, program = spent[:vcpus, RUNNING].sum(), spent[vcpus:, RUNNING].sum() / max(count, 1)
        rows.append((count, ran, fair, program, spent[:vcpus, RUNNABLE].mean()))
    return pd.DataFrame(rows, columns=["programs", "vm_pct", "fair_pct", "program_pct", "ready_pct"])
