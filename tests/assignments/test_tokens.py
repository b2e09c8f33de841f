"""Tokens: public, sealed, and no way from them to what only the teacher knows."""

import base64
import hmac
import os
import pickle
import stat
import traceback
import unicodedata
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmwidgets.answers import MAX_TOKEN
from vmwidgets.assignments import ASSIGNMENTS, tokens
from vmwidgets.assignments.tokens import Secret, Token, hidden_seeds, is_genuine, issue, make_secret, read_secret
from vmwidgets.model.errors import VmwidgetsError

SECRET, OTHER = Secret(b"only the teacher of this class knows"), Secret(b"the teacher of another class knows it")
DAY = date(2026, 12, 20)
TOKEN = issue(SECRET, "perimeter", "s17", "2026-autumn", DAY)
words = st.text(st.characters(exclude_categories=["C", "Z"], exclude_characters=":"), min_size=1, max_size=30).filter(
    lambda word: len(unicodedata.normalize("NFC", word)) <= 30  # some letters are up to three then
)


@given(words, words, st.dates(), st.integers(0, 9))
def test_a_token_is_read_again_and_genuine(student, term, expires, redraw):
    token = issue(SECRET, "perimeter", student, term, expires, redraw)
    again = Token.parse(token.text)
    assert again == token
    assert (again.student, again.term, again.expires) == (
        unicodedata.normalize("NFC", student),
        unicodedata.normalize("NFC", term),
        expires,
    )
    assert is_genuine(SECRET, again)
    assert not is_genuine(OTHER, again)
    assert len(token.text) <= MAX_TOKEN


def test_the_form_is_the_one_that_files_and_notebooks_know():
    assert TOKEN.text == f"perimeter:2026-autumn:s17:20261220:{TOKEN.seal}"
    message = b"perimeter\n2026-autumn\ns17\n20261220\nvmwidgets/1"
    assert TOKEN.seal == base64.b32encode(hmac.digest(bytes(SECRET), message, "sha256")[:10]).decode()
    assert issue(SECRET, "perimeter", "s17", "2026-autumn", DAY, redraw=3).text.endswith("3")
    assert Token.parse(f"  {TOKEN.text}\n") == TOKEN


def test_a_typing_error_is_noticed_before_the_work_is_done():
    out = TOKEN.handed_out
    assert Token.parse(out) == Token.parse(TOKEN.text) == TOKEN
    assert out == f"{TOKEN.text}-{out[-2:]}"  # what stands in answer files stays as it is
    wrong = [out[:at] + other + out[at + 1 :] for at in range(len(out)) for other in "A2" if out[at] != other]
    noticed = 0
    for text in wrong:
        try:
            Token.parse(text)
        except VmwidgetsError:
            noticed += 1
    assert len(wrong) - noticed <= 1
    with pytest.raises(VmwidgetsError, match="typing error"):
        Token.parse(out.replace("s17", "s71"))
    assert issue(SECRET, "perimeter", "s17", "2026-autumn", DAY, redraw=3).handed_out[-4:-2] == "3-"


@pytest.mark.parametrize("part", range(1, 5))
def test_whoever_changes_a_part_has_no_genuine_token(part):
    parts = TOKEN.text.split(":")
    parts[part] = {3: "20271220", 4: "A" * 16}.get(part, parts[part] + "x")
    forged = Token.parse(":".join(parts))
    assert not is_genuine(SECRET, forged)
    assert not is_genuine(SECRET, Token.parse(TOKEN.text + "1"))


def test_a_token_of_another_model_is_not_genuine(monkeypatch):
    monkeypatch.setattr(tokens, "MODEL", "vmwidgets/0")
    assert not is_genuine(SECRET, TOKEN)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "practice:x",
        TOKEN.text[:-1],
        TOKEN.text + "0",
        TOKEN.text.lower(),
        TOKEN.text.replace("perimeter", "parameter"),
        TOKEN.text.replace("20261220", "20261320"),
        TOKEN.text.replace("20261220", "٢٠٢٦١٢٢٠"),
        TOKEN.text.replace("s17", ""),
        TOKEN.text.replace("s17", "a\nb"),
        TOKEN.text.replace("s17", "a:b"),
        TOKEN.text.replace("s17", "s" * 100),
        ":" * 10**6,
        None,
        17,
    ],
)
def test_what_is_no_token_is_refused_with_one_sentence(text):
    with pytest.raises(VmwidgetsError) as refused:
        Token.parse(text)
    assert len(str(refused.value)) < 200
    assert "\n" not in str(refused.value)


@given(st.text(max_size=150))
def test_no_text_makes_it_fail_otherwise(text):
    try:
        token = Token.parse(text)
    except VmwidgetsError:
        return
    assert Token.parse(token.text) == token


def test_what_cannot_stand_in_a_token_is_not_issued():
    for student in ("", " s", "a:b", "a\nb", "s" * 65):
        with pytest.raises(VmwidgetsError, match="student is"):
            issue(SECRET, "perimeter", student, "t", DAY)
    with pytest.raises(VmwidgetsError, match="characters, and 120 is the most"):
        issue(SECRET, "perimeter", "s" * 64, "t" * 64, DAY)
    with pytest.raises(VmwidgetsError, match="no assignment 'x'"):
        issue(SECRET, "x", "s", "t", DAY)
    with pytest.raises(VmwidgetsError, match="redraw is 10"):
        issue(SECRET, "perimeter", "s", "t", DAY, redraw=10)
    with pytest.raises(VmwidgetsError, match="too short"):
        issue(b"short", "perimeter", "s", "t", DAY)


def test_practice_is_the_same_for_everybody_and_never_genuine():
    practice = Token.parse("practice")
    assert practice.practice
    assert practice.text == "practice"
    assert not is_genuine(SECRET, practice)
    assert practice.seed == Token.parse("practice").seed != TOKEN.seed
    assert not TOKEN.practice


def test_the_seed_follows_from_the_public_text_and_from_all_of_it():
    assert TOKEN.seed == 0xD4ABFA10AB9B9C9B  # a later version must give the same student the same variant
    assert Token.parse(TOKEN.text).seed == TOKEN.seed
    others = [
        issue(SECRET, "perimeter", "s18", "2026-autumn", DAY),
        issue(SECRET, "perimeter", "s17", "2027-autumn", DAY),
        issue(SECRET, "perimeter", "s17", "2026-autumn", date(2026, 12, 21)),
        issue(SECRET, "perimeter", "s17", "2026-autumn", DAY, redraw=1),
        issue(OTHER, "perimeter", "s17", "2026-autumn", DAY),
    ]
    assert len({token.seed for token in [TOKEN, *others]}) == 6
    assert all(0 <= token.seed < 2**64 for token in others)


def test_hidden_seeds_follow_from_the_secret_and_not_from_the_token():
    mine = hidden_seeds(SECRET, TOKEN, 8)
    assert len(set(mine)) == 8
    assert mine == hidden_seeds(SECRET, Token.parse(TOKEN.text), 8)
    assert mine[:3] == hidden_seeds(SECRET, TOKEN, 3)
    # Token and seed of the variant are the same for both: what differs can only come from the secret.
    assert not set(mine) & set(hidden_seeds(OTHER, TOKEN, 8))
    assert TOKEN.seed not in mine
    assert not set(mine) & set(hidden_seeds(SECRET, issue(SECRET, "perimeter", "s18", "2026-autumn", DAY), 8))


def test_the_seal_and_the_hidden_seeds_have_nothing_in_common():
    # A message that is sealed begins with an assignment; if one were called like the other label, seals would be seeds.
    assert not any(" " in name or "\n" in name for name in ASSIGNMENTS)


def test_a_secret_is_made_once_for_its_owner_and_read_again(tmp_path):
    path = tmp_path / "class.secret"
    make_secret(path)
    found = read_secret(path)
    assert len(found) == 64
    if os.name == "posix":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    make_secret(tmp_path / "other")
    assert found != read_secret(tmp_path / "other")
    with pytest.raises(VmwidgetsError, match="no secret is ever overwritten"):
        make_secret(path)
    path.write_bytes(found + b"\r\n")
    assert read_secret(path) == found
    path.write_bytes(b"\xff" * 31 + b"\n")
    assert read_secret(path) == b"\xff" * 31 + b"\n"
    for wrong in (b"", b" " * 40, b"x" * 31, b"x" * 5000):
        path.write_bytes(wrong)
        with pytest.raises(VmwidgetsError, match="holds no secret"):
            read_secret(path)
    with pytest.raises(VmwidgetsError, match="cannot be read"):
        read_secret(tmp_path)
    with pytest.raises(VmwidgetsError, match="cannot be written"):
        make_secret(tmp_path / "nowhere" / "x")


def test_nobody_reads_the_secret_in_what_is_printed():
    shown = [repr(SECRET), str(SECRET), f"{SECRET}", f"{SECRET!r:>40}", repr([SECRET]), repr(TOKEN), TOKEN.text]
    assert not any("teacher" in text for text in shown)
    again = pickle.loads(pickle.dumps(SECRET))
    assert again == SECRET
    assert repr(again) == repr(SECRET)


def test_no_traceback_holds_the_secret_even_with_the_values_of_variables():
    with pytest.raises(VmwidgetsError) as refused:
        issue(SECRET, "perimeter", ":", "t", DAY)
    text = "".join(traceback.TracebackException.from_exception(refused.value, capture_locals=True).format())
    assert "Secret(hidden)" in text
    assert "teacher" not in text
