"""Chapter 8, seven benches: products compared by mechanism, and claims by their dated evidence."""

from collections.abc import Callable
from dataclasses import dataclass

from vmwidgets.chapters.benches_drills import cards, cells, claims, deck, matrix, pair
from vmwidgets.chapters.benches_facts import answer, configured, name_of, told
from vmwidgets.chapters.items import Chapter, Draw, Item, Part, Value, Verdict, exact, option
from vmwidgets.experiments.failing import why
from vmwidgets.lab import Lab
from vmwidgets.locale import gettext as _
from vmwidgets.locale import mark
from vmwidgets.model.costs import HARDWARE
from vmwidgets.model.failures import Outcome, fail
from vmwidgets.model.path_steps import Walk
from vmwidgets.model.stack import Stack
from vmwidgets.model.units import GiB
from vmwidgets.model.vm import VM
from vmwidgets.stacks import PRODUCTS

NAME = "08_seven_benches"
_GUESTS = (VM("A", memory_bytes=4 * GiB), VM("B", memory_bytes=4 * GiB))


@dataclass(frozen=True, slots=True)
class Puzzle:
    """What happens on the seven machines.

    Parameters
    ----------
    structure
        Which of the questions it is.
    failure
        Id of a failure, see :data:`vmwidgets.model.acts.FAILURES`.
    instead
        A configuration that stands for a product, and for which one; ``""``: all are as they come.
    """

    structure: str
    failure: str
    instead: str = ""

    @property
    def benches(self) -> tuple[str, ...]:
        """Ids of the seven, with the configuration in the place of its product."""
        same = {configured(self.instead).name: self.instead} if self.instead else {}
        return tuple(same.get(stack.name, id) for id, stack in PRODUCTS.items())

    def outcomes(self) -> dict[str, Outcome]:
        """Let it happen on each, and return what becomes of its guests."""
        return {id: fail(configured(id), self.failure, _GUESTS) for id in self.benches}

    def seen(self) -> tuple[str, ...]:
        """Return of each of the seven whether its guests go on as before."""
        return tuple("no" if outcome.blast_radius else "yes" for outcome in self.outcomes().values())

    def text(self) -> str:
        """Return what becomes of the guests of each, and why, one line each."""
        lines: list[str] = []
        for id, outcome in self.outcomes().items():
            fate = outcome.fates[0]
            reasons = "; ".join(why(outcome, 0)) + (_(" (an assumption)") if fate.assumed else "")
            lines.append(f"{_(name_of(id))}: {_(_FATES[fate.state])} ({reasons})")
        return "\n".join(lines)


_FATES = {
    "goes_on": mark("the guests go on"),
    "slowed": mark("the guests go on, more slowly"),
    "paused": mark("the guests stand still"),
    "stalled": mark("the guests have neither disk nor network"),
    "gone": mark("the guests are gone"),
    "not_published": mark("not published"),
}
_QUESTIONS = {
    "logout": mark("The user at the desktop logs out. How many of the seven keep their guests running?"),
    "instead": mark(
        "One of the seven is {instead}; the others are as they come. The user at the desktop logs out. How many of the"
        " seven keep their guests running?"
    ),
    "host_crash": mark(
        "Where there is an OS on the machine itself, its kernel crashes. On how many of the seven do the guests go on?"
    ),
    "domain": mark(
        "Where there is an OS above the VMM from which VMs are managed, its kernel crashes. On how many of the seven do"
        " the guests go on?"
    ),
    "sleep": mark(
        "Where an OS has the drivers, it puts the machine to sleep. On how many of the seven do the guests go on as if"
        " nothing had happened?"
    ),
}


def puzzle(draw: Draw) -> Puzzle:
    """Return the question of a variant; that of the chapter's text for practice."""
    if draw.practice:
        return Puzzle("logout", "logout")
    service = ("autostart", "pro_edition")[draw.number("service", 0, 1)]
    # Five structures: a bench whose VMs survive, one whose VMs do not, and three failures of other layers.
    return (
        Puzzle("instead", "logout", service),
        Puzzle("instead", "logout", "user_session"),
        Puzzle("host_crash", "host_crash"),
        Puzzle("domain", "management_crash"),
        Puzzle("sleep", "host_sleep"),
    )[draw.number("structure", 0, 4)]


@dataclass(frozen=True, slots=True)
class Benches(Chapter):
    """The chapter, and what else its notebook shows of the variant."""

    draw: Draw

    def matrix(self) -> str:
        """Return the matrix of products and answers, with ten blank cells."""
        return matrix(self.draw)

    def cards(self) -> str:
        """Return the evidence for the blank cells."""
        return cards(self.draw)

    def deck(self) -> str:
        """Return the six cards that decide the claims of the drill."""
        return deck(self.draw)

    def sessions(self) -> str:
        """Return the evidence on what belongs to whose session, product by product."""
        on_sessions = [(stack, one) for stack in PRODUCTS.values() for one in stack.claims if one.topic == "session"]
        return "\n".join(f"{_(stack.name)}: {told(claim)}" for stack, claim in on_sessions)

    def outcomes(self) -> str:
        """Return what becomes of the guests on each of the seven, and by which layers."""
        return puzzle(self.draw).text()


# ------------------------------------------------------------------------------------------------------------ the exit
Need = tuple[Callable[[Stack], bool], str]


def _is(question: str, place: str) -> Callable[[Stack], bool]:
    return lambda stack: answer(stack, question) == place


def _unassisted(stack: Stack) -> bool:
    return not set(stack.techniques) <= set(HARDWARE)


def _stays(stack: Stack) -> bool:
    return not fail(stack, "logout", _GUESTS).blast_radius


def _confined(stack: Stack) -> bool:
    return Walk(stack.layers, stack.technique).who("emulates").confined


BOOTS_VMM: Need = (_is("boots", "vmm"), mark("There an OS is booted first."))
BOOTS_OS: Need = (_is("boots", "host_os"), mark("There the VMM takes the place of the OS that is to stay."))
NO_OS: Need = (_is("drives", "vmm"), mark("There an OS has the drivers."))
IN_A_DOMAIN: Need = (_is("drives", "management"), mark("There the drivers are in no OS above the VMM."))
STAYS: Need = (_stays, mark("There the VMs end when the user logs out."))
UNASSISTED: Need = (_unassisted, mark("There the processor has to assist."))
CONFINED: Need = (_confined, mark("There the process that imitates devices is not held to its own VM."))
REQUESTS: dict[str, tuple[str, tuple[Need, ...]]] = {
    "centre": (
        mark(
            "A data centre wants a VMM that is booted instead of an OS, and no general OS on the machine that has the"
            " drivers and wants updates. Which one?"
        ),
        (BOOTS_VMM, NO_OS),
    ),
    "servers": (
        mark(
            "A team has servers with an OS that is to stay, with its drivers and its tools. VMs are to be added, and to"
            " go on when whoever started them logs out. Which one, as it comes?"
        ),
        (BOOTS_OS, STAYS),
    ),
    "old": (
        mark(
            "A laboratory has processors without VT-x and AMD-V, and wants a VMM that is booted instead of an OS. Which"
            " one?"
        ),
        (BOOTS_VMM, UNASSISTED),
    ),
    "confined": (
        mark(
            "A company wants the drivers in an OS above the VMM. Who takes over the device model of a guest must have"
            " this one VM and no more. Which one, as it comes?"
        ),
        (IN_A_DOMAIN, CONFINED),
    ),
    "desk": (
        mark(
            "A class has desktops whose processors assist nothing. The desktop is to stay, and the VM to be a program"
            " on it. Which one?"
        ),
        (BOOTS_OS, UNASSISTED),
    ),
}
"""What clients ask for: each of them is met by exactly one of the seven."""


def fitting(request: str) -> list[str]:
    """Return the products that meet a request."""
    needs = REQUESTS[request][1]
    return [id for id, stack in PRODUCTS.items() if all(has(stack) for has, _missing in needs)]


def _exit(draw: Draw) -> Item:
    ids = list(REQUESTS)
    request = ids[0 if draw.practice else draw.number("request", 0, len(ids) - 1)]
    question, needs = REQUESTS[request]
    (right,) = fitting(request)
    others = [list(PRODUCTS)[index] for index in draw.order("exit", len(PRODUCTS))]
    shown = {right, *[id for id in others if id != right][:4]}
    wrong = {id: next(missing for has, missing in needs if not has(PRODUCTS[id])) for id in shown if id != right}
    options = tuple((id, stack.name) for id, stack in PRODUCTS.items() if id in shown)
    return Item("ch08.exit", "choice", question, option(right, 1, wrong), options=options)


# --------------------------------------------------------------------------------------------------------- the chapter
_YES_NO = (("yes", mark("they go on")), ("no", mark("they do not")))
_WHY = Item(
    "ch08.why",
    "choice",
    mark("Why do the guests of some go on, and those of others do not?"),
    option(
        "layers",
        2,
        {
            "type": mark("The same type stands on both sides of the line. A label is no mechanism."),
            "assist": mark("Whether the processor assists is another question: it assists on both sides of the line."),
            "saved": mark("Nothing is saved or restored in this run."),
        },
    ),
    options=(
        ("type", mark("The type decides: those of type 1 go on, those of type 2 do not.")),
        ("assist", mark("They go on where the processor assists, since no OS is needed there.")),
        (
            "layers",
            mark(
                "They go on where the layers that were hit carry nothing of a VM: neither what it stands on, nor what"
                " its devices need."
            ),
        ),
        ("saved", mark("They go on where guests are saved to disk in time, and started again.")),
    ),
)


def chapter(token: str) -> Benches:
    """Return the chapter of a variant."""
    draw = Draw(token, NAME)
    one = puzzle(draw)
    seen = one.seen()
    fields: dict[str, str | int | float] = {"instead": name_of(one.instead)} if one.instead else {}
    rows = tuple((id, name_of(id)) for id in one.benches)

    def who(value: Value) -> Verdict:
        if value == seen:
            return Verdict(1, 1, mark("That is what the model shows."))
        return Verdict(
            0, 1, mark("The run shows something else."), mark("The outcomes are printed above, with the reasons.")
        )

    keep = exact(
        seen.count("yes"), 1, mark("The run shows another number."), mark("Count those whose guests go on as before.")
    )
    question = _QUESTIONS[one.structure]
    sentence = mark(
        "In one sentence: which layer of which product would you move, to change what becomes of its guests?"
    )
    return Benches(
        NAME,
        (
            Part("predict", (Item("ch08.keep", "number", question, fields=fields),)),
            Part(
                "observe",
                (
                    Item("ch08.keep", "number", mark("How many of the seven is it?"), keep),
                    Item("ch08.who", "table", mark("Whose guests?"), who, options=_YES_NO, rows=rows),
                ),
            ),
            Part("explain", (_WHY, Item("ch08.sentence", "text", sentence))),
            Part("drills", (cells(draw), *claims(draw), pair(draw))),
            Part("exit", (_exit(draw),)),
        ),
        Lab,
        draw,
    )
