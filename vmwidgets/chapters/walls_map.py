"""A map for chapter 3: which guest page lies in which machine frame, and one frame that a broken VMM mapped twice."""

from itertools import zip_longest

import numpy as np

from vmwidgets.chapters.items import Draw, Item, Value, Verdict
from vmwidgets.locale import gettext as _
from vmwidgets.locale import mark
from vmwidgets.model.memory import SHARED, MachineMemory
from vmwidgets.model.second_stage import MAPPED
from vmwidgets.model.units import KiB

NAMES = "ABC"
_FRAMES, _VMM = 48, 16
"""Frames of the machine, and those of the VMM, in which the tables of the VMs lie."""


class Mapped:
    """The memory of a machine with three VMs, as a variant's VMM left it.

    Parameters
    ----------
    draw
        The variant.
    broken
        Whether the VMM has its bug.
    """

    def __init__(self, draw: Draw, *, broken: bool = True) -> None:
        self.pages = [6, 6, 6] if draw.practice else [draw.number(f"pages {name}", 5, 8) for name in NAMES]
        self.memory = MachineMemory(_FRAMES, 4 * KiB, _VMM)
        self._scatter(draw)
        order = draw.order("map", sum(self.pages))
        owners = np.repeat(np.arange(len(NAMES)), self.pages)
        for at in order:
            self.memory.allocate(int(owners[at]), _page(at - int(np.argmax(owners == owners[at]))))
        a, b, c = (pages - 1 for pages in self.pages)
        self._share((0, a), (1, b), content=7)
        self._share((1, b - 1), (2, c), content=8)
        if broken:
            _BUGS[0 if draw.practice else draw.number("bug", 0, len(_BUGS) - 1)](self)

    def _scatter(self, draw: Draw) -> None:
        """Add the VMs, and give the machine a past, so that frames are not handed out in a row."""
        for slot, pages in enumerate(self.pages):
            self.memory.add_vm(slot, pages)
        past = len(NAMES)
        self.memory.add_vm(past, self.memory.free)
        count = self.memory.allocate(past, np.arange(self.memory.free, dtype=np.int64))
        for gfn in draw.order("past", count):
            self.memory.release(past, _page(gfn))
        self.memory.remove_vm(past)

    def _share(self, one: tuple[int, int], other: tuple[int, int], content: int) -> None:
        """Let two machines share a page of equal content, copy-on-write: nothing is wrong with that."""
        for slot, gfn in (one, other):
            self.memory.write(slot, _page(gfn), np.array([content], np.uint64))
        self.memory.merge(other[0], _page(other[1]), self.frames(one[0])[[one[1]]])

    def frames(self, slot: int) -> np.ndarray[tuple[int], np.dtype[np.int32]]:
        """Return the frame of each page of a VM; -1 where there is none."""
        table = self.memory.tables[slot]
        return np.where(table.where == MAPPED, table.entry, -1).astype(np.int32)

    def point(self, slot: int, gfn: int, frame: int) -> None:
        """Write an entry of a second-stage table as no sound VMM would: without asking whose the frame is."""
        table = self.memory.tables[slot]
        table.where[gfn], table.entry[gfn] = MAPPED, frame

    def guilty(self) -> tuple[int, ...]:
        """Return the frames that several pages lie in and that are not shared copy-on-write."""
        every = np.concatenate([self.frames(slot) for slot in range(len(NAMES))])
        frames, counts = np.unique(every[every >= 0], return_counts=True)
        return tuple(frames[(counts > 1) & (self.memory.state[frames] != SHARED)].tolist())

    def shared(self, frame: int) -> bool:
        """Return whether a frame is shared copy-on-write."""
        return 0 <= frame < _FRAMES and bool(self.memory.state[frame] == SHARED)

    def text(self) -> str:
        """Return the tables side by side, one line a guest page; an asterisk marks copy-on-write."""
        columns = [
            [
                f"{gfn:>4} → {frame:>2}{' *' * self.shared(frame)}"
                for gfn, frame in enumerate(self.frames(slot).tolist())
            ]
            for slot in range(len(NAMES))
        ]
        lines = [NAMES, *zip_longest(*columns, fillvalue="")]
        note = _("page → frame; * shared copy-on-write: all may read it, who writes gets a copy")
        return "\n".join(["".join(f"{cell:<15}" for cell in line).rstrip() for line in lines] + [note])


def _neighbour(map: Mapped) -> None:
    """B's page 1 lies in a frame of A."""
    map.point(1, 1, int(map.frames(0)[2]))


def _twice(map: Mapped) -> None:
    """Two pages of C lie in one frame."""
    map.point(2, 3, int(map.frames(2)[1]))


def _stale(map: Mapped) -> None:
    """B gave a page back, C got its frame, and nobody removed B's entry."""
    frame = int(map.frames(1)[0])
    for slot in (2, 1):  # the frame that comes back last is handed out first
        map.memory.release(slot, _page(0))
    map.memory.allocate(2, _page(0))
    map.point(1, 0, frame)


def _all_three(map: Mapped) -> None:
    """A page of each machine lies in one frame."""
    frame = int(map.frames(2)[0])
    for slot in (0, 1):
        map.point(slot, slot + 1, frame)


_BUGS = (_neighbour, _twice, _stale, _all_three)


def _page(gfn: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.array([gfn], np.int64)


def guilty_frame(draw: Draw) -> Item:
    """Return the question about the frame."""
    map = Mapped(draw)

    def check(value: Value) -> Verdict:
        if value in map.guilty():
            return Verdict(1, 1, mark("Yes: several pages write to it, and none of them gets a copy."))
        if isinstance(value, int) and map.shared(value):
            return Verdict(
                0,
                1,
                mark("This one is shared, and rightly so: all may read it, and who writes gets a copy."),
                mark("Look for a frame that stands there more than once, without an asterisk."),
            )
        return Verdict(
            0,
            1,
            mark("This frame does not stand there twice."),
            mark("Write the frames down in ascending order."),
        )

    question = mark(
        "The map above: every guest page of three machines and the machine frame it lies in. One frame is mapped more"
        " than once, and is not shared copy-on-write. Which?"
    )
    return Item("ch03.frame", "number", question, check)
