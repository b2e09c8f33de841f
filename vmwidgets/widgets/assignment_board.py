"""Stage A4: the defence board with prices and a budget. What it costs in all is shown once that has been predicted."""

from typing import TYPE_CHECKING, Any

from vmwidgets.answers import Answer
from vmwidgets.assignments.perimeter.weaknesses import SLOTS
from vmwidgets.locale import gettext as _
from vmwidgets.locale import mark, number
from vmwidgets.model.errors import VmwidgetsError
from vmwidgets.model.range.prices import Price
from vmwidgets.widgets.assignment_lamps import PARTS
from vmwidgets.widgets.assignment_stage import Stage
from vmwidgets.widgets.kit import plain

if TYPE_CHECKING:
    from vmwidgets.widgets.assignment import Assignment


class BoardView(Stage):
    """Switches that may be tried as one likes, and handed in."""

    _front = "assignment_board"
    _messages = ("switch", "commit")
    _name = "fix"

    def __init__(self, assignment: "Assignment") -> None:
        self._tried: dict[str, bool] = {}
        self._tried_in: object = None
        super().__init__(assignment)

    @property
    def switches(self) -> dict[str, bool]:
        """All switches as they are on this board now, handed in or not."""
        zone = self.zone
        if self._tried_in is not zone:
            self._tried_in, self._tried = zone, zone.settings
        return self._tried

    def _on_switch(self, content: dict[str, Any]) -> None:
        self._need_prediction()
        id = str(content.get("id"))
        if id not in self.switches:
            raise VmwidgetsError("there is no control {name}", name=repr(id)[:40])
        self._tried = {**self.switches, id: content.get("on") is True}
        self.refresh()

    def _on_commit(self, _content: dict[str, Any]) -> None:
        self._need_prediction()
        on = tuple(sorted(id for id, is_on in self.switches.items() if is_on))
        self.assignment.hand_in_board(Answer("choice", "a4", on))

    @property
    def _gives_away(self) -> bool:
        """Whether the board would tell what is still to be predicted: what is off is what is weak."""
        return not self.zone.practice and self.zone.value("a1") is None

    def _need_prediction(self) -> None:
        if self._gives_away:
            raise VmwidgetsError("commit the prediction of the walls first (A1)")

    def _state(self) -> dict[str, Any]:
        zone, now = self.zone, self.switches
        closed = mark("Opens when you have predicted which walls are weak (A1).") if self._gives_away else ""
        kept = zone.value("a4") is not None and zone.settings == now
        totals = _totals(zone.board, now)
        if kept:
            note = _("The answer file has this board.")
        elif zone.value("a4") is None:
            note = _("The answer file has no board yet.")
        else:
            note = _("The answer file has another board.")
        return {
            **self._head(mark("A4 · Fix"), "a4.exploits", "a4.mutants", "a4.workload", closed=closed),
            "rows": [
                {
                    "id": one.id,
                    "name": _sentence(_(one.name)),
                    "without": plain(mark("Off: {text}."), text=_(one.without)),
                    "on": now[one.id],
                    "price": price(one.price),
                }
                for one in zone.board.switches
                if not closed
            ],
            "totals": totals,
            "total": " ".join(one["text"] for one in totals),
            "replayed": [self._replayed(slot) for slot in SLOTS],
            "button": _("Hand in this board"),
            "kept": kept,
            "note": note,
            "measured_title": _("Measured: what the board that you have handed in costs"),
            **self._measured(),
        }

    def _replayed(self, slot: str) -> dict[str, str]:
        wall = _sentence(_(PARTS[f"a2.{slot}"]))
        if not self.zone.crosses(slot):
            text, tone = mark("{wall}: no program of yours crosses, so there is nothing to replay."), "none"
        elif self.zone.crosses(slot, self.switches):
            text, tone = mark("✗ {wall}: your program still crosses."), "bad"
        else:
            text, tone = mark("✓ {wall}: your program crosses no more."), "good"
        return {"tone": tone, "text": plain(text, wall=wall)}

    def _measured(self) -> dict[str, Any]:
        zone = self.zone
        if zone.value("a4") is None:
            return {"measured": _("There is no board to be measured yet."), "figures": []}
        predicted = zone.predicted
        if predicted is None:
            return {"measured": _("Shown when your prediction of the price (A5) is in."), "figures": []}
        cost = zone.cost
        said = _("The budget pays for this board.") if zone.paid else _("This board costs more than the budget.")
        rows = [
            [_("processor time for the same work"), *(f"{signed(one, 1)} %" for one in (predicted[0], cost[0]))],
            [_("frames in use"), *(signed(one) for one in (predicted[1], cost[1]))],
            [_("exits in a second"), *(signed(one) for one in (predicted[2], cost[2]))],
        ]
        return {"measured": said, "figures": [["", _("predicted"), _("measured")], *rows]}


def _totals(board: Any, now: dict[str, bool]) -> list[dict[str, Any]]:
    """Return the sums of the list prices of what was changed, beside what may be spent."""
    frames = throughput = 0
    for one in board.switches:
        times = now[one.id] - one.on
        frames += times * one.price.frames
        throughput += times * (1000 - one.price.throughput_permille)
    most = 1000 - board.budget.throughput_permille
    return [
        {
            "text": plain(
                mark("Throughput given up, by the list: {spent} % of {most} %"),
                spent=number(throughput / 10, 1),
                most=number(most / 10, 1),
            ),
            "value": throughput,
            "most": most,
        },
        {
            "text": plain(
                mark("Frames, by the list: {spent} of {most}"), spent=number(frames), most=number(board.budget.frames)
            ),
            "value": frames,
            "most": board.budget.frames,
        },
    ]


def price(price: Price) -> str:
    """Return the list price of a switch in what the budget is counted in."""
    parts = list[str]()
    if price.throughput_permille != 1000:
        parts.append(plain(mark("throughput {percent} %"), percent=signed(price.throughput_permille - 1000, 1)))
    if price.frames:
        parts.append(plain(mark("frames {count}"), count=signed(price.frames)))
    return ", ".join(parts) or _("costs nothing")


def signed(value: int, decimals: int = 0) -> str:
    """Return a difference with its sign, of a number in units of ``10**-decimals``."""
    text = number(abs(value) / 10**decimals, decimals) if decimals else number(abs(value))
    return f"+{text}" if value > 0 else f"−{text}" if value < 0 else text


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
