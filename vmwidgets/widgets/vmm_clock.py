"""When the VMM runs: a guest's run on the virtual CPU as a time line, to step through."""

from typing import Any

import traitlets

from vmwidgets.chapters.items import PRACTICE, Draw
from vmwidgets.chapters.one_server import NAME, Mix, mix
from vmwidgets.experiments.exits import exits_program
from vmwidgets.locale import gettext as _
from vmwidgets.locale import mark
from vmwidgets.model.cpu import EXIT_REASONS
from vmwidgets.widgets.kit import View

REASONS = {
    "io": mark("device access (in, out)"),
    "hypercall": mark("hypercall"),
    "hlt": mark("halt"),
    "external_interrupt": mark("timer interrupt"),
    "ept_violation": mark("an address that is not the guest's"),
}


class VmmClock(View):
    """The time line of a guest's run; every mark is a moment at which the VMM had control.

    Parameters
    ----------
    token
        Variant of the guest's instructions, see :class:`vmwidgets.Lesson`.
    """

    _front = "vmm_clock"

    state = traitlets.Dict().tag(sync=True)

    def __init__(self, token: str = PRACTICE) -> None:
        self.guest: Mix = mix(Draw(token, NAME))
        self._run = self.guest.run()
        self._locked = False
        super().__init__(state=self._state())

    def refresh(self) -> None:
        """Write all synced traits anew."""
        self.state = self._state()

    def lock(self) -> None:
        """Hide the run until :meth:`unlock`."""
        self._locked = True
        self.refresh()

    def unlock(self) -> None:
        """Show the run."""
        self._locked = False
        self.refresh()

    def _state(self) -> dict[str, Any]:
        if self._locked:
            # The run is the answer: it is not even sent before the prediction is in.
            return {"closed": _("The run opens when your prediction is in."), "total": 1, "exits": [], "reasons": []}
        guest = self.guest
        program = exits_program(guest.ordinary, guest.port_io, guest.hypercalls, guest.halts)
        seen = [reason for reason in EXIT_REASONS if self._run.exits[reason]]
        return {
            "closed": "",
            "total": self._run.instructions,
            "exits": [[exit.instruction_index, exit.reason] for exit in self._run.log],
            "lines": [exit.rip_line for exit in self._run.log],
            "reasons": [[reason, _(REASONS.get(reason, reason))] for reason in seen],
            "program": program.splitlines(),
        }

    def __repr__(self) -> str:
        return f"<VmmClock: {self.guest.instructions} instructions>"
