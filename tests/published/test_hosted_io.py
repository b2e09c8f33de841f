"""Network I/O of a hosted VMM against Sugerman et al. 2001; what was fitted and what is predicted stand apart."""

from itertools import combinations

import pytest

from vmwidgets import experiments
from vmwidgets.experiments.hosted_io import OPTIMISATIONS, packet_costs
from vmwidgets.model.errors import VmwidgetsError

# Figure 5, µs at 733 MHz, in order of the path; the text prints the total and the part that is due to being hosted
STAGES = [0.57, 4.45, 1.23, 17.55, 2.97, 4.45, 0.41]
TOTAL, HOSTED = 31.63, 13.10
# Table 1 and Table 2
TRANSMITS_PER_S = 0.087 / 13.8e-6
TRANSMITS_OPTIMISED_PER_S = 0.179 / 22.7e-6
IDLE_PCT = 0.304 * 71.5
HOST_IRQ_WHILE_IDLE_PCT = 0.107 * 71.5


def one(**parameters):
    return experiments.hosted_throughput(**parameters).iloc[0]


# ------------------------------------------------------------------------------------------------- the path of a packet
def test_the_path_of_a_packet_adds_up():
    table = experiments.hosted_packet()
    assert table["us"].tolist() == STAGES
    assert table["passed_us"].iloc[-1] == pytest.approx(TOTAL)
    assert table.loc[table["hosted"], "us"].sum() == pytest.approx(HOSTED)
    assert table["pct"].sum() == pytest.approx(100)
    assert table["cycles"].sum() == pytest.approx(TOTAL * 733)


def test_what_is_hosted_vanishes_with_the_host():
    table = experiments.hosted_packet(world_switch_us=0, vmapp_before_us=0, vmapp_after_us=0)
    assert table["us"].sum() == pytest.approx(TOTAL - HOSTED)


def test_twice_the_clock_half_the_time():
    fast = experiments.hosted_packet(mhz=1466)
    assert fast["us"].sum() == pytest.approx(TOTAL / 2)
    assert fast["cycles"].sum() == pytest.approx(TOTAL * 733)


# ----------------------------------------------------------------------------------------------------------- throughput
def test_fitted_busy_at_64_mbps():
    row = one()
    assert row["throughput_mbps"] == pytest.approx(64)
    assert (row["bound"], row["idle_pct"]) == ("cpu", 0)


def test_predicted_rate_of_transmits():
    for optimisations, published in (((), TRANSMITS_PER_S), (OPTIMISATIONS, TRANSMITS_OPTIMISED_PER_S)):
        row = one(optimisations=optimisations)
        rate = row["throughput_mbps"] * 1e6 / 8 / 4096 * row["packets"]
        error = 100 * (rate / published - 1)
        print(f"predicted, transmits per second with {len(optimisations)} optimisations, error %: {error:.1f}")
        assert abs(error) < 11


def test_predicted_limit_and_idle_time_with_all_optimisations():
    row = one(optimisations=OPTIMISATIONS)
    print(f"predicted, idle % with all: {row['idle_pct']:.1f}; Table 2: {IDLE_PCT:.1f} of guest idle")
    assert row["bound"] == "link"
    assert row["throughput_mbps"] > 90
    assert 0 < row["idle_pct"] < IDLE_PCT + HOST_IRQ_WHILE_IDLE_PCT
    assert abs(row["idle_pct"] - IDLE_PCT) < 12


def test_predicted_idle_time_after_each_step():
    rows = [one(optimisations=OPTIMISATIONS[:steps]) for steps in range(4)]
    print("predicted, Mb/s:", [float(round(row["throughput_mbps"], 1)) for row in rows])
    print("predicted, idle %:", [float(round(row["idle_pct"], 1)) for row in rows])
    speeds = [row["cpu_mbps"] for row in rows]
    assert speeds == sorted(set(speeds))
    assert [row["idle_pct"] > 0 for row in rows] == [row["bound"] == "link" for row in rows]


def test_predicted_throughput_of_sizes_and_clocks():
    sizes = [64, 256, 1024, 4096, 65536]
    table = experiments.hosted_throughput([733, 366.5, 2932], sizes)
    fast, slow, faster = (part["throughput_mbps"].tolist() for _, part in table.groupby("mhz", sort=False))
    print("predicted, Mb/s by size, 733 MHz and half of it:", *[[round(v, 1) for v in part] for part in (fast, slow)])
    assert fast == sorted(fast)
    assert slow == pytest.approx([value / 2 for value in fast])
    assert max(faster) < 100
    assert table[table["mhz"] == 2932].iloc[-1]["bound"] == "link"


def test_every_optimisation_saves_whatever_else_is_on():
    for count in range(3):
        for some in combinations(OPTIMISATIONS, count):
            before = sum(packet_costs(some).values())
            for more in set(OPTIMISATIONS) - set(some):
                assert sum(packet_costs((*some, more)).values()) < before
    assert min(packet_costs(OPTIMISATIONS).values()) >= 0


def test_a_gigabit_link_leaves_the_cpu_as_the_limit():
    row = one(optimisations=OPTIMISATIONS, link_mbps=1000)
    assert (row["bound"], row["idle_pct"]) == ("cpu", 0)


@pytest.mark.parametrize(
    ("name", "parameters", "told"),
    [
        ("hosted_packet", {"mhz": 0}, "mhz is 0, expected a number above 0"),
        ("hosted_packet", {"out_us": -1}, "out_us is -1, expected a number from 0 on"),
        ("hosted_throughput", {"optimisations": ["magic"]}, "optimisations is 'magic', expected one of lance_in_vmm"),
        ("hosted_throughput", {"write_bytes": 0}, "write_bytes is 0, expected a number above 0"),
        ("hosted_throughput", {"mhz": []}, "mhz is empty"),
    ],
)
def test_a_wrong_call_gets_a_sentence(name, parameters, told):
    with pytest.raises(VmwidgetsError) as error:
        getattr(experiments, name)(**parameters)
    assert str(error.value).startswith(told)
