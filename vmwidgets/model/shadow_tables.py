"""Shadow page tables: what the hardware walks instead of the guest's own, from guest-virtual to machine addresses."""

from vmwidgets.model.deprivileged import LEVELS, GuestSpace, Processor
from vmwidgets.model.page_tables import ADDRESS_MASK, USER, WRITABLE, GuestTables


class ShadowTables:
    """Shadow tables of one address space of a guest.

    Parameters
    ----------
    space
        The guest's memory, in which its own tables lie.
    virtual
        The guest's processor: which tables, and whether the guest believes to be in kernel mode.
    guarded
        Whether the pages of the guest's own tables are read-only here, so that the VMM hears of each change.
    """

    def __init__(self, space: GuestSpace, virtual: Processor, *, guarded: bool = True) -> None:
        self._space = space
        self._guarded = guarded
        self._tables = GuestTables(space.machine, LEVELS, space.machine.allocate)
        self._mapped: dict[int, int] = {}
        self.follow(virtual)

    @property
    def root(self) -> int:
        """Machine address of the table of the highest level."""
        return self._tables.root

    def follow(self, virtual: Processor) -> None:
        """Say what the guest's tables say now."""
        pages, tables = self._space.mapped(virtual.cr3)
        wanted: dict[int, int] = {}
        for address, entry in pages.items():
            page = entry & ADDRESS_MASK
            if virtual.mode == "kernel" or entry & USER:
                writable = entry & WRITABLE and not (self._guarded and page in tables)
                wanted[address] = self._space.memory.back(page) | (WRITABLE if writable else 0)
        for address in self._mapped.keys() - wanted.keys():
            self._tables.unmap(address)
        for address, target in wanted.items():
            if self._mapped.get(address) != target:
                self._tables.map(address, target & ADDRESS_MASK, writable=bool(target & WRITABLE))
        self._mapped = wanted
