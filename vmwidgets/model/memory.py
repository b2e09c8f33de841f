"""Machine memory: frames, the second-stage tables that map guest pages to them, and copy-on-write.

Everything is an array over frames or over guest pages, so the cost of a step follows the pages that it touches and
never the size of the host. What a page holds is a 64-bit *content id* (0: all zero); its bytes exist only where
somebody wrote them, and everywhere else a page reads as its content id, repeated.
"""

import hashlib
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vmwidgets.model.errors import VmwidgetsError
from vmwidgets.model.second_stage import (
    ABSENT,
    BALLOONED,
    MAPPED,
    PACKED,
    PLACES,
    SWAPPED,
    TABLE_BYTES,
    SecondStage,
    node_counts,
)
from vmwidgets.model.swap_store import SwapStore

Pages = NDArray[np.int64]
"""Numbers of guest pages (gfn), none twice."""
Contents = NDArray[np.uint64]

FREE, VMM, TABLE, PRIVATE, SHARED, CACHE = range(6)
"""What a frame is used for: nothing, the VMM itself, second-stage tables, one guest page, several guest pages
(copy-on-write), the compression cache."""
FRAME_STATES = ("free", "vmm", "table", "private", "shared", "cache")
MAX_FRAMES = 2**31 - 2
MAX_REFS = 2**16 - 1
"""The most mappings a frame takes: the reference count has 16 bits (Waldspurger 2002, section 4.3)."""
MAX_VMS = 1024
BLOCK = 4096
"""Frames whose changes are noted together."""


class MachineMemory:
    """The frames of a machine and the second-stage tables of its VMs.

    Invariants, asserted by :meth:`check`: a frame has one owner or is shared copy-on-write with its reference count;
    free, VMM, table, private, shared and cache frames add up to the machine; no table maps a frame twice unless it is
    shared.

    Parameters
    ----------
    frames, page_bytes
        Frames of the machine and their size; guest pages have the same size.
    vmm_frames
        Frames set aside for the VMM. Second-stage tables are taken from these while there are any.
    zero_on_allocate
        Whether a frame is cleared before a VM gets it (Waldspurger 2002, section 6.2). A defence: without it the new
        owner finds what the old one left.
    """

    def __init__(self, frames: int, page_bytes: int, vmm_frames: int = 0, *, zero_on_allocate: bool = True) -> None:
        if not 0 <= vmm_frames < frames <= MAX_FRAMES:
            raise VmwidgetsError(
                "the memory has {frames} frames, expected more than the VMM's {vmm} and at most {most}",
                frames=frames,
                vmm=vmm_frames,
                most=MAX_FRAMES,
            )
        self.frames = frames
        self.page_bytes = page_bytes
        self.vmm_frames = vmm_frames
        self.zero_on_allocate = zero_on_allocate
        self.owner = np.full(frames, -1, np.int16)
        """Slot of the VM that a frame belongs to, -1 if it is nobody's or shared between VMs."""
        self.gfn = np.full(frames, -1, np.int32)
        """Guest page of a private frame."""
        self.refs = np.zeros(frames, np.uint16)
        self.content = np.zeros(frames, np.uint64)
        self.state = np.zeros(frames, np.uint8)
        self.state[:vmm_frames] = VMM
        self.data: dict[int, bytearray] = {}
        """Bytes of the frames that somebody wrote to."""
        self.tables: dict[int, SecondStage] = {}
        self.places = np.zeros((MAX_VMS, len(PLACES)), np.int64)
        """Guest pages of each VM by where they are."""
        self.shared = np.zeros(MAX_VMS, np.int64)
        """Guest pages of each VM that lie in shared frames."""
        self.shared_frames = 0
        self._next = vmm_frames  # frames from here on were never used
        self._returned = np.empty(frames - vmm_frames, np.int32)  # memory that is never written to costs nothing
        self._returned_count = 0
        self.swap = SwapStore()
        self._cache: dict[int, list[int]] = {}
        self.period = 1
        """Number of the sampling period: what :attr:`SecondStage.accessed` is stamped with."""
        self.clock = 1
        self.changed_at = np.zeros(-(-frames // BLOCK), np.int64)
        """For each block of frames the :attr:`clock` of its last change: whoever watches looks at these only."""

    @property
    def free(self) -> int:
        """Frames that nobody has."""
        return self.frames - self._next + self._returned_count

    # ------------------------------------------------------------------------------------------------------------- VMs
    def add_vm(self, slot: int, pages: int) -> SecondStage:
        """Make the second-stage table of a VM; no page is mapped yet.

        Raises
        ------
        VmwidgetsError
            If there is no room for its tables.
        """
        if slot in self.tables or not 0 <= slot < MAX_VMS:
            raise VmwidgetsError("slot {slot} is taken, or not one of {most}", slot=slot, most=MAX_VMS)
        need = -(-sum(node_counts(pages, self.page_bytes)) * TABLE_BYTES // self.page_bytes)
        frames = self._vmm_frames(need)
        if len(frames) + self.free < need:
            raise VmwidgetsError("there is no memory left for the page tables of the VM")
        frames = np.concatenate([frames, self._take(need - len(frames))])
        self.state[frames] = TABLE
        self.owner[frames] = slot
        self.note(frames)
        self.tables[slot] = SecondStage(slot, pages, self.page_bytes, frames.astype(np.int32))
        self.places[slot] = 0
        self.places[slot, ABSENT] = pages
        return self.tables[slot]

    def remove_vm(self, slot: int) -> None:
        """Take everything from a VM; what its frames hold stays in them until somebody clears it."""
        table = self.tables[slot]
        self.release(slot, np.flatnonzero(table.where != ABSENT))
        self.grow_cache(slot, -self.cache_frames(slot))
        self._give_back_tables(table.node_frames)
        del self.tables[slot]
        self.places[slot] = 0

    # ------------------------------------------------------------------------------------------------ mapping of pages
    def allocate(self, slot: int, gfns: Pages) -> int:
        """Put absent or ballooned pages into frames, as many as there are frames; return how many.

        (A ballooned page that its guest touches all the same gets a fresh frame: the balloon is *popped*, Waldspurger
        2002, section 3.2.)
        """
        if not len(gfns):
            return 0
        table = self.tables[slot]
        frames = self._take(len(gfns))
        gfns = gfns[: len(frames)]
        if self.zero_on_allocate:
            self._clear(frames)
        self._move(table, gfns, MAPPED)
        table.entry[gfns] = frames
        self._own(frames, slot, gfns)
        return len(frames)

    def release(self, slot: int, gfns: Pages, where: int = ABSENT) -> None:
        """Take pages away from a VM, wherever they are; a frame is free when its last mapping is gone."""
        table = self.tables[slot]
        mapped = gfns[table.where[gfns] == MAPPED]
        self._unmap(slot, table.entry[mapped])
        stored = gfns[table.where[gfns] >= SWAPPED]
        self.swap.forget(table.entry[stored])
        self._move(table, gfns, where)
        table.entry[gfns] = -1

    def write(self, slot: int, gfns: Pages, contents: Contents) -> int:
        """Write to mapped pages; a shared one is copied first. Return how many copies were made.

        A copy takes a frame. Where there is none left the page keeps its old content, still shared.
        """
        if not len(gfns):
            return 0
        table = self.tables[slot]
        frames = table.entry[gfns]
        copies = self._unshare(table, gfns[self.state[frames] == SHARED])
        frames = table.entry[gfns]
        own = self.state[frames] == PRIVATE
        self.content[frames[own]] = contents[own]
        self._forget_data(frames[own])
        self.note(frames[own])
        return copies

    def merge(self, slot: int, gfns: Pages, targets: NDArray[np.int32]) -> int:
        """Map private pages to frames of equal content instead, copy-on-write; return how many frames became free.

        Parameters
        ----------
        slot, gfns
            Mapped pages in frames of their own.
        targets
            For each the frame that it shall share. Contents are compared in full, byte by byte where somebody wrote
            bytes; where they differ, where the frame is the page's own, or where its reference count is full, nothing
            happens.
        """
        table = self.tables[slot]
        frames = table.entry[gfns]
        fits = (frames != targets) & (self.content[frames] == self.content[targets]) & (self.state[frames] == PRIVATE)
        fits &= (self.state[targets] == PRIVATE) | (self.state[targets] == SHARED)
        fits &= (self.refs[targets] < MAX_REFS) & ~np.isin(targets, frames[fits])
        for i in np.flatnonzero(fits).tolist() if self.data else ():
            one, other = int(frames[i]), int(targets[i])
            if one in self.data or other in self.data:
                fits[i] = self.frame_bytes(one, 0, self.page_bytes) == self.frame_bytes(other, 0, self.page_bytes)
        gfns, frames, targets = gfns[fits], frames[fits], targets[fits]
        if not len(gfns):
            return 0
        goals, counts = np.unique(targets, return_counts=True)
        room = MAX_REFS - self.refs[goals].astype(np.int64)
        if (counts > room).any():  # more pages than the count can take: the first ones are merged
            order = np.argsort(targets, kind="stable")
            rank = np.arange(len(order)) - np.repeat(np.cumsum(counts) - counts, counts)
            keep = np.sort(order[rank < np.repeat(room, counts)])
            gfns, frames, targets = gfns[keep], frames[keep], targets[keep]
            goals, counts = np.unique(targets, return_counts=True)
        alone = goals[self.state[goals] == PRIVATE]
        np.add.at(self.shared, self.owner[alone], 1)
        self.state[alone] = SHARED
        self.gfn[alone] = -1
        self.owner[goals[self.owner[goals] != slot]] = -1
        self.shared_frames += len(alone)
        self.refs[goals] += counts.astype(np.uint16)
        self._give_back(frames)
        table.entry[gfns] = targets
        self.shared[slot] += len(gfns)
        self.note(goals)
        return len(gfns)

    def swap_out(self, slot: int, gfns: Pages, where: int = SWAPPED) -> None:
        """Write mapped pages to the swap file (or, with ``PACKED``, compress them) and free their frames."""
        table = self.tables[slot]
        frames = table.entry[gfns]
        places = self.swap.put(self.content[frames])
        for at in _known(frames, self.data):
            self.swap.data[int(places[at])] = bytes(self.data[int(frames[at])])
        self._unmap(slot, frames)
        self._move(table, gfns, where)
        table.entry[gfns] = places

    def swap_in(self, slot: int, gfns: Pages) -> int:
        """Bring swapped or packed pages back into frames, as many as there are frames; return how many."""
        if not len(gfns):
            return 0
        table = self.tables[slot]
        frames = self._take(len(gfns))
        gfns = gfns[: len(frames)]
        places = table.entry[gfns]
        self._clear(frames)
        self.content[frames] = self.swap.content[places]
        for at in _known(places, self.swap.data):
            self.data[int(frames[at])] = bytearray(self.swap.data[int(places[at])])
        self.swap.forget(places)
        self._move(table, gfns, MAPPED)
        table.entry[gfns] = frames
        self._own(frames, slot, gfns)
        return len(frames)

    def repack(self, slot: int, gfns: Pages) -> None:
        """Move packed pages from the compression cache to the swap file: only where they are changes."""
        self._move(self.tables[slot], gfns, SWAPPED)

    def grow_cache(self, slot: int, frames: int) -> int:
        """Give a VM's compression cache more frames, or fewer if negative; return by how many it grew."""
        if not frames:
            return 0
        mine = self._cache.setdefault(slot, [])
        if frames > 0:
            taken = self._take(frames)
            self._clear(taken)
            self.state[taken] = CACHE
            self.owner[taken] = slot
            self.note(taken)
            mine += taken.tolist()
            return len(taken)
        keep = max(len(mine) + frames, 0)
        left = np.array(mine[keep:], np.int32)
        self._give_back(left)
        del mine[keep:]
        return -len(left)

    # ----------------------------------------------------------------------------------------------------------- bytes
    def read(self, slot: int, gfn: int, offset: int = 0, size: int | None = None) -> bytes:
        """Return bytes of a mapped page."""
        end = self.page_bytes if size is None else offset + size
        return self.frame_bytes(self._mapped(slot, gfn), offset, end)

    def frame_bytes(self, frame: int, offset: int, end: int) -> bytes:
        """Return bytes of a frame, whoever it belongs to."""
        if frame in self.data:
            return bytes(self.data[frame][offset:end])
        word = int(self.content[frame]).to_bytes(8, "little")
        first = offset // 8 * 8
        return (word * ((end - first + 7) // 8))[offset - first : end - first]

    def store(self, slot: int, gfn: int, offset: int, data: bytes) -> None:
        """Write bytes to a page, which is allocated, fetched or copied first if it has to be.

        Raises
        ------
        VmwidgetsError
            If no frame is left for it.
        """
        page, table = np.array([gfn], np.int64), self.tables[slot]
        place = int(table.where[gfn])
        if place in (ABSENT, BALLOONED):
            self.allocate(slot, page)
        elif place in (SWAPPED, PACKED):
            self.swap_in(slot, page)
        if table.where[gfn] == MAPPED and self.state[table.entry[gfn]] == SHARED:
            self._unshare(table, page)
        if table.where[gfn] != MAPPED or self.state[table.entry[gfn]] == SHARED:
            raise VmwidgetsError("there is no frame left for page {gfn}", gfn=gfn)
        self.store_frame(int(table.entry[gfn]), offset, data)
        table.accessed[gfn] = self.period

    def store_frame(self, frame: int, offset: int, data: bytes) -> None:
        """Write bytes to a frame, whoever it belongs to: what a device does that no IOMMU holds back."""
        if frame not in self.data:
            self.data[frame] = bytearray(self.frame_bytes(frame, 0, self.page_bytes))
        page = self.data[frame]
        page[offset : offset + len(data)] = data
        self.content[frame] = content_of(page)
        self.note(np.array([frame]))

    def _mapped(self, slot: int, gfn: int) -> int:
        table = self.tables[slot]
        if table.where[gfn] != MAPPED:
            raise VmwidgetsError("page {gfn} is not in memory", gfn=gfn)
        return int(table.entry[gfn])

    # --------------------------------------------------------------------------------------------------------- reading
    def sharers(self, frame: int) -> list[tuple[int, int]]:
        """Return slot and gfn of every mapping of a frame; it looks through all tables."""
        found: list[tuple[int, int]] = []
        for slot, table in self.tables.items():
            pages = np.flatnonzero((table.entry == frame) & (table.where == MAPPED))
            found += [(slot, int(gfn)) for gfn in pages]
        return found

    def held(self, slot: int) -> int:
        """Return the frames that a VM alone has: private ones, its compression cache, tables beyond the VMM's own."""
        tables = int((self.tables[slot].node_frames >= self.vmm_frames).sum())
        return tables + int(self.places[slot, MAPPED] - self.shared[slot]) + self.cache_frames(slot)

    def cache_frames(self, slot: int) -> int:
        """Return how many frames a VM's compression cache has."""
        return len(self._cache.get(slot, ()))

    def digest(self) -> bytes:
        """Return a SHA-256 over everything that the memory holds."""
        hashed = hashlib.sha256()
        for array in (
            self.owner,
            self.gfn,
            self.refs,
            self.content,
            self.state,
            self._returned[: self._returned_count],
        ):
            hashed.update(array.tobytes())
        for slot, table in sorted(self.tables.items()):
            hashed.update(repr(slot).encode())
            for array in (table.entry, table.where, table.accessed):
                hashed.update(array.tobytes())
        hashed.update(self.swap.digest())
        for frame, data in sorted(self.data.items()):
            hashed.update(repr(frame).encode())
            hashed.update(data)
        return hashed.digest()

    def check(self) -> None:
        """Assert every invariant; for tests, because it looks at all of the memory."""
        counts = np.bincount(self.state, minlength=len(FRAME_STATES))
        assert counts.sum() == self.frames
        assert counts[FREE] == self.free
        assert counts[SHARED] == self.shared_frames
        mappings = np.zeros(self.frames, np.int64)
        for slot, table in self.tables.items():
            mapped = table.where == MAPPED
            frames = table.entry[mapped]
            np.add.at(mappings, frames, 1)
            mine = self.state[frames] == PRIVATE
            assert (mine | (self.state[frames] == SHARED)).all()
            assert (self.owner[frames[mine]] == slot).all()
            assert (self.gfn[frames[mine]] == np.flatnonzero(mapped)[mine]).all()
            assert np.array_equal(np.bincount(table.where, minlength=len(PLACES)), self.places[slot])
            assert (~mine).sum() == self.shared[slot]
            assert (table.entry[table.where == ABSENT] == -1).all()
            assert ((self.state == CACHE) & (self.owner == slot)).sum() == self.cache_frames(slot)
            stored = table.entry[table.where >= SWAPPED]
            assert len(np.unique(stored)) == len(stored)
        assert np.array_equal(mappings, self.refs)
        assert (self.refs[self.state == PRIVATE] == 1).all()
        assert (self.refs[self.state == SHARED] >= 1).all()
        assert (self.refs[(self.state != PRIVATE) & (self.state != SHARED)] == 0).all()
        stored = sum(int(self.places[slot, SWAPPED:].sum()) for slot in self.tables)
        assert stored == self.swap.used

    # ----------------------------------------------------------------------------------------------------- small steps
    def _take(self, count: int) -> NDArray[np.int32]:
        """Take frames, the last ones returned first; fewer if there are not so many."""
        again = min(count, self._returned_count)
        self._returned_count -= again
        used = self._returned[self._returned_count : self._returned_count + again][::-1].copy()
        fresh = min(count - again, self.frames - self._next)
        new = np.arange(self._next, self._next + fresh, dtype=np.int32)
        self._next += fresh
        return np.concatenate([used, new]) if again else new

    def _give_back(self, frames: NDArray[np.int32]) -> None:
        """Free frames. They keep what they hold: clearing is done when they are handed out again."""
        self.state[frames] = FREE
        self.owner[frames] = -1
        self.gfn[frames] = -1
        self.refs[frames] = 0
        self._returned[self._returned_count : self._returned_count + len(frames)] = frames
        self._returned_count += len(frames)
        self.note(frames)

    def _vmm_frames(self, count: int) -> NDArray[np.int32]:
        """Take frames of the VMM's own for tables."""
        free = np.flatnonzero(self.state[: self.vmm_frames] == VMM)[:count]
        return free.astype(np.int32)

    def _give_back_tables(self, frames: NDArray[np.int32]) -> None:
        own = frames[frames < self.vmm_frames]
        self.state[own] = VMM
        self.owner[own] = -1
        self.note(own)
        self._give_back(frames[frames >= self.vmm_frames])

    def _own(self, frames: NDArray[np.int32], slot: int, gfns: Pages) -> None:
        self.owner[frames] = slot
        self.gfn[frames] = gfns
        self.refs[frames] = 1
        self.state[frames] = PRIVATE
        self.note(frames)

    def _unmap(self, slot: int, frames: NDArray[np.int32]) -> None:
        """Drop one mapping of each frame; the same shared frame may stand there several times."""
        shared = self.state[frames] == SHARED
        if shared.any():
            goals, counts = np.unique(frames[shared], return_counts=True)
            self.refs[goals] -= counts.astype(np.uint16)
            self.shared[slot] -= int(counts.sum())
            gone = goals[self.refs[goals] == 0]
            self.shared_frames -= len(gone)
            self.note(goals)
            frames = np.concatenate([frames[~shared], gone])
        self._give_back(frames)

    def _unshare(self, table: SecondStage, gfns: Pages) -> int:
        """Give shared pages frames of their own, as many as there are frames; return how many copies were made."""
        if not len(gfns):
            return 0
        # Of the mappings of one frame the last need not be copied: it keeps the frame.
        frames = table.entry[gfns]
        goals, first, counts = np.unique(frames, return_index=True, return_counts=True)
        last = goals[self.refs[goals] == counts]
        keeps = np.isin(np.arange(len(gfns)), first) & np.isin(frames, last)
        copied, kept = gfns[~keeps], gfns[keeps]
        new = self._take(len(copied))
        copied = copied[: len(new)]
        old = table.entry[copied]
        self._clear(new)
        self.content[new] = self.content[old]
        for at in _known(old, self.data):
            self.data[int(new[at])] = bytearray(self.data[int(old[at])])
        self._unmap(table.slot, old)
        table.entry[copied] = new
        self._own(new, table.slot, copied)
        alone = table.entry[kept]
        alone, kept = alone[self.refs[alone] == 1], kept[self.refs[alone] == 1]
        self.shared[table.slot] -= len(kept)
        self.shared_frames -= len(kept)
        self._own(alone, table.slot, kept)
        return len(copied)

    def _move(self, table: SecondStage, gfns: Pages, where: int) -> None:
        counts = np.bincount(table.where[gfns], minlength=len(PLACES))
        self.places[table.slot] -= counts
        self.places[table.slot, where] += len(gfns)
        table.where[gfns] = where

    def _clear(self, frames: NDArray[np.int32]) -> None:
        self.content[frames] = 0
        self._forget_data(frames)

    def _forget_data(self, frames: NDArray[np.int32]) -> None:
        for at in _known(frames, self.data):
            self.data.pop(int(frames[at]), None)

    def note(self, frames: NDArray[np.integer[Any]]) -> None:
        """Tell watchers that frames have changed."""
        self.changed_at[frames // BLOCK] = self.clock


def content_of(page: bytes | bytearray) -> int:
    """Return the content id of a whole page: its first word if the page repeats it, else a hash of its bytes."""
    word = bytes(page[:8])
    if page == word * (len(page) // 8):
        return int.from_bytes(word, "little")
    return int.from_bytes(hashlib.blake2b(page, digest_size=8).digest(), "little")


def _known(numbers: NDArray[np.int32], data: Mapping[int, object]) -> list[int]:
    """Return the places in an array at which a number has bytes. Few have, so not all of them are gone through."""
    if not data or not len(numbers):
        return []
    return np.flatnonzero(np.isin(numbers, np.fromiter(data, np.int32, len(data)))).tolist()
