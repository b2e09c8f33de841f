import numpy as np
import pytest

import vmwidgets as vm
from tests.widgets.memory_labs import SHORT, memory_lab, work
from vmwidgets.widgets.charts import PAST
from vmwidgets.widgets.memory_charts import MemoryCharts

TOP = ("guest_swapped", "configured", "swapped", "compressed", "ballooned", "shared", "idle", "active")


@pytest.fixture
def charts():
    lab = memory_lab(active=SHORT, ticks=130)
    made = MemoryCharts(lab)
    yield made
    made.close()


def layers(charts):
    """How thick each layer is at the right end, in GiB."""
    heights = np.asarray(charts._one.lines.y)[:, -1]
    return dict(zip(TOP, heights[:-1] - heights[1:], strict=True))


def test_layers_are_what_the_host_counts(charts):
    charts.selection.vm = "B"
    now, thick = charts.lab.snapshot.of("B"), layers(charts)
    for layer in ("ballooned", "swapped", "compressed", "shared", "guest_swapped"):
        assert thick[layer] == pytest.approx(now[f"memory_{layer}_bytes"] / vm.GiB, abs=1e-5), layer
    own = now["memory_mapped_bytes"] - now["memory_shared_bytes"]
    assert thick["active"] + thick["idle"] == pytest.approx(own / vm.GiB, abs=1e-5)
    assert thick["idle"] > 1
    assert thick["ballooned"] > 5


def test_the_top_line_is_the_configured_memory(charts):
    heights = np.asarray(charts._one.lines.y)
    assert heights[1, -1] == pytest.approx(16)
    assert (np.diff(heights, axis=0) <= 1e-5).all(), "no layer is thinner than nothing"
    assert np.isfinite(heights).all()
    assert heights.dtype == np.float32


def test_the_target_stands_right_of_the_line(charts):
    lab = charts.lab
    lab.configure("A", memory_shares=2000)
    lab.advance()
    y = np.asarray(charts._all.lines.y)
    for row, name in enumerate("ABC"):
        target = lab.memory.tenants[lab.memory_slot(name)].target * lab.hardware.page_bytes / vm.GiB
        np.testing.assert_allclose(y[row, PAST + 1 :], target, rtol=1e-5)
        assert y[row, PAST] == pytest.approx(lab.snapshot.of(name)["memory_used_bytes"] / vm.GiB)
    assert y[0, -1] - y[0, PAST] > 0.3, "whose shares were doubled is to have more"


def test_who_sets_no_targets_shows_none(wire):
    lab = memory_lab("kvm", ticks=20)
    charts = MemoryCharts(lab)
    y = np.asarray(charts._all.lines.y)
    np.testing.assert_array_equal(y[:, PAST:], np.repeat(y[:, PAST : PAST + 1], y.shape[1] - PAST, axis=1))
    assert "nobody" in charts._all.caption.state["title"]
    assert [row[2] for row in charts._readings.state["rows"][1:]] == ["–"] * 3
    charts.close()


def test_a_working_set_without_frames_is_named(charts):
    work(charts.lab, {"A": 100, "B": 100, "C": 100})
    charts.lab.advance(3)
    assert "have no frame" not in charts._readings.state["sentence"]
    work(charts.lab, SHORT)
    charts.lab.advance(10)
    now = charts.lab.snapshot.of("A")
    missing = (now["memory_active_bytes"] - now["memory_mapped_bytes"]) / vm.GiB
    assert missing > 1
    assert f"At least {missing:.2f} GiB" in charts._readings.state["sentence"]


def test_a_past_tick_is_read_as_it_was(charts):
    lab = charts.lab
    before = charts._readings.state["rows"]
    lab.advance()
    work(lab, {"A": 100, "B": 100, "C": 100})
    lab.advance(30)
    charts.selection.tick = 129
    then = charts._readings.state["rows"]
    assert [row[1:2] + row[3:] for row in then] == [row[1:2] + row[3:] for row in before]
    assert [row[2] for row in then[1:]] == ["–"] * 3, "targets are not recorded"
    assert np.asarray(charts._one.lines.y)[-2, PAST] == pytest.approx(float(before[1][3]), abs=2)


def test_rows_are_constant_and_those_without_a_machine_are_invisible(charts):
    shapes = [np.asarray(chart.lines.y).shape for chart in charts._charts]
    for name in "ABC":
        charts.lab.destroy_vm(name)
    charts.lab.advance(2)
    assert [np.asarray(chart.lines.y).shape for chart in charts._charts] == shapes
    assert set(charts._all.lines.colors) == {"transparent"}
    assert charts._readings.state["sentence"] == "There is no virtual machine to chart."


def test_repr(charts):
    assert repr(charts) == f"<MemoryCharts: A, {PAST} ticks past>"
