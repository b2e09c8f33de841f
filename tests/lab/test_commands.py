"""Commands: records that make sense or are not made at all, and do not change."""

import dataclasses

import pytest

from vmwidgets.commands import Advance, Configure, CreateVM
from vmwidgets.model.errors import VmwidgetsError


@pytest.mark.parametrize(
    "make",
    [
        lambda: Advance("1"),
        lambda: Advance(True),
        lambda: Advance(0),
        lambda: CreateVM("A"),
        lambda: Configure("A", {"vcpus": 1}),
        lambda: Configure("A", ((1, 2),)),
        lambda: Configure("A", (["vcpus", 2],)),
    ],
)
def test_a_command_that_makes_no_sense_is_never_made(make):
    with pytest.raises(VmwidgetsError):
        make()


def test_commands_are_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        Advance(1).ticks = 2
