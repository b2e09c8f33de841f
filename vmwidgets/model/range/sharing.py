"""Page sharing in a range: a scanner merges pages of equal content, and a write takes a copy.

The scanner looks at so many pages in a second. A page whose content it has met is mapped to the frame that has it
already, and its own frame becomes free (C. A. Waldspurger, OSDI 2002, section 4). The first write to such a page finds
it read-only; the layer below copies it into a frame of its own, which takes time: so a guest learns by its clock that
its page was equal to another. A salt that differs between VMs keeps their pages apart (VMware KB 2080735).
"""

from collections.abc import Callable, Sequence

from vmwidgets.model.guest_memory import PAGE_BYTES
from vmwidgets.model.range.clock import CYCLES_PER_S
from vmwidgets.model.range.guest import Guest
from vmwidgets.model.range.machine import Machine
from vmwidgets.model.range.trace import ABSENT, OPEN, REFUSES, Trace

SHARED = "shared"
"""Owner of a frame that pages of several VMs share."""
COPY_CYCLES = 5000
"""What the first write to a shared page waits for: an exit and entry, a frame, and the copy. An assumption; exit and
entry alone are 2000 cycles on a Xeon X5570 (Landau, Ben-Yehuda, Gordon, WIOV 2011)."""
ROUNDS = 2
"""So many rounds at most are made at once: while nobody writes, further ones find nothing."""
TOLD = 64
"""Of so many equal pages that were left apart it is remembered that the trace has them."""
_ZERO = bytes(PAGE_BYTES)


class Sharing:
    """The scanner of one machine.

    Parameters
    ----------
    machine, guests, trace
        The machine, whose pages are scanned, and where it is written down that pages of two VMs were equal.
    keeper
        Id of the layer that keeps the maps.
    pages_per_s
        Pages that it looks at in a second; 0: there is no scanner.
    between
        Whether pages of different VMs are merged.
    stall
        Called with the cycles for which a copy keeps the first guest waiting.

    Attributes
    ----------
    pages_per_s
        Pages that it looks at in a second.
    """

    def __init__(
        self,
        machine: Machine,
        guests: Sequence[Guest],
        trace: Trace,
        keeper: str,
        pages_per_s: int,
        *,
        between: bool,
        stall: Callable[[int], None],
    ) -> None:
        self._machine, self._guests, self._trace, self._keeper = machine, guests, trace, keeper
        self.pages_per_s, self._between, self._stall = pages_per_s, between, stall
        self._sharers: dict[int, set[tuple[int, int]]] = {}  # by frame: guest and page
        self._known: dict[tuple[int, bytes], int] = {}  # by salt and content: a shared frame
        self._hints: dict[tuple[int, bytes], tuple[int, int]] = {}  # of this round: guest and page
        self._met: dict[bytes, int] = {}  # of this round: content, whatever its salt, and whose it was
        self._round: list[tuple[int, int]] = []
        self._told: set[bytes] = set()
        self._scanned = 0
        if pages_per_s:
            for guest in guests:
                guest.separate = lambda page, guest=guest: self.separate(guest, page)

    @property
    def saved_frames(self) -> int:
        """Frames that sharing has made free, at present."""
        return sum(len(pages) - 1 for pages in self._sharers.values())

    def scan_until(self, now: int) -> None:
        """Look at the pages that are due by a time in cycles."""
        if not self.pages_per_s:
            if not self._told:
                self._told.add(_ZERO)
                self._trace.note(self._keeper, "scanner", ABSENT, 0)
            return
        due = now * self.pages_per_s // CYCLES_PER_S
        pages = sum(len(guest.map) for guest in self._guests)
        for _ in range(min(due - self._scanned, ROUNDS * pages)):
            self._scan_one()
        self._scanned = max(due, self._scanned)

    def separate(self, guest: Guest, page: int) -> None:
        """Give a page that shares a frame one of its own, with the same content."""
        shared = guest.map.get(page, -1)
        if shared not in self._sharers:
            return
        machine = self._machine
        own = machine.take(guest.name)
        machine.memory[own * PAGE_BYTES : (own + 1) * PAGE_BYTES] = self._content(shared)
        guest.map[page] = own
        machine.work["pages_copied"] += 1
        self._leave(shared, guest, page)
        machine.changed()
        if guest is self._guests[0]:
            self._stall(COPY_CYCLES)

    def _leave(self, frame: int, guest: Guest, page: int) -> None:
        pages = self._sharers[frame]
        pages.discard((guest.index, page))
        if len(pages) == 1:
            del self._sharers[frame]
            self._known = {key: one for key, one in self._known.items() if one != frame}
        self._own(frame, pages)

    def _own(self, frame: int, pages: set[tuple[int, int]]) -> None:
        names = {self._guests[index].name for index, _ in pages}
        self._machine.owners[frame] = names.pop() if len(names) == 1 else SHARED

    def _content(self, frame: int) -> bytes:
        return bytes(self._machine.memory[frame * PAGE_BYTES : (frame + 1) * PAGE_BYTES])

    def _scan_one(self) -> None:
        if not self._round:
            self._hints.clear()
            self._met.clear()
            self._round = [(guest.index, page) for guest in self._guests for page in sorted(guest.map)]
            self._round.reverse()
        index, page = self._round.pop()
        frame = self._lone(index, page)
        if frame is None:
            return
        content = self._content(frame)
        key = (0 if self._between else 1 + index, content)
        target = self._known.get(key)
        if target is None and key in self._hints:
            target = self._lone(*self._hints[key])
        if target is not None and target != frame and self._content(target) == content:
            self._merge(key, index, page, frame, target)
        else:
            self._hints[key] = index, page
            self._refuse(index, page, frame, content)

    def _lone(self, index: int, page: int) -> int | None:
        """Return the frame of a page that is the page's alone."""
        guest = self._guests[index]
        frame = guest.map.get(page)
        if frame is None or frame in self._sharers or self._machine.owners[frame] != guest.name:
            return None
        return frame

    def _merge(self, key: tuple[int, bytes], index: int, page: int, frame: int, target: int) -> None:
        if target not in self._sharers:
            self._sharers[target] = {self._hints[key]}
            self._known[key] = target
        pages, guest = self._sharers[target], self._guests[index]
        pages.add((index, page))
        guest.map[page] = target
        if key[1] != _ZERO and 0 in {one for one, _ in pages} and len({one for one, _ in pages}) > 1:
            owner = next(self._guests[one].name for one, _ in sorted(pages) if one)
            self._trace.note(self._keeper, "salting", OPEN, page * PAGE_BYTES, target, owner)
        self._own(target, pages)
        self._machine.release(frame)

    def _refuse(self, index: int, page: int, frame: int, content: bytes) -> None:
        """Write down that a page of the first guest would have been merged with that of another."""
        if self._between or content == _ZERO:
            return
        other = self._met.setdefault(content, index)
        if other != index and 0 in (other, index) and content not in self._told:
            if len(self._told) >= TOLD:
                self._told.clear()
            self._told.add(content)
            owner = self._machine.owners[frame]
            self._trace.note(self._keeper, "salting", REFUSES, page * PAGE_BYTES, frame, owner)
