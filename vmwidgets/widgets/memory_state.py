"""The state of the host's memory: the ladder of thresholds, the rung the host is on, and how it came there."""

from typing import Any

import numpy as np
import traitlets
from numpy.typing import NDArray

from vmwidgets.lab import Lab
from vmwidgets.locale import gettext as _
from vmwidgets.locale import mark, number
from vmwidgets.model.errors import VmwidgetsError
from vmwidgets.model.memory_profile import MemoryProfile, Rung
from vmwidgets.model.paged import PagedMemory
from vmwidgets.model.units import GiB, MiB
from vmwidgets.widgets.kit import Selection, View, plain, watch

PAST = 120
"""Ticks of the past that are shown."""
OUR_RUNGS = (mark("enough"), mark("reclaim"), mark("dynamic"))
"""Names of states that are ours and so are translated; those that a product has stay as the product says them."""
ACTIONS = {
    "break_large": mark("large pages are broken up"),
    "share": mark("equal pages are shared first"),
    "balloon": mark("balloons are asked for memory"),
    "compress": mark("pages are compressed"),
    "swap": mark("pages are swapped out"),
    "block": mark("VMs above their target are stopped"),
}
"""What is done on a rung, in words and in the order in which it is done."""


def paged(lab: Lab) -> PagedMemory:
    """Return the memory of a lab that models it page by page.

    Raises
    ------
    VmwidgetsError
        If the lab does not.
    """
    if lab.memory is None:
        raise VmwidgetsError('this lab has no pages to look at: make it with memory="neutral", "esx", "esxi", …')
    return lab.memory


class MemoryState(View):
    """How much memory the host has free, what it does about it, and the ladder that says so.

    Parameters
    ----------
    lab
        What is shown; its memory is modelled page by page.
    selection
        What it is looked at together with; a new one if left out.
    """

    _front = "memory_state"

    state = traitlets.Dict().tag(sync=True)

    def __init__(self, lab: Lab, selection: Selection | None = None) -> None:
        self.lab = lab
        paged(lab)
        self.selection = selection or Selection(lab)
        super().__init__(state=self._state())
        self._closers += [lab.subscribe(self._follow), watch(self.selection, ["tick"], self._changed)]

    def refresh(self) -> None:
        """Write all synced traits anew."""
        self.state = self._state()

    def _follow(self, _lab: Lab) -> None:
        self.refresh()

    def _changed(self, _change: object) -> None:
        self.refresh()

    def _state(self) -> dict[str, Any]:
        with self.lab.hold():
            return self._read(paged(self.lab))

    def _read(self, memory: PagedMemory) -> dict[str, Any]:
        lab, ladder, whole = self.lab, memory.profile.ladder, self.lab.hardware.memory_bytes
        thresholds = ladder.thresholds(whole)
        shown = self.selection.tick
        last = lab.tick - 1 if shown is None else shown
        free, seconds = past(lab, memory, last)
        changes = [(second, state) for second, state, _free in memory.events]
        rungs = [state_at(changes, second) for second in seconds.tolist()]
        if shown is None:
            # What a command has changed since the last tick is seen at once.
            free, rungs = np.append(free, memory.machine.free * lab.hardware.page_bytes), [*rungs, memory.state]
        at, now = rungs[-1], int(free[-1])
        # The host falls to a rung at that rung's threshold, and leaves it well above the one of the rung above.
        left = [limit * (1000 + ladder.hysteresis_permille) // 1000 for limit in thresholds]
        steps = zip(ladder.rungs, (None, *ladder.rungs), thresholds, (0, *left), strict=False)
        return {
            "all": lab.hardware.guest_memory_bytes,
            "at": at,
            "rungs": [
                {"name": _(rung.name), "bytes": limit, "until": until, "does": does(memory.profile, rung, above)}
                for rung, above, limit, until in steps
            ],
            "free": [int(value) >> 20 for value in free.tolist()],
            "states": [[i, rung] for i, rung in enumerate(rungs) if i == 0 or rung != rungs[i - 1]],
            "last": last,
            "span": PAST,
            "tick_s": lab.tick_s,
            "sentence": _sentence(memory.profile, at, now, lab.hardware.guest_memory_bytes),
            "rows": self._rows(memory.profile, thresholds, at),
            "changes": _changes(memory.profile, rungs, last - len(seconds) + 1),
        }

    def _rows(self, profile: MemoryProfile, thresholds: tuple[int, ...], at: int) -> list[list[str]]:
        head = ["", _("threshold, free"), _("what the VMM does"), _("the host is here")]
        rungs = zip(profile.ladder.rungs, thresholds, strict=True)
        return [head] + [
            [_(rung.name), amount(limit), does(profile, rung), _("yes") if i == at else ""]
            for i, (rung, limit) in enumerate(rungs)
        ]

    def __repr__(self) -> str:
        return f"<MemoryState: {paged(self.lab).rung.name}, tick {self.lab.tick}>"


def past(lab: Lab, memory: PagedMemory, last: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return free bytes and the memory's second at the end of each recorded tick up to ``last``, at most :data:`PAST`.

    Seconds pass in the memory only while there are VMs; so they are counted back from now.
    """
    have = lab.hardware.guest_memory_bytes
    free: list[NDArray[np.int64]] = [np.empty(0, np.int64)]
    ran: list[NDArray[np.int64]] = [np.empty(0, np.int64)]
    from_tick = last - PAST + 1
    for segment in lab.recorded.segments:
        first = max(from_tick - segment.first_tick, 0)
        if first < segment.ticks:
            free.append(have - segment.column("memory_used_bytes")[:, first:].sum(axis=0))
            ran.append(np.full(segment.ticks - first, lab.tick_s if segment.names else 0))
    steps = np.concatenate(ran)
    later = np.cumsum(steps[::-1])[::-1] - steps  # seconds between the end of each tick and now
    count = min(last, lab.tick - 1) - max(from_tick, lab.recorded.first_tick) + 1
    return np.concatenate(free)[:count], (memory.second - later)[:count]


def state_at(changes: list[tuple[int, int]], second: int) -> int:
    """Return the rung that the host was on at the end of a second; the oldest known one for all before it."""
    return next((state for when, state in reversed(changes) if when <= second), changes[0][1])


def does(profile: MemoryProfile, rung: Rung, above: Rung | None = None) -> str:
    """Return in words what is done on a rung with the settings as they are, or what is new there, after a plus."""
    done = _done(profile, rung)
    if not done:
        return _("nothing is reclaimed")
    before = _done(profile, above) if above else []
    if before and set(before) < set(done):
        return "+ " + ", ".join(text for text in done if text not in before)
    return ", ".join(done)


def _done(profile: MemoryProfile, rung: Rung) -> list[str]:
    packs, shares = profile.compression_permille > 0, profile.sharing != "off"
    off = {"swap": not profile.host_swap, "compress": not packs, "share": not shares}
    return [_(text) for action, text in ACTIONS.items() if action in rung.actions and not off.get(action)]


def amount(value: int) -> str:
    """Return an amount of memory as one reads it: MiB below one GiB."""
    if value < GiB:
        return plain(mark("{amount} MiB"), amount=number(value / MiB, 0))
    return plain(mark("{amount} GiB"), amount=number(value / GiB, 1 if value >= 10 * GiB else 2))


def _sentence(profile: MemoryProfile, at: int, free: int, have: int) -> str:
    rung = profile.ladder.rungs[at]
    return plain(
        mark("{free} of {all} are free. State of the host: {state}. What it does: {does}."),
        free=amount(free),
        all=amount(have),
        state=_(rung.name),
        does=does(profile, rung),
    )


def _changes(profile: MemoryProfile, rungs: list[int], first: int) -> str:
    """Return the last changes of state in one sentence."""
    names = [_(rung.name) for rung in profile.ladder.rungs]
    found = [
        plain(mark("tick {tick} {state}"), tick=number(first + i), state=names[rungs[i]])
        for i in range(1, len(rungs))
        if rungs[i] != rungs[i - 1]
    ]
    return plain(mark("Changes of state: {list}."), list=", ".join(found[-4:])) if found else _("No change of state.")
