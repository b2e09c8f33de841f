"""Ports for servers and kernels that are told theirs and listen to it a second later."""

import os
import socket
from itertools import count

# Below those that the system gives to whoever asks for any, and apart from those of the test runs beside this one.
FIRST, PORTS = 20_000, 12_000
_next = count(os.getpid() * 97)


def free_port(ip: str = "127.0.0.1") -> int:
    """A port that nothing listens on now, and that nobody else will be given."""
    while True:
        port = FIRST + next(_next) % PORTS
        with socket.socket() as probe:
            try:
                probe.bind((ip, port))
            except OSError:
                continue
        return port
