"""Errors that carry one clear sentence, in a form that a catalogue can translate."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import cast


class VmwidgetsError(ValueError):
    """Something the user asked for is refused.

    Parameters
    ----------
    id
        The English sentence with named fields, ``"{name} is taken"``. It is also the key of the translation.
    **fields
        The values of the named fields.
    """

    def __init__(self, id: str, /, **fields: object) -> None:
        self.id = id
        self.fields = fields
        super().__init__(id.format(**fields))

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (type(self), self.id, self.fields)


class AdmissionError(VmwidgetsError):
    """Admission control refuses a VM, because what it reserves does not fit on the host."""


def _rebuild(kind: type[VmwidgetsError], id: str, fields: dict[str, object]) -> VmwidgetsError:
    return kind(id, **fields)


def check_int(name: str, value: object, low: int, high: int) -> int:
    """Return ``value`` if it is an integer from ``low`` to ``high``.

    Raises
    ------
    VmwidgetsError
        With the name, the value and the range. ``True`` and ``1.0`` are not integers here.
    """
    if type(value) is not int or not low <= value <= high:
        raise VmwidgetsError(
            "{name} is {value}, expected a whole number from {low} to {high}",
            name=name,
            value=_short(value),
            low=low,
            high=high,
        )
    return value


def check_name(name: str, value: object) -> str:
    """Return ``value`` if it can name a machine: 1 to 40 printable characters without blanks at the ends."""
    if not isinstance(value, str) or not 1 <= len(value) <= 40 or value != value.strip() or not value.isprintable():
        raise VmwidgetsError(
            "{name} is {value}, expected 1 to 40 printable characters without blanks at the ends",
            name=name,
            value=_short(value),
        )
    return value


def check_list(name: str, value: object) -> None:
    """Refuse what is no list, tuple or other sequence; a text is none here.

    Raises
    ------
    VmwidgetsError
        With the name and the value.
    """
    if not isinstance(value, Sequence) or isinstance(value, str | bytes):
        raise VmwidgetsError("{name} is {value}, expected a list", name=name, value=_short(cast(object, value)))


def check_path(name: str, value: object) -> Path:
    """Return ``value`` as a path if it can name a file or a folder.

    Raises
    ------
    VmwidgetsError
        With the name and the value.
    """
    if isinstance(value, str | os.PathLike):
        path = os.fspath(cast("str | os.PathLike[str]", value))
        if "\0" not in path:
            return Path(path)
    raise VmwidgetsError("{name} is {value}, expected the name of a file", name=name, value=_short(cast(object, value)))


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
