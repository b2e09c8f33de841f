"""Amounts that experiments are given as numbers, and count in thousandths: milliseconds, seconds, percent."""

from numbers import Real
from typing import cast

from vmwidgets.model.errors import VmwidgetsError

MOST_SECONDS = 3600


def thousandths(name: str, value: float, least: float, most: float) -> int:
    """Return a number in thousandths: the microseconds of milliseconds, say.

    Raises
    ------
    VmwidgetsError
        If it is no number, or less or more than a set-up can mean.
    """
    if isinstance(value, bool) or not isinstance(cast(object, value), Real) or not least <= value <= most:
        raise VmwidgetsError(
            "{name} is {value}, expected a number from {least} to {most}",
            name=name,
            value=repr(value)[:60],
            least=least,
            most=most,
        )
    return round(value * 1000)


def simulated_us(seconds: float, name: str = "seconds") -> int:
    """Return a length of simulated time in microseconds, at least a millisecond."""
    return 1000 * thousandths(name, seconds, 0.001, MOST_SECONDS)
