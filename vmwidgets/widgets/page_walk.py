"""Address translation, step by step: a page walk through the guest's tables and the second-stage tables below them."""

from collections.abc import Sequence
from typing import Any

import traitlets

from vmwidgets.experiments.paging import walker_of
from vmwidgets.lab import Lab
from vmwidgets.locale import error_text
from vmwidgets.locale import gettext as _
from vmwidgets.model.errors import VmwidgetsError
from vmwidgets.model.page_tables import page_shift
from vmwidgets.model.page_walk import GUEST, SECOND_STAGE, Fault, Step, Walk
from vmwidgets.model.rehearsal import STAGE_LEVELS, can_retell, rehearsed, retold
from vmwidgets.model.translation import Walker
from vmwidgets.model.translation_caches import PWC_ENTRIES, Caches, L2Cache, Lru, NestedTlb, Tlb
from vmwidgets.widgets.kit import Selection, View, check_lab, watch
from vmwidgets.widgets.walk_sources import FreeWalks, LabWalks, WalkSource

CACHES = ("tlb", "pwc", "nested_tlb", "l2")
ACCESS = ("write", "user")
MAX_VISITS = 8
"""Walks that the caches remember at most: each is walked again to show the next one."""
_HEX = set("0123456789abcdef")


class PageWalk(View):
    """One address translated, one table entry after another; nothing in the lab is changed by looking.

    The whole walk is one trait: stepping needs no kernel. It is sent again when an address is chosen or the host has
    changed, together with the same walk over second-stage pages of another size and over none.

    A step that is shown or pointed at dispatches ``vmw-frame`` on the document, with ``lab`` (the id of the lab's
    selection) and ``frame`` (the machine frame that the step reads, -1 for none), so that a map can light it.

    Parameters
    ----------
    lab
        Whose VM is looked at; made with ``memory=``.
    selection
        Which VM; a new one if left out.
    walker
        Tables to walk instead of a lab's, such as :func:`vmwidgets.experiments.paging.walker_of` returns; with neither,
        those of a guest with a single page.
    addresses
        Addresses to choose from, with a walker.
    fold
        Whether only the title is shown at first; nothing is walked or sent before it is unfolded.
    """

    _front = "page_walk"
    _messages = ("address", "again", "set", "select", "fold")

    state = traitlets.Dict().tag(sync=True)

    def __init__(
        self,
        lab: Lab | None = None,
        selection: Selection | None = None,
        *,
        walker: Walker | None = None,
        addresses: Sequence[int] = (0,),
        fold: bool = False,
    ) -> None:
        if walker is not None and not isinstance(walker, Walker):
            raise VmwidgetsError("{name} is {value}, expected a Walker", name="walker", value=repr(walker)[:60])
        self.lab = lab = None if walker else lab
        if lab is not None:
            check_lab(lab)
        self.selection = (selection or Selection(lab)) if lab else None
        self._free = None if lab else FreeWalks(walker or walker_of(), addresses)
        self._folded = fold
        self._labs: LabWalks | None = None
        self._seen = ""
        self._name = ""
        self._address: int | None = None
        self._access = dict.fromkeys(ACCESS, False)
        self._caches = dict.fromkeys(CACHES, False)
        self._visits: list[int] = []
        self._turn = 0
        super().__init__(state=self._state())
        if lab and self.selection:
            self._closers += [lab.subscribe(self._follow), watch(self.selection, ["vm"], self._changed)]

    def refresh(self) -> None:
        """Write all synced traits anew."""
        self.state = self._state()

    # -------------------------------------------------------------------------------------------------- from the lab
    def _follow(self, lab: Lab) -> None:
        assert self.selection is not None
        self.selection.refresh(lab)
        self._visits.clear()  # the VMM may have changed tables, and then it flushes what the hardware remembers
        self.refresh()

    def _changed(self, _change: object) -> None:
        self._visits.clear()
        self.refresh()

    # ------------------------------------------------------------------------------------------------- from the page
    def _on_address(self, content: dict[str, Any]) -> None:
        """Walk to another address: one of the list by its id, or any as hexadecimal text."""
        name = str(content.get("id", ""))
        address = None if name else parsed(str(content.get("text", "")))
        self._remember()
        self._name, self._address = name, address
        self._turn += 1
        self.refresh()

    def _on_again(self, _content: dict[str, Any]) -> None:
        """Walk to the same address once more, with what the caches remember by now."""
        self._remember()
        self._turn += 1
        self.refresh()

    def _on_set(self, content: dict[str, Any]) -> None:
        name, value = content.get("id"), bool(content.get("value"))
        if name in self._access:
            self._access[name] = value
        elif name in self._caches:
            self._caches[name] = value
        else:
            raise VmwidgetsError("there is no control {name}", name=repr(name)[:40])
        self._visits.clear()
        self.refresh()

    def _on_select(self, content: dict[str, Any]) -> None:
        slot = content.get("slot")
        names = self.selection.names() if self.selection else []
        if self.selection and isinstance(slot, int) and 0 <= slot < len(names) and names[slot]:
            self.selection.vm = names[slot]

    def _on_fold(self, content: dict[str, Any]) -> None:
        self._folded = bool(content.get("value"))
        self.refresh()

    def _remember(self) -> None:
        if self._address is not None and any(self._caches.values()):
            self._visits = [*self._visits, self._address][-MAX_VISITS:]

    # --------------------------------------------------------------------------------------------------------- state
    def _source(self) -> WalkSource:
        if self._free:
            return self._free
        assert self.lab is not None
        assert self.selection is not None
        if self._labs is None or self._seen != self.selection.vm:
            self._seen = self.selection.vm
            self._labs = LabWalks(self.lab, self._seen)
        return self._labs

    def _state(self) -> dict[str, Any]:
        chosen = self.selection
        if self._folded:
            return {"folded": True, "closed": ""}
        common = {
            "folded": False,
            "closed": "",
            "lab": chosen.id if chosen else "",
            "names": chosen.names() if chosen else [],
            "selected": chosen.slot(chosen.vm) if chosen else -1,
            "access": dict(self._access),
            "caches": dict(self._caches),
        }
        try:
            if self.lab is None:
                return {**common, **self._walked(self._source())}
            with self.lab.hold():
                return {**common, **self._walked(self._source())}
        except VmwidgetsError as error:
            return {**common, "closed": error_text(error)}

    def _walked(self, source: WalkSource) -> dict[str, Any]:
        walker, named = source.walker(), source.named()
        if self._name in named:
            self._address = named[self._name][1]
        elif self._address is None:
            self._name, (_text, self._address) = next(iter(named.items()))
        else:
            self._name = ""
        visits = [*self._visits, self._address]
        bare = rehearsed(walker)
        walks = [bare.walk(address, **self._access) for address in visits]
        return {
            "turn": self._turn,
            "visits": len(self._visits),
            "addresses": [[name, _(text)] for name, (text, _at) in named.items()],
            "name": self._name,
            "address": _hex(self._address),
            "root": _hex(walker.root),
            "guest_levels": walker.levels,
            "stage_levels": max(walker.second_stage.levels if walker.second_stage else 0, STAGE_LEVELS),
            "frame_bytes": source.frame_bytes,
            "ways": self._ways(source, walker, visits, walks),
        }

    def _ways(self, source: WalkSource, walker: Walker, visits: list[int], walks: list[Walk]) -> list[dict[str, Any]]:
        """Return the walk as it is, and as it would be over other second-stage pages and natively."""
        levels = [s.level for walk in walks for s in walk.steps if s.dimension == SECOND_STAGE and s.decision == "page"]
        usual = next(level for level in (1, 2, 3) if source.frame_bytes <= 1 << page_shift(level))
        leaf = min(levels, default=usual) if walker.second_stage else 0
        retell = all(can_retell(walk) for walk in walks)
        ways: list[dict[str, Any]] = []
        for other in sorted({leaf, 0, 1, 2}, key=lambda level: (level != leaf, level == 0, level)):
            real = other == leaf
            way = {"leaf": other, "page_bytes": 1 << page_shift(other) if other else 0, "real": real}
            if not real and not retell:
                ways.append({**way, "walk": None})
                continue
            caches = self._hardware()
            hardware = rehearsed(walker, caches) if real else retold(walks, walker, other, caches)
            walk = [hardware.walk(address, **self._access) for address in visits][-1]
            ways.append({**way, "walk": _told(walk, source)})
        return ways

    def _hardware(self) -> Caches:
        on = self._caches
        return Caches(
            tlb=Tlb() if on["tlb"] else None,
            nested_tlb=NestedTlb() if on["nested_tlb"] else None,
            pwc=Lru(PWC_ENTRIES) if on["pwc"] else None,
            l2=L2Cache() if on["l2"] else None,
        )

    def __repr__(self) -> str:
        shown = self.state
        if shown["folded"]:
            return "<PageWalk, folded>"
        if shown["closed"]:
            return f"<PageWalk: {shown['closed']}>"
        return f"<PageWalk: {shown['address']}, {shown['ways'][0]['walk']['references']} references>"


def parsed(text: str) -> int:
    """Return the address that a text says in hexadecimal, with or without 0x, blanks and underscores."""
    digits = text.lower().strip().removeprefix("0x").replace("_", "").replace(" ", "")
    if not 1 <= len(digits) <= 16 or not set(digits) <= _HEX:
        raise VmwidgetsError("{text} is no address, expected up to 16 hexadecimal digits", text=repr(text)[:40])
    return int(digits, 16)


def _told(walk: Walk, source: WalkSource) -> dict[str, Any]:
    """Return a walk for the browser, whose numbers have 53 bits: addresses are text."""
    return {
        "steps": [_step(step) for step in walk.steps],
        "references": walk.references,
        "cycles": walk.cycles,
        "guest": _hex(walk.guest_physical),
        "machine": _hex(walk.machine),
        "found_in": walk.found_in,
        "fault": _fault(walk.fault, source) if walk.fault else None,
    }


def _step(step: Step) -> dict[str, Any]:
    return {
        "guest": step.dimension == GUEST,
        "level": step.level,
        "row": step.guest_level,
        "input": _hex(step.input),
        "table": _hex(step.table),
        "index": step.entry_index,
        "entry": _hex(step.entry),
        "machine": _hex(step.machine),
        "sets": _hex(step.flags_set),
        "found": step.found_in,
        "cycles": step.cycles,
        "decision": step.decision,
        "output": _hex(step.output),
    }


def _fault(fault: Fault, source: WalkSource) -> dict[str, Any]:
    place = source.place(fault.address) if fault.reason.startswith("ept") else ""
    return {"reason": fault.reason, "code": fault.code, "address": _hex(fault.address), "place": place}


def _hex(number: int) -> str:
    return f"{number:x}" if number >= 0 else ""
