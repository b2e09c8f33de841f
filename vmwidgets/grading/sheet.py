"""A table that a person or an LMS saved as CSV: heads, and rows with the line they end in. No cell is a formula."""

import csv
import io
from dataclasses import dataclass
from pathlib import Path

from vmwidgets.model.errors import VmwidgetsError

MAX_BYTES = 64 * 1024 * 1024
_MAX_CELL = 4 * 1024 * 1024
_FORMULA_SIGNS = frozenset("=+-@＝＋－＠")


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table.

    Parameters
    ----------
    heads
        The first row.
    rows
        The others that are not empty: the number of the line, and the cells.
    """

    heads: tuple[str, ...]
    rows: tuple[tuple[int, tuple[str, ...]], ...]

    def column(self, name: str) -> int | None:
        """Where the column of a name is, ``None`` if there is none or more than one."""
        found = [i for i, head in enumerate(self.heads) if head.strip().lower() == name]
        return found[0] if len(found) == 1 else None


def safe(text: str) -> str:
    """`text` so that a spreadsheet shows it and does not compute it.

    A cell that begins with one of these signs, or with a tab or line end, is a formula to some spreadsheet programs; an
    apostrophe before it makes it text (OWASP, "CSV injection").
    """
    return f"'{text}" if text[:1] in {"\t", "\r", "\n"} or text.lstrip()[:1] in _FORMULA_SIGNS else text


def cell(row: tuple[str, ...], column: int | None) -> str:
    """The text of a cell, without blanks around it and what :func:`safe` put there; empty where the row is shorter."""
    text = row[column].strip() if column is not None and column < len(row) else ""
    return text[1:].strip() if text[:1] == "'" and safe(text[1:]) == text else text


def read_sheet(path: Path, most_bytes: int = MAX_BYTES) -> Sheet:
    """Read a table whose cells are separated by commas, semicolons or tabs, as the first line has them.

    Raises
    ------
    VmwidgetsError
        If it cannot be read, is larger than ``most_bytes``, or is no such table in UTF-8; with the line.
    """
    text = _text(path, most_bytes)
    # Spreadsheets where the comma is a decimal sign separate by semicolons.
    separator = max(",;\t", key=text.split("\n", 1)[0].count)
    # If it were not strict, a quote that is never closed would swallow the rest of the table.
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    before = csv.field_size_limit(_MAX_CELL)
    try:
        rows = [(reader.line_num, tuple(row)) for row in reader if any(cell.strip() for cell in row)]
    except csv.Error as error:
        raise VmwidgetsError(
            "{path}, line {line}: this is not CSV: {reason}", path=str(path), line=reader.line_num, reason=str(error)
        ) from error
    finally:
        csv.field_size_limit(before)
    return Sheet(rows[0][1], tuple(rows[1:])) if rows else Sheet((), ())


def _text(path: Path, most_bytes: int) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(most_bytes + 1)
    except OSError as error:
        raise VmwidgetsError("{path} cannot be read: {reason}", path=str(path), reason=str(error.strerror)) from error
    if len(data) > most_bytes:
        raise VmwidgetsError("{path} is larger than {most} bytes", path=str(path), most=most_bytes)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise VmwidgetsError(
            "{path}, line {line} is not UTF-8: save the table as CSV UTF-8",
            path=str(path),
            line=data.count(b"\n", 0, error.start) + 1,
        ) from error
