"""Honest guests get from each scheduler what the fluid allocator says, up to a bound that does not grow with time.

The bounds are in quanta of the algorithm. In virtual time a vCPU is never further from its due than about a quantum for
each rival, so the error is divided by the length of the run. Credit1 is different: it forgets debts beyond 300 credits,
so its shares are only near the fluid ones however long it runs.
"""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from vmwidgets.model.allocation import share
from vmwidgets.model.guest_threads import Compute, Yield, busy, duty_cycle, periodic, tick_thief
from vmwidgets.model.scheduler import RUNNING, Guest, Processors, Simulation
from vmwidgets.model.schedulers import make
from vmwidgets.model.schedulers.bvt import Bvt
from vmwidgets.model.schedulers.credit import Credit
from vmwidgets.model.schedulers.credit2 import Credit2
from vmwidgets.model.schedulers.lottery import Lottery
from vmwidgets.model.schedulers.proportional_share import ProportionalShare

RUN_US = 10_000_000
WEIGHTS = st.lists(st.integers(20, 1000), min_size=2, max_size=6)
CAPS = st.lists(st.sampled_from((0, 0, 100, 250, 400, 700)), min_size=6, max_size=6)
RESERVATIONS = st.lists(st.sampled_from((0, 0, 50, 120, 160)), min_size=6, max_size=6)
# Quantum, and how many quanta a guest may be off for each guest there is. A cap ends turns at its period.
QUANTUM_US = {"stride": 10_000, "hyperv_classic": 10_000, "hyperv_core": 10_000, "esx": 50_000}


def used(scheduler, guests, pcpus: int, until: int = RUN_US):
    sim = Simulation(Processors(pcpus), scheduler, guests, log_limit=0)
    sim.run(until)
    total = np.zeros(len(guests))
    for vcpu, spent in zip(sim.vcpus, sim.spent_us(), strict=True):
        total[vcpu.guest_index] += spent[RUNNING]
    return total


def fluid(guests, pcpus: int, until: int = RUN_US, demand=None):
    ceiling = [1000 * len(guest.programs) for guest in guests] if demand is None else demand
    ceiling = [min(top, guest.cap_permille or top) for top, guest in zip(ceiling, guests, strict=True)]
    floor = [guest.reservation_permille for guest in guests]
    return share(1000 * pcpus, [guest.weight for guest in guests], floor, ceiling) * until / 1000


@pytest.mark.parametrize("name", QUANTUM_US)
@settings(max_examples=10, deadline=None)
@given(weights=WEIGHTS, caps=CAPS, reservations=RESERVATIONS)
def test_virtual_time_is_fluid_within_quanta(name, weights, caps, reservations):
    if name == "stride":
        reservations = [0] * 6
    guests = [
        Guest(str(i), (busy(),), weight, cap, min(reservation, cap or 1000))
        for i, (weight, cap, reservation) in enumerate(zip(weights, caps, reservations, strict=False))
    ]
    error = np.abs(used(make(name), guests, 1) - fluid(guests, 1)).max()
    assert error <= 2 * len(guests) * QUANTUM_US[name]


@pytest.mark.parametrize("name", QUANTUM_US)
@settings(max_examples=10, deadline=None)
@given(weights=WEIGHTS, pcpus=st.integers(2, 3))
def test_weights_are_fluid_on_several_pcpus(name, weights, pcpus):
    guests = [Guest(str(i), (busy(),), weight) for i, weight in enumerate(weights)]
    error = np.abs(used(make(name), guests, pcpus) - fluid(guests, pcpus)).max()
    assert error <= 2 * len(guests) * QUANTUM_US[name]


@pytest.mark.parametrize("name", [*QUANTUM_US, "credit2"])
@settings(max_examples=10, deadline=None)
@given(
    weights=st.lists(st.integers(100, 500), min_size=4, max_size=8),
    capped=st.tuples(st.integers(0, 3), st.sampled_from((100, 250, 400, 700))),
    reserved=st.tuples(st.integers(0, 3), st.sampled_from((50, 120, 160, 400))),
)
def test_a_cap_and_a_reservation_are_fluid_on_several_pcpus(name, weights, capped, reserved):
    """One of each, and nobody is due nearly a whole pCPU.

    The bursts of several caps begin together and keep a rival off two pCPUs at once, and so do several reservations;
    later one pCPU is all it can use to make up for it. Who is due a whole one cannot make up for a single quantum.
    """
    caps, reservations = [0] * 8, [0] * 8
    caps[capped[0]] = capped[1]
    if name not in ("stride", "credit2"):
        reservations[reserved[0]] = reserved[1]
    guests = [
        Guest(str(i), (busy(),), weight, cap, min(reservation, cap or 1000))
        for i, (weight, cap, reservation) in enumerate(zip(weights, caps, reservations, strict=False))
    ]
    due = fluid(guests, 2)
    assume(due.max() <= 0.9 * RUN_US)
    error = np.abs(used(make(name), guests, 2) - due).max()
    assert error <= len(guests) * QUANTUM_US.get(name, 10_000)


@pytest.mark.parametrize("name", ["stride", "bvt", "hyperv_classic", "hyperv_core", "esx"])
@settings(max_examples=10, deadline=None)
@given(
    parts=st.lists(st.tuples(st.integers(1, 3), st.integers(100, 1000)), min_size=2, max_size=5),
    pcpus=st.integers(1, 3),
)
def test_the_weight_of_a_vm_is_shared_by_its_vcpus(name, parts, pcpus):
    """All vCPUs are busy. Co-scheduling stops some of them for other reasons than shares, so ESX goes without."""
    guests = [Guest(str(i), (busy(),) * vcpus, weight) for i, (vcpus, weight) in enumerate(parts)]
    scheduler = ProportionalShare(coscheduling="none") if name == "esx" else make(name)
    error = np.abs(used(scheduler, guests, pcpus) - fluid(guests, pcpus)).max()
    assert error <= 2 * sum(vcpus for vcpus, _ in parts) * {"bvt": 5_000, **QUANTUM_US}[name]


@pytest.mark.parametrize("name", ["hyperv_classic", "hyperv_core", "esx"])
@settings(max_examples=10, deadline=None)
@given(
    cycle=st.tuples(st.integers(500, 8_000), st.integers(1, 20_000)),
    vcpus=st.integers(1, 2),
    weights=st.lists(st.integers(100, 400), min_size=2, max_size=4),
)
def test_a_duty_cycle_gets_what_it_wants_or_its_share(name, cycle, vcpus, weights):
    """On one pCPU. Each vCPU has its part of the weight; one that waits cannot make up for it, so a bit less is due.

    Stride and BVT do not claim this: a client that comes back starts from the least virtual time, whatever it was owed.
    """
    guests = [Guest("cycles", (duty_cycle(*cycle),) * vcpus, weights[0])]
    guests += [Guest(f"busy {i}", (busy(),), weight) for i, weight in enumerate(weights[1:])]
    scheduler = ProportionalShare(coscheduling="none") if name == "esx" else make(name)
    got = used(scheduler, guests, 1) / RUN_US
    wants = vcpus * cycle[0] / sum(cycle)
    assert got[0] >= 0.8 * min(wants, weights[0] / sum(weights)) - 0.02
    assert got[0] <= max(weights[0] / sum(weights), min(wants, 1)) + 0.02
    # What it leaves is divided by weight.
    rest = got[1:] / got[1:].sum()
    assert rest == pytest.approx(np.array(weights[1:]) / sum(weights[1:]), abs=0.04)


@settings(max_examples=10, deadline=None)
@given(weights=WEIGHTS, pcpus=st.integers(1, 3))
def test_bvt_is_fluid_within_its_allowance(weights, pcpus):
    guests = [Guest(str(i), (busy(),), weight) for i, weight in enumerate(weights)]
    error = np.abs(used(Bvt(), guests, pcpus) - fluid(guests, pcpus)).max()
    assert error <= 2 * len(guests) * 5_000


@pytest.mark.parametrize("name", ["credit2", "cfs", "eevdf"])
@settings(max_examples=10, deadline=None)
@given(weights=WEIGHTS, caps=CAPS)
def test_one_queue_with_caps_is_fluid(name, weights, caps):
    guests = [Guest(str(i), (busy(),), weight, cap) for i, (weight, cap) in enumerate(zip(weights, caps, strict=False))]
    error = np.abs(used(make(name), guests, 1) - fluid(guests, 1)).max()
    assert error <= 2 * len(guests) * 10_000


@pytest.mark.parametrize(
    ("slice_ms", "least", "greatest", "has_caps", "most_pct"),
    [(30, 128, 512, False, 25), (3, 20, 1000, False, 6), (3, 20, 1000, True, 30)],
)
@settings(max_examples=10, deadline=None)
@given(data=st.data())
def test_credit_is_near(slice_ms, least, greatest, has_caps, most_pct, data):
    """Within so many percent of a processor: near with short slices and no caps, and else not very.

    A slice of 30 ms is all the credit of a period. A debt beyond that is forgiven, OVER vCPUs take turns whatever their
    weights, and one that waits until it has more than 300 credits is taken for one that does not need them. So the
    light ones get too much, also in the long run, and of weights that are further apart than these still more. What a
    cap leaves over is paid to the domains behind it in the order only, so in some periods to nobody.
    """
    weights = data.draw(st.lists(st.integers(least, greatest), min_size=2, max_size=6))
    caps = data.draw(CAPS) if has_caps else [0] * 6
    guests = [Guest(str(i), (busy(),), weight, cap) for i, (weight, cap) in enumerate(zip(weights, caps, strict=False))]
    error = np.abs(used(Credit("precise", slice_ms * 1000), guests, 1, 3 * RUN_US) - fluid(guests, 1, 3 * RUN_US)).max()
    assert error <= 3 * RUN_US * most_pct / 100


@settings(max_examples=10, deadline=None)
@given(weights=WEIGHTS, seed=st.integers(0, 2**40))
def test_a_lottery_is_fluid_on_average(weights, seed):
    """Waldspurger, Weihl 1994: after n draws the standard deviation of a share p is sqrt(p(1-p)/n); five of them."""
    guests = [Guest(str(i), (busy(),), weight) for i, weight in enumerate(weights)]
    part = np.array(weights) / sum(weights)
    draws = RUN_US // 10_000
    error = np.abs(used(Lottery(seed=seed), guests, 1) / RUN_US - part)
    assert (error <= 5 * np.sqrt(part * (1 - part) / draws) + 1 / draws).all()


@pytest.mark.parametrize("name", ["stride", "bvt", "credit2", "cfs", "eevdf", "hyperv_classic", "credit"])
def test_a_guest_that_wants_little_gets_it(name):
    """A demand below the fair share is met, and the rest is shared by the others."""
    guests = [
        Guest("light", (periodic(10_000, 100_000),), 256),
        *(Guest(f"busy {i}", (busy(),), 256) for i in range(3)),
    ]
    got = used(make(name), guests, 1) / RUN_US
    due = fluid(guests, 1, RUN_US, demand=[100, 1000, 1000, 1000]) / RUN_US
    assert got == pytest.approx(due, abs=0.02)


def test_compensation_tickets_make_up_for_short_turns():
    """Same paper, Section 3.4: a client that uses a fifth of its quantum still gets its share."""
    guests = [Guest("short", ((Compute(2_000), Yield()),), 100), Guest("busy", (busy(),), 100)]
    got = used(Lottery(), guests, 1) / RUN_US
    assert got[0] == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize(
    ("name", "near"), [("cfs", 0.06), ("eevdf", 0.11), ("credit", 0.06), ("credit2", 0.06), ("hosted", 0.11)]
)
def test_equal_guests_on_several_pcpus_are_nearly_equal(name, near):
    """Five on three: Linux's queues are fair inside, and between them it is the balancer that has to be."""
    guests = [Guest(str(i), (busy(),), 256) for i in range(5)]
    got = used(make(name), guests, 3) / RUN_US
    assert got == pytest.approx([0.6] * 5, abs=near)
    assert got.sum() == pytest.approx(3, abs=0.001)


@pytest.mark.parametrize(("accounting", "wide"), [("sampled", 1 / 2), ("precise", 2 / 3), ("xen_today", 2 / 3)])
def test_a_weight_was_that_of_the_domain_and_is_that_of_a_vcpu(accounting, wide):
    """xen/common/sched_credit.c before 2009: the total of all weights has that of a domain in it once."""
    guests = [Guest("wide", (busy(), busy()), 256), Guest("narrow", (busy(),), 256)]
    assert used(Credit(accounting), guests, 1)[0] / RUN_US == pytest.approx(wide, abs=0.01)


def test_exact_accounting_is_precise_accounting():
    guests = [Guest("thief", (tick_thief(9_500),)), Guest("busy", (busy(),))]
    assert used(Credit("exact"), guests, 1).tolist() == used(Credit("precise"), guests, 1).tolist()


def test_a_reset_of_credit2_leaves_half_a_millisecond_above_its_ten():
    """Xen, credit2.c, reset_credit: clipped at CREDIT_INIT + CARRYOVER_MAX, and beyond -10 ms one is too little."""
    scheduler = Credit2()
    sim = Simulation(Processors(), scheduler, [Guest(str(i), (busy(),)) for i in range(3)], log_limit=0)
    for owed, then in ((0, 10_000), (10_000, 0), (10_001, 9_999), (25_000, 5_000)):
        scheduler.credit = [-owed, 400, 9_000]
        scheduler._reset(sim.vcpus[0], 0)
        assert scheduler.credit == [then, 10_400 if owed <= 10_000 else 10_500, 10_500]
