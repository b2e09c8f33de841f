"""Content-based page sharing: pages of equal content are found by a scan and share one frame, copy-on-write.

A scanned page is looked up by its hash (Waldspurger 2002, section 4). If a frame of that hash is known and a full
comparison finds the same content, the page is mapped to it and its own frame becomes free. If not, the page is
remembered as a *hint*: nothing is marked or protected, and when a later page has the same hash the hint is looked at
again, because its content may have changed meanwhile. A *salt* that differs between VMs keeps their hashes apart.
"""

import hashlib

import numpy as np
from numpy.typing import NDArray

from vmwidgets.model.errors import VmwidgetsError
from vmwidgets.model.memory import MAX_REFS, PRIVATE, SHARED, Contents, MachineMemory
from vmwidgets.model.random import mix64
from vmwidgets.model.second_stage import MAPPED, SecondStage

_PROBES = 16
"""Buckets in which a hash may lie. When all are full the hint in the last one is forgotten: it is only a hint."""
SHARING = ("off", "within", "between")
"""Nobody's pages, those of one VM among themselves (salted), those of all VMs."""


class PageSharing:
    """The scanner of one machine.

    Parameters
    ----------
    memory
        Whose frames are scanned.
    """

    def __init__(self, memory: MachineMemory) -> None:
        self.memory = memory
        self.scanned = 0
        """Pages looked at so far."""
        self.merged = 0
        """Pages merged so far."""
        self._cursor: dict[int, int] = {}
        self._turn = 0
        self._known = 0
        self._bucket = np.full(1024, -1, np.int32)  # by hash: a frame that had it

    def forget(self, slot: int) -> None:
        """Forget where the scan of a VM was."""
        self._cursor.pop(slot, None)

    def scan(self, budget: int, sharing: str, per_vm: int = 0) -> int:
        """Scan the next pages of the VMs in turn; return how many were merged.

        Parameters
        ----------
        budget, per_vm
            Pages to look at, in all and of each VM (0: no bound of its own).
        sharing
            One of :data:`SHARING`.
        """
        if sharing not in SHARING:
            raise VmwidgetsError(
                "sharing is {value}, expected one of {known}", value=repr(sharing)[:60], known=", ".join(SHARING)
            )
        slots = sorted(self.memory.tables)
        if sharing == "off" or not slots or budget <= 0:
            return 0
        merged = 0
        # Whoever comes first when the budget does not divide evenly changes from call to call.
        order = slots[self._turn % len(slots) :] + slots[: self._turn % len(slots)]
        self._turn += 1
        for number, slot in enumerate(order):
            part = -(-budget // (len(order) - number))
            part = min(part, per_vm) if per_vm else part
            budget -= part
            merged += self._scan_vm(self.memory.tables[slot], part, sharing)
        return merged

    def digest(self) -> bytes:
        """Return a SHA-256 over what decides which pages are looked at next, and what is known of those before."""
        hashed = hashlib.sha256(self._bucket.tobytes())
        hashed.update(repr((sorted(self._cursor.items()), self._turn, self._known)).encode())
        return hashed.digest()

    def _scan_vm(self, table: SecondStage, count: int, sharing: str) -> int:
        count = min(count, table.pages)
        first = self._cursor.get(table.slot, 0) % table.pages
        self._cursor[table.slot] = first + count
        if first + count <= table.pages:
            gfns = np.arange(first, first + count, dtype=np.int64)
        else:
            gfns = np.concatenate([np.arange(first, table.pages), np.arange(first + count - table.pages)])
        self.scanned += count
        return self.share(table.slot, gfns, sharing)

    def share(self, slot: int, gfns: NDArray[np.int64], sharing: str) -> int:
        """Look for frames that these pages can share, and merge them; return how many frames became free."""
        memory = self.memory
        table = memory.tables[slot]
        gfns = gfns[table.where[gfns] == MAPPED]
        gfns = gfns[memory.state[table.entry[gfns]] == PRIVATE]
        if not len(gfns):
            return 0
        frames = table.entry[gfns]
        hashes, first, group = np.unique(self._hash(frames, sharing), return_index=True, return_inverse=True)
        self._grow(len(hashes), sharing)
        found = self._look_up(hashes, frames[first], slot, sharing)
        merged = memory.merge(slot, gfns, found[group])
        self.merged += merged
        return merged

    def _hash(self, frames: NDArray[np.int32], sharing: str) -> Contents:
        """Return the 64-bit hash of what frames hold now, with the salt of their owners."""
        content = self.memory.content[frames]
        if sharing == "within":
            content = content ^ mix64(0, self.memory.owner[frames].astype(np.int64))
        return mix64(0, content.view(np.int64))

    def _look_up(self, hashes: Contents, frames: NDArray[np.int32], slot: int, sharing: str) -> NDArray[np.int32]:
        """Return for each hash a frame of the same content; the page's own frame, from now on a hint, if none is known.

        All hashes are looked up together, bucket after bucket: those that found nothing go on to the next.
        """
        memory, mask = self.memory, len(self._bucket) - 1
        result = frames.copy()
        home = (hashes & np.uint64(mask)).astype(np.int64)
        left = np.arange(len(hashes))
        for probe in range(_PROBES):
            at = (home[left] + probe) & mask
            known = self._bucket[at]
            live = (known >= 0) & ((memory.state[known] == SHARED) | (memory.state[known] == PRIVATE))
            same = live & (memory.content[known] == memory.content[frames[left]])
            same &= memory.refs[known] < MAX_REFS  # beyond that a second frame of the same content begins
            if sharing == "within":
                same &= memory.owner[known] == slot
            result[left[same]] = known[same]
            # A hint whose content has changed belongs elsewhere: its bucket is free.
            moved = ((at - (self._hash(known, sharing) & np.uint64(mask)).astype(np.int64)) & mask) >= _PROBES
            write = ~same & (~live | moved | (probe == _PROBES - 1))
            self._known += int((known[write] < 0).sum())
            self._bucket[at[write]] = frames[left[write]]
            same[write] = self._bucket[at[write]] == frames[left[write]]  # several may have wanted one bucket
            left = left[~same]
            if not len(left):
                break
        return result

    def _grow(self, more: int, sharing: str) -> None:
        """Keep the table at most half full, up to one bucket a frame."""
        wanted = len(self._bucket)
        while wanted < 2 * (self._known + more) and wanted < self.memory.frames:
            wanted *= 2
        if wanted > len(self._bucket):
            known = self._bucket[self._bucket >= 0]
            self._bucket = np.full(wanted, -1, np.int32)
            self._known = 0
            # A bucket that several want is one collision each: the table has room, so nothing is lost here.
            for slot in np.unique(self.memory.owner[known]).tolist():
                mine = known[self.memory.owner[known] == slot]
                self._look_up(self._hash(mine, sharing), mine, slot, sharing)
