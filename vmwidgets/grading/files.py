"""What a batch writes: each file whole or not at all, and one sentence if it cannot be written."""

import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from vmwidgets.model.errors import VmwidgetsError


@contextmanager
def writing(path: Path) -> Generator[None, None, None]:
    """Say of anything that fails inside the block that ``path`` cannot be written."""
    try:
        yield
    except OSError as error:
        raise VmwidgetsError(
            "{path} cannot be written: {reason}", path=str(path), reason=str(error.strerror)
        ) from error


def make_folder(path: Path, mode: int = 0o777) -> None:
    """Make a folder, and those around it, unless it is there.

    Raises
    ------
    VmwidgetsError
        If it cannot be made.
    """
    with writing(path):
        path.mkdir(mode, parents=True, exist_ok=True)


def replace(path: Path, text: str) -> None:
    """Write a file whole or not at all.

    Raises
    ------
    VmwidgetsError
        If it cannot be written.
    """
    temporary = path.with_name(f".{path.name}.new")
    with writing(path):
        temporary.write_text(text, encoding="utf-8", newline="")
        os.replace(temporary, path)
