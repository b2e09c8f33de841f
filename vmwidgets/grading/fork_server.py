"""A process that has the grader imported and forks a fresh one for each replay: a start costs milliseconds.

One server serves all threads of a process at once. It ends when the process that started it does. Only on Linux: other
systems' libraries do not all survive a fork.
"""

import atexit
import contextlib
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable

from vmwidgets.grading.child import READY, WALL_S
from vmwidgets.grading.sandbox import around, environment

START_S = 60
"""How long the imports may take on a loaded computer."""
MAX_OUTPUT_BYTES = 2**20
_MARGIN_S = 5  # a child ends itself; only if the kernel did not see to that is it given up

Command = Callable[[str], list[str]]

_lock = threading.Lock()
_servers: "dict[bool, _Server]" = {}


def ask(data: bytes, command: Command, sandbox: bool) -> bytes | None:
    """Have a fresh process answer a request.

    Parameters
    ----------
    data
        The request.
    command
        Gives the command of a server that listens to the descriptor it is given.
    sandbox
        Whether bubblewrap stands around the server.

    Returns
    -------
    bytes or None
        What it said until it ended; None if there is no server on this system or it does not start.
    """
    if sys.platform != "linux":
        return None
    for _attempt in range(2):  # a server that was killed or stopped meanwhile is replaced once
        with _lock:
            server = _server(command, sandbox)
        if server is None:
            return None
        with contextlib.suppress(ConnectionError):
            return server.ask(data)
        with _lock:
            if _servers.get(sandbox) is server:
                _servers.pop(sandbox).close()
    return None


@atexit.register
def close() -> None:
    """End the servers of this process."""
    with _lock:
        while _servers:
            _servers.popitem()[1].close()


def _leave() -> None:
    """After a fork the servers are the parent's, and so are their answers; a thread that held the lock is not here."""
    global _lock
    _lock = threading.Lock()
    while _servers:
        _servers.popitem()[1].leave()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_leave)


def _server(command: Command, sandbox: bool) -> "_Server | None":
    found = _servers.get(sandbox)
    if found is None:
        try:
            found = _servers[sandbox] = _Server(command, sandbox)
        except ConnectionError:
            return None
    return found


class _Server:
    def __init__(self, command: Command, sandbox: bool) -> None:
        self._lock = threading.Lock()
        self.patience_s: float = WALL_S + _MARGIN_S
        self._control, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                around(command(str(theirs.fileno())), sandbox),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=environment(),
                cwd="/",
                pass_fds=(theirs.fileno(),),
                start_new_session=True,  # Ctrl-C is the grader's to see: what is being replayed is replayed to its end
            )
        try:
            self._control.settimeout(START_S)
            if self._control.recv(len(READY)) != READY:
                raise ConnectionError
        except OSError as error:
            self.close()
            raise ConnectionError from error
        self._control.settimeout(None)

    def ask(self, data: bytes) -> bytes:
        ours, theirs = socket.socketpair()
        with ours:
            with theirs, self._lock:
                if self._control.fileno() < 0:  # another thread found it dead, after this one had been given it
                    raise ConnectionError
                socket.send_fds(self._control, [b"."], [theirs.fileno()])
            end = time.monotonic() + self.patience_s
            output = bytearray()
            with contextlib.suppress(TimeoutError, ConnectionError):  # what it said before counts
                ours.settimeout(self.patience_s)
                ours.sendall(data)
                ours.shutdown(socket.SHUT_WR)
                while len(output) < MAX_OUTPUT_BYTES and (left := end - time.monotonic()) > 0:
                    ours.settimeout(left)
                    if not (part := ours.recv(65_536)):
                        break
                    output += part
        if not output:
            raise ConnectionError
        return bytes(output[len(READY) :])

    def leave(self) -> None:
        self._control.close()

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        with self._lock:  # no thread is sending through it
            self._control.close()
