"""Strict co-scheduling: a VM runs as a whole, gets its turn, and nobody idles where a whole VM would fit."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vmwidgets.model.errors import VmwidgetsError
from vmwidgets.model.guest_threads import Program, busy, duty_cycle
from vmwidgets.model.scheduler import COSTOPPED, RUNNING, Guest, Processors, Simulation
from vmwidgets.model.schedulers.proportional_share import ProportionalShare

PROGRAMS = st.one_of(st.just(busy()), st.builds(duty_cycle, st.integers(500, 30_000), st.integers(1, 20_000)))


def strict(guests: list[Guest], pcpus: int) -> Simulation:
    return Simulation(Processors(pcpus), ProportionalShare(coscheduling="strict"), guests, log_limit=0)


def shares(sim: Simulation, seconds: int = 20) -> list[float]:
    sim.run(seconds * 1_000_000)
    total = [0] * len(sim.guests)
    for vcpu, spent in zip(sim.vcpus, sim.spent_us(), strict=True):
        total[vcpu.guest_index] += spent[RUNNING]
    return [time / sim.now for time in total]


@pytest.mark.parametrize("wide", [2, 4])
def test_a_wide_vm_takes_turns_with_narrow_ones(wide: int):
    """The shares are 1000 for each vCPU: so the wide VM has all pCPUs half of the time, and the narrow ones then."""
    narrow = [Guest(f"narrow {i}", (busy(),)) for i in range(wide - 1)]
    got = shares(strict([Guest("wide", (busy(),) * wide), *narrow], wide))
    assert got == pytest.approx([wide / 2] + [0.5] * (wide - 1), abs=0.06 * wide)


def test_two_wide_vms_take_turns():
    got = shares(strict([Guest("a", (busy(),) * 3, 1000), Guest("b", (busy(),) * 2, 2000)], 3))
    # Per vCPU 333 and 1000 shares: 1 to 3 of the time, as they do not fit beside each other.
    assert got == pytest.approx([0.75, 1.5], abs=0.15)


@settings(max_examples=25, deadline=None)
@given(
    vms=st.lists(
        st.tuples(st.lists(PROGRAMS, min_size=1, max_size=3).map(tuple), st.sampled_from((None, 300, 4000))),
        min_size=1,
        max_size=5,
    ),
    pcpus=st.integers(3, 4),
)
def test_no_pcpu_idles_while_a_stopped_vm_fits(vms: list[tuple[tuple[Program, ...], int | None]], pcpus: int):
    sim = strict([Guest(str(i), *vm) for i, vm in enumerate(vms)], pcpus)
    before: set[int] = set()
    for ms in range(1, 400):
        sim.run(ms * 1000 + 1)  # just after each check
        idle = sum(pcpu.current is None for pcpu in sim.pcpus)
        stopped = [vcpu.guest_index for vcpu in sim.vcpus if vcpu.state == COSTOPPED]
        fit = {guest for guest in stopped if stopped.count(guest) <= idle}
        assert not fit & before, "it would have fitted at the last check already"
        before = fit


def test_a_vm_wider_than_the_machine_is_refused():
    with pytest.raises(VmwidgetsError, match="wide has 3 vCPUs, expected at most 2, as strict co-scheduling"):
        strict([Guest("wide", (busy(),) * 3)], 2)
