"""What a guest does with its pages: a working set, a page cache, a swap file of its own, and a balloon driver.

A guest numbers what it keeps by *heat*: its kernel, the pages of its OS image, the pages of its programs from hot to
cold, the page cache, zero pages. Its working set is the beginning of that list: the first half is touched every second,
the second half in turns, so that all of it is touched within ten seconds. When the guest has to give pages away it
takes free ones first and then those at the end of the list: it knows what is cold, and the VMM does not.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from vmwidgets.model.errors import check_int
from vmwidgets.model.memory import Contents, Pages
from vmwidgets.model.random import fnv1a, mix64

TURNS = 10
"""Seconds within which the warm half of a working set is touched."""
_WRITES = 4  # one in so many touched pages of programs is written to
_NEVER, _GONE = -1, -2  # instead of a gfn: never used; in the guest's swap, or dropped because the disk has it

DRIVER, NO_DRIVER, REFUSES = BALLOON_DRIVERS = ("driver", "none", "refuses")
"""Whether a guest has a balloon driver, and whether that does what the VMM asks for."""


@dataclass(frozen=True, slots=True)
class Mix:
    """What the pages of a guest hold, in per mille of its memory; its programs have what is left.

    The defaults are the course's own round figures, not measurements.

    Parameters
    ----------
    kernel
        The guest kernel and its tables. They are sized by the *configured* memory when the guest boots.
    image
        Pages of the OS image: equal in every VM of the same image.
    twins, twin_copies
        Pages that have their equals inside the VM (and, being of the image, in others); copies of each in thousandths.
    cache
        Page cache: clean copies of what the disk has.
    zero
        Pages that hold zeros.
    """

    kernel: int = 20
    image: int = 100
    twins: int = 0
    twin_copies: int = 2000
    cache: int = 300
    zero: int = 0

    def __post_init__(self) -> None:
        for name in ("kernel", "image", "twins", "cache", "zero"):
            check_int(name, getattr(self, name), 0, 1000)
        check_int("twin_copies", self.twin_copies, 1000, 1_000_000)
        check_int("kernel, image, twins, cache and zero together", self._sum, 0, 1000)

    @property
    def _sum(self) -> int:
        return self.kernel + self.image + self.twins + self.cache + self.zero


@dataclass(slots=True)
class Touches:
    """What a guest touches in one second.

    Parameters
    ----------
    gfns
        Guest pages, none twice.
    written, contents
        Those of them that are written, and what they then hold.
    read_in, written_out
        Pages that the guest itself reads from its disk because it had given them away, and writes to its swap file.
    denied
        Pages that it wanted and had no room for.
    """

    gfns: Pages
    written: Pages
    contents: Contents
    read_in: int = 0
    written_out: int = 0
    denied: int = 0


@dataclass(slots=True)
class GuestPages:
    """The pages of one guest.

    Parameters
    ----------
    pages
        Guest pages of the VM.
    image, stream
        Keys of the contents: of the OS image, and of the VM itself.
    mix
        What the pages hold.
    used
        Pages that the guest takes into use bit by bit, its working set apart; all of them if left out.
    fill_per_s
        How many a second: reading files takes its time.
    zeroes_memory
        Whether the guest writes zeros to all of its memory when it boots, as Windows does (Waldspurger 2002, section
        6.3).
    balloon
        One of :data:`BALLOON_DRIVERS`.
    """

    pages: int
    image: str
    stream: str
    mix: Mix = field(default_factory=Mix)
    used: int = -1
    fill_per_s: int = -1
    zeroes_memory: bool = False
    balloon: str = DRIVER
    second: int = field(default=0, init=False)
    swapped: int = field(default=0, init=False)
    """Pages in the guest's own swap file."""
    dropped: int = field(default=0, init=False)
    """Clean pages that the guest gave away, because the disk has them."""
    _gfn_of: NDArray[np.int32] = field(init=False)
    _ends: tuple[int, ...] = field(init=False)
    _filled: int = field(default=0, init=False)
    _top: int = field(default=0, init=False)
    _fresh: int = field(default=0, init=False)
    _scrubbed: int = field(default=0, init=False)
    _spare: NDArray[np.int32] = field(init=False)
    _spare_count: int = field(default=0, init=False)
    _balloon: NDArray[np.int32] = field(init=False)
    _balloon_count: int = field(default=0, init=False)
    _new_image: bool = field(default=False, init=False)

    def __post_init__(self) -> None:
        self.used = self.pages if self.used < 0 else min(self.used, self.pages)
        pages = self.pages
        self.fill_per_s = max(1, self.pages // 256) if self.fill_per_s < 0 else self.fill_per_s
        parts = [pages * part // 1000 for part in (self.mix.kernel, self.mix.image, self.mix.twins)]
        cache, zero = pages * self.mix.cache // 1000, pages * self.mix.zero // 1000
        ends = np.minimum(np.cumsum([max(parts[0], 1), *parts[1:]]), pages).tolist()
        self._ends = (*ends, max(pages - zero - cache, ends[-1]), max(pages - zero, ends[-1]), pages)
        self._gfn_of = np.full(pages, _NEVER, np.int32)
        self._spare = np.empty(self.pages, np.int32)
        self._balloon = np.empty(self.pages, np.int32)

    # ----------------------------------------------------------------------------------------------------- one second
    def touch(self, active: int) -> Touches:
        """Let the guest run for a second with a working set of ``active`` pages."""
        active = min(max(active, self._ends[0]), self.pages)
        hot = active // 2
        turn, warm = self.second % TURNS, active - hot
        more = min(self._filled + self.fill_per_s, self.used)
        parts = [(0, hot), (hot + warm * turn // TURNS, hot + warm * (turn + 1) // TURNS)]
        if more > self._filled:
            parts.append((max(self._filled, active), max(more, active)))
        wanted = np.concatenate([np.arange(first, end, dtype=np.int64) for first, end in parts])
        self._filled = max(more, self._filled)
        touches = self._resident(wanted)
        if self.zeroes_memory:
            self._scrub(touches)
        self.second += 1
        return touches

    def _resident(self, wanted: Pages) -> Touches:
        """Bring wanted pages into guest memory, and say which were touched and what was written."""
        gfn = self._gfn_of[wanted]
        new = wanted[gfn < 0]
        room = self._take(len(new))
        out = 0
        if len(room) < len(new):
            given, out = self._evict(len(new) - len(room), wanted)
            room = np.concatenate([room, given])
        denied = len(new) - len(room)
        new = new[: len(room)]
        gone = self._gfn_of[new] == _GONE
        read_in = int(gone.sum())
        swapped = int((gone & self._anonymous(new)).sum())
        self.swapped -= swapped
        self.dropped -= read_in - swapped
        self._gfn_of[new] = room
        if len(new):
            self._top = max(self._top, int(new.max()) + 1)
        # With the turns counted too, a page that is touched every tenth second has its turn to be written.
        rewrite = wanted[(wanted + self.second + self.second // TURNS) % _WRITES == 0]
        rewrite = rewrite[self._anonymous(rewrite) & (self._gfn_of[rewrite] >= 0)]
        written = np.union1d(new, rewrite)
        if self._new_image:
            first, end = self._ends[0], self._ends[2]
            changed = np.arange(first, end, dtype=np.int64)
            written = np.union1d(written, changed[self._gfn_of[changed] >= 0])
            wanted = np.union1d(wanted, written)
            self._new_image = False
        wanted = wanted[self._gfn_of[wanted] >= 0]
        gfns = self._gfn_of[wanted].astype(np.int64)
        return Touches(gfns, self._gfn_of[written].astype(np.int64), self._contents(written), read_in, out, denied)

    def _scrub(self, touches: Touches) -> None:
        """Write zeros to pages that are still free, the next ones in order."""
        first = max(self._scrubbed, self._fresh)
        end = min(first + max(self.fill_per_s, self.pages // 16), self.pages)
        if first < end:
            zeros = np.arange(first, end, dtype=np.int64)
            touches.gfns = np.concatenate([touches.gfns, zeros])
            touches.written = np.concatenate([touches.written, zeros])
            touches.contents = np.concatenate([touches.contents, np.zeros(len(zeros), np.uint64)])
            self._scrubbed = end

    def upgrade(self, image: str) -> None:
        """Install another OS image: in the next second all resident pages of the image are written anew."""
        self._new_image = image != self.image
        self.image = image

    # --------------------------------------------------------------------------------------------------------- balloon
    @property
    def ballooned(self) -> int:
        """Pages in the balloon."""
        return self._balloon_count

    def inflate(self, count: int) -> tuple[Pages, int]:
        """Give pages to the balloon: free ones, then the coldest.

        Returns
        -------
        (gfns, written_out)
            The pages, and how many of others had to go to the guest's swap file for them.
        """
        if self.balloon != DRIVER:
            return np.empty(0, np.int64), 0
        room, out = self._take(count), 0
        if len(room) < count:
            given, out = self._evict(count - len(room), np.empty(0, np.int64))
            room = np.concatenate([room, given])
        self._balloon[self._balloon_count : self._balloon_count + len(room)] = room
        self._balloon_count += len(room)
        return room.astype(np.int64), out

    def deflate(self, count: int) -> Pages:
        """Take pages back from the balloon; they are free for the guest to use."""
        count = min(count, self._balloon_count)
        self._balloon_count -= count
        back = self._balloon[self._balloon_count : self._balloon_count + count].copy()
        self._give(back)
        return back.astype(np.int64)

    # --------------------------------------------------------------------------------------------------------- reading
    @property
    def ends(self) -> tuple[int, ...]:
        """Where each kind of page ends in the list by heat: kernel, image, twins, programs, cache, zero."""
        return self._ends

    def gfns(self, pages: Pages) -> Pages:
        """Return where pages of that list are: -1 one that was never used, -2 one that the guest swapped or dropped."""
        return self._gfn_of[pages].astype(np.int64)

    def census(self) -> dict[str, int]:
        """Return how the guest itself sees its pages: how many of each kind it has, and where the rest is."""
        counts = dict[str, int]()
        first = 0
        for name, end in zip(("kernel", "image", "twins", "programs", "cache", "zero"), self._ends, strict=True):
            counts[name] = int((self._gfn_of[first:end] >= 0).sum())
            first = end
        counts["balloon"] = self._balloon_count
        counts["free"] = self.pages - sum(counts.values())
        counts["swapped"] = self.swapped
        counts["dropped"] = self.dropped
        return counts

    def digest(self) -> bytes:
        """Return everything that decides what the guest will do, as bytes."""
        numbers = (self.second, self._filled, self._top, self._fresh, self._scrubbed, self.swapped, self.dropped)
        arrays = (self._gfn_of, self._spare[: self._spare_count], self._balloon[: self._balloon_count])
        return repr((numbers, self._new_image)).encode() + b"".join(array.tobytes() for array in arrays)

    # ----------------------------------------------------------------------------------------------------- small steps
    def _anonymous(self, pages: Pages) -> NDArray[np.bool_]:
        """Return which pages belong to programs: the disk has no copy of them."""
        return (pages >= self._ends[2]) & (pages < self._ends[3])

    def _take(self, count: int) -> NDArray[np.int32]:
        again = min(count, self._spare_count)
        self._spare_count -= again
        used = self._spare[self._spare_count : self._spare_count + again][::-1].copy()
        fresh = min(count - again, self.pages - self._fresh)
        new = np.arange(self._fresh, self._fresh + fresh, dtype=np.int32)
        self._fresh += fresh
        return np.concatenate([used, new])

    def _give(self, gfns: NDArray[np.int32]) -> None:
        self._spare[self._spare_count : self._spare_count + len(gfns)] = gfns
        self._spare_count += len(gfns)

    def _evict(self, count: int, keep: Pages) -> tuple[NDArray[np.int32], int]:
        """Take pages from the cold end of the list, never of the kernel and none of ``keep``.

        Returns the guest pages that are free now, and how many of them had to be written to the swap file.
        """
        found: list[Pages] = []
        missing, top = count, self._top
        while missing and top > self._ends[0]:
            first = max(top - max(missing, 64), self._ends[0])
            part = np.arange(first, top, dtype=np.int64)
            part = part[self._gfn_of[part] >= 0]
            if top == self._top and not len(part):
                self._top = first  # nothing is resident from here on: do not look there again
            part = part[~np.isin(part, keep)][-missing:]
            found.append(part[::-1])
            missing -= len(part)
            top = first
        victims = np.concatenate(found) if found else np.empty(0, np.int64)
        gfns = self._gfn_of[victims]
        zero = victims >= self._ends[4]
        self._gfn_of[victims] = np.where(zero, _NEVER, _GONE)
        out = int(self._anonymous(victims).sum())
        self.swapped += out
        self.dropped += len(victims) - out - int(zero.sum())
        return gfns, out

    def _contents(self, pages: Pages) -> Contents:
        """Return what pages hold when they are written now."""
        out = np.zeros(len(pages), np.uint64)
        kind = np.searchsorted(np.array(self._ends), pages, side="right")
        at = pages - np.array((0, *self._ends))[kind]
        for number, key in enumerate(("kernel", "image", "twins")):
            mine = kind == number
            if mine.any():
                index = at[mine] * 1000 // self.mix.twin_copies if key == "twins" else at[mine]
                out[mine] = mix64(fnv1a(f"{key}/{self.image}"), index)
        programs, cache = kind == 3, kind == 4
        if programs.any():
            out[programs] = mix64(fnv1a(f"programs/{self.stream}"), pages[programs] + (self.second << 32))
        if cache.any():
            out[cache] = mix64(fnv1a(f"cache/{self.stream}"), pages[cache])
        return out
