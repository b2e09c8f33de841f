"""What answers are worth: right ones on many hosts, and each typical mistake its own marks and no others."""

import re
from collections.abc import Mapping
from typing import cast

import pytest

from tests.assignments import reference
from vmwidgets.answers import Answer
from vmwidgets.assignments.perimeter import Variant, variant
from vmwidgets.assignments.perimeter.board import cost
from vmwidgets.assignments.perimeter.board import reference as fix
from vmwidgets.assignments.perimeter.checks import NOTHING, check_item, grade
from vmwidgets.assignments.perimeter.items import ITEMS, MOST, hints
from vmwidgets.assignments.perimeter.variant import BOOT_NAMES
from vmwidgets.assignments.perimeter.weaknesses import SLOTS, WEAKNESSES
from vmwidgets.assignments.result import Result
from vmwidgets.model.errors import VmwidgetsError
from vmwidgets.model.range.reading import fill

Answers = dict[str, Answer]
BOOTS = (2**63 + 11, 90210)
HOSTS = [variant(seed * 0x9E3779B97F4A7C15 % 2**64) for seed in range(1, 200)]
RIGHT = {id: most for id, most in MOST.items() if id != "a6"} | {"a6": None}


def with_holes(**wanted: str) -> Variant:
    """Return a host with holes of these ids in these walls."""
    return next(
        one for one in HOSTS if all(one.exploitable[slot].id == id for slot, id in wanted.items())
    )  # fmt: skip


HOST = with_holes(memory="uncleared_frames", device="backend_request", cpu="cached_secret")
PERFECT = reference.answers(HOST)


@pytest.fixture(autouse=True)
def few_mutants(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Draw only a few other attacks where they are not what a test is about: they take half of the time."""
    if "with_board" not in request.function.__code__.co_names:
        monkeypatch.setattr("vmwidgets.assignments.perimeter.mending.MUTANTS", 4)


def graded(host: Variant, answers: Mapping[str, Answer]) -> dict[str, Result]:
    return {one.item: one for one in grade(host, answers, BOOTS)}


def points(host: Variant, answers: Mapping[str, Answer]) -> dict[str, int | None]:
    return {item: one.points for item, one in graded(host, answers).items()}


def said(one: Result) -> str:
    return one.reason.format(**one.fields)


def program(slot: str, code: str) -> Answers:
    return {**PERFECT, f"a2.{slot}": Answer("program", f"a2.{slot}", code)}


def test_the_points_are_a_hundred_and_each_item_has_a_name_of_its_own():
    assert sum(MOST.values()) == 100
    assert len({one.name for one in ITEMS}) == len(ITEMS)


@pytest.mark.parametrize("id", [id for id, hole in WEAKNESSES.items() if hole.family != "V9"])
def test_right_answers_earn_everything_whatever_the_hole(id: str):
    hole = WEAKNESSES[id]
    slot = next(slot for slot, families in SLOTS.items() if hole.family in families)
    for host in [one for one in HOSTS if one.exploitable[slot].id == id][:1]:
        found = graded(host, reference.answers(host))
        assert {item: one.points for item, one in found.items()} == RIGHT
        assert [item for item, one in found.items() if one.human] == ["a6"]


def test_the_checks_here_say_the_same_of_right_answers():
    assert {id: check_item(HOST, id, PERFECT).points for id in MOST} == RIGHT


def test_grading_is_a_pure_function():
    assert graded(HOST, PERFECT) == graded(HOST, dict(reversed(PERFECT.items())))


def test_results_come_one_by_one():
    first = next(iter(grade(HOST, PERFECT, BOOTS)))
    assert first.item == "a0"


# What is lost by which mistake: answers, then the items that lose something and what is left of them. Programs that do
# not cross earn nothing when they are replayed on the board either: three crossing programs are 10 points, two are 6.

SECRET = HOST.shot("V4", "nop", 0).scenario.secret
HARD_CODED = fill(
    f"    mov rdi, {SECRET}\n"
    + "".join(map(reference._step, HOST.encoding))  # pyright: ignore[reportPrivateUsage]
    + reference.REPORT,
    HOST.numbers(),
)
OTHER = next(one for one in HOSTS if one is not HOST and one.exploitable["memory"].id == "uncleared_frames")
LOST_MEMORY = {"a2.memory": 0, "a4.exploits": 6}
PROGRAMS = {
    "a secret learned by heart": (HARD_CODED, "the instance you saw only"),
    "the gallery as it is": (HOST.exploitable["memory"].attack.code, "stands in the manual: write the number itself"),
    "the gallery with the manual's numbers": (
        fill(HOST.exploitable["memory"].attack.code, HOST.numbers()), "encoded as your manual says",
    ),
    "the program of another student": (reference.program(OTHER, "memory"), "no call with the number|belongs|cleared|"),
    "an endless loop": ("again:\n    jmp again", "stopped"),
    "nothing but blanks": (" \n ", "Nothing was handed in"),
    "a line that is no instruction": ("    nop\n    mow rax, 1", "line 2"),
    "too many instructions": ("    nop\n" * 300, "256|instructions"),
    "a program that asks for nothing": ("    nop", "asked nobody"),
}  # fmt: skip


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_that_does_not_cross_costs_its_own_points(name: str):
    code, reason = PROGRAMS[name]
    found = graded(HOST, program("memory", code))
    assert {item: one.points for item, one in found.items()} == RIGHT | LOST_MEMORY
    assert re.search(reason, said(found["a2.memory"]))


def test_a_program_that_is_too_long_is_not_even_read(monkeypatch: pytest.MonkeyPatch):
    code = reference.program(HOST, "memory")
    monkeypatch.setattr("vmwidgets.assignments.perimeter.breaking.MAX_PROGRAM", len(code) - 1)
    found = graded(HOST, {"a2.memory": PERFECT["a2.memory"], "a2.memory.family": PERFECT["a2.memory.family"]})
    assert found["a2.memory"].points == 0
    assert said(found["a2.memory"]) == f"The program has {len(code)} characters, and {len(code) - 1} are the most."


def test_a_secret_learned_by_heart_earns_nothing_on_the_own_instance_either():
    found = check_item(HOST, "a2.memory", program("memory", HARD_CODED))
    assert (found.points, "no wall fell" in said(found)) == (0, True)


def test_places_learned_by_heart_pass_here_and_nowhere_else():
    """A device that is told in which frame the secret lies goes through the hole, but only where it lies there."""
    host = with_holes(device="dma")
    answers, frame = reference.answers(host), host.shot("V3", "nop", 0).scenario.secret_frame
    code = reference.program(host, "device").replace("xor rsi, rsi", f"mov rsi, {frame * 4096}", 1)
    code = re.sub(r"mov rdi, \d+", f"mov rdi, {frame * 4096 + 1}", code, count=1)
    answers["a2.device"] = Answer("program", "a2.device", code)
    assert check_item(host, "a2.device", answers).points == 10
    found = graded(host, answers)["a2.device"]
    assert (found.points, "the instance you saw only" in said(found)) == (0, True)


def test_another_wall_is_not_this_one():
    """DMA reads the secret whatever the VM was started for, but it is no way past the memory's wall."""
    host = with_holes(memory="flush_reload", device="dma")
    answers = reference.answers(host)
    answers["a2.memory"] = Answer("program", "a2.memory", reference.program(host, "device"))
    found = graded(host, answers)
    assert {item: one.points for item, one in found.items()} == RIGHT | LOST_MEMORY
    assert "IOMMU" in said(found["a2.memory"])


def test_the_family_is_worth_two_points_of_a_program_that_crosses():
    host = with_holes(device="dma")
    answers = reference.answers(host)
    answers["a2.device.family"] = Answer("choice", "a2.device.family", "V2")
    found = graded(host, answers)
    assert {item: one.points for item, one in found.items()} == RIGHT | {"a2.device": 8}
    assert "name the family" in said(found["a2.device"])


@pytest.mark.parametrize("family", ["V1", "V5", "V2", "V9", "nonsense"])
def test_a_program_that_needs_the_situation_of_its_family_fails_in_another(family: str):
    answers = {**PERFECT, "a2.memory.family": Answer("choice", "a2.memory.family", family)}
    assert points(HOST, answers) == RIGHT | LOST_MEMORY


@pytest.mark.parametrize(("opened", "left"), [(0, 10), (1, 10), (2, 9), (3, 7), (99, 7), (-1, 10)])
def test_hints_cost_what_they_cost(opened: int, left: int):
    answers = {**PERFECT, "hint.cpu": Answer("observation", "hint.cpu", opened)}
    assert points(HOST, answers) == RIGHT | {"a2.cpu": left}
    assert len(hints(HOST, "cpu")) == 3


def test_hints_take_nothing_from_nothing():
    answers = program("cpu", "nop") | {"hint.cpu": Answer("observation", "hint.cpu", 3)}
    assert points(HOST, answers)["a2.cpu"] == 0


def changed(item: str, value: object, kind: str = "", confidence: int | None = 3) -> Answers:
    one = PERFECT[item]
    sure = confidence if one.confidence is not None else None
    return {**PERFECT, item: Answer(kind or one.kind, item, value, sure)}  # pyright: ignore[reportArgumentType]


MECHANISM, THREAT, LAYER = reference.diagnosis(HOST, "memory")
BOARD = tuple(str(id) for id in cast("tuple[str, ...]", PERFECT["a4"].value))
PRICE = PERFECT["a5"].value
assert isinstance(PRICE, tuple)
HANDED_OVER = tuple(sorted(id for id, on in HOST.settings.items() if on))
MISTAKES: dict[str, tuple[Answers, dict[str, int]]] = {
    "rules not agreed to": (changed("a0", "no"), {}),
    "seven judgements instead of eight": (changed("a1", ("weak",) * 7), {"a1": 0}),
    "a judgement that is none": (changed("a1", ("weak",) * 7 + ("maybe",)), {"a1": 0}),
    "a prediction without saying how sure": (changed("a1", PERFECT["a1"].value, confidence=None), {"a1": 0}),
    "a wrong prediction": (changed("a1", ("weak",) * 8), {}),
    "a wrong mechanism": (changed("a3.memory", ("iommu", THREAT, LAYER)), {"a3": 13}),
    "a wrong threat": (changed("a3.memory", (MECHANISM, "sprawl", LAYER)), {"a3": 14}),
    "a wrong layer": (changed("a3.memory", (MECHANISM, THREAT, "firmware")), {"a3": 13}),
    "a diagnosis of two": (changed("a3.memory", (MECHANISM, THREAT)), {"a3": 10}),
    "a switch that the board lacks": (
        changed("a4", (*BOARD, "ecc")), {"a4.exploits": 0, "a4.mutants": 0, "a4.workload": 0, "a5": 0},
    ),
    "a prediction of two numbers": (changed("a5", PRICE[:2]), {"a5": 0}),
    "words for a price": (changed("a5", ("a", "b", "c")), {"a5": 0}),
    "a program where a choice belongs": (changed("a4", "iommu", "program"), {"a4.exploits": 0, "a4.mutants": 0,
                                                                             "a4.workload": 0, "a5": 0}),
    "a claim": ({**PERFECT, "result": Answer("choice", "result", "100"), "a2": Answer("choice", "a2", "passed")}, {}),
}  # fmt: skip


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_costs_its_own_points(name: str):
    answers, left = MISTAKES[name]
    found = graded(HOST, answers)
    assert {item: one.points for item, one in found.items()} == RIGHT | left
    assert all(one.reason for one in found.values())


@pytest.mark.parametrize("item", [item for item in PERFECT if item != "a0"])
def test_what_is_missing_costs_its_own_points_and_what_needs_it(item: str):
    answers = {id: one for id, one in PERFECT.items() if id != item}
    board = {"a4.exploits": 0, "a4.mutants": 0, "a4.workload": 0, "a5": 0}
    needs = {"a1": {"a1": 0}, "a4": board, "a5": {"a5": 0}, "a6": {"a6": 0}}
    slot = item.split(".")[1] if "." in item else ""
    lost = needs.get(item) or ({"a3": 10} if item[:2] == "a3" else {f"a2.{slot}": 0, "a4.exploits": 6})
    found = graded(HOST, answers)
    assert {id: one.points for id, one in found.items()} == RIGHT | lost
    if item in ("a1", "a4", "a6"):
        assert found["a4.mutants" if item == "a4" else item].reason == NOTHING


def test_nothing_at_all_is_nothing():
    found = graded(HOST, {})
    assert {item: one.points for item, one in found.items()} == dict.fromkeys(MOST, 0)
    assert not any(one.human for one in found.values())


def test_a_text_that_is_too_long_is_not_read():
    found = graded(HOST, changed("a6", "a" * 2001))["a6"]
    assert (found.points, found.human) == (0, False)


# The board.


MENDS_NOTHING = {"a4.exploits": 0, "a4.mutants": 0, "a4.workload": 0, "a5": 0}


def with_board(host: Variant, *on: str) -> dict[str, int | None]:
    """Return what remains of perfect answers with another board, the price of which was foretold."""
    answers, switches = reference.answers(host), {id: id in on for id in host.settings}
    price = cost(host, switches)
    told = (price.cpu_permille - 1000, price.frames, price.exits_per_s)
    answers |= {"a4": Answer("choice", "a4", tuple(sorted(on))), "a5": Answer("prediction", "a5", told, 2)}
    return points(host, answers)


def test_all_switches_on_stop_everything_and_cost_too_much():
    found = with_board(HOST, *HOST.settings)
    assert found["a4.workload"] in (0, 5)
    assert found == RIGHT | {"a4.workload": found["a4.workload"]}


def test_a_board_as_it_was_handed_over_mends_nothing():
    assert with_board(HOST, *HANDED_OVER) == RIGHT | MENDS_NOTHING


def test_nothing_on_is_worse():
    found = with_board(HOST)
    assert found == RIGHT | MENDS_NOTHING


def test_a_wall_that_is_forgotten_costs_its_third_and_its_mutants():
    forgotten = set(HOST.exploitable["memory"].switches)
    found = with_board(HOST, *(set(BOARD) - forgotten))
    mutants = found["a4.mutants"]
    assert mutants is not None
    assert 2 <= mutants <= 6
    assert found == RIGHT | {"a4.exploits": 6, "a4.mutants": mutants}


def test_a_switch_taken_off_lets_attacks_through_that_were_not_planted():
    spared = next(id for id in ("bounds_check", "descriptor_check", "reassembly_check") if HOST.settings.get(id))
    found = with_board(HOST, *(set(BOARD) - {spared}))
    mutants = found["a4.mutants"]
    assert mutants is not None
    assert 6 <= mutants <= 9
    assert found == RIGHT | {"a4.mutants": mutants}


# The price.

DEAR = with_holes(memory="flush_reload", cpu="cached_secret")
DEAR_PRICE = reference.answers(DEAR)["a5"].value


@pytest.mark.parametrize(
    ("percent", "left"),
    [((0, 0, 0), 10), ((15, -15, 15), 10), ((19, 19, -19), 10), ((25, 25, 25), 0), ((25, 0, 0), 6), ((0, -25, 25), 4)],
)
def test_a_prediction_may_be_a_fifth_off(percent: tuple[int, int, int], left: int):
    assert isinstance(DEAR_PRICE, tuple)
    measured = [one for one in DEAR_PRICE if isinstance(one, int)]
    assert min(map(abs, measured)) > 15, "a price at which percents can be told from whole frames"
    given = tuple(one + one * off // 100 for one, off in zip(measured, percent, strict=True))
    answers = {**reference.answers(DEAR), "a5": Answer("prediction", "a5", given, 2)}
    assert points(DEAR, answers) == RIGHT | {"a5": left}


def test_where_nothing_was_measured_a_little_is_near_enough():
    host = next(one for one in HOSTS if cost(one, fix(one)).frames == 0)
    price = cost(host, fix(host))
    for off, left in ((1, 10), (2, 7)):
        value = (price.cpu_permille - 1000, off, price.exits_per_s)
        answers = {**reference.answers(host), "a5": Answer("prediction", "a5", value, 2)}
        assert points(host, answers) == RIGHT | {"a5": left}


def test_the_lamp_for_recon_does_not_tell_how_many_were_right():
    assert "right" not in check_item(HOST, "a1", PERFECT).fields
    assert graded(HOST, PERFECT)["a1"].fields == {"right": 8, "all": 8}


def test_an_unknown_item_is_refused():
    with pytest.raises(VmwidgetsError, match="no item"):
        check_item(HOST, "a9", PERFECT)


def test_reasons_can_be_said_with_their_fields():
    """Whatever hole is tried in whatever wall: there is a sentence, and it has all of its fields."""
    for hole in WEAKNESSES.values():
        for slot, families in SLOTS.items():
            if hole.family not in families:
                continue
            code = fill(hole.attack.code, HOST.numbers() | {name: f"{{{name}}}" for name in BOOT_NAMES})  # pyright: ignore[reportArgumentType]
            answers = program(slot, code) | {f"a2.{slot}.family": Answer("choice", f"a2.{slot}.family", hole.family)}
            found = check_item(HOST, f"a2.{slot}", answers, BOOTS[0])
            assert found.points == 0
            assert said(found)
            assert "{" not in said(found)
