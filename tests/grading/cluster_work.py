"""Work for the workers of a cluster, which import it: as long as a replay is, and as pure."""

import os
import signal
import zlib

POISON = b"poison"


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


def faulty(data):
    """The same, but one item finds a fault."""
    if data == POISON:
        raise ZeroDivisionError
    return zlib.crc32(data)
