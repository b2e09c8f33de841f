"""What a VM gets of a core beside two others: the scheduler of the stack is run on one thread of it, or on both."""

from dataclasses import replace
from functools import lru_cache

from vmwidgets.model.errors import VmwidgetsError
from vmwidgets.model.guest_threads import busy, duty_cycle
from vmwidgets.model.quantum import scheduler_of
from vmwidgets.model.scheduler import Guest, Simulation
from vmwidgets.model.schedulers.machine import Processors
from vmwidgets.model.scheduling import Scheduling

SMT_SPEED_PERMILLE = 650
"""Of a thread while the other thread of its core runs: both together do 1.3 of what one does alone. An assumption, of
the size that is reported for servers (D. Marr et al., Intel Technology Journal 6(1), 2002)."""
NEIGHBOURS_PERMILLE = 100
"""So much of its time each of the two other VMs computes. An assumption: servers that are not full."""
_PERIOD_US, _WINDOW_US = 10_000, 600_000
_BEFORE_CORES = {"hyperv_core": "hyperv_classic"}
"""The scheduler that shares cores between VMs, by the one that does not (the default before Windows Server 2019)."""


@lru_cache(maxsize=256)
def processor_permille(algorithm: str, *, vcpus: int, alone: bool, limited: bool, neighbours_permille: int) -> int:
    """Return what a VM that wants a core gets of it beside two others, in thousandths of what a free core does.

    Parameters
    ----------
    algorithm
        Id of the scheduler; ``""``: that of a lab.
    vcpus
        How many it has. Where they run at the same time and there are fewer processors, it has one.
    alone
        Whether no other VM runs on the second thread of its core: core scheduling, which VMs of one vCPU cannot tell
        from SMT off.
    limited
        Whether it may use no more than its share of a processor.
    neighbours_permille
        So much of its time each of the others wants to compute.
    """
    algorithm = algorithm or Scheduling().algorithm
    if not alone:
        algorithm = _BEFORE_CORES.get(algorithm, algorithm)
    has_core_scheduling = algorithm in _BEFORE_CORES
    processors = Processors() if alone and not has_core_scheduling else Processors(2, 2, SMT_SPEED_PERMILLE)
    computes = _PERIOD_US * neighbours_permille // 1000
    program = duty_cycle(computes, _PERIOD_US - computes) if 0 < computes < _PERIOD_US else busy()
    others = [Guest(f"guest {vm}", (program,)) for vm in (1, 2) if computes]
    first = Guest("guest 0", (busy(),) * vcpus, cap_permille=1000 // 3 if limited else 0)
    scheduler = scheduler_of(Scheduling(algorithm=algorithm))
    try:
        simulation = Simulation(processors, scheduler, (first, *others), 0)
    except VmwidgetsError:
        first, vcpus = replace(first, programs=(busy(),)), 1
        simulation = Simulation(processors, scheduler_of(Scheduling(algorithm=algorithm)), (first, *others), 0)
    simulation.run(_WINDOW_US)
    return 1000 * sum(simulation.work_us()[:vcpus]) // _WINDOW_US
