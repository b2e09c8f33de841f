"""Ports are given once, also by processes that count from the same number, and are free for TCP."""

import socket
import subprocess
import sys
from itertools import count

from tests import ports
from tests.needs import ROOT

OTHER = """
import sys
from itertools import count
from tests import ports
ports._next = count(int(sys.argv[1]))
print(*(ports.free_port() for _ in range(5)), flush=True)
sys.stdin.read()
"""


def test_two_processes_are_given_different_ports(monkeypatch):
    monkeypatch.setattr(ports, "_next", count(7))
    mine = [ports.free_port() for _ in range(5)]
    command = [sys.executable, "-c", OTHER, "7"]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout
        given = other.stdout.readline()
        monkeypatch.setattr(ports, "_next", count(7))
        later = [ports.free_port() for _ in range(5)]
        other.communicate()
    theirs = [int(port) for port in given.split()]
    assert len({*mine, *theirs, *later}) == 15


def test_more_ports_than_are_held(monkeypatch):
    monkeypatch.setattr(ports, "_next", count(7))
    given = [ports.free_port() for _ in range(2 * ports.HELD)]
    assert len(set(given)) == 2 * ports.HELD
    assert len(ports._held) == ports.HELD
    for port in given[-3:]:
        with socket.socket() as server:
            server.bind(("127.0.0.1", port))
