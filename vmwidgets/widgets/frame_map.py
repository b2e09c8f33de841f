"""The frame map: the machine's memory as cells, one byte a frame, so that nothing is hidden in a sum."""

import threading
import time
import zlib
from typing import Any, Protocol, TypedDict

import numpy as np
import traitlets
from numpy.typing import NDArray

from vmwidgets.lab import Lab
from vmwidgets.locale import gettext as _
from vmwidgets.locale import mark, ngettext, number
from vmwidgets.model.errors import check_int
from vmwidgets.widgets.kit import Selection, View, plain, watch

FREE, VMM, TABLE, PRIVATE, ACTIVE, SHARED, COMPRESSED, ZERO = range(8)
"""State of a frame, the high four bits of its code (front/frame_marks.js has the same)."""
OTHER, NOBODY = 8, 15
"""Owners without a slot, the low four bits: a VM beyond those that have a colour, and no VM."""
SHARERS = 12
"""Mappings of a frame that are named; more are only counted."""
AHEAD = 2
"""Versions that may be on their way to the page, or being drawn, before what changes is held back and merged."""
PATIENCE_S = 0.1
BYTES_PER_S = 1_000_000
"""How long a page may take to say that it has drawn before the next version goes out all the same, and how much longer
for what it has to fetch. A closed page never answers; and answers wait while a cell runs."""
_BLOCK = 1 << 16


class About(TypedDict):
    """What a provider knows of one frame."""

    slot: int
    owner: str
    gfn: int
    state: int
    refs: int
    sharers: list[tuple[str, int]]


class Frames(Protocol):
    """Where the map's bytes come from; one provider feeds one map, because it remembers what it has told.

    Its methods are called on the threads of the kernel's messages, one that answers :meth:`about` at any time.
    """

    frames: int
    page_bytes: int

    def codes(self, first: int, count: int) -> NDArray[np.uint8]:
        """Return state << 4 | owner of ``count`` frames."""
        ...

    def changed(self) -> NDArray[np.int64] | None:
        """Return the frames that may have changed since the last call; None for all of them."""
        ...

    def about(self, frame: int) -> About:
        """Return owner (its slot, or OTHER or NOBODY, and its name), guest page, state, mappings and who shares it."""
        ...


class FrameMap(View):
    """Every frame of the machine as a cell: whose it is, what it is for, and who shares it.

    The page asks for the map once and gets it as one buffer; then it gets what has changed, as fast as it draws. Each
    data message carries the version that it leads to and, if it is a change, the one it starts from: a page that has
    missed one asks for the map again.

    Parameters
    ----------
    lab
        Whose commands the map follows.
    selection
        What it is looked at together with; a new one if left out.
    frames
        The frames that are shown.
    """

    _front = "frame_map"
    _messages = ("map", "drawn", "look", "select")

    state = traitlets.Dict().tag(sync=True)
    looked = traitlets.Dict().tag(sync=True)

    def __init__(self, lab: Lab, selection: Selection | None = None, *, frames: Frames) -> None:
        self.lab = lab
        self.selection = selection or Selection(lab)
        self.frames = frames
        # Messages arrive on other threads than commands. Nothing of the lab is asked while this is held.
        self._lock = threading.Lock()
        frames.changed()
        self._codes = frames.codes(0, frames.frames).copy()
        self._shown = self._codes[:0]  # what the page has, once it has asked
        self._counts = _counted(self._codes)
        self._version = self._drawn = 0
        self._wait_until = 0.0
        self._behind = False
        self._told: dict[str, Any] = {}
        super().__init__(state=self._state())
        self._closers += [lab.subscribe(self._follow), watch(self.selection, ["vm", "tick"], self._changed)]

    def refresh(self) -> None:
        """Write all synced traits anew, and send the words that go with the map."""
        self.state = self._state()
        self._push()

    def counts(self) -> NDArray[np.int64]:
        """Return how many frames there are of each state (rows) and owner (columns, 16)."""
        return self._counts.reshape(16, 16)[: ZERO + 1].copy()

    # ----------------------------------------------------------------------------------------------- from the lab
    def _follow(self, lab: Lab) -> None:
        self.selection.refresh(lab)
        self._read()
        self.refresh()

    def _changed(self, _change: object) -> None:
        self.refresh()

    def _read(self) -> None:
        """Bring the codes and their counts up to date, block by block where something may have changed."""
        total = self.frames.frames
        changed = self.frames.changed()
        stale = np.full(-(-total // _BLOCK), changed is None)
        if changed is not None:
            stale[changed // _BLOCK] = True
        for first in (np.flatnonzero(stale) * _BLOCK).tolist():
            now = self.frames.codes(first, min(_BLOCK, total - first))
            with self._lock:
                old = self._codes[first : first + len(now)]
                differs = np.flatnonzero(old != now)
                if len(differs):
                    few = differs if 4 * len(differs) < len(now) else slice(None)
                    self._counts += _counted(now[few]) - _counted(old[few])
                    old[:] = now
                    self._behind = True

    # ---------------------------------------------------------------------------------------------- from the page
    def _on_map(self, _content: dict[str, Any]) -> None:
        with self._lock:
            self._shown = self._codes.copy()
            self._ship({"from": None, "first": 0, "count": len(self._shown)}, self._shown.tobytes())

    def _on_drawn(self, content: dict[str, Any]) -> None:
        with self._lock:
            if isinstance(to := content.get("to"), int) and to <= self._version:
                self._drawn = max(self._drawn, to)
        self._push()

    def _on_look(self, content: dict[str, Any]) -> None:
        frame = check_int("frame", content.get("frame"), 0, self.frames.frames - 1)
        about = self.frames.about(frame)
        self.looked = {"frame": frame, **about, "sharers": [list(one) for one in about["sharers"][:SHARERS]]}

    def _on_select(self, content: dict[str, Any]) -> None:
        names = self.selection.names()
        slot = content.get("slot")
        if isinstance(slot, int) and 0 <= slot < len(names) and names[slot]:
            self.selection.vm = names[slot]

    # ------------------------------------------------------------------------------------------------ to the page
    def _push(self) -> None:
        """Send what the page does not have yet, unless nobody has asked or it is still drawing."""
        with self._lock:
            waits = self._version - self._drawn >= AHEAD and time.monotonic() < self._wait_until
            if waits or not len(self._shown):
                return
            changed = np.flatnonzero(self._codes != self._shown) if self._behind else np.empty(0, np.int64)
            if len(changed):
                header, data = encoded(changed, self._codes)
                part = changed if header["first"] < 0 else slice(header["first"], header["first"] + header["count"])
                self._shown[part] = self._codes[part]
                self._ship({"from": self._version, **header}, data)
            elif (told := self._tell()) != self._told:
                self._told = told
                self.send({"from": self._version, "to": self._version, **told})
            self._behind = False

    def _ship(self, header: dict[str, Any], data: bytes) -> None:
        self._version += 1
        self._told = self._tell()
        packed = zlib.compress(data, 1)
        smaller = len(packed) < len(data)
        content = {**header, "to": self._version, "packed": smaller, **self._told}
        sent = packed if smaller else data
        self._wait_until = time.monotonic() + PATIENCE_S + len(sent) / BYTES_PER_S
        self.send(content, buffers=[sent])

    def _state(self) -> dict[str, Any]:
        past = self.selection.tick is not None
        return {
            "lab": self.selection.id,
            "frames": self.frames.frames,
            "page_bytes": self.frames.page_bytes,
            "names": self.selection.names(),
            "selected": self.selection.slot(self.selection.vm),
            "note": _("The map shows the present, not the tick that was chosen.") if past else "",
        }

    def _tell(self) -> dict[str, Any]:
        """Return the text twin: a sentence, and a row of counts for every owner that has frames."""
        counts = self.counts()
        owned = counts[TABLE:]
        return {
            "sentence": self._sentence(counts),
            "free": int(counts[FREE].sum()),
            "vmm": int(counts[VMM].sum()),
            "owners": [[slot, *owned[:, slot].tolist()] for slot in range(16) if owned[:, slot].any()],
        }

    def _sentence(self, counts: NDArray[np.int64]) -> str:
        free = int(counts[FREE].sum())
        text = ngettext("{free} of {frames} frames is free.", "{free} of {frames} frames are free.", free).format(
            free=number(free), frames=number(self.frames.frames)
        )
        owned = counts[TABLE:].sum(axis=0).tolist()
        parts = [f"{name} {number(owned[slot])}" for slot, name in enumerate(self.selection.names()) if name]
        if parts:
            text += " " + plain(mark("Frames of the virtual machines: {list}."), list=", ".join(parts))
        shared = int(counts[[SHARED, ZERO]].sum())
        if shared:
            text += " " + ngettext("{count} frame is shared.", "{count} frames are shared.", shared).format(
                count=number(shared)
            )
        return text

    def __repr__(self) -> str:
        return f"<FrameMap: {self.frames.frames:,} frames of {self.frames.page_bytes:,} bytes>"


def encoded(changed: NDArray[np.int64], codes: NDArray[np.uint8]) -> tuple[dict[str, int], bytes]:
    """Return the header and the bytes of a change, in the smaller of two forms.

    A range is its codes alone, with ``first`` in the header. Scattered frames are the distances from one to the next
    as little-endian uint32, the first from 0, and then their codes.
    """
    first, last = int(changed[0]), int(changed[-1])
    if last - first + 1 <= 5 * len(changed):
        return {"first": first, "count": last - first + 1}, codes[first : last + 1].tobytes()
    gaps = np.diff(changed, prepend=0).astype("<u4")
    return {"first": -1, "count": len(changed)}, gaps.tobytes() + codes[changed].tobytes()


def _counted(codes: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Return how often each code occurs; in blocks, since counting works on eight bytes for each."""
    counts = np.zeros(256, np.int64)
    for first in range(0, len(codes), _BLOCK):
        counts += np.bincount(codes[first : first + _BLOCK], minlength=256)
    return counts
