"""Tokens of a class: every student's variant is tried before it is handed out, and none that is out is replaced."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from vmwidgets.assignments.tokens import MAX_REDRAW, Token, is_genuine, issue
from vmwidgets.grading.roster import Student
from vmwidgets.grading.sheet import cell, read_sheet
from vmwidgets.grading.tables import table
from vmwidgets.model.errors import VmwidgetsError

HEADS = ("id", "name", "language", "token")


@dataclass(frozen=True, slots=True)
class Handout:
    """What all tokens of a class have in common.

    Parameters
    ----------
    secret
        The class's secret.
    assignment, term, expires
        See :class:`~vmwidgets.assignments.tokens.Token`.
    """

    secret: bytes
    assignment: str
    term: str
    expires: date

    def draw(self, student: str, unfit: Callable[[Token], str | None]) -> Token:
        """Return the first token whose variant is fit.

        Parameters
        ----------
        student
            Id of the student.
        unfit
            What is wrong with the variant of a token, or ``None``.

        Raises
        ------
        VmwidgetsError
            If ten in a row are not.
        """
        problem = None
        for redraw in range(MAX_REDRAW + 1):
            token = issue(self.secret, self.assignment, student, self.term, self.expires, redraw)
            problem = unfit(token)
            if problem is None:
                return token
        raise VmwidgetsError(
            "no variant of {count} is fit for {student}: {problem}",
            count=MAX_REDRAW + 1,
            student=student,
            problem=problem,
        )

    def holds(self, token: Token, student: str) -> bool:
        """Whether `token` is one that this teacher has handed to `student` for the same work until the same day."""
        same = (token.assignment, token.term, token.student, token.expires) == (
            self.assignment,
            self.term,
            student,
            self.expires,
        )
        return same and is_genuine(self.secret, token)


def handed_out(path: Path, handout: Handout, students: Sequence[Student]) -> dict[str, Token]:
    """Read which tokens are out already.

    Parameters
    ----------
    path
        The table of an earlier call; nothing is out if it is not there.
    handout
        What is handed out now.
    students
        The roster.

    Raises
    ------
    VmwidgetsError
        If what is there is no such table, or holds other tokens than this class's: it would be lost.
    """
    if not path.exists():
        return {}
    sheet = read_sheet(path)
    column = sheet.column(HEADS[-1])
    if sheet.heads != HEADS or column is None:
        raise VmwidgetsError("{path} is there already and holds no tokens", path=str(path))
    known = {student.id for student in students}
    found: dict[str, Token] = {}
    for line, row in sheet.rows:
        try:
            token = Token.parse(cell(row, column))
        except VmwidgetsError as error:
            raise VmwidgetsError(
                "{path}, line {line} is damaged: {reason}", path=str(path), line=line, reason=str(error)
            ) from error
        if not handout.holds(token, token.student) or token.student not in known:
            raise VmwidgetsError(
                "{path}, line {line}: this token of {student} is not of this handout; choose another file",
                path=str(path),
                line=line,
                student=repr(token.student),
            )
        found[token.student] = token
    return found


def tokens_table(students: Sequence[Student], tokens: dict[str, Token]) -> str:
    """One row a student, to be sent or printed."""
    return table(HEADS, [[s.id, s.name, s.language, tokens[s.id].handed_out] for s in students])
