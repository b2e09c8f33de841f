"""What layers decided, one after another."""

import pytest

from vmwidgets.model.range.trace import ABSENT, ALLOWS, KEPT, OPEN, REFUSES, Decision, Trace


def trace(*outcomes):
    made = Trace()
    for at, outcome in enumerate(outcomes):
        made.note("hypervisor", "iommu", outcome, 100 + at, at, "guest 1")
    return made


def test_a_decision_says_all_that_was_noted():
    (one,) = trace(OPEN).decisions
    assert one == Decision(0, "hypervisor", "iommu", OPEN, 100, 0, "guest 1")


def test_the_latest_are_kept_and_all_are_counted():
    made = trace(*[ALLOWS] * (KEPT + 10))
    assert made.count == KEPT + 10
    assert [one.number for one in made.decisions] == list(range(10, KEPT + 10))


@pytest.mark.parametrize("count", [0, 1, 5, 8])
def test_what_is_new_since(count):
    made = trace(*[ALLOWS] * 8)
    assert made.since(count) == made.decisions[count:]


def test_since_what_is_no_longer_kept():
    made = trace(*[ALLOWS] * (KEPT + 10))
    assert made.since(3) == made.decisions


@pytest.mark.parametrize(
    ("outcomes", "succeeded", "number"),
    [
        ((OPEN, REFUSES, ALLOWS), True, 0),
        ((OPEN, REFUSES, ALLOWS), False, 1),
        ((REFUSES, ABSENT), False, 1),
        ((ABSENT, OPEN, REFUSES, OPEN), True, 3),
        ((ALLOWS,), True, None),
        ((), False, None),
    ],
)
def test_on_what_it_turned(outcomes, succeeded, number):
    found = trace(*outcomes).deciding(succeeded)
    assert (found and found.number) == number
    assert found is None or found == trace(*outcomes).last[found.outcome]
