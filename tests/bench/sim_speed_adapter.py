"""vmwidgets in the benchmark of simulators: all scenarios, through the public functions of the model."""

import importlib

import numpy as np

from vmwidgets.model.fleet import Fleet, Slots, run
from vmwidgets.model.guest_threads import Compute, Sleep, busy
from vmwidgets.model.scheduler import PARKED, RUNNABLE, RUNNING, Guest, Processors, Simulation
from vmwidgets.model.schedulers.stride import Stride

NAME = "vmwidgets"

scenarios = importlib.import_module("scenarios")


def prepare_fluid(s):
    """Lay a scenario out as a fleet."""
    slots = Slots.of(np.diff(s.host_ptr))
    fleet = Fleet(
        cpu_capacity=s.cpu_cap,
        memory_capacity=s.mem_cap,
        cpu_weight=slots.place(s.cpu_w, empty=1.0),
        cpu_reservation=slots.place(s.cpu_res),
        cpu_limit=slots.place(s.cpu_lim),
        memory_weight=slots.place(s.mem_w, empty=1.0),
        memory_reservation=slots.place(s.mem_res),
        memory_limit=slots.place(s.mem_lim),
        balloon_limit=slots.place(s.balloon_max),
    )
    return s.dt, slots, fleet, slots.place(s.cpu_dem), slots.place(s.mem_dem)


def run_fluid(prepared):
    """Return used, ready, work and swap of each VM, summed over the ticks times their length."""
    dt, slots, fleet, cpu, memory = prepared
    totals = run(fleet, cpu, memory, scenarios.BALLOON_RATE * dt, scenarios.SWAP_PENALTY)
    return tuple(slots.collect(part) * dt for part in (totals.used, totals.ready, totals.work, totals.swapped))


def prepare_quantum(s):
    """Scenario C is stride scheduling with a quantum of a tick and a quota. A tick counts as a microsecond."""
    guests = []
    for i, (weight, quota) in enumerate(zip(s.weight.tolist(), s.quota.tolist(), strict=True)):
        if s.bursts[i, 0] > s.n_ticks:
            program = busy()
        else:
            pairs = zip(s.bursts[i].tolist(), s.sleeps[i].tolist(), strict=True)
            program = tuple(step for burst, sleep in pairs for step in (Compute(burst), Sleep(sleep)))
        guests.append(Guest(str(i), (program,), weight, quota * 1000 // s.period if quota < s.period else 0))
    return s, guests


def run_quantum(prepared):
    """Return the ticks each VM ran, waited and was throttled, and how often it began to run."""
    s, guests = prepared
    scheduler = Stride(quantum_us=1, stride1=262_144, period_us=s.period)
    sim = Simulation(Processors(s.n_pcpu), scheduler, guests, log_limit=0)
    sim.run(s.n_ticks)
    spent = sim.spent_us()
    run, ready, throttled = ([states[which] for states in spent] for which in (RUNNING, RUNNABLE, PARKED))
    return run, ready, throttled, [vcpu.dispatches for vcpu in sim.vcpus]
