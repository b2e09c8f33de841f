"""The catalogue is complete, compiled, and says the same things as the English it stands for."""

import ast
import re
import string
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from tests.update_catalogues import MO, PACKAGE, PO, compiled, extract, read_catalogue
from vmwidgets import locale
from vmwidgets.model.errors import VmwidgetsError


@pytest.fixture(autouse=True)
def _fresh_language(monkeypatch, tmp_path):
    monkeypatch.delenv("VMWIDGETS_LANG", raising=False)
    monkeypatch.chdir(tmp_path)
    locale.set_language(None)
    yield
    monkeypatch.undo()
    locale.set_language(None)


def _key(message):
    return message.id if isinstance(message.id, str) else tuple(message.id)


def _texts(value):
    return (value,) if isinstance(value, str) else tuple(value)


def _fields(text):
    return sorted({name for _, name, _, _ in string.Formatter().parse(text) if name is not None})


def test_catalogue_holds_what_the_sources_say():
    wanted = {_key(m) for m in extract() if m.id}
    held = {_key(m) for m in read_catalogue() if m.id}
    assert wanted == held, "run `python tests/update_catalogues.py`"


def test_every_message_is_translated():
    missing = [_key(m) for m in read_catalogue() if m.id and not all(_texts(m.string))]
    assert missing == []


def test_nothing_is_fuzzy_or_obsolete():
    catalogue = read_catalogue()
    assert [m.id for m in catalogue if m.id and m.fuzzy] == []
    assert not catalogue.obsolete


def test_compiled_catalogue_agrees_with_its_source():
    with PO.open("rb") as file:
        catalogue = read_po(file, locale="ru", domain="vmwidgets")
    assert MO.read_bytes() == compiled(catalogue), "run `python tests/update_catalogues.py`"


def test_placeholders_agree():
    for message in read_catalogue():
        if not message.id:
            continue
        # A singular may spell its number out, so the plural decides which fields there are.
        wanted = _fields(_texts(message.id)[-1])
        for form in _texts(message.string):
            assert _fields(form) == wanted, message.id


def test_russian_has_three_forms():
    for message in read_catalogue():
        if message.id and message.pluralizable:
            assert len(message.string) == 3, message.id


def test_language_is_english_by_default(monkeypatch):
    assert locale.language() == "en"
    monkeypatch.setenv("VMWIDGETS_LANG", "de")
    locale.set_language(None)
    assert locale.language() == "en"


@pytest.mark.parametrize(
    ("folder", "code"), [("ru", "ru"), ("course-ru", "ru"), ("en", "en"), ("guru", "en"), ("RU", "ru")]
)
def test_folder_decides(folder, code, monkeypatch, tmp_path):
    (tmp_path / folder).mkdir()
    monkeypatch.chdir(tmp_path / folder)
    locale.set_language(None)
    assert locale.language() == code


def test_environment_beats_folder_and_choice_beats_both(monkeypatch, tmp_path):
    (tmp_path / "en").mkdir()
    monkeypatch.chdir(tmp_path / "en")
    monkeypatch.setenv("VMWIDGETS_LANG", "ru_RU.UTF-8")
    locale.set_language(None)
    assert locale.language() == "ru"
    locale.set_language("en")
    assert locale.language() == "en"


def test_unknown_language_is_refused():
    with pytest.raises(ValueError, match="no catalogue for language 'de'; choose one of en, ru"):
        locale.set_language("de")
    assert locale.language() == "en"


def test_subscribers_hear_each_change_once_and_can_leave():
    heard = []
    leave = locale.subscribe(heard.append)
    locale.set_language("ru")
    locale.set_language("ru")
    locale.set_language("en")
    leave()
    leave()
    locale.set_language("ru")
    assert heard == ["ru", "en"]


def test_a_block_can_speak_to_another_reader(monkeypatch):
    monkeypatch.setenv("VMWIDGETS_LANG", "en")
    with locale.speaking("ru"):
        assert locale.language() == "ru"
    assert locale.language() == "en"
    monkeypatch.setenv("VMWIDGETS_LANG", "ru")
    locale.set_language(None)
    assert locale.language() == "ru"  # nothing was chosen before the block, and nothing is after it


def test_numbers_are_written_as_the_reader_writes_them():
    assert locale.number(1234567.891, 2) == "1,234,567.89"
    assert locale.number(-0.004, 2) == "0.00"
    assert locale.number(2**63 - 1) == "9,223,372,036,854,775,807"
    locale.set_language("ru")
    assert locale.number(1234567.891, 2) == "1\N{NO-BREAK SPACE}234\N{NO-BREAK SPACE}567,89"
    assert locale.number(0.5, 1) == "0,5"


def test_errors_speak_the_readers_language():
    error = VmwidgetsError("there is no VM {name}", name="'A'")
    assert locale.error_text(error) == "there is no VM 'A'"
    locale.set_language("ru")
    assert locale.error_text(error) == "ВМ 'A' нет"
    assert str(error) == "there is no VM 'A'"


def test_other_peoples_errors_stay_as_they_are():
    locale.set_language("ru")
    assert locale.error_text(ValueError("something else")) == "something else"


def test_error_inside_an_error_is_translated_too_and_numbers_are_grouped():
    inner = VmwidgetsError("there is no VM {name}", name="'A'")
    outer = VmwidgetsError("line {line}: {reason}", line=1200, reason=str(inner))
    outer.__cause__ = inner
    locale.set_language("ru")
    assert locale.error_text(outer) == "строка 1\N{NO-BREAK SPACE}200: ВМ 'A' нет"


def test_every_sentence_of_an_error_is_extracted():
    wanted = {
        "there is no VM {name}",
        "{name} reserves {wanted} disk operations/s, {available} are unreserved: {short} too many",
    }
    assert wanted <= {message.id for message in extract()}


def test_no_call_hides_a_string_from_the_catalogue():
    """Babel does not look inside f-strings and JavaScript's templates: a string there would stay English."""
    known = {part for m in extract() if m.id for part in ([m.id] if isinstance(m.id, str) else m.id)}
    asked = set()
    for path in sorted(PACKAGE.rglob("*.js")):
        found = re.findall(r'\bt\(\s*("(?:[^"\\]|\\.)*")', path.read_text(encoding="utf-8"))
        asked |= {ast.literal_eval(text) for text in found}
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.Call(func=ast.Name(id="_" | "mark"), args=[ast.Constant(value=str(text)), *_]):
                    asked.add(text)
    assert asked - known == set()


@pytest.mark.parametrize(
    ("count", "text"), [(1, "1 новый файл"), (2, "2 новых файла"), (5, "5 новых файлов"), (21, "21 новый файл")]
)
def test_russian_counts(count, text):
    locale.set_language("ru")
    form = locale.ngettext(
        "{count} file of the course is new in {folder}", "{count} files of the course are new in {folder}", count
    )
    assert text in form.format(count=count, folder="x")


def test_strings_for_the_front_end_keep_their_ids():
    assert locale.strings(["no such message"]) == {"no such message": "no such message"}
    assert locale.gettext("") == ""


def test_locale_needs_nothing_but_the_standard_library():
    source = Path(locale.__file__).read_text(encoding="utf-8")
    assert "import numpy" not in source
    assert "ipywidgets" not in source
