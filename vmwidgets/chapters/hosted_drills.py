"""Drills of chapter 7: what the host sees of a guest, what survives a night on a laptop, and one packet on its way."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from vmwidgets.chapters.items import Draw, Item, Value, Verdict
from vmwidgets.experiments import hosted, hosted_packet
from vmwidgets.locale import mark
from vmwidgets.model.failures import fail
from vmwidgets.model.layers import Layers
from vmwidgets.model.stack import Stack
from vmwidgets.model.vm import VM
from vmwidgets.stacks import STACKS

HOSTED = ("workstation", "virtualbox", "parallels")
SURVIVED = ("goes_on", "slowed", "paused")
"""What may become of a guest without anything in it being lost."""


def _rows(table: Any) -> list[dict[str, Any]]:
    """Return the rows of an experiment's table."""
    return table.to_dict("records")


# ----------------------------------------------------------------------------------------------------- the host's view
@dataclass(frozen=True, slots=True)
class Busy:
    """A guest on a host OS.

    Parameters
    ----------
    vcpus, computing
        Its vCPUs, and on how many of them it computes all the time.
    pcpus
        Processors of the host.
    programs
        Other programs of the host that compute all the time, on one processor each.
    """

    vcpus: int
    computing: int
    pcpus: int
    programs: int = 0

    def percent(self) -> int:
        """Return what the host's top shows for the process of its VMM, in a run."""
        (row,) = _rows(hosted(programs=self.programs, vcpus=self.computing, pcpus=self.pcpus, seconds=5))
        return round(row["vm_pct"])


def busy(draw: Draw) -> Busy:
    """Return the guest of a variant."""
    if draw.practice:
        return Busy(4, 4, 8)
    vcpus = draw.number("vcpus", 2, 6)
    # Four structures: room for all; more vCPUs than processors; some vCPUs idle; other programs compute as well.
    return (
        Busy(vcpus, vcpus, 8),
        Busy(2 * vcpus, 2 * vcpus, vcpus),
        Busy(vcpus + 2, vcpus, 8),
        Busy(vcpus, vcpus, vcpus, vcpus),
    )[draw.number("busy", 0, 3)]


def top(draw: Draw) -> Item:
    """Return the question about the host's list of processes."""
    guest = busy(draw)

    @cache
    def percent() -> int:
        return guest.percent()

    def check(value: Value) -> Verdict:
        if isinstance(value, int) and abs(value - percent()) <= 2:
            return Verdict(1, 1, mark("That is what the host sees: one process, and its threads are the vCPUs."))
        if value == 100 and percent() > 100:
            return Verdict(0, 1, mark("One process, but several threads: each may fill a processor."))
        return Verdict(
            0,
            1,
            mark("The run shows another number."),
            mark("100 % is one processor. A vCPU that computes is a thread that computes."),
        )

    question = mark(
        "A host with {pcpus} processors. One guest has {vcpus} vCPUs and computes on {computing} of them all the time;"
        " programs of the host that compute beside it: {programs}. What does top on the host show for the process of"
        " its VMM, in per cent of one processor?"
    )
    fields = {"pcpus": guest.pcpus, "vcpus": guest.vcpus, "computing": guest.computing, "programs": guest.programs}
    return Item("ch07.top", "number", question, check, fields=fields, unit="%")


# ------------------------------------------------------------------------------------------------- a night on a laptop
SET_UPS = ("window", "background", "saved")
"""The VM is left running in its window; is left running in the background, outside the session; its state is saved to
the disk before the night, and it does not run."""
_NIGHTS = {
    "host_sleep": mark("the lid is closed, and the laptop sleeps until the morning"),
    "logout": mark("you log out of the desktop"),
    "host_update": mark("an update restarts the laptop"),
    "host_crash": mark("the kernel of the laptop's OS crashes"),
    "vmm_killed": mark("the OS kills the process of the VMM"),
    "vmm_crash": mark("the VMM crashes"),
}


def survives(stack: Stack, set_up: str, failure: str) -> bool:
    """Return whether a guest is there again in the morning with nothing lost.

    A saved guest is a file: no layer of it runs, so nothing that stops running takes it along.
    """
    if set_up == "saved":
        return True
    layers = stack.layers
    if set_up == "background":
        layers = Layers(replace(one, session=one.session and one.id == "host_apps") for one in layers)
    outcome = fail(replace(stack, layers=layers), failure, (VM("A"),))
    return outcome.fates[0].state in SURVIVED


def least(stack: Stack, failure: str) -> str:
    """Return the first of the set-ups with which a guest survives."""
    return next(one for one in SET_UPS if survives(stack, one, failure))


def nights(draw: Draw) -> Item:
    """Return the question about nights on a laptop."""
    stack = STACKS["workstation" if draw.practice else HOSTED[draw.number("laptop", 0, 2)]]
    order = [list(_NIGHTS)[i] for i in draw.order("nights", len(_NIGHTS))]
    # Always one that the guest sleeps through, one that hits the session, and two of the others.
    others = [one for one in order if one not in ("host_sleep", "logout")][:2]
    four = [one for one in order if one in ("host_sleep", "logout", *others)]
    if draw.practice:
        four = ["host_sleep", "logout", "host_update", "vmm_killed"]
    right = tuple(least(stack, one) for one in four)

    def check(value: Value) -> Verdict:
        given = [str(one) for one in value] if isinstance(value, tuple) else []
        if tuple(given) == right:
            return Verdict(1, 1, mark("With no less, and no more than that."))
        lost = any(not survives(stack, set_up, one) for set_up, one in zip(given, four, strict=True))
        if lost:
            hint = mark("Ask of each night: which layer stops, and does the guest stand on it?")
            return Verdict(0, 1, mark("In one of these nights the guest is lost."), hint)
        return Verdict(0, 1, mark("The guest is safe, but less would do."), mark("Who only sleeps loses nothing."))

    question = mark(
        "Your laptop, with {stack}. In the morning the guest has to go on where it stood. For each night choose the"
        " least that you have to do: nothing; start it in the background, outside your session; or save its state to"
        " the disk."
    )
    options = (
        ("window", mark("leave it running in its window")),
        ("background", mark("run it in the background")),
        ("saved", mark("save its state first")),
    )
    rows = tuple((one, _NIGHTS[one]) for one in four)
    return Item("ch07.nights", "table", question, check, {"stack": stack.name}, options=options, rows=rows)


# ---------------------------------------------------------------------------------------------------------- one packet
_STAGES = (
    mark("the VMM looks at what the OUT of the guest was: {out} µs"),
    mark("world switch from the VMM to the host: {to_host} µs"),
    mark("VMApp imitates the network card: {before} µs"),
    mark("the host's driver sends the packet: {send} µs"),
    mark("VMApp imitates the answer of the network card: {after} µs"),
    mark("world switch from the host to the VMM: {to_vmm} µs"),
    mark("the guest goes on: {back} µs"),
)
_TIMES = ("out", "to_host", "before", "send", "after", "to_vmm", "back")


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage of a packet: what happens, in which layer, how long it takes, and whether that is for a host's sake."""

    what: str
    layer: str
    us: float
    is_hosted: bool


def clock_mhz(draw: Draw) -> int:
    """Return the clock of the host of a variant; that of the paper for practice."""
    return 733 if draw.practice else (350, 500, 933, 1400)[draw.number("clock", 0, 3)]


def stages(draw: Draw) -> tuple[Stage, ...]:
    """Return the stages of one packet on the host of a variant."""
    rows = _rows(hosted_packet(mhz=clock_mhz(draw)))
    return tuple(Stage(row["stage"], row["layer"], row["us"], row["hosted"]) for row in rows)


def packet(draw: Draw) -> Item:
    """Return the question about one packet."""
    run = stages(draw)
    # In a variant the stages do not stand in their order.
    order = list(range(len(_STAGES))) if draw.practice else draw.order("stages", len(_STAGES))
    right = tuple("hosted" if run[at].is_hosted else "any" for at in order)

    def check(value: Value) -> Verdict:
        given: Sequence[object] = value if isinstance(value, tuple) else ()
        if tuple(given) == right:
            return Verdict(1, 1, mark("These four are the price of the host below the VMM."))
        missed = sum(one != other for one, other in zip(given, right, strict=True))
        hint = mark("Think of a VMM on the hardware itself, with its own driver: which stages would it have, too?")
        if missed == 1:
            hint = mark("All but one.")
        return Verdict(0, 1, mark("Some of them are not so."), hint)

    fields: dict[str, str | int | float] = {"mhz": clock_mhz(draw)}
    fields |= {name: round(one.us, 2) for name, one in zip(_TIMES, run, strict=True)}
    question = mark(
        "One packet, sent by a guest of VMware Workstation 2.0 on a host with {mhz} MHz (times of Sugerman et al. 2001,"
        " Figure 5, in proportion to the clock). Which four of the seven stages are there only because the VMM is"
        " hosted?"
    )
    options = (("hosted", mark("only because it is hosted")), ("any", mark("a VMM on the hardware has it, too")))
    rows = tuple((f"stage{at}", _STAGES[at]) for at in order)
    return Item("ch07.packet", "table", question, check, fields=fields, options=options, rows=rows)
