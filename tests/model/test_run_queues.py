"""The run queues that a scheduler names: their heads are whom it picks next, and all who wait are in them."""

import numpy as np
import pytest

from vmwidgets.model.hardware import Hardware
from vmwidgets.model.quantum import Rerun, guests, run_quantum, scheduler_of
from vmwidgets.model.scheduler import RUNNABLE, Processors, Simulation
from vmwidgets.model.schedulers.credit import OVER
from vmwidgets.model.scheduling import ALGORITHMS, Scheduling
from vmwidgets.model.vm import VM
from vmwidgets.model.workload import Workload

HARDWARE = Hardware(pcpus=2)
BURNER = Workload("cpu_burner")
MIXED = (
    VM("thief", workload=Workload("tick_thief")),
    VM("web", vcpus=2, workload=Workload("web")),
    VM("burner", vcpus=2, cpu_shares=2000, workload=BURNER),
    VM("floor", cpu_reservation_mhz=800, workload=BURNER),
    VM("half", vcpus=2, cpu_limit_mhz=1000, workload=BURNER),
)
XEN_CREDIT, LINUX = ("credit", "credit_sampled"), ("cfs", "eevdf", "hosted")
OTHERS_TAKE_PART = ("lottery", "credit2")
"""Where the vCPU whose turn is over changes who is next: by another drawing, or by credit that is to be beaten."""


class Witness:
    """Asks a scheduler for its queues whenever the engine asks it whom to run, and compares the answers."""

    def __init__(self, algorithm: str) -> None:
        how = Scheduling(algorithm)
        self.algorithm, self.scheduler, self.picked = algorithm, scheduler_of(how, 3), []
        self.sim = Simulation(Processors(HARDWARE.pcpus), self.scheduler, guests(HARDWARE, MIXED, how, 3), 0)
        self._pick, self._replace = self.scheduler.pick, self.scheduler.replace
        self.scheduler.pick, self.scheduler.replace = self.pick, self.replace

    def expected(self, pcpu, now):
        """Who may be picked: the first of the pCPU's queue, and where that is not good enough, one of another."""
        queues = self.scheduler.run_queues(now)
        (own,) = (order for pcpus, order in queues if pcpu.index in pcpus)
        others = [order for pcpus, order in queues if pcpu.index not in pcpus and order]
        if (assigned := getattr(self.scheduler, "assigned", {}).get(pcpu.index)) is not None:
            return [assigned]  # the rest of its VM starts at this instant, too
        if self.algorithm in XEN_CREDIT and (not own or self.scheduler.priority[own[0].index] == OVER):
            return own[:1] + [order[0] for order in others if self.scheduler.priority[order[0].index] > OVER or not own]
        if self.algorithm in LINUX and not own:
            return max((order for order in others), key=len, default=[])
        return own[:1]

    def pick(self, pcpu, now):
        expected, new = self.expected(pcpu, now), self._pick(pcpu, now)
        assert new in expected or (new is None and self.all_refused(expected))
        self.picked.append(new)
        return new

    def replace(self, vcpu, pcpu, now):
        expected, new = self.expected(pcpu, now), self._replace(vcpu, pcpu, now)
        if self.algorithm not in OTHERS_TAKE_PART:
            assert new is vcpu or new in expected or (new is None and self.all_refused(expected))
        self.picked.append(new)
        return new

    def all_refused(self, vcpus):
        """By their caps, and so they are parked now."""
        return all(vcpu.held is not None for vcpu in vcpus)


@pytest.mark.parametrize("algorithm", sorted(ALGORITHMS))
def test_the_head_of_a_queue_is_who_is_picked_next(algorithm: str):
    witness = Witness(algorithm)
    witness.sim.run(1_000_000)
    assert len(witness.picked) > 50
    assert len(set(witness.picked)) > 4


@pytest.mark.parametrize("algorithm", sorted(ALGORITHMS))
def test_all_who_wait_are_in_the_queues_at_any_moment(algorithm: str):
    how = Scheduling(window_s=1)
    run, again = run_quantum(HARDWARE, MIXED, how, algorithm, seed=3), Rerun(HARDWARE, MIXED, how, algorithm, seed=3)
    start, end, _pcpu, vcpu, state = run.timeline
    longest = 0
    for at in [0, *start[len(start) // 9 :: len(start) // 9].tolist(), 123_456, 999_999]:
        queues = again.moment(at).queues
        waiting = np.sort(vcpu[(start <= at) & (at < end) & (state == RUNNABLE)]).tolist()
        assert sorted(one for _pcpus, order in queues for one in order) == waiting, at
        assert [place for pcpus, _order in queues for place in pcpus] == list(range(HARDWARE.pcpus))
        longest = max(longest, len(waiting))
    assert longest > 2
    assert len(queues) == (HARDWARE.pcpus if algorithm in XEN_CREDIT + LINUX else 1)


def test_the_order_is_that_of_the_time_line():
    """In turn, and nobody comes or goes: who waits now runs in this order."""
    vms, how = [VM(f"vm {i}", workload=BURNER) for i in range(5)], Scheduling(window_s=1)
    one = Hardware(pcpus=1)
    for algorithm in ("round_robin", "stride", "bvt", "credit", "esx", "hyperv_root"):
        run = run_quantum(one, vms, how, algorithm)
        ((_pcpus, order),) = Rerun(one, vms, how, algorithm).moment(5_000).queues
        later = run.timeline.vcpu[(run.timeline.state == 1) & (run.timeline.start > 5_000)]
        assert order == later[:4].tolist(), algorithm
