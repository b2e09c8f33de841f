"""The tokens of guest code, and sentences that say where something else was expected."""

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NoReturn

from vmwidgets.model.guest_code import AssemblyError, Immediate

_TOKEN = re.compile(
    r"[ \t\r\f\v]*(?:(?P<end>[;#].*|$)|(?P<word>[A-Za-z_.][\w.]*|\d\w*|\"[^\"]*\"|'[^']*')|(?P<mark>.))", re.ASCII
)
_MOST_NAMES = 30  # so many of the known names are told; the first ones are the usual ones
_NUMBER = re.compile(r"0[xX][0-9a-fA-F]+|[0-9]+")
_LETTERS = re.compile(r"\w+")
FIELD = (-(2**31), 2**31 - 1)
"""What most instructions have room for: a number of 32 bits, whose sign is extended."""
_TOO_LARGE = 2**64


@lru_cache(maxsize=512)
def _split(text: str) -> tuple[tuple[tuple[str, int], ...], int]:
    """Return the tokens of a line with their columns, and the column behind them.

    It is remembered because programs that are tried again and again differ in few lines.
    """
    tokens: list[tuple[str, int]] = []
    position = 0
    while (match := _TOKEN.match(text, position)) and match["end"] is None:
        word = match["word"] or match["mark"]
        tokens.append((word, match.end() - len(word) + 1))
        position = match.end()
    return tuple(tokens), position + 1


@dataclass(slots=True)
class Tokens:
    """The tokens of one line, and how far they have been read.

    Parameters
    ----------
    line, text
        The line and its text, comment included.
    """

    line: int
    text: str
    tokens: list[tuple[str, int]] = field(default_factory=list[tuple[str, int]])
    at: int = 0
    _end: int = field(init=False, default=1)

    def __post_init__(self) -> None:
        tokens, self._end = _split(self.text)
        self.tokens += tokens
        if not self.text.isascii():
            self._check_letters()

    def _check_letters(self) -> None:
        """Refuse letters of other alphabets, some of which look just like Latin ones."""
        for at, (letter, column) in enumerate(self.tokens):
            if len(letter) == 1 and letter.isalpha() and not letter.isascii():
                found = (one[0] for one in _LETTERS.finditer(self.text) if one.end() >= column)
                raise AssemblyError(
                    "line {line}, column {column}: the letter {letter} in {word} is none of a to z",
                    **self.here(at),
                    letter=repr(letter),
                    word=repr(next(found)[:40]),
                )

    def peek(self, ahead: int = 0) -> str:
        """Return the token ``ahead`` of the next one, an empty text behind the last."""
        at = self.at + ahead
        return self.tokens[at][0] if at < len(self.tokens) else ""

    def next(self) -> str:
        """Take the next token."""
        self.at += 1
        return self.tokens[self.at - 1][0]

    def here(self, at: int | None = None) -> dict[str, int]:
        """Return line and column of a token, the next one unless told."""
        at = self.at if at is None else at
        if at < len(self.tokens):
            return {"line": self.line, "column": self.tokens[at][1]}
        return {"line": self.line, "column": self._end}

    def expect(self, mark: str) -> None:
        """Take a mark, or say that it is missing."""
        if self.peek() != mark:
            self.unexpected(f"'{mark}'")
        self.at += 1

    def finish(self) -> None:
        """Say what stands where the line should end."""
        if self.peek():
            raise AssemblyError(
                "line {line}, column {column}: this is {word}, expected the end of the line",
                **self.here(),
                word=repr(self.peek()[:40]),
            )

    def unexpected(self, expected: str, at: int | None = None) -> NoReturn:
        """Say what stands where something else was expected."""
        at = self.at if at is None else at
        if at >= len(self.tokens):
            raise AssemblyError(
                "line {line}, column {column}: the line ends here, expected {expected}",
                **self.here(at),
                expected=expected,
            )
        raise AssemblyError(
            "line {line}, column {column}: this is {word}, expected {expected}",
            **self.here(at),
            word=repr(self.tokens[at][0][:40]),
            expected=expected,
        )

    def unknown(self, word: str, known: Iterable[str], at: int, expected: str = "") -> NoReturn:
        """Say that a name is not known, and which one is near; if none is, what was expected: one of the known."""
        known = tuple(known)
        near = difflib.get_close_matches(word[:40], known, 1)
        if near:
            raise AssemblyError(
                "line {line}, column {column}: there is no {word}, did you mean {near}?",
                **self.here(at),
                word=repr(word[:40]),
                near=near[0],
            )
        self.unexpected(expected or ", ".join(known[:_MOST_NAMES]) + ", …" * (len(known) > _MOST_NAMES), at)

    def sign(self) -> int:
        """Take a sign, if there is one, and return 1 or -1."""
        if self.peek() in ("+", "-"):
            return -1 if self.next() == "-" else 1
        return 1

    def is_number(self) -> bool:
        """Whether a number is next."""
        return (self.peek(1) if self.peek() in ("+", "-") else self.peek())[:1].isdigit()

    def is_text(self) -> bool:
        """Whether a text in quotes is next."""
        return self.peek()[:1] in ("'", '"') and len(self.peek()) > 1

    def number(self, low: int, high: int) -> Immediate:
        """Take a number from ``low`` to ``high``, or a sum of products of numbers that comes to one."""
        at, sign = self.at, self.sign()
        return Immediate(self.sum_from(sign * self.product(at, low, high), at, low, high))

    def sum_from(self, value: int, at: int, low: int, high: int) -> int:
        """Take what is added to a value or taken away from it; ``at`` is where that began."""
        while self.peek() in ("+", "-"):
            sign = self.sign()
            value += sign * self.product(at, low, high)
        if not low <= value <= high:
            self.out_of_range(at, low, high)
        return value

    def product(self, at: int, low: int, high: int) -> int:
        """Take a number, or several that are multiplied."""
        value = 1
        while True:
            value *= self.literal()
            if value >= _TOO_LARGE:
                self.out_of_range(at, low, high)
            if self.peek() != "*" or not self.peek(1)[:1].isdigit():
                return value
            self.at += 1

    def literal(self) -> int:
        """Take the digits of one number."""
        word = self.peek()
        if not _NUMBER.fullmatch(word):
            self.unexpected("10, 0x0a")
        self.at += 1
        # No number that fits is longer than the digits of 2**64, and longer ones would cost time to read.
        digits = word.lower().removeprefix("0x").lstrip("0") or "0"
        return int(digits, 16 if word[:2].lower() == "0x" else 10) if len(digits) <= 20 else _TOO_LARGE

    def out_of_range(self, at: int, low: int, high: int) -> NoReturn:
        """Say that a number does not fit."""
        if (low, high) == FIELD:
            raise AssemblyError(
                "line {line}, column {column}: the number does not fit, expected {low} to {high}; put a larger one into"
                " a register with mov first",
                **self.here(at),
                low=low,
                high=high,
            )
        raise AssemblyError(
            "line {line}, column {column}: the number does not fit, expected {low} to {high}",
            **self.here(at),
            low=low,
            high=high,
        )
