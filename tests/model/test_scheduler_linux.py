"""The model's nice table and fairness against the scheduler of the kernel that runs this test."""

import os
import subprocess
import sys
import time

import pytest

from vmwidgets.model.guest_threads import busy
from vmwidgets.model.scheduler import RUNNING, Guest, Processors, Simulation
from vmwidgets.model.schedulers.cfs import Cfs
from vmwidgets.model.schedulers.eevdf import Eevdf
from vmwidgets.model.schedulers.linux import nice_weight

pytestmark = pytest.mark.linux

SECONDS, MOST_S = 2, 128  # at first: the more others use the CPU, the longer it takes until chance counts for little
ENOUGH_S = 0.8
NICE = (0, 3, 6)  # above one's own: raising it needs no privilege, and only the distance counts
SPINNER = """
import os, sys, time
os.sched_setaffinity(0, {int(sys.argv[1])})
os.nice(int(sys.argv[2]))
print("ready", flush=True)
begin, end = map(float, sys.stdin.readline().split())
on_time = time.monotonic() < begin
while time.monotonic() < begin:
    pass
used = time.process_time()
while time.monotonic() < end:
    pass
print(on_time * (time.process_time() - used), flush=True)
"""


def measured(nice: tuple[int, ...], seconds: int) -> list[float]:
    """Processor time of processes that spin on one CPU at the same time; 0 for one that was told too late.

    Others there take from all of them alike.
    """
    cpu = max(os.sched_getaffinity(0))
    command = [sys.executable, "-S", "-E", "-c", SPINNER, str(cpu)]
    spinners = [
        subprocess.Popen([*command, str(value)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for value in nice
    ]
    try:
        for spinner in spinners:
            assert spinner.stdout.readline() == "ready\n"
        begin = time.monotonic() + seconds / 4
        for spinner in spinners:
            spinner.stdin.write(f"{begin} {begin + seconds}\n")
            spinner.stdin.flush()
        return [float(spinner.communicate(timeout=seconds + 300)[0]) for spinner in spinners]
    finally:
        for spinner in spinners:
            spinner.kill()
            spinner.wait()


def modelled(scheduler: type[Cfs] | type[Eevdf], nice: tuple[int, ...]) -> list[float]:
    class ByNice(scheduler):
        def loads(self) -> list[int]:
            return [nice_weight(int(vcpu.guest.name)) for vcpu in self.vcpus]

    sim = Simulation(Processors(), ByNice(), [Guest(str(value), (busy(),)) for value in nice], log_limit=0)
    sim.run(1_000_000 * SECONDS)
    return [spent[RUNNING] / 1_000_000 for spent in sim.spent_us()]


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="no Linux kernel to compare with")
def test_nice_values_share_a_cpu_as_in_the_model():
    """The next nice value is a factor of 1.25, so a table that is off by one would miss these ratios."""
    if os.nice(0) + NICE[-1] > 19:
        pytest.skip(f"this process runs at nice {os.nice(0)}, expected {19 - NICE[-1]} or less")
    seconds = SECONDS
    while not all(real := measured(NICE, seconds)) or sum(real) < ENOUGH_S:
        seconds *= 2
        assert seconds <= MOST_S, f"other work left {sum(real):.2f} s of a CPU in {seconds // 2} s"
    for scheduler in (Cfs, Eevdf):
        model = modelled(scheduler, NICE)
        errors = [
            100 * (mine / mine_0 / (theirs / theirs_0) - 1)
            for (theirs_0, mine_0), (theirs, mine) in zip(
                zip(real, model, strict=True), list(zip(real, model, strict=True))[1:], strict=False
            )
        ]
        print(f"{scheduler.__name__}, kernel {os.uname().release}: {real} s, model {model} s, error % {errors}")
        assert max(abs(error) for error in errors) < 12
