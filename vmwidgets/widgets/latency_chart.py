"""How long writes to pages took, as bars: two groups, if somebody else has some of these pages, too."""

from typing import Any
from xml.etree import ElementTree as Xml

import traitlets

from vmwidgets.experiments.latencies import LIBRARY
from vmwidgets.locale import gettext as _
from vmwidgets.locale import mark, number
from vmwidgets.model.errors import VmwidgetsError
from vmwidgets.model.range.sharing import COPY_CYCLES
from vmwidgets.widgets.kit import View, plain
from vmwidgets.widgets.picture import WIDTH, add_rect, add_text, svg_of

_ROW, _LEFT, _RIGHT = 22, 230, 170


class LatencyChart(View):
    """A bar for each write.

    Parameters
    ----------
    table
        What :func:`vmwidgets.experiments.write_latencies` returns.
    title
        A heading.
    """

    _front = "latency_chart"

    state = traitlets.Dict().tag(sync=True)

    def __init__(self, table: Any, title: str = "") -> None:
        if not {"guess", "cycles", "copied"} <= {*getattr(table, "columns", ())}:
            told = "table is {value}, expected what vm.experiments.write_latencies() returns"
            raise VmwidgetsError(told, value=repr(table)[:60])
        self._writes = [
            (int(row["guess"]), int(row["cycles"]), bool(row["copied"])) for row in table.to_dict("records")
        ]
        self._title = title
        super().__init__(state=self._state())

    def refresh(self) -> None:
        """Write all synced traits anew."""
        self.state = self._state()

    def _state(self) -> dict[str, Any]:
        rows = [
            [
                _("page of the library")
                if guess == LIBRARY
                else plain(mark("page with {number}"), number=number(guess)),
                cycles,
                copied,
            ]
            for guess, cycles, copied in self._writes
        ]
        # All charts have the scale of a copy, so that they can be compared.
        most = max(COPY_CYCLES, *(cycles for _guess, cycles, _copied in self._writes))
        return {"title": self._title, "sentence": self._sentence(), "rows": rows, "most": most}

    def _sentence(self) -> str:
        slow = [cycles for _guess, cycles, copied in self._writes if copied]
        other = [cycles for _guess, cycles, copied in self._writes if not copied]
        fields = {"all": number(len(self._writes)), "most": number(max(other, default=0))}
        if not slow:
            return plain(mark("{all} writes, none of which took more than {most} cycles."), **fields)
        fields |= {"count": number(len(slow)), "least": number(min(slow))}
        return plain(
            mark("{all} writes: {count} of them took {least} cycles or more, the others at most {most}."), **fields
        )

    def __repr__(self) -> str:
        slow = sum(copied for _guess, _cycles, copied in self._writes)
        return f"<LatencyChart: {len(self._writes)} writes, {slow} copied>"

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict[str, Any], dict[str, Any]] | None:
        # Readers without a kernel see the picture; those with one see the widget.
        bundle = super()._repr_mimebundle_(**kwargs)
        if bundle:
            bundle[0]["image/svg+xml"] = self._picture()
        return bundle

    def _picture(self) -> str:
        now = self._state()
        svg = svg_of(36 + _ROW * len(now["rows"]), now["sentence"])
        add_text(svg, 16, 22, now["sentence"])
        for at, (label, cycles, copied) in enumerate(now["rows"]):
            y, wide = 34 + at * _ROW, max(2.0, (WIDTH - _LEFT - _RIGHT) * cycles / now["most"])
            add_text(svg, _LEFT - 8, y + 15, label, anchor="end")
            add_rect(svg, _LEFT, y + 4, wide, _ROW - 8, "#0b62a8" if copied else "#8a929b")
            told = number(cycles) + (f" · {_('copied')}" if copied else "")
            add_text(svg, _LEFT + wide + 6, y + 15, told)
        return Xml.tostring(svg, encoding="unicode")
