"""Attacks in other words, by which it is seen whether a board stops what is wrong, or only what has been tried."""

from collections.abc import Iterator, Mapping
from itertools import count

from vmwidgets.assignments.perimeter.effort import EFFORT
from vmwidgets.assignments.perimeter.trial import Trial
from vmwidgets.assignments.perimeter.variant import Variant, folded
from vmwidgets.assignments.perimeter.weaknesses import WEAKNESSES, Weakness
from vmwidgets.model.range.draws import Draws
from vmwidgets.model.range.mutants import KINDS, mutate, stripped
from vmwidgets.model.range.trace import REFUSES

GALLERY_EFFORT = EFFORT * 2 // 3
"""What any attack of the gallery can do with."""


def draw(variant: Variant, most: int, seed: int) -> Iterator[tuple[Weakness, str]]:
    """Draw attacks of the gallery, each with another text: half of them for the walls that are weak.

    Parameters
    ----------
    variant
        The host. What no switch of its board stops is left out.
    most
        How many.
    seed
        Which, 0 to 2**64 - 1.
    """
    draws = Draws(folded(seed))
    weak = tuple(variant.exploitable.values())
    curable = (one for one in WEAKNESSES.values() if set(one.switches) - set(variant.missing))
    others = tuple(one for one in curable if one not in weak and variant.has_place_for(one))
    for pool in (weak, others):
        order = draws.order(f"{len(pool)} holes", len(pool))
        for at in range(most // 2):
            hole = pool[order[at % len(pool)]]
            yield hole, _mutant(hole.attack.code, draws, f"{hole.id} {at}")


def _mutant(code: str, draws: Draws, name: str) -> str:
    """Return a mutant that is not the attack itself."""
    original, kinds = "\n".join(stripped(code)) + "\n", tuple(KINDS)
    seed = draws.number(name, 0, 2**62)
    # Few texts have two lines to swap, and the shortest may be drawn no place to wait: the next try has other luck.
    mutants = (mutate(code, kinds[one % len(kinds)], one) for one in count(seed))
    return next(one for one in mutants if one != original)


def crosses(variant: Variant, hole: Weakness, code: str, boot_seed: int, switches: Mapping[str, bool]) -> bool:
    """Return whether an attack still crosses its wall under a board."""
    trial = variant.gallery_shot(hole, boot_seed, switches, code)
    run_until_refused(trial, hole, GALLERY_EFFORT)
    crossed = trial.succeeded
    trial.scenario.release()
    return crossed


def run_until_refused(trial: Trial, hole: Weakness, effort: int = EFFORT) -> None:
    """Run a program until it ends, has proven itself, or the check that belongs to its hole has refused something.

    A check that refuses is on, and while it is on there is no way through this hole.
    """
    trace, reports = trial.scenario.trace, trial.scenario.attacker.reports

    def ended() -> bool:
        last = trace.deciding(succeeded=False)
        refused = last is not None and last.outcome == REFUSES and last.check in hole.switches
        return refused or (bool(reports) and trial.crossed)

    trial.run(effort, until=ended)
