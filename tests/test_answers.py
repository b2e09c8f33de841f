"""The answer file: read whole or not at all, written whole, nothing lost."""

import json
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmwidgets.answers import MAX_BYTES, MAX_PROGRAM, MAX_TOKEN, MODEL, Answer, AnswerFile, as_text
from vmwidgets.model.errors import VmwidgetsError

HEADER = {"vmwidgets": "answers", "schema": 1, "chapter": "c", "token": "t", "model": MODEL}
RECORD = {"kind": "prediction", "item": "x", "value": 3, "confidence": 2}
values = st.integers(-(10**18), 10**18) | st.text(max_size=60)


@given(st.lists(st.tuples(st.sampled_from(["prediction", "choice", "text"]), values), max_size=6))
def test_what_is_written_is_read_again(tmp_path_factory, records):
    folder = tmp_path_factory.mktemp("answers")
    file = AnswerFile("c", "Zoë 7", folder)
    for kind, value in records:
        file.add(Answer(kind, "item", value, 3 if kind == "prediction" else None))
    again = AnswerFile("c", "somebody else", folder)
    assert again.answers == file.answers
    assert again.token == ("Zoë 7" if records else "somebody else")
    for kind in {kind for kind, _ in records}:
        assert again.latest("item", kind) == [a for a in file.answers if a.kind == kind][-1]


def write(folder, *lines) -> None:
    text = "\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines) + "\n"
    (folder / "c.answers.jsonl").write_text(text, encoding="utf-8")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("{", "not a JSON object"),
        ("[1]", "not a JSON object"),
        ('{"kind":"text","item":"x","value":"a","value":"b"}', "a key stands twice"),
        ('{"kind":"text","item":"x","value":1.5}', "1.5 is not a whole number"),
        ('{"kind":"text","item":"x","value":NaN}', "NaN is not a whole number"),
        ('{"kind":"text","item":"x","value":' + "9" * 30 + "}", "is not a whole number"),
        ("[" * 5000, "not a JSON object"),
        ({**RECORD, "value": True}, "expected a whole number or a text"),
        ({**RECORD, "value": {"a": 1}}, "expected a whole number or a text"),
        ({**RECORD, "kind": "__init__"}, "expected one of"),
        ({**RECORD, "kind": []}, "expected one of"),
        ({**RECORD, "confidence": 5}, "expected 1 to 4"),
        ({**RECORD, "confidence": True}, "expected 1 to 4"),
        ({**RECORD, "more": 1}, "has the fields"),
        ({"kind": "text"}, "has the fields"),
        ('{"kind":"text","item":"x","value":"\\ud800"}', "expected a whole number or a text"),
        ({"kind": "text", "item": "x", "value": "a" * 4001}, "has 4001 characters, and 4000 is the most"),
        ({"kind": "program", "item": "x", "value": "a" * 16001}, "has 16001 characters, and 16000 is the most"),
    ],
)
def test_a_damaged_line_is_refused_by_its_number_and_stays(tmp_path, line, words):
    write(tmp_path, HEADER, RECORD, line)
    before = (tmp_path / "c.answers.jsonl").read_bytes()
    with pytest.raises(VmwidgetsError, match="line 3") as refused:
        AnswerFile("c", folder=tmp_path)
    assert words in str(refused.value)
    assert (tmp_path / "c.answers.jsonl").read_bytes() == before


@pytest.mark.parametrize(
    "change", [{"schema": 2}, {"schema": True}, {"chapter": "d"}, {"model": "vmwidgets/0"}, {"vmwidgets": 1}]
)
def test_a_foreign_header_is_refused(tmp_path, change):
    write(tmp_path, {**HEADER, **change}, RECORD)
    with pytest.raises(VmwidgetsError, match="line 1"):
        AnswerFile("c", folder=tmp_path)


def test_what_is_no_regular_file_is_refused(tmp_path):
    (tmp_path / "secret").write_text(json.dumps(HEADER), encoding="utf-8")
    os.symlink(tmp_path / "secret", tmp_path / "c.answers.jsonl")
    with pytest.raises(VmwidgetsError, match="cannot be read"):
        AnswerFile("c", folder=tmp_path)
    (tmp_path / "c.answers.jsonl").unlink()
    os.mkfifo(tmp_path / "c.answers.jsonl")
    with pytest.raises(VmwidgetsError, match="not a regular file"):
        AnswerFile("c", folder=tmp_path)
    (tmp_path / "c.answers.jsonl").unlink()
    (tmp_path / "c.answers.jsonl").mkdir()
    with pytest.raises(VmwidgetsError, match="cannot be read"):
        AnswerFile("c", folder=tmp_path)
    (tmp_path / "c.answers.jsonl").rmdir()
    with (tmp_path / "c.answers.jsonl").open("wb") as sparse:
        sparse.truncate(5 * 10**9)
    with pytest.raises(VmwidgetsError, match="larger than"):
        AnswerFile("c", folder=tmp_path)


def test_a_file_never_outgrows_its_bound(tmp_path):
    file, long = AnswerFile("c", folder=tmp_path), Answer("observation", "x", "ы" * 4000)
    while len(as_text("c", file.token, [*file.answers, long]).encode()) <= MAX_BYTES:
        file.add(long)
    with pytest.raises(VmwidgetsError, match="larger than"):
        file.add(long)
    assert file.path.stat().st_size <= MAX_BYTES
    assert AnswerFile("c", folder=tmp_path).answers == file.answers


def test_of_a_program_and_of_a_text_the_last_version_is_kept(tmp_path):
    file = AnswerFile("c", folder=tmp_path)
    for number in range(40):
        file.add(Answer("program", "x", str(number) + "ы" * 15_000))
        file.add(Answer("program", "y", "nop"))
        file.add(Answer("text", "z", str(number)))
        file.add(Answer("choice", "x", number))
    assert [(a.item, a.value) for a in file.answers if a.kind == "program"] == [
        ("x", "39" + "ы" * 15_000),
        ("y", "nop"),
    ]
    assert [a.value for a in file.answers if a.kind == "text"] == ["39"]
    assert len(file.answers) == 43


def test_two_kernels_with_one_file_do_not_undo_each_other(tmp_path):
    one, other = AnswerFile("c", "t", tmp_path), AnswerFile("c", "t", tmp_path)
    mine, others = Answer("choice", "x", "here"), Answer("choice", "y", "there")
    one.add(mine)
    other.add(others)
    assert AnswerFile("c", "t", tmp_path).answers == other.answers == (mine, others)
    one.path.unlink()
    one.add(mine)  # whoever takes the file away gets it back
    assert AnswerFile("c", "t", tmp_path).answers == (mine, mine)
    one.path.unlink()
    AnswerFile("c", "another", tmp_path).keep()
    with pytest.raises(VmwidgetsError, match="holds answers to another token"):
        one.add(others)
    assert AnswerFile("c", "t", tmp_path).token == "another"


def test_the_token_is_found_again_before_the_first_answer(tmp_path):
    AnswerFile("c", "mine", tmp_path).keep()
    assert AnswerFile("c", folder=tmp_path).token == "mine"


@pytest.mark.parametrize("name", ["../c", "a/b", "", "c.x", "a\\b"])
def test_a_name_never_leaves_the_folder(tmp_path, name):
    with pytest.raises(VmwidgetsError, match="cannot name an answer file"):
        AnswerFile(name, folder=tmp_path)


@given(st.binary(max_size=300))
def test_no_file_makes_it_fail_otherwise(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("fuzz")
    (folder / "c.answers.jsonl").write_bytes(json.dumps(HEADER).encode() + b"\n" + data)
    refused = ""
    try:
        AnswerFile("c", folder=folder)
    except VmwidgetsError as error:
        refused = str(error)
    assert not refused or "c.answers.jsonl" in refused


def test_a_program_and_a_token_may_be_longer_than_other_words(tmp_path):
    token = "perimeter:" + "t" * (MAX_TOKEN - 10)
    file = AnswerFile("c", token, tmp_path)
    file.add(Answer("program", "x", "ы" * MAX_PROGRAM))
    again = AnswerFile("c", folder=tmp_path)
    assert (again.token, again.answers) == (token, file.answers)
    with pytest.raises(VmwidgetsError, match="token is"):
        AnswerFile("d", token + "t", tmp_path)
