"""Credit gives a vCPU nobody competes with all its slices at once; one slice after another must come to the same."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vmwidgets.model.guest_threads import Compute, Program, Yield, busy, duty_cycle, tick_thief
from vmwidgets.model.scheduler import Guest, PCpu, Processors, Simulation, VCpu
from vmwidgets.model.schedulers.credit import ACCOUNTING, Credit


def yielding(us: int) -> Program:
    return Compute(us), Yield()


PROGRAMS = st.one_of(
    st.just(busy()),
    st.builds(duty_cycle, st.integers(1, 20_000), st.integers(1, 50_000)),
    st.builds(tick_thief, st.integers(1, 12_000)),
    st.builds(yielding, st.integers(100, 20_000)),
)


class SliceBySlice(Credit):
    """Chooses anew at the end of each slice."""

    def pick(self, pcpu: PCpu, now: int) -> VCpu | None:
        new = super().pick(pcpu, now)
        if new is not None:
            new.slice_us = self.slice_us
        return new


@pytest.mark.parametrize("accounting", ACCOUNTING)
@settings(max_examples=60, deadline=None)
@given(
    parts=st.lists(
        st.tuples(PROGRAMS, st.integers(10, 2000), st.sampled_from((0, 0, 100, 600))), min_size=1, max_size=9
    ),
    pcpus=st.integers(1, 4),
    slice_us=st.sampled_from((1000, 3000, 7000, 30_000)),
    ratelimit_us=st.sampled_from((0, 1000)),
)
def test_skipping_changes_nothing(
    accounting: str, parts: list[tuple[Program, int, int]], pcpus: int, slice_us: int, ratelimit_us: int
):
    guests = [Guest(str(i), (program,), weight, cap) for i, (program, weight, cap) in enumerate(parts)]
    runs = [
        Simulation(Processors(pcpus), kind(accounting, slice_us, ratelimit_us), guests)
        for kind in (Credit, SliceBySlice)
    ]
    for sim in runs:
        sim.run(300_001)
        for pcpu in sim.pcpus:
            if pcpu.current is not None:
                sim.account(pcpu.current)
    skipping, plain = runs
    for a, b in zip(skipping.timeline(), plain.timeline(), strict=True):
        assert a.tolist() == b.tolist()
    assert skipping.scheduler.credits() == plain.scheduler.credits()


class Counting(Credit):
    picks = 0

    def pick(self, pcpu: PCpu, now: int) -> VCpu | None:
        self.picks += 1
        return super().pick(pcpu, now)


def test_who_is_alone_is_looked_at_once_in_an_accounting_period():
    scheduler = Counting(slice_us=1000)
    Simulation(Processors(), scheduler, [Guest("a", (busy(),))]).run(3_000_000)
    assert scheduler.picks <= 3_000_000 // 30_000 + 2
