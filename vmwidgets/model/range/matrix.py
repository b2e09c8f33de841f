"""The whole matrix of attacks, stacks and defences, computed by running: every defence opened alone."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from vmwidgets.model.range.attack import Attack
from vmwidgets.model.range.run import run_attack
from vmwidgets.model.range.scenario import Scenario
from vmwidgets.model.range.verdict import Verdict
from vmwidgets.model.stack import Stack

SAFE = ""
"""Of a cell in which all defences are on."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One run.

    Parameters
    ----------
    attack, stack
        Ids.
    opened
        Id of the defence that is off, or :data:`SAFE`.
    verdict
        What came of it.
    """

    attack: str
    stack: str
    opened: str
    verdict: Verdict


def matrix(attacks: Iterable[Attack], stacks: Iterable[Stack], seed: int = 0) -> Iterator[Cell]:
    """Run each attack on each stack, with all defences and with each that the stack has opened alone.

    Parameters
    ----------
    attacks, stacks
        Which.
    seed
        Decides secrets and layouts.
    """
    below = tuple(stacks)
    for attack in attacks:
        for stack in below:
            for opened in (SAFE, *Scenario(stack, attack.placement).defences.offered):
                switches = {opened: False} if opened else None
                yield Cell(attack.id, stack.id, opened, run_attack(attack, stack, switches, seed))
