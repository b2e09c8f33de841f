"""The second wall: with bubblewrap a replay sees nothing of the computer, and where there is none nobody pretends."""

import sys
from pathlib import Path

import pytest

from tests.grading import doubles
from vmwidgets.answers import Answer
from vmwidgets.grading import fork_server, sandbox
from vmwidgets.grading.replay import Request, replay, started
from vmwidgets.model.errors import VmwidgetsError


def request(path, around):
    answers = (Answer("choice", "do", "reach"), Answer("text", "b2", str(path)))
    return Request("s1", "", "perimeter", "practice", (1, 2), answers, sandbox=around)


@pytest.mark.usefixtures("double")
def test_a_replay_sees_nothing_of_the_computer(tmp_path, monkeypatch):
    (tmp_path / "secret").write_text("x")
    bare = replay(request(tmp_path / "secret", False))
    assert (bare.sandbox, bare.results[1].fields["file"]) == ("limits" if sys.platform != "win32" else "process", 1)
    if not sandbox.has_bubblewrap():
        with pytest.raises(VmwidgetsError, match="bubblewrap"):
            replay(request(tmp_path / "secret", True))
        return
    walls, folder = sandbox._bubblewrap(), str(Path(doubles.__file__).parent)
    monkeypatch.setattr(sandbox, "_bubblewrap", lambda: [*walls, "--ro-bind", folder, folder])
    asked = request(tmp_path / "secret", True)
    for graded in (replay(asked), replay(asked)):
        assert (graded.sandbox, graded.results[1].points) == ("bubblewrap", 5)
        seen = graded.results[1].fields
        assert (seen["file"], seen["devices"], seen["user"]) == (0, "lo", 65534)
        assert seen["processes"] <= 4
    assert set(fork_server._servers) == {False, True}
    assert b'"file": 0' in started(asked)


def test_nobody_pretends_where_there_is_none(monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    sandbox.has_bubblewrap.cache_clear()
    try:
        assert not sandbox.has_bubblewrap()
        assert sandbox.around(["python"], False) == ["python"]
        with pytest.raises(VmwidgetsError, match="grade without the sandbox"):
            replay(request("/", True))
    finally:
        sandbox.has_bubblewrap.cache_clear()


def test_only_what_finds_libraries_is_passed_on(monkeypatch):
    monkeypatch.setenv("LD_LIBRARY_PATH", "/opt/lib")
    monkeypatch.setenv("PYTHONPATH", "/tmp")
    assert set(sandbox.environment()) >= {"LD_LIBRARY_PATH", "OMP_NUM_THREADS"}
    assert "PYTHONPATH" not in sandbox.environment()
    assert Path(sandbox.packages()[0]) == Path(sandbox.__file__).resolve().parents[2]
