"""How much a run of guest code may cost the one who grades it.

Steps alone do not bound that: in one step an exit may have the VMM do what takes as long as hundreds of others. So what
is counted is effort. An instruction counts 1; one that traps counts as many more as it takes longer at worst, measured
over all devices, calls and placements of the range (tests/assignments/test_effort.py).
"""

from collections.abc import Callable

from vmwidgets.model.cpu import CPU
from vmwidgets.model.exits import Action, Exit
from vmwidgets.model.guest_memory import Trap
from vmwidgets.model.range.run import Shot

EFFORT = 120_000
"""Effort of one run: half as much again as any attack of the gallery takes, but for those that compute until the
processor that they share has been watched for long enough."""
TRAP_EFFORT = {"invlpg": 12, "rdtsc": 8}
"""Of an instruction that traps, whoever settles it, by its reason."""
OTHER_TRAP_EFFORT = 6
EXIT_EFFORT = {"hlt": 150, "hypercall": 150, "page_fault": 25, "general_protection": 25, "io": 6}
"""Of a trap that is left to the VMM, on top. A halt may have all pages scanned, a call may have a frame cleared."""
OTHER_EXIT_EFFORT = 12
REQUEST_EFFORT = 5
"""Of each request that a device takes at once."""
SLOW_EFFORT = 12
"""Of each translation that is not kept, and of each access over two pages."""
_QUEUES = ("port_nic", "port_backend")
_MOST_REQUESTS = 64
_SLICE = 250


def run_within(shot: Shot, effort: int = EFFORT, until: Callable[[], bool] = lambda: False) -> bool:
    """Run guest code until it ends or has taken all the effort it may; return whether the effort was spent.

    Parameters
    ----------
    shot
        Guest code in a range, not yet run.
    effort
        How much it may take.
    until
        Whether nothing more need be seen. Asked after each exit.
    """
    cpu, handle, assist = shot.cpu, shot.cpu.handler, shot.cpu.assistance
    doorbells = {shot.scenario.numbers[name] + 1 for name in _QUEUES if name in shot.scenario.numbers}
    spent, reached, path = 0, False, shot.scenario.path

    def left() -> int:
        return effort - cpu.attempts - spent - SLOW_EFFORT * path.slow

    def count_trap(cpu: CPU, trap: Trap) -> bool:
        nonlocal spent
        spent += TRAP_EFFORT.get(trap.reason, OTHER_TRAP_EFFORT)
        return assist(cpu, trap)

    def count_exit(cpu: CPU, exit: Exit) -> Action:
        nonlocal spent, reached
        action = handle(cpu, exit)
        spent += EXIT_EFFORT.get(exit.reason, OTHER_EXIT_EFFORT)
        if exit.reason == "io" and exit["write"] and exit["port"] in doorbells:
            spent += REQUEST_EFFORT * min(exit["value"], _MOST_REQUESTS)
        reached = until()
        return Action.STOP if reached or left() <= 0 else action

    cpu.handler, cpu.assistance = count_exit, count_trap
    try:
        while (more := left()) > 0:
            if cpu.run(min(more, _SLICE)) is Action.STOP or cpu.finished:
                return not reached and left() <= 0
        return True
    finally:
        cpu.handler, cpu.assistance = handle, assist
