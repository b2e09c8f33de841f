"""The tabs below the diagrams, and what all panes have in common: only the open one is filled."""

from typing import Any, ClassVar

import traitlets

from vmwidgets.locale import gettext as _
from vmwidgets.model.errors import VmwidgetsError
from vmwidgets.widgets.kit import View, watch
from vmwidgets.widgets.stack_choice import TABS, Choice


class StackTabs(View):
    """The list of panes, one of which is open.

    Parameters
    ----------
    choice
        What is compared, and which pane is open.
    """

    _front = "stack_tabs"
    _messages = ("open",)

    state = traitlets.Dict().tag(sync=True)

    def __init__(self, choice: Choice) -> None:
        self.choice = choice
        super().__init__(state=self._state())
        self._closers += [watch(choice, ["tab"], self._changed)]

    def refresh(self) -> None:
        """Write all synced traits anew."""
        self.state = self._state()

    def _changed(self, _change: object) -> None:
        self.refresh()

    def _on_open(self, content: dict[str, Any]) -> None:
        wanted = content.get("id")
        if wanted not in TABS:
            raise VmwidgetsError("there is no pane {id}", id=repr(wanted)[:40])
        self.choice.tab = wanted

    def _state(self) -> dict[str, Any]:
        return {
            "comparison": self.choice.id,
            "open": self.choice.tab,
            "tabs": [[id, _(text)] for id, text in TABS.items()],
        }


class Panel(View):
    """One pane below the diagrams. A subclass says what it shows in :meth:`_shown`.

    Parameters
    ----------
    choice
        What is compared, and which pane is open.
    """

    _tab: ClassVar[str]

    state = traitlets.Dict().tag(sync=True)

    def __init__(self, choice: Choice) -> None:
        self.choice = choice
        super().__init__(state=self._state())
        self._closers += [watch(choice, ["stacks", "tab"], self._changed)]

    @property
    def is_open(self) -> bool:
        """Whether this is the open pane."""
        return self.choice.tab == self._tab

    def refresh(self) -> None:
        """Write all synced traits anew."""
        self.state = self._state()

    def _changed(self, _change: object) -> None:
        self.refresh()

    def _state(self) -> dict[str, Any]:
        base = {"comparison": self.choice.id, "tab": self._tab, "open": self.is_open}
        return {**base, **self._shown()} if self.is_open else base

    def _shown(self) -> dict[str, Any]:
        raise NotImplementedError

    def __repr__(self) -> str:
        return f"<{type(self).__name__}, {'open' if self.is_open else 'closed'}>"
