"""A class at once: each submission that was found is read, replayed and written down; none can stop the others."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Protocol

from vmwidgets import receipts
from vmwidgets.assignments import assignment
from vmwidgets.assignments.result import Result
from vmwidgets.grading.collecting import Found
from vmwidgets.grading.ledger import MAX_GRADED, Ledger
from vmwidgets.grading.replay import Request, replay
from vmwidgets.grading.results import Graded, Refusal, to_line
from vmwidgets.grading.submission import OUTDATED, load, prepare
from vmwidgets.grading.workers import Lost, attempt
from vmwidgets.locale import mark as said
from vmwidgets.model.errors import VmwidgetsError

_NO_RECEIPT = said("what was pasted is no receipt, or a damaged one: copy it once more, from VMW1 to its end")
_FILE_MUST_FOLLOW = said("the answers are too long for this receipt: the answer file has to be handed in")
_TOO_MANY = said("{most} different submissions have been graded already, and that is the most there are")


class Runner(Protocol):
    """Does work on every item and gives the results as they come: see ``workers`` and ``cluster``."""

    def __call__(
        self, work: Callable[[Request], Graded], items: Iterable[Request]
    ) -> Iterator[tuple[Request, Graded | Lost]]:
        """Do it."""
        ...


@dataclass(slots=True)
class Batch:
    """One run over all submissions.

    Parameters
    ----------
    assignment
        Id of the assignment.
    secret
        The class's secret.
    on
        The day on which the submissions were taken.
    ledger
        Where gradings are kept.
    step
        Called after each submission that is judged.
    sandbox
        Whether bubblewrap stands around each replay.
    skip
        Called instead for each that was graded in an earlier run.
    term
        The term whose tokens are taken; any if left out.

    Attributes
    ----------
    judged
        What was found out about each student's submission, in this run or an earlier one.
    to_read
        Texts that a person reads, by student.
    kept
        How many gradings were there before.
    """

    assignment: str
    secret: bytes
    on: date
    ledger: Ledger
    step: Callable[[], None]
    sandbox: bool = False
    skip: Callable[[], None] = lambda: None
    term: str | None = None
    judged: dict[str, Graded] = field(default_factory=dict[str, Graded])
    to_read: dict[str, str] = field(default_factory=dict[str, str])
    kept: int = 0

    def run(self, submissions: Sequence[Found], runner: Runner) -> None:
        """Grade what is not graded yet.

        Parameters
        ----------
        submissions
            What was found.
        runner
            Where replays are run.
        """
        for request, outcome in runner(replay, self._requests(submissions)):
            if isinstance(outcome, Lost):
                outcome = _broken_off(self.assignment, request.student, request.sha256, outcome)
            self._judge(outcome)

    def _requests(self, submissions: Iterable[Found]) -> Iterator[Request]:
        """Judge at once what needs no replay, and hand over the rest."""
        for found in submissions:
            student = found.student.id
            prepared = attempt(self._prepare, found)
            if isinstance(prepared, Lost):
                self._judge(_broken_off(self.assignment, student, "", prepared))
                continue
            before = self.ledger.whole(student, prepared.sha256)
            if before is not None and _stands(prepared):
                self._keep_text(prepared)
                self.kept += 1
                self.judged[student] = before
                self.skip()
            elif isinstance(prepared, Graded):
                self._judge(prepared)
            elif self._had_enough(student, prepared.sha256):
                self._judge(Graded(student, prepared.sha256, (), Refusal(_TOO_MANY, {"most": MAX_GRADED})))
            else:
                self._keep_text(prepared)
                yield prepared

    def _prepare(self, found: Found) -> Request | Graded:
        data = _read(found)
        if isinstance(data, Refusal):
            return Graded(found.student.id, "", refusal=data)
        return prepare(data, found.student.id, self.secret, self.assignment, self.on, self.sandbox, self.term)

    def _had_enough(self, student: str, digest: str) -> bool:
        return len({graded.sha256 for graded in self.ledger.of(student)} - {digest}) >= MAX_GRADED

    def _keep_text(self, request: Request | Graded) -> None:
        if isinstance(request, Graded):  # it was graded before
            return
        read = {item.id for item in assignment(self.assignment).ITEMS if item.human}
        texts = (answer.value for answer in request.answers if answer.item in read)
        self.to_read[request.student] = "\n\n".join(text for text in texts if isinstance(text, str))

    def _judge(self, graded: Graded) -> None:
        # A refusal costs nothing to find again, and may be the teacher's to lift: it is written once, and not believed.
        latest = self.ledger.latest(graded.student)
        if latest is None or to_line(latest) != to_line(graded):
            self.ledger.add(graded)
        self.judged[graded.student] = graded
        self.step()


def _stands(prepared: Request | Graded) -> bool:
    """Whether a grading of the same answers counts: not if their token is one that would never be taken today."""
    return isinstance(prepared, Request) or (prepared.refusal is not None and prepared.refusal.reason in OUTDATED)


def _read(found: Found) -> bytes | Refusal:
    data = load(found.source) if isinstance(found.source, Path) else found.source.encode()
    if isinstance(data, Refusal) or not found.pasted:
        return data
    try:
        receipt = receipts.read(data.decode(errors="replace"))
    except VmwidgetsError:
        return Refusal(_NO_RECEIPT)
    return Refusal(_FILE_MUST_FOLLOW) if receipt.data is None else receipt.data


def _broken_off(name: str, student: str, digest: str, lost: Lost) -> Graded:
    """The grading of a submission that broke off before its first item."""
    items = assignment(name).ITEMS
    results = tuple(Result(item.id, None, item.most, lost.reason, "", lost.fields) for item in items)
    return Graded(student, digest, results)
