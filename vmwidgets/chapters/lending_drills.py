"""The drills of chapter 9: what a host keeps free, how far a balloon may go, and four causes by their counters."""

from dataclasses import dataclass
from functools import cache

from vmwidgets.chapters.items import Draw, Item, Value, Verdict, exact
from vmwidgets.lab import Lab
from vmwidgets.locale import mark
from vmwidgets.model.hardware import Hardware
from vmwidgets.model.units import GiB, MiB
from vmwidgets.model.vm import GuestKernel
from vmwidgets.model.workload import Workload
from vmwidgets.stacks import MEMORY

S1 = Hardware(page_bytes=2 * MiB)
"""The reference server, with pages large enough to look at."""
_TICK_S, _LONG = 5, 105
_GROWS = Workload("memory_hog", full_after_min=8)
"""What the neighbours do: they want more and more."""


def tenths(size_bytes: int) -> int:
    """Return bytes as tenths of a GiB, rounded."""
    return (10 * size_bytes + GiB // 2) // GiB


def drills(draw: Draw, sizes: tuple[int, ...]) -> tuple[Item, ...]:
    """Return the drills of a variant whose machines have these sizes, in GiB."""
    return _thresholds(draw), _reserve(sizes), _floor(draw), _recognise(draw)


# ------------------------------------------------------------------------------------------------- states and reserve
def _thresholds(draw: Draw) -> Item:
    ladder = MEMORY["esxi"].ladder
    gib = 128 if draw.practice else 16 * draw.number("host", 2, 24)
    at = 2 if draw.practice else draw.number("state", 1, len(ladder.rungs) - 1)
    size, rung = gib * GiB, ladder.rungs[at]
    expected = (ladder.thresholds(size)[at] + MiB // 2) // MiB
    question = mark(
        "An ESXi-like host has {gib} GiB. It wants to keep this much free: 6 % of the first 4 GiB, 4 % of the next 8,"
        " 2 % of the next 16 and 1 % of the rest. The state “{state}” begins at {percent} % of that. At how many MiB"
        " free?"
    )
    wrong = mark("The profile puts this state at another amount.")
    hint = mark("First the four parts of the reserve, in MiB; then the percentage of their sum.")
    fields = {"gib": gib, "state": rung.name, "percent": rung.permille // 10}
    return Item("ch09.state", "number", question, exact(expected, 1, wrong, hint, near=1), {**fields}, unit=mark("MiB"))


def _reserve(sizes: tuple[int, ...]) -> Item:
    reserve = MEMORY["esxi"].ladder.reserve_bytes(S1.memory_bytes)
    expected = tenths(sum(sizes) * GiB - S1.guest_memory_bytes + reserve)
    question = mark(
        "The server of your observation has 32 GiB, {have} of them for machines. Now its VMM keeps free what an"
        " ESXi-like host of 32 GiB keeps. All machines use all of their {configured} GiB. How much must be reclaimed?"
    )
    check = exact(
        expected, 1, mark("With this reserve it is another amount."), mark("What is kept free cannot be lent."), near=1
    )
    fields = {"have": S1.guest_memory_bytes // GiB, "configured": sum(sizes)}
    return Item("ch09.reserve", "number", question, check, {**fields}, unit=mark("GiB"), decimals=1)


# ------------------------------------------------------------------------------------------------------------- floors
@dataclass(frozen=True, slots=True)
class Guest:
    """The machine whose floor is looked for: its size in GiB, and what its pages hold, in per mille."""

    size: int
    image: int = 100
    zero: int = 0
    touched: int = 1000

    def parts(self) -> tuple[int, int]:
        """Return what no guest gives away for nothing, and what it can, in hundredths of a GiB."""
        mix = GuestKernel(image_permille=self.image, zero_permille=self.zero).mix()
        kept = min(self.touched, 1000 - mix.cache - mix.zero)
        return self.size * kept // 10, self.size * (self.touched - kept) // 10


@cache
def swaps(guest: Guest, reserved: int) -> bool:
    """Run a machine beside two that grow greedy, and return whether it ever had something in its own swap file.

    Parameters
    ----------
    reserved
        Memory that is guaranteed to it, in hundredths of a GiB.
    """
    hardware = Hardware(memory_bytes=(2 * guest.size + 1) * GiB, page_bytes=8 * MiB)
    lab = Lab(seed=9, memory="neutral", hardware=hardware, tick_s=_TICK_S)
    lab.set_memory(host_swap=False)
    lab.create_vm(
        "payroll",
        memory_bytes=guest.size * GiB,
        memory_reservation_bytes=reserved * GiB // 100,
        kernel=GuestKernel(image_permille=guest.image, zero_permille=guest.zero),
        workload=Workload("idle", touched_permille=guest.touched),
    )
    for name in ("web", "shop"):
        lab.create_vm(name, memory_bytes=guest.size * GiB, workload=_GROWS)
    lab.advance(_LONG)
    swapped = lab.recorded.window("memory_guest_swapped_bytes", ["payroll"], lab.tick - 1, lab.tick)
    return bool((swapped > guest.size * GiB // 100).any())  # a page more or less is rounding


def _floor(draw: Draw) -> Item:
    size = 4 if draw.practice else draw.number("floor size", 4, 8)
    guests = (Guest(size), Guest(size, touched=500), Guest(size, zero=200), Guest(size, image=300, touched=900))
    guest = guests[0 if draw.practice else draw.number("floor", 0, 3)]
    kept, free = guest.parts()

    def check(value: Value) -> Verdict:
        if not isinstance(value, int) or not 0 <= value <= 100 * size:
            return Verdict(0, 1, mark("This is not a reservation that the machine could have."))
        if swaps(guest, value):
            return Verdict(
                0,
                1,
                mark("In the run the guest writes pages to its swap file."),
                mark("The balloon may take what the guest can give away without writing it anywhere, and no more."),
            )
        if value >= 25 and not swaps(guest, value - 25):
            return Verdict(0, 1, mark("It is enough, and a smaller one would be, too."))
        return Verdict(1, 1, mark("Enough, and not a bit more."))

    question = mark(
        "“payroll” has {size} GiB and sleeps beside two greedy neighbours. Its kernel, OS image and programs hold"
        " {kept} GiB, its page cache and pages of zeros {free} GiB; what is left it has never used. A reservation is"
        " the floor below which no balloon goes. How many GiB must it be, to within a quarter, so that the guest need"
        " not swap?"
    )
    fields = {"size": size, "kept": kept / 100, "free": free / 100}
    return Item("ch09.floor", "number", question, check, {**fields}, unit=mark("GiB"), decimals=2)


# ------------------------------------------------------------------------------------------------------------- charts
_CHARTS = (
    ("balloon", mark("a balloon")),
    ("guest", mark("too large a balloon")),
    ("host", mark("the VMM swaps")),
    ("leak", mark("a leak")),
)
_MINUTES = (2, 4, 6, 8, 10)


@dataclass(frozen=True, slots=True)
class Chart:
    """A machine of ``size`` MiB of which the VMM lets ``left`` per mille, bit by bit, or one that leaks."""

    size: int
    left: int = 1000
    balloon: str = "driver"
    leaks: bool = False


@cache
def record(chart: Chart) -> tuple[str, str]:
    """Run it; return what is to be recognised (an id of the options), and four counters over some minutes as text."""
    hardware = Hardware(memory_bytes=2 * chart.size * MiB, vmm_memory_bytes=64 * MiB, page_bytes=MiB)
    lab = Lab(seed=9, memory="neutral", hardware=hardware, tick_s=_TICK_S)
    work = Workload("memory_hog", full_after_min=8) if chart.leaks else Workload("database", active_permille=500)
    kernel = GuestKernel(balloon=chart.balloon)
    lab.create_vm("it", memory_bytes=chart.size * MiB, kernel=kernel, workload=work)
    columns: list[tuple[int, ...]] = []
    for minute in _MINUTES:
        reads = 0
        while lab.tick * _TICK_S < minute * 60:
            reads += int(lab.advance(1)["memory_reads"][0])
            wanted = max(1600 - lab.tick * _TICK_S * 5 // 2, chart.left)  # less and less from minute 4 on
            if wanted < 1000:
                lab.configure("it", memory_limit_bytes=chart.size * wanted // 1000 * MiB)
        assert lab.memory
        inside = lab.memory.tenant(0).guest.census()
        mapped = int(lab.snapshot["memory_mapped_bytes"][0]) // MiB
        columns.append((inside["cache"], inside["swapped"], mapped, reads))
    found = (
        ("host", "memory_swapped_bytes"),
        ("guest", "memory_guest_swapped_bytes"),
        ("balloon", "memory_ballooned_bytes"),
    )
    end = lab.snapshot
    kind = next((kind for kind, metric in found if end[metric][0]), "leak")
    return kind, " | ".join(" ".join(map(str, counter)) for counter in zip(*columns, strict=True))


def _recognise(draw: Draw) -> Item:
    def drawn(purpose: str) -> int:
        return 1000 if draw.practice else 200 * draw.number(purpose, 3, 7)

    sizes = [drawn(f"chart {i}") for i in range(4)]
    charts = (
        Chart(sizes[0], left=750),
        Chart(sizes[1], left=450),
        Chart(sizes[2], left=600, balloon="none"),
        Chart(sizes[3], leaks=True),
    )
    records = [record(charts[i]) for i in ((2, 0, 3, 1) if draw.practice else draw.order("charts", 4))]

    def check(value: Value) -> Verdict:
        if value == tuple(kind for kind, _ in records):
            return Verdict(1, 1, mark("All four of them."))
        return Verdict(
            0,
            1,
            mark("Some of them are not so."),
            mark("What the VMM takes behind the guest's back the guest's own counters do not show."),
        )

    question = mark(
        "Four machines, four counters each, after 2, 4, 6, 8 and 10 minutes: MiB in the guest's page cache | MiB in"
        " the guest's own swap file | MiB that have a frame on the host | pages of 1 MiB read back from the disk since"
        " the number before. What happens to each: does a balloon take what nobody misses, does too large a balloon"
        " make the guest swap, does the VMM swap, or does the machine leak, and nobody takes anything?"
    )
    rows = tuple((f"chart{i + 1}", text) for i, (_, text) in enumerate(records))
    return Item("ch09.charts", "table", question, check, options=_CHARTS, rows=rows)
