"""The memory lab as a still picture, for readers without a kernel.

Built as an XML tree, so that a VM may be called ``<b>`` and stays text.
"""

from xml.etree import ElementTree as Xml

from vmwidgets.lab import Lab
from vmwidgets.locale import gettext as _
from vmwidgets.locale import mark
from vmwidgets.model.snapshot import Snapshot
from vmwidgets.widgets.kit import Selection, plain
from vmwidgets.widgets.memory_state import amount, does, paged
from vmwidgets.widgets.palette import COLOURS, INKS
from vmwidgets.widgets.picture import ROW, WIDTH, add_rect, add_text, svg_of
from vmwidgets.widgets.server_view import clock

LEFT, RIGHT, STEP, BAR = 190, 16, 44, 20
PARTS = (
    ("in memory", mark("in memory"), "", 1.0),
    ("ballooned", mark("in the balloon"), "#8a929b", 0.4),
    ("compressed", mark("compressed"), "#6b737b", 0.8),
    ("swapped", mark("swapped out by the host"), "#c2444d", 0.8),
)


def memory_picture(lab: Lab) -> str:
    """Return the host's memory and that of its VMs as an SVG text: a bar for each, and a table of what it holds."""
    with lab.hold():
        memory, now = paged(lab), lab.snapshot
        free = memory.machine.free * lab.hardware.page_bytes
        done = does(memory.profile, memory.rung)
        state = plain(mark("State of the host: {state}. What it does: {does}."), state=_(memory.rung.name), does=done)
    have, selection = lab.hardware.guest_memory_bytes, Selection(lab)
    told = plain(mark("{free} of {all} are free."), free=amount(free), all=amount(have)) + " " + state
    svg = svg_of(96 + STEP * (len(now.vms) + 1) + ROW, told)
    add_text(svg, 16, 26, f"{_('Memory')} · {memory.profile.name}", weight="600")
    add_text(svg, WIDTH - 16, 26, clock(now.tick, now.tick_s), anchor="end", fill="#565e66")
    add_text(svg, 16, 46, told, fill="#565e66")
    _host(svg, now, [selection.slot(name) for name in now.names], free, 64)
    for i, name in enumerate(now.names):
        _vm(svg, now, i, selection.slot(name), 64 + STEP * (i + 1))
    _legend(svg, 64 + STEP * (len(now.vms) + 1) + 14)
    return Xml.tostring(svg, encoding="unicode")


def _scale(now: Snapshot) -> float:
    """Return pixels per byte: the machine, or a VM that is larger, fills the width."""
    return (WIDTH - LEFT - RIGHT) / max(now.hardware.memory_bytes, *(vm.memory_bytes for vm in now.vms), 1)


def _host(svg: Xml.Element, now: Snapshot, slots: list[int], free: int, y: int) -> None:
    scale, pool = _scale(now), now.pools["memory"]
    add_text(svg, 16, y + 14, _("Server"), weight="600")
    add_rect(svg, LEFT, y, scale * pool.capacity, BAR, "#f3f5f7", stroke="#d5d9de")
    add_rect(svg, LEFT, y, scale * pool.vmm, BAR, "#8a929b")
    x = LEFT + scale * pool.vmm
    for slot, used in zip(slots, pool.per_vm.tolist(), strict=True):
        width = scale * used
        add_rect(svg, x, y, width, BAR, COLOURS[slot] if slot >= 0 else "#565e66", stroke="#ffffff")
        if slot >= 0 and width > 14:
            add_text(svg, x + width / 2, y + 15, str(slot + 1), anchor="middle", fill=INKS[slot], weight="700")
        x += width
    add_text(svg, LEFT, y + BAR + 14, plain(mark("free {amount}"), amount=amount(free)), fill="#565e66", size="11")


def _vm(svg: Xml.Element, now: Snapshot, i: int, slot: int, y: int) -> None:
    scale, vm = _scale(now), now.vms[i]
    own = COLOURS[slot] if slot >= 0 else "#565e66"
    if slot >= 0:
        add_rect(svg, 16, y, 18, 18, own, radius=4)
        add_text(svg, 25, y + 14, str(slot + 1), anchor="middle", fill=INKS[slot], weight="700")
    add_text(svg, 42, y + 14, vm.name)
    add_rect(svg, LEFT, y, scale * vm.memory_bytes, BAR, "#ffffff", stroke="#565e66")
    x, said = float(LEFT), [f"{_('configured')} {amount(vm.memory_bytes)}"]
    for key, name, colour, opacity in PARTS:
        metric = "memory_mapped_bytes" if key == "in memory" else f"memory_{key}_bytes"
        value = int(now[metric][i])
        add_rect(svg, x, y, scale * value, BAR, colour or own).set("opacity", str(opacity))
        x += scale * value
        if value:
            said.append(f"{_(name)} {amount(value)}")
    said.append(f"{_('active')} {amount(int(now['memory_active_bytes'][i]))}")
    add_text(svg, LEFT, y + BAR + 14, " · ".join(said), fill="#565e66", size="11")


def _legend(svg: Xml.Element, y: int) -> None:
    x = LEFT
    for _key, name, colour, opacity in PARTS:
        add_rect(svg, x, y - 10, 14, 11, colour or "#565e66").set("opacity", str(opacity))
        add_text(svg, x + 20, y, _(name), fill="#565e66", size="11")
        x += 150
