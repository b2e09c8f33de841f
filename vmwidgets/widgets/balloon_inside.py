"""The balloon from inside: how a guest sees its own pages while the VMM asks it for some."""

from typing import Any

import traitlets

from vmwidgets.lab import Lab
from vmwidgets.locale import gettext as _
from vmwidgets.locale import mark, number
from vmwidgets.model.guest_pages import DRIVER, NO_DRIVER
from vmwidgets.model.paged import PagedMemory
from vmwidgets.model.reclaimer import Tenant
from vmwidgets.widgets.kit import Selection, View, plain, watch
from vmwidgets.widgets.memory_state import amount, paged

PARTS = {
    "kernel": mark("kernel"),
    "image": mark("OS image"),
    "programs": mark("programs"),
    "cache": mark("page cache"),
    "zero": mark("pages of zeros"),
    "free": mark("free"),
    "balloon": mark("balloon"),
}
"""The kinds of a guest's pages, from hot to cold; what the balloon has comes last."""
GONE = {"swapped": mark("written to its swap file"), "dropped": mark("dropped, the disk has them")}
"""Where pages are that the guest has given away."""
Census = dict[str, int]


class BalloonInside(View):
    """The pages of the chosen VM as its guest sees them, hot to cold, and what it has given away.

    The VMM asks for a number of pages. Which ones go the guest chooses, and it knows what is cold.

    Parameters
    ----------
    lab
        What is shown; its memory is modelled page by page.
    selection
        Which VM; a new one if left out.
    """

    _front = "balloon_inside"

    state = traitlets.Dict().tag(sync=True)

    def __init__(self, lab: Lab, selection: Selection | None = None) -> None:
        self.lab = lab
        paged(lab)
        self.selection = selection or Selection(lab)
        self._seen: dict[str, tuple[int, Census]] = {}  # what each guest had, and at which tick
        self._before: dict[str, tuple[int, Census]] = {}  # and one tick before
        super().__init__(state=self._state())
        self._closers += [lab.subscribe(self._follow), watch(self.selection, ["vm", "tick"], self._changed)]

    def refresh(self) -> None:
        """Write all synced traits anew."""
        self.state = self._state()

    def _follow(self, lab: Lab) -> None:
        self.selection.refresh(lab)
        self.refresh()

    def _changed(self, _change: object) -> None:
        self.refresh()

    def _state(self) -> dict[str, Any]:
        with self.lab.hold():
            memory, name = paged(self.lab), self.selection.vm
            known = any(vm.name == name for vm in self.lab.vms)
            slot = self.lab.memory_slot(name) if known else -1
            shown: dict[str, Any] = {
                "lab": self.selection.id,
                "slot": self.selection.slot(name) if known else -1,
                "name": name if known else "",
                "note": _("These are the pages now, not at the tick that was chosen.")
                if self.selection.tick is not None
                else "",
            }
            if not known:
                return {**shown, "sentence": _("There is no virtual machine."), "rows": [], "parts": []}
            if slot in memory.killed:
                sentence = plain(mark("The host has killed {vm}: a VM is one of its processes."), vm=name)
                return {**shown, "sentence": sentence, "rows": [], "parts": []}
            return {**shown, **self._read(memory, slot, name)}

    def _read(self, memory: PagedMemory, slot: int, name: str) -> dict[str, Any]:
        page, tenant = self.lab.hardware.page_bytes, memory.tenants[slot]
        census = tenant.guest.census()
        # Pages with twins are of the image.
        now = {**census, "image": census["image"] + census["twins"]}
        since, moved = self._moved(self.lab.vm(name).stream, now)
        asked = max(memory.allocated(slot) - tenant.target, 0) if tenant.target >= 0 else 0
        return {
            "all": tenant.guest.pages * page,
            "active": min(tenant.active, tenant.guest.pages) * page,
            "asked": asked * page if "balloon" in memory.rung.actions else 0,
            "gives": tenant.guest.balloon == DRIVER and memory.profile.targets != "none",
            "parts": [[key, _(text), now[key] * page, moved.get(key, 0) * page] for key, text in PARTS.items()],
            "gone": [[key, _(text), now[key] * page, moved.get(key, 0) * page] for key, text in GONE.items()],
            "since": since,
            "sentence": _sentence(name, memory, tenant, now),
            "rows": _rows(now, moved, since, page),
        }

    def _moved(self, stream: str, now: Census) -> tuple[str, Census]:
        """Return how many pages of each kind came and went since time last passed, and since when that is."""
        tick = self.lab.tick
        seen = self._seen.get(stream)
        if seen is None or seen[0] > tick:  # a new guest, or one whose time was taken back
            self._before.pop(stream, None)
        elif seen[0] < tick:
            self._before[stream] = seen
        self._seen[stream] = (tick, now)
        if stream not in self._before:
            return "", {}
        before, had = self._before[stream]
        return plain(mark("since tick {tick}"), tick=number(before)), {key: now[key] - had[key] for key in now}

    def __repr__(self) -> str:
        return f"<BalloonInside: {self.selection.vm or 'no VM'}>"


def _sentence(name: str, memory: PagedMemory, tenant: Tenant, now: Census) -> str:
    guest = tenant.guest
    if memory.profile.targets == "none":
        text = mark("Nobody asks the guest of {vm} for memory: the host swaps its pages out, and it does not notice.")
    elif guest.balloon == NO_DRIVER:
        text = mark("{vm} has no balloon driver: nobody asks its guest, and the VMM takes pages blindly.")
    elif guest.balloon != DRIVER:
        text = mark("The balloon driver of {vm} refuses: the VMM asks, and the guest gives nothing.")
    elif not now["balloon"]:
        text = mark("The balloon of {vm} is empty: the guest has all its memory to itself.")
    else:
        return _given(name, now, memory.machine.page_bytes)
    return plain(text, vm=name)


def _given(name: str, now: Census, page: int) -> str:
    balloon = amount(now["balloon"] * page)
    text = plain(mark("The guest of {vm} has put {amount} into its balloon."), vm=name, amount=balloon)
    dropped = plain(mark("dropped {amount} of cached files"), amount=amount(now["dropped"] * page))
    written = plain(mark("wrote {amount} to its own swap"), amount=amount(now["swapped"] * page))
    gave = [dropped if now["dropped"] else "", written if now["swapped"] else ""]
    if any(gave):
        text += " " + plain(mark("For that it {list}."), list=_(" and ").join(part for part in gave if part))
    return text + " " + _("Which pages go, the guest chooses: free ones first, then the coldest.")


def _rows(now: Census, moved: Census, since: str, page: int) -> list[list[str]]:
    rows = [[_("pages of the guest"), _("amount"), _("pages"), _("change, pages") + f" {since}"]]
    for key, text in {**PARTS, **GONE}.items():
        change = moved.get(key, 0)
        sign = "+" if change > 0 else "−" if change < 0 else ""
        rows.append([_(text), amount(now[key] * page), number(now[key]), sign + number(abs(change))])
    return rows
