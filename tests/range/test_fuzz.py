"""A million instructions of random guest code, with all defences on, and nothing gets out."""

import pytest

from tests.range.guest_fuzz import Programs, fuzz, run_one
from vmwidgets.model.range.attack import Placement
from vmwidgets.model.range.scenario import Scenario
from vmwidgets.stacks import STACKS


@pytest.mark.parametrize("part", range(4))
def test_nothing_gets_out(part):
    tried = fuzz(250_000, seed=part)
    assert tried.escapes == []
    assert tried.instructions >= 250_000
    assert tried.programs >= 200


def test_the_same_seed_is_the_same_fuzzing():
    assert fuzz(5_000, seed=9) == fuzz(5_000, seed=9)


@pytest.mark.parametrize(
    ("stack", "opened"),
    [
        ("kvm", "second_stage_tables"),
        ("esx", "shadow_tables"),
        ("container", "process_tables"),
        ("xen", "validation"),
        ("kvm", "iommu"),
        ("kvm", "interrupt_remapping"),
        ("kvm", "frame_owners"),
    ],
)
def test_a_fuzzer_finds_a_hole_that_is_there(stack, opened):
    placement = Placement(maps_twice=opened == "frame_owners")
    for number in range(300):
        scenario = Scenario(STACKS[stack], placement, {opened: False}, seed=number)
        if run_one(scenario, Programs(number, list(scenario.manual())).text())[1]:
            return
    pytest.fail("300 programs have not found it")
