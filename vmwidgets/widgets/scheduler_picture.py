"""The scheduler lab as a still picture, for readers without a kernel.

Built as an XML tree, so that a VM may be called ``<b>`` and stays text.
"""

from xml.etree import ElementTree as Xml

import numpy as np

from vmwidgets.lab import Lab
from vmwidgets.locale import gettext as _
from vmwidgets.locale import mark, number
from vmwidgets.model.quantum import QuantumRun
from vmwidgets.model.scheduler import RUNNING
from vmwidgets.widgets.kit import Selection, plain
from vmwidgets.widgets.palette import COLOURS, INKS
from vmwidgets.widgets.picture import ROW, WIDTH, add_rect, add_text, svg_of
from vmwidgets.widgets.time_line import ALGORITHM_NAMES, sentence, table

SHOWN_US = 300_000
"""The first so many microseconds are drawn: slices are still as wide as a finger there."""
LEFT, HIGH, STEP, MOST_PCPUS = 110, 18, 22, 8


def scheduler_picture(lab: Lab) -> str:
    """Return who ran on each pCPU in the beginning as an SVG text, and a table of what each VM got."""
    with lab.hold():
        runs, _refusals = lab.quantum_outcomes()
        rows, told, pcpus = table(lab, runs), sentence(lab, runs), min(lab.hardware.pcpus, MOST_PCPUS)
        selection = Selection(lab)
        slots = [selection.slot(vm.name) for vm in lab.vms]
        programs = max((int(run.owner.max(initial=0)) + 1 for run in runs), default=0) - len(slots)
        slots += [-1] * programs
    above = 52 + len(runs) * (34 + pcpus * STEP)
    svg = svg_of(above + (len(rows) + 2) * ROW + 12, told)
    add_text(svg, 16, 26, _("Who runs when"), weight="600")
    span = plain(mark("the first {time} ms"), time=number(SHOWN_US / 1000))
    add_text(svg, WIDTH - 16, 26, span, anchor="end", fill="#565e66")
    y = 40
    for run in runs:
        add_text(svg, 16, y + 20, _(ALGORITHM_NAMES[run.algorithm]), weight="600")
        y += 28
        for pcpu in range(pcpus):
            add_text(svg, 16, y + 13, plain(mark("pCPU {n}"), n=pcpu), fill="#565e66", size="11")
            _stretches(svg, run, pcpu, slots, y)
            y += STEP
        y += 6
    _table(svg, rows, slots, [_(ALGORITHM_NAMES[run.algorithm]) for run in runs], above + 12)
    return Xml.tostring(svg, encoding="unicode")


def _stretches(svg: Xml.Element, run: QuantumRun, pcpu: int, slots: list[int], y: int) -> None:
    """Draw every stretch of a pCPU, however short: one path for each VM."""
    start, end, where, vcpu, state = run.timeline
    here = np.flatnonzero((where == pcpu) & (state == RUNNING) & (start < SHOWN_US))
    wide = WIDTH - 16 - LEFT
    left = LEFT + wide * start[here] / SHOWN_US
    width = LEFT + wide * np.minimum(end[here], SHOWN_US) / SHOWN_US - left
    slot = np.array(slots)[run.owner[vcpu[here]]]
    add_rect(svg, LEFT, y, wide, HIGH, "#f3f5f7")
    for one in np.unique(slot).tolist():
        mine = zip(left[slot == one].tolist(), width[slot == one].tolist(), strict=True)
        path = "".join(f"M{x:.2f} {y}h{w:.2f}v{HIGH}h-{w:.2f}z" for x, w in mine)
        Xml.SubElement(svg, "path", {"d": path, "fill": COLOURS[one] if one >= 0 else "#565e66"})
    for x, w, one in zip(left.tolist(), width.tolist(), slot.tolist(), strict=True):
        if w > 14 and one >= 0:
            add_text(svg, x + w / 2, y + 13, str(one + 1), anchor="middle", fill=INKS[one], weight="700")


def _table(svg: Xml.Element, rows: list[list[str]], slots: list[int], schedulers: list[str], y: int) -> None:
    head, *lines = rows
    width = (WIDTH - 200) // max(len(head) - 1, 1)
    for number_of, name in enumerate(schedulers):
        add_text(svg, 184 + (5 + 4 * number_of) * width, y, name, anchor="end", weight="600", size="11")
    for column, text in enumerate(head[1:], 1):
        add_text(svg, 184 + column * width, y + 16, _short(text, schedulers), anchor="end", fill="#565e66", size="10")
    for row, (cells, slot) in enumerate(zip(lines, slots, strict=False), 1):
        at = y + 16 + row * ROW
        if slot >= 0:
            add_rect(svg, 16, at - 14, 18, 18, COLOURS[slot], radius=4)
            add_text(svg, 25, at, str(slot + 1), anchor="middle", fill=INKS[slot], weight="700")
        add_text(svg, 42, at, cells[0])
        for column, text in enumerate(cells[1:], 1):
            add_text(svg, 184 + column * width, at, text, anchor="end")


def _short(text: str, schedulers: list[str]) -> str:
    """Return a heading without the name that stands above it."""
    return next((text.removeprefix(f"{name}: ") for name in schedulers if text.startswith(f"{name}: ")), text)
