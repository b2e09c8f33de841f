"""The drills of chapter 10: the smallest tax, an upgrade, zones that may share, six machines on three hosts."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

from vmwidgets.chapters.items import Draw, Item, Value, Verdict
from vmwidgets.chapters.twins import Twins, upgraded, zones
from vmwidgets.locale import mark
from vmwidgets.model.reclaim import idle_memory_tax


def drills(draw: Draw, layout: Twins) -> tuple[Item, ...]:
    """Return the drills of a variant whose machines with equal pages have this layout."""
    return _smallest_tax(draw), upgraded(layout), zones(draw), _placement(draw)


# -------------------------------------------------------------------------------------------------------- smallest tax
@dataclass(frozen=True, slots=True)
class Needs:
    """Machines that share ``total`` MiB: active memory and shares of each; the last one uses all it gets."""

    total: int
    active: tuple[int, ...]
    shares: tuple[int, ...]

    def split(self, percent: int) -> list[float]:
        """Return what each of them has at rest, in MiB."""
        got = idle_memory_tax(self.total, self.shares, self.active, percent / 100, 0, self.total)
        return got.tolist()


def _smallest_tax(draw: Draw) -> Item:
    if draw.practice:
        needs, wanted, floor = Needs(384, (32, 384), (1000, 1000)), 264, 100
    else:
        total, low = 64 * draw.number("drill total", 6, 10), 8 * draw.number("drill low", 3, 6)
        # Four structures: equal shares, the sleeper has more, two sleepers, one of which has more.
        needs = (
            Needs(total, (low, total), (1000, 1000)),
            Needs(total, (low, total), (2000, 1000)),
            Needs(total, (low, 2 * low, total), (1000, 1000, 1000)),
            Needs(total, (low, 2 * low, total), (2000, 1000, 2000)),
        )[draw.number("drill structure", 0, 3)]
        # What some tax leads to, and a somewhat higher one: between them lie all the right ones.
        tax = draw.number("drill tax", 40, 80)
        wanted, floor = int(needs.split(tax)[-1]), int(needs.split(tax + 6)[0]) - 1

    def serves(percent: int) -> bool:
        return needs.split(percent)[-1] >= wanted

    def check(value: Value) -> Verdict:
        if not isinstance(value, int) or not 0 <= value <= 99:
            return Verdict(0, 1, mark("A tax is a whole number of percent from 0 to 99."))
        if not serves(value):
            return Verdict(0, 1, mark("With this tax the busy machine has less than it needs."))
        if needs.split(value)[0] < floor:
            return Verdict(
                0,
                1,
                mark("With this tax A falls below its floor."),
                mark("A smaller tax serves the busy machine, too."),
            )
        if value and serves(value - 1):
            return Verdict(0, 1, mark("It is enough, and a smaller one would be, too."))
        return Verdict(1, 1, mark("Enough, and not a bit more."))

    question = mark(
        "{total} MiB; shares {shares}; active {active}, the last one uses all it gets and needs {wanted} MiB. A must"
        " keep {floor} MiB. Which is the smallest tax, in whole percent, that serves both?"
    )
    fields: dict[str, str | int] = {
        "total": needs.total,
        "shares": " / ".join(map(str, needs.shares)),
        "active": " / ".join(map(str, needs.active)),
        "wanted": wanted,
        "floor": floor,
    }
    return Item("ch10.smallest", "number", question, check, fields, unit="%")


# ----------------------------------------------------------------------------------------------------------- placement
_HOSTS = (("1", mark("host 1")), ("2", mark("host 2")), ("3", mark("host 3")))
HOST_GIB = 16
"""What a host of this drill has for machines."""


@dataclass(frozen=True, slots=True)
class Machines:
    """Six machines: active memory by day and by night in GiB. The first two are copies of one database."""

    day: tuple[int, ...]
    night: tuple[int, ...]

    def holds(self, hosts: Sequence[str]) -> bool:
        """Return whether a placement holds: by day and by night all fit, and the copies do not lie together."""
        fits = all(
            sum(gib for gib, at in zip(demand, hosts, strict=True) if at == host) <= HOST_GIB
            for demand in (self.day, self.night)
            for host, _ in _HOSTS
        )
        return fits and hosts[0] != hosts[1]

    def solutions(self) -> int:
        """Count the placements that hold."""
        return sum(self.holds(hosts) for hosts in product("123", repeat=len(self.day)))


def machines(draw: Draw) -> Machines:
    """Return machines that three hosts can hold, in few ways, and that would not fit if all were busy at once."""
    if draw.practice:
        return Machines((10, 10, 6, 3, 9, 4), (4, 5, 12, 12, 3, 10))
    # Four structures, for days on which the first, second or third pair, or nobody in particular, is up at night.
    structure = draw.number("placement", 0, 3)
    attempt = 0
    while True:
        attempt += 1

        def pair(at: int, purpose: str, attempt: int = attempt) -> tuple[int, int]:
            high, low = draw.number(f"{purpose} high {attempt}", 8, 13), draw.number(f"{purpose} low {attempt}", 2, 6)
            asleep = at // 2 == structure or (structure == 3 and draw.number(f"{purpose} {attempt}", 0, 1) == 1)
            return (low, high) if asleep else (high, low)

        found = Machines(*zip(*(pair(at, f"machine {at}") for at in range(6)), strict=True))
        peaks = sum(map(max, found.day, found.night))
        if peaks > 3 * HOST_GIB and 0 < found.solutions() <= 48:
            return found


def _placement(draw: Draw) -> Item:
    six = machines(draw)

    def check(value: Value) -> Verdict:
        hosts = [str(host) for host in value] if isinstance(value, tuple) else []
        if six.holds(hosts):
            return Verdict(1, 1, mark("It holds by day and by night."))
        if hosts[0] == hosts[1]:
            return Verdict(0, 1, mark("A and B are copies of one database, and one failure would take both."))
        hint = mark("Put together what is not busy at the same time.")
        return Verdict(0, 1, mark("On some host active memory does not fit, by day or by night."), hint)

    question = mark(
        "Six machines, three hosts of {size} GiB. Active memory by day: {day}; by night: {night} GiB (A to F). A and B"
        " are copies of one database and must not lie together. Place them."
    )
    fields: dict[str, str | int] = {
        "size": HOST_GIB,
        "day": ", ".join(map(str, six.day)),
        "night": ", ".join(map(str, six.night)),
    }
    rows = tuple((name, name) for name in "ABCDEF")
    return Item("ch10.placement", "table", question, check, fields, options=_HOSTS, rows=rows)
