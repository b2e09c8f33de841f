"""Isolation put to the test by running: attacks on stacks, with all defences and with each of them off alone."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, cast

from vmwidgets.attacks import ATTACKS
from vmwidgets.experiments.registry import experiment
from vmwidgets.model.errors import VmwidgetsError, check_int
from vmwidgets.model.range.attack import Attack
from vmwidgets.model.range.defences import DEFENCES
from vmwidgets.model.range.matrix import SAFE, Cell, matrix
from vmwidgets.model.range.run import run_attack
from vmwidgets.model.range.scenario import Scenario
from vmwidgets.model.range.shipped import AS_SHIPPED, as_shipped
from vmwidgets.model.stack import Stack
from vmwidgets.stacks import STACKS, get

if TYPE_CHECKING:
    import pandas as pd

ALL = "all"
"""Of a run with all defences off."""
SUCCEEDS, SEVERAL, NEVER, FAILS = "succeeds", "without several", "never", "fails"
MAX_SEED = 2**63 - 1
_COLUMNS = (
    *("attack", "title", "family", "number", "stack", "product", "opened", "defence", "seed", "succeeded"),
    *("layer", "check", "mechanism", "instructions", "exits"),
)


def chosen_attacks(attacks: object) -> list[Attack]:
    """Return attacks by their ids, or as they are; all if none is named.

    Raises
    ------
    VmwidgetsError
        If there is no such attack.
    """
    found: list[Attack] = []
    if not isinstance(attacks, str | Attack | Iterable):
        raise VmwidgetsError(
            "{name} is {value}, expected the id of an attack, an attack, or a list of them",
            name="attacks",
            value=repr(attacks)[:60],
        )
    for one in [attacks] if isinstance(attacks, str | Attack) else cast("Iterable[object]", attacks):
        if isinstance(one, Attack):
            found.append(one)
        elif isinstance(one, str) and one in ATTACKS:
            found.append(ATTACKS[one])
        else:
            raise VmwidgetsError(
                "attack is {value}, expected one of {known}", value=repr(one)[:60], known=", ".join(ATTACKS)
            )
    return found or list(ATTACKS.values())


def chosen_stacks(stacks: object) -> list[Stack]:
    """Return stacks by their ids, or as they are; all if none is named.

    Raises
    ------
    VmwidgetsError
        If there is no such stack.
    """
    if not isinstance(stacks, str | Stack | Iterable):
        raise VmwidgetsError(
            "{name} is {value}, expected the id of a product, its record, or a list of them",
            name="stacks",
            value=repr(stacks)[:60],
        )
    named = [stacks] if isinstance(stacks, str | Stack) else list(cast("Iterable[object]", stacks))
    return [get(cast("str | Stack", one)) for one in named] or list(STACKS.values())


def chosen_seeds(seeds: int | Sequence[int]) -> list[int]:
    """Return one seed or several, each of which is one.

    Raises
    ------
    VmwidgetsError
        If there is none.
    """
    found = [check_int("seed", one, 0, MAX_SEED) for one in ([seeds] if isinstance(seeds, int) else seeds)]
    if not found:
        raise VmwidgetsError("{name} is empty", name="seeds")
    return found


def chosen_defences(defences: str) -> str:
    """Return how the defences are: as shipped, or, ``""``, on and off in turn.

    Raises
    ------
    VmwidgetsError
        If it is neither.
    """
    if defences not in ("", AS_SHIPPED):
        raise VmwidgetsError(
            "defences is {value}, expected one of {known}", value=repr(defences)[:60], known=f"'', {AS_SHIPPED!r}"
        )
    return defences


def tried(attack: Attack, stack: Stack, seed: int = 0, defences: str = "") -> Iterator[Cell]:
    """Run an attack on a stack in each way that has a place in the matrix, one run at a time.

    Parameters
    ----------
    attack, stack
        Which.
    seed
        Decides secrets and layouts.
    defences
        As in :func:`attack_matrix`: one run as shipped; or all on, each off alone, all off (:data:`ALL`).
    """
    if defences:
        yield Cell(attack.id, stack.id, AS_SHIPPED, run_attack(attack, stack, as_shipped(stack), seed))
        return
    yield from matrix([attack], [stack], seed)
    offered = Scenario(stack, attack.placement).defences.offered
    yield Cell(attack.id, stack.id, ALL, run_attack(attack, stack, dict.fromkeys(offered, False), seed))


@experiment(source="the mechanisms of the range; what comes of an attack is written down nowhere")
def attack_matrix(
    stacks: str | Stack | Sequence[object] = (),
    attacks: str | Attack | Sequence[object] = (),
    seeds: int | Sequence[int] = 0,
    tidy: bool = False,
    defences: str = "",
) -> "pd.DataFrame":
    """Run each attack on each stack, with all its defences on, with each of them off alone, and with all off.

    Each run is one of guest code on a machine of its own, with a secret and a layout that the seed draws. All of it
    takes about a minute on a computer that does nothing else, several where other programs want its processors, and as
    long again for each further seed. Name stacks or attacks to have a part; ``"as_shipped"`` takes seconds.
    ``vm.AttackMatrix`` is the same as a table to browse, with the mechanism of each cell in words.

    Parameters
    ----------
    stacks
        Ids or records; none: all.
    attacks
        Ids of :data:`vmwidgets.attacks.ATTACKS`, or attacks; none: all.
    seeds
        One or several.
    tidy
        Whether to return one row per run instead of one per attack.
    defences
        ``"as_shipped"``: one run of each, with the defences that the product has unless somebody changes them; a cell
        then says ``"succeeds"`` or ``"fails"``.

    Returns
    -------
    DataFrame
        A row per attack (index ``attack``) with its ``title`` and a column per stack. A cell says ``"succeeds"`` if the
        attack does with all defences on; ``"without iommu"`` if it does when that one is off; ``"without several"`` if
        more than one has to be off; ``"never"`` if it fails without any, for the stack does not have what it needs.
        Where not all seeds agree, it says how many of them do. Tidy: ``attack``, ``title``, ``family``, ``number``,
        ``stack``, ``product``, ``opened`` (id of the defence that is off, ``""`` if none, ``"all"`` if all are,
        ``"as_shipped"``),
        ``defence`` (its name), ``seed``, ``succeeded``, ``layer`` (that decided), ``check`` (what it looked at),
        ``mechanism`` (the sentence), ``instructions``, ``exits``.
    """
    import pandas as pd

    who, below, numbers = chosen_attacks(attacks), chosen_stacks(stacks), chosen_seeds(seeds)
    how = chosen_defences(defences)
    runs = [
        (seed, cell)
        for seed in numbers
        for attack in who
        for stack in below
        for cell in tried(attack, stack, seed, how)
    ]
    if not tidy:
        return _compact(who, below, runs)
    records, names = {one.id: one for one in who}, {one.id: one.name for one in below}
    rows: list[tuple[object, ...]] = []
    for seed, cell in runs:
        attack, verdict = records[cell.attack], cell.verdict
        rows.append(
            (
                *(attack.id, attack.title, attack.family, attack.number, cell.stack, names[cell.stack]),
                *(cell.opened, DEFENCES[cell.opened].name if cell.opened in DEFENCES else "", seed, verdict.succeeded),
                *(verdict.layer, verdict.deciding.check if verdict.deciding else "", str(verdict)),
                *(verdict.instructions, sum(verdict.exits.values())),
            )
        )
    return pd.DataFrame(rows, columns=list(_COLUMNS))


def _compact(attacks: list[Attack], stacks: list[Stack], runs: list[tuple[int, Cell]]) -> "pd.DataFrame":
    """Return a row per attack and a column per stack."""
    import pandas as pd

    seeds = len({seed for seed, _ in runs})
    ways: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for _, cell in runs:
        if cell.verdict.succeeded:
            ways[cell.attack, cell.stack][cell.opened] += 1
    say = _shipped_text if any(cell.opened == AS_SHIPPED for _, cell in runs) else _text
    columns = {stack.name: [say(ways[attack.id, stack.id], seeds) for attack in attacks] for stack in stacks}
    ids = pd.Index([attack.id for attack in attacks], name="attack")
    return pd.DataFrame({"title": [attack.title for attack in attacks], **columns}, index=ids)


def _text(ways: Counter[str], seeds: int) -> str:
    """Say by which ways an attack succeeds, the least needed first."""
    alone = [one for one in ways if one not in (SAFE, ALL)]
    shown = [SAFE] if SAFE in ways else alone or [one for one in ways if one == ALL]
    names = {SAFE: SUCCEEDS, ALL: SEVERAL}
    texts = [
        names.get(one, f"without {one}") + ("" if ways[one] == seeds else f" ({ways[one]} of {seeds})") for one in shown
    ]
    return ", ".join(texts) or NEVER


def _shipped_text(ways: Counter[str], seeds: int) -> str:
    """Say whether an attack succeeds, and with how many seeds if not with all."""
    count = ways[AS_SHIPPED]
    return FAILS if not count else SUCCEEDS if count == seeds else f"{SUCCEEDS} ({count} of {seeds})"
