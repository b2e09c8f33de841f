"""Time and the log: the browser's clock, the recorded past, undo and redo, language, export."""

from collections.abc import Callable
from typing import Any

import traitlets

from vmwidgets import locale
from vmwidgets.lab import Lab
from vmwidgets.model.errors import VmwidgetsError, check_int
from vmwidgets.widgets import exports
from vmwidgets.widgets.kit import Selection, View, watch
from vmwidgets.widgets.picture import picture
from vmwidgets.widgets.server_view import clock

MAX_STEP = 1000
"""Ticks that one question of the browser may ask for."""


class Transport(View):
    """Lets time pass when the browser asks for it; nothing here has a timer, a thread or a loop.

    Parameters
    ----------
    lab
        Whose time passes.
    selection
        Where the recorded tick that is looked at is written to; a new one if left out.
    draw
        Draws the lab as an SVG text: what is saved as a picture.
    """

    _front = "transport"
    _messages = ("tick", "play", "step", "undo", "redo", "seek", "language", "export")

    state = traitlets.Dict().tag(sync=True)
    player = traitlets.Unicode("").tag(sync=True)
    """The page that plays, "" while time stands still: of two pages that show one lab only one is the clock."""

    def __init__(self, lab: Lab, selection: Selection | None = None, draw: Callable[[Lab], str] = picture) -> None:
        self.lab = lab
        self._draw = draw
        self.selection = selection or Selection(lab)
        self.locked = False
        super().__init__(state=self._state())
        self._closers += [lab.subscribe(self._follow), watch(self.selection, ["tick"], self._changed)]

    def refresh(self) -> None:
        """Write all synced traits anew."""
        self.state = self._state()

    def lock(self, reason: str) -> None:
        """Hold time and log still for a reason; ``""`` lets go of them."""
        self.locked = bool(reason)
        if reason:
            self.player = ""
        self.refresh()

    def seek(self, tick: int | None) -> None:
        """Look at a recorded tick, or at now."""
        if tick is not None:
            check_int("tick", tick, self.lab.recorded.first_tick, max(self.lab.recorded.last_tick, 0))
        self.selection.tick = tick

    def _follow(self, _lab: Lab) -> None:
        # Whoever changes something wants to see now, not the past.
        self.selection.tick = None
        self.refresh()

    def _changed(self, _change: object) -> None:
        self.refresh()

    def _state(self) -> dict[str, Any]:
        lab, shown = self.lab, self.selection.tick
        return {
            "tick": lab.tick,
            "first": lab.recorded.first_tick,
            "shown": shown,
            "clock": clock(lab.tick if shown is None else shown, lab.tick_s),
            "undo": lab.can_undo,
            "redo": lab.can_redo,
            "locked": self.locked,
        }

    def _unlocked(self) -> None:
        if self.locked:
            raise VmwidgetsError("the controls are locked until your prediction is in")

    def _on_tick(self, content: dict[str, Any]) -> None:
        if self.player and content.get("player") == self.player:
            try:
                self._on_step(content)
            except Exception:
                self.player = ""  # or the same refusal would be asked for again and again
                raise

    def _on_step(self, content: dict[str, Any]) -> None:
        self._unlocked()
        self.lab.advance(check_int("ticks", content.get("ticks"), 1, MAX_STEP))

    def _on_play(self, content: dict[str, Any]) -> None:
        self._unlocked()
        self.player = str(content.get("player", ""))[:64]

    def _on_undo(self, _content: dict[str, Any]) -> None:
        self._unlocked()
        self.lab.undo()

    def _on_redo(self, _content: dict[str, Any]) -> None:
        self._unlocked()
        self.lab.redo()

    def _on_seek(self, content: dict[str, Any]) -> None:
        self.seek(content.get("tick"))

    def _on_language(self, content: dict[str, Any]) -> None:
        locale.set_language(content.get("code"))

    def _on_export(self, content: dict[str, Any]) -> None:
        self.send({"export": exports.made(self.lab, str(content.get("kind")), self._draw)})

    def __repr__(self) -> str:
        return f"<Transport: tick {self.lab.tick}>"
