"""What a check finds: points, a reason and a hint, as ids that every language has a sentence for."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from vmwidgets import locale


@dataclass(frozen=True, slots=True)
class Result:
    """The outcome of one item.

    Parameters
    ----------
    item
        Id of the item.
    points
        Whole points, or ``None`` if the item is not graded; the reason says why.
    most
        The most points that the item gives.
    reason
        Message id of a sentence, ``""`` if there is nothing to say.
    hint
        Message id of what helps, ``""`` if nothing does.
    fields
        Values of the named fields of both sentences; one that is named ``…_permille`` is shown in per cent.
    human
        Whether points are ``None`` because a person has to read the answer.
    """

    item: str
    points: int | None
    most: int
    reason: str = ""
    hint: str = ""
    fields: Mapping[str, int | str] = field(default_factory=dict[str, int | str])
    human: bool = False


def shown(fields: Mapping[str, object]) -> dict[str, str]:
    """Fields as the reader writes numbers, thousandths in per cent, and names as the catalogue has them."""
    return {name: _shown(name, value) for name, value in fields.items()}


def _shown(name: str, value: object) -> str:
    if type(value) is not int:
        return locale.gettext(value) if isinstance(value, str) else str(value)
    text = locale.number(value / 10, 1) if name.endswith("_permille") else locale.number(value)
    return text.replace("-", "\N{MINUS SIGN}")
