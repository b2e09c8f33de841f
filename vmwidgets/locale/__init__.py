"""The language a reader sees: English message ids, a Russian catalogue, one switch for the whole process.

A message id is the English sentence itself, with named ``{fields}`` where values go, so English needs no catalogue.
Russian lives in ``ru/LC_MESSAGES/vmwidgets.po`` and its compiled twin ``.mo``; both are kept under version control so
that an editable install and a wheel work without a build step (``tests/update_catalogues.py`` writes them).

The language is, in this order: what :func:`set_language` chose; ``VMWIDGETS_LANG``; the last component of the working
directory (``en``, ``ru``, or a name that ends in ``-en`` or ``-ru``); English. So a notebook's code never names a
language: the folder it lies in does.
"""

import gettext as _stdlib
import numbers
import os
import re
import threading
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import cast

__all__ = [
    "LANGUAGES",
    "error_text",
    "gettext",
    "language",
    "mark",
    "ngettext",
    "number",
    "set_language",
    "speaking",
    "strings",
    "subscribe",
]

LANGUAGES = ("en", "ru")
DOMAIN = "vmwidgets"
_HERE = Path(__file__).parent
# CLDR: Russian groups digits with a no-break space and has a decimal comma.
_RUSSIAN_SIGNS = str.maketrans({",": "\N{NO-BREAK SPACE}", ".": ","})

_lock = threading.Lock()
_chosen: str | None = None
_subscribers: dict[object, Callable[[str], object]] = {}


@cache
def _catalogue(code: str) -> _stdlib.NullTranslations:
    if code == "en":
        return _stdlib.NullTranslations()
    return _stdlib.translation(DOMAIN, localedir=_HERE, languages=[code])


def _from_environment() -> str | None:
    code = re.split(r"[_.\-]", os.environ.get("VMWIDGETS_LANG", "").lower(), maxsplit=1)[0]
    return code if code in LANGUAGES else None


def _from_folder() -> str | None:
    folder = Path.cwd().name.lower()
    return next((code for code in LANGUAGES if folder == code or folder.endswith(f"-{code}")), None)


def language() -> str:
    """Code of the language in use: ``"en"`` or ``"ru"``."""
    return _chosen or _default()


@cache
def _default() -> str:
    # Asked once: a widget must not change its language because a cell changed the working directory.
    return _from_environment() or _from_folder() or "en"


def set_language(code: str | None) -> None:
    """Choose the language for this process and tell every subscriber.

    Parameters
    ----------
    code : {"en", "ru"} or None
        None forgets the choice and looks at the environment and the folder again.

    Raises
    ------
    ValueError
        If there is no catalogue for `code`.
    """
    global _chosen
    if code is not None and code not in LANGUAGES:
        raise ValueError(f"no catalogue for language {code!r}; choose one of {', '.join(LANGUAGES)}")
    with _lock:
        before = language()
        _chosen = code
        _default.cache_clear()
        after = language()
        listeners = tuple(_subscribers.values())
    if after != before:
        for listener in listeners:
            listener(after)


@contextmanager
def speaking(code: str) -> Generator[None, None, None]:
    """Say everything in the language `code` inside the block, and in the one before again after it.

    The language is the process's: this is for a command that writes to many readers, not for a thread among others.
    """
    before = _chosen
    set_language(code)
    try:
        yield
    finally:
        set_language(before)


def subscribe(listener: Callable[[str], object]) -> Callable[[], None]:
    """Call `listener` with the new code after each change of language; returns the way to stop that."""
    key = object()
    with _lock:
        _subscribers[key] = listener

    def unsubscribe() -> None:
        with _lock:
            _subscribers.pop(key, None)

    return unsubscribe


def gettext(message: str) -> str:
    """`message` in the language in use; English where the catalogue has nothing."""
    # The empty message id is the catalogue's header, which no reader should see.
    return _catalogue(language()).gettext(message) if message else ""


def ngettext(singular: str, plural: str, count: int) -> str:
    """The form that goes with `count`: two in English, three in Russian (1 ВМ, 2 ВМ, 5 машин)."""
    return _catalogue(language()).ngettext(singular, plural, count)


def mark(message: str) -> str:
    """Return `message` as it is: marks a constant for extraction that :func:`gettext` translates when it is shown."""
    return message


def strings(messages: Iterable[str]) -> dict[str, str]:
    """Translations by message id, for a front end that holds the English text."""
    return {message: gettext(message) for message in messages}


def number(value: float, decimals: int = 0) -> str:
    """`value` as a reader of the language in use writes it: ``12,345.6`` or ``12 345,6``.

    Parameters
    ----------
    value : number
        Data keep the point; only what is shown goes through here.
    decimals : int
        Digits after the decimal sign.
    """
    exact = isinstance(value, numbers.Integral) and decimals == 0
    # "z" turns a rounded -0.0 into 0; integers keep every digit.
    text = format(int(value), ",d") if exact else format(float(value), f"z,.{decimals}f")
    return text.translate(_RUSSIAN_SIGNS) if language() == "ru" else text


def error_text(error: BaseException) -> str:
    """The sentence of `error` in the language in use.

    Errors of this package carry ``id``, a message id with named fields, and ``fields``; any other error speaks for
    itself.
    """
    message = getattr(error, "id", None)
    fields = getattr(error, "fields", None)
    if not isinstance(message, str) or not isinstance(fields, dict) or language() == "en":
        return str(error)
    return gettext(message).format(
        **{name: _shown(value, error.__cause__) for name, value in cast(dict[str, object], fields).items()}
    )


def _shown(value: object, cause: BaseException | None) -> object:
    """A field's value as the reader writes it."""
    if type(value) is int:
        return number(value)
    # "line 7: there is no VM B": the second half is the sentence of the error that this one was raised from.
    return error_text(cause) if cause is not None and value == str(cause) else value
