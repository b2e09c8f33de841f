"""What a processor remembers of page walks: TLB, nested TLB, page-walk cache, and the L2 cache that entries lie in."""

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from vmwidgets.model.errors import check_int
from vmwidgets.model.page_tables import PAGE_SHIFT
from vmwidgets.model.units import KiB

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

PWC_ENTRIES, NESTED_TLB_ENTRIES = 24, 16
L1_TLB_ENTRIES, L2_TLB_ENTRIES, L2_TLB_LARGE_ENTRIES = 64, 512, 128
PWC_CYCLES, L2_CYCLES, MEMORY_CYCLES = 2, 11, 100
"""Sizes and latencies: Bhargava et al., Accelerating Two-Dimensional Page Walks for Virtualized Systems, ASPLOS 2008,
Table 2 (page-walk cache hit; its miss to an L2 hit; average L2 miss). That each is the whole time of its reference,
with or without a page-walk cache in front, is an assumption."""


class Lru(Generic[K, V]):
    """A fully associative cache that forgets what was least recently used."""

    __slots__ = ("_entries", "size")

    def __init__(self, size: int) -> None:
        self.size = check_int("size", size, 1, 2**20)
        self._entries: OrderedDict[K, V] = OrderedDict()

    def get(self, key: K) -> V | None:
        """Return what is kept under a key and count it as used now."""
        value = self._entries.get(key)
        if value is not None:
            self._entries.move_to_end(key)
        return value

    def put(self, key: K, value: V) -> None:
        """Keep something."""
        self._entries[key] = value
        self._entries.move_to_end(key)
        if len(self._entries) > self.size:
            self._entries.popitem(last=False)

    def drop(self, key: K) -> None:
        """Forget a key, if it is there."""
        self._entries.pop(key, None)

    def clear(self) -> None:
        """Forget everything."""
        self._entries.clear()

    def __len__(self) -> int:
        return len(self._entries)


@dataclass(frozen=True, slots=True)
class Translation:
    """A finished translation of a page.

    Parameters
    ----------
    shift
        The page has ``2**shift`` bytes: the smaller one where guest and second stage differ.
    guest, machine
        Guest-physical and machine address of the page.
    user
        Whether user code may use it.
    writes
        Whether a write needs no walk: both tables permit it and both dirty flags are set.
    """

    shift: int
    guest: int
    machine: int
    user: bool
    writes: bool


class Tlb:
    """Two levels of data TLB, the second one with parts for small and for large pages.

    A page is put into both levels. That both are fully associative is an assumption; the sizes are the source's.
    """

    __slots__ = ("_large", "_shifts", "_small", "first")

    def __init__(
        self, first: int = L1_TLB_ENTRIES, small: int = L2_TLB_ENTRIES, large: int = L2_TLB_LARGE_ENTRIES
    ) -> None:
        self.first: Lru[tuple[int, int], Translation] = Lru(first)
        self._small: Lru[tuple[int, int], Translation] = Lru(small)
        self._large: Lru[tuple[int, int], Translation] = Lru(large)
        self._shifts: tuple[int, ...] = ()  # sizes of page seen so far: a lookup tries each of them

    def look(self, address: int, write: bool, user: bool) -> tuple[Translation, str] | None:
        """Return the translation of an address and where it was found, ``"l1_tlb"`` or ``"l2_tlb"``.

        One that does not permit the access, or would have to set a dirty flag, is no hit: the walk decides then.
        """
        for shift in self._shifts:
            key = shift, address >> shift
            place, found = "l1_tlb", self.first.get(key)
            if found is None:
                place, found = "l2_tlb", self._second(shift).get(key)
            if found is not None and (found.writes or not write) and (found.user or not user):
                if place == "l2_tlb":
                    self.first.put(key, found)
                return found, place
        return None

    def keep(self, address: int, found: Translation) -> None:
        """Keep a translation."""
        if found.shift not in self._shifts:
            self._shifts = tuple(sorted((*self._shifts, found.shift)))
        key = found.shift, address >> found.shift
        self.first.put(key, found)
        self._second(found.shift).put(key, found)

    def invalidate(self, address: int) -> None:
        """Forget the page of an address (``invlpg``)."""
        for shift in self._shifts:
            self.first.drop((shift, address >> shift))
            self._second(shift).drop((shift, address >> shift))

    def clear(self) -> None:
        """Forget everything."""
        for part in (self.first, self._small, self._large):
            part.clear()

    def _second(self, shift: int) -> Lru[tuple[int, int], Translation]:
        return self._small if shift == PAGE_SHIFT else self._large


class NestedTlb:
    """Translations of the guest's table pages to machine memory: each saves a walk of the second-stage tables.

    The page that the program itself wants is not kept here; its translation goes to the TLB.
    """

    __slots__ = ("_pages", "_shifts")

    def __init__(self, size: int = NESTED_TLB_ENTRIES) -> None:
        self._pages: Lru[tuple[int, int], int] = Lru(size)
        self._shifts: tuple[int, ...] = ()

    def look(self, address: int) -> int | None:
        """Return the machine address behind a guest-physical one."""
        for shift in self._shifts:
            page = self._pages.get((shift, address >> shift))
            if page is not None:
                return page + address % (1 << shift)
        return None

    def keep(self, address: int, machine: int, shift: int) -> None:
        """Keep where the page of ``2**shift`` bytes is that holds an address."""
        if shift not in self._shifts:
            self._shifts = tuple(sorted((*self._shifts, shift)))
        self._pages.put((shift, address >> shift), machine >> shift << shift)

    def clear(self) -> None:
        """Forget everything."""
        self._pages.clear()


class L2Cache:
    """The L2 cache, which page-table entries share with the program's data.

    Fully associative, least recently used line out first. Data is a stream of lines that come in and are not read
    again.

    Parameters
    ----------
    size_bytes, line_bytes
        512 KiB in lines of 64 bytes; both are assumptions. A line holds eight entries.
    """

    __slots__ = ("_data", "_line_bytes", "_lines", "_used", "lines")

    def __init__(self, size_bytes: int = 512 * KiB, line_bytes: int = 64) -> None:
        self._line_bytes = check_int("line_bytes", line_bytes, 8, 4 * KiB)
        self.lines = check_int("size_bytes", size_bytes, line_bytes, 2**40) // line_bytes
        self._lines: OrderedDict[int, int] = OrderedDict()  # lines of entries, and runs of lines of data (negative)
        self._used = 0
        self._data = 0

    def look(self, address: int) -> bool:
        """Return whether a byte is in the cache; from now on it is."""
        line = address // self._line_bytes
        if line in self._lines:
            self._lines.move_to_end(line)
            return True
        self._add(line, 1)
        return False

    def fill(self, lines: int) -> None:
        """Let the program read so many new lines of data."""
        if lines:
            self._data -= 1
            self._add(self._data, lines)

    def clear(self) -> None:
        """Empty the cache."""
        self._lines.clear()
        self._used = 0

    def _add(self, key: int, lines: int) -> None:
        self._lines[key] = lines
        self._used += lines
        while self._used > self.lines:
            oldest, count = next(iter(self._lines.items()))
            gone = min(count, self._used - self.lines)
            if gone == count:
                del self._lines[oldest]
            else:
                self._lines[oldest] = count - gone
            self._used -= gone


@dataclass(slots=True)
class Caches:
    """The caches of a walker, each there or not.

    None of them changes a translation. The page-walk cache and the L2 cache follow every store to a table; TLB and
    nested TLB are told by :meth:`invalidate` and :meth:`clear`, and keep an old translation until then, as hardware
    does.

    Parameters
    ----------
    tlb, nested_tlb, l2
        As they say.
    pwc
        Page-walk cache: entries by their machine address. It keeps all entries that a walk reads, except the two that
        its result is made of (the guest's entry and the second-stage entry of the page itself), which the TLB keeps.
    pwc_second_stage
        Whether the page-walk cache takes entries of second-stage tables, or the guest's only.
    pwc_cycles, l2_cycles, memory_cycles
        Time until an entry found there is known.
    nested_tlb_cycles
        Time of a hit in the nested TLB: as quick as the page-walk cache, an assumption.
    """

    tlb: Tlb | None = None
    nested_tlb: NestedTlb | None = None
    pwc: Lru[int, bool] | None = None
    pwc_second_stage: bool = True
    l2: L2Cache | None = None
    pwc_cycles: int = field(default=PWC_CYCLES, kw_only=True)
    l2_cycles: int = field(default=L2_CYCLES, kw_only=True)
    memory_cycles: int = field(default=MEMORY_CYCLES, kw_only=True)
    nested_tlb_cycles: int = field(default=PWC_CYCLES, kw_only=True)

    def read(self, address: int, second_stage: bool, last: bool) -> tuple[str, int]:
        """Return where an entry is found and after how many cycles.

        Parameters
        ----------
        address
            Its machine address.
        second_stage
            Which tables it belongs to.
        last
            Whether it is one of the two that the result is made of.
        """
        pwc = self.pwc if self.pwc_second_stage or not second_stage else None
        if pwc is not None and not last:
            if pwc.get(address):
                return "pwc", self.pwc_cycles
            pwc.put(address, True)
        if self.l2 is not None and self.l2.look(address):
            return "l2", self.l2_cycles
        return "memory", self.memory_cycles

    def invalidate(self, address: int) -> None:
        """Forget the translation of a guest-virtual address (``invlpg``)."""
        if self.tlb is not None:
            self.tlb.invalidate(address)

    def clear(self) -> None:
        """Forget all translations: what the VMM does after it has taken a page away (``invept``)."""
        if self.tlb is not None:
            self.tlb.clear()
        if self.nested_tlb is not None:
            self.nested_tlb.clear()
