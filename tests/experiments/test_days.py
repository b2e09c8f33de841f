"""One day of recorded machines on one host: nothing is made up, and waiting begins where the host is too small."""

from pathlib import Path

import pytest

from tests.make_small_day import PATH, machine
from tests.needs import needs
from vmwidgets import experiments
from vmwidgets.model.errors import VmwidgetsError
from vmwidgets.traces import read_trace

CLOCK = 2000


@pytest.fixture(scope="module")
def files():
    found = sorted(Path(needs("traces")).rglob("vm*.txt"))
    assert len(found) == 20
    return [str(path) for path in found]


def day(files, pcpus, **parameters):
    return experiments.day_of_traces(files, pcpus=pcpus, clock_mhz=CLOCK, **parameters).set_index("machine")


def check(table, pcpus):
    machines, everybody = table.drop("all"), table.loc["all"]
    for column in ("vcpus", "demand_mhz", "used_mhz", "ready_pct"):
        assert machines[column].sum() == pytest.approx(everybody[column])
    # What was wanted was either had or waited for. Use is in whole kHz and waiting in whole milliseconds.
    waited = table["ready_pct"] / 100 * CLOCK
    assert (table["demand_mhz"] - table["used_mhz"] - waited).abs().max() < 0.1
    assert everybody["used_mhz"] <= pcpus * CLOCK
    assert (table["ready_pct"] / table["vcpus"]).to_numpy() == pytest.approx(table["steal_pct"].to_numpy())
    assert (table["worst_hour_steal_pct"] >= table["steal_pct"] - 1e-9).all()
    assert table["worst_hour"].isna().equals(table["ready_pct"] == 0)


def test_twenty_real_machines_on_a_large_host(files):
    table = day(files, pcpus=20)
    check(table, 20)
    assert table["ready_pct"].max() == 0
    traces = [read_trace(path).values for path in files]
    wanted = [sum(values) / len(values) / 100 * CLOCK for values in traces]
    assert table["used_mhz"].drop("all").to_numpy() == pytest.approx(wanted)


@pytest.mark.parametrize(("vcpus", "few"), [(1, 1), ([1, 2] * 10, 2)])
def test_twenty_real_machines_on_a_small_host(files, vcpus, few):
    large, small = day(files, 40, vcpus=vcpus), day(files, few, vcpus=vcpus)
    check(small, few)
    assert small["demand_mhz"].to_numpy() == pytest.approx(large["demand_mhz"].to_numpy(), abs=0.001)
    assert small.loc["all", "ready_pct"] > 0
    assert 0 <= small.loc["all", "worst_hour"] < 24
    assert small.loc["all", "used_mhz"] < large.loc["all", "used_mhz"]
    # Each larger host makes the machines wait less.
    waits = [day(files, pcpus, vcpus=vcpus).loc["all", "ready_pct"] for pcpus in (few, 2 * few, 3 * few, 20)]
    assert waits == sorted(waits, reverse=True)
    assert waits[0] > waits[1] > waits[2]


def test_shares_shield_a_machine(files):
    busiest = day(files, 40).drop("all")["demand_mhz"].argmax()
    shares = [1000] * 20
    shares[busiest] = 100_000
    assert day(files, 1, cpu_shares=shares)["ready_pct"].iloc[busiest] < day(files, 1)["ready_pct"].iloc[busiest]


def test_our_small_day():
    table = day(str(PATH), 1)
    check(table, 1)
    assert list(table.index) == ["web", "database", "backup", "office", "all"]
    assert 17 <= table.loc["web", "worst_hour"] <= 20
    mean = sum(machine("web")) / 288 / 100 * CLOCK
    assert table.loc["web", "demand_mhz"] == pytest.approx(mean, abs=0.001)
    assert day(str(PATH), 4)["ready_pct"].max() == 0


def test_a_folder_and_equal_names(tmp_path):
    for name in ("b.csv", "a.txt", "notes.md"):
        (tmp_path / name).write_text("cpu\n50\n")
    table = day(str(tmp_path), 2, vcpus=[2, 1])
    assert list(table.index) == ["a cpu", "b cpu", "all"]
    assert table["demand_mhz"].tolist() == [2000, 1000, 3000]


@pytest.mark.parametrize(
    ("parameters", "told"),
    [
        ({"vcpus": [1, 2]}, "vcpus has 2 values, expected one for all or one for each of the 4 machines"),
        ({"vcpus": 0}, "vcpus is 0, expected a whole number from 1 to 256"),
        ({"cpu_shares": [1, 2, 3, "x"]}, "cpu_shares is 'x', expected a whole number from 1 to 1000000000"),
        ({"value_s": 9}, "value_s is 9, expected a whole number from 10 to 3600"),
        ({"pcpus": 0}, "pcpus is 0, expected a whole number from 1 to 1024"),
        ({"clock_mhz": 0}, "clock_mhz is 0, expected a whole number from 1 to 10000"),
        ({"files": []}, "there are 0 machines, expected 1 to 256"),
        ({"files": "missing.csv"}, "there is no file missing.csv"),
    ],
)
def test_what_makes_no_sense_gets_a_sentence(parameters, told):
    with pytest.raises(VmwidgetsError) as error:
        experiments.day_of_traces(**{"files": str(PATH), **parameters})
    assert str(error.value) == told


def test_an_empty_folder(tmp_path):
    with pytest.raises(VmwidgetsError, match=r"holds no file \*\.csv or \*\.txt"):
        experiments.day_of_traces(files=[str(tmp_path)])
