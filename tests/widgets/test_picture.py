from itertools import groupby
from xml.etree import ElementTree as Xml

import pytest

import vmwidgets as vm
from vmwidgets import locale
from vmwidgets.widgets.picture import picture

NS = "{http://www.w3.org/2000/svg}"


def bars(svg):
    """Per pool: the well, and the parts on it."""
    rects = [r for r in svg.iter(f"{NS}rect") if r.get("height") == "30"]
    return [list(group) for _y, group in groupby(rects, lambda r: r.get("y"))]


def test_parts_stand_side_by_side_and_the_rest_is_free(lab):
    pools = bars(Xml.fromstring(picture(lab)))
    assert len(pools) == 5
    for (well, *parts), (name, pool) in zip(pools, lab.snapshot.pools.items(), strict=True):
        end = float(well.get("x"))
        for part in parts:
            assert float(part.get("x")) == pytest.approx(end, abs=0.02)
            end += float(part.get("width"))
        free = float(well.get("x")) + float(well.get("width")) - end
        assert free == pytest.approx(float(well.get("width")) * pool.free / pool.capacity, abs=0.05), name


def test_names_stay_text(wire):
    lab = vm.Lab()
    lab.create_vm("<b onload='x'>&amp;")
    svg = Xml.fromstring(picture(lab))
    assert "<b onload='x'>&amp;" in [t.text for t in svg.iter(f"{NS}text")]
    assert {e.tag.removeprefix(NS) for e in svg.iter()} == {"svg", "title", "rect", "text"}


@pytest.mark.parametrize("count", [0, 1, 8, 12])
def test_any_number_of_machines(count, wire):
    lab = vm.Lab()
    for number in range(count):
        lab.create_vm(f"m{number}", workload="web")
    lab.advance(60)
    svg = Xml.fromstring(picture(lab))
    lowest = max(float(t.get("y")) for t in svg.iter(f"{NS}text"))
    assert lowest < float(svg.get("height"))
    assert sum(t.text.startswith("m") for t in svg.iter(f"{NS}text")) == count


def test_the_same_picture_every_time(lab):
    assert picture(lab) == picture(lab) == picture(lab.replay())


def test_in_russian(lab):
    english = picture(lab)
    locale.set_language("ru")
    assert picture(lab) != english
