"""What the boards and labs have in common: several views of one lab, one below the other."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol, Self

import ipywidgets

from vmwidgets.lab import Lab
from vmwidgets.locale import mark
from vmwidgets.widgets.kit import check_lab, close_layout


class _Part(Protocol):
    def close(self) -> None: ...


class Screen(ipywidgets.VBox):
    """Views of one lab on one screen. It closes them, never the lab.

    Parameters
    ----------
    lab
        What is shown and controlled.
    parts
        The views from top to bottom; ``None`` for one that is left out.
    locked
        Called with the reason (a message id) when controls and time are held still, with ``""`` when they are let go.
    picture
        Draws the lab as an SVG text for readers without a kernel.

    Raises
    ------
    VmwidgetsError
        If that is no lab.
    """

    _closers: list[Callable[[], object]] = []  # noqa: RUF012 - of a screen that failed before it began

    def __new__(cls, lab: object = None, *args: Any, **kwargs: Any) -> Self:
        """Refuse what is no lab before a screen asks it for anything."""
        check_lab(lab)
        return super().__new__(cls, lab, *args, **kwargs)

    def __init__(
        self,
        lab: Lab,
        parts: "Sequence[_Part | None]",
        *,
        locked: Sequence[Callable[[str], object]],
        picture: Callable[[Lab], str],
    ) -> None:
        self.lab = lab
        self._locked = locked
        self._picture = picture
        super().__init__([part for part in parts if part], layout={"width": "100%"})
        self.add_class("vmw-lab")

    def lock(self, reason: str = mark("The controls open when your prediction is in.")) -> None:
        """Hold controls and time still, and say why; ``reason`` is a message id."""
        for tell in self._locked:
            tell(reason)

    def unlock(self) -> None:
        """Let go of controls and time."""
        for tell in self._locked:
            tell("")

    def close(self) -> None:
        """End the screen, and all it began."""
        for closer in (*self._closers, *(part.close for part in self.children)):
            closer()
        close_layout(self)
        super().close()

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, Any]:
        # Readers without a kernel see the picture; those with one see the widget.
        still = {"text/plain": repr(self), "image/svg+xml": self._picture(self.lab)}
        return {**super()._repr_mimebundle_(**kwargs), **still}
