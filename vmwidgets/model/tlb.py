"""Memory by guest-virtual address, with a small TLB in front of the page walk.

A hit costs a look into a table; a miss is a walk by :class:`vmwidgets.model.translation.Walker`, in one dimension or
two. As on the machine, a translation is used until it is evicted or something tells the TLB to forget it: ``invlpg``, a
new CR3, or the VMM after it has changed second-stage tables.
"""

from collections.abc import Callable
from typing import NamedTuple

from vmwidgets.model.errors import check_int
from vmwidgets.model.guest_memory import MASK64, PAGE_BYTES, READ, WRITE, GuestMemory, Trap
from vmwidgets.model.page_tables import ADDRESS_MASK, PAGE_SHIFT
from vmwidgets.model.page_walk import Walk
from vmwidgets.model.quick_walk import quick_walk
from vmwidgets.model.translation import Walker
from vmwidgets.model.translation_caches import L1_TLB_ENTRIES

_LOW = PAGE_BYTES - 1
Frame = bytearray | memoryview
"""The bytes of a machine frame."""


class _Entry(NamedTuple):
    """A page that is known: its frame, and whether user code, and whether a write, has found it."""

    frame: Frame
    user: bool
    writes: bool


class PagedMemory(GuestMemory):
    """Memory of a guest with page tables.

    The TLB is fully associative, evicts the entry that came first, and keeps large pages in pieces of 4 KiB: three
    assumptions that keep a hit quick.

    Parameters
    ----------
    walker
        What walks the tables. A TLB of its own is not needed.
    frame
        Returns the bytes of a machine frame, by number.
    entries
        Size of the TLB, in pages.
    on_walk
        Is told of each walk, of those that end in a fault as well. None: then a walk keeps no record of its steps.
    """

    __slots__ = (
        *("_entries", "_frame", "_on_walk", "_reads", "_user", "_writes", "entries", "walker"),
        *("flushes", "hits", "misses", "walk_cycles"),
    )

    def __init__(
        self,
        walker: Walker,
        frame: Callable[[int], Frame],
        entries: int = L1_TLB_ENTRIES,
        on_walk: Callable[[Walk], None] | None = None,
    ) -> None:
        self.walker = walker
        self.entries = check_int("entries", entries, 1, 2**16)
        self.hits = self.misses = self.flushes = self.walk_cycles = 0
        """Accesses that the TLB knew a frame for, walks, pages forgotten because of a command, cycles of all walks."""
        self._frame = frame
        self._on_walk = on_walk
        self._entries: dict[int, _Entry] = {}
        self._reads: dict[int, Frame] = {}  # what may be read, and written to, in the mode of now
        self._writes: dict[int, Frame] = {}
        self._user = False
        super().__init__(bytearray(), {})

    @property
    def user(self) -> bool:  # pyright: ignore[reportIncompatibleVariableOverride]
        """Whether accesses are those of user code; a change forgets nothing."""
        return self._user

    @user.setter
    def user(self, user: bool) -> None:
        if user != self._user:
            self._user = user
            known = {page: one for page, one in self._entries.items() if one.user or not user}
            self._reads = {page: one.frame for page, one in known.items()}
            self._writes = {page: one.frame for page, one in known.items() if one.writes}

    def load(self, address: int, size: int, write: bool = False) -> int:
        """Read ``size`` bytes, little end first; ``write`` says that the same bytes are about to be written."""
        frame, offset = (self._writes if write else self._reads).get(address >> PAGE_SHIFT), address & _LOW
        if frame is None or offset > PAGE_BYTES - size:
            pieces = self._pieces(address, size, write)
            return int.from_bytes(b"".join(bytes(frame[at:end]) for frame, at, end in pieces), "little")
        self.hits += 1
        return READ[size](frame, offset)[0]

    def store(self, address: int, value: int, size: int) -> None:
        """Write ``size`` bytes; nothing is written if a part of them cannot be."""
        frame, offset = self._writes.get(address >> PAGE_SHIFT), address & _LOW
        if frame is None or offset > PAGE_BYTES - size:
            data = value.to_bytes(size, "little")
            for frame, at, end in self._pieces(address, size, True):
                frame[at:end], data = data[: end - at], data[end - at :]
            return
        self.hits += 1
        WRITE[size](frame, offset, value)

    def invalidate(self, address: int) -> None:
        """Forget the translation of an address (``invlpg``)."""
        self._drop(address >> PAGE_SHIFT)
        self.walker.caches.invalidate(address)

    def switch(self, root: int) -> None:
        """Take another table of the highest level (``mov cr3``), and forget the guest's translations."""
        self.walker.root = root & ADDRESS_MASK
        self._clear()
        if self.walker.caches.tlb is not None:
            self.walker.caches.tlb.clear()

    def forget(self) -> None:
        """Forget all translations, as the VMM has to tell the hardware after it took a page away (``invept``)."""
        self._clear()
        self.walker.caches.clear()

    @property
    def known(self) -> tuple[int, ...]:
        """The pages in the TLB, the one that goes next first: guest-virtual addresses."""
        return tuple(page << PAGE_SHIFT for page in self._entries)

    def _clear(self) -> None:
        self.flushes += len(self._entries)
        for table in (self._entries, self._reads, self._writes):
            table.clear()

    def _drop(self, page: int) -> None:
        self.flushes += self._entries.pop(page, None) is not None
        self._reads.pop(page, None)
        self._writes.pop(page, None)

    def _pieces(self, address: int, size: int, write: bool) -> list[tuple[Frame, int, int]]:
        """Return the frames of an access, each with the first byte and the one behind the last."""
        offset = address & _LOW
        first = min(size, PAGE_BYTES - offset)
        pieces = [(self._find(address, size, write), offset, offset + first)]
        if first < size:
            pieces.append((self._find(address + first & MASK64, size - first, write), 0, size - first))
        return pieces

    def _find(self, address: int, size: int, write: bool) -> Frame:
        """Return the frame of an address: from the TLB, or by a walk."""
        page = address >> PAGE_SHIFT
        frame = (self._writes if write else self._reads).get(page)
        if frame is not None:
            self.hits += 1
            return frame
        frame = self._frame(self._walk(address, size, write) >> PAGE_SHIFT)
        old = self._entries.get(page)
        user, writes = (self._user, write) if old is None else (self._user or old.user, write or old.writes)
        if old is None and len(self._entries) == self.entries:
            self._evict()
        self._entries[page] = _Entry(frame, user, writes)
        self._reads[page] = frame
        if writes:
            self._writes[page] = frame
        return frame

    def _walk(self, address: int, size: int, write: bool) -> int:
        """Return the machine address that the tables have for an address."""
        self.misses += 1
        quick = None if self._on_walk else quick_walk(self.walker, address, write=write, user=self._user)
        if quick is not None:
            machine, cycles = quick
            self.walk_cycles += cycles
            return machine
        walk = self.walker.walk(address, write=write, user=self._user)
        self.walk_cycles += walk.cycles
        if self._on_walk:
            self._on_walk(walk)
        if walk.fault is not None:
            fault = walk.fault
            raise Trap(fault.reason, address=fault.address, bytes=size, write=int(write), code=fault.code)
        return walk.machine

    def _evict(self) -> None:
        page = next(iter(self._entries))
        for table in (self._entries, self._reads, self._writes):
            table.pop(page, None)
