"""The second-stage table that the machine keeps flat, seen as the radix tree that a page walk reads."""

from vmwidgets.model.errors import VmwidgetsError
from vmwidgets.model.memory import SHARED, MachineMemory
from vmwidgets.model.page_tables import (
    EPT_ACCESSED,
    EPT_DIRTY,
    EPT_RIGHTS,
    EPT_WRITE,
    INDEX_BITS,
    LARGE_LEVELS,
    PAGE_SHIFT,
    PAGE_SIZE,
    page_shift,
)
from vmwidgets.model.second_stage import MAPPED


class FlatTables:
    """The second-stage tables of a VM on a machine, as a walker reads them.

    The tables lie in the machine's frames, but what their entries say is computed from the flat table. A page in a
    frame that is shared copy-on-write is read-only here. Dirty flags are not kept: what is mapped counts as dirty.

    Parameters
    ----------
    machine, slot
        The machine's memory and the number of the VM.

    Raises
    ------
    VmwidgetsError
        If the machine's pages are of a size that no entry can map.
    """

    def __init__(self, machine: MachineMemory, slot: int) -> None:
        self._machine = machine
        self._table = table = machine.tables[slot]
        self._leaf = 1 + (machine.page_bytes.bit_length() - 1 - PAGE_SHIFT) // INDEX_BITS
        if machine.page_bytes != 1 << page_shift(self._leaf) or self._leaf not in (1, *LARGE_LEVELS):
            raise VmwidgetsError(
                "page_bytes is {value}, expected one of {known}",
                value=machine.page_bytes,
                known=", ".join(str(1 << page_shift(level)) for level in (1, *LARGE_LEVELS)),
            )
        self.levels = self._leaf + len(table.nodes) - 1
        self.root = self._place(self.levels, 0)

    def entry(self, level: int, address: int, at: int) -> int:
        """Return the entry of a level that a guest-physical address selects."""
        gfn = address >> page_shift(self._leaf)
        if gfn >= self._table.pages:
            return 0
        if level > self._leaf:
            return self._place(level - 1, address >> page_shift(level)) | EPT_RIGHTS | EPT_ACCESSED
        if self._table.where[gfn] != MAPPED:
            return 0
        frame = int(self._table.entry[gfn])
        entry = frame * self._machine.page_bytes | EPT_RIGHTS | EPT_DIRTY | PAGE_SIZE * (level > 1)
        if self._machine.state[frame] == SHARED:
            entry &= ~EPT_WRITE
        if self._table.accessed[gfn] == self._machine.period:
            entry |= EPT_ACCESSED
        return entry

    def mark(self, level: int, address: int, at: int, entry: int) -> None:
        """Note that a page has been accessed in this sampling period."""
        if level == self._leaf:
            self._table.accessed[address >> page_shift(self._leaf)] = self._machine.period

    def _place(self, level: int, index: int) -> int:
        """Return the machine address of a table."""
        frame, offset = self._table.node(level - self._leaf + 1, index)
        return frame * self._machine.page_bytes + offset


class FrameBytes:
    """The bytes of a machine's frames by machine address."""

    def __init__(self, machine: MachineMemory) -> None:
        self._machine = machine

    def load(self, address: int, size: int) -> int:
        """Return bytes of one frame."""
        frame, offset = divmod(address, self._machine.page_bytes)
        return int.from_bytes(self._machine.frame_bytes(frame, offset, offset + size), "little")

    def store(self, address: int, value: int, size: int) -> None:
        """Write bytes of one frame."""
        frame, offset = divmod(address, self._machine.page_bytes)
        self._machine.store_frame(frame, offset, value.to_bytes(size, "little"))


class VmPages:
    """The memory of a VM by guest-physical address. Pages that are not in memory are brought in, as the VMM would."""

    def __init__(self, machine: MachineMemory, slot: int) -> None:
        self._machine = machine
        self._slot = slot

    def load(self, address: int, size: int) -> int:
        """Return bytes of one page."""
        gfn, offset = divmod(address, self._machine.page_bytes)
        if self._machine.tables[self._slot].where[gfn] != MAPPED:
            self._machine.store(self._slot, gfn, offset, b"")
        return int.from_bytes(self._machine.read(self._slot, gfn, offset, size), "little")

    def store(self, address: int, value: int, size: int) -> None:
        """Write bytes of one page."""
        gfn, offset = divmod(address, self._machine.page_bytes)
        self._machine.store(self._slot, gfn, offset, value.to_bytes(size, "little"))
