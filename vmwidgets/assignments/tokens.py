"""Tokens: which variant of an assignment is whose, sealed by the teacher with the class's secret.

A token is public. From it alone follow the student's variant and nothing else: the seal (HMAC, RFC 2104) cannot be made
without the secret, and the seeds with which the grader replays are another HMAC of the same secret, so whoever knows
every token of a class still knows no hidden seed.
"""

import base64
import hmac
import os
import re
import secrets
import unicodedata
from dataclasses import dataclass
from datetime import date
from hashlib import blake2b
from pathlib import Path
from typing import Self

from vmwidgets.answers import MAX_TOKEN, MODEL
from vmwidgets.assignments import ASSIGNMENTS
from vmwidgets.model.errors import VmwidgetsError, check_int

MIN_SECRET_BYTES = 32
"""As many as the output of SHA-256 has; RFC 2104, section 3, advises against less."""
MAX_SECRET_BYTES = 4096
MAX_PART = 64
"""The most characters of a term or a student's id."""
MAX_REDRAW = 9
_SEAL_BYTES = 10
_SEAL = re.compile(r"([A-Z2-7]{16})([1-9]?)(?:-([A-Z2-7]{2}))?")
_DAY = re.compile(r"[0-9]{8}")
_PRACTICE = "practice"


class Secret(bytes):
    """The class's secret. Whoever prints it, or an error or a log that holds it, sees only that it is one."""

    def __repr__(self) -> str:
        return "Secret(hidden)"

    __str__ = __repr__

    def __format__(self, _form: str) -> str:
        return repr(self)


@dataclass(frozen=True, slots=True)
class Token:
    """Who works on what, until when.

    Parameters
    ----------
    assignment
        Id of the assignment; empty for the practice token.
    term
        The teacher's name for the term, ``"2026-autumn"``; another term gives every student another variant.
    student
        Id of the student as the roster has it; a pseudonym serves as well.
    expires
        The last day on which a submission is taken.
    seal
        80 bits of HMAC-SHA256 in base32, 16 characters.
    redraw
        0 to 9: how often the teacher had to draw again because the variant was not fit to be handed out.
    """

    assignment: str
    term: str
    student: str
    expires: date
    seal: str
    redraw: int = 0

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a token's text. Whether it is genuine only the teacher can tell, see :func:`is_genuine`.

        Raises
        ------
        VmwidgetsError
            If this is the text of no token.
        """
        clean = text.strip() if type(text) is str and len(text) <= 2 * MAX_TOKEN else ""
        if clean == _PRACTICE:
            return cls("", "", "", date.max, "")
        parts = clean.split(":")
        seal = _SEAL.fullmatch(parts[-1])
        if len(parts) != 5 or not _DAY.fullmatch(parts[3]) or not seal:
            raise VmwidgetsError(
                "{token} is no token: expected assignment:term:student:day:seal, or practice", token=repr(text)[:60]
            )
        name, term, student, day, _seal = parts
        token = cls(
            _known(name), _part("term", term), _part("student", student), _date(day), seal[1], int(seal[2] or 0)
        )
        if seal[3] and seal[3] != token._check:
            raise VmwidgetsError("this token has a typing error: compare it with the one that your teacher gave you")
        return token

    @property
    def practice(self) -> bool:
        """Whether this is the token that everybody may share, and that is never graded."""
        return not self.seal

    @property
    def text(self) -> str:
        """The token as it stands in an answer file."""
        if self.practice:
            return _PRACTICE
        return ":".join((*_public(self), f"{self.seal}{self.redraw or ''}"))

    @property
    def handed_out(self) -> str:
        """The token as it is handed out: with two characters by which all but one typing error in 1,024 are noticed.

        Who mistypes a token would work on a host that is nobody's, and be refused in the end.
        """
        return self.text if self.practice else f"{self.text}-{self._check}"

    @property
    def _check(self) -> str:
        digest = blake2b(self.text.encode(), digest_size=5, person=b"vmw check").digest()
        return base64.b32encode(digest).decode()[:2]

    @property
    def seed(self) -> int:
        """The seed of the variant, 64 bits. It follows from the text: the student's own computer needs no secret."""
        return int.from_bytes(blake2b(self.text.encode(), digest_size=8, person=b"vmw variant").digest(), "big")


def issue(secret: bytes, assignment: str, student: str, term: str, expires: date, redraw: int = 0) -> Token:
    """Make the token of one student.

    Parameters
    ----------
    secret
        The class's secret, see :func:`make_secret`.
    assignment, student, term, expires, redraw
        See :class:`Token`.

    Raises
    ------
    VmwidgetsError
        If a part cannot stand in a token, or the secret is too short.
    """
    check_int("redraw", redraw, 0, MAX_REDRAW)
    draft = Token(_known(assignment), _part("term", term), _part("student", student), expires, "A" * 16, redraw)
    text = _sealed(secret, draft)
    token = Token(draft.assignment, draft.term, draft.student, expires, text, redraw)
    if len(token.text) > MAX_TOKEN:
        raise VmwidgetsError(
            "the token of student {student} would have {length} characters, and {most} is the most",
            student=student,
            length=len(token.text),
            most=MAX_TOKEN,
        )
    return token


def is_genuine(secret: bytes, token: Token) -> bool:
    """Whether the holder of the secret made this token, for this version of the model; takes the same time if not."""
    return not token.practice and hmac.compare_digest(_sealed(secret, token), token.seal)


def hidden_seeds(secret: bytes, token: Token, count: int) -> tuple[int, ...]:
    """Return seeds of 64 bits for the runs that decide: they follow from the secret and the token, not from the token.

    Parameters
    ----------
    secret
        The class's secret.
    token
        Whose submission is replayed.
    count
        How many.
    """
    return tuple(
        int.from_bytes(_keyed(secret, f"hidden seeds\n{token.text}\n{index}")[:8], "big")
        for index in range(check_int("count", count, 0, 1_000))
    )


def make_secret(path: str | os.PathLike[str]) -> None:
    """Write a new secret of 384 random bits that only its owner can read.

    Raises
    ------
    VmwidgetsError
        If the file is there already: a secret that is lost takes every token of the class with it.
    """
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise VmwidgetsError("{path} is there already, and no secret is ever overwritten", path=str(path)) from None
    except OSError as error:
        raise VmwidgetsError(
            "{path} cannot be written: {reason}", path=str(path), reason=str(error.strerror)
        ) from error
    with os.fdopen(handle, "wb") as file:
        file.write(secrets.token_urlsafe(48).encode())


def read_secret(path: str | os.PathLike[str]) -> Secret:
    """Read the class's secret; white space that an editor put around it does not count.

    Raises
    ------
    VmwidgetsError
        If the file cannot be read, or is too short or too long for a secret.
    """
    try:
        with Path(path).open("rb") as file:
            found = file.read(MAX_SECRET_BYTES + 1)
    except OSError as error:
        raise VmwidgetsError("{path} cannot be read: {reason}", path=str(path), reason=str(error.strerror)) from error
    if found.isascii():
        found = found.strip()
    if not MIN_SECRET_BYTES <= len(found) <= MAX_SECRET_BYTES:
        raise VmwidgetsError(
            "{path} holds no secret: expected {least} to {most} bytes",
            path=str(path),
            least=MIN_SECRET_BYTES,
            most=MAX_SECRET_BYTES,
        )
    return Secret(found)


def _sealed(secret: bytes, token: Token) -> str:
    drawn = (str(token.redraw),) if token.redraw else ()
    return base64.b32encode(_keyed(secret, "\n".join((*_public(token), MODEL, *drawn)))[:_SEAL_BYTES]).decode()


def _public(token: Token) -> tuple[str, ...]:
    day = token.expires
    return token.assignment, token.term, token.student, f"{day.year:04}{day.month:02}{day.day:02}"


def _keyed(secret: bytes, message: str) -> bytes:
    # No name of an assignment holds a blank, so no message that is sealed begins like one that gives hidden seeds.
    if len(secret) < MIN_SECRET_BYTES:
        raise VmwidgetsError("the class's secret is too short: expected at least {least} bytes", least=MIN_SECRET_BYTES)
    return hmac.digest(secret, message.encode(), "sha256")


def _known(assignment: str) -> str:
    if assignment not in ASSIGNMENTS:
        raise VmwidgetsError(
            "there is no assignment {id}; known: {known}", id=repr(assignment)[:40], known=", ".join(ASSIGNMENTS)
        )
    return assignment


def _part(name: str, text: str) -> str:
    text = unicodedata.normalize("NFC", text)  # macOS takes the letters of file names apart
    fits = 1 <= len(text) <= MAX_PART and text == text.strip() and text.isprintable()
    if not fits or ":" in text:
        raise VmwidgetsError(
            "{name} is {value}, expected 1 to {most} printable characters without a colon or blanks at the ends",
            name=name,
            value=repr(text)[:60],
            most=MAX_PART,
        )
    return text


def _date(text: str) -> date:
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        raise VmwidgetsError("{day} is no day, expected YYYYMMDD", day=text) from None
