"""Time in a range: the time stamp counter of the attacker's CPU, and what goes on meanwhile.

An instruction takes a cycle, and what it has to wait for comes on top. While guest code is halted time goes on, and so
do the scanner that looks for equal pages and the other VMs: that is how a guest lets something happen.
"""

from collections.abc import Callable

TICK_CYCLES = 1 << 20
"""Cycles from one timer interrupt of a guest to the next. With a tick of 1 ms, as Linux has with HZ = 1000, that is a
processor of 1.05 GHz; a power of two so that guest code gets from cycles to ticks by a shift. An assumption."""
TICKS_PER_S = 1000
CYCLES_PER_S = TICK_CYCLES * TICKS_PER_S
TSC_DEADLINE = 0x6E0
"""The model-specific register IA32_TSC_DEADLINE (Intel SDM volume 3, "TSC-Deadline Mode"): when the timer of the CPU
shall wake it."""
TIME_STAMP = 0x10
"""The model-specific register IA32_TIME_STAMP_COUNTER (Intel SDM volume 3, "Time-Stamp Counter")."""
LONGEST_HALT_CYCLES = 60 * CYCLES_PER_S
"""A guest sleeps no longer at a time, so that nothing goes on forever."""


class Clock:
    """The time of one range.

    Attributes
    ----------
    now
        Cycles since the guest code began.
    halted
        For how many of them it has been halted.
    """

    def __init__(self) -> None:
        self.now = self.halted = 0
        self._stalled = 0
        self._deadline = 0
        self._listeners: list[Callable[[int], None]] = []

    def on_time(self, listener: Callable[[int], None]) -> None:
        """Have something called with the time, in cycles, whenever guest code looks at the clock or halts."""
        self._listeners.append(listener)

    def stall(self, cycles: int) -> None:
        """Let the guest wait within an instruction."""
        self._stalled += cycles

    def read(self, executed: int) -> int:
        """Return the time stamp counter after so many instructions."""
        self.now = executed + self._stalled
        for listener in self._listeners:
            listener(self.now)
        return self.now

    def interrupt(self, executed: int) -> None:
        """Let the timer of the VMM take the processor from a guest that does not halt."""
        self.read(executed)

    @property
    def deadline(self) -> int:
        """When the timer will wake the guest; 0 if it is not set."""
        return self._deadline

    def set_deadline(self, cycles: int) -> None:
        """Set when the timer shall wake the guest; 0, and what has passed: at the next tick."""
        self._deadline = cycles

    def halt(self, executed: int) -> None:
        """Let the guest sleep until its timer wakes it."""
        now = self.read(executed)
        wakes = min(self._deadline, now + LONGEST_HALT_CYCLES)
        if wakes <= now:
            wakes = (now // TICK_CYCLES + 1) * TICK_CYCLES
        self._deadline = 0
        self._stalled += wakes - now
        self.halted += wakes - now
        self.read(executed)
