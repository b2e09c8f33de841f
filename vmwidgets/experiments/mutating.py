"""Mutants of attacks: whether a defence stops the idea of an attack, or only the words in which it was written."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from vmwidgets.experiments.breaking import chosen_attacks, chosen_stacks
from vmwidgets.experiments.registry import experiment
from vmwidgets.model.errors import check_int
from vmwidgets.model.range.attack import Attack
from vmwidgets.model.range.mutants import KINDS, mutate, stripped
from vmwidgets.model.range.run import BUDGET, run_attack
from vmwidgets.model.range.scenario import Scenario
from vmwidgets.model.stack import Stack

if TYPE_CHECKING:
    import pandas as pd

MAX_MUTANTS = 10_000
MAX_SEED = 2**62


@experiment(source="the mechanisms of the range; which defence is the right one is found by running the attack itself")
def mutated_attacks(
    attacks: str | Attack | Sequence[object] = (),
    stacks: str | Stack | Sequence[object] = ("kvm", "xen", "workstation"),
    mutants: int = 3,
    seed: int = 0,
    budget: int = BUDGET,
) -> "pd.DataFrame":
    """Write attacks in other words and count how many of these the right defence still stops.

    A defence is a right one if it alone stops the attack itself, with all others off; and so it has to stop mutants,
    with the help of none. Of an attack that needs no hole there is none.

    Parameters
    ----------
    attacks, stacks
        Ids or records; no attacks: all.
    mutants
        Of each attack, in each of its ways to be other: ``addresses`` (of another place or amount), ``order``,
        ``timing``, ``registers``. Fewer or none, where its text does not have so many that differ.
    seed
        Of the mutants, and of secrets and layouts.
    budget
        Instructions that a mutant may attempt.

    Returns
    -------
    DataFrame
        One row per attack and kind: ``attack``, ``kind``, ``mutants`` (tried, each with each right defence on each
        stack), ``working`` (of those: that reach the goal with all defences off), ``stopped`` (that do not with the
        right one on), ``stopped_pct``, ``escaped`` (which are not: stack, defence, seed).
    """
    import pandas as pd

    check_int("mutants", mutants, 1, MAX_MUTANTS)
    check_int("seed", seed, 0, MAX_SEED)
    check_int("budget", budget, 1, BUDGET)
    rows: list[tuple[object, ...]] = []
    below = chosen_stacks(stacks)
    for attack in chosen_attacks(attacks):
        right = [(stack, right_defences(attack, stack, seed, budget)) for stack in below]
        for kind in KINDS if any(defences for _, defences in right) else ():
            count, escaped = Counter[str](), list[str]()
            for at, mutant in _mutants(attack, kind, mutants, seed):
                for stack, defences in right:
                    works = defences and _succeeds(mutant, stack, None, at, budget)
                    count["tried"] += len(defences)
                    count["working"] += len(defences) if works else 0
                    escaped += [
                        f"{stack.id} {one} {at}" for one in defences if _succeeds(mutant, stack, one, at, budget)
                    ]
            tried, stopped = count["tried"], count["tried"] - len(escaped)
            if tried:
                share = 100 * stopped / tried
                rows.append((attack.id, kind, tried, count["working"], stopped, share, ", ".join(escaped)))
    columns = ["attack", "kind", "mutants", "working", "stopped", "stopped_pct", "escaped"]
    return pd.DataFrame(rows, columns=columns)


def right_defences(attack: Attack, stack: Stack, seed: int = 0, budget: int = BUDGET) -> tuple[str, ...]:
    """Find the defences that stop an attack each by itself, where it succeeds with all of them off."""
    if not _succeeds(attack, stack, None, seed, budget):
        return ()
    offered = Scenario(stack, attack.placement).defences.offered
    return tuple(one for one in offered if not _succeeds(attack, stack, one, seed, budget))


def _succeeds(attack: Attack, stack: Stack, defence: str | None, seed: int, budget: int) -> bool:
    """Return whether an attack does with one defence on, or none."""
    offered = Scenario(stack, attack.placement).defences.offered
    return run_attack(attack, stack, {one: one == defence for one in offered}, seed, budget).succeeded


def _mutants(attack: Attack, kind: str, count: int, seed: int) -> Iterator[tuple[int, Attack]]:
    """Return so many mutants with their seeds, no two of them alike and none the attack itself."""
    known = {"\n".join(stripped(attack.code)) + "\n"}
    for at in range(seed, seed + 4 * count):
        text = mutate(attack.code, kind, at)
        if text not in known and len(known) <= count:
            known.add(text)
            yield at, Attack.from_text(text, attack.goal, attack.placement)
