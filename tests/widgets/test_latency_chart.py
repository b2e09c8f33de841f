"""The chart of writes: two groups in words, a row for each page, a picture without a kernel."""

import pytest

import vmwidgets as vm
from vmwidgets import locale


@pytest.fixture
def chart():
    made = []

    def make(**how):
        made.append(vm.LatencyChart(vm.experiments.write_latencies(seed=1, **how)))
        return made[-1]

    locale.set_language("en")
    yield make
    for one in made:
        one.close()


def test_two_groups_and_one(chart):
    shared, alone = chart(), chart(salted=True)
    assert shared.state["sentence"] == "11 writes: 1 of them took 5,203 cycles or more, the others at most 7."
    assert alone.state["sentence"] == "11 writes, none of which took more than 7 cycles."
    assert [row[2] for row in shared.state["rows"]] == [False] * 10 + [True]
    assert shared.state["rows"][0][:2] == ["page with 0", 7]
    assert shared.state["most"] == 5203
    assert alone.state["most"] == 5000  # so that bars of both can be compared
    assert repr(shared) == "<LatencyChart: 11 writes, 1 copied>"


def test_without_a_kernel_there_is_a_picture(chart):
    bundle, _ = chart()._repr_mimebundle_()
    assert bundle["text/plain"] == "<LatencyChart: 11 writes, 1 copied>"
    assert "page of the library" in bundle["image/svg+xml"]
    assert bundle["image/svg+xml"].count("<rect") == 12


def test_it_follows_the_language(chart):
    one = chart()
    locale.set_language("ru")
    assert one.language == "ru"
    assert "5\N{NO-BREAK SPACE}203" in one.state["sentence"]
