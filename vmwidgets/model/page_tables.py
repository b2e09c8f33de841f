"""Page tables as bytes in memory: the guest's own, and second-stage tables (EPT) in machine frames below them."""

from collections.abc import Callable
from typing import Protocol

from vmwidgets.model.errors import VmwidgetsError, check_int
from vmwidgets.model.guest_memory import MASK64, READ, WRITE
from vmwidgets.model.units import KiB

TABLE_BYTES = 4 * KiB
ENTRY_BYTES = 8
INDEX_BITS = 9
PAGE_SHIFT = 12
"""A table has 512 entries of 8 bytes; each level of tables turns 9 bits of an address into the next table, and the
lowest 12 bits are the place in the page (Intel SDM volume 3, "4-Level Paging and 5-Level Paging")."""
MAX_LEVELS = 5

PRESENT, WRITABLE, USER = 1 << 0, 1 << 1, 1 << 2
ACCESSED, DIRTY = 1 << 5, 1 << 6
PAGE_SIZE = 1 << 7
"""Bits of a guest's entry. `PAGE_SIZE` (PS, once called PSE) makes an entry of level 2 or 3 map a page."""

EPT_READ, EPT_WRITE, EPT_EXECUTE = 1 << 0, 1 << 1, 1 << 2
EPT_ACCESSED, EPT_DIRTY = 1 << 8, 1 << 9
EPT_RIGHTS = EPT_READ | EPT_WRITE | EPT_EXECUTE
"""Bits of an entry of a second-stage table (Intel SDM volume 3, "The Extended Page Table Mechanism (EPT)"). The bit of
a large page is `PAGE_SIZE` there too."""

ADDRESS_MASK = (1 << 52) - TABLE_BYTES
"""Bits 51 to 12 of an entry: the address of a table or of a page."""
LARGE_LEVELS = (2, 3)
"""Levels whose entries may map a page: of 2 MiB and of 1 GiB."""


class Memory(Protocol):
    """Bytes by address, read and written as numbers, little end first."""

    def load(self, address: int, size: int) -> int:
        """Return ``size`` bytes."""
        ...

    def store(self, address: int, value: int, size: int) -> None:
        """Write ``size`` bytes."""
        ...


def page_shift(level: int) -> int:
    """Return how many low bits of an address are the place in a page that an entry of this level maps."""
    return PAGE_SHIFT + INDEX_BITS * (level - 1)


def index_of(address: int, level: int) -> int:
    """Return which entry of a table of this level an address selects."""
    return address >> PAGE_SHIFT + INDEX_BITS * (level - 1) & (1 << INDEX_BITS) - 1


class PageAllocator:
    """Hands out unused pages one after another."""

    def __init__(self) -> None:
        self._next = 1  # an entry that is all zero points nowhere: page 0 is never handed out

    def allocate(self, count: int = 1) -> int:
        """Return the address of so many pages in a row, aligned to their size; ``count`` is a power of two."""
        first = -(-self._next // count) * count
        self._next = first + count
        return first << PAGE_SHIFT


class SparseMemory(PageAllocator):
    """Machine memory of which only the frames exist that somebody wrote to; the others read as zeros."""

    def __init__(self) -> None:
        super().__init__()
        self.frames: dict[int, bytearray] = {}

    def load(self, address: int, size: int) -> int:
        """Return 1, 2, 4 or 8 bytes of one frame."""
        frame = self.frames.get(address >> PAGE_SHIFT)
        if frame is None:
            return 0
        return READ[size](frame, address % TABLE_BYTES)[0]

    def store(self, address: int, value: int, size: int) -> None:
        """Write 1, 2, 4 or 8 bytes of one frame."""
        frame = self.frames.get(address >> PAGE_SHIFT)
        if frame is None:
            frame = self.frames[address >> PAGE_SHIFT] = bytearray(TABLE_BYTES)
        WRITE[size](frame, address % TABLE_BYTES, value)


class PageTables:
    """A radix tree of tables in memory.

    Parameters
    ----------
    memory
        Where the tables lie.
    levels
        Depth of the tree, 1 to 5.
    allocate
        Returns the address of a page for a new table.
    link
        Bits of an entry that leads to another table.
    """

    def __init__(self, memory: Memory, levels: int, allocate: Callable[[], int], link: int) -> None:
        self.memory = memory
        self.levels = check_int("levels", levels, 1, MAX_LEVELS)
        self._allocate = allocate
        self._link = link
        self.root = self._new_table()
        """Address of the table of the highest level."""

    def put(self, address: int, target: int, flags: int, level: int = 1) -> None:
        """Let the entry of a level that an address selects map a page at ``target``.

        Raises
        ------
        VmwidgetsError
            If target and address are not aligned to the page, or a page or table of another size is in the way.
        """
        size = 1 << page_shift(level)
        if target % size or target & ~ADDRESS_MASK or address % size:
            raise VmwidgetsError(
                "{address} cannot be mapped to {target}, expected multiples of the page size {size}",
                address=hex(address),
                target=hex(target),
                size=size,
            )
        table = self.root
        for above in range(self.levels, level, -1):
            at = table + ENTRY_BYTES * index_of(address, above)
            entry = self.memory.load(at, ENTRY_BYTES)
            if not entry & self._link:
                entry = self._new_table() | self._link
                self.memory.store(at, entry, ENTRY_BYTES)
            elif entry & PAGE_SIZE:
                raise VmwidgetsError("{address} lies in a larger page", address=hex(address))
            table = entry & ADDRESS_MASK
        at = table + ENTRY_BYTES * index_of(address, level)
        if level > 1:
            entry = self.memory.load(at, ENTRY_BYTES)
            if entry & self._link and not entry & PAGE_SIZE:
                raise VmwidgetsError("{address} is mapped by smaller pages", address=hex(address))
            flags |= PAGE_SIZE
        self.memory.store(at, target | flags, ENTRY_BYTES)

    def unmap(self, address: int) -> None:
        """Clear the entry that maps an address, if any."""
        place = self.find(address)
        if place is not None:
            self.memory.store(place[0], 0, ENTRY_BYTES)

    def find(self, address: int) -> tuple[int, int] | None:
        """Return where the entry lies that maps an address, and its level; None if nothing maps it.

        This is how the owner of the tables looks things up. It changes no bit and counts nothing.
        """
        table = self.root
        for level in range(self.levels, 0, -1):
            at = table + ENTRY_BYTES * index_of(address, level)
            entry = self.memory.load(at, ENTRY_BYTES)
            if not entry & self._link:
                return None
            if level == 1 or entry & PAGE_SIZE:
                return at, level
            table = entry & ADDRESS_MASK
        raise AssertionError("unreachable: the lowest level returns")

    def _new_table(self) -> int:
        table = self._allocate()
        for at in range(table, table + TABLE_BYTES, ENTRY_BYTES):
            self.memory.store(at, 0, ENTRY_BYTES)
        return table


class GuestTables(PageTables):
    """Page tables of a guest, in its own pages: x86-64 entries at guest-physical addresses.

    Parameters
    ----------
    memory
        The guest's memory, by guest-physical address.
    levels
        4 for 4-level paging, 5 for 5-level paging. Other depths do not exist on x86-64; they are for comparison.
    allocate
        Returns the guest-physical address of a page for a new table.
    """

    def __init__(self, memory: Memory, levels: int, allocate: Callable[[], int]) -> None:
        super().__init__(memory, levels, allocate, PRESENT | WRITABLE | USER)

    def map(self, address: int, target: int, *, level: int = 1, writable: bool = True, user: bool = True) -> None:
        """Map a page of guest-virtual addresses to a guest page.

        Parameters
        ----------
        address, target
            Guest-virtual and guest-physical address, multiples of the page size.
        level
            1 for a page of 4 KiB, 2 for one of 2 MiB, 3 for one of 1 GiB.
        writable, user
            Whether it can be written to; whether user code may use it.

        Raises
        ------
        VmwidgetsError
            If they are not, or if a page or table of another size is in the way.
        """
        check_int("address", address, 0, MASK64)
        check_int("level", level, 1, min(self.levels, LARGE_LEVELS[-1]))
        self.put(address, target, PRESENT | WRITABLE * writable | USER * user, level)


class EptTables(PageTables):
    """Second-stage tables of a VM, in machine frames: EPT entries."""

    def __init__(self, memory: Memory, levels: int, allocate: Callable[[], int]) -> None:
        super().__init__(memory, levels, allocate, EPT_RIGHTS)

    def map(self, address: int, target: int, *, level: int = 1, rights: int = EPT_RIGHTS) -> None:
        """Map a guest page to machine memory; see :meth:`GuestTables.map`."""
        check_int("address", address, 0, (1 << page_shift(self.levels + 1)) - 1)
        check_int("level", level, 1, min(self.levels, LARGE_LEVELS[-1]))
        self.put(address, target, check_int("rights", rights, 1, EPT_RIGHTS), level)

    def entry(self, level: int, address: int, at: int) -> int:
        """Return the entry at machine address ``at``."""
        return self.memory.load(at, ENTRY_BYTES)

    def mark(self, level: int, address: int, at: int, entry: int) -> None:
        """Write back an entry whose accessed or dirty flag has been set."""
        self.memory.store(at, entry, ENTRY_BYTES)


class GuestPages:
    """Guest-physical memory on a machine: a page gets its frame, and its second-stage entry, when it is first used.

    Parameters
    ----------
    machine
        Memory of the machine.
    tables
        The second-stage tables; without them guest-physical addresses are machine addresses.
    level
        Of the second-stage entries: 1 for pages of 4 KiB, 2 for 2 MiB.
    """

    def __init__(self, machine: SparseMemory, tables: EptTables | None = None, level: int = 1) -> None:
        self._machine = machine
        self._tables = tables
        self._level = level
        self._shift = page_shift(level)
        self._frames: dict[int, int] = {}

    def back(self, address: int) -> int:
        """Return the machine address behind a guest-physical one; what the VMM does after an EPT violation."""
        if self._tables is None:
            return address
        page = address >> self._shift
        frame = self._frames.get(page)
        if frame is None:
            frame = self._machine.allocate(1 << self._shift - PAGE_SHIFT)
            self._tables.map(page << self._shift, frame, level=self._level)
            self._frames[page] = frame
        return frame + address % (1 << self._shift)

    def load(self, address: int, size: int) -> int:
        """Return bytes of one page."""
        return self._machine.load(self.back(address), size)

    def store(self, address: int, value: int, size: int) -> None:
        """Write bytes of one page."""
        self._machine.store(self.back(address), value, size)
