"""Chapter 9, lending what sleeps: overcommit, the balloon, and when lending fails."""

from dataclasses import dataclass
from functools import cache

from vmwidgets.chapters.items import Chapter, Check, Draw, Item, Part, Value, Verdict, exact, option
from vmwidgets.chapters.lending_drills import S1, drills, tenths
from vmwidgets.lab import Lab
from vmwidgets.locale import mark
from vmwidgets.model.units import GiB
from vmwidgets.model.workload import Workload

NAME = "09_lending_what_sleeps"
_TICK_S = 5
_SETTLED, _THEN = 72, 48  # ticks: guests have used all of their memory by then; and the same once more after a change
_HAVE = S1.guest_memory_bytes // GiB


@dataclass(frozen=True, slots=True)
class Lending:
    """The machines of one variant, in GiB: how large they are, and what of it they use at first and later."""

    sizes: tuple[int, ...]
    before: tuple[int, ...]
    after: tuple[int, ...]

    @property
    def names(self) -> str:
        """Return the names, one letter each."""
        return "ABCDEFGH"[: len(self.sizes)]

    def lab(self) -> Lab:
        """Return a lab in which all of them have just been started."""
        lab = Lab(seed=9, memory="neutral", hardware=S1, tick_s=_TICK_S)
        for name, size, active in zip(self.names, self.sizes, self.before, strict=True):
            lab.create_vm(name, vcpus=2, memory_bytes=size * GiB, workload=_database(active, size))
        return lab


def _database(active: int, size: int) -> Workload:
    return Workload("database", active_permille=active * 1000 // size)


@cache
def readings(machines: Lending) -> tuple[int, int]:
    """Run a variant and return what its two readings show, in tenths of a GiB.

    Returns
    -------
    (ballooned, displaced)
        What is in balloons at first, and the active memory that has no frame later.
    """
    lab = machines.lab()
    ballooned = int(lab.advance(_SETTLED)["memory_ballooned_bytes"].sum())
    for name, size, active in zip(machines.names, machines.sizes, machines.after, strict=True):
        lab.set_workload(name, _database(active, size))
    there = lab.advance(_THEN)["memory_mapped_bytes"].tolist()
    # Of what was set: the working set of a database moves a little from tick to tick.
    displaced = sum(max(active * GiB - mapped, 0) for active, mapped in zip(machines.after, there, strict=True))
    return tenths(ballooned), tenths(displaced)


def lending(draw: Draw) -> Lending:
    """Return the machines of a variant; those of the chapter's text for practice."""
    if draw.practice:
        return Lending((16, 16, 16), (6, 4, 10), (14, 4, 16))
    small, even = draw.number("small", 2, 3), 2 * draw.number("even", 1, 2)
    peak, other = 2 * draw.number("peak", 7, 8), 2 * draw.number("other", 2, 4)
    # Four structures: peaks that come together, an idle giant that wakes up, many small ones, a leak.
    return (
        Lending((16, 16, 16), (other, even, 10), (peak, even, 16)),
        Lending((20, 16, 10), (small, 4, 5), (17 + small, 4, 10)),
        Lending((8,) * 6, (3, small, 4, 4, small, 3), (8, small, 8, 4, small, 8)),
        Lending((16, 16, 16), (even, 8, peak - 6), (16, 8, peak - 6)),
    )[draw.number("structure", 0, 3)]


def _explain(least: int) -> tuple[Item, ...]:
    why = Item(
        "ch09.why",
        "choice",
        mark("Where does the memory in the balloons come from, and who chose those pages?"),
        option(
            "guest",
            1,
            {
                "adds": mark("Look at the machines that have a balloon: they have less than before."),
                "vmm": mark(
                    "Look inside the guest: what went first was its page cache, and no VMM knows which that is."
                ),
                "fixed": mark("Then all three could not have started."),
            },
        ),
        options=(
            ("adds", mark("From the VMM: a balloon adds memory to a machine that needs some.")),
            ("vmm", mark("From the machines: the VMM looks for pages that nobody uses and takes them.")),
            (
                "guest",
                mark("From the machines: the VMM asks a driver for an amount, and each guest chooses its own pages."),
            ),
            ("fixed", mark("From nowhere: a machine keeps the memory that it was given when it started.")),
        ),
    )
    lost = Item(
        "ch09.lost",
        "choice",
        mark(
            "Later at least {least} GiB of active memory cannot have a frame, whatever anybody does. Why is it more in"
            " the run?"
        ),
        option(
            "idle",
            1,
            {
                "always": mark("Before, the same machines were overcommitted as much, and nobody lacked anything."),
                "lost": mark("All frames are in use: nothing lies about."),
                "fixed": mark("What each machine has did change: look at the charts."),
            },
        ),
        {"least": least},
        options=(
            ("always", mark("Because overcommit is an error: it never works with more configured than there is.")),
            ("lost", mark("Because frames in balloons belong to nobody and lie about.")),
            (
                "idle",
                mark(
                    "Because idle pages stay with machines that have a right to them: the tax makes them dear, but not"
                    " free for the taking."
                ),
            ),
            ("fixed", mark("Because memory is given out once and cannot be moved.")),
        ),
    )
    return why, lost, Item("ch09.sentence", "text", mark("In one sentence: when does lending memory fail?"))


def _leave() -> Item:
    return Item(
        "ch09.exit",
        "choice",
        mark(
            "A hosting company starts machines with 96 GiB together on a server of 64 GiB. “That is overselling, so it"
            " is fraud”, says a customer. What do you ask before you judge?"
        ),
        option(
            "peaks",
            1,
            {
                "fraud": mark("Your run had more configured than there is as well, and nobody lacked anything."),
                "balloon": mark("A balloon makes nothing: it only moves what somebody does not use."),
                "sum": mark("Configured memory is an upper bound. What decides is how much of it is active at once."),
            },
        ),
        options=(
            ("fraud", mark("Nothing: more than there is cannot be sold.")),
            ("balloon", mark("Whether they have balloon drivers: with them there is memory enough for everybody.")),
            (
                "peaks",
                mark("How much is active when most of them are busy at once, and what each was guaranteed."),
            ),
            ("sum", mark("Whether the server can be extended to 96 GiB: below that it does not work.")),
        ),
    )


def chapter(token: str) -> Chapter:
    """Return the chapter of a variant."""
    draw = Draw(token, NAME)
    machines = lending(draw)
    fields: dict[str, str | int] = {
        "sizes": " + ".join(map(str, machines.sizes)),
        "have": _HAVE,
        "before": " / ".join(map(str, machines.before)),
        "after": " / ".join(map(str, machines.after)),
        "last": machines.names[-1],
    }
    first, later, starts = (
        mark("Machines of {sizes} GiB on {have}; active {before}. How many GiB will be in balloons?"),
        mark("Then active memory becomes {after}. How many GiB of active memory have no frame?"),
        mark("Does the last machine, {last}, start at all?"),
    )

    def balloons(value: Value) -> Verdict:
        hint = mark("Wait until every machine has used all of its memory, some six minutes, and add up the balloons.")
        wrong = mark("The balloons hold another amount.")
        return exact(readings(machines)[0], 1, wrong, hint, near=4)(value)

    def short(value: Value) -> Verdict:
        hint = mark(
            "For each machine: its working set less what has a frame, if that is more than nothing. Then add up."
        )
        wrong = mark("In the run it is another amount.")
        return exact(readings(machines)[1], 1, wrong, hint, near=6)(value)

    def ask(id: str, question: str, check: Check | None = None) -> Item:
        return Item(id, "number", question, check, fields, mark("GiB"), 1)

    start = Item(
        "ch09.starts",
        "choice",
        starts,
        fields=fields,
        options=(
            ("no", mark("no: memory is taken")),
            ("slow", mark("yes, and everybody becomes slow")),
            ("well", mark("yes, and nobody lacks anything")),
        ),
    )
    observe = (
        ask("ch09.balloons", mark("Let six minutes pass. How many GiB are in balloons, all together?"), balloons),
        ask(
            "ch09.short",
            mark("Set the working sets to {after} GiB and let some minutes pass. How many GiB of them have no frame?"),
            short,
        ),
    )
    return Chapter(
        NAME,
        (
            Part("predict", (start, ask("ch09.balloons", first), ask("ch09.short", later))),
            Part("observe", observe),
            Part("explain", _explain(sum(machines.after) - _HAVE)),
            Part("drills", drills(draw, machines.sizes)),
            Part("exit", (_leave(),)),
        ),
        machines.lab,
    )
