"""What was graded survives a crash, and nothing that was cut short is believed."""

import os
import subprocess
import sys

import pytest

from tests.grading.test_marks import A5, BROKEN_OFF, TEXT
from vmwidgets.grading.ledger import Ledger
from vmwidgets.grading.results import Graded, Refusal, to_line
from vmwidgets.model.errors import VmwidgetsError


def _graded(student="anna", digest="1" * 64, results=(A5, TEXT), **more):
    return Graded(student, digest, results, **more)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "results.jsonl"


def test_a_grading_is_on_the_disk_when_it_is_added(path, monkeypatch):
    synced = []
    monkeypatch.setattr(os, "fsync", lambda handle: synced.append(path.read_text()))
    with Ledger(path) as ledger:
        ledger.add(_graded())
        assert synced == [to_line(_graded()) + "\n"]
    with Ledger(path) as ledger:
        assert ledger.whole("anna", "1" * 64) == _graded()
        assert path.stat().st_mode & 0o777 == 0o600


def test_only_the_same_answers_of_the_same_student_are_known(path):
    with Ledger(path) as ledger:
        ledger.add(_graded())
        ledger.add(_graded(digest="2" * 64))
        assert ledger.whole("anna", "3" * 64) is None
        assert ledger.whole("boris", "1" * 64) is None
        assert [g.sha256[0] for g in ledger.of("anna")] == ["1", "2"]


def test_what_broke_off_or_was_refused_is_tried_again(path):
    with Ledger(path) as ledger:
        ledger.add(_graded(results=(BROKEN_OFF, TEXT)))
        ledger.add(_graded(results=(), refusal=Refusal("no")))
        assert ledger.whole("anna", "1" * 64) is None
        assert ledger.of("anna") == []
        assert ledger.latest("anna").refusal == Refusal("no")


def test_a_line_that_a_crash_cut_short_is_dropped_and_written_anew(path):
    first, second = to_line(_graded()), to_line(_graded("boris"))
    for cut in (1, len(second) // 2, len(second)):
        path.write_text(f"{first}\n{second[:cut]}")
        with Ledger(path) as ledger:
            assert ledger.whole("boris", "1" * 64) is None
            ledger.add(_graded("boris"))
        assert path.read_text() == f"{first}\n{second}\n"


def test_a_full_disk_is_one_sentence_and_loses_nothing_that_was_there(path, monkeypatch):
    def full(handle):
        raise OSError(28, "No space left on device")

    with Ledger(path) as ledger:
        ledger.add(_graded())
        monkeypatch.setattr(os, "fsync", full)
        with pytest.raises(VmwidgetsError, match="cannot be written: No space left on device"):
            ledger.add(_graded("boris"))
    with Ledger(path) as ledger:
        assert ledger.whole("anna", "1" * 64) == _graded()


def test_damage_inside_is_not_passed_over(path):
    path.write_text(f"{to_line(_graded())}\nnonsense\n{to_line(_graded('boris'))}\n")
    with pytest.raises(VmwidgetsError, match=r"results\.jsonl, line 2 is damaged"):
        Ledger(path)
    path.write_bytes(b"\xff\n")
    with pytest.raises(VmwidgetsError, match="line 1 is damaged"):
        Ledger(path)


def test_two_batches_into_one_folder_are_refused(path):
    with Ledger(path), pytest.raises(VmwidgetsError, match="another batch is writing"):
        Ledger(path)
    with Ledger(path) as ledger:
        ledger.add(_graded())


def test_a_link_in_its_place_is_not_followed(path, tmp_path):
    (tmp_path / "elsewhere").write_text("")
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(VmwidgetsError, match="cannot be written"):
        Ledger(path)


def test_a_process_that_is_killed_leaves_what_it_wrote(path):
    code = (
        "import os, signal, sys; from pathlib import Path; from vmwidgets.grading.ledger import Ledger;"
        "from vmwidgets.grading.results import Graded; from vmwidgets.assignments.result import Result;"
        "Ledger(Path(sys.argv[1])).add(Graded('anna', '1' * 64, (Result('a5', 5, 10),)));"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    assert subprocess.run([sys.executable, "-c", code, path], check=False).returncode == -9
    with Ledger(path) as ledger:
        assert ledger.whole("anna", "1" * 64) is not None
