"""Work for the workers of a cluster, which import it: as long as a replay is, and as pure."""

import os
import signal
import time
import zlib
from pathlib import Path

POISON, NEIGHBOUR = b"poison", b"neighbour"


def digest(data):
    """A checksum, after some 20 ms of processor time."""
    found = zlib.crc32(data)
    for _ in range(20):
        found = zlib.crc32(bytes(1 << 20), found)
    return found


def deadly(data):
    """The same, but one item takes its worker with it."""
    if data == POISON:
        os.kill(os.getpid(), signal.SIGKILL)
    return zlib.crc32(data)


def beside(folder, data):
    """The poison takes two workers with it that had begun its neighbour, too, and after that every worker."""
    begun, deaths = Path(folder) / "begun", Path(folder) / "deaths"
    if data == POISON:
        while _lines(begun) <= _lines(deaths) < 2:
            time.sleep(0.01)
        _add_line(deaths)
        os.kill(os.getpid(), signal.SIGKILL)
    if data == NEIGHBOUR:
        _add_line(begun)
        while _lines(deaths) < 2:
            time.sleep(0.01)
    return zlib.crc32(data)


def _lines(path):
    return len(path.read_text().splitlines()) if path.exists() else 0


def _add_line(path):
    with path.open("a") as file:
        file.write("one\n")


def faulty(data):
    """The same, but one item finds a fault."""
    if data == POISON:
        raise ZeroDivisionError
    return zlib.crc32(data)
