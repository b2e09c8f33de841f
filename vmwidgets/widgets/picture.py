"""The board as a still picture, for readers without a kernel: GitHub, nbviewer, an exported page, a slide.

Built as an XML tree, so that a VM may be called ``<b>`` and stays text.
"""

from xml.etree import ElementTree as Xml

from vmwidgets.lab import Lab
from vmwidgets.locale import gettext as _
from vmwidgets.locale import mark, number
from vmwidgets.model.snapshot import RESOURCES, Snapshot
from vmwidgets.widgets.kit import Selection, plain
from vmwidgets.widgets.palette import COLOURS, INKS
from vmwidgets.widgets.server_view import clock, sentence

WIDTH, ROW, BAR = 900, 24, 30
UNITS = {
    "memory": (2.0**30, 1, mark("GiB")),
    "cpu": (1e6, 2, mark("GHz")),
    "disk": (1e9, 0, mark("GB")),
    "disk_io": (1.0, 0, mark("op/s")),
    "network": (1e6, 1, mark("MB/s")),
}
NAMES = {
    "memory": mark("Memory"),
    "cpu": mark("Processor time"),
    "disk": mark("Disk space"),
    "disk_io": mark("Disk I/O"),
    "network": mark("Network"),
}


def picture(lab: Lab) -> str:
    """Return the server and its VMs as an SVG text: one bar per pool, and a table of what each VM uses."""
    now, selection = lab.snapshot, Selection(lab)
    slots = [selection.slot(name) for name in now.names]
    height = 64 + len(RESOURCES) * (BAR + 12) + 24 + (len(now.vms) + 1) * ROW + 12
    svg = svg_of(height, sentence(now))
    add_text(svg, 16, 26, _(lab.stack.name), weight="600")
    add_text(svg, WIDTH - 16, 26, clock(now.tick, now.tick_s), anchor="end", fill="#565e66")
    add_text(svg, 16, 46, sentence(now), fill="#565e66")
    y = 64
    for resource in RESOURCES:
        _pool(svg, now, resource, slots, y)
        y += BAR + 12
    _table(svg, now, slots, y + 20)
    return Xml.tostring(svg, encoding="unicode")


def svg_of(height: int, title: str) -> Xml.Element:
    """Return an empty picture of full width."""
    svg = Xml.Element("svg", _attributes(xmlns="http://www.w3.org/2000/svg", viewBox=f"0 0 {WIDTH} {height}"))
    svg.attrib |= {
        "width": str(WIDTH),
        "height": str(height),
        "font-family": "system-ui, sans-serif",
        "font-size": "13",
    }
    Xml.SubElement(svg, "title").text = title
    add_rect(svg, 0, 0, WIDTH, height, "#ffffff")
    return svg


def _pool(svg: Xml.Element, now: Snapshot, resource: str, slots: list[int], y: int) -> None:
    pool, left, wide = now.pools[resource], 150, WIDTH - 150 - 190
    add_text(svg, 16, y + 20, _(NAMES[resource]))
    parts = [(pool.vmm, "#8a929b", "", "")]
    for slot, used in zip(slots, pool.per_vm.tolist(), strict=True):
        fill, ink = (COLOURS[slot], INKS[slot]) if slot >= 0 else ("#565e66", "#ffffff")
        parts.append((used, fill, ink, str(slot + 1) if slot >= 0 else ""))
    x = float(left)
    add_rect(svg, left, y, wide, BAR, "#f3f5f7", stroke="#d5d9de")
    for value, fill, ink, text in parts:
        width = wide * value / pool.capacity
        if width > 0:
            add_rect(svg, x, y, width, BAR, fill)
        if text and width > 14:
            add_text(svg, x + width / 2, y + 20, text, anchor="middle", fill=ink, weight="700")
        x += width
    per, decimals, unit = UNITS[resource]
    used = number((pool.capacity - pool.free) / per, decimals)
    amount = plain(mark("{used} of {all} {unit}"), used=used, all=number(pool.capacity / per, decimals), unit=_(unit))
    add_text(svg, WIDTH - 16, y + 20, amount, anchor="end")


def _table(svg: Xml.Element, now: Snapshot, slots: list[int], y: int) -> None:
    columns = [WIDTH - 16 - (len(RESOURCES) - 1 - i) * 135 for i in range(len(RESOURCES))]
    for x, resource in zip(columns, RESOURCES, strict=True):
        add_text(svg, x, y, f"{_(NAMES[resource])}, {_(UNITS[resource][2])}", anchor="end", fill="#565e66", size="11")
    for row, (vm, slot) in enumerate(zip(now.vms, slots, strict=True), 1):
        at = y + row * ROW
        if slot >= 0:
            add_rect(svg, 16, at - 14, 18, 18, COLOURS[slot], radius=4)
            add_text(svg, 25, at, str(slot + 1), anchor="middle", fill=INKS[slot], weight="700")
        add_text(svg, 42, at, vm.name)
        for x, resource in zip(columns, RESOURCES, strict=True):
            per, decimals, _unit = UNITS[resource]
            add_text(svg, x, at, number(int(now.pools[resource].per_vm[row - 1]) / per, decimals), anchor="end")


def _attributes(**values: object) -> dict[str, str]:
    return {name: f"{value:.2f}" if isinstance(value, float) else str(value) for name, value in values.items()}


def add_rect(
    svg: Xml.Element, x: float, y: float, width: float, height: float, fill: str, stroke: str = "none", radius: int = 0
) -> Xml.Element:
    """Add a rectangle and return it."""
    return Xml.SubElement(
        svg, "rect", _attributes(x=x, y=y, width=width, height=height, fill=fill, stroke=stroke, rx=radius)
    )


def add_text(
    svg: Xml.Element,
    x: float,
    y: float,
    text: str,
    *,
    anchor: str = "start",
    fill: str = "#111111",
    weight: str = "400",
    size: str = "13",
) -> None:
    """Add a line of text; ``y`` is its base line."""
    element = Xml.SubElement(svg, "text", _attributes(x=x, y=y, fill=fill))
    element.attrib |= {"text-anchor": anchor, "font-weight": weight, "font-size": size}
    element.text = text
