"""Stepping through a guest's run, forwards and backwards.

A run is a function of the program, the VMM and the random numbers it was given, so going back is running again from the
start, and shorter. Nothing is kept of the states between.
"""

from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

from vmwidgets.model.cpu import CPU
from vmwidgets.model.errors import check_int

MAX_POSITION = 1_000_000
"""How far a run can be followed, in instructions attempted: what is quick to run again."""


class Machine(Protocol):
    """A machine with a guest: whatever else it has."""

    @property
    def cpu(self) -> CPU:
        """The CPU of the guest."""
        ...


M = TypeVar("M", bound=Machine)


class Rewind(Generic[M]):
    """A run of a guest with a place in it.

    Parameters
    ----------
    make
        Returns a new machine with the guest at its start: each call the same.
    """

    def __init__(self, make: Callable[[], M]) -> None:
        self._make = make
        self.machine = make()
        """The machine as it is at the place. Going back replaces it."""

    @property
    def cpu(self) -> CPU:
        """The CPU of the guest."""
        return self.machine.cpu

    @property
    def position(self) -> int:
        """The place: how many instructions have been attempted."""
        return self.cpu.attempts

    def forward(self, steps: int = 1) -> int:
        """Go on by so many attempted instructions, or to the end; return the place."""
        return self.to(self.position + check_int("steps", steps, 0, MAX_POSITION))

    def back(self, steps: int = 1) -> int:
        """Go back by so many, or to the start; return the place."""
        return self.to(max(0, self.position - check_int("steps", steps, 0, MAX_POSITION)))

    def to(self, position: int) -> int:
        """Go to a place, or to the end if the run is shorter; return the place."""
        position = min(check_int("position", position, 0, 2 * MAX_POSITION), MAX_POSITION)
        if position < self.position:
            self.machine = self._make()
        while self.position < position and not self.cpu.finished:
            # A VMM that takes the CPU back gives it again, as if "run" were pressed once more.
            self.cpu.run(position - self.position)
        return self.position
