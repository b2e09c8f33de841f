"""Core scheduling: a core is one VM's at a time, whatever else happens to it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vmwidgets.model.guest_threads import Compute, Program, Sleep, Yield, busy, duty_cycle
from vmwidgets.model.scheduler import RUNNING, Guest, Processors, Simulation
from vmwidgets.model.schedulers.hyperv import HyperVClassic, HyperVCore

PROGRAMS = st.one_of(
    st.just(busy()),
    st.builds(duty_cycle, st.integers(100, 20_000), st.integers(1, 30_000)),
    st.builds(lambda us: (Compute(us), Yield()), st.integers(500, 20_000)),
)
GUESTS = st.lists(
    st.tuples(
        st.lists(PROGRAMS, min_size=1, max_size=3).map(tuple),
        st.integers(10, 1000),
        st.sampled_from((0, 100, 370, 1500)),
        st.sampled_from((0, 50, 150)),
    ),
    min_size=2,
    max_size=5,
)


@settings(max_examples=40, deadline=None)
@given(parts=GUESTS, cores=st.integers(1, 2))
def test_no_core_ever_runs_two_vms(parts: list[tuple[tuple[Program, ...], int, int, int]], cores: int):
    guests = [Guest(str(i), *part) for i, part in enumerate(parts)]
    sim = Simulation(Processors(2 * cores, 2), HyperVCore(), guests)
    sim.run(400_000)
    line = sim.timeline()
    owner = np.array([vcpu.guest_index for vcpu in sim.vcpus])[line.vcpu]
    for core in range(cores):
        here = (line.pcpu // 2 == core) & (line.state == RUNNING)
        spans = sorted(zip(*(column[here].tolist() for column in (line.start, line.end, owner)), strict=True))
        running: list[tuple[int, int]] = []
        for start, end, vm in spans:
            running = [(until, other) for until, other in running if until > start]
            assert all(other == vm for _, other in running)
            running.append((end, vm))


@pytest.mark.parametrize("kind", [HyperVClassic, HyperVCore])
def test_a_parked_vcpu_of_long_ago_gives_a_sleeper_nothing(kind: type[HyperVClassic]):
    """The capped one stops for ever after its first period; who wakes a second later competes with the busy one."""
    guests = [
        Guest("capped", ((Compute(20_000), Sleep(10**9)),), cap_permille=100),
        Guest("sleeper", ((Sleep(1_000_000), Compute(10**9)),)),
        Guest("busy", (busy(),)),
    ]
    sim = Simulation(Processors(), kind(), guests)
    sim.run(1_000_000)
    before = [spent[RUNNING] for spent in sim.spent_us()]
    sim.run(1_400_000)
    got = [spent[RUNNING] - old for spent, old in zip(sim.spent_us(), before, strict=True)]
    assert got == pytest.approx([0, 200_000, 200_000], abs=20_000)
