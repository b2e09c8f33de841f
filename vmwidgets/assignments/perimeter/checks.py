"""What answers are worth: pure functions of a host, the answers and seeds of boots.

The same checks serve two masters: :func:`check_own` tries answers on the instance that the student sees, :func:`grade`
on boots that nobody has seen. Nothing that an answer file claims is believed: programs and boards are run again. Each
item is looked at alone, so what is missing or broken costs its own points.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property

from vmwidgets.answers import Answer
from vmwidgets.assignments.perimeter.board import budget, cost
from vmwidgets.assignments.perimeter.breaking import Lost, break_wall
from vmwidgets.assignments.perimeter.items import (
    AGREED,
    DIAGNOSIS_POINTS,
    FAMILY_POINTS,
    HINT_PRICES,
    ITEMS,
    JUDGEMENTS,
    MOST_WRITTEN,
    MUTANTS,
    OWN_BOOT,
    PREDICTED,
    PRICE_POINTS,
    PRICE_SHARE,
    PRICE_SLACK,
)
from vmwidgets.assignments.perimeter.mutants import crosses, draw, run_until_refused
from vmwidgets.assignments.perimeter.trial import Run
from vmwidgets.assignments.perimeter.variant import Variant
from vmwidgets.assignments.perimeter.weaknesses import SLOTS
from vmwidgets.assignments.result import Result
from vmwidgets.chapters.threats import threats_of
from vmwidgets.locale import mark
from vmwidgets.model.errors import VmwidgetsError

NOTHING = mark("Nothing was handed in for this.")
NO_ANSWER = mark("What was handed in for this has not the form of an answer.")
_SLOTS = tuple(SLOTS)
_MOST = {one.id: one.most for one in ITEMS}


def grade(variant: Variant, answers: Mapping[str, Answer], boot_seeds: Sequence[int]) -> Iterator[Result]:
    """Grade a submission, item by item, in the order of :data:`~vmwidgets.assignments.perimeter.items.ITEMS`.

    Parameters
    ----------
    variant
        The student's host.
    answers
        The last record of each item.
    boot_seeds
        Boots that the student has not seen, one at least; the first draws the mutants, too.
    """
    checks = _Checks(variant, answers, boot_seeds, hidden=True)
    for one in ITEMS:
        yield checks.result(one.id)


def check_own(variant: Variant, answers: Mapping[str, Answer], boot_seed: int = OWN_BOOT) -> list[Result]:
    """Try all answers on the instance that the student sees; what the grader finds may differ."""
    checks = _Checks(variant, answers, (boot_seed,), hidden=False)
    return [checks.result(one.id) for one in ITEMS]


def check_item(variant: Variant, item: str, answers: Mapping[str, Answer], boot_seed: int = OWN_BOOT) -> Result:
    """Try the answers to one item on the instance that the student sees.

    Raises
    ------
    VmwidgetsError
        If there is no such item.
    """
    if item not in _MOST:
        raise VmwidgetsError("there is no item {name}, expected one of {known}", name=item, known=", ".join(_MOST))
    return _Checks(variant, answers, (boot_seed,), hidden=False).result(item)


class _Checks:
    def __init__(self, variant: Variant, answers: Mapping[str, Answer], boots: Sequence[int], *, hidden: bool) -> None:
        self._variant, self._answers, self._boots, self._hidden = variant, answers, tuple(boots), hidden
        self._runs: dict[str, Run | Lost] = {}

    def result(self, item: str) -> Result:
        """Return what an item is worth."""
        name, _, part = item.partition(".")
        check = {
            "a0": self._rules, "a1": self._recon, "a2": self._break, "a3": self._diagnosis, "a4": self._fix,
            "a5": self._price, "a6": self._post_mortem,
        }[name]  # fmt: skip
        try:
            return check(item, part)
        except Lost as lost:
            return Result(item, 0, _MOST[item], lost.reason, lost.hint, lost.fields)

    def _given(self, item: str, *kinds: str) -> int | str | tuple[int | str, ...]:
        """Return what was answered; an empty text is nothing."""
        answer = self._answers.get(item)
        if answer is None or answer.value == "":
            raise Lost(NOTHING)
        if answer.kind not in kinds:
            raise Lost(NO_ANSWER)
        return answer.value

    def _text(self, item: str, *kinds: str) -> str:
        value = self._given(item, *kinds)
        if not isinstance(value, str):
            raise Lost(NO_ANSWER)
        if not value.strip():
            raise Lost(NOTHING)
        return value

    def _rules(self, item: str, _part: str) -> Result:
        if self._given(item, "choice") != AGREED:
            raise Lost(NO_ANSWER)
        return Result(item, 0, _MOST[item], mark("You have agreed to the rules."))

    def _recon(self, item: str, _part: str) -> Result:
        value = self._given(item, "prediction")
        if not isinstance(value, tuple) or len(value) != len(PREDICTED) or not set(value) <= set(JUDGEMENTS):
            raise Lost(NO_ANSWER)
        sure = self._answers[item].confidence
        if sure is None:
            raise Lost(mark("The prediction does not say how sure you are, from 1 to 4."))
        if not self._hidden:
            return Result(item, _MOST[item], _MOST[item], mark("Your prediction is recorded."))
        weak = {one.family for one in (*self._variant.exploitable.values(), self._variant.incurable)}
        right = sum((family in weak) == (one == "weak") for family, one in zip(PREDICTED, value, strict=True))
        told = mark("Your prediction is recorded; {right} of {all} were right. That neither earns nor costs anything.")
        return Result(item, _MOST[item], _MOST[item], told, fields={"right": right, "all": len(PREDICTED)})

    def _run(self, slot: str) -> Run:
        """Return a run of the program of a wall, if it crosses in all boots."""
        if slot not in self._runs:
            try:
                self._runs[slot] = self._try(slot)
            except Lost as lost:
                self._runs[slot] = lost
        run = self._runs[slot]
        if isinstance(run, Lost):
            raise run
        return run

    def _try(self, slot: str) -> Run:
        code, family = self._text(f"a2.{slot}", "program"), self._text(f"a2.{slot}.family", "choice")
        seen = OWN_BOOT if self._hidden else None
        return break_wall(self._variant, slot, family, code, self._boots, seen)

    def _break(self, item: str, slot: str) -> Result:
        self._run(slot)
        hole, most = self._variant.exploitable[slot], _MOST[item]
        family, opened = self._answers[f"{item}.family"].value, self._opened(slot)
        price = sum(HINT_PRICES[:opened])
        hint = mark("The hints that you opened cost {price} points.") if price else ""
        fields = {"boots": len(self._boots), "price": price, "family": str(family)}
        if family == hole.family:
            reason = mark("The program crosses the wall in each boot that was tried, {boots} in all.")
        else:
            most_now = most - FAMILY_POINTS
            reason = mark("The program crosses the wall, but not as one of {family}: name the family of its mechanism.")
            return Result(item, max(most_now - price, 0), most, reason, hint, fields)
        return Result(item, most - price, most, reason, hint, fields)

    def _opened(self, slot: str) -> int:
        answer = self._answers.get(f"hint.{slot}")
        opened = answer.value if answer is not None else 0
        return min(max(opened, 0), len(HINT_PRICES)) if isinstance(opened, int) else 0

    def _diagnosis(self, item: str, _part: str) -> Result:
        given = [slot for slot in _SLOTS if f"a3.{slot}" in self._answers]
        if not given:
            raise Lost(NOTHING)
        points = {slot: self._diagnosed(slot) if slot in given else 0 for slot in _SLOTS}
        total, most = sum(points.values()), _MOST[item]
        if total == most:
            return Result(
                item, total, most, mark("Mechanism, threat and layer of all three walls are as the runs show.")
            )
        return Result(
            item,
            total,
            most,
            mark("Of {each} points each: memory {memory}, devices {device}, processor {cpu}."),
            mark("The last line of the trace that lets a program through names the mechanism, and the layer it is in."),
            {"each": sum(DIAGNOSIS_POINTS), **points},
        )

    def _diagnosed(self, slot: str) -> int:
        """Return points for one wall: what is right is what a run shows that has crossed it."""
        try:
            value = self._given(f"a3.{slot}", "choice")
        except Lost:
            return 0
        if not isinstance(value, tuple) or len(value) != len(DIAGNOSIS_POINTS):
            return 0
        hole = self._variant.exploitable[slot]
        try:
            run = self._run(slot)
        except Lost:
            run = self._variant.run_gallery(hole, self._boots[0])
        mechanism, threat, layer = value
        deciding = run.verdict.deciding
        right = (
            mechanism in hole.switches,
            threat in threats_of(hole.family),
            deciding is not None and layer == deciding.layer,
        )
        return sum(points for points, one in zip(DIAGNOSIS_POINTS, right, strict=True) if one)

    @cached_property
    def _board(self) -> dict[str, bool]:
        """The switches as the answer has them."""
        value = self._given("a4", "choice")
        ids, known = (value,) if isinstance(value, str) else value, self._variant.settings
        if not isinstance(ids, tuple):
            raise Lost(NO_ANSWER)
        if unknown := [id for id in ids if id not in known]:
            raise Lost(mark("The board has no switch {name}."), name=str(unknown[0])[:40])
        return {id: id in ids for id in known}

    def _fix(self, item: str, part: str) -> Result:
        return {"exploits": self._exploits, "mutants": self._mutants, "workload": self._workload}[part](item)

    def _exploits(self, item: str) -> Result:
        """The student's own programs, once more: what has never crossed proves nothing now."""
        board, tried, stopped = self._board, 0, 0
        for slot in _SLOTS:
            try:
                self._run(slot)
            except Lost:
                continue
            tried += 1
            code, family = (str(self._answers[name].value) for name in (f"a2.{slot}", f"a2.{slot}.family"))
            trial = self._variant.shot(family, code, self._boots[0], board)
            run_until_refused(trial, self._variant.exploitable[slot])
            stopped += not trial.crossed
        if not tried:
            raise Lost(mark("None of your programs has crossed a wall, so there is nothing to stop."))
        points = _MOST[item] * stopped // len(_SLOTS)
        fields = {"tried": tried, "stopped": stopped, "all": len(_SLOTS)}
        if stopped == len(_SLOTS):
            return Result(item, points, _MOST[item], mark("Your own programs cross no more."), fields=fields)
        if stopped == tried:
            told = mark("The board stops the {stopped} of {all} programs that have crossed; the others prove nothing.")
            return Result(item, points, _MOST[item], told, fields=fields)
        told = mark("The board stops {stopped} of the {tried} programs that have crossed.")
        return Result(
            item, points, _MOST[item], told, mark("Which check did the program pass that is off still?"), fields
        )

    def _mutants(self, item: str) -> Result:
        """Each attack that still crosses costs a point."""
        board, boot = self._board, self._boots[0]
        through = sum(
            crosses(self._variant, hole, code, boot, board) for hole, code in draw(self._variant, MUTANTS, boot)
        )
        fields = {"through": through, "all": MUTANTS}
        if not through:
            return Result(item, _MOST[item], _MOST[item], mark("None of {all} other attacks crosses."), fields=fields)
        told = mark("{through} of {all} other attacks cross; each costs a point.")
        hint = mark("A switch that stops your program need not stop all of its family, and no switch may be taken off.")
        return Result(item, max(_MOST[item] - through, 0), _MOST[item], told, hint, fields)

    def _workload(self, item: str) -> Result:
        """Half of the points for the throughput, half for the frames: what the budget allows, if a wall is mended."""
        board, variant, most = self._board, self._variant, _MOST[item]
        if not any(board[id] for hole in variant.exploitable.values() for id in hole.switches):
            raise Lost(mark("The board mends none of the three walls: what it keeps it has kept for nothing."))
        spent, allowed = cost(variant, board), budget(variant)
        fields = {
            "kept": spent.throughput_permille,
            "least": allowed.throughput_permille,
            "frames": spent.frames,
            "most": allowed.frames,
        }
        fast, small = spent.throughput_permille >= allowed.throughput_permille, spent.frames <= allowed.frames
        told = mark("The VMs keep {kept} ‰ of their throughput and need {frames} frames more: the budget allows that.")
        hint = ""
        if not fast:
            told = mark("The VMs keep {kept} ‰ of their throughput, and the budget wants {least} ‰.")
        if not small:
            told = mark("The VMs need {frames} frames more, and the budget has {most}.")
        if not fast and not small:
            told = mark(
                "The VMs keep {kept} ‰ of their throughput instead of {least} ‰, and need {frames} frames more."
            )
        if not (fast and small):
            hint = mark("Which switches are on against what nobody can do on this host?")
        return Result(item, most * (fast + small) // 2, most, told, hint, fields)

    def _price(self, item: str, _part: str) -> Result:
        """Each number may be off by a fifth of what was measured, or by a little where that is nothing or little."""
        value = self._given(item, "prediction")
        if not isinstance(value, tuple) or len(value) != len(PRICE_POINTS):
            raise Lost(NO_ANSWER)
        try:
            price = cost(self._variant, self._board)
        except Lost:
            raise Lost(mark("There is no board of which the price could be measured.")) from None
        measured = (price.cpu_permille - 1000, price.frames, price.exits_per_s)
        near = [_is_near(*one) for one in zip(value, measured, PRICE_SLACK, strict=True)]
        points = sum(points for points, one in zip(PRICE_POINTS, near, strict=True) if one)
        fields = {"cpu": measured[0], "frames": measured[1], "exits": measured[2], "right": sum(near)}
        told = mark(
            "Measured: {cpu} ‰ more processor time, {frames} frames more, {exits} exits a second more; right: {right}."
        )
        hint = "" if all(near) else mark("Where does the time go that a switch takes, and what does that do to a rate?")
        return Result(item, points, _MOST[item], told, hint, fields)

    def _post_mortem(self, item: str, _part: str) -> Result:
        text = self._text(item, "text")
        if len(text) > MOST_WRITTEN:
            raise Lost(
                mark("The text has {length} characters, and {most} are the most."), length=len(text), most=MOST_WRITTEN
            )
        return Result(item, None, _MOST[item], mark("This is read by a person."), human=True)


def _is_near(predicted: int | str, measured: int, slack: int) -> bool:
    if not isinstance(predicted, int):
        return False
    off = abs(predicted - measured)
    return off <= slack or 100 * off <= PRICE_SHARE * abs(measured)
