"""A guest's address space: areas of virtual addresses, and the page tables that map them, as bytes in its own pages.

The tables lie in pages of the guest's kernel, which it never gives away. Each second the guest writes to them what has
changed: a page that it took into use, or gave up. Where the areas begin and where the tables lie is random, each VM
having its own: address space layout randomization, which also keeps the tables of equal guests from being equal pages.
"""

from dataclasses import dataclass

import numpy as np

from vmwidgets.model.guest_pages import GuestPages
from vmwidgets.model.memory import PRIVATE, MachineMemory, Pages
from vmwidgets.model.page_tables import (
    ACCESSED,
    DIRTY,
    PAGE_SHIFT,
    PRESENT,
    TABLE_BYTES,
    USER,
    WRITABLE,
    PageTables,
    SparseMemory,
)
from vmwidgets.model.random import fnv1a, mix64
from vmwidgets.model.second_stage import MAPPED
from vmwidgets.model.units import GiB, MiB

KERNEL, DIRECT = 0xFFFF_FFFF_8100_0000, 0xFFFF_8880_0000_0000
"""Where a kernel of Linux lies, and where it has all of the guest's memory once more, in a row (Linux kernel
documentation, "Complete virtual memory map with 4-level page tables")."""
IMAGE = 0x40_0000
"""Where the code of a program begins (System V ABI, AMD64 supplement, "Virtual Address Configuration")."""
HEAP = 0x7F00_0000_0000
"""Above this a program's own pages are. An assumption, as is how many pages of each area are mapped."""
AREA_PAGES = 64
MAX_DIRECT_BYTES = 512 * GiB
"""What one table of 1 GiB pages maps: a guest's memory beyond that has no direct addresses here."""
MAX_PAGE_BYTES = 2 * MiB
"""Tables in larger pages would make a step slow: a page that is written to is hashed as a whole."""
_LEVELS, _TABLES = 4, 11  # root; three each for kernel and heap, two for the image below the heap's root; one direct


@dataclass(frozen=True, slots=True)
class Area:
    """Virtual addresses in a row, one page of 4 KiB for each of the guest's pages in ``pages``.

    Parameters
    ----------
    name
        ``"kernel"``, ``"image"`` or ``"programs"``.
    address
        Where it begins.
    pages
        The guest's pages by heat, see :mod:`vmwidgets.model.guest_pages`.
    flags
        Of the entries that map them.
    """

    name: str
    address: int
    pages: Pages
    flags: int


class AddressSpace:
    """The address space of one guest.

    Where the guest's pages are larger than 4 KiB, several tables lie in one of them, and the areas map the first 4 KiB
    of each page.

    Parameters
    ----------
    guest
        Whose it is.
    page_bytes
        Size of the guest's pages.
    """

    def __init__(self, guest: GuestPages, page_bytes: int) -> None:
        self._guest = guest
        self._page_bytes = page_bytes
        kernel, image, twins, programs = guest.ends[:4]
        random = (mix64(fnv1a(f"address space/{guest.stream}"), np.arange(6, dtype=np.int64)) >> np.uint64(8)).tolist()
        # Tables in the half of the kernel that the guest touches every second, if there is room for them.
        in_page = page_bytes // TABLE_BYTES
        room = max(kernel // 2 * in_page, min(kernel * in_page, _TABLES))
        first = random[0] % max(room - _TABLES + 1, 1)
        if in_page >= _TABLES:  # all in one page
            first = first // in_page * in_page + random[1] % (in_page - _TABLES + 1)
        places: Pages = np.arange(first, first + _TABLES, dtype=np.int64)
        self.fits = room >= _TABLES and page_bytes <= MAX_PAGE_BYTES
        """Whether the kernel has room for tables."""
        self.table_pages: Pages = places // in_page
        """The pages of the kernel, by heat, in which the tables lie."""
        self._offsets: Pages = places % in_page * TABLE_BYTES
        start = [(r % (512 - 2 * AREA_PAGES)) << PAGE_SHIFT for r in random[2:5]]
        hot = np.arange(twins, min(twins + AREA_PAGES, programs), dtype=np.int64)
        cold = np.arange(max(programs - AREA_PAGES, twins + len(hot)), programs, dtype=np.int64)
        heap = HEAP + (random[5] % 2**18 << 21)
        code = np.arange(kernel, min(kernel + AREA_PAGES, image), dtype=np.int64)
        supervisor = PRESENT | WRITABLE | ACCESSED | DIRTY
        self.areas: tuple[Area, ...] = (
            Area("kernel", KERNEL + start[0], np.arange(min(AREA_PAGES, kernel), dtype=np.int64), supervisor),
            Area("image", IMAGE + start[1], code, PRESENT | USER | ACCESSED),
            Area("programs", heap + start[2], np.concatenate([hot, cold]), supervisor | USER),
        )
        self._heat = np.concatenate([area.pages for area in self.areas])
        self._gfns = np.full(len(self._heat), -1, np.int64)
        self._bytes = _Bytes()
        self._tables: PageTables | None = None

    @property
    def root(self) -> int:
        """Guest-physical address of the table of the highest level (CR3); -1 before the guest has made tables."""
        return self._tables.root if self._tables else -1

    def direct(self, gfn: int) -> int:
        """Return the address at which the kernel has a guest page whatever it is used for; -1 if it has none."""
        at = gfn * self._page_bytes
        return DIRECT + at if at < MAX_DIRECT_BYTES else -1

    def address_of(self, gfn: int) -> int:
        """Return an address of a guest page: in an area if it lies in one, else the direct one."""
        found = np.flatnonzero(self._gfns == gfn)
        return self._place(int(found[0]))[0] if len(found) else self.direct(gfn)

    def write(self, machine: MachineMemory, slot: int) -> None:
        """Bring the tables up to date, as the guest does; those that are not in memory wait until they are."""
        if not self.fits:
            return
        if self._tables is None:
            homes = self._guest.gfns(self.table_pages)
            if (homes < 0).any():
                return  # the guest has not booted so far
            self._make(homes)
        gfns = np.maximum(self._guest.gfns(self._heat), -1)
        for index in np.flatnonzero(gfns != self._gfns).tolist():
            self._map(index, int(gfns[index]))
        self._gfns = gfns
        if self._bytes.changed:
            self._flush(machine, slot)

    def _make(self, homes: Pages) -> None:
        self._bytes.spare = (homes * self._page_bytes + self._offsets).tolist()
        link = PRESENT | WRITABLE | USER | ACCESSED
        self._tables = tables = PageTables(self._bytes, _LEVELS, self._bytes.allocate, link)
        for start in range(0, min(self._guest.pages * self._page_bytes, MAX_DIRECT_BYTES), GiB):
            tables.put(DIRECT + start, start, PRESENT | WRITABLE | ACCESSED | DIRTY, level=3)

    def _map(self, index: int, gfn: int) -> None:
        assert self._tables is not None
        address, flags = self._place(index)
        if gfn < 0:
            self._tables.unmap(address)
        else:
            self._tables.put(address, gfn * self._page_bytes, flags)

    def _flush(self, machine: MachineMemory, slot: int) -> None:
        """Write the tables that have changed to the guest's pages, one page at a time."""
        table, in_page = machine.tables[slot], self._page_bytes // TABLE_BYTES
        pages: dict[int, list[int]] = {}
        for number in sorted(self._bytes.changed):
            pages.setdefault(number // in_page, []).append(number)
        for gfn, numbers in pages.items():
            if table.where[gfn] != MAPPED or (machine.state[table.entry[gfn]] != PRIVATE and not machine.free):
                continue
            first, end = numbers[0], numbers[-1] + 1  # tables lie side by side: those between are written again
            data = b"".join(bytes(self._bytes.frames[number]) for number in range(first, end))
            machine.store(slot, gfn, first % in_page * TABLE_BYTES, data)
            self._bytes.changed.difference_update(numbers)

    def _place(self, index: int) -> tuple[int, int]:
        """Return address and flags of a page, by its number in all areas together."""
        for area in self.areas:
            if index < len(area.pages):
                return area.address + (index << PAGE_SHIFT), area.flags
            index -= len(area.pages)
        raise AssertionError("unreachable: the areas have all of the pages")


class _Bytes(SparseMemory):
    """The tables as the guest wants them, by guest-physical address; ``changed`` is not in its pages so far."""

    def __init__(self) -> None:
        super().__init__()
        self.spare: list[int] = []
        self.changed: set[int] = set()

    def allocate(self, count: int = 1) -> int:
        """Return the address of the next place for a table."""
        return self.spare.pop(0)

    def store(self, address: int, value: int, size: int) -> None:
        """Write bytes of one table."""
        super().store(address, value, size)
        self.changed.add(address >> PAGE_SHIFT)
