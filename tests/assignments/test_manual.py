import re

import pytest

from vmwidgets.assignments.perimeter import variant
from vmwidgets.assignments.perimeter.manual import manual, proof, where
from vmwidgets.assignments.perimeter.manual_words import CORES, NUMBERS, PROOFS, REMARKS, STEPS, WHERE
from vmwidgets.assignments.perimeter.variant import BOOT_NAMES
from vmwidgets.assignments.perimeter.weaknesses import FAMILIES, WEAKNESSES
from vmwidgets.assignments.perimeter.weaknesses import PROOFS as KINDS

HOSTS = [variant(seed) for seed in range(12)]


def text(section):
    return [one.text.format(**one.fields) for one in section.sentences]


def section(one, id):
    return next(part for part in manual(one) if part.id == id)


@pytest.mark.parametrize("one", HOSTS, ids=lambda one: str(one.seed))
def test_it_can_be_said_and_fits_on_two_pages(one):
    words = sum(len(line) for part in manual(one) for line in (part.title, *text(part)))
    rows = [row for part in manual(one) for row in part.rows]
    assert words + sum(len(row.text) for row in rows) < 8_500
    assert len({row.name for row in rows}) == len(rows) < 50
    assert not any("{" in line for part in manual(one) for line in text(part))


def test_there_is_a_word_for_everything():
    assert set(REMARKS) == set(WEAKNESSES)
    assert set(WHERE) == set(FAMILIES)
    assert set(PROOFS) == set(KINDS)
    assert set(STEPS) == {step.operation for one in HOSTS for step in one.encoding}
    assert set(CORES) == {one.core for one in HOSTS}


def test_whatever_an_attack_of_the_gallery_uses_is_in_it():
    known = {name for rows in NUMBERS.values() for name in rows} | set(BOOT_NAMES)
    for hole in WEAKNESSES.values():
        assert set(re.findall(r"{(\w+)}", hole.attack.code)) <= known, hole.id


def test_its_numbers_are_those_of_every_boot():
    one = HOSTS[0]
    numbers = one.numbers(77)
    assert {row.name: row.number for part in manual(one) for row in part.rows}.items() <= numbers.items()


def test_it_points_at_five_places_and_does_not_say_which_are_open():
    for one in HOSTS:
        remarks = text(section(one, "remarks"))
        assert sorted(remarks) == sorted(REMARKS[hole.id] for hole in one.planted)
    assert any(text(section(one, "remarks"))[0] != REMARKS[one.planted[0].id] for one in HOSTS)


def test_zones_have_the_names_of_the_host():
    one = HOSTS[0]
    assert one.zones.victim in " ".join(text(section(one, "host")))
    assert one.zones.own in " ".join(text(section(one, "host")))
    assert one.zones.victim in where(one, "V4").text.format(**where(one, "V4").fields)


def test_what_is_to_be_brought_is_what_the_hole_asks_for():
    for one in HOSTS:
        for hole in one.exploitable.values():
            assert proof(one, hole.family).text == PROOFS[hole.proof]


def test_it_is_the_same_each_time():
    assert manual(HOSTS[0]) == manual(variant(0))
    assert manual(HOSTS[0]) != manual(HOSTS[1])
