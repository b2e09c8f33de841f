"""Whether a host that was drawn is fit to be handed out: it can be broken and mended, and neither by chance."""

from vmwidgets.assignments.perimeter.board import budget, cost, reference
from vmwidgets.assignments.perimeter.items import PRICE_SLACK
from vmwidgets.assignments.perimeter.variant import Variant, folded
from vmwidgets.assignments.perimeter.weaknesses import WEAKNESSES
from vmwidgets.model.range.run import fill

BOOTS = 2
"""Boots in which it is looked."""


def fit(variant: Variant) -> str | None:
    """Return what is wrong with a host, an English sentence for its teacher, or None.

    That it can be broken and mended is found by the attacks of the gallery, which know all numbers and have nothing to
    prove. It takes about half a second.
    """
    fix = reference(variant)
    everything = dict.fromkeys(variant.switches, True)
    for boot in range(BOOTS):
        seed = folded(variant.seed ^ 1 << boot)
        numbers = variant.numbers(seed)
        for hole in WEAKNESSES.values():
            if not variant.has_place_for(hole):
                continue
            falls = variant.run_gallery(hole, seed).fell
            is_open = hole in variant.exploitable.values() or hole.family == variant.incurable.family
            if falls and not is_open and not _shares_a_switch(variant, hole.switches):
                return f"{hole.id} crosses a wall that is none of the weak ones"
            if hole in variant.exploitable.values() and not falls:
                return f"{hole.id} does not cross the wall that it should"
            if hole in variant.exploitable.values() and variant.run_gallery(hole, seed, fix).fell:
                return f"{hole.id} still crosses the wall after the fix"
            if variant.run(hole.family, fill(hole.attack.code, numbers), seed).crossed:
                return f"{hole.id} passes as it stands in the gallery"
        if not variant.run_gallery(variant.incurable, seed, everything).fell:
            return f"{variant.incurable.id} is cured by a switch of the board"
    return _wrongly_priced(variant)


def _shares_a_switch(variant: Variant, switches: tuple[str, ...]) -> bool:
    return any(set(switches) & set(one.switches) for one in variant.exploitable.values())


def _wrongly_priced(variant: Variant) -> str | None:
    allowed = budget(variant)
    price = cost(variant, reference(variant))
    if not allowed.pays(price):
        return "the fix costs more than the budget"
    changes = (price.cpu_permille - 1000, price.frames, price.exits_per_s)
    if all(abs(change) <= slack for change, slack in zip(changes, PRICE_SLACK, strict=True)):
        return "the fix costs nothing, so that its price can be guessed"
    if allowed.pays(cost(variant, dict.fromkeys(variant.switches, True))):
        return "the budget is enough for all switches"
    return None
