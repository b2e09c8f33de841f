"""Demand read from a CSV file: processor use of real machines, in percent, one column a machine.

A file of one value per line is such a file with one column. The first line may name the columns; lines that begin
with ``#`` and empty lines are skipped. Columns are parted by a comma, a semicolon or a tab; where it is not the comma,
numbers may have a decimal comma. Values are rounded to whole percent, halves up, since only whole numbers enter the
model. Columns that nobody asks for, such as a time, may hold anything.
"""

import csv
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

from vmwidgets.model.errors import VmwidgetsError, check_path
from vmwidgets.model.workload import MAX_TRACE, Workload

MAX_BYTES = 8 * 2**20
"""The largest file that is read, in bytes."""
_NUMBER = re.compile(r"[+-]?[0-9]{1,20}(\.[0-9]{0,20})?")
_NOT_A_NAME = re.compile(r"[-+.0-9]|(nan|inf(inity)?)$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Trace:
    """Processor use of one machine.

    Parameters
    ----------
    name
        From the first line of the file, or else the file's name.
    values
        Percent of the machine's vCPUs, whole numbers from 0 to 100.
    """

    name: str
    values: tuple[int, ...]


def read_trace(path: str | os.PathLike[str], column: int | str | None = None) -> Trace:
    """Read one machine's trace.

    Parameters
    ----------
    path
        A CSV file.
    column
        Name of the column, or its number counted from 1. It may be left out if there is one only.

    Raises
    ------
    VmwidgetsError
        With file, line, column and what was expected there.
    """
    table = _read(path)
    return table.trace(table.index(column))


def read_traces(path: str | os.PathLike[str]) -> tuple[Trace, ...]:
    """Read the traces of all machines of a file, one column each.

    Raises
    ------
    VmwidgetsError
        With file, line, column and what was expected there.
    """
    table = _read(path)
    return tuple(table.trace(index) for index in range(table.width))


def trace_workload(path: str | os.PathLike[str], column: int | str | None = None, **parameters: int) -> Workload:
    """Return a workload that repeats a machine's trace.

    Parameters
    ----------
    path, column
        As for :func:`read_trace`.
    **parameters
        Those of the workload ``trace``: ``value_s``, the seconds that each value lasts (300 if left out), …
    """
    return Workload("trace", values=read_trace(path, column).values, **parameters)


@dataclass(frozen=True, slots=True)
class _Table:
    """The cells of a file: the number of each row's line, and its texts."""

    path: Path
    names: tuple[str, ...]  # empty if the first line names nothing
    rows: tuple[tuple[int, Sequence[str]], ...]
    width: int
    comma: bool  # whether a decimal comma is possible

    def index(self, column: int | str | None) -> int:
        known = ", ".join(self.names[:20]) if self.names else f"1–{self.width}"
        if column is None and self.width == 1:
            return 0
        if column is None:
            raise VmwidgetsError(
                "{path} has {count} columns, expected one of them by name or number: {known}",
                path=str(self.path),
                count=self.width,
                known=known,
            )
        if type(column) is int and 1 <= column <= self.width:
            return column - 1
        if isinstance(column, str) and self.names.count(column) == 1:
            return self.names.index(column)
        raise VmwidgetsError(
            "{path} has no column {column} or has it twice, expected one of {known}",
            path=str(self.path),
            column=repr(column)[:60],
            known=known,
        )

    def name(self, index: int) -> str:
        if self.names and self.names[index]:
            return self.names[index]
        return self.path.stem if self.width == 1 else f"{self.path.stem} {index + 1}"

    def trace(self, index: int) -> Trace:
        return Trace(self.name(index), tuple(self._percent(line, index, row[index]) for line, row in self.rows))

    def _percent(self, line: int, index: int, text: str) -> int:
        point = text.replace(",", ".", 1) if self.comma else text
        if _NUMBER.fullmatch(point) and 0 <= (value := Decimal(point)) <= 100:
            return int(value.to_integral_value(ROUND_HALF_UP))
        raise VmwidgetsError(
            "{path}, line {line}, column {column}: found {found}, expected processor use in percent, 0 to 100",
            path=str(self.path),
            line=line,
            column=self.names[index] if self.names and self.names[index] else index + 1,
            found=repr(text[:40]),
        )


def _read(name: str | os.PathLike[str]) -> _Table:
    path = check_path("path", name)
    text = _text(path)
    lines = [(number, line) for number, line in enumerate(text.splitlines(), 1) if _counts(line)]
    if not lines:
        raise VmwidgetsError("{path} is empty, expected one value per line or one column per machine", path=str(path))
    delimiter = next((sign for sign in ";\t" if sign in lines[0][1]), ",")
    rows = list(_rows(path, lines, delimiter))
    first, comma = rows[0][1], delimiter != ","
    named = not any(_NOT_A_NAME.match(cell) for cell in first) and any(first)
    rows, names = (rows[1:], tuple(first)) if named else (rows, ())
    if not 1 <= len(rows) <= MAX_TRACE:
        raise VmwidgetsError(
            "{path} has {count} lines of values, expected 1 to {most}", path=str(path), count=len(rows), most=MAX_TRACE
        )
    return _Table(path, names, tuple(rows), len(first), comma)


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise VmwidgetsError("{path} is larger than {most} bytes", path=str(path), most=MAX_BYTES)
        data = path.read_bytes()
    except FileNotFoundError as error:
        raise VmwidgetsError("there is no file {path}", path=str(path)) from error
    except OSError as error:
        raise VmwidgetsError("{path} cannot be read: {reason}", path=str(path), reason=error.strerror) from error
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise VmwidgetsError("{path}, line {line}: this is not UTF-8 text", path=str(path), line=line) from error


def _counts(line: str) -> bool:
    return bool(line.strip()) and not line.lstrip().startswith("#")


def _rows(path: Path, lines: Sequence[tuple[int, str]], delimiter: str) -> Iterator[tuple[int, Sequence[str]]]:
    """Yield the cells of each line; a line is a row, so quotes may hold a delimiter but no line break."""
    width = 0
    for number, line in lines:
        try:
            (cells,) = csv.reader([line], delimiter=delimiter, strict=True)
        except csv.Error as error:
            raise VmwidgetsError(
                "{path}, line {line}: a quotation mark is not closed, or something follows it",
                path=str(path),
                line=number,
            ) from error
        width = width or len(cells)
        if len(cells) != width:
            raise VmwidgetsError(
                "{path}, line {line}: {count} columns, expected {width} as in the line before",
                path=str(path),
                line=number,
                count=len(cells),
                width=width,
            )
        yield number, [cell.strip() for cell in cells]
