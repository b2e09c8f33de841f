"""Chapter 11: programs are run on machines they have not seen, cards and fates are runs, and nothing is a key."""

from itertools import product

import pytest

import vmwidgets as vm
from tests.chapters.breaking_programs import PROGRAMS
from vmwidgets import locale
from vmwidgets.answer_sheet import MAX_PROGRAM
from vmwidgets.attacks import ATTACKS, FAMILIES
from vmwidgets.chapters import breaking, breaking_drills, breaking_levels, chapter
from vmwidgets.chapters.breaking_tales import TALES
from vmwidgets.chapters.breaking_tasks import LEVELS, TASKS
from vmwidgets.chapters.items import Draw
from vmwidgets.chapters.threats import NONE, THREATS, threats_of
from vmwidgets.model.range.defences import DEFENCES
from vmwidgets.model.range.scenario import Scenario
from vmwidgets.stacks import STACKS

TOKENS = [f"student {i}" for i in range(40)]
EVERY = [(id, stack) for id, task in TASKS.items() for stack in task.stacks]


def draw(token="practice"):
    return Draw(token, breaking.NAME)


def item(id, token="practice", part="drills"):
    return next(one for one in chapter(breaking.NAME, token).part(part).items if one.id == id)


def level(id, stack=""):
    return breaking_levels.Level(1, TASKS[id], stack or TASKS[id].stacks[0], "test", 3)


# ----------------------------------------------------------------------------------------------------- what is measured
def test_one_number_is_the_neighbours_and_noise_is_not():
    one = breaking.probe(draw())
    table = one.table()
    assert table.copied.sum() == 2
    assert table.cycles.nunique() == 3  # in the cache, not in the cache, copied
    assert item("ch11.guess", part="observe").check(one.neighbours()).right
    others = [guess for guess in table.guess if guess not in (-1, one.neighbours())]
    assert not any(item("ch11.guess", part="observe").check(guess).right for guess in others)
    assert not one.table(salted=True).copied.any()


@pytest.mark.parametrize("token", TOKENS[:12])
def test_the_number_is_in_reach_of_the_guesses(token):
    one = breaking.probe(draw(token))
    assert one.first <= one.neighbours() < one.first + 10


def test_the_thief_of_the_text():
    thief = breaking.theft(draw())
    assert thief.percent("sampled") == pytest.approx(95, abs=0.5)
    assert thief.percent("exact") == pytest.approx(25, abs=0.5)
    observe = item("ch11.ticks", part="observe")
    assert [value for value in range(101) if observe.check(value).right] == [94, 95, 96]


def test_thieves_differ():
    assert len({breaking.theft(draw(token)) for token in TOKENS}) > 8


# --------------------------------------------------------------------------------------------------------------- levels
@pytest.mark.parametrize(("id", "stack"), EVERY)
def test_a_task_can_be_solved_wherever_it_is_asked(id, stack):
    verdict = level(id, stack).check()(PROGRAMS[id])
    assert verdict.right
    assert verdict.fields == {"all": breaking_levels.MACHINES, "count": 0}  # with the defence on, nowhere


@pytest.mark.parametrize(("id", "stack"), EVERY)
def test_neither_its_beginning_nor_what_was_narrated_solves_it(id, stack):
    check = level(id, stack).check()
    for code in (TASKS[id].start, ATTACKS[TASKS[id].narrated].code, ATTACKS[TASKS[id].like].code):
        assert check(code).points == 0


@pytest.mark.parametrize(("id", "stack"), EVERY)
def test_what_is_narrated_succeeds_for_the_reason_that_is_off(id, stack):
    one = level(id, stack)
    told = one.told()
    assert told.succeeded
    assert told.deciding.check == one.holes[0]
    assert one.narrated.family == ATTACKS[TASKS[id].like].family


def test_a_secret_of_one_machine_is_worth_nothing():
    code = "mov rax, {call_report}\nmov rdi, 123\nvmcall"
    verdict = level("left").check()(code)
    assert (verdict.points, verdict.fields["count"]) == (0, 0)


def test_machines_depend_on_the_text(monkeypatch):
    run, seeds = breaking_levels.run_attack, []
    monkeypatch.setattr(breaking_levels, "run_attack", lambda *args: seeds.append(args[3]) or run(*args))
    seen = []
    for code in ("nop", "nop ", "nop"):
        level("left").check()(code)
        seen.append(set(seeds))
        seeds.clear()
    assert seen[0] == seen[2]
    assert not seen[0] & seen[1]
    assert len(seen[0]) == breaking_levels.MACHINES


@pytest.mark.parametrize(
    ("code", "line", "column", "words"),
    [
        ("nop\n  bad rax, 1", 2, 3, "bad"),
        ("nop\nmov rax, {floppy_distance}", 2, 10, "manual of the machines"),
        ("mov rax, {nothing}", 1, 10, "no nothing"),
    ],
)
def test_errors_name_the_place(code, line, column, words):
    verdict = level("floppy").check()(code)
    assert (verdict.points, verdict.error.fields["line"], verdict.error.fields["column"]) == (0, line, column)
    assert words in str(verdict.error)


@pytest.mark.parametrize(("id", "stack"), EVERY)
def test_a_task_is_said_in_words_before_it_is_tried(id, stack):
    text = level(id, stack).asked()
    assert text.startswith(STACKS[stack].name)
    assert "{" not in text
    assert max(map(len, text.splitlines())) <= 110
    if TASKS[id].missing:
        assert TASKS[id].missing in text
        practised = level(id, stack)
        assert TASKS[id].missing not in Scenario(STACKS[stack], practised.silent.placement, practised.opened).manual()


def test_who_takes_as_much_as_before_is_told_so():
    verdict = level("thief").check()(ATTACKS["tick_theft"].code)
    assert "instructions" in verdict.reason
    assert verdict.fields["count"] > verdict.fields["all"] == 80_000


def test_a_program_that_never_ends_is_judged_all_the_same():
    assert level("left").check()("again:\njmp again").points == 0


def test_every_level_has_more_structures_than_four():
    found = {tuple((one.task.id, one.stack) for one in breaking_levels.levels(draw(token))) for token in TOKENS}
    for number, choices in enumerate(LEVELS):
        assert {levels[number][0] for levels in found} == set(choices)
        assert len({levels[number] for levels in found}) >= 4


def test_at_least_four_classes_are_attacked():
    for token in ("practice", *TOKENS[:12]):
        classes = {one.narrated.number for one in breaking_levels.levels(draw(token))}
        assert len(classes | {11, 14}) >= 4


@pytest.mark.parametrize("id", sorted({task.narrated for task in TASKS.values()}))
def test_tales_name_lines_of_the_code_and_leave_out_what_is_not_come_by(id):
    for task in (one for one in TASKS.values() if one.narrated == id):
        told = level(task.id).tale()
        lines = ATTACKS[id].code.strip("\n").split("\n")
        steps = [text.split(maxsplit=1) for text in told.splitlines()[2:] if text[2:3].isdigit()]
        assert 0 < len(steps) <= len(TALES[id])
        for number, text in steps:
            assert lines[int(number) - 1].split(";")[0].strip() == text
    if id == "table_update":
        assert "0x80" in level("written", "xen").tale()
        assert "0x80" not in level("written", "kvm").tale()


# --------------------------------------------------------------------------------------------------------------- drills
@pytest.mark.parametrize(("stack", "attacks"), breaking_drills._CARDS)
def test_each_attack_on_a_card_has_one_defence_that_stops_it(stack, attacks):
    for attack in attacks:
        found = [one for one in breaking_drills._SHOWN if breaking_drills.stops(attack, stack, one)]
        assert len(found) == 1, (attack, found)


@pytest.mark.parametrize("token", ["practice", *TOKENS[:3]])
def test_a_wrong_card_is_counted(token):
    cards = item("ch11.cards", token)
    verdict = cards.check((cards.options[0][0],) * 4)
    assert 3 <= verdict.fields["count"] <= 4


@pytest.mark.parametrize("token", ["practice", *TOKENS[:6]])
def test_diagnoses_are_what_the_runs_turned_on(token):
    three = breaking_levels.levels(draw(token))
    right = tuple(one.told().deciding.check for one in three)
    assert item("ch11.diagnosis", token).check(right).right
    assert set(right) <= {id for id, _ in item("ch11.diagnosis", token).options}
    assert not item("ch11.diagnosis", token).check((*right[:2], "ecc")).right


@pytest.mark.parametrize("at", range(len(breaking_drills._PRICES)))
def test_prices_are_read_off_the_table(at):
    stacks, defence, column, *_ = breaking_drills._PRICES[at]
    for stack in stacks:
        cost = breaking_drills.costs(stack, 1).loc[defence, column]
        assert 0 < cost != 100


@pytest.mark.parametrize("language", ["en", "ru"])
def test_the_table_of_prices_calls_defences_as_the_question_does(language):
    locale.set_language(language)
    table = chapter(breaking.NAME).prices()
    assert table.loc[locale.gettext(DEFENCES["salting"].name), "frames"] > 0
    assert not set(table.index) & set(DEFENCES)


def test_something_remains_and_something_is_stopped():
    for stack, other, attacks in breaking_drills._RESIDUAL:
        fates = {breaking_drills.succeeds(one, stack) for one in attacks}
        assert fates == {True, False} or stack == "kvm"
        assert {breaking_drills.succeeds("host_read", one) for one in (stack, other)} <= {True, False}
    assert breaking_drills.succeeds("host_read", "xen")
    assert not breaking_drills.succeeds("host_read", "kvm")
    right = [given for given in product(("stopped", "remains"), repeat=6) if item("ch11.residual").check(given).right]
    assert len(right) == 1


def test_options_are_defences():
    assert {*breaking_drills._SHOWN, *breaking_drills._BROKEN} <= set(DEFENCES)
    assert {stack for task in TASKS.values() for stack in task.stacks} <= set(STACKS)


# -------------------------------------------------------------------------------------------------------------- threats
def test_families_belong_to_threats_and_hosts_to_none():
    assert threats_of("V2") == {"hypervisor", "escape"}
    assert threats_of("V5") == {"neighbour"}
    assert threats_of("V9") == {NONE}
    assert {family for one in THREATS.values() for family in one.families} == set(FAMILIES) - {"V9"}
    threat = item("ch11.threat")
    assert threat.check(("neighbour", "escape", "neighbour", NONE)).right
    assert threat.check(("neighbour", "hypervisor", "neighbour", NONE)).right
    assert threat.check(("escape", "hypervisor", "hypervisor", NONE)).fields["count"] == 2


def test_names_are_those_of_the_standard_in_russian_and_said_to_be_a_proposal():
    locale.set_language("ru")
    text = chapter(breaking.NAME).threat_map()
    for one in THREATS.values():
        assert one.russian in text
        assert locale.gettext(one.english) in (one.english, one.russian)
    locale.set_language("en")
    assert chapter(breaking.NAME).threat_map().startswith("Proposed; ГОСТ Р 56938-2016 does not say so.")
    assert len(chapter(breaking.NAME).threats().splitlines()) == 3


def test_the_text_of_the_thief():
    first, second, third = chapter(breaking.NAME).stolen().splitlines()
    assert first.endswith("94.9 %")
    assert second.split()[-2] == third.split()[-2] == "25.0"


# -------------------------------------------------------------------------------------------------------- program views
@pytest.fixture
def lesson(tmp_path):
    made = []

    def begin():
        made.append(vm.Lesson(breaking.NAME, folder=tmp_path))
        return made[-1]

    yield begin
    for one in made:
        one.close()


def explained(student):
    chapter = student.chapter
    student.answer("predict", {"ch11.wall": "none", "ch11.ticks": 50, "ch11.stamps": 50}, confidence=2)
    student.answer("observe", {"ch11.guess": chapter.probe.neighbours(), "ch11.ticks": 95})
    student.answer("explain", {"ch11.why": "shared", "ch11.sentence": "a leak"})
    return student


def test_programs_stand_by_themselves_and_survive_a_reload(lesson):
    student = explained(lesson())
    view = student.program("ch11.level1")
    assert [one["id"] for one in view.state["items"]] == ["ch11.level1"]
    assert all(one["kind"] != "program" for one in student.drills.state["items"])
    view._on_answer({"values": {"ch11.level1": PROGRAMS["left"]}})
    assert view.state["items"][0]["verdict"]["points"] == 1
    assert "It gets there on 5 machines of 5" in view.state["items"][0]["verdict"]["reason"]
    again = lesson()
    assert again.written("ch11.level1") == PROGRAMS["left"]
    assert again.program("ch11.level1").state["items"][0]["value"] == PROGRAMS["left"]
    assert again.written("ch11.level2", "nop") == "nop"
    assert not again.is_open("exit")


def test_a_program_is_taken_over_from_the_range(lesson):
    student = explained(lesson())
    one = student.chapter.level(2)
    desk = vm.AttackLab(one.lab(), one.silent, code=one.start, defences=one.opened, products=False)
    view = student.program(one.item, desk)
    assert view.state["take"]
    desk.trial.write("nop\n")
    view._receive(view, {"name": "take", "seq": 1}, [])
    assert view.state["items"][0]["value"] == "nop\n"
    view._receive(view, {"name": "answer", "values": {one.item: "mov rax, {floppy_distance}"}, "seq": 2}, [])
    verdict = view.state["items"][0]["verdict"]
    assert verdict["place"] == [1, 10]
    assert (
        verdict["reason"]
        == "line 1, column 10: there is no floppy_distance in the manual of the machines on which it is judged"
    )
    desk.close()


def test_labels_are_not_translated(lesson):
    student = explained(lesson())
    locale.set_language("ru")
    student.answer("drills", {"ch11.level1": "next:\njmp nxt"})
    reason = student.state("drills", "ch11.level1")["items"][0]["verdict"]["reason"]
    assert "nxt" in reason
    assert "next" in reason
    assert "строка 2" in reason


def test_a_mechanism_is_said_in_words(lesson):
    student = explained(lesson())
    (verdict,) = student.answer("drills", {"ch11.level2": "mov rdx, {port_dma}\nmov rax, 1\nout dx, al"})
    assert verdict.points == 0
    said = student.state("drills", "ch11.level2")["items"][0]["verdict"]
    assert said["reason"] == "Run on 5 machines: it gets there on 0."
    assert said["hint"]


def test_no_such_program(lesson):
    with pytest.raises(vm.VmwidgetsError, match=r"expected one of ch11\.level1, ch11\.level2, ch11\.level3"):
        lesson().program("ch11.cards")
    with pytest.raises(vm.VmwidgetsError, match=f"at most {MAX_PROGRAM} characters"):
        explained(lesson()).answer("drills", {"ch11.level1": " " * 10})
