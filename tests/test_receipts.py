"""Receipts: what was answered comes out again, whatever a text field does to them, and nothing else does."""

import base64
import textwrap
import zlib
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmwidgets import receipts
from vmwidgets.answers import MAX_BYTES, Answer, AnswerFile, as_text, parse
from vmwidgets.attacks import ATTACKS
from vmwidgets.model.errors import VmwidgetsError

TOKEN = "perimeter:2026-autumn:s17:20261220:6YRZDJQYJOK7YB4J"
ANSWERS = (
    Answer("choice", "a0", "agreed"),
    Answer("program", "a2.memory", "mov rax, 1\nvmcall\n"),
    Answer("program", "a2.memory", "mov rax, 2\nvmcall\n"),
    Answer("prediction", "a5", (12, -3, 10**18), 4),
    Answer("text", "a6", "Остаточный риск — noch größer."),
)
RECEIPT = receipts.write("perimeter", TOKEN, ANSWERS)

answers = st.builds(
    Answer,
    st.just("text"),
    st.sampled_from(["a1", "a2.memory", "a6"]),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=200) | st.integers(-(10**18), 10**18),
)


def latest(given):
    return {answer.item: answer for answer in given}


@given(st.lists(answers, max_size=6))
def test_the_latest_answers_come_out_again(given):
    found = receipts.read(receipts.write("perimeter", TOKEN, given))
    sheet = parse(found.data, "perimeter")
    assert (found.assignment, sheet.token) == ("perimeter", TOKEN)
    assert sheet.latest == latest(given)
    assert len(sheet.answers) == len(sheet.latest)
    assert found.fits(as_text("perimeter", TOKEN, given).encode())


def test_its_parts_are_what_people_look_for():
    assert RECEIPT.startswith("VMW1-perimeter-")
    assert len(RECEIPT.split("-")) == 4
    practice = receipts.write("perimeter", "practice", ANSWERS)
    assert practice.startswith("VMW1PRACTICE-perimeter-")
    assert parse(receipts.read(practice).data, "perimeter").token == "practice"


def test_an_answer_file_has_one(tmp_path):
    for name, token in (("perimeter", TOKEN), ("perimeter-practice", "practice")):
        file = AnswerFile(name, token, tmp_path)
        file.add(ANSWERS[0])
        assert receipts.of_file(file) == receipts.write("perimeter", token, ANSWERS[:1])


def mangled():
    lines = "\r\n".join(textwrap.wrap(RECEIPT, 60))
    yield RECEIPT.lower()
    yield RECEIPT.upper()
    yield lines
    yield f"<p>Here it is: <b>{RECEIPT[:40]}</b>{RECEIPT[40:90]}&nbsp;<br/>{RECEIPT[90:]} </p><p>Thanks!</p>"
    yield "> " + "\n> ".join(textwrap.wrap(RECEIPT, 50))
    yield "=\n".join(textwrap.wrap(RECEIPT, 75, break_on_hyphens=False))
    yield RECEIPT.replace("-", "\N{EN DASH}")
    yield RECEIPT.replace("-", "&ndash;") + "&nbsp;"
    yield RECEIPT.replace("-", "&#x2011;") + "&lt;VMW1"
    yield "\N{ZERO WIDTH SPACE}".join(textwrap.wrap(RECEIPT, 30)) + "\N{NO-BREAK SPACE}"
    yield f'"{RECEIPT}";'
    yield receipts.write("perimeter", TOKEN, ANSWERS[:1]) + "\n\n" + RECEIPT


@pytest.mark.parametrize("text", list(mangled()))
def test_it_survives_what_text_fields_do(text):
    assert receipts.read(text) == receipts.read(RECEIPT)


@given(st.integers(0, len(RECEIPT) - 1), st.sampled_from("ABCZ27"))
def test_one_wrong_sign_is_noticed(place, sign):
    broken = RECEIPT[:place] + sign + RECEIPT[place + 1 :]
    if broken.upper() != RECEIPT.upper():
        with pytest.raises(VmwidgetsError):
            receipts.read(broken)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no receipt in this text"),
        ("VMW1-", "no receipt in this text"),
        ("VMW2" + RECEIPT[4:], "no receipt in this text"),
        (RECEIPT[:-10], "no receipt in this text"),
        (RECEIPT.replace("VMW1", "VMW1PRACTICE"), "damaged"),
        (RECEIPT.replace("perimeter", "elsewhere"), "damaged"),
        (RECEIPT[:30] + RECEIPT[31:], "damaged"),
        (f"&#{'9' * 5_000};", "no receipt in this text"),
        ("x" * (receipts.MAX_PASTED + 1), "at most 200000"),
    ],
)
def test_a_damaged_one_is_refused_in_one_sentence(text, words):
    with pytest.raises(VmwidgetsError, match=words) as refused:
        receipts.read(text)
    assert len(str(refused.value)) < 120


def forged(data: bytes) -> str:
    body = "VMW1-PERIMETER-" + base64.b32encode(data).decode().rstrip("=")
    return f"{body}-{receipts._check(body)}"


@pytest.mark.parametrize(
    "data",
    [
        zlib.compress(b"\0" * 10**8, 9, wbits=-15),  # a hundred megabytes in a hundred kilobytes
        zlib.compress(b"\0" * (MAX_BYTES + 1), 9, wbits=-15),
        zlib.compress(b"x", 9, wbits=-15) + b"more",
        zlib.compress(b"x" * 100, 9, wbits=-15)[:-2],
        b"\xff" * 40,
    ],
)
def test_a_forged_check_does_not_help(data):
    with pytest.raises(VmwidgetsError, match=r"damaged|at most"):
        receipts.read(forged(data))


@given(st.binary(max_size=200))
def test_no_receipt_makes_it_fail_otherwise(data):
    try:
        found = receipts.read(forged(data))
    except VmwidgetsError:
        return
    assert len(found.data) <= MAX_BYTES


def test_long_answers_leave_their_hash_and_the_file_must_follow():
    noise = "".join(chr(33 + byte % 90) for n in range(250) for byte in sha256(bytes([n])).digest())
    long = [*ANSWERS, Answer("program", "a2.memory", noise), Answer("program", "a2.cpu", noise[::-1])]
    text = receipts.write("perimeter", TOKEN, long)
    assert text.startswith("VMW1-perimeter-FILE-")
    assert len(text) < 100
    found = receipts.read(text)
    assert found.data is None
    assert found.fits(as_text("perimeter", TOKEN, long).encode())
    assert not found.fits(as_text("perimeter", TOKEN, ANSWERS).encode())
    with pytest.raises(VmwidgetsError, match="header"):
        found.fits(b"something else")


def test_three_long_programs_and_a_long_text_fit():
    longest = sorted((attack.code for attack in ATTACKS.values()), key=len)[-3:]
    given = [Answer("program", f"a2.{slot}", code) for slot, code in zip("abc", longest, strict=True)]
    text = Answer("text", "a6", " ".join(hint for attack in ATTACKS.values() for hint in attack.hints)[:2000])
    receipt = receipts.write("perimeter", TOKEN, [*given, text])
    assert len(receipt) < receipts.MAX_CHARACTERS * 2 // 3
    assert receipts.read(receipt).data


def test_receipts_of_the_first_day_are_read_for_ever():
    # The words of the dictionary belong to the form: with others a receipt unpacks to something else.
    assert sha256(receipts._WORDS).hexdigest() == "09f9e16d8e7802d77087e8eaafc44a69c4d452da3ce6f8cc299494077ad86015"
    assert latest(parse(receipts.read(OLD).data, "perimeter").answers) == latest(ANSWERS)


OLD = (
    "VMW1-perimeter-UOW43RMG4ZQL5IMRSGAZKWLEKCKIWV3AUSL37N3ZUSJYSF26K6IRHBREE4EHREILVSRGBRJLGGURNNIUGI2NE"
    "UOQGXLFCMBUYAABQJMTBEE2LYMFPELRWLZWLXMABRH3F23F7WD3WH54ETUFRMGRO5S4NS6LAS7BKHBRIYA3EM4UGIN55DYLNQ7TK"
    "OF7JABOA4AA-BHFNJK7G"
)
