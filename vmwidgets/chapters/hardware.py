"""Chapter 4, hardware that is not there: trap and emulate, and what makes traps rare."""

from dataclasses import dataclass

from vmwidgets.chapters.device_models import choose_models
from vmwidgets.chapters.items import Chapter, Draw, Item, Part, Value, Verdict, exact, option
from vmwidgets.chapters.tiny_vmm import decisions
from vmwidgets.chapters.toy_isas import virtualizable
from vmwidgets.experiments.paging import walker_of
from vmwidgets.experiments.trapped import Work
from vmwidgets.lab import Lab
from vmwidgets.locale import gettext as _
from vmwidgets.locale import mark
from vmwidgets.model.third_generation import (
    IN_THE_SECTION,
    LOST_UPDATE,
    bare_metal,
    hardware_assisted,
    trap_and_emulate,
)
from vmwidgets.model.units import KiB, MiB

NAME = "04_hardware_that_is_not_there"
_COUNTER = 7


def work(draw: Draw) -> Work:
    """Return what the guest of a variant does; what the chapter's text speaks of for practice."""
    if draw.practice:
        return Work()
    # Four structures: a guest that forks, one that logs, one with several bursts, one that asks one thing at a time.
    requests, batches, writes = (
        (draw.number("few", 1, 2), 1, draw.number("many writes", 5, 8)),
        (draw.number("many", 6, 10), 1, draw.number("writes", 1, 3)),
        (2 * draw.number("pairs", 2, 4), 2, draw.number("writes", 1, 4)),
        (*(draw.number("single", 3, 6),) * 2, draw.number("writes", 2, 5)),
    )[draw.number("structure", 0, 3)]
    return Work(requests, batches, writes, draw.number("ordinary", 2 * requests + 6, 2 * requests + 14))


@dataclass(frozen=True, slots=True)
class Hardware(Chapter):
    """The chapter, and what else its notebook shows of the variant."""

    work: Work

    def lost_update(self) -> str:
        """Return what a kernel with a guarded counter counts, on a machine and under monitors, one line each."""
        timer = [IN_THE_SECTION]
        runs = (
            (mark("bare machine"), bare_metal(LOST_UPDATE, timer)),
            (mark("trap and emulate"), trap_and_emulate(LOST_UPDATE, timer)),
            (mark("binary translation of POPF"), trap_and_emulate(LOST_UPDATE, timer, ("POPF",))),
            (mark("hardware assistance"), hardware_assisted(LOST_UPDATE, timer)),
        )
        return "\n".join(f"{_(name):30} {state.memory[_COUNTER]:3}" for name, state in runs)


def _emulated(guest: Work) -> tuple[Item, Item]:
    """Return what is to be observed: a number, and two more."""
    counts = {
        "nested": guest.run("nested").emulated,
        "virtio": guest.run("nested", "virtio").emulated,
    }
    least = {0, 1, guest.batches, guest.requests, guest.table_writes, guest.requests + guest.table_writes}
    numbers = sorted({*least, *counts.values(), guest.instructions})

    def check(value: Value) -> Verdict:
        if value == tuple(str(count) for count in counts.values()):
            return Verdict(1, 1, mark("That is what the model shows."))
        hint = mark("Choose the tables and the device above the program, go to the end, and read “emulated”.")
        return Verdict(0, 1, mark("The run shows something else."), hint)

    shadow = exact(
        guest.run("shadow").emulated,
        1,
        mark("The run shows another number."),
        mark("Go to the end and read “emulated”; the log says which they were."),
    )
    return (
        Item(
            "ch04.emulated",
            "number",
            mark("Shadow tables and an emulated device: how many instructions had to be emulated?"),
            shadow,
        ),
        Item(
            "ch04.fewer",
            "table",
            mark("The same guest: how many with …"),
            check,
            options=tuple((str(number), str(number)) for number in numbers),
            rows=(
                ("nested", mark("nested tables, emulated device")),
                ("virtio", mark("nested tables, virtio queue")),
            ),
        ),
    )


def _price(draw: Draw) -> Item:
    """Return the question why a walk of six times as many references is not six times as slow."""
    # Four structures: levels of both tables, and the size of the second stage's pages.
    guest, host, page = (4, 4, 4 * KiB)
    if not draw.practice:
        guest, host, page = ((4, 4, 4 * KiB), (4, 4, 2 * MiB), (5, 5, 4 * KiB), (5, 4, 4 * KiB))[
            draw.number("walk", 0, 3)
        ]
    nested, native = (walker_of(guest, levels, page).walk(0).references for levels in (host, 0))
    fields: dict[str, str | int | float] = {
        "guest": guest,
        "host": host,
        "size": mark("2 MiB") if page == 2 * MiB else mark("4 KiB"),
        "nested": nested,
        "native": native,
        "times": round(nested / native, 1),
    }
    check = option(
        "caches",
        1,
        {
            "parallel": mark("Each entry tells where the next one lies: there is nothing to do at the same time."),
            "tlb": mark("The TLB makes misses rare. This is about what a single miss costs."),
            "skip": mark("No step is left out: the run reads every one of them. Look where it finds them."),
        },
    )
    question = mark(
        "A TLB miss with {guest} levels of guest tables over second-stage tables of {host} levels with pages of {size}"
        " reads {nested} entries instead of {native}: {times} times as many. For 24 instead of 4, six times as many,"
        " the measured latency was 3.9 to 4.6 times as high (Bhargava et al. 2008, Table 1). Why not six times?"
    )
    options = (
        ("parallel", mark("The processor reads both tables at the same time.")),
        ("tlb", mark("Most accesses hit the TLB and need no walk at all.")),
        ("skip", mark("Most of the second-stage steps are left out, because the guest's tables say the same.")),
        (
            "caches",
            mark("The steps of the second stage read the same few entries again and again, and find them in caches."),
        ),
    )
    return Item("ch04.price", "choice", question, check, fields=fields, options=options)


def chapter(token: str) -> Hardware:
    """Return the chapter of a variant."""
    draw = Draw(token, NAME)
    guest = work(draw)
    asked: dict[str, str | int | float] = {
        "count": guest.instructions,
        "ordinary": guest.ordinary,
        "requests": guest.requests,
        "writes": guest.table_writes,
    }
    predict = Item(
        "ch04.emulated",
        "number",
        mark(
            "A guest's kernel runs {count} instructions. Ordinary ones: {ordinary}, device accesses: {requests}, writes"
            " to its page tables: {writes}. The VMM uses shadow page tables and emulates the device; all memory is"
            " populated. How many instructions have to be emulated?"
        ),
        fields=asked,
    )
    explain = Item(
        "ch04.why",
        "choice",
        mark("What decides whether an instruction has to be emulated?"),
        option(
            "sensitive",
            2,
            {
                "all": mark("The log has far fewer lines than the program. The others ran on the real processor."),
                "none": mark("Who then took the requests? No such device is there."),
                "slow": mark("How long it takes does not matter: a write to a page table is an ordinary store."),
            },
        ),
        options=(
            ("all", mark("Nothing: under full virtualization every instruction is emulated.")),
            ("none", mark("Nothing has to be: with hardware virtualization the guest works with the hardware itself.")),
            ("slow", mark("How long it takes: the VMM does the expensive ones in software.")),
            (
                "sensitive",
                mark(
                    "Whether it reaches what is only virtual: a device that is not there, or tables that the processor"
                    " does not walk."
                ),
            ),
        ),
    )
    sentence = Item(
        "ch04.sentence",
        "text",
        mark("In one sentence: why do nested tables and virtio make exits rare, each in its own way?"),
    )
    leave = Item(
        "ch04.exit",
        "choice",
        mark(
            "A guest that starts processes all day is slow. Nine of ten exits are writes to its page tables, the others"
            " come from its emulated network card. A colleague says: “Of course: full virtualization emulates every"
            " instruction.” What do you answer?"
        ),
        option(
            "tables",
            1,
            {
                "all": mark("Then every instruction would be an exit. Yours are counted: they are of two kinds."),
                "none": mark("Then there would be no exits at all. Yours are counted."),
                "device": mark("A device takes care of one exit in ten here."),
            },
        ),
        options=(
            ("all", mark("True. Only a faster processor helps.")),
            ("none", mark("Impossible: with hardware virtualization the guest works with the hardware directly.")),
            ("device", mark("No, only these two kinds. Give it a virtio card; the page tables hardly matter.")),
            (
                "tables",
                mark("No, only these two kinds. First let it run with nested page tables, then give it a virtio card."),
            ),
        ),
    )
    return Hardware(
        NAME,
        (
            Part("predict", (predict,)),
            Part("observe", _emulated(guest)),
            Part("explain", (explain, sentence)),
            Part("drills", (decisions(draw), virtualizable(draw), choose_models(draw), _price(draw))),
            Part("exit", (leave,)),
        ),
        lambda: Lab(seed=4),
        guest,
    )
