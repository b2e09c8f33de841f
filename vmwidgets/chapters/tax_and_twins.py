"""Chapter 10, tax and twins: what idle memory costs its owner, what equal pages save, and who pays for it."""

from dataclasses import dataclass
from functools import cache

from vmwidgets.chapters.items import Chapter, Check, Draw, Item, Part, Value, Verdict, exact, option
from vmwidgets.chapters.tax_drills import drills
from vmwidgets.chapters.twins import saved, twins
from vmwidgets.lab import Lab
from vmwidgets.locale import mark
from vmwidgets.model.hardware import Hardware
from vmwidgets.model.units import KiB, MiB
from vmwidgets.model.workload import Workload

NAME = "10_tax_and_twins"
_TICK_S = 5
_SETTLED, _THEN = 72, 36  # ticks: all memory has been used by then; and what a change of the tax takes to be seen


@dataclass(frozen=True, slots=True)
class Taxed:
    """Machines that share memory: what there is in MiB, active memory and shares of each, and the tax in percent.

    The last machine uses all it gets.
    """

    total: int
    active: tuple[int, ...]
    shares: tuple[int, ...]
    tax: int

    def lab(self) -> Lab:
        """Return a lab in which they have just been started, without the tax."""
        own = 16 * MiB
        hardware = Hardware(
            memory_bytes=self.total * MiB + own, vmm_memory_bytes=own, page_bytes=256 * KiB, disk_bandwidth=10**8
        )
        lab = Lab(seed=10, memory="neutral", hardware=hardware, tick_s=_TICK_S)
        lab.set_memory(idle_tax_permille=0, balloon_limit_permille=950)
        for name, active, shares in zip("ABC", self.active, self.shares, strict=False):
            kind = "database" if name == "ABC"[len(self.active) - 1] else "constant"
            work = Workload(kind, active_permille=(active * 1000 + self.total // 2) // self.total)
            lab.create_vm(name, memory_bytes=self.total * MiB, memory_shares=shares, workload=work)
        return lab


@cache
def idle_gets(machines: Taxed) -> int:
    """Run a variant and return what the first machine has with the tax, in MiB."""
    lab = machines.lab()
    lab.advance(_SETTLED)
    lab.set_memory(idle_tax_permille=10 * machines.tax)
    return (int(lab.advance(_THEN)["memory_mapped_bytes"][0]) + MiB // 2) // MiB


def taxed(draw: Draw) -> Taxed:
    """Return the machines of a variant; those of the chapter's text for practice."""
    if draw.practice:
        return Taxed(384, (32, 384), (1000, 1000), 75)
    total, tax = 32 * draw.number("total", 10, 16), 5 * draw.number("tax", 8, 17)
    low, high = 8 * draw.number("low", 2, 5), 8 * draw.number("high", 8, 12)
    # Four structures: one sleeps, one sleeps on more shares, one sleeps half, two sleep unequally.
    return (
        Taxed(total, (low, total), (1000, 1000), tax),
        Taxed(total, (low, total), (2000, 1000), tax),
        Taxed(total, (high, total), (1000, 1000), tax),
        Taxed(total, (low, high, total), (1000, 1000, 1000), tax),
    )[draw.number("structure", 0, 3)]


def _explain() -> tuple[Item, ...]:
    price = Item(
        "ch10.price",
        "choice",
        mark("Nobody touched the shares. Why does A have less memory with the tax?"),
        option(
            "price",
            1,
            {
                "shares": mark("Shares alone divide by shares, whatever is used: that was the run with tax 0."),
                "size": mark("Both are configured with the same size."),
                "taken": mark("A keeps more than it uses: a tax below 100 % leaves it some of its idle memory."),
            },
        ),
        options=(
            ("shares", mark("It does not: equal shares mean equal memory, and the reading was too early.")),
            ("size", mark("Because it is the smaller machine.")),
            ("taken", mark("Because the VMM takes all that a machine does not use.")),
            (
                "price",
                mark("Because an idle page costs its owner more than one in use, and memory goes where it costs less."),
            ),
        ),
    )
    copy = Item(
        "ch10.copy",
        "choice",
        mark(
            "One of the machines with equal pages is upgraded: all its common pages change. Whose writes become slow?"
        ),
        option(
            "writer",
            1,
            {
                "all": mark("The others go on reading the frame that they share; nothing changes for them."),
                "nobody": mark(
                    "A write to a frame that others read must not be seen by them: something has to be done."
                ),
                "scanner": mark("The scanner only finds equal pages. It is not there when one of them is written."),
            },
        ),
        options=(
            ("all", mark("Those of all machines that share the page.")),
            ("writer", mark("Those of the machine that writes: each first write makes a copy of the frame.")),
            ("nobody", mark("Nobody's: sharing costs nothing once the pages are found.")),
            ("scanner", mark("Those of the VMM's scanner, which repairs it later.")),
        ),
    )
    return price, copy, Item("ch10.sentence", "text", mark("In one sentence: what does sharing pages cost, and whom?"))


def _leave() -> Item:
    return Item(
        "ch10.exit",
        "choice",
        mark(
            "The disk of “shop” and its snapshot of last night lie on one datastore. The datastore dies. What can be"
            " restored?"
        ),
        option(
            "backup",
            1,
            {
                "snapshot": mark("A snapshot holds only what changed since; without its base disk it is no disk."),
                "template": mark("A template is the machine as it was before it had any data."),
                "memory": mark("Pages in frames are no files, and shared pages only what all machines have anyway."),
            },
        ),
        options=(
            ("snapshot", mark("The state of last night: that is what snapshots are for.")),
            ("template", mark("Everything, from the template that the machine was made from.")),
            ("backup", mark("Only what lies somewhere else: a backup. Disk and snapshot are gone together.")),
            ("memory", mark("Most of it, from the pages that other machines share with it.")),
        ),
    )


def chapter(token: str) -> Chapter:
    """Return the chapter of a variant."""
    draw = Draw(token, NAME)
    machines, layout = taxed(draw), twins(draw)
    fields: dict[str, str | int] = {
        "total": machines.total,
        "active": " / ".join(map(str, machines.active)),
        "shares": " / ".join(map(str, machines.shares)),
        "tax": machines.tax,
    }

    def idle(value: Value) -> Verdict:
        hint = mark("First let six minutes pass with tax 0, then move the tax and let some minutes pass.")
        return exact(idle_gets(machines), 1, mark("In the run A has another amount."), hint, near=4)(value)

    def equal(value: Value) -> Verdict:
        hint = mark(
            "Let the memory fill and the scanner come round: what has a frame for the machines, less frames in use."
        )
        return exact(saved(layout)[0], 1, mark("In the run it is another amount."), hint, near=1)(value)

    def both(tax: str, tax_check: Check | None, pages: str, pages_check: Check | None) -> tuple[Item, ...]:
        return (
            Item("ch10.idle", "number", tax, tax_check, fields, mark("MiB")),
            Item("ch10.saved", "number", pages, pages_check, layout.fields, mark("GiB"), 1),
        )

    ask = mark(
        "{total} MiB for machines with the shares {shares}; active {active}, the last one uses all it gets. Without a"
        " tax shares alone decide. With an idle memory tax of {tax} %: how many MiB does A have?"
    )
    read = mark("Six minutes with tax 0, then {tax} %, then some minutes more: how many MiB have a frame in A now?")
    return Chapter(
        NAME,
        (
            Part("predict", both(ask, None, layout.question, None)),
            Part(
                "observe",
                both(read, idle, mark("Sharing is on and all has been scanned: how many GiB are saved?"), equal),
            ),
            Part("explain", _explain()),
            Part("drills", drills(draw, layout)),
            Part("exit", (_leave(),)),
        ),
        machines.lab,
    )
