"""Guest code as it is written, with the names of a manual in it: made a program, or told where it is none.

What is wrong is said with line and column of the text as written, not as it is after numbers have taken the places of
names.
"""

import difflib
import re
from collections.abc import Iterator, Mapping
from typing import NoReturn

from vmwidgets.model.assembly import assemble
from vmwidgets.model.guest_code import AssemblyError, Program

_PLACEHOLDER = re.compile(r"[;#].*|\"[^\"\n]*\"|'[^'\n]*'|\{[ \t]*(\w+)[ \t]*\}")
_WORD = re.compile(r"\w+")
_OPENED = re.compile(r"\{[ \t]*(\w*)")
_NEAR = 0.8  # how alike a bare word and a name of the manual have to be


def named(code: str) -> Iterator[tuple[str, dict[str, int]]]:
    """Yield the names of a manual that guest code has in braces, with line and column."""
    for found in _PLACEHOLDER.finditer(code):
        if found[1] is not None:
            yield found[1], _place(code, found.start())


def fill(code: str, manual: Mapping[str, int]) -> str:
    """Return guest code with the numbers of a manual in the places of their names; comments stay as they are.

    Raises
    ------
    AssemblyError
        If a name is not in the manual.
    """

    def number(found: re.Match[str]) -> str:
        name = found[1]
        if name is None:
            return found[0]
        if name not in manual:
            _refuse(code, found.start(), name, manual)
        return str(manual[name])

    return _PLACEHOLDER.sub(number, code)


def read(code: str, manual: Mapping[str, int]) -> Program:
    """Return guest code as a program.

    Raises
    ------
    AssemblyError
        If it is none.
    """
    filled = fill(code, manual)
    try:
        return assemble(filled)
    except AssemblyError as error:
        raise _as_written(error, code, manual) from None


def _place(code: str, at: int) -> dict[str, int]:
    return {"line": code.count("\n", 0, at) + 1, "column": at - code.rfind("\n", 0, at)}


def _refuse(code: str, at: int, name: str, manual: Mapping[str, int]) -> NoReturn:
    """Say that a name is not in the manual, and which one is near, or else all."""
    place = _place(code, at)
    near = difflib.get_close_matches(name[:40], manual, 1)
    if near:
        raise AssemblyError(
            "line {line}, column {column}: there is no {name} in the manual, did you mean {near}?",
            **place,
            name=name[:40],
            near=near[0],
        )
    raise AssemblyError(
        "line {line}, column {column}: there is no {name} in the manual, expected one of {known}",
        **place,
        name=name[:40],
        known=", ".join(manual),
    )


def _as_written(error: AssemblyError, code: str, manual: Mapping[str, int]) -> AssemblyError:
    """Return an error with its place in the text as written; and what a name without its braces was meant to be."""
    text = code.split("\n")[error.line - 1]
    column = _column(text, error.column, manual)
    fields, told = {**error.fields, "column": column}, error.id
    if fields.get("word") == "'{'":
        begun = _OPENED.match(text, column - 1)
        fields["expected"] = f"{{{begun[1] if begun and begun[1] else 'name'}}}"
    word = _WORD.match(text, column - 1)
    if word and fields.get("word") == repr(word[0]) and error.column > 1:
        near = difflib.get_close_matches(word[0], manual, 1, _NEAR)
        if near:
            told = "line {line}, column {column}: there is no {word}, did you mean {near}?"
            fields["near"] = f"{{{near[0]}}}"
    return AssemblyError(told, **fields)


def _column(text: str, column: int, manual: Mapping[str, int]) -> int:
    """Return where a column of a line with numbers lies in the line as written; in a number, where its name does."""
    longer = 0  # by so much the line with numbers is, up to here
    for found in _PLACEHOLDER.finditer(text):
        if found[1] is None:
            continue
        number, start = str(manual[found[1]]), found.start() + 1 + longer
        if column < start:
            break
        if column < start + len(number):
            return found.start() + 1
        longer += len(number) - len(found[0])
    return column - longer
