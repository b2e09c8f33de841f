"""Chapter 1, one server, many machines: what the VMM owns, and when it runs."""

from dataclasses import dataclass

from vmwidgets.chapters.items import Chapter, Draw, Item, Part, Value, Verdict, exact, option
from vmwidgets.experiments.exits import exits_run
from vmwidgets.lab import Lab
from vmwidgets.locale import mark
from vmwidgets.model.cpu import Counts, run
from vmwidgets.model.duties import DUTIES, run_without
from vmwidgets.model.units import GB, GiB
from vmwidgets.model.workload import Workload

NAME = "01_one_server"


@dataclass(frozen=True, slots=True)
class Mix:
    """The guest's instructions of one variant."""

    ordinary: int
    port_io: int
    hypercalls: int
    halts: int
    timer_interrupts: int

    @property
    def instructions(self) -> int:
        """Return how many instructions the guest executes."""
        return self.ordinary + self.port_io + self.hypercalls + self.halts

    def run(self) -> Counts:
        """Run them on the virtual CPU."""
        return exits_run(self.ordinary, self.port_io, self.hypercalls, self.halts, self.timer_interrupts)


# Four structures: a guest that talks to devices, one that calls the VMM, one that sleeps, one that is interrupted.
_STRUCTURES = (
    {"port_io": (8, 14), "hypercalls": (0, 2), "halts": (0, 1), "timer_interrupts": (1, 3)},
    {"port_io": (0, 2), "hypercalls": (7, 12), "halts": (0, 1), "timer_interrupts": (1, 3)},
    {"port_io": (1, 3), "hypercalls": (0, 2), "halts": (5, 9), "timer_interrupts": (1, 3)},
    {"port_io": (1, 3), "hypercalls": (0, 2), "halts": (0, 1), "timer_interrupts": (7, 12)},
)


def mix(draw: Draw) -> Mix:
    """Return the instructions of a variant; those of the chapter's text for practice."""
    if draw.practice:
        return Mix(991, 6, 2, 1, 2)
    ranges = _STRUCTURES[draw.number("structure", 0, len(_STRUCTURES) - 1)]
    counts = {name: draw.number(name, low, high) for name, (low, high) in ranges.items()}
    others = sum(counts.values()) - counts["timer_interrupts"]
    return Mix(ordinary=1000 - others, **counts)


# What a guest may do; whether the VMM is needed is found by running it.
_EVENTS = (
    ("add", mark("adds two registers"), "add rax, rbx"),
    ("store", mark("writes to its own memory"), "mov [rsi], rax"),
    ("load", mark("reads its own memory"), "mov rax, [rsi]"),
    ("branch", mark("compares and jumps"), "cmp rax, rbx\njne there\nthere: nop"),
    ("shift", mark("shifts a register"), "shl rax, 3"),
    ("address", mark("computes an address"), "lea rax, [rsi+rbx*4]"),
    ("loop", mark("counts down in a loop"), "mov rcx, 5\nagain: dec rcx\njnz again"),
    ("in", mark("reads the keyboard's port"), "in al, 0x60"),
    ("out", mark("writes to the port of the serial line"), "out 0x80, al"),
    ("vmcall", mark("asks the VMM for something (a hypercall)"), "vmcall"),
    ("hlt", mark("has nothing to do and halts the processor"), "hlt"),
    ("beyond", mark("touches an address that is not its own"), "mov rsi, 0x7fffffff\nmov [rsi], rax"),
    ("timer", mark("is interrupted by the host's timer"), ""),
)
_GUEST, _VMM = ("guest", mark("the guest alone")), ("vmm", mark("the VMM is needed"))


def needs_vmm(event: str) -> bool:
    """Run one event on the virtual CPU and return whether it led to a VM exit."""
    code = next(code for id, _, code in _EVENTS if id == event)
    if event == "timer":
        return run("nop\nnop\nnop\n", 3, timer=[1]).total_exits > 0
    done = run(f"{code}\nnop\n", 20)
    return done.total_exits > 0


def _classify(events: tuple[str, ...]) -> Item:
    def check(value: Value) -> Verdict:
        given = value if isinstance(value, tuple) else ()
        wrong = [e for e, v in zip(events, given, strict=True) if (v == "vmm") != needs_vmm(e)]
        points = 2 if not wrong else 1 if len(wrong) <= 2 else 0
        if not wrong:
            return Verdict(2, 2, mark("All of them. Most of what a guest does needs nobody."))
        return Verdict(
            points, 2, mark("Some of them are not so."), mark("Ask of each: does it touch what others share?")
        )

    rows = tuple((id, text) for id, text, _ in _EVENTS if id in events)
    order = {id: (id, text) for id, text in rows}
    question = mark("Who is needed when the guest does this?")
    return Item("ch01.classify", "table", question, check, options=(_GUEST, _VMM), rows=tuple(order[e] for e in events))


_DUTY_NAMES = {
    "scheduler": mark("deciding whose turn it is"),
    "memory_map": mark("keeping the map of the memory"),
    "device": mark("standing between guests and devices"),
    "interrupt": mark("taking the timer's interrupts"),
}
_SUMS = (
    ("interrupts", mark("Interrupts: every one that arrives is taken by the VMM")),
    ("frames", mark("Memory: every page in use has a frame of its own")),
    ("devices", mark("Devices: a guest's output is its own")),
    ("time", mark("Time: every guest gets its part of it")),
)


def _duty(draw: Draw) -> Item:
    duty = "memory_map" if draw.practice else DUTIES[draw.number("duty", 0, len(DUTIES) - 1)]

    def check(value: Value) -> Verdict:
        broken = run_without(duty, draw.seed)
        if value == broken.invariant:
            return Verdict(2, 2, mark("Yes: the run shows a sum that does not close."))
        return Verdict(
            0, 2, mark("In the run this sum still closes."), mark("What is it that only this duty keeps apart?")
        )

    question = mark("Take one duty away from the VMM: {duty}. Which sum breaks first?")
    return Item("ch01.duty", "choice", question, check, fields={"duty": _DUTY_NAMES[duty]}, options=_SUMS)


def chapter(token: str) -> Chapter:
    """Return the chapter of a variant."""
    draw = Draw(token, NAME)
    guest = mix(draw)
    total = guest.run().total_exits
    asked: dict[str, str | int] = {"count": guest.instructions}
    events = [_EVENTS[i][0] for i in draw.order("events", len(_EVENTS))][:12]
    if draw.practice:
        events = [e[0] for e in _EVENTS if e[0] != "shift"]
    predict = Item(
        "ch01.exits",
        "number",
        mark("A guest runs {count} instructions. How many times does the VMM get control?"),
        fields=asked,
    )
    observe = Item(
        "ch01.exits",
        "number",
        mark("Step through the run above. How many times did the VMM get control?"),
        exact(
            total, 2, mark("The run shows another number."), mark("Count the marks on the time line, timer included.")
        ),
    )
    explain = Item(
        "ch01.why",
        "choice",
        mark("What decides when the VMM gets control?"),
        option(
            "exceptional",
            2,
            {
                "never": mark("The run has marks: with hardware support, too, the VMM gets control again and again."),
                "every": mark("Then there would be a mark at every instruction, and the guest would crawl."),
                "slice": mark("Turns end by the timer, and the run shows marks that no timer set."),
            },
        ),
        options=(
            ("every", mark("It looks at every instruction before the processor may execute it.")),
            ("never", mark("Nothing: with hardware virtualization the guest owns the processor.")),
            (
                "exceptional",
                mark("Exceptional events: devices, calls, halts and interrupts. Ordinary instructions run directly."),
            ),
            ("slice", mark("Only the end of a time slice.")),
        ),
    )
    sentence = Item("ch01.sentence", "text", mark("In one sentence: why is this fast, and still safe?"))
    leave = Item(
        "ch01.exit",
        "choice",
        mark(
            "A colleague says: “Our servers have hardware virtualization, so the hypervisor is out of the picture once"
            " a guest runs.” What do you answer?"
        ),
        option(
            "owner",
            1,
            {
                "agree": mark("Who then answers the guest's device accesses, and who ends its turn?"),
                "emulate": mark("The run has shown how few instructions need anybody."),
                "container": mark("A container has no virtual hardware at all; this guest has."),
            },
        ),
        options=(
            ("agree", mark("True: the processor now does all of its work.")),
            ("emulate", mark("False: it still has to emulate all instructions.")),
            (
                "owner",
                mark(
                    "Half true: ordinary instructions run alone, but it owns the resources and returns at every event."
                ),
            ),
            ("container", mark("True, and that is why a guest is a kind of container.")),
        ),
    )
    return Chapter(
        NAME,
        (
            Part("predict", (predict,)),
            Part("observe", (observe,)),
            Part("explain", (explain, sentence)),
            Part("drills", (_classify(tuple(events)), _duty(draw))),
            Part("exit", (leave,)),
        ),
        _lab,
    )


def _lab() -> Lab:
    """Return one server with three machines that do different things."""
    lab = Lab(seed=8)  # its nightly job runs when the chapter begins
    web = Workload("web", peak_per_s=600)
    lab.create_vm("web", vcpus=2, memory_bytes=4 * GiB, disk_bytes=100 * GB, disk_used_bytes=40 * GB, workload=web)
    lab.create_vm("mail", vcpus=1, memory_bytes=8 * GiB, disk_bytes=300 * GB, thin=False, workload="database")
    lab.create_vm(
        "nightly", vcpus=4, memory_bytes=6 * GiB, disk_bytes=200 * GB, disk_used_bytes=90 * GB, workload="batch"
    )
    return lab
