"""A page walk of which nobody wants to see the steps: the same entries, the same flags, and only where it ends."""

from vmwidgets.model.guest_memory import MASK64
from vmwidgets.model.page_tables import (
    ACCESSED,
    ADDRESS_MASK,
    DIRTY,
    ENTRY_BYTES,
    EPT_ACCESSED,
    EPT_DIRTY,
    EPT_READ,
    EPT_RIGHTS,
    EPT_WRITE,
    INDEX_BITS,
    LARGE_LEVELS,
    PAGE_SHIFT,
    PAGE_SIZE,
    PRESENT,
    USER,
    WRITABLE,
)
from vmwidgets.model.translation import SecondStageTables, Walker

_INDEX = (1 << INDEX_BITS) - 1
_SHIFTS = tuple(PAGE_SHIFT + INDEX_BITS * (level - 1) for level in range(8))
_READ_WRITE = EPT_READ | EPT_WRITE
_Found = tuple[int, int]


def quick_walk(walker: Walker, address: int, *, write: bool, user: bool) -> tuple[int, int] | None:
    """Translate an address as :meth:`~vmwidgets.model.translation.Walker.walk` does.

    Parameters
    ----------
    walker, address, write, user
        Who translates what, for which access.

    Returns
    -------
    tuple or None
        The machine address, and the cycles that the walk takes. None if the walk ends in a fault, or if the walker has
        caches: then it has to tell itself what came of it. Flags that were set before a fault stay set, as by the walk.
    """
    caches, second, load = walker.caches, walker.second_stage, walker.memory.load
    if any(one is not None for one in (caches.tlb, caches.nested_tlb, caches.pwc, caches.l2)):
        return None
    table, rights, references, guest = walker.root, WRITABLE | USER, 0, address
    sign = address >> _SHIFTS[walker.levels + 1] - 1
    if walker.levels and sign not in (0, MASK64 >> _SHIFTS[walker.levels + 1] - 1):
        return None
    for level in range(walker.levels, 0, -1):
        shift = _SHIFTS[level]
        at = table + ENTRY_BYTES * (address >> shift & _INDEX)
        if second is not None:
            found = _second(second, at, True)
            if found is None:
                return None
            at, references = found[0], references + found[1]
        entry = load(at, ENTRY_BYTES)
        references += 1
        rights &= entry
        if not entry & PRESENT:
            return None
        flags, is_page = ACCESSED, level == 1 or entry & PAGE_SIZE
        if is_page:
            if not _maps_page(entry, level) or (user and not rights & USER) or (write and not rights & WRITABLE):
                return None
            low = (1 << shift) - 1
            guest = entry & ADDRESS_MASK & ~low | address & low
            flags |= DIRTY * write
        if flags & ~entry:
            walker.memory.store(at, entry | flags, ENTRY_BYTES)
        if is_page:
            break
        table = entry & ADDRESS_MASK
    if second is not None:
        found = _second(second, guest, write)
        if found is None:
            return None
        guest, references = found[0], references + found[1]
    return guest, references * caches.memory_cycles


def _second(tables: SecondStageTables, address: int, write: bool) -> _Found | None:
    """Return the machine address behind a guest-physical one, and how many entries say so."""
    table, rights, levels, entry_of = tables.root, EPT_RIGHTS, tables.levels, tables.entry
    if address >> _SHIFTS[levels + 1]:
        return None
    for level in range(levels, 0, -1):
        shift = _SHIFTS[level]
        at = table + ENTRY_BYTES * (address >> shift & _INDEX)
        entry = entry_of(level, address, at)
        if not entry & EPT_RIGHTS or entry & _READ_WRITE == EPT_WRITE:
            return None
        rights &= entry
        if level > 1 and not entry & PAGE_SIZE:
            if not entry & EPT_ACCESSED:
                tables.mark(level, address, at, entry | EPT_ACCESSED)
            table = entry & ADDRESS_MASK
            continue
        need = EPT_READ | EPT_WRITE * write
        if rights & need != need or not _maps_page(entry, level):
            return None
        flags = EPT_ACCESSED | EPT_DIRTY * write
        if flags & ~entry:
            tables.mark(level, address, at, entry | flags)
        low = (1 << shift) - 1
        return entry & ADDRESS_MASK & ~low | address & low, levels - level + 1
    return None


def _maps_page(entry: int, level: int) -> bool:
    """Return whether an entry is a valid one for a page of its level."""
    return level == 1 or (
        level in LARGE_LEVELS and not entry & ADDRESS_MASK & (1 << _SHIFTS[level]) - (2 << PAGE_SHIFT)
    )
