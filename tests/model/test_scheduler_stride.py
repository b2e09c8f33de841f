"""The engine skips what cannot change anything; a plain loop over all ticks must say exactly the same."""

from hypothesis import given, settings
from hypothesis import strategies as st

from vmwidgets.model.guest_threads import Compute, Sleep, busy
from vmwidgets.model.scheduler import PARKED, RUNNABLE, RUNNING, Guest, Processors, Simulation
from vmwidgets.model.schedulers.stride import Stride

PERIOD, STRIDE_1, TICKS = 20, 1 << 16, 400
LENGTHS = st.lists(st.tuples(st.integers(1, 9), st.integers(1, 25)), min_size=1, max_size=5)
GUEST = st.tuples(st.integers(1, 9), st.sampled_from((None, None, 3, 8)), st.one_of(st.none(), LENGTHS))


def plain(pcpus, guests, strides):
    """One tick after another: refill, wake, run those with the least pass, charge."""
    n = len(guests)
    passes, left, step, wakes = [0] * n, [0] * n, [0] * n, [0] * n
    budget, run, ready, parked = [PERIOD] * n, [0] * n, [0] * n, [0] * n
    for i, (_, _, lengths) in enumerate(guests):
        left[i] = lengths[0][0] if lengths else TICKS + 1
    for now in range(TICKS):
        if now % PERIOD == 0:
            budget = [PERIOD if quota is None else quota for _, quota, _ in guests]
        awake = [i for i in range(n) if wakes[i] < now or now == 0]
        least = min((passes[i] for i in awake), default=None)
        for i in range(n):
            if wakes[i] == now and now:
                passes[i] = passes[i] if least is None else max(passes[i], least)
                least = passes[i] if least is None else least
                awake.append(i)
        able = sorted((i for i in awake if budget[i] > 0), key=lambda i: (passes[i], i))
        for i in awake:
            count = run if i in able[:pcpus] else ready if i in able else parked
            count[i] += 1
        for i in able[:pcpus]:
            passes[i] += strides[i]
            budget[i] -= 1
            left[i] -= 1
            if left[i] == 0:
                lengths = guests[i][2]
                wakes[i] = now + 1 + lengths[step[i] % len(lengths)][1]
                step[i] += 1
                left[i] = lengths[step[i] % len(lengths)][0]
    return run, ready, parked


@settings(max_examples=200, deadline=None)
@given(pcpus=st.integers(1, 4), guests=st.lists(GUEST, min_size=1, max_size=8))
def test_skipping_changes_nothing(pcpus, guests):
    vms = [
        Guest(
            str(i),
            (busy() if lengths is None else tuple(s for work, rest in lengths for s in (Compute(work), Sleep(rest))),),
            weight,
            0 if quota is None else quota * 1000 // PERIOD,
        )
        for i, (weight, quota, lengths) in enumerate(guests)
    ]
    scheduler = Stride(1, STRIDE_1, PERIOD)
    sim = Simulation(Processors(pcpus), scheduler, vms, log_limit=0)
    sim.run(TICKS)
    got = tuple([states[which] for states in sim.spent_us()] for which in (RUNNING, RUNNABLE, PARKED))
    assert got == plain(pcpus, guests, [(STRIDE_1 << scheduler.fraction) // weight for weight, _, _ in guests])
