"""Traces people bring: what is read, and a sentence with file, line and column for what is wrong."""

import pytest

from tests.make_small_day import HOURS, PATH, text
from vmwidgets.model.errors import VmwidgetsError
from vmwidgets.model.workload import MAX_TRACE, Workload
from vmwidgets.traces import MAX_BYTES, Trace, read_trace, read_traces, trace_workload


@pytest.fixture
def file(tmp_path):
    def write(content, name="day.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


@pytest.mark.parametrize(
    "content",
    [
        "10\n20\n100\n",
        "10\n20\n100",
        "10\r\n20\r\n100\r\n",
        "\ufeff10\n20\n100\n",
        "# a remark\n\n10\n\n20\n  \n100\n",
        " 10 \n+20\n1e2\n".replace("1e2", "100.0"),
        '"10"\n"20"\n"100"\n',
    ],
)
def test_one_value_per_line_is_a_machine_named_like_the_file(file, content):
    assert read_trace(file(content, "vm01.txt")) == Trace("vm01", (10, 20, 100))


def test_values_are_rounded_halves_up(file):
    assert read_trace(file("0.5\n1.5\n2.4999\n99.5\n0\n-0\n")).values == (1, 2, 2, 100, 0, 0)


@pytest.mark.parametrize(
    "content",
    [
        "time,web,db\n00:00,1.5,30\n00:05,2,40\n",
        "time;web;db\n00:00;1,5;30\n00:05;2;40\n",
        "time\tweb\tdb\n-\t1.5\t30\n-\t2\t40\n",
    ],
)
def test_columns_are_found_by_name_and_by_number(file, content):
    path = file(content)
    assert read_trace(path, "web") == read_trace(path, 2) == Trace("web", (2, 2))
    assert read_trace(path, "db") == read_trace(path, 3) == Trace("db", (30, 40))


def test_columns_without_a_name_are_numbered(file):
    assert [t.name for t in read_traces(file("1,2\n3,4\n"))] == ["day 1", "day 2"]
    assert [t.name for t in read_traces(file("a,\n3,4\n"))] == ["a", "day 2"]


@pytest.mark.parametrize(
    ("content", "column", "told"),
    [
        ("", None, "{path} is empty, expected one value per line or one column per machine"),
        ("# nothing\n\n", None, "{path} is empty, expected one value per line or one column per machine"),
        ("cpu\n", None, "{path} has 0 lines of values, expected 1 to 10000"),
        ("0\n" * (MAX_TRACE + 1), None, "{path} has 10001 lines of values, expected 1 to 10000"),
        ("1\n2\nx\n", None, "{path}, line 3, column 1: found 'x', {wish}"),
        ("cpu\n1\n101\n", None, "{path}, line 3, column cpu: found '101', {wish}"),
        ("1\n100.1\n", None, "{path}, line 2, column 1: found '100.1', {wish}"),
        ("1\n-1\n", None, "{path}, line 2, column 1: found '-1', {wish}"),
        ("1O\n1\n", None, "{path}, line 1, column 1: found '1O', {wish}"),
        ("nan\n1\n", None, "{path}, line 1, column 1: found 'nan', {wish}"),
        ("1\nInfinity\n", None, "{path}, line 2, column 1: found 'Infinity', {wish}"),
        ("1\n1e1\n", None, "{path}, line 2, column 1: found '1e1', {wish}"),
        ("1\n٣\n", None, "{path}, line 2, column 1: found '٣', {wish}"),
        ("a,b\n1,2\n\n3,\n", "b", "{path}, line 4, column b: found '', {wish}"),
        ("a;b\n1,5;2\n1.000,5;2\n", "a", "{path}, line 3, column a: found '1.000,5', {wish}"),
        ("a,b\n1,2\n3\n", "a", "{path}, line 3: 1 columns, expected 2 as in the line before"),
        ("a,b\n1,2\n1,2,3\n", "a", "{path}, line 3: 3 columns, expected 2 as in the line before"),
        ('a,b\n"1,2\n', "a", "{path}, line 2: a quotation mark is not closed, or something follows it"),
        ("a,b\n1,2\n", None, "{path} has 2 columns, expected one of them by name or number: a, b"),
        ("1,2\n", None, "{path} has 2 columns, expected one of them by name or number: 1–2"),
        ("a,b\n1,2\n", "c", "{path} has no column 'c' or has it twice, expected one of a, b"),
        ("a,b\n1,2\n", 0, "{path} has no column 0 or has it twice, expected one of a, b"),
        ("a,b\n1,2\n", 3, "{path} has no column 3 or has it twice, expected one of a, b"),
        ("a,b\n1,2\n", True, "{path} has no column True or has it twice, expected one of a, b"),
        ("a,a\n1,2\n", "a", "{path} has no column 'a' or has it twice, expected one of a, a"),
        (b"1\n2\n\xff\n", None, "{path}, line 3: this is not UTF-8 text"),
        ("1\n2\n".encode("utf-16"), None, "{path}, line 1: this is not UTF-8 text"),
        (b" " * (MAX_BYTES + 1), None, "{path} is larger than 8388608 bytes"),
    ],
)
def test_what_is_wrong_gets_a_sentence(file, content, column, told):
    path = file(content)
    with pytest.raises(VmwidgetsError) as error:
        read_trace(path, column)
    assert str(error.value) == told.format(path=path, wish="expected processor use in percent, 0 to 100")


def test_no_file_and_a_folder(tmp_path):
    with pytest.raises(VmwidgetsError, match=r"there is no file .*missing\.csv"):
        read_trace(tmp_path / "missing.csv")
    with pytest.raises(VmwidgetsError, match="cannot be read: "):
        read_trace(tmp_path)
    with pytest.raises(VmwidgetsError, match="path is 5, expected the name of a file"):
        read_trace(5)


def test_a_trace_becomes_a_workload(file):
    path = file("a,b\n1,2\n3,4\n")
    expected = Workload("trace", values=(2, 4), value_s=60, active_permille=10)
    assert trace_workload(path, "b", value_s=60, active_permille=10) == expected
    with pytest.raises(VmwidgetsError, match="has no parameter 'values_s'"):
        trace_workload(path, "b", values_s=60)


def test_our_own_small_day_is_what_its_formula_says():
    assert PATH.read_text(encoding="utf-8") == text()
    day = read_traces(PATH)
    assert [t.name for t in day] == list(HOURS)
    assert {len(t.values) for t in day} == {288}
    assert max(day[0].values) > 85
    assert day[2].values[200] == 0
