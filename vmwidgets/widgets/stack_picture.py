"""The products side by side as a still picture, for readers without a kernel.

Built as an XML tree, so that a layer may be called ``<b>`` and stays text.
"""

from textwrap import wrap
from xml.etree import ElementTree as Xml

from vmwidgets.locale import gettext as _
from vmwidgets.model.layers import Layer
from vmwidgets.model.stack import Stack
from vmwidgets.widgets.palette import COLOURS, INKS
from vmwidgets.widgets.picture import WIDTH, add_rect, add_text, svg_of
from vmwidgets.widgets.stack_choice import Choice
from vmwidgets.widgets.stack_diagrams import lit_layers, sentence
from vmwidgets.widgets.stack_layout import Box, layout
from vmwidgets.widgets.stack_words import PLACES, PRIVILEGES

ROW, GAP, STRIP, SIDE, LETTER = 36, 4, 8, 16, 5.8
_SHADES = {
    "machine": "#39424b",
    "hypervisor": "#4f6f8f",
    "kernel": "#7a93aa",
    "user": "#b9c6d2",
    "guest_kernel": "#7a93aa",
    "guest_user": "#b9c6d2",
}
_LIT, _PAPER, _LINE, _STRONG, _SOFT = "#d7e9f8", "#ffffff", "#8a929b", "#39424b", "#565e66"


def stack_picture(choice: Choice) -> str:
    """Return the diagrams of the chosen products as an SVG text: two in a row, and below them what is lit, in words."""
    shown = list(zip(choice.stacks, lit_layers(choice), strict=True))
    pairs = [shown[:2], shown[2:]] if len(shown) > 2 else [shown]
    heights = [max(layout(stack.layers)[1] for stack, _lit in pair) * ROW + 66 for pair in pairs]
    told = wrap(sentence(choice), 140)
    legend = 26 + 18 * len(told)
    svg = svg_of(sum(heights) + legend + 16, " ".join(told))
    y = 0
    for pair, height in zip(pairs, heights, strict=True):
        wide = (WIDTH - 2 * SIDE - 24) / 2
        for number, (stack, lit) in enumerate(pair):
            draw_stack(svg, stack, lit, SIDE + number * (wide + 24), y + height, wide)
        y += height
    _legend(svg, y + 16)
    for number, line in enumerate(told):
        add_text(svg, SIDE, y + 40 + 18 * number, line, fill=_SOFT, size="12")
    return Xml.tostring(svg, encoding="unicode")


def draw_stack(svg: Xml.Element, stack: Stack, lit: set[str], x: float, ground: float, wide: float) -> None:
    """Draw one product, its hardware on a line."""
    boxes, high = layout(stack.layers)
    trusted = {layer.id for layer in stack.layers.trusted()}
    head = ground - high * ROW - 30
    add_text(svg, x, head, _(stack.name), weight="600")
    add_text(svg, x + wide, head, _(PLACES[stack.type]), anchor="end", fill=_SOFT, size="11")
    tops: dict[int, Box] = {}
    for box in boxes:
        layer = stack.layers[box.layer]
        _box(svg, box, layer, (layer.id in lit, layer.id in trusted), x, ground, wide)
        if box.vm >= 0 and (box.vm not in tops or box.y > tops[box.vm].y):
            tops[box.vm] = box
    for vm, box in tops.items():
        middle, top = x + (box.x + box.width / 2) * wide, ground - (box.y + box.rows) * ROW - 18
        add_rect(svg, middle - 8, top, 16, 16, COLOURS[vm], radius=4)
        add_text(svg, middle, top + 12, str(vm + 1), anchor="middle", fill=INKS[vm], weight="700", size="11")


def _box(
    svg: Xml.Element, box: Box, layer: Layer, marks: tuple[bool, bool], x: float, ground: float, wide: float
) -> None:
    lit, trusted = marks
    inset = 5 if box.within else 0
    left, across = x + box.x * wide + GAP / 2 + inset, box.width * wide - GAP - 2 * inset
    top, height = ground - (box.y + box.rows) * ROW + inset, box.rows * ROW - GAP - inset
    frame = add_rect(svg, left, top, across, height, _LIT if lit else _PAPER, _STRONG if trusted else _LINE, radius=3)
    frame.set("stroke-width", "2.2" if trusted else "1")
    add_rect(svg, left, top, STRIP, height, _SHADES[layer.privilege])
    words = f"{_(layer.name)} ×3" if box.several else _(layer.name)
    room = max(int((across - STRIP - 8) / LETTER), 3)
    lines = [
        line if len(line) <= room else f"{line[: room - 1]}…" for line in wrap(words, room, break_long_words=False)
    ]
    lines = lines if len(lines) <= 2 else [lines[0], f"{lines[1][: room - 1]}…"]
    if len(lines) == 1 and not box.within and len(mode := _(PRIVILEGES[layer.privilege])) <= room:
        lines.append(mode)
    base, step = (top + height - 20, 13) if box.rows > 1 else (top + 12, 11) if box.within else (top + 14, 13)
    for number, line in enumerate(lines):
        soft = number == 1 and line == _(PRIVILEGES[layer.privilege])
        add_text(svg, left + STRIP + 5, base + step * number, line, size="11", fill=_SOFT if soft else "#111111")


def _lines(text: str, room: int) -> list[str]:
    """Break a name into at most two lines of so many letters, and cut off what does not fit."""
    lines = wrap(text, room, break_long_words=False)
    cut = lines if len(lines) <= 2 else [lines[0], " ".join(lines[1:])]
    return [line if len(line) <= room else f"{line[: room - 1].rstrip()}…" for line in cut]


def _legend(svg: Xml.Element, y: float) -> None:
    x = float(SIDE)
    for lit, trusted, text in ((True, False, _("lit")), (False, True, _("has to be trusted by every VM"))):
        frame = add_rect(svg, x, y - 10, 14, 11, _LIT if lit else _PAPER, _STRONG if trusted else _LINE)
        frame.set("stroke-width", "2.2" if trusted else "1")
        add_text(svg, x + 20, y, text, fill=_SOFT, size="11")
        x += 40 + LETTER * len(text)
