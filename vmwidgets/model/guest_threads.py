"""What a guest's thread does with its virtual CPU: small programs of computing, sleeping, waiting and yielding.

A program is a tuple of steps that repeats without end. An attack on the scheduler is a program like any other: nothing
in the scheduler knows of it. Times are whole microseconds.
"""

from dataclasses import dataclass

import numpy as np

from vmwidgets.model.errors import VmwidgetsError, check_int
from vmwidgets.model.random import random_permille

LONGEST_US = 2**40
"""More than any simulation lasts."""


@dataclass(frozen=True, slots=True)
class Compute:
    """Need the processor for so long."""

    us: int

    def __post_init__(self) -> None:
        check_int("us", self.us, 1, LONGEST_US)


@dataclass(frozen=True, slots=True)
class Sleep:
    """Halt for so long."""

    us: int

    def __post_init__(self) -> None:
        check_int("us", self.us, 1, LONGEST_US)

    def until(self, now: int) -> int:
        """Return when it wakes."""
        return now + self.us


@dataclass(frozen=True, slots=True)
class SleepUntil:
    """Halt until the clock is ``phase_us`` past a multiple of ``period_us`` again, at least a microsecond."""

    period_us: int
    phase_us: int = 0

    def __post_init__(self) -> None:
        check_int("period_us", self.period_us, 1, LONGEST_US)
        check_int("phase_us", self.phase_us, 0, self.period_us - 1)

    def until(self, now: int) -> int:
        """Return when it wakes."""
        return now + self.period_us - (now - self.phase_us) % self.period_us


@dataclass(frozen=True, slots=True)
class Io:
    """Wait for an operation of a device that serves all guests one after another, in the order of their requests."""

    us: int
    device: int = 0

    def __post_init__(self) -> None:
        check_int("us", self.us, 1, LONGEST_US)
        check_int("device", self.device, 0, 2**16)


@dataclass(frozen=True, slots=True)
class Yield:
    """Give the processor to whoever else wants it."""


Step = Compute | Sleep | SleepUntil | Io | Yield
Program = tuple[Step, ...]


def program(steps: Program) -> Program:
    """Return the same program with neighbouring computations as one, as nothing happens between them.

    Raises
    ------
    VmwidgetsError
        If it has no step that takes time.
    """
    if all(isinstance(step, Yield) for step in steps):
        raise VmwidgetsError("the program has no step that takes time, expected a Compute, Sleep or Io")
    if all(isinstance(step, Compute) for step in steps):
        return busy()
    merged: list[Step] = []
    for step in steps:
        if merged and isinstance(step, Compute) and isinstance(last := merged[-1], Compute):
            merged[-1] = Compute(last.us + step.us)
        else:
            merged.append(step)
    return tuple(merged)


def busy() -> Program:
    """Compute without end."""
    return (Compute(LONGEST_US),)


def duty_cycle(compute_us: int, sleep_us: int) -> Program:
    """Compute, sleep, and again: the sleep begins when the work is done."""
    return Compute(compute_us), Sleep(sleep_us)


def periodic(work_us: int, period_us: int, phase_us: int = 0) -> Program:
    """Do the same work once in each period; a period that begins before the work is done is skipped."""
    return SleepUntil(period_us, phase_us), Compute(work_us)


def tick_thief(run_us: int, tick_us: int = 10_000, after_us: int = 50) -> Program:
    """Run between the scheduler's ticks and sleep while they sample (F. Zhou et al., arXiv 1103.0759).

    Parameters
    ----------
    run_us
        How long it computes in each tick.
    tick_us
        Period of the ticks; 10 ms in Xen.
    after_us
        How long after the tick it wakes. An assumption: any time that is short and not zero.
    """
    return SleepUntil(tick_us, after_us % tick_us), Compute(run_us)


def transactions(cpu_us: int, disk_us: int, device: int = 0) -> Program:
    """One transaction after another: computing, then a synchronous operation of a shared disk."""
    return Compute(cpu_us), Io(disk_us, device)


def interactive(compute_us: int, sleep_us: int, seed: int, stream: str, count: int = 512) -> Program:
    """Short computations and sleeps of random length, each uniform from 0.1 to 1.9 times its mean.

    Parameters
    ----------
    compute_us, sleep_us
        The means.
    seed, stream
        See :func:`vmwidgets.model.random.random_permille`: another stream for each guest.
    count
        After so many pairs the lengths repeat.
    """
    tenths = 100 + 9 * random_permille(seed, stream, np.arange(2 * count)) // 5
    steps: list[Step] = []
    for burst, pause in tenths.reshape(-1, 2).tolist():
        steps += [Compute(max(1, compute_us * burst // 1000)), Sleep(max(1, sleep_us * pause // 1000))]
    return tuple(steps)
