"""vmwidgets in the benchmark of simulators: the fluid scenarios, through the public functions of the model."""

import importlib

import numpy as np

from vmwidgets.model.fleet import Fleet, Slots, run

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
