"""The roster: ours and Canvas', and what is wrong with one said by line and column."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmwidgets.grading.roster import MAX_BYTES, Student, read_roster
from vmwidgets.model.errors import VmwidgetsError


def roster(folder, text, encoding="utf-8"):
    path = folder / "roster.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
    return read_roster(path)


def test_ours(tmp_path):
    found = roster(tmp_path, 'id,name,language\r\ns1,"Ivanov, Ivan",ru\r\n\r\ns2,Zoë,en\r\ns3,Ann,\r\n')
    assert found.students == (Student("s1", "Ivanov, Ivan", "ru"), Student("s2", "Zoë"), Student("s3", "Ann"))
    assert found.column("Perimeter") == "Perimeter"


@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_as_a_spreadsheet_saves_it(tmp_path, mark):
    decomposed = unicodedata.normalize("NFD", "й1")
    lines = [["ID", "Name", "Language", "Email"], [decomposed, "Иван", "RU", "i@example.org"]]
    found = roster(tmp_path, "\r\n".join(mark.join(line) for line in lines), "utf-8-sig")
    assert found.students == (Student("й1", "Иван", "ru", "i@example.org"),)


CANVAS = """Student,ID,SIS User ID,SIS Login ID,Section,Perimeter (4711),Quizzes Final Score
,,,,,Manual Posting,(read only)
    Points Possible,,,,,90,(read only)
"Ivanov, Ivan",101,00042,ivanov,VM 1,,5
"Lee, Ann",102,00043,lee,VM 1 and VM 2,,
"Student, Test",103,,8d1f,VM 1,,
"""


def test_what_canvas_exports(tmp_path):
    found = roster(tmp_path, CANVAS)
    assert found.students == (
        Student("ivanov", "Ivanov, Ivan", canvas=("Ivanov, Ivan", "101", "00042", "ivanov", "VM 1")),
        Student("lee", "Lee, Ann", canvas=("Lee, Ann", "102", "00043", "lee", "VM 1 and VM 2")),
    )
    assert found.column("Perimeter") == "Perimeter (4711)"
    assert found.column("Peri") == "Peri"


def test_canvas_without_logins_or_with_languages(tmp_path):
    assert [s.id for s in roster(tmp_path, CANVAS.replace(",lee,", ",,")).students] == ["00042", "00043"]
    assert [s.id for s in roster(tmp_path, CANVAS.replace(",00043,lee,", ",,,")).students] == ["101", "102"]
    text = CANVAS.replace("Section,", "Section,language,").replace("VM 1,,5", "VM 1,ru,,5")
    assert [s.language for s in roster(tmp_path, text).students] == ["ru", "en"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "line 1: expected the columns id, name"),
        ("id;login\n", "line 1: expected the columns id, name"),
        ("id,id,name\n1,s1,A\n", "line 1: expected the columns id, name"),
        ("id,name\n", "names 0 students"),
        ("id,name\ns1,A\n\ns1,B\n", r"line 4, column id: 's1' stands in line 2 already"),
        ("id,name\ns1,A\nS1,B\n", r"line 3, column id: 'S1' stands in line 2 already"),
        ("id,name\n,A\n", "line 2, column id: '' is no id"),
        ("id,name\n../x,A\n", "line 2, column id: '../x' is no id"),
        ("id,name\na:b,A\n", "line 2, column id: 'a:b' is no id"),
        ("id,name\n..,A\n", r"line 2, column id: '\.\.' is no id"),
        (f"id,name\n{'s' * 65},A\n", "line 2, column id: "),
        ("id,name,language\ns1,A,de\n", "line 2, column language: 'de' is no language, expected one of en, ru"),
        ('id,name\ns1,A\ns2,"B\n', "line 3: this is not CSV"),
        ("id,name\ns1,Иван\n".encode("cp1251"), "line 2 is not UTF-8"),
        (CANVAS.replace("ivanov", "lee"), "column SIS Login ID: 'lee' stands in line 4 already"),
        (b"x" * (MAX_BYTES + 1), "larger than"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(tmp_path, text, words):
    with pytest.raises(VmwidgetsError, match=words) as refused:
        roster(tmp_path, text)
    assert "roster.csv" in str(refused.value)
    with pytest.raises(VmwidgetsError, match="cannot be read"):
        read_roster(tmp_path / "nothing.csv")


@given(st.binary(max_size=200), st.sampled_from([b"", b"id,name\n", CANVAS.encode()]))
def test_no_file_makes_it_fail_otherwise(tmp_path_factory, data, head):
    refused = ""
    try:
        roster(tmp_path_factory.mktemp("fuzz"), head + data)
    except VmwidgetsError as error:
        refused = str(error)
    assert not refused or "roster.csv" in refused
