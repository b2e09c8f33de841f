import numpy as np
import pytest

import vmwidgets as vm
from vmwidgets.widgets.charts import COMING, PAST, Charts, nice


@pytest.fixture
def charts(lab):
    made = Charts(lab)
    yield made
    made.close()


def shown(chart):
    return np.asarray(chart.lines.y)


def test_the_past_is_what_was_recorded_and_the_rest_is_what_then_happens(charts, lab):
    foreseen = shown(charts._all)[:3, PAST:].copy()
    lab.advance(COMING)
    recorded = lab.recorded.window("cpu_used_khz", ["web", "database", "burner"], lab.tick - 1, COMING)
    np.testing.assert_array_equal(foreseen, recorded / np.float32(1e6))
    np.testing.assert_array_equal(shown(charts._all)[:3, PAST - COMING : PAST], foreseen)


def test_a_slider_repaints_while_time_stands_still(charts, lab):
    before, tick = shown(charts._all).copy(), lab.tick
    lab.configure("burner", cpu_limit_mhz=500)
    after = shown(charts._all)
    assert lab.tick == tick
    np.testing.assert_array_equal(after[:, :PAST], before[:, :PAST])
    assert (after[2, PAST:] <= 0.5).all()


def test_rows_are_constant_and_those_without_a_machine_are_invisible(charts, lab):
    shape = shown(charts._all).shape
    lab.destroy_vm("database")
    lab.create_vm("new")
    y = shown(charts._all)
    assert y.shape == shape
    assert y.dtype == np.float32
    assert np.isfinite(y).all()
    visible = [colour != "transparent" for colour in charts._all.lines.colors]
    assert visible == [True, True, True, *[False] * 5]
    assert charts._all.figure.axes[0].label == f"time, in ticks of {lab.tick_s} s"
    assert not charts._all.figure.display_toolbar, "whose pan would write scales"


def test_a_command_is_one_message_per_figure_and_few_bytes(charts, lab, wire):
    figures = [chart.lines for chart in (charts._all, charts._one, charts._ready)]
    lab.advance()  # so that the scales have settled
    for _ in range(20):
        wire.clear()
        lab.advance()
        for lines in figures:
            assert [list(m.data["state"]) for m in wire.to(lines)] == [["y"]]
        assert wire.bytes < 32 * 1024
        assert len(wire) <= len(figures) + 1 + 1, "and one for the text, one in the rare case of a new scale"


def test_what_a_tick_sends_does_not_grow(charts, lab, wire):
    def tick():
        wire.clear()
        lab.advance()
        return wire.bytes

    first = tick()
    lab.advance(500)
    assert tick() < 1.1 * first


@pytest.mark.parametrize("resource", ["cpu", "memory", "disk_io", "network"])
def test_every_resource(charts, lab, resource):
    charts.selection.resource = resource
    demand, entitlement, use = shown(charts._one)[:, PAST]
    assert use <= demand * 1.0001
    assert np.isfinite([demand, entitlement, use]).all()
    assert charts._all._y.max >= np.nanmax(shown(charts._all))


def test_a_past_tick_stands_at_the_line(charts, lab):
    now = shown(charts._all).copy()
    charts.selection.tick = lab.tick - 10
    np.testing.assert_array_equal(shown(charts._all)[:, PAST + 10 :], now[:, PAST : PAST + COMING - 10])
    charts.selection.tick = None
    np.testing.assert_array_equal(shown(charts._all), now)


def test_the_text_follows(charts, lab):
    before = charts._readings.state["sentence"]
    lab.configure("web", cpu_limit_mhz=50)
    after = charts._readings.state
    assert after["sentence"] != before
    assert [row[0] for row in after["rows"][1:]] == ["web", "database", "burner"]


def test_a_lab_without_machines(wire):
    lab = vm.Lab()
    charts = Charts(lab)
    lab.advance()
    assert charts._one.caption.state["title"] == "There is no virtual machine to chart."
    visible, size = set(charts._all.lines.colors), shown(charts._all).size
    charts.close()
    assert visible == {"transparent"}
    assert size, "an empty array would freeze the chart"
    assert not lab._subscribers


@pytest.mark.parametrize(("value", "top"), [(0, 1), (0.3, 0.5), (1, 1), (1.1, 2), (4.2, 5), (5.1, 10), (970, 1000)])
def test_scales_end_at_round_numbers(value, top):
    assert nice(value) == pytest.approx(top)


def test_repr(charts):
    assert repr(charts) == f"<Charts: cpu, {PAST} ticks past, {COMING} ticks coming>"
