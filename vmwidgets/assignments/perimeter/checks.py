"""What answers are worth: pure functions of a host, the answers and seeds of boots.

The same checks serve two masters: :func:`check_item` tries answers on the instance that the student sees, :func:`grade`
on boots that nobody has seen. Nothing that an answer file claims is believed: programs and boards are run again. Each
item is looked at alone, so what is missing or broken costs its own points.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property

from vmwidgets.answers import Answer
from vmwidgets.assignments.perimeter.breaking import Lost, break_wall
from vmwidgets.assignments.perimeter.items import (
    AGREED,
    DIAGNOSIS_POINTS,
    FAMILY_POINTS,
    HINT_PRICES,
    ITEMS,
    JUDGEMENTS,
    MOST,
    MOST_WRITTEN,
    OWN_BOOT,
    PREDICTED,
    PRICE_POINTS,
)
from vmwidgets.assignments.perimeter.mending import against_others, at_work, priced
from vmwidgets.assignments.perimeter.mutants import run_until_refused
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


def check_item(variant: Variant, item: str, answers: Mapping[str, Answer], boot_seed: int = OWN_BOOT) -> Result:
    """Try the answers to one item on the instance that the student sees.

    Raises
    ------
    VmwidgetsError
        If there is no such item.
    """
    if item not in MOST:
        raise VmwidgetsError("there is no item {name}, expected one of {known}", name=item, known=", ".join(MOST))
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
            return Result(item, 0, MOST[item], lost.reason, lost.hint, lost.fields)

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
        return Result(item, 0, MOST[item], mark("You have agreed to the rules."))

    def _recon(self, item: str, _part: str) -> Result:
        value = self._given(item, "prediction")
        if not isinstance(value, tuple) or len(value) != len(PREDICTED) or not set(value) <= set(JUDGEMENTS):
            raise Lost(NO_ANSWER)
        sure = self._answers[item].confidence
        if sure is None:
            raise Lost(mark("The prediction does not say how sure you are, from 1 to 4."))
        if not self._hidden:
            return Result(item, MOST[item], MOST[item], mark("Your prediction is recorded."))
        weak = {one.family for one in (*self._variant.exploitable.values(), self._variant.incurable)}
        right = sum((family in weak) == (one == "weak") for family, one in zip(PREDICTED, value, strict=True))
        told = mark("Your prediction is recorded; {right} of {all} were right. That neither earns nor costs anything.")
        return Result(item, MOST[item], MOST[item], told, fields={"right": right, "all": len(PREDICTED)})

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
        hole, most = self._variant.exploitable[slot], MOST[item]
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
        total, most = sum(points.values()), MOST[item]
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
            trial.scenario.release()
        if not tried:
            raise Lost(mark("None of your programs has crossed a wall, so there is nothing to stop."))
        points = MOST[item] * stopped // len(_SLOTS)
        fields = {"tried": tried, "stopped": stopped, "all": len(_SLOTS)}
        if stopped == len(_SLOTS):
            return Result(item, points, MOST[item], mark("Your own programs cross no more."), fields=fields)
        if stopped == tried:
            told = mark("The board stops the {stopped} of {all} programs that have crossed; the others prove nothing.")
            return Result(item, points, MOST[item], told, fields=fields)
        told = mark("The board stops {stopped} of the {tried} programs that have crossed.")
        return Result(
            item, points, MOST[item], told, mark("Which check did the program pass that is off still?"), fields
        )

    def _mutants(self, item: str) -> Result:
        return against_others(self._variant, self._board, self._boots[0], item)

    def _workload(self, item: str) -> Result:
        return at_work(self._variant, self._board, item)

    def _price(self, item: str, _part: str) -> Result:
        value = self._given(item, "prediction")
        if not isinstance(value, tuple) or len(value) != len(PRICE_POINTS):
            raise Lost(NO_ANSWER)
        try:
            board = self._board
        except Lost:
            raise Lost(mark("There is no board of which the price could be measured.")) from None
        return priced(self._variant, board, value, item)

    def _post_mortem(self, item: str, _part: str) -> Result:
        text = self._text(item, "text")
        if len(text) > MOST_WRITTEN:
            raise Lost(
                mark("The text has {length} characters, and {most} are the most."), length=len(text), most=MOST_WRITTEN
            )
        return Result(item, None, MOST[item], mark("This is read by a person."), human=True)
