"""Machines with equal pages, for chapter 10: what sharing saves, what an upgrade undoes, what a write gives away."""

from dataclasses import dataclass
from functools import cache

import numpy as np

from vmwidgets.chapters.items import Draw, Item, Value, Verdict, exact
from vmwidgets.lab import Lab
from vmwidgets.locale import mark
from vmwidgets.model.hardware import Hardware
from vmwidgets.model.memory import MachineMemory
from vmwidgets.model.page_sharing import PageSharing
from vmwidgets.model.units import GiB, KiB, MiB
from vmwidgets.model.vm import GuestKernel

_TICK_S = 5
_SETTLED = 66  # ticks: all memory has been used and scanned by then


# --------------------------------------------------------------------------------------------------------- equal pages
@dataclass(frozen=True, slots=True)
class Twins:
    """``count`` machines of ``size`` GiB; parts of their memory in percent: equal in all of them, and zeros."""

    count: int
    size: int
    common: int
    zero: int = 0

    def lab(self) -> Lab:
        """Return a lab in which they have just been started and pages are shared between them."""
        lab = Lab(seed=10, memory="neutral", hardware=Hardware(page_bytes=2 * MiB), tick_s=_TICK_S)
        lab.set_memory(sharing="between", scan_pages_per_s=1000)
        for name in "ABCDEFGH"[: self.count]:
            lab.create_vm(name, memory_bytes=self.size * GiB, kernel=self._kernel("Linux 6.12"))
        return lab

    def upgrade(self, lab: Lab, name: str) -> None:
        """Give one machine another OS image."""
        lab.configure(name, kernel=self._kernel("Linux 6.13"))

    def _kernel(self, name: str) -> GuestKernel:
        image = 10 * self.common - GuestKernel().mix().kernel  # the kernel's own pages are equal as well
        return GuestKernel(name, image_permille=image, zero_permille=10 * self.zero)

    @property
    def fields(self) -> dict[str, str | int]:
        """Return what the questions say."""
        return {"count": self.count, "size": self.size, "common": self.common, "zero": self.zero}

    @property
    def question(self) -> str:
        """Return the question that is predicted."""
        if self.zero:
            return mark(
                "{count} machines of {size} GiB; {common} % of the pages of each (kernel and OS image) are equal in"
                " all of them, {zero} % hold nothing but zeros. Pages are shared between machines. How many GiB are"
                " saved?"
            )
        return mark(
            "{count} machines of {size} GiB; {common} % of the pages of each (kernel and OS image) are equal in all of"
            " them. Pages are shared between machines. How many GiB are saved?"
        )


@cache
def saved(layout: Twins) -> tuple[int, int]:
    """Run a layout; return what sharing saves, in tenths of a GiB, before and after the upgrade of one machine."""
    lab = layout.lab()
    lab.advance(_SETTLED)
    before = _saving(lab)
    layout.upgrade(lab, "C")
    lab.advance(12)
    return before, _saving(lab)


def _saving(lab: Lab) -> int:
    seen = lab.snapshot
    return (10 * int((seen["memory_mapped_bytes"] - seen["memory_used_bytes"]).sum()) + GiB // 2) // GiB


def twins(draw: Draw) -> Twins:
    """Return the layout of a variant; that of the chapter's text for practice."""
    if draw.practice:
        return Twins(5, 4, 30)
    common, zero = 5 * draw.number("common", 4, 9), 5 * draw.number("zero", 1, 3)
    # Four structures: few large machines or many small ones, without or with pages of zeros.
    few, many = draw.number("few", 3, 4), draw.number("many", 6, 8)
    return (Twins(few, 6, common), Twins(many, 3, common), Twins(few, 6, common, zero), Twins(many, 3, common, zero))[
        draw.number("layout", 0, 3)
    ]


def upgraded(layout: Twins) -> Item:
    """Return the drill about the upgrade."""

    def check(value: Value) -> Verdict:
        hint = mark(
            "The others still share. C shares only what was not rewritten: the kernel that runs until the reboot."
        )
        return exact(saved(layout)[1], 1, mark("In the run it is another amount."), hint, near=1)(value)

    question = mark("Now the machine C is upgraded: its OS image changes. How many GiB are still saved?")
    return Item("ch10.upgraded", "number", question, check, unit=mark("GiB"), decimals=1)


# ------------------------------------------------------------------------------------------------------- a timing leak
@dataclass(frozen=True, slots=True)
class Zones:
    """Two zones that do not trust each other: how pages are shared, and what is there when one of them writes."""

    sharing: str
    scanned: bool = True
    own_twin: bool = False


_SET_UPS = (
    (Zones("off"), "off", mark("sharing is off (Linux: ksm/run = 0)")),
    (Zones("within"), "within", mark("only pages of one machine are shared (ESXi: salting on)")),
    (Zones("between"), "between", mark("pages of all machines are shared, and the scanner has come by")),
    (Zones("between", scanned=False), "early", mark("pages of all machines are shared, the scanner comes tomorrow")),
    (Zones("within", own_twin=True), "own", mark("salting on; the writer has the page twice itself")),
    (Zones("between", own_twin=True), "both", mark("pages of all machines are shared; the writer has the page twice")),
)
_ANSWERS = (
    ("quiet", mark("it tells nothing")),
    ("leak", mark("it tells")),
)


@cache
def leaks(zones: Zones) -> bool:
    """Return whether a write takes another time if the neighbour has the page than if not: it costs a copy or none."""
    return len({_copies(zones, neighbour) for neighbour in (False, True)}) > 1


def _copies(zones: Zones, neighbour: bool) -> int:
    """Let a machine write to a page of known content; return whether that takes a copy."""
    machine = MachineMemory(64, 4 * KiB, 0)
    known, other = 1, 2
    for slot, contents in enumerate(((known, known if zones.own_twin else other), (known if neighbour else other,))):
        machine.add_vm(slot, 4)
        pages = np.arange(len(contents), dtype=np.int64)
        machine.allocate(slot, pages)
        machine.write(slot, pages, np.array(contents, np.uint64))
    if zones.scanned:
        PageSharing(machine).scan(1000, zones.sharing)
    return machine.write(0, np.zeros(1, np.int64), np.array([9], np.uint64))


def zones(draw: Draw) -> Item:
    """Return the drill about the zones that may share pages."""
    order = range(len(_SET_UPS)) if draw.practice else draw.order("zones", len(_SET_UPS))
    asked = [_SET_UPS[i] for i in order]

    def check(value: Value) -> Verdict:
        if value == tuple("leak" if leaks(each) else "quiet" for each, _, _ in asked):
            return Verdict(1, 1, mark("All of them."))
        hint = mark("Ask of each: is there one frame with a page of both zones in it at the moment of the write?")
        return Verdict(0, 1, mark("Some of them are not so."), hint)

    question = mark(
        "Two zones must not learn anything of each other. A writes to a page whose content it knows and takes the time:"
        " does that tell it whether its neighbour has the same page? Where it does, these zones must not share pages."
    )
    return Item(
        "ch10.zones", "table", question, check, options=_ANSWERS, rows=tuple((id, text) for _, id, text in asked)
    )
