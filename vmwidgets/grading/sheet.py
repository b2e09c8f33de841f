"""A table that a person or an LMS saved as CSV: heads, and rows with the line they end in."""

import csv
import io
from dataclasses import dataclass
from pathlib import Path

from vmwidgets.model.errors import VmwidgetsError

MAX_BYTES = 64 * 1024 * 1024
_MAX_CELL = 4 * 1024 * 1024


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


def cell(row: tuple[str, ...], column: int | None) -> str:
    """The text of a cell, without blanks around it; empty where the row is shorter."""
    return row[column].strip() if column is not None and column < len(row) else ""


def read_sheet(path: Path) -> Sheet:
    """Read a table whose cells are separated by commas, semicolons or tabs, as the first line has them.

    Raises
    ------
    VmwidgetsError
        If it cannot be read, or is no such table in UTF-8.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise VmwidgetsError("{path} cannot be read: {reason}", path=str(path), reason=str(error.strerror)) from error
    if len(data) > MAX_BYTES:
        raise VmwidgetsError("{path} is larger than {most} bytes", path=str(path), most=MAX_BYTES)
    before = csv.field_size_limit(_MAX_CELL)
    try:
        text = data.decode("utf-8-sig")
        # Spreadsheets where the comma is a decimal sign separate by semicolons.
        separator = max(",;\t", key=text.split("\n", 1)[0].count)
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
        rows = [(reader.line_num, tuple(row)) for row in reader if any(row)]
    except (UnicodeDecodeError, csv.Error) as error:
        reason = str(error)
        raise VmwidgetsError("{path} is not a CSV file in UTF-8: {reason}", path=str(path), reason=reason) from error
    finally:
        csv.field_size_limit(before)
    return Sheet(rows[0][1], tuple(rows[1:])) if rows else Sheet((), ())
