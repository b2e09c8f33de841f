from dataclasses import replace

import pytest

from tests.widgets.example_stacks import DESK, SLIM
from vmwidgets.model.kin import differing
from vmwidgets.model.layers import Layers
from vmwidgets.stacks import STACKS
from vmwidgets.widgets.stack_layout import VMS, layout

KNOWN = [stack for stack in STACKS.values() if len(stack.layers)]


def area(box):
    return box.x, box.x + box.width, box.y, box.y + box.rows


def overlap(one, other):
    a, b, c, d = area(one)
    e, f, g, h = area(other)
    return min(b, f) - max(a, e) > 1e-9 and min(d, h) - max(c, g) > 0


@pytest.mark.parametrize("stack", [SLIM, DESK, *KNOWN], ids=lambda stack: stack.id)
def test_every_layer_has_its_place(stack):
    boxes, high = layout(stack.layers)
    assert {box.layer for box in boxes} == {layer.id for layer in stack.layers}
    assert max(box.y + box.rows for box in boxes) == high
    plain = [box for box in boxes if not box.within]
    assert not [(a, b) for i, a in enumerate(plain) for b in plain[:i] if overlap(a, b)]
    for box in boxes:
        assert box.x >= -1e-9
        assert box.x + box.width <= 1 + 1e-9
        below = [other for other in boxes if other.y + other.rows == box.y and not other.within]
        stands = any(a.x - 1e-9 <= box.x and box.x + box.width <= a.x + a.width + 1e-9 for a in below)
        assert box.within or box.y == 0 or stands, "it stands on something"


def test_the_column_of_a_vm():
    boxes, _high = layout(DESK.layers)
    columns = {vm: [box.layer for box in boxes if box.vm == vm] for vm in range(VMS)}
    assert all(column == ["vmm_process", "vmm", "guest_kernel", "guest_apps"] for column in columns.values())
    first, second = (next(b for b in boxes if (b.layer, b.vm) == ("vmm", vm)) for vm in (0, 1))
    assert second.x == pytest.approx(first.x + first.width)


def test_drivers_are_inside_and_a_vms_layer_elsewhere_is_drawn_once():
    boxes = {box.layer: box for box in layout(SLIM.layers)[0]}
    kernel, drivers = boxes["management"], boxes["drivers"]
    assert drivers.within
    assert kernel.rows == 2
    assert drivers.y == kernel.y + 1
    assert (boxes["device_model"].several, boxes["device_model"].vm) == (True, -1)
    assert boxes["firmware"].within


def test_what_differs_is_what_a_layer_is_and_does_not_its_name():
    renamed = replace(SLIM, layers=Layers(replace(layer, name=layer.name.upper()) for layer in SLIM.layers))
    assert differing([SLIM.layers, renamed.layers]) == [set(), set()]
    moved = [
        replace(layer, duties=layer.duties | {"drives"}) if layer.id == "hypervisor" else layer for layer in SLIM.layers
    ]
    assert differing([SLIM.layers, Layers(moved)]) == [{"hypervisor"}, {"hypervisor"}]
    slim, desk = differing([SLIM.layers, DESK.layers])
    assert {"hypervisor", "management", "device_model"} <= slim
    assert {"host_kernel", "vmm", "vmm_process", "host_apps"} <= desk
    assert not {"hardware", "firmware", "guest_kernel", "guest_apps"} & (slim | desk)
