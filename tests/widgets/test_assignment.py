"""Perimeter as widgets: a token, predictions that stay, programs that are kept, two lamps, a board, a receipt."""

from datetime import date

import pytest

import vmwidgets as vm
from tests.assignments import reference
from vmwidgets import locale, receipts
from vmwidgets.answers import AnswerFile
from vmwidgets.assignments.perimeter.items import MECHANISMS, THREATS, layers
from vmwidgets.assignments.perimeter.weaknesses import SLOTS
from vmwidgets.assignments.tokens import issue

TOKEN = issue(b"a secret of the class, 32 bytes!", "perimeter", "anna", "2026-autumn", date(2026, 12, 31)).text
OTHER = issue(b"a secret of the class, 32 bytes!", "perimeter", "boris", "2026-autumn", date(2026, 12, 31)).text
STAGES = ("start", "rules", "recon", "diagnose", "fix", "price", "post_mortem", "receipt")
WALLS = ("break_memory", "break_device", "break_cpu")
IDLE = "nop\n"


@pytest.fixture(autouse=True)
def nobody(monkeypatch):
    """No token and no folder come from outside."""
    monkeypatch.delenv("VMWIDGETS_TOKEN", raising=False)
    monkeypatch.delenv("VMWIDGETS_ANSWERS", raising=False)


@pytest.fixture
def begin(tmp_path):
    made = []

    def make(token: str | None = None) -> vm.Assignment:
        made.append(vm.Assignment("perimeter", token, tmp_path))
        return made[-1]

    yield make
    for one in made:
        one.close()


def ask(view, **content) -> str:
    """Send what the page would; returns the sentence of a refusal."""
    view._receive(view, {**content, "seq": 1}, [])
    return view.error


def write(a: vm.Assignment, slot: str, code: str, *, to: str = "run") -> None:
    wall = getattr(a, f"break_{slot}")
    assert not ask(wall.head, name="family", id=a.zone.variant.exploitable[slot].family)
    assert not ask(wall.desk, name="move", to=to, code=code)


def lamp(view) -> dict[str, str]:
    return view.state["lamps"][0]


def sent(view) -> str:
    return view.state["lamps"][-1]["text"]


# ------------------------------------------------------------------------------------------------------------ the token
def test_without_a_token_everything_says_practice(begin):
    a = begin()
    for name in STAGES:
        assert getattr(a, name).state["practice"].startswith("PRACTICE"), name
    for name in WALLS:
        assert getattr(a, name).head.state["practice"].startswith("PRACTICE")
    locale.set_language("ru")
    assert a.start.state["practice"].startswith("ТРЕНИРОВКА")
    assert a.start.state["asks"]


def test_a_token_that_is_typed_is_kept_in_the_answer_file(begin, tmp_path):
    a = begin()
    wall = a.break_memory
    practised = a.recon.state
    assert not ask(a.start, name="token", text=f"  {TOKEN}\n")
    assert a.start.state["practice"] == wall.head.state["practice"] == ""
    assert "anna" in a.start.state["who"]
    assert AnswerFile("perimeter", folder=tmp_path).token == TOKEN
    assert begin().zone.token.text == TOKEN
    assert a.practice.recon.state == practised
    assert not a.practice.start.state["asks"]


@pytest.mark.parametrize(
    "text", ["", "anna", TOKEN[:-1], "perimeter:a:b:20261301:AAAAAAAAAAAAAAAA", "walls" + TOKEN[9:], "x" * 500]
)
def test_what_is_no_token_is_refused_with_a_sentence(begin, text, tmp_path):
    a = begin()
    assert ask(a.start, name="token", text=text)
    assert a.zone.practice
    assert not (tmp_path / "perimeter.answers.jsonl").exists()


def test_a_token_is_found_in_a_file_and_in_the_environment(begin, tmp_path, monkeypatch):
    (tmp_path / "perimeter.token").write_text(f"{TOKEN}\n", encoding="utf-8-sig")
    assert begin().zone.token.text == TOKEN
    monkeypatch.setenv("VMWIDGETS_TOKEN", OTHER)
    assert begin().zone.token.text == OTHER


def test_another_kind_of_token_in_the_environment_leaves_practice(begin, monkeypatch):
    monkeypatch.setenv("VMWIDGETS_TOKEN", "anna")
    a = begin()
    assert a.zone.practice
    assert "no token" in a.start.state["who"]


def test_answers_to_another_token_are_never_mixed(begin):
    a = begin(TOKEN)
    ask(a.rules, name="agree", yes=True)
    with pytest.raises(vm.VmwidgetsError, match="another token"):
        begin(OTHER)


def test_a_token_that_was_mistyped_is_typed_again_while_nothing_is_answered(begin, tmp_path):
    a = begin()
    assert not ask(a.start, name="token", text=OTHER)
    assert a.start.state["asks"]
    assert "boris" in a.start.state["who"]
    assert "type your token again" in a.start.state["who"]
    assert not ask(a.start, name="token", text=TOKEN)
    assert (AnswerFile("perimeter", folder=tmp_path).token, a.zone.token.student) == (TOKEN, "anna")
    ask(a.rules, name="agree", yes=True)
    assert not a.start.state["asks"]
    assert "another token" in ask(a.start, name="token", text=OTHER)


def test_there_is_one_assignment_and_its_items(begin):
    for wrong in ("walls", []):
        with pytest.raises(vm.VmwidgetsError, match="no assignment"):
            vm.Assignment(wrong)
    for wrong in ("a9", None, []):
        with pytest.raises(vm.VmwidgetsError, match=r"no item .*, expected one of a1, a2\.memory"):
            begin().check(wrong)


def test_what_is_no_answer_is_refused_with_a_sentence(begin, tmp_path):
    a = begin(TOKEN)
    for hand_in, name in ((a.predict, "price"), (a.answer, "answer"), (a.hand_in_board, "board")):
        with pytest.raises(vm.VmwidgetsError, match=f"^{name} is 'x', expected an Answer$"):
            hand_in("x")
    assert a.zone.file.answers == ()


# ----------------------------------------------------------------------------------------------------------- the stages
def test_a_prediction_of_walls_is_complete_and_stays(begin):
    a = begin(TOKEN)
    judged = {f"V{n}": "weak" for n in range(1, 9)}
    assert "every row" in ask(a.recon, name="commit", group="a1", values={**judged, "V3": ""}, confidence=2)
    assert "how sure" in ask(a.recon, name="commit", group="a1", values=judged, confidence=0)
    assert a.zone.file.answers == ()
    assert not ask(a.recon, name="commit", group="a1", values=judged, confidence=2)
    assert lamp(a.recon)["text"].startswith("5 of 5")
    assert "stays" in ask(a.recon, name="commit", group="a1", values=judged, confidence=3)
    again = begin().recon.state["groups"][0]
    assert [one["value"] for one in again["fields"]] == ["weak"] * 8
    assert (again["locked"], again["sure"]) == (True, 2)


@pytest.mark.parametrize("slot", SLOTS)
def test_a_program_that_crosses_is_kept_and_lights_the_lamp_here(begin, slot):
    a = begin(TOKEN)
    wall = getattr(a, f"break_{slot}")
    assert wall.desk.state["locked"]
    write(a, slot, IDLE)
    assert wall.desk.state["verdict"]["title"] == "The wall holds."
    assert lamp(wall.foot)["text"].startswith("0 of 10")
    right = reference.program(a.zone.variant, slot)
    write(a, slot, right)
    assert wall.desk.state["verdict"]["title"] == "The wall is crossed, and your report proves it."
    assert lamp(wall.foot)["text"].startswith("10 of 10")
    assert "Whether it has arrived" not in sent(wall.foot)
    write(a, slot, IDLE)
    assert a.zone.program(slot) == right
    assert "crosses here" in wall.foot.state["groups"][0]["note"]
    again = getattr(begin(), f"break_{slot}")
    assert again.desk.text["code"] == right
    assert not again.desk.state["locked"]
    assert not ask(wall.foot, name="commit", group="keep", values={}, confidence=0)
    assert a.zone.program(slot) == IDLE


def test_a_wall_that_falls_without_a_report_is_not_crossed(begin):
    a = begin(TOKEN)
    slot = next(s for s, one in a.zone.variant.exploitable.items() if one.proof == "secret")
    right = reference.program(a.zone.variant, slot)
    head, _, tail = right.rpartition("vmcall")
    wall = getattr(a, f"break_{slot}")
    write(a, slot, f"{head}nop{tail}")
    assert not a.zone.crosses(slot)
    assert lamp(wall.foot)["text"].startswith("0 of 10")


def test_other_numbers_start_other_instances_and_the_lamp_stays_with_the_own(begin):
    a = begin(TOKEN)
    write(a, "memory", reference.program(a.zone.variant, "memory"))
    before = a.break_memory.trace.state["frames"]
    assert not ask(a.break_memory.desk, name="seed", value=7)
    assert a.break_memory.trace.state["frames"] != before
    assert not ask(a.break_memory.desk, name="move", to="run", code=a.zone.program("memory"))
    assert a.break_memory.desk.state["verdict"]["outcome"] == "open"
    assert lamp(a.break_memory.foot)["text"].startswith("10 of 10")


def test_a_line_that_is_no_code_is_named(begin):
    a = begin(TOKEN)
    write(a, "memory", "nop\nmvo rax, 1\n")
    line, text = a.break_memory.desk.state["fault"]
    assert (line, "mvo" in text) == (2, True)
    write(a, "memory", "mov rax, {pages}\n")
    assert a.break_memory.desk.state["fault"][0] == 1
    write(a, "memory", "mov rax, {lowest_table}\n")
    assert a.break_memory.desk.state["fault"][0] == 0


def test_what_is_typed_is_kept_before_it_is_run(begin):
    a = begin(TOKEN)
    assert not ask(a.break_cpu.head, name="family", id="V6")
    assert not ask(a.break_cpu.desk, name="check", code="mov rax, 1\n")
    assert begin().zone.program("cpu") == "mov rax, 1\n"
    for count in range(18):
        ask(a.break_cpu.desk, name="check", code=f"; {count} " + "x" * 15_900)
    assert len([one for one in a.zone.file.answers if one.kind == "program"]) == 1


def test_a_hint_says_its_price_before_it_is_open_and_opens_once(begin):
    a = begin(TOKEN)
    head = a.break_memory.head
    assert (head.state["hints"], head.state["hint"]) == ([], "Open hint 1 of 3; its price in points: 0")
    for count, price in ((1, 1), (2, 2)):
        ask(head, name="hint", open=count)
        ask(head, name="hint", open=count)
        assert len(head.state["hints"]) == count
        assert head.state["hint"].endswith(f": {price}")
    ask(head, name="hint", open=3)
    assert (len(head.state["hints"]), head.state["hint"]) == (3, "")
    write(a, "memory", reference.program(a.zone.variant, "memory"))
    assert lamp(a.break_memory.foot)["text"].startswith("7 of 10")
    assert len(begin().break_memory.head.state["hints"]) == 3


def test_a_diagnosis_is_chosen_from_lists(begin):
    a = begin(TOKEN)
    for slot in SLOTS:
        write(a, slot, reference.program(a.zone.variant, slot))
        right = dict(zip(("mechanism", "threat", "layer"), reference.diagnosis(a.zone.variant, slot), strict=True))
        assert "choose one" in ask(a.diagnose, name="commit", group=slot, values={**right, "layer": "me"}, confidence=0)
        assert not ask(a.diagnose, name="commit", group=slot, values=right, confidence=0)
    assert lamp(a.diagnose)["text"].startswith("15 of 15")
    assert [one["fields"][0]["value"] for one in begin().diagnose.state["groups"]] != [""] * 3


def test_the_lamp_of_the_diagnosis_does_not_tell_which_weakness_is_there(begin):
    a = begin(TOKEN)
    told = set[str]()
    for mechanism in MECHANISMS:
        guess = {"mechanism": mechanism, "threat": min(THREATS), "layer": min(layers(a.zone.variant))}
        assert not ask(a.diagnose, name="commit", group="memory", values=guess, confidence=0)
        told.add(lamp(a.diagnose)["text"])
    assert told == {"Shown when programs of yours cross the walls that you have diagnosed."}
    write(a, "memory", reference.program(a.zone.variant, "memory"))
    assert "of 15 points" in lamp(a.diagnose)["text"]


def test_the_manual_says_what_holds_for_all_families_above_their_table(begin):
    (families,) = (one for one in begin(TOKEN).rules.manual["sections"] if one["id"] == "families")
    assert families["texts"] == [
        "Each wall is tried alone: while a program is run against one, the holes of the two others are closed."
    ]
    assert [row[0].split()[0] for row in families["rows"][1:]] == [f"V{number}" for number in range(1, 10)]


def predict_walls(a: vm.Assignment) -> None:
    a.answer(reference.answers(a.zone.variant)["a1"])


def fix(a: vm.Assignment) -> None:
    """Set the board as the reference does."""
    on = reference.answers(a.zone.variant)["a4"].value
    for row in a.fix.state["rows"]:
        assert not ask(a.fix, name="switch", id=row["id"], on=row["id"] in on)


def test_the_board_opens_when_the_walls_are_predicted(begin):
    a = begin(TOKEN)
    assert "A1" in a.fix.state["closed"]
    assert a.fix.state["rows"] == []
    assert "first (A1)" in ask(a.fix, name="switch", id="iommu", on=True)
    assert "first (A1)" in ask(a.fix, name="commit")
    assert a.zone.value("a4") is None
    predict_walls(a)
    assert a.fix.state["closed"] == ""
    assert a.fix.state["rows"]
    assert a.practice.fix.state["rows"]


def test_the_board_replays_the_own_programs_and_hides_the_price_until_it_is_predicted(begin):
    a = begin(TOKEN)
    predict_walls(a)
    for slot in SLOTS:
        write(a, slot, reference.program(a.zone.variant, slot))
    assert [one["tone"] for one in a.fix.state["replayed"]] == ["bad"] * 3
    fix(a)
    assert [one["tone"] for one in a.fix.state["replayed"]] == ["good"] * 3
    assert a.zone.value("a4") is None
    assert "Opens when" in a.price.state["closed"]
    assert not ask(a.fix, name="commit")
    assert a.fix.state["kept"]
    assert a.fix.state["figures"] == []
    here, others, workload, _ = a.fix.state["lamps"]
    assert here["text"].startswith("10 of 10")
    assert others["text"].startswith("10 of 10")
    assert workload["text"] == "Shown when your prediction of the price (A5) for this board is in."
    given = {"cpu": "3,5", "frames": "−2", "exits": "10"}
    assert "a number such as 1.5" in ask(
        a.price, name="commit", group="a5", values={**given, "cpu": "3.55"}, confidence=2
    )
    assert not ask(a.price, name="commit", group="a5", values=given, confidence=2)
    assert a.zone.value("a5") == (35, -2, 10)
    assert len(a.fix.state["figures"]) == 4
    assert a.fix.state["lamps"][2]["text"].startswith("10 of 10")
    assert "stays" in ask(a.price, name="commit", group="a5", values=given, confidence=2)


def test_another_board_wants_a_prediction_of_its_own_and_an_old_one_its_old_one(begin):
    a = begin(TOKEN)
    predict_walls(a)
    given = {"cpu": "1", "frames": "2", "exits": "3"}
    ask(a.fix, name="commit")
    ask(a.price, name="commit", group="a5", values=given, confidence=1)
    first, rows = a.zone.predicted, a.fix.state["rows"]
    row = next(row for row in rows if row["id"] == "stub_domain")
    assert row["price"] == "frames +4"
    ask(a.fix, name="switch", id=row["id"], on=not row["on"])
    ask(a.fix, name="commit")
    assert (a.zone.predicted, a.fix.state["figures"]) == (None, [])
    ask(a.price, name="commit", group="a5", values={**given, "cpu": "9"}, confidence=1)
    assert a.price.state["groups"][0]["note"] == "Your prediction for this board is in; it stays as it is."
    ask(a.fix, name="switch", id=row["id"], on=row["on"])
    ask(a.fix, name="commit")
    assert a.zone.predicted == first == a.zone.value("a5")


def test_who_has_seen_a_price_predicts_it_no_more(begin):
    a = begin(TOKEN)
    predict_walls(a)
    ask(a.fix, name="commit")
    ask(a.price, name="commit", group="a5", values={"cpu": "1", "frames": "2", "exits": "3"}, confidence=1)
    free = next(row for row in a.fix.state["rows"] if row["price"] == "costs nothing" and row["on"])
    ask(a.fix, name="switch", id=free["id"], on=False)
    ask(a.fix, name="commit")
    assert free["id"] not in a.zone.value("a4")
    assert a.zone.predicted == a.zone.value("a5") == (10, 2, 3)
    assert len(a.fix.state["figures"]) == 4
    told = a.price.state["groups"][0]
    assert (told["locked"], "what you have seen already" in told["note"]) == (True, True)
    assert "stays" in ask(a.price, name="commit", group="a5", values={"cpu": "0"}, confidence=1)


def test_a_switch_that_the_board_has_not_is_refused(begin):
    a = begin(TOKEN)
    assert ask(a.fix, name="switch", id="magic", on=True)
    assert a.zone.variant.incurable.switches == () or ask(
        a.fix, name="switch", id=a.zone.variant.incurable.switches[0], on=True
    )


def test_a_text_is_kept_as_it_is_typed(begin):
    a = begin(TOKEN)
    for typed, kept in ((" ", ""), ("half", "half"), ("half a ", "half a"), ("", ""), ("half a", "half a")):
        assert not ask(a.post_mortem, name="draft", id="text", text=typed)
        assert [one.value for one in a.zone.file.answers] == [kept]
        note = a.post_mortem.state["groups"][0]["note"]
        assert note == ("The answer file has this text." if kept else "The answer file has no text yet.")
    assert begin().post_mortem.state["groups"][0]["fields"][0]["value"] == "half a"
    assert ask(a.post_mortem, name="commit", group="a6", values={"text": " "}, confidence=0)
    assert not ask(a.post_mortem, name="commit", group="a6", values={"text": "Whole text."}, confidence=0)
    assert begin().post_mortem.state["groups"][0]["fields"][0]["value"] == "Whole text."


# ---------------------------------------------------------------------------------------------------- what is handed in
def test_the_second_lamp_never_says_more_than_is_known(begin):
    a = begin(TOKEN)
    assert sent(a.recon) == "Nothing to send yet."
    ask(a.rules, name="agree", yes=True)
    assert "take the receipt" in sent(a.recon)
    copied = a.receipt.state["text"]
    ask(a.receipt, name="taken", text=copied)
    assert "is not known here" in sent(a.recon)
    ask(a.break_cpu.head, name="hint", open=1)
    assert "have changed" in sent(a.recon)
    ask(a.receipt, name="taken", text=copied)
    assert "have changed" in sent(a.recon), "the page had not yet shown the receipt with the hint when it was copied"
    ask(a.receipt, name="download")
    assert "is not known here" in sent(a.recon)
    assert sent(a.practice.recon) == "Practice is not sent, and never graded."


def test_the_receipt_carries_the_answers_and_the_file_can_be_downloaded(begin, wire, tmp_path):
    a = begin(TOKEN)
    assert a.receipt.state["text"] == ""
    ask(a.rules, name="agree", yes=True)
    read = receipts.read(a.receipt.state["text"])
    assert (read.assignment, TOKEN.encode() in read.data) == ("perimeter", True)
    wire.clear()
    wire.send(a.receipt, name="download", seq=1)
    files = [one.data["content"] for one in wire.to(a.receipt) if "file" in one.data.get("content", {})]
    assert files == [
        {"file": "perimeter.answers.jsonl", "text": (tmp_path / "perimeter.answers.jsonl").read_text(encoding="utf-8")}
    ]


def test_practice_has_a_file_and_a_host_of_its_own(begin, tmp_path):
    a = begin(TOKEN)
    ask(a.practice.rules, name="agree", yes=True)
    assert a.zone.file.answers == ()
    assert (tmp_path / "perimeter-practice.answers.jsonl").is_file()
    assert a.practice.zone.variant != a.zone.variant
    assert "PRACTICE" in a.practice.receipt.state["text"]
    assert a.practice.practice is a.practice


def test_a_lamp_in_words_for_the_cells_of_the_notebook(begin, capsys):
    a = begin()
    a.check("a2.memory")
    practice, here, sent, then = capsys.readouterr().out.splitlines()
    assert practice == "PRACTICE: nothing here is graded."
    assert here == "Checks here: Nothing has been handed in for this yet."
    assert sent == "Sent to the grader: Practice is not sent, and never graded."
    assert "when this cell was run" in then


def test_the_map_fills_in(begin):
    a = begin(TOKEN)
    assert {node["tone"] for row in a.start.state["map"] for node in row} == {"none"}
    for answer in reference.answers(a.zone.variant).values():
        a.answer(answer)
    assert {node["tone"] for row in a.start.state["map"] for node in row} == {"good"}
    assert "90 of 90 points" in a.start.state["sentence"]
    assert "Right: 8 of 8" in a.recon.state["groups"][0]["said"][0]["text"]


# ------------------------------------------------------------------------------------------------------------- messages
def test_messages_are_few_and_small(begin, wire):
    a = begin(TOKEN)
    predict_walls(a)
    views = [getattr(a, name) for name in STAGES] + [a.break_memory]
    write(a, "memory", IDLE)
    wire.clear()
    assert not ask(a.break_memory.desk, name="move", to="step", code=IDLE)
    assert wire.bytes < 12_000
    wire.clear()
    row = a.fix.state["rows"][0]
    assert not ask(a.fix, name="switch", id=row["id"], on=not row["on"])
    assert len(wire.updates) == 1
    assert wire.bytes < 12_000
    assert len(views) == 9


def test_language_changes_everywhere(begin):
    a = begin(TOKEN)
    views = [getattr(a, name) for name in STAGES]
    locale.set_language("ru")
    assert {view.language for view in views} == {"ru"}
    locale.set_language("en")


def test_what_a_page_may_not_ask_is_a_sentence(begin):
    a = begin(TOKEN)
    assert "unknown message" in ask(a.start, name="grade")
    assert ask(a.recon, name="commit", group="a1", values=None, confidence=2)
    assert ask(a.diagnose, name="commit", group="moon", values={}, confidence=2)
    assert ask(a.price, name="commit", group="a5", values={}, confidence=2)
    assert ask(a.break_memory.head, name="family", id="V6")
    assert ask(a.break_memory.desk, name="check", code="nop")
    assert ask(a.recon, name="draft", id="text", text="x")
    assert a.zone.file.answers == ()
