"""How far a batch is, for a person and for a log."""

import io

import pytest

from vmwidgets import locale
from vmwidgets.grading.progress import Progress


class _Stream(io.StringIO):
    def __init__(self, terminal):
        super().__init__()
        self.isatty = lambda: terminal


@pytest.fixture(autouse=True)
def _english():
    locale.set_language("en")
    yield
    locale.set_language(None)


def _run(terminal, seconds):
    times = iter([0.0, *seconds])
    stream = _Stream(terminal)
    progress = Progress(len(seconds), stream, clock=lambda: next(times))
    for _ in seconds:
        progress.step()
    progress.close()
    return stream.getvalue()


def test_a_log_gets_a_plain_line_now_and_then_and_the_last_one():
    told = _run(False, [1.0, 9.0, 12.0, 13.0, 23.0])
    assert told.splitlines() == [
        "graded 3 of 5, 15 a minute, 0:08 left",
        "graded 5 of 5, 13 a minute, 0:00 left",
    ]
    assert "\r" not in told
    assert "\x1b" not in told


def test_a_terminal_gets_one_line_that_changes():
    told = _run(True, [60.0, 60.1, 120.0])
    assert told.split("\r\x1b[K") == [
        "",
        "graded 1 of 3, 1 a minute, 2:00 left",
        "graded 3 of 3, 2 a minute, 0:00 left\n",
    ]


def test_nothing_to_do_says_nothing():
    assert _run(True, []) == _run(False, []) == ""


def test_what_was_done_before_does_not_speed_up_the_estimate():
    stream = _Stream(False)
    times = iter([0.0, 60.0])
    progress = Progress(100, stream, clock=lambda: next(times))
    for _ in range(98):
        progress.skip()
    progress.step()
    assert stream.getvalue() == "graded 1 of 2, 1 a minute, 1:00 left\n"
