"""What the VMs of a student's host are called: made-up words, which show whose host a text or a picture is of."""

from dataclasses import dataclass

from vmwidgets.model.range.draws import Draws

_VOWELS = "aeiou"
_FIRST = {"own": "bdgk", "victim": "lmnr", "other": "fpst"}
"""With which letters the names of a zone begin: the lists of two zones have no name in common."""
_LATER = "bdfgklmnprstvz"
_SYLLABLES = 3


@dataclass(frozen=True, slots=True)
class Zones:
    """The names of the three VMs.

    Parameters
    ----------
    own
        The student's.
    victim
        The one with the secret.
    other
        A third one.
    """

    own: str
    victim: str
    other: str


def draw_zones(draws: Draws) -> Zones:
    """Draw the names. Of each zone there are more than 200,000."""
    return Zones(*(_name(draws, zone) for zone in _FIRST))


def _name(draws: Draws, zone: str) -> str:
    word = ""
    for at in range(_SYLLABLES):
        letters = _LATER if at else _FIRST[zone]
        word += letters[draws.number(f"zone {zone} {at} consonant", 0, len(letters) - 1)]
        word += _VOWELS[draws.number(f"zone {zone} {at} vowel", 0, len(_VOWELS) - 1)]
    return f"{word}-{draws.number(f'zone {zone} number', 1, 9)}"
