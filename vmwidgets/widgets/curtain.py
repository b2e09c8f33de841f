"""A curtain before a view that has no lock of its own: behind it there is nothing before it opens."""

from collections.abc import Callable
from typing import Any

import ipywidgets

from vmwidgets import locale
from vmwidgets.locale import gettext as _


class Curtain(ipywidgets.VBox):
    """A place that shows a view as soon as it is unlocked, and until then says what it waits for.

    Parameters
    ----------
    make
        Makes the view, at the first :meth:`unlock`. The curtain closes it.
    """

    def __init__(self, make: Callable[[], Any]) -> None:
        self._make = make
        self._view: Any = None
        self._note = ipywidgets.Label(_note())
        super().__init__([self._note], layout={"width": "100%"})
        self.add_class("vmw-lab")
        self._forget = locale.subscribe(self._translate)

    def lock(self) -> None:
        """Hide the view."""
        self.children = [self._note]

    def unlock(self) -> None:
        """Show the view."""
        if self._view is None:
            self._view = self._make()
        self.children = [self._view]

    def close(self) -> None:
        """End the curtain, and the view behind it."""
        self._forget()
        for part in (self._view, self._note):
            if part is not None:
                part.close()
        self._note.layout.close()
        self._note.style.close()
        self.layout.close()
        super().close()

    def _translate(self, _language: str) -> None:
        self._note.value = _note()

    def __repr__(self) -> str:
        return repr(self._view) if self._view in self.children else "<Curtain, closed>"

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, Any]:
        return {**super()._repr_mimebundle_(**kwargs), "text/plain": repr(self)}


def _note() -> str:
    return _("Opens when your prediction is in.")
