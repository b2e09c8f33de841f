"""Replays of a double in place of the assignment, in this process and in its children."""

import sys
from pathlib import Path

import pytest

from tests.grading import doubles
from vmwidgets.grading import fork_server, replay


@pytest.fixture
def double(monkeypatch):
    """Put the double in the assignment's place, here and in its children."""
    begin = (
        f"import sys; sys.path.insert(0, {str(Path(doubles.__file__).parent)!r}); import doubles; sys.path.pop(0); "
        "sys.modules['vmwidgets.assignments.perimeter'] = doubles; "
    )
    fork_server.close()
    monkeypatch.setattr(
        replay,
        "_BEGIN",
        replay._BEGIN.replace(
            "import sys; sys.path += sys.argv[2:]; ", f"import sys; sys.path += sys.argv[2:]; {begin}"
        ),
    )
    monkeypatch.setitem(sys.modules, "vmwidgets.assignments.perimeter", doubles)
    yield doubles
    fork_server.close()
