"""Chapter 2, cutting the server: reservation, limit and shares; space, time and blocks."""

from dataclasses import dataclass
from functools import cache

from vmwidgets.chapters.items import Chapter, Draw, Item, Part, Value, Verdict, exact, option
from vmwidgets.lab import Lab
from vmwidgets.locale import mark
from vmwidgets.model.hardware import Hardware
from vmwidgets.model.host import Host
from vmwidgets.model.units import GB, GiB
from vmwidgets.model.vm import VM
from vmwidgets.model.workload import Workload
from vmwidgets.stacks import NEUTRAL

NAME = "02_cutting_the_server"
_ALL = Workload("cpu_burner")


@dataclass(frozen=True, slots=True)
class Cut:
    """The machines of one variant: name, vCPUs and shares of each, and what the first falls to (‰ of a core)."""

    machines: tuple[tuple[str, int, int], ...]
    falls_to: int

    def lab(self) -> Lab:
        """Return a lab in which all of them want all they can use."""
        lab = Lab(seed=2)
        for name, vcpus, shares in self.machines:
            lab.create_vm(name, vcpus=vcpus, memory_bytes=4 * GiB, cpu_shares=shares, workload=_ALL)
        return lab

    def cores(self, lab: Lab) -> list[int]:
        """Return what each machine has, in hundredths of a core."""
        clock = lab.hardware.clock_khz
        return [(int(used) * 100 + clock // 2) // clock for used in lab.snapshot["cpu_used_khz"]]

    def after(self) -> list[int]:
        """Return the same once the first machine wants less."""
        lab = self.lab()
        lab.set_workload(self.machines[0][0], Workload("constant", cpu_permille=self.falls_to))
        return self.cores(lab)


# Four structures: the heavy one is small, the heavy one is large, all are equal, two are heavy.
_STRUCTURES = (
    (("A", 2, 2000), ("B", 4, 1000), ("C", 4, 1000)),
    (("A", 4, 3000), ("B", 4, 1000), ("C", 2, 1000)),
    (("A", 2, 1000), ("B", 2, 1000), ("C", 4, 1000), ("D", 4, 1000)),
    (("A", 2, 2000), ("B", 2, 2000), ("C", 4, 500), ("D", 4, 500)),
)


def cut(draw: Draw) -> Cut:
    """Return the machines of a variant; those of the chapter's text for practice."""
    if draw.practice:
        return Cut(_STRUCTURES[0], 500)
    return Cut(_STRUCTURES[draw.number("structure", 0, 3)], 100 * draw.number("falls", 2, 8))


def _entitlements(reservation_mhz: int, clock_mhz: int = 6000) -> list[int]:
    """Return what the machines of the published example get, in MHz, if the second one reserves so much."""
    host = Host(Hardware(pcpus=1, clock_khz=clock_mhz * 1000), NEUTRAL)
    host.create(
        VM("VM1", cpu_shares=1000, workload=Workload("constant", cpu_permille=1000), cpu_limit_mhz=clock_mhz // 12)
    )
    host.create(VM("VM2", cpu_shares=1000, workload=_ALL, cpu_reservation_mhz=reservation_mhz))
    host.create(VM("VM3", cpu_shares=2000, workload=_ALL))
    return [int(khz) // 1000 for khz in host.snapshot()["cpu_entitlement_khz"]]


def _table(draw: Draw) -> Item:
    # F. Denneman, Reservations and CPU scheduling, 2010-06-08: 500, 2250, 3250 of 6000 MHz
    wanted = 2250 if draw.practice else 50 * draw.number("reserve", 38, 70)
    target = _entitlements(wanted)

    def check(value: Value) -> Verdict:
        if isinstance(value, int) and 0 <= value <= 6000 and _entitlements(value) == target:
            return Verdict(1, 1, mark("One setting, and the table comes out."))
        return Verdict(
            0, 1, mark("With this reservation the table does not come out."), mark("Which of the three is guaranteed?")
        )

    question = mark(
        "6000 MHz; shares 1000, 1000, 2000; VM1 wants no more than 500 MHz, the others all they can get. Which"
        " reservation of VM2 leads to {a}, {b} and {c} MHz?"
    )
    fields = dict(zip("abc", target, strict=True))
    return Item("ch02.table", "number", question, check, fields={**fields}, unit=mark("MHz"))


def _payroll(reservation_mhz: int, neighbours: int) -> int:
    """Return what payroll gets, in MHz, beside neighbours that burn all they can get."""
    host = Host(Hardware(), NEUTRAL)
    host.create(VM("payroll", vcpus=2, workload=_ALL, cpu_reservation_mhz=reservation_mhz))
    for i in range(neighbours):
        host.create(VM(f"neighbour {i + 1}", vcpus=4, cpu_shares=2000, workload=_ALL))
    return int(host.snapshot()["cpu_used_khz"][0]) // 1000


def _floor(draw: Draw) -> Item:
    floor = 3000 if draw.practice else 100 * draw.number("floor", 18, 38)
    neighbours = 2 if draw.practice else draw.number("neighbours", 2, 4)

    def check(value: Value) -> Verdict:
        if not isinstance(value, int) or not 0 <= value <= 4000:
            return Verdict(0, 1, mark("This is not a reservation that the machine could have."))
        if _payroll(value, neighbours) < floor:
            return Verdict(
                0,
                1,
                mark("Under the worst neighbours it falls below its floor."),
                mark("Shares alone promise nothing."),
            )
        if value >= 10 and _payroll(value - 10, neighbours) >= floor:
            return Verdict(0, 1, mark("It is enough, and a smaller one would be, too."))
        return Verdict(1, 1, mark("Enough, and not a bit more."))

    question = mark(
        "“payroll” (2 vCPUs, 1000 shares) must keep {floor} MHz on S1 (4 × 2000 MHz), however hard {count} neighbours"
        " with 2000 shares each compute. What is the smallest reservation that does it?"
    )
    return Item("ch02.floor", "number", question, check, fields={"floor": floor, "count": neighbours}, unit=mark("MHz"))


@cache
def full_day(used_gb: int, growth_gb: tuple[int, ...], pool_gb: int = 1000) -> int:
    """Run a thin pool until it overflows and return during which day that is."""
    host = Host(Hardware(disk_bytes=pool_gb * GB), NEUTRAL, tick_s=3600)
    for i, rate in enumerate(growth_gb):
        work = Workload("idle", growth_bytes_per_day=rate * GB)
        # The first disk carries what does not divide evenly.
        written = used_gb // len(growth_gb) + (used_gb % len(growth_gb) if i == 0 else 0)
        host.create(VM(f"disk {i + 1}", disk_bytes=pool_gb * GB, disk_used_bytes=written * GB, workload=work))
    while not host.snapshot()["stalled"].any():
        host.advance(1)
        if host.tick > 24 * 3650:
            return 0
    return (host.tick + 1) // 24 + 1


def _pool(draw: Draw) -> Item:
    used = 610 if draw.practice else draw.number("used", 500, 800)
    growth = (7, 5, 11) if draw.practice else tuple(draw.number(f"growth {i}", 3, 14) for i in range(3))
    question = mark(
        "A thin pool of 1,000 GB; {used} GB are written; three virtual disks grow by {a}, {b} and {c} GB a day. During"
        " which day is it full?"
    )

    def check(value: Value) -> Verdict:
        wrong = mark("In the model the pool is full on another day.")
        return exact(full_day(used, growth), 2, wrong, mark("What is free, divided by what is written per day."))(value)

    fields = {"used": used, **dict(zip("abc", growth, strict=True))}
    return Item("ch02.pool", "number", question, check, fields={**fields})


def chapter(token: str) -> Chapter:
    """Return the chapter of a variant."""
    draw = Draw(token, NAME)
    machines = cut(draw)
    first, second = machines.machines[0], machines.machines[1]
    asked: dict[str, str | int | float] = {
        "first": first[0],
        "second": second[0],
        "cores": machines.falls_to / 1000,
    }
    predict = Item(
        "ch02.second",
        "number",
        mark("{first} now wants only {cores} of a core. How many cores does {second} get?"),
        fields=asked,
        unit=mark("cores"),
        decimals=2,
    )
    observe = Item(
        "ch02.second",
        "number",
        mark("Give {first} the constant load ({cores} of a core) and read the board: how many cores has {second} now?"),
        exact(
            machines.after()[1],
            2,
            mark("The board shows another number."),
            mark("GHz divided by the 2 GHz of one core."),
            near=1,
        ),
        fields=asked,
        unit=mark("cores"),
        decimals=2,
    )
    explain = Item(
        "ch02.why",
        "choice",
        mark("Where did the time go that {first} no longer wants?"),
        option(
            "shared",
            2,
            {
                "lost": mark("The pool on the board is full: nothing is idle."),
                "kept": mark("Shares are no property: they only say how contention is divided."),
                "biggest": mark("Both others got more, not the largest alone."),
            },
        ),
        fields=asked,
        options=(
            ("kept", mark("Nowhere: its shares keep it for the moment when it wants it again.")),
            ("lost", mark("It stays idle, because every machine was given its part once and for all.")),
            (
                "shared",
                mark("To the others, by their shares: shares divide contention, and unused time is redistributed."),
            ),
            ("biggest", mark("To the machine with the most vCPUs.")),
        ),
    )
    sentence = Item(
        "ch02.sentence",
        "text",
        mark("In one sentence: what is the difference between shares, a reservation and a limit?"),
    )
    leave = Item(
        "ch02.exit",
        "choice",
        mark(
            "A VM has 8 vCPUs and 16 GiB configured, on a server with 4 processors that it shares with others. What may"
            " its owner count on?"
        ),
        option(
            "claim",
            1,
            {
                "cores": mark("A vCPU is a claim on time, not a processor."),
                "used": mark("Configured is not used: watch the board's bars."),
                "always": mark("What others want changes from tick to tick."),
            },
        ),
        options=(
            ("cores", mark("Eight processors of its own.")),
            ("used", mark("Sixteen GiB in use, whatever it does.")),
            ("always", mark("The part it got on the first day.")),
            (
                "claim",
                mark("What is reserved for it; beyond that its shares of what is contended, up to what is configured."),
            ),
        ),
    )
    return Chapter(
        NAME,
        (
            Part("predict", (predict,)),
            Part("observe", (observe,)),
            Part("explain", (explain, sentence)),
            Part("drills", (_table(draw), _floor(draw), _pool(draw))),
            Part("exit", (leave,)),
        ),
        machines.lab,
    )
