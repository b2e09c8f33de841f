"""What lies in a folder is found where teachers have it; nothing is followed, and everything else is said."""

import os
import socket
from types import SimpleNamespace

import pytest

from vmwidgets.grading import collecting
from vmwidgets.grading.collecting import collect_folder, printable
from vmwidgets.grading.roster import Student
from vmwidgets.model.errors import VmwidgetsError

ANNA = Student("anna", "Anna A.", email="anna@x.example", canvas=("A., Anna", "4711", "s1", "anna", "1"))
BORIS = Student("boris", "Борис Б.", "ru")
CLASS = (ANNA, BORIS)
NAME = "perimeter.answers.jsonl"


def _write(path, data=b"answers", at_s=1_000):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    os.utime(path, (at_s, at_s))


def _collect(folder, skip=None):
    found = collect_folder(folder, CLASS, "perimeter", skip)
    places = {one.student.id: one.place for one in found.submissions}
    return places, [id.format(**fields) for id, fields in found.remarks]


@pytest.mark.parametrize(
    ("laid", "expected"),
    [
        (["anna.answers.jsonl", "boris.answers.jsonl"], ["anna.answers.jsonl", "boris.answers.jsonl"]),
        ([f"anna/{NAME}", f"boris/{NAME}"], [f"anna/{NAME}", f"boris/{NAME}"]),
        ([f"anna/perimeter-en/{NAME}", f"boris/perimeter-ru/{NAME}"],) * 2,
        ([f"submitted/anna/perimeter/{NAME}", f"submitted/boris/perimeter/{NAME}"],) * 2,
        # Canvas
        ([f"aanna_4711_99_{NAME}", f"boris/{NAME}"],) * 2,
        (["aanna_LATE_4711_99_perimeter.answers-2.jsonl", f"boris/{NAME}"],) * 2,
        # Moodle
        ([f"Anna A._12_assignsubmission_file_/{NAME}", f"Борис Б._7_assignsubmission_file/{NAME}"],) * 2,
        ([f"A. Anna_12_assignsubmission_file_{NAME}", "Борис Б._7_assignsubmission_onlinetext_onlinetext.html"],) * 2,
        # texts that were typed there, or came by mail
        (["aanna_4711_text.html", "Борис Б._7_assignsubmission_onlinetext/onlinetext.html"],) * 2,
        (["anna.receipt.txt", "boris/receipt.txt"],) * 2,
        # a browser
        (["anna/perimeter.answers (1).jsonl", f"boris/{NAME}"],) * 2,
    ],
)
def test_found_where_teachers_have_it(tmp_path, laid, expected):
    for name in laid:
        _write(tmp_path / name)
    places, remarks = _collect(tmp_path)
    assert places == dict(zip(["anna", "boris"], (e.removeprefix("submitted/") for e in expected), strict=True))
    assert remarks == []


def test_whose_it_is_must_be_certain(tmp_path):
    for name in ("Anna A_3", "A. Anna_4"):
        _write(tmp_path / f"{name}_assignsubmission_file" / NAME)
    _write(tmp_path / f"Борис Б._7_assignsubmission_file_Anna A._12_assignsubmission_file_{NAME}")
    _write(tmp_path / "Борис Б._7_assignsubmission_file_chapter.answers.jsonl")
    places, remarks = _collect(tmp_path)
    assert places == {}
    several = "was not graded: there is more than one participant of this name"
    assert [remark.rpartition(NAME)[2] for remark in remarks[:2]] == [f" {several}"] * 2
    assert [remark.rpartition(" is ")[2] for remark in remarks[2:]] == ["no answer file"] * 2


def test_what_macos_adds_to_an_archive_is_no_news(tmp_path):
    for name in (f"anna/{NAME}", f"anna/._{NAME}", "._anna.answers.jsonl", f"__MACOSX/anna/._{NAME}"):
        _write(tmp_path / name)
    assert _collect(tmp_path) == ({"anna": f"anna/{NAME}"}, [])


def test_a_folder_full_of_files_is_not_looked_through(tmp_path, monkeypatch):
    monkeypatch.setattr(collecting, "MOST_INSIDE", 30)
    monkeypatch.setattr(collecting, "MOST_TOLD", 3)
    for number in range(40):
        _write(tmp_path / "anna" / f"perimeter-{number}" / NAME)
        _write(tmp_path / "boris" / f"perimeter.answers ({number}).jsonl")
        _write(tmp_path / f"{number}.answers.jsonl")
    places, remarks = _collect(tmp_path)
    assert places.keys() == {"boris"}  # 31 folders of Anna's, and nothing that is in them
    assert "boris holds more than 30 files, and only so many are looked at" in remarks
    assert "boris: remarks like these that are left out: 27" in remarks
    assert sum("boris/" in remark for remark in remarks) == 3
    assert sum("of nobody" in remark for remark in remarks) == 40


def test_what_cannot_be_looked_at_is_said(tmp_path):
    def gone(follow_symlinks):
        raise PermissionError(13, "Permission denied")

    folder = collecting._Folder(tmp_path, CLASS, "perimeter", None)
    folder._candidate(ANNA, SimpleNamespace(path=str(tmp_path / "x"), stat=gone))
    assert [id.format(**fields) for id, fields in folder.collect().remarks] == ["x cannot be read: Permission denied"]


def test_notebooks_and_time_stamps_are_no_news(tmp_path):
    for name in (NAME, "perimeter.ipynb", "timestamp.txt", ".ipynb_checkpoints/perimeter-checkpoint.ipynb"):
        _write(tmp_path / "anna" / "perimeter-en" / name)
    assert _collect(tmp_path) == ({"anna": f"anna/perimeter-en/{NAME}"}, [])


def test_an_answer_file_counts_before_a_text(tmp_path):
    folder = "Anna A._12_assignsubmission_"
    _write(tmp_path / f"{folder}file" / NAME, at_s=1)
    _write(tmp_path / f"{folder}onlinetext" / "onlinetext.html", b"<p>Here you are.</p>", at_s=2)
    places, remarks = _collect(tmp_path)
    assert places == {"anna": f"{folder}file/{NAME}"}
    assert remarks == [
        f"{folder}onlinetext/onlinetext.html was not graded: the answer file {folder}file/{NAME} of anna is there"
    ]


def test_of_several_files_the_newest_counts_and_the_others_are_named(tmp_path):
    _write(tmp_path / "anna" / NAME, at_s=2_000)
    _write(tmp_path / "anna" / "perimeter-en" / NAME, at_s=3_000)
    _write(tmp_path / "anna.answers.jsonl", at_s=1_000)
    places, remarks = _collect(tmp_path)
    assert places == {"anna": f"anna/perimeter-en/{NAME}"}
    newest = f"anna/perimeter-en/{NAME} of anna is newer"
    assert remarks == [f"anna.answers.jsonl was not graded: {newest}", f"anna/{NAME} was not graded: {newest}"]


def test_what_is_of_nobody_is_said(tmp_path):
    _write(tmp_path / "carl.answers.jsonl")
    _write(tmp_path / "dora" / NAME)
    _write(tmp_path / "notes.txt")
    (tmp_path / "anna").mkdir()
    (tmp_path / "old").mkdir()
    assert _collect(tmp_path) == (
        {},
        [
            f"anna holds no {NAME}",
            "carl.answers.jsonl is of nobody on the roster and was not graded",
            f"dora/{NAME} is of nobody on the roster and was not graded",
            "notes.txt is no answer file",
            "old is a folder in which no submission is expected",
        ],
    )


def test_links_and_pipes_are_neither_followed_nor_opened(tmp_path, monkeypatch):
    folder, outside = tmp_path / "in", tmp_path / "outside"
    _write(outside / NAME)
    folder.mkdir()
    (folder / "anna").symlink_to(outside)
    _write(folder / "boris" / "real.txt")
    (folder / "boris" / "perimeter-en").symlink_to(outside)
    os.mkfifo(folder / "pipe")
    (folder / "loop").symlink_to(folder / "loop")
    (folder / "results").mkdir()
    (folder / "to results").symlink_to(folder / "results")
    monkeypatch.chdir(folder)  # the path of a socket has 107 bytes at most
    with socket.socket(socket.AF_UNIX) as one:
        one.bind("socket")
        places, remarks = _collect(folder, skip=folder / "results")
    assert places == {}
    assert remarks == [
        "anna is a link and was not followed",
        "boris/perimeter-en is a link and was not followed",
        "boris/real.txt is no answer file",
        f"boris holds no {NAME}",
        "loop is a link and was not followed",
        "pipe is not a regular file and was not opened",
        "socket is not a regular file and was not opened",
        "to results is a link and was not followed",
    ]


def test_a_link_in_place_of_the_file_is_left_to_the_grader_which_refuses_it(tmp_path):
    _write(tmp_path / "outside")
    (tmp_path / "in" / "anna").mkdir(parents=True)
    (tmp_path / "in" / "anna" / NAME).symlink_to(tmp_path / "outside")
    assert _collect(tmp_path / "in") == ({"anna": f"anna/{NAME}"}, [])
    _write(tmp_path / "in" / "anna" / "perimeter-en" / NAME, at_s=1)  # a file counts before a link, however old
    assert _collect(tmp_path / "in")[0] == {"anna": f"anna/perimeter-en/{NAME}"}


def test_results_that_lie_inside_are_no_submission(tmp_path):
    _write(tmp_path / "graded" / "feedback" / "anna.html")
    _write(tmp_path / "graded" / "anna.answers.jsonl")
    assert _collect(tmp_path, skip=tmp_path / "graded") == ({}, [])


def test_names_cannot_steer_a_terminal(tmp_path):
    _write(tmp_path / "a\x1b[2J\nb")
    _write(tmp_path / os.fsdecode(b"\xff.txt"))
    _places, remarks = _collect(tmp_path)
    assert remarks == ["a\\x1b[2J\\nb is no answer file", "\\xff.txt is no answer file"]
    assert printable("имя 1") == "имя 1"


def test_a_folder_that_is_not_there_is_one_sentence(tmp_path):
    with pytest.raises(VmwidgetsError, match="cannot be read"):
        _collect(tmp_path / "nothing")
