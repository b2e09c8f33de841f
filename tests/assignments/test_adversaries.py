"""A small sample of what ``python -m tests.bench.adversaries`` measures over a thousand hosts."""

from dataclasses import replace
from random import Random

import pytest

from tests.bench.adversaries import MOST_PCT, attack, fresh, is_more_than, rate, repaired, solution
from vmwidgets.assignments.perimeter.fit import priced
from vmwidgets.assignments.perimeter.proof import Step
from vmwidgets.assignments.perimeter.variant import variant

COUNT = 50


@pytest.fixture(scope="module")
def tallies():
    return attack(COUNT, 11, MOST_PCT.keys() - {"one for all"}, boots=1)


def test_who_solves_it_is_through_and_one_program_does_for_one_wall_only():
    found = attack(5, 11, ["reference", "one for all"], boards=5)
    assert found["reference"].three == found["reference"].boards == 5
    assert sum(found["one for all"].walls.values()) == 5


def test_an_unchanged_copy_crosses_no_wall_at_all(tallies):
    assert set(tallies["unchanged copy"].walls.values()) == {0}


def test_attacks_of_the_gallery_cross_no_wall_with_the_right_numbers(tallies):
    assert set(tallies["gallery at random"].walls.values()) == {0}


@pytest.mark.parametrize("name", ["repaired copy", "informed guess"])
def test_others_are_seldom_through_all_three(tallies, name):
    """Within what a sample of this size tells: two of 50 where 3 or 5 of 100 are allowed."""
    assert tallies[name].three <= 1 + COUNT * MOST_PCT[name] // 100


def test_a_repair_would_work_where_only_the_numbers_are_others():
    """Else the adversary would be too weak to show anything."""
    classmate = variant(2)
    steps = (Step(step.operation, (step.number + 9) % 63 + 1) for step in classmate.encoding)
    twin = replace(classmate, seed=1, encoding=tuple(steps), ticket_address=classmate.ticket_address ^ 8)
    programs = repaired(twin, classmate, Random(0)).programs
    assert programs != solution(classmate)
    assert not any(twin.run(*solution(classmate)[slot], 5).crossed for slot in programs)
    assert all(twin.run(*programs[slot], 5).crossed for slot in programs)


def test_who_has_a_host_for_nothing_is_not_among_them():
    assert all(priced(mine) for mine, _, _ in fresh(3, 1, handed_out=True))
    assert not all(priced(mine) for mine, _, _ in fresh(12, 1))


def test_rates_have_errors():
    assert is_more_than(3, 60, 1000)
    assert not is_more_than(3, 35, 1000)
    assert is_more_than(0, 1, 1000)
    assert rate(0, 100) == "0.00 % (± 3.00)"
    assert rate(50, 100) == "50.00 ± 9.80 %"
