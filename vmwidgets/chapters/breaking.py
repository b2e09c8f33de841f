"""Chapter 11, breaking the walls: what gets out of a VM, by which mechanism, and what it costs to stop it."""

from dataclasses import dataclass
from functools import cache
from typing import Any

from vmwidgets.attacks import ATTACKS, FAMILIES
from vmwidgets.chapters.breaking_drills import cards, costs, diagnosis, price, priced, residual, threats
from vmwidgets.chapters.breaking_levels import Level, levels, mechanism
from vmwidgets.chapters.items import Chapter, Draw, Item, Part, Value, Verdict, exact, option
from vmwidgets.chapters.threats import SOURCE, THREATS
from vmwidgets.experiments import tick_theft, write_latencies
from vmwidgets.experiments.latencies import GUESSES, PLACEMENT
from vmwidgets.lab import Lab
from vmwidgets.locale import gettext as _
from vmwidgets.locale import language, mark, number
from vmwidgets.model.range import verdict as came
from vmwidgets.model.range.defences import DEFENCES
from vmwidgets.model.range.scenario import Scenario
from vmwidgets.model.range.surroundings import NUMBERS
from vmwidgets.stacks import STACKS

NAME = "11_breaking_the_walls"
_SCANNERS = ("kvm", "esx", "esxi", "virtualbox")
"""Stacks with a scanner that looks for equal pages."""
_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Probe:
    """Pages whose writes are timed, beside a neighbour: see :func:`~vmwidgets.experiments.write_latencies`."""

    product: str
    first: int
    cold: int
    seed: int

    def table(self, salted: bool = False) -> Any:
        """Return the times."""
        return write_latencies(self.product, salted=salted, first=self.first, cold=self.cold, seed=self.seed)

    def neighbours(self) -> int:
        """Return the guess whose page was copied."""
        table = self.table()
        return int(table.query("copied and guess >= 0")["guess"].iloc[0])


def probe(draw: Draw) -> Probe:
    """Return the pages of a variant: which number is right, and which writes are slow for another reason, differ."""
    product = "kvm" if draw.practice else _SCANNERS[draw.number("product", 0, len(_SCANNERS) - 1)]
    seed = draw.number("neighbour", 0, 9_999)
    right = Scenario(STACKS[product], PLACEMENT, {"salting": False}, seed).pin
    first = max(0, min(right - draw.number("first guess", 1, GUESSES - 2), NUMBERS - GUESSES))
    return Probe(product, first, draw.number("cold lines", 1, 2 ** (GUESSES + 1) - 2), seed)


@dataclass(frozen=True, slots=True)
class Theft:
    """A thief that computes for a part of each tick of 10 ms, and its victims."""

    run_ms: float
    victims: int

    def percent(self, accounting: str) -> float:
        """Return what the thief gets of the processor."""
        run: Any = tick_theft(self.run_ms, victims=self.victims, accounting=accounting, seconds=_SECONDS)
        return float(run["thief_pct"].iloc[0])


def theft(draw: Draw) -> Theft:
    """Return the thief of a variant."""
    if draw.practice:
        return Theft(9.5, 3)
    return Theft((9.5, 9.0, 8.5, 8.0)[draw.number("run", 0, 3)], (2, 4, 5, 7)[draw.number("victims", 0, 3)])


@dataclass(frozen=True, slots=True)
class Breaking(Chapter):
    """The chapter, and what else its notebook shows of the variant."""

    draw: Draw
    probe: Probe
    theft: Theft
    levels: tuple[Level, ...]

    def level(self, number: int) -> Level:
        """Return one of the three levels."""
        return self.levels[number - 1]

    def latencies(self, salted: bool = False) -> Any:
        """Return how long the writes took, page by page."""
        return self.probe.table(salted)

    def said(self, lab: Lab, verdict: came.Verdict) -> str:
        """Return what came of guest code, and by which mechanism, as a sentence in the reader's language."""
        text = mark("It got there: {mechanism}.") if verdict.succeeded else mark("It did not get there: {mechanism}.")
        return _(text).format(mechanism=mechanism(verdict, lab.stack))

    def stolen(self) -> str:
        """Return what the thief gets, charged at ticks and by time stamps, a line each."""
        told = (("sampled", mark("charged at each tick")), ("exact", mark("charged by time stamps")))
        lines = [f"{_(text):26} {number(self.theft.percent(how), 1):>6} %" for how, text in told]
        name, fair = _("its fair share"), number(100 / (self.theft.victims + 1), 1)
        return "\n".join([*lines, f"{name:26} {fair:>6} %"])

    def prices(self) -> Any:
        """Return the table of what defences cost on the stack that the drill is about, by their names."""
        table = costs(priced(self.draw)[0], self.draw.number("prices", 0, 999))
        return table.rename(index={id: _(one.name) for id, one in DEFENCES.items()}).rename_axis(None)

    def threats(self) -> str:
        """Return the threats of the standard by name."""
        return "\n".join(f"- {one.russian if language() == 'ru' else one.english}" for one in THREATS.values())

    def threat_map(self) -> str:
        """Return which attacks are proposed to be instances of which threat."""
        lines = [_("Proposed; {source} does not say so.").format(source=SOURCE)]
        for one in THREATS.values():
            lines.append(f"\n{one.russian if language() == 'ru' else one.english}")
            for family in (id for id in FAMILIES if id in one.families):
                titles = [_(attack.title) for attack in ATTACKS.values() if attack.family == family]
                lines += [f"  {family if not at else '':3} {title}" for at, title in enumerate(titles)]
        return "\n".join(lines)


_WALLS = (
    ("none", mark("None: pages that are shared can only be read, and nothing new is in them.")),
    ("read", mark("Space: a tenant can then read pages of the others.")),
    ("tells", mark("Space, though no page can be read: something of the others can be learned all the same.")),
    ("fault", mark("Fault: what one writes changes a page of the others.")),
)


def chapter(token: str) -> Breaking:
    """Return the chapter of a variant."""
    draw = Draw(token, NAME)
    pages, thief, three = probe(draw), theft(draw), levels(draw)
    fields: dict[str, str | int | float] = {
        "victims": thief.victims,
        "run": thief.run_ms,
        "first": pages.first,
        "last": pages.first + GUESSES - 1,
        "product": STACKS[pages.product].name,
    }
    sampled = mark(
        "A VM computes {run} of every 10 ms and sleeps while the scheduler's tick passes. Other VMs on the same"
        " processor, all computing all the time, with equal weights: {victims}. The tick charges whoever is running."
        " How much of the processor does it get?"
    )
    stamped = mark("And if the scheduler charges by time stamps?")
    leave = mark("The run shows another number.")

    @cache
    def guess() -> int:
        return pages.neighbours()

    @cache
    def taken() -> int:
        return round(thief.percent("sampled"))

    def guessed(value: Value) -> Verdict:
        return exact(
            guess(), 1, leave, mark("Not every slow write was copied: there are slow ones, and very slow ones.")
        )(value)

    def stolen(value: Value) -> Verdict:
        return exact(taken(), 1, leave, mark("Charged at each tick: the first line."), near=1)(value)

    observe = (
        Item(
            "ch11.guess",
            "number",
            mark(
                "{product}. You have timed eleven writes. The neighbour has a page with a number from {first} to"
                " {last}. Which number is it?"
            ),
            guessed,
            fields,
        ),
        Item(
            "ch11.ticks",
            "number",
            mark("How much of the processor has the thief got, charged at each tick?"),
            stolen,
            fields,
            unit="%",
        ),
    )
    explain = Item(
        "ch11.why",
        "choice",
        mark("What did both attackers use?"),
        option(
            "shared",
            2,
            {
                "tables": mark(
                    "No foreign page was read: the trace of the probe has no access that was refused or open."
                ),
                "bug": mark(
                    "Scanner and scheduler did just what they are written to do; the second has been rewritten since."
                ),
                "rights": mark(
                    "Both did what any guest may: write to its own page, compute, sleep, look at the clock."
                ),
            },
        ),
        options=(
            ("tables", mark("A gap in the page tables: they could reach what belongs to others.")),
            ("bug", mark("A slip of a programmer: the VMM did something else than it was written to do.")),
            (
                "shared",
                mark(
                    "Something that is shared, and a clock: how long it takes depends on the others, or is not counted."
                ),
            ),
            ("rights", mark("Rights that a guest should not have, such as halting.")),
        ),
    )
    sentence = Item(
        "ch11.sentence",
        "text",
        mark("In one sentence: what does page sharing cost, besides the work of the scanner?"),
    )
    return Breaking(
        NAME,
        (
            Part(
                "predict",
                (
                    Item(
                        "ch11.wall", "choice", mark("Which wall falls first when tenants share pages?"), options=_WALLS
                    ),
                    Item("ch11.ticks", "number", sampled, fields=fields, unit="%"),
                    Item("ch11.stamps", "number", stamped, fields=fields, unit="%"),
                ),
            ),
            Part("observe", observe),
            Part("explain", (explain, sentence)),
            Part(
                "drills",
                (
                    *(one.question() for one in three),
                    cards(draw),
                    diagnosis(three),
                    threats(three),
                    price(draw),
                    residual(draw),
                ),
                most=8,
            ),
            Part("exit", (_ticket(),)),
        ),
        lambda: Lab("kvm", seed=11),
        draw,
        pages,
        thief,
        three,
    )


def _ticket() -> Item:
    return Item(
        "ch11.exit",
        "choice",
        mark(
            "A hoster lets VMs to customers who do not know each other. The accountant wants page sharing between all"
            " of them: “Nothing can leave a VM, so it is free memory.” The developer says: “VMs are broken out of all"
            " the time. Give them containers, that comes to the same.” What do you answer?"
        ),
        option(
            "walls",
            1,
            {
                "sealed": mark("You have just left several VMs yourself, and learned a number without leaving one."),
                "same": mark("The same attack has another reach where each customer has a kernel of his own."),
                "patched": mark(
                    "Sharing was no error that a patch removes, and who reads from below passes all walls."
                ),
            },
        ),
        options=(
            ("sealed", mark("The accountant is right: second-stage tables let no guest reach the pages of another.")),
            ("same", mark("The developer is right: whoever can get out of a VM can get out of anything.")),
            (
                "patched",
                mark("Both are wrong: escapes are errors, and once all patches are in nothing can leave a VM."),
            ),
            (
                "walls",
                mark(
                    "Neither. Escapes exist and have names; each goes by a mechanism that has a defence and a price,"
                    " and the boundary decides how far it reaches. And share pages within one customer only: it leaks"
                    " by time."
                ),
            ),
        ),
    )
