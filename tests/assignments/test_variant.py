import re

import pytest

from tests.assignments.reference import own
from vmwidgets.assignments.perimeter import variant
from vmwidgets.assignments.perimeter.proof import KINDS, STEPS, Step, encode
from vmwidgets.assignments.perimeter.weaknesses import FAMILIES, SLOTS, WEAKNESSES
from vmwidgets.attacks import ATTACKS
from vmwidgets.model.errors import VmwidgetsError
from vmwidgets.model.guest_code import AssemblyError
from vmwidgets.model.range.draws import Draws

VARIANTS = [variant(seed * 0x9E3779B97F4A7C15 % 2**64) for seed in range(300)]


def test_the_same_seed_gives_the_same_host():
    assert variant(5) == variant(5)
    assert variant(5) != variant(6)


@pytest.mark.parametrize("seed", [0, 2**63 - 1, 2**63, 2**64 - 1])
def test_any_seed_of_64_bits_will_do(seed):
    assert variant(seed).run("V1", "nop", seed).crossed is False


@pytest.mark.parametrize("seed", [-1, 2**64, "5", None, 1.5, True])
def test_what_is_no_seed_is_refused(seed):
    with pytest.raises(VmwidgetsError, match="seed"):
        variant(seed)


def test_five_families_are_there_and_no_two_the_same():
    for one in VARIANTS:
        assert {slot: hole.family in SLOTS[slot] for slot, hole in one.exploitable.items()} == dict.fromkeys(
            SLOTS, True
        )
        holes = (*one.exploitable.values(), one.decoy, one.incurable)
        assert len({hole.family for hole in holes}) == 5
        assert one.decoy.family != "V9"


def test_structures_are_many():
    """Three walls with four, six and four holes: a classmate has another triple nearly always."""
    triples = {tuple(hole.id for hole in one.exploitable.values()) for one in VARIANTS}
    assert len(triples) > 70
    assert len({one.structure for one in VARIANTS}) > 290
    assert {one.encoding[0].operation for one in VARIANTS} == {"xor", "add", "rotate"}
    assert {hole for one in VARIANTS for hole in (one.decoy.id, one.incurable.id)} == set(WEAKNESSES)


def test_the_board_opens_what_is_exploitable_and_nothing_else():
    for one in VARIANTS:
        off = {id for id, on in one.settings.items() if not on}
        needless = {"in_turn": "core_scheduling", "sibling": "l1d_flush"}[one.core]
        weak = {id for hole in one.exploitable.values() for id in hole.switches}
        assert off - weak == {"stub_domain", needless}
        assert weak <= off
        assert not set(one.missing) & set(one.settings)
        assert set(one.decoy.switches) <= set(one.settings)


def test_the_manual_stays_while_the_boot_changes():
    one = variant(3)
    first, second = one.numbers(1), one.numbers(2)
    assert {name for name in first if first[name] != second[name]} <= {"window_entry", "lowest_table"}
    assert first["mark"] != variant(4).numbers(1)["mark"]
    assert first["port_nic"] == second["port_nic"]


def test_what_is_printed_comes_from_the_seed_of_the_manual():
    assert Draws(1, 9).word("mark") == Draws(2, 9).word("mark") == Draws(9).word("mark")
    assert Draws(1, 9).word("secret") == Draws(1).word("secret") != Draws(2, 9).word("secret")
    assert Draws(1, 9).order("hypercall order", 5) == Draws(9).order("hypercall order", 5)


def test_zones_of_two_kinds_never_have_the_same_name():
    own, victim, other = ({getattr(one.zones, zone) for one in VARIANTS} for zone in ("own", "victim", "other"))
    assert len(own | victim | other) == len(own) + len(victim) + len(other)
    assert min(map(len, (own, victim, other))) > 295


@pytest.mark.parametrize("hole", WEAKNESSES.values(), ids=lambda hole: hole.id)
def test_a_hole_is_that_of_its_attack(hole):
    assert hole.attack is ATTACKS[hole.id]
    assert hole.family == hole.attack.family
    assert hole in FAMILIES[hole.family]


@pytest.mark.parametrize(
    ("step", "found", "reported"),
    [
        (Step("xor", 0xFF), 0x0F, 0xF0),
        (Step("add", 2), 2**64 - 1, 1),
        (Step("rotate", 8), 0xAB << 56 | 1, 0x1AB),
    ],
)
def test_steps_of_an_encoding(step, found, reported):
    assert encode([step], found) == reported


def test_kinds_of_encodings():
    assert len(KINDS) == len(set(KINDS)) == 12
    assert {len(kind) for kind in KINDS} == {STEPS}


def test_a_switch_that_the_board_does_not_have_is_refused():
    with pytest.raises(VmwidgetsError, match="no switch 'moat'"):
        variant(1).run("V1", "nop", 1, {"moat": True})
    with pytest.raises(VmwidgetsError, match="family is 'V10'"):
        variant(1).run("V10", "nop", 1)


def test_one_hole_does_not_do_for_all_walls():
    """A program that reads the secret by DMA does so for its own wall, and not for that of another family."""
    one = next(one for one in VARIANTS if one.exploitable["device"].id == "dma")
    code = own(one, WEAKNESSES["dma"])
    assert one.run("V3", code, 7).crossed
    for slot in ("memory", "cpu"):
        assert not one.run(one.exploitable[slot].family, code, 7).crossed


def test_what_cannot_be_mended_does_not_do_for_another_wall_either():
    one = next(one for one in VARIANTS if one.incurable.id == "dma")
    code = own(one, WEAKNESSES["dma"])
    assert one.run("V3", code, 7).crossed
    assert not any(one.run(hole.family, code, 7).crossed for hole in one.exploitable.values())


def test_numbers_of_the_manual_are_written_as_they_are():
    with pytest.raises(AssemblyError, match="mark stands in the manual: write the number itself") as refused:
        variant(1).run("V1", "nop ; {mark}\nmov rax, { mark }", 1)
    assert (refused.value.line, refused.value.column) == (2, 10)
    with pytest.raises(VmwidgetsError, match="there is no moat in the manual"):
        variant(1).run("V1", "mov rax, {moat}", 1)
    for text, said in (
        ("nop\nmov rsi, {lowest_table}, 5", "line 2, column 24: this is ',', expected the end of the line"),
        ("mov rsi, lowest_table", "line 1, column 10: there is no 'lowest_table', did you mean {lowest_table}"),
        ("mov rsi, page_bytes", "line 1, column 10: this is 'page_bytes', expected rax"),
    ):
        with pytest.raises(VmwidgetsError, match=re.escape(said)):
            variant(1).run("V1", text, 1)
    assert variant(1).run("V1", "mov rax, {lowest_table}\nmov rdi, {window_entry}", 1).verdict.finished
