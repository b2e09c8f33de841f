"""Page-table updates of a paravirtual guest: it asks, the hypervisor looks whether it may, and writes the entry.

The tables hold machine addresses and the processor walks them as they are, so that nothing stands below them: the
validation is the wall (P. Barham et al., SOSP 2003, section 3.3.3). An entry may name only frames of the guest's own,
and no page that is a table may be mapped writable.

An entry of level 2 whose frame stays the same takes a shorter way. With the defence it may change flags that are
harmless on it; without, it may change all of them, as in XSA-148 (CVE-2015-7835; Xen commit fe360c90): an entry that
leads to a table becomes one that maps 2 MiB, beginning at the table.
"""

import struct

from vmwidgets.model.guest_memory import PAGE_BYTES
from vmwidgets.model.page_tables import ACCESSED, ADDRESS_MASK, DIRTY, PAGE_SIZE, PRESENT, USER, WRITABLE
from vmwidgets.model.range.guest import Guest
from vmwidgets.model.range.machine import FRAMES, Machine
from vmwidgets.model.range.trace import ALLOWS, OPEN, REFUSES, Trace

_HARMLESS = ACCESSED | DIRTY | USER
_DIRECTORY_LEVEL = 2


class TableUpdates:
    """The validation for one guest.

    Parameters
    ----------
    machine, guest, trace
        The machine, whose tables they are, and where decisions are written down.
    keeper
        Id of the layer that validates.
    root
        Machine address of the table of level 4.
    closed
        Whether the shorter way looks at the flags.
    """

    def __init__(self, machine: Machine, guest: Guest, trace: Trace, keeper: str, root: int, *, closed: bool) -> None:
        self._machine, self._guest, self._trace, self._keeper = machine, guest, trace, keeper
        self._root, self._closed = root // PAGE_BYTES, closed

    def update(self, at: int, value: int) -> bool:
        """Write an entry, if it may be; return whether it was.

        Parameters
        ----------
        at
            Machine address of the entry.
        value
            What it shall be.
        """
        tables = self.tables()
        level = tables.get(at // PAGE_BYTES, 0)
        outcome = REFUSES if at % 8 or not level else self._judge(self._machine.word(at), value, level, tables)
        frame = (value & ADDRESS_MASK) // PAGE_BYTES
        owner = self._machine.owners[frame] if value & PRESENT and frame < FRAMES else ""
        self._trace.note(self._keeper, "validation", outcome, at, frame if owner else -1, owner)
        if outcome == REFUSES:
            return False
        self._machine.put(at, value)
        self._machine.changed()
        return True

    def unmap(self, frame: int) -> bool:
        """Clear the entries that map a frame that the guest gives back; return False if the frame is a table."""
        tables = self.tables()
        if frame in tables:
            return False
        for table in (table for table, level in tables.items() if level == 1):
            for at, entry in enumerate(self._entries(table)):
                if entry & PRESENT and (entry & ADDRESS_MASK) // PAGE_BYTES == frame:
                    self._machine.put(table * PAGE_BYTES + 8 * at, 0)
        return True

    def tables(self) -> dict[int, int]:
        """Return the frames that are tables, each with its level: those that the root leads to."""
        found = {self._root: 4}
        for above in (4, 3, 2):
            for table in [frame for frame, level in found.items() if level == above]:
                for entry in self._entries(table):
                    frame = (entry & ADDRESS_MASK) // PAGE_BYTES
                    if entry & PRESENT and not entry & PAGE_SIZE and frame < FRAMES:
                        found.setdefault(frame, above - 1)
        return found

    def _judge(self, old: int, value: int, level: int, tables: dict[int, int]) -> str:
        changed = old ^ value
        if level == _DIRECTORY_LEVEL and old & value & PRESENT and not changed & ADDRESS_MASK:
            if not changed & ~_HARMLESS:
                return ALLOWS
            if not self._closed:
                return OPEN
        return ALLOWS if self._sound(value, level, dict(tables)) else REFUSES

    def _sound(self, value: int, level: int, tables: dict[int, int]) -> bool:
        """Return whether an entry names only what is the guest's; adds the tables that it leads to."""
        self._machine.work["entries_validated"] += 1
        if not value & PRESENT:
            return True
        frame = (value & ADDRESS_MASK) // PAGE_BYTES
        if frame >= FRAMES or self._machine.owners[frame] != self._guest.name:
            return False
        if level == 1:
            return not (value & WRITABLE and frame in tables)
        if value & PAGE_SIZE or tables.get(frame, level - 1) != level - 1:
            return False
        if frame in tables:
            return True
        tables[frame] = level - 1
        return not self._writable(frame, tables) and all(
            self._sound(entry, level - 1, tables) for entry in self._entries(frame)
        )

    def _writable(self, frame: int, tables: dict[int, int]) -> bool:
        """Return whether some table maps a frame so that the guest can write to it."""
        return any(
            entry & PRESENT and entry & WRITABLE and (entry & ADDRESS_MASK) // PAGE_BYTES == frame
            for table, level in tables.items()
            if level == 1
            for entry in self._entries(table)
        )

    def _entries(self, frame: int) -> tuple[int, ...]:
        start = frame * PAGE_BYTES
        return struct.unpack("<512Q", self._machine.memory[start : start + PAGE_BYTES])
