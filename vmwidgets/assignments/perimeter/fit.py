"""Whether a host that was drawn is fit to be handed out: it can be broken and mended, and neither by chance."""

from vmwidgets.assignments.perimeter.board import budget, cost, reference
from vmwidgets.assignments.perimeter.items import PRICE_SLACK
from vmwidgets.assignments.perimeter.variant import Variant
from vmwidgets.model.range.reading import fill


def fit(variant: Variant) -> str | None:
    """Return what is wrong with a host, an English sentence for its teacher, or None.

    That it can be broken and mended is found by the attacks of the gallery, which know all numbers and have nothing to
    prove. It takes about a third of a second.
    """
    return _wrongly_priced(variant) or _wrongly_built(variant)


def _wrongly_built(variant: Variant) -> str | None:
    fix, everything = reference(variant), dict.fromkeys(variant.switches, True)
    seed = variant.seed
    numbers = variant.numbers(seed)
    for hole in variant.exploitable.values():
        if not variant.run_gallery(hole, seed).fell:
            return f"{hole.id} does not cross the wall that it should"
        if variant.run_gallery(hole, seed, fix).fell:
            return f"{hole.id} still crosses the wall after the fix"
        if variant.run(hole.family, fill(hole.attack.code, numbers), seed).crossed:
            return f"{hole.id} passes as it stands in the gallery"
    if variant.run_gallery(variant.decoy, seed).fell:
        return f"{variant.decoy.id} crosses a wall that is none of the weak ones"
    if not variant.run_gallery(variant.incurable, seed, everything).fell:
        return f"{variant.incurable.id} is cured by a switch of the board"
    return None


def _wrongly_priced(variant: Variant) -> str | None:
    allowed = budget(variant)
    price = cost(variant, reference(variant))
    if not allowed.pays(price):
        return "the fix costs more than the budget"
    if not priced(variant):
        return "the fix costs nothing, so that its price can be guessed"
    if allowed.pays(cost(variant, dict.fromkeys(variant.switches, True))):
        return "the budget is enough for all switches"
    return None


def priced(variant: Variant) -> bool:
    """Return whether the smallest fix has a price that is not found by predicting none."""
    price = cost(variant, reference(variant))
    changes = (price.cpu_permille - 1000, price.frames, price.exits_per_s)
    return any(abs(change) > slack for change, slack in zip(changes, PRICE_SLACK, strict=True))
