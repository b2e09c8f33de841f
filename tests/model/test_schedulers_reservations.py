"""A guarantee holds for guests that sleep too, and so does a weight."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vmwidgets.model.guest_threads import Compute, Program, Sleep, busy, duty_cycle, periodic
from vmwidgets.model.scheduler import RUNNING, Guest, Processors, Simulation
from vmwidgets.model.schedulers import make

NAMES = ("esx", "hyperv_classic", "hyperv_core")
CYCLES = st.builds(duty_cycle, st.integers(200, 15_000), st.integers(1, 40_000))


def shares(name: str, *guests: Guest, seconds: int = 10, pcpus: int = 1) -> list[float]:
    sim = Simulation(Processors(pcpus), make(name), guests, log_limit=0)
    sim.run(seconds * 1_000_000)
    total = [0] * len(guests)
    for vcpu, spent in zip(sim.vcpus, sim.spent_us(), strict=True):
        total[vcpu.guest_index] += spent[RUNNING]
    return [time / sim.now for time in total]


def wants(program: Program) -> float:
    compute, sleep = (step.us for step in program if isinstance(step, Compute | Sleep))
    return compute / (compute + sleep)


@pytest.mark.parametrize("name", NAMES)
def test_a_guest_that_sleeps_half_of_the_time_gets_the_half_it_reserved(name: str):
    database = Guest("db", (duty_cycle(5_000, 5_000),), 100, reservation_permille=500)
    assert shares(name, database, Guest("burner", (busy(),), 1000))[0] == pytest.approx(0.5, abs=0.01)


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=12, deadline=None)
@given(program=CYCLES, reserved=st.integers(50, 900), weights=st.lists(st.integers(20, 5000), min_size=2, max_size=4))
def test_a_duty_cycle_gets_what_it_wants_of_its_reservation(
    name: str, program: Program, reserved: int, weights: list[int]
):
    guests = [Guest(f"burner {i}", (busy(),), weight) for i, weight in enumerate(weights[1:])]
    got = shares(name, Guest("db", (program,), weights[0], reservation_permille=reserved), *guests)
    assert got[0] >= min(reserved / 1000, wants(program)) - 0.02
    assert sum(got) == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("period_us", [10_000, 20_000, 30_000, 100_000])
def test_two_guarantees_do_not_hurt_each_other(name: str, period_us: int):
    """Though both are owed time, and the quantum of ESX is longer than most of the periods."""
    guests = [
        Guest("busy", (busy(),), 10, reservation_permille=600),
        Guest("periodic", (periodic(period_us * 3 // 20, period_us),), 10, reservation_permille=200),
        Guest("burner", (busy(),), 10_000),
    ]
    got = shares(name, *guests)
    assert got == pytest.approx([0.6, 0.15, 0.25], abs=0.02)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("work_us", [100, 1_000, 8_000])
@pytest.mark.parametrize("rivals", [1, 3])
def test_a_sleep_of_a_microsecond_costs_no_share(name: str, work_us: int, rivals: int):
    guests = [Guest(str(i), (busy(),), 100) for i in range(rivals)]
    got = shares(name, Guest("short", (duty_cycle(work_us, 1),), 100), *guests)
    assert got[0] == pytest.approx(1 / (rivals + 1), abs=0.03)


@pytest.mark.parametrize("name", NAMES)
def test_a_long_sleep_earns_no_share_though_a_cap_keeps_a_rival_behind(name: str):
    guests = [
        Guest("capped", (busy(),), 100, cap_permille=100),
        Guest("sleeper", (duty_cycle(1_000_000, 2_000_000),), 100),
        Guest("busy", (busy(),), 100),
    ]
    got = shares(name, *guests, seconds=30)
    # 2 s asleep, and then a second's work at 45 % of the processor.
    assert got == pytest.approx([0.1, 1 / (2 + 1 / 0.45), 0.9 - 1 / (2 + 1 / 0.45)], abs=0.03)
