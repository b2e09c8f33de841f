"""The scheduler lab as a still picture, for readers without a kernel.

Built as an XML tree, so that a VM may be called ``<b>`` and stays text.
"""

from xml.etree import ElementTree as Xml

import numpy as np

from vmwidgets.lab import Lab
from vmwidgets.locale import gettext as _
from vmwidgets.locale import mark, number
from vmwidgets.model.errors import VmwidgetsError
from vmwidgets.model.quantum import QuantumRun
from vmwidgets.model.scheduler import RUNNING
from vmwidgets.widgets.kit import Selection, plain
from vmwidgets.widgets.palette import COLOURS, INKS
from vmwidgets.widgets.picture import ROW, WIDTH, add_rect, add_text, svg_of
from vmwidgets.widgets.time_line import ALGORITHM_NAMES, sentence, table

SHOWN_US = 300_000
"""The first so many microseconds are drawn: slices are still as wide as a finger there."""
LEFT, HIGH, STEP, MOST_PCPUS = 110, 18, 24, 8
_PIXEL = 0.75
"""Narrower stretches are drawn together with the gap before them, so that a picture stays small."""


def scheduler_picture(lab: Lab) -> str:
    """Return who ran on each pCPU in the beginning as an SVG text, and a table of what each VM got."""
    with lab.hold():
        try:
            runs = lab.quantum_runs()
        except VmwidgetsError:
            runs = ()
        rows, told, pcpus = table(lab, runs), sentence(lab, runs), min(lab.hardware.pcpus, MOST_PCPUS)
        selection = Selection(lab)
        slots = [selection.slot(vm.name) for vm in lab.vms]
    above = 64 + len(runs) * (28 + pcpus * STEP)
    svg = svg_of(above + (len(rows) + 1) * ROW, told)
    add_text(svg, 16, 26, _("Who runs when"), weight="600")
    span = plain(mark("the first {time} ms"), time=number(SHOWN_US / 1000))
    add_text(svg, WIDTH - 16, 26, span, anchor="end", fill="#565e66")
    add_text(svg, 16, 46, told, fill="#565e66", size="11")
    y = 64
    for run in runs:
        add_text(svg, 16, y + 14, _(ALGORITHM_NAMES[run.algorithm]), weight="600")
        y += 28
        for pcpu in range(pcpus):
            add_text(svg, 16, y + 13, plain(mark("pCPU {n}"), n=pcpu), fill="#565e66", size="11")
            _stretches(svg, run, pcpu, slots, y)
            y += STEP
    _table(svg, rows, slots, above + 8)
    return Xml.tostring(svg, encoding="unicode")


def _stretches(svg: Xml.Element, run: QuantumRun, pcpu: int, slots: list[int], y: int) -> None:
    start, end, where, vcpu, state = run.timeline
    here = np.flatnonzero((where == pcpu) & (state == RUNNING) & (start < SHOWN_US))
    wide = WIDTH - 16 - LEFT
    add_rect(svg, LEFT, y, wide, HIGH, "#f3f5f7")
    drawn = float(LEFT)
    for i in here.tolist():
        slot = slots[int(run.owner[vcpu[i]])]
        x = max(LEFT + wide * int(start[i]) / SHOWN_US, drawn)
        right = LEFT + wide * min(int(end[i]), SHOWN_US) / SHOWN_US
        if right - x < _PIXEL:
            continue
        add_rect(svg, x, y, right - x, HIGH, COLOURS[slot] if slot >= 0 else "#565e66", stroke="#ffffff")
        if right - x > 14 and slot >= 0:
            add_text(svg, (x + right) / 2, y + 13, str(slot + 1), anchor="middle", fill=INKS[slot], weight="700")
        drawn = right


def _table(svg: Xml.Element, rows: list[list[str]], slots: list[int], y: int) -> None:
    head, *lines = rows
    width = (WIDTH - 200) // max(len(head) - 1, 1)
    for column, text in enumerate(head[1:], 1):
        add_text(svg, 184 + column * width, y, text.rpartition(": ")[2], anchor="end", fill="#565e66", size="10")
    for row, (cells, slot) in enumerate(zip(lines, slots, strict=True), 1):
        at = y + row * ROW
        if slot >= 0:
            add_rect(svg, 16, at - 14, 18, 18, COLOURS[slot], radius=4)
            add_text(svg, 25, at, str(slot + 1), anchor="middle", fill=INKS[slot], weight="700")
        add_text(svg, 42, at, cells[0])
        for column, text in enumerate(cells[1:], 1):
            add_text(svg, 184 + column * width, at, text, anchor="end")
