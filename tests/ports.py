"""Ports for servers and kernels that are told theirs and listen to it a second later."""

import os
import socket
from collections import deque
from itertools import count

# Below those that the system gives to whoever asks for any, and apart from those of the test runs beside this one.
FIRST, PORTS = 20_000, 12_000
# By then whoever was told a port listens to it.
HELD = 100
_next = count(os.getpid() * 97)
_held: deque[socket.socket] = deque(maxlen=HELD)


def free_port(ip: str = "127.0.0.1") -> int:
    """A port that nothing listens on now, and that nobody else will be given.

    Nobody here wants ports of UDP: who holds the one of the same number has been given the port, and others see it.
    """
    while True:
        port = FIRST + next(_next) % PORTS
        claim = socket.socket(type=socket.SOCK_DGRAM)
        with socket.socket() as probe:
            try:
                claim.bind((ip, port))
                probe.bind((ip, port))
            except OSError:
                claim.close()
                continue
        if len(_held) == HELD:
            _held[0].close()
        _held.append(claim)
        return port
