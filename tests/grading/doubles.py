"""An assignment whose checks do what an answer tells them, so that a replay can be seen to survive anything."""

import os
import signal
import sys
from types import SimpleNamespace

from vmwidgets.assignments.result import Result

BOOTS = 2
ITEMS = tuple(
    SimpleNamespace(id=id, most=most, name=id, human=id == "b3") for id, most in (("b1", 5), ("b2", 5), ("b3", 10))
)


def variant(seed):
    return seed


def grade(variant, answers, seeds):
    told = answers["b1"].value if "b1" in answers else ""
    yield Result("b1", 4, 5, "the seed is {seed}", "", {"seed": variant, "boots": len(seeds), "told": told})
    yield from {"": done, **HOSTILE}.get(answers["do"].value if "do" in answers else "", done)(answers)


def done(answers):
    given = answers.get("b2")
    yield Result("b2", 0 if given is None else 5, 5, "this is what was given")
    yield Result("b3", None, 10, "a person reads this", human=True)


def loop(answers):
    import resource  # which Windows has not

    assert resource.getrlimit(resource.RLIMIT_CPU)[1] != resource.RLIM_INFINITY
    resource.setrlimit(resource.RLIMIT_CPU, (1, 1))  # the bound is there, and nobody need wait for all of it
    while True:
        pass
    yield


def wait(answers):
    assert signal.getitimer(signal.ITIMER_REAL)[0]
    signal.setitimer(signal.ITIMER_REAL, 0.01)  # as above
    signal.pause()
    yield


def allocate(answers):
    held = [bytearray(2**20 << doubled) for doubled in range(20)]  # in the end half a terabyte in one piece
    yield Result("b2", len(held), 5)


def recurse(answers):
    return recurse(answers)


def end(answers):
    os._exit(0)
    yield


def shoot(answers):
    os.kill(os.getpid(), signal.SIGKILL)
    yield


def write(answers):
    with open(answers["b2"].value, "w") as file:
        file.write("outside")
    yield


def open_many(answers):
    handles = [os.open("/", os.O_RDONLY) for _ in range(200)]
    yield Result("b2", len(handles), 5)


def lie(answers):
    yield Result("b2", 6, 5)


def invent(answers):
    yield Result("b9", 1, 5)


def look(answers):
    shown = {
        "environment": " ".join(sorted(os.environ)),
        "folder": os.getcwd(),
        "isolated": sys.flags.isolated,
        "process": os.getpid(),
        "session": os.getsid(0),
    }
    yield Result("b2", 5, 5, "", "", shown)


def reach(answers):
    """Look for what the second wall hides: a file, the other processes, the network."""
    path = answers["b2"].value
    with open("/proc/net/dev") as file:
        devices = [line.split(":")[0].strip() for line in file if ":" in line]
    shown = {
        "file": int(os.path.exists(path)),
        "processes": sum(name.isdigit() for name in os.listdir("/proc")),
        "devices": " ".join(devices),
        "user": os.getuid(),
    }
    yield Result("b2", 5, 5, "", "", shown)


HOSTILE = {
    one.__name__: one for one in (loop, wait, allocate, recurse, end, shoot, write, open_many, lie, invent, look, reach)
}
