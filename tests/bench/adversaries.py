"""How often Perimeter is passed without being solved: ``python -m tests.bench.adversaries --variants 1000``.

Each of those who try gets a fresh host, and of a classmate all programs, which solve the classmate's. A wall counts as
crossed if the program is still through at a second boot, as in the grader. Rates have the error of 95 %; nobody who
tries may pass more often than is said in :data:`MOST_PCT`, but by chance, and the reference always has to.
"""

import argparse
import random
import sys
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field, replace

from tests.assignments.reference import own, program
from vmwidgets.assignments.perimeter.board import budget, cost, reference
from vmwidgets.assignments.perimeter.fit import fit, priced
from vmwidgets.assignments.perimeter.variant import BOOT_NAMES, Variant, variant
from vmwidgets.assignments.perimeter.weaknesses import SLOTS, Weakness, holes_of
from vmwidgets.model.range.reading import fill

BOOTS = 2
Programs = dict[str, tuple[str, str]]
"""By slot: the family that it is said to be of, and the program."""


@dataclass(frozen=True)
class Attempt:
    """What one tries on one host.

    Parameters
    ----------
    programs
        For the three walls.
    switches
        For the board.
    """

    programs: Programs
    switches: dict[str, bool]


def unchanged(mine: Variant, classmate: Variant, dice: random.Random) -> Attempt:
    """Hand in what a classmate has handed in."""
    return Attempt(solution(classmate), reference(classmate))


def repaired(mine: Variant, classmate: Variant, dice: random.Random) -> Attempt:
    """Replace each number of a classmate's by that of the same name in one's own manual.

    It is done without a mistake, as if each number in the programs had its name beside it. Of the encoding the numbers
    are replaced of those steps that are of the same kind in both.
    """
    steps = tuple(
        ours if ours.operation == theirs.operation else theirs
        for ours, theirs in zip(mine.encoding, classmate.encoding, strict=True)
    )
    hybrid = replace(
        classmate,
        seed=mine.seed,
        encoding=steps,
        scan_pages_per_s=mine.scan_pages_per_s,
        ticket_address=mine.ticket_address,
    )
    return Attempt(solution(hybrid), reference(classmate))


def informed(mine: Variant, classmate: Variant, dice: random.Random) -> Attempt:
    """Know all attacks and write them well, but guess which holes this host has; switch on whatever is off."""
    guess = {slot: dice.choice(holes(mine, slot)) for slot in SLOTS}
    everything = {id: True for id, on in mine.settings.items() if not on}
    return Attempt({slot: (hole.family, own(mine, hole)) for slot, hole in guess.items()}, everything)


def at_random(mine: Variant, classmate: Variant, dice: random.Random) -> Attempt:
    """Fill one's own numbers into attacks of the gallery, which encode nothing, and throw three switches."""
    known = mine.numbers() | {name: f"{{{name}}}" for name in BOOT_NAMES}
    guess = {slot: dice.choice(holes(mine, slot)) for slot in SLOTS}
    off = [id for id, on in mine.settings.items() if not on]
    return Attempt(
        {slot: (hole.family, fill(hole.attack.code, known)) for slot, hole in guess.items()},
        dict.fromkeys(dice.sample(off, min(3, len(off))), True),
    )


def one_for_all(mine: Variant, classmate: Variant, dice: random.Random) -> Attempt:
    """Solve one wall, and hand the same program in for all three."""
    code = program(mine, dice.choice(list(SLOTS)))
    programs = {slot: (hole.family, code) for slot, hole in mine.exploitable.items()}
    return Attempt(programs, reference(mine))


def solved(mine: Variant, classmate: Variant, dice: random.Random) -> Attempt:
    """Solve one's own, which has to do."""
    return Attempt(solution(mine), reference(mine))


ADVERSARIES: dict[str, Callable[[Variant, Variant, random.Random], Attempt]] = {
    "unchanged copy": unchanged,
    "repaired copy": repaired,
    "informed guess": informed,
    "gallery at random": at_random,
    "one for all": one_for_all,
    "reference": solved,
}
MOST_PCT = {"unchanged copy": 0, "repaired copy": 5, "informed guess": 3, "gallery at random": 0, "one for all": 0}
"""So many of 100 may cross all three walls; of an unchanged copy not even one wall."""


def solution(one: Variant) -> Programs:
    """Return what a student hands in who has understood everything."""
    return {slot: (hole.family, program(one, slot)) for slot, hole in one.exploitable.items()}


def holes(one: Variant, slot: str) -> list[Weakness]:
    """Return the holes of a wall that a host has room for."""
    return [hole for hole in holes_of(slot) if one.has_place_for(hole)]


def crossed(mine: Variant, attempt: Attempt, slot: str, boots: int) -> bool:
    """Return whether a program crosses a wall of a host at each of so many boots."""
    family, code = attempt.programs[slot]
    if family != mine.exploitable[slot].family:
        return False  # the slot asks for the wall that is weak
    return all(mine.run(family, code, mine.seed ^ 0xB007 + boot).crossed for boot in range(boots))


def mended(mine: Variant, attempt: Attempt) -> bool:
    """Return whether the board that is handed in stops the attacks and can be paid."""
    if not set(attempt.switches) <= set(mine.settings):
        return False
    if not budget(mine).pays(cost(mine, attempt.switches)):
        return False
    return not any(mine.run_gallery(hole, 1, attempt.switches).fell for hole in mine.exploitable.values())


@dataclass
class Tally:
    """What became of the attempts of one adversary: walls by slot, all three, boards."""

    tried: int = 0
    boards_tried: int = 0
    walls: Counter[str] = field(default_factory=Counter[str])
    three: int = 0
    boards: int = 0

    def add(self, mine: Variant, attempt: Attempt, boots: int, with_board: bool) -> None:
        """Count an attempt, and if wanted whether its board holds."""
        through = {slot: crossed(mine, attempt, slot, boots) for slot in SLOTS}
        self.tried += 1
        self.walls.update(through)
        self.three += all(through.values())
        self.boards_tried += with_board
        self.boards += with_board and mended(mine, attempt)


def fresh(count: int, seed: int, handed_out: bool = False) -> Iterator[tuple[Variant, Variant, random.Random]]:
    """Draw hosts, each with that of a classmate; the seed decides which.

    With ``handed_out`` only such whose fix has a price, for others are drawn again before they are handed out.
    """
    dice = random.Random(seed)
    while count:
        mine, classmate = variant(dice.getrandbits(64)), variant(dice.getrandbits(64))
        if not handed_out or priced(mine):
            count -= 1
            yield mine, classmate, dice


def rate(passed: int, tried: int) -> str:
    """Return a share in percent, with the error of 95 %: of none, what could be there all the same."""
    if not tried:
        return "not tried"
    share = passed / tried
    if passed in (0, tried):
        return f"{100 * share:.2f} % (± {300 / tried:.2f})"
    return f"{100 * share:.2f} ± {196 * (share * (1 - share) / tried) ** 0.5:.2f} %"


def is_more_than(most_pct: int, passed: int, tried: int) -> bool:
    """Return whether a share is above a bound by more than its error."""
    error = 1.96 * (most_pct / 100 * (1 - most_pct / 100) / tried) ** 0.5
    return passed / tried > most_pct / 100 + error


def attack(
    count: int,
    seed: int,
    who: Collection[str] = tuple(ADVERSARIES),
    boots: int = BOOTS,
    boards: int = 0,
    handed_out: bool = False,
) -> dict[str, Tally]:
    """Let each adversary try each host, and the boards of the first hosts, so many."""
    tallies = {name: Tally() for name in ADVERSARIES if name in who}
    for at, (mine, classmate, dice) in enumerate(fresh(count, seed, handed_out)):
        for name, tally in tallies.items():
            tally.add(mine, ADVERSARIES[name](mine, classmate, dice), boots, at < boards)
    return tallies


def main() -> int:
    """Print the rates, and return 1 if one is too high or the reference fails."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--variants", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=20261125)
    parser.add_argument("--boards", type=int, default=100, help="of so many boards are tried, too")
    parser.add_argument("--fit", type=int, default=0, help="of so many it is looked whether they are fit")
    wanted = parser.parse_args()
    bad = 0
    for name, tally in attack(wanted.variants, wanted.seed, boards=wanted.boards, handed_out=True).items():
        walls = ", ".join(f"{slot} {rate(passed, tally.tried)}" for slot, passed in tally.walls.items())
        three, boards = rate(tally.three, tally.tried), rate(tally.boards, tally.boards_tried)
        print(f"{name:18} three walls {three}; {walls}; board {boards}")
        if name in MOST_PCT:
            bad += is_more_than(MOST_PCT[name], tally.three, tally.tried)
        else:
            bad += tally.three < tally.tried or tally.boards < tally.boards_tried
    unfit = [(one.seed, why) for one, _, _ in fresh(wanted.fit, wanted.seed, True) if (why := fit(one))]
    print(f"unfit: {len(unfit)} of {wanted.fit} {unfit[:3]}")
    return 1 if bad or unfit else 0


if __name__ == "__main__":
    sys.exit(main())
