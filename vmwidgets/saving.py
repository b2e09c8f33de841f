"""Saved experiments: written whole or not at all, and read back with the line that is wrong."""

import os
import secrets
from pathlib import Path

from vmwidgets import experiment_file
from vmwidgets.commands import Advance, Command, Setup
from vmwidgets.model.errors import VmwidgetsError, check_int, check_path
from vmwidgets.model.host import Host

MAX_TICKS = 1_000_000
"""Ticks that a lab may last: what a replay takes is bounded."""
MAX_PAGED_S = 100_000
"""Seconds that a lab may last whose memory is modelled page by page."""


def most_ticks(setup: Setup) -> int:
    """Return how many ticks a lab may last."""
    return MAX_PAGED_S // setup.tick_s if setup.memory else MAX_TICKS


def write(path: str | os.PathLike[str], text: str) -> None:
    """Write an experiment to a file, whole or not at all.

    Raises
    ------
    VmwidgetsError
        If it is too large to be loaded again, or cannot be written.
    """
    target, data = check_path("path", path), text.encode()
    if len(data) > experiment_file.MAX_BYTES:
        raise VmwidgetsError(
            "the experiment takes {size} bytes, more than the {most} of a file",
            size=len(data),
            most=experiment_file.MAX_BYTES,
        )
    try:
        _replace(target, data)
    except OSError as error:
        raise VmwidgetsError("{path} cannot be written: {reason}", path=str(target), reason=error.strerror) from error


def _replace(target: Path, data: bytes) -> None:
    # Not mkstemp: whoever may read other files of this user may read this one.
    temporary = target.parent / f".{target.name}.{secrets.token_hex(8)}"
    try:
        with temporary.open("xb") as file:
            file.write(data)
        os.replace(temporary, target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def read(path: str | os.PathLike[str]) -> tuple[Setup, Host, list[Command]]:
    """Read a saved experiment and replay it on a fresh host.

    Raises
    ------
    VmwidgetsError
        If there is no such file, it is damaged, or a command in it is refused; it names the line.
    """
    file = check_path("path", path)
    if not file.is_file():
        raise VmwidgetsError("there is no file {path}", path=str(file))
    if file.stat().st_size > experiment_file.MAX_BYTES:
        raise VmwidgetsError("{path} is larger than {most} bytes", path=str(file), most=experiment_file.MAX_BYTES)
    try:
        text = file.read_bytes().decode()
    except OSError as error:
        raise VmwidgetsError("{path} cannot be read: {reason}", path=str(file), reason=error.strerror) from error
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise VmwidgetsError("line {line}: this is not UTF-8", line=line) from error
    setup, log = experiment_file.load(text)
    host, ticks = setup.host(), 0
    for number, command in enumerate(log, 2):
        ticks += command.ticks if isinstance(command, Advance) else 0
        try:
            check_int("ticks", ticks, 0, most_ticks(setup))
            command.apply(host)
        except VmwidgetsError as error:
            raise VmwidgetsError("line {line}: {reason}", line=number, reason=str(error)) from error
    return setup, host, list(log)
