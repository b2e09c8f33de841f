"""Caches that guest code can measure: by machine line, the first level for each core, the last for all.

Where a line lies decides how long a load takes. Lines are those of the machine, so that two VMs that share a frame
share its lines, and what one of them has loaded is fast for the other.
"""

from collections import OrderedDict
from collections.abc import Callable

from vmwidgets.model.guest_memory import PAGE_BYTES, READ, WRITE
from vmwidgets.model.range.clock import Clock
from vmwidgets.model.range.guest import Guest
from vmwidgets.model.range.machine import Machine
from vmwidgets.model.range.memory_path import MemoryPath
from vmwidgets.model.range.trace import Trace

LINE_BYTES = 64
L1_LINES, LAST_LINES = 512, 16_384
"""32 KiB and 1 MiB."""
L1_CYCLES, LAST_CYCLES, MEMORY_CYCLES = 4, 40, 200
"""What a load waits for. Assumptions, of the order of today's processors."""
FLUSH_CYCLES = 40
"""What clflush waits for. An assumption."""
OWN, BEFORE, SIBLING = "own", "before", "sibling"
"""Who has brought a line into the first level of the attacker's core: the attacker; a VM that ran there before; one
that runs on the other thread of the core."""


class Caches:
    """The caches that an attacker's core uses.

    Parameters
    ----------
    activate
        Called with the machine address of each line that comes from memory.

    Attributes
    ----------
    from_memory
        How many lines have come from memory.
    """

    def __init__(self, activate: Callable[[int], None]) -> None:
        self._first: OrderedDict[int, str] = OrderedDict()
        self._last: OrderedDict[int, None] = OrderedDict()
        self._activate = activate
        self.from_memory = 0

    def access(self, line: int, who: str = OWN) -> int:
        """Load a line on the attacker's core and return for how many cycles that waits."""
        first = self._first
        if line in first:
            first.move_to_end(line)
            if who == OWN and first[line] != OWN:
                first[line] = OWN
            return L1_CYCLES
        first[line] = who
        if len(first) > L1_LINES:
            first.popitem(last=False)
        return self.access_elsewhere(line)

    def access_elsewhere(self, line: int) -> int:
        """Load a line on another core, with another first level."""
        last = self._last
        if line in last:
            last.move_to_end(line)
            return LAST_CYCLES
        last[line] = None
        if len(last) > LAST_LINES:
            last.popitem(last=False)
        self.from_memory += 1
        self._activate(line * LINE_BYTES)
        return MEMORY_CYCLES

    def flush(self, line: int) -> None:
        """Throw a line out of all caches."""
        self._first.pop(line, None)
        self._last.pop(line, None)

    def empty_first(self) -> int:
        """Empty the first level of the core; return how many lines were in it."""
        lines = len(self._first)
        self._first.clear()
        return lines

    def brought_by(self, line: int) -> str | None:
        """Return who has brought a line into the first level of the core, None if it is not there."""
        return self._first.get(line)


class TimedPath(MemoryPath):
    """A way to memory whose accesses take time.

    Parameters
    ----------
    machine, guest, trace, keeper, closed
        As for :class:`~vmwidgets.model.range.memory_path.MemoryPath`.
    clock, caches
        What is kept waiting, and by what.
    """

    __slots__ = ("_caches", "_clock")

    def __init__(
        self, machine: Machine, guest: Guest, trace: Trace, keeper: str, *, closed: bool, clock: Clock, caches: Caches
    ) -> None:
        super().__init__(machine, guest, trace, keeper, closed=closed)
        self._clock, self._caches = clock, caches

    def load(self, address: int, size: int, write: bool = False) -> int:  # noqa: D102
        # Nearly all accesses lie within a page that has been translated: these are carried out here, without a detour.
        frame = (self._writable if write else self._readable).get(address // PAGE_BYTES)
        offset = address % PAGE_BYTES
        if frame is None or offset + size > PAGE_BYTES:
            value, line = super().load(address, size, write), self._line(address, write=write)
        else:
            place = frame * PAGE_BYTES + offset
            value, line = READ[size](self._memory, place)[0], place // LINE_BYTES
        self._clock.stall(self._caches.access(line))
        return value

    def store(self, address: int, value: int, size: int) -> None:  # noqa: D102
        frame = self._writable.get(address // PAGE_BYTES)
        offset = address % PAGE_BYTES
        if frame is None or offset + size > PAGE_BYTES:
            super().store(address, value, size)
            line = self._line(address, write=True)
        else:
            place = frame * PAGE_BYTES + offset
            WRITE[size](self._memory, place, value)
            line = place // LINE_BYTES
        self._clock.stall(self._caches.access(line))

    def flush(self, address: int) -> None:
        """Throw the line of an address out of all caches; the address has to be readable."""
        super().load(address, 1)
        self._caches.flush(self._line(address, write=False))
        self._clock.stall(FLUSH_CYCLES)

    def _line(self, address: int, *, write: bool) -> int:
        """Return the machine line of an address that has just been translated.

        An access across two pages may have lost the translation of the first, when the second got a frame of its own.
        """
        frame = (self._writable if write else self._readable).get(address // PAGE_BYTES)
        if frame is None:
            return self._translate(address, 1, write) // LINE_BYTES
        return (frame * PAGE_BYTES + address % PAGE_BYTES) // LINE_BYTES
