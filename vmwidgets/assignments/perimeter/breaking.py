"""Whether a program breaks a wall, and if not, why."""

from collections.abc import Sequence

from vmwidgets.answers import MAX_PROGRAM
from vmwidgets.assignments.perimeter.trial import Run
from vmwidgets.assignments.perimeter.variant import Variant
from vmwidgets.assignments.perimeter.weaknesses import SLOTS, Weakness
from vmwidgets.locale import mark
from vmwidgets.model.errors import VmwidgetsError
from vmwidgets.model.range.defences import DEFENCES

TOO_LONG = mark("The program has {length} characters, and {most} are the most.")
WRONG_SLOT = mark("{family} is none of the families of this wall, which are {known}.")
BY_HEART = mark(
    "It works on the instance you saw only: what it needs is drawn again at each boot, so it has to find it out."
)
UNPROVEN = {
    "secret": mark("The wall fell, but what was reported is not the secret, encoded as your manual says."),
    "number": mark("The number was found, but the first report is not that number, encoded as your manual says."),
    "ticket": mark("The victim got too little, but no report is your ticket, encoded as your manual says."),
}
NO_HARM = mark("The ticket was reported, but the victim has had its share of the processor.")
NO_HOLE = mark("What was reported is right, but no wall fell: it has to be found out, not known.")
OTHER_WALL = mark("A wall fell, but another one than this: what let the program through is “{check}”.")
SPENT = mark("The program was stopped: it took more than a run may take, and had not proven anything by then.")
ENDS = mark("Count how often each loop runs, and what it asks the host to do: exits and halts weigh more.")
CRASHED = mark("{layer} fell, and with it what the program was after.")


class Lost(Exception):
    """An item earns nothing.

    Parameters
    ----------
    reason, hint
        Why, and what helps (message ids).
    fields
        Their named fields.
    """

    def __init__(self, reason: str, hint: str = "", /, **fields: int | str) -> None:
        super().__init__(reason)
        self.reason, self.hint, self.fields = reason, hint, fields


def break_wall(
    variant: Variant, slot: str, family: str, code: str, boots: Sequence[int], seen: int | None = None
) -> Run:
    """Return the first run of a program that has crossed its wall in each of several boots.

    Parameters
    ----------
    variant, slot
        The host, and which of its walls.
    family, code
        The family that the program is said to be of, and its text.
    boots
        Seeds of boots. The first in which it does not cross is the last that is tried.
    seen
        The boot that its author has seen, to be tried as well if it does not cross; None: there is no other one.

    Raises
    ------
    Lost
        If it does not.
    """
    hole = variant.exploitable[slot]
    if len(code) > MAX_PROGRAM:
        raise Lost(TOO_LONG, length=len(code), most=MAX_PROGRAM)
    if family not in SLOTS[slot]:
        raise Lost(WRONG_SLOT, family=family[:40], known=", ".join(SLOTS[slot]))
    runs: list[Run] = []
    for boot in boots:
        run = _run(variant, family, code, boot)
        if not goes_through(run, hole):
            if seen is not None and not (run.crossed or run.spent) and _run(variant, family, code, seen).crossed:
                raise Lost(BY_HEART, hole.attack.hints[0])
            raise _why(variant, family, hole, run)
        runs.append(run)
    return runs[0]


def goes_through(run: Run, hole: Weakness) -> bool:
    """Return whether a run has crossed a wall, and that by this hole."""
    deciding = run.verdict.deciding
    return run.crossed and deciding is not None and deciding.check in hole.switches


def _run(variant: Variant, family: str, code: str, boot: int) -> Run:
    try:
        trial = variant.shot(family, code, boot)
    except VmwidgetsError as error:  # the text is no program; line and column are among the fields
        raise Lost(error.id, **_plain(error.fields)) from error
    run = trial.run()
    trial.scenario.release()
    return run


def _why(variant: Variant, family: str, hole: Weakness, run: Run) -> Lost:
    """Return why a program has not crossed: the proof, the effort, or the mechanism on which it turned."""
    verdict, proof, nudge = run.verdict, variant.weakness(family).proof, hole.attack.hints[0]
    if run.crossed:
        if verdict.deciding is None:
            return Lost(NO_HOLE, nudge)
        check = verdict.deciding.check
        return Lost(OTHER_WALL, nudge, check=DEFENCES[check].name if check in DEFENCES else check)
    if run.fell:
        return Lost(UNPROVEN[proof])
    if run.spent:
        return Lost(SPENT, ENDS)
    if verdict.crashed:
        return Lost(CRASHED, nudge, layer=variant.stack.layers[verdict.crashed[0]].name)
    if proof == "ticket" and run.reports:
        return Lost(NO_HARM, nudge)
    zones = {"guest 0": variant.zones.own, "guest 1": variant.zones.victim, "guest 2": variant.zones.other}
    fields = {name: zones.get(str(value), value) for name, value in verdict.fields.items()}
    return Lost(verdict.mechanism, nudge, **_plain(fields))


def _plain(fields: dict[str, object]) -> dict[str, int | str]:
    return {name: value if isinstance(value, int) else str(value)[:200] for name, value in fields.items()}
