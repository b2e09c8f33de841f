"""Random sessions: whatever a user does, the log tells it all, undo is replay, and every pool closes."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

import vmwidgets as vm
from vmwidgets import copies, experiment_file
from vmwidgets.commands import Advance
from vmwidgets.lab import Lab
from vmwidgets.model.errors import VmwidgetsError
from vmwidgets.model.units import GB, GiB, MiB
from vmwidgets.stacks import STACKS

NAMES = st.sampled_from("ABCDE")
WORKLOADS = st.sampled_from(
    [
        vm.Workload("idle"),
        vm.Workload("web", peak_per_s=900, growth_bytes_per_day=40 * GB),
        vm.Workload("batch"),
        vm.Workload("database", clients=3),
        vm.Workload("memory_hog", full_after_min=20),
        vm.Workload("cpu_burner"),
        vm.Workload("boot_storm"),
        vm.Workload("trace", values=(0, 30, 100), value_s=60),
        vm.Workload("constant", cpu_permille=800, growth_bytes_per_day=900 * GB),
    ]
)
CHANGES = st.fixed_dictionaries(
    {},
    optional={
        "name": NAMES,
        "vcpus": st.sampled_from([1, 2, 3, 4, 4, 5]),  # more than the host has are refused
        "memory_bytes": st.sampled_from([64 * MiB, GiB, 3 * GiB, 6 * GiB]),
        "disk_bytes": st.sampled_from([GB, 20 * GB, 60 * GB]),
        "thin": st.booleans(),
        "workload": WORKLOADS,
        "cpu_shares": st.integers(1, 10_000),
        "cpu_reservation_mhz": st.sampled_from([0, 0, 500, 1500]),
        "cpu_limit_mhz": st.sampled_from([None, 600, 1500]),
        "memory_reservation_bytes": st.sampled_from([0, 0, 64 * MiB, 2 * GiB]),
        "memory_limit_bytes": st.sampled_from([None, 512 * MiB]),
        "disk_limit_iops": st.sampled_from([None, 50]),
        "network_limit_bps": st.sampled_from([None, 100_000]),
    },
)
SMALL = vm.Hardware(pcpus=4, memory_bytes=8 * GiB, disk_bytes=100 * GB, disk_iops=300)


class Session(RuleBasedStateMachine):
    """A lab, and beside it for every prefix of its log the digest that it had then."""

    def __init__(self):
        super().__init__()
        # So many copies of the host that undo starts from every kind of them.
        self.patched = pytest.MonkeyPatch()
        self.patched.setattr(copies, "EVERY", 3)

    def teardown(self):
        self.patched.undo()

    @initialize(seed=st.integers(0, 2**63 - 1))
    def begin(self, seed):
        self.lab = Lab(seed=seed, hardware=SMALL)
        self.digests = [self.lab.digest()]  # after 0, 1, 2 … commands of the log
        for name in "AB":
            self.lab.create_vm(name, workload="web")
            self.digests.append(self.lab.digest())
        self.undone = []
        self.heard = 0
        self.lab.subscribe(self.hear)

    def hear(self, lab):
        assert lab is self.lab
        self.heard += 1

    def attempt(self, call):
        """Carry out one command; if it is refused, nothing may have changed and nobody may have been told."""
        lab, heard = self.lab, self.heard
        before = (lab.digest(), lab.text(), lab.vms, lab.can_undo, lab.can_redo)
        try:
            call()
        except VmwidgetsError:
            assert (lab.digest(), lab.text(), lab.vms, lab.can_undo, lab.can_redo) == before
            assert self.heard == heard
            return
        assert self.heard == heard + 1
        del self.digests[len(lab.log) :]  # ticks that joined the command before them
        self.digests.append(lab.digest())
        self.undone = []

    @rule(name=NAMES, settings=CHANGES)
    def create(self, name, settings):
        self.attempt(lambda: self.lab.create_vm(name, **{k: v for k, v in settings.items() if k != "name"}))

    @rule(name=NAMES, new=NAMES)
    def clone(self, name, new):
        self.attempt(lambda: self.lab.clone_vm(name, new))

    @rule(name=NAMES)
    def destroy(self, name):
        self.attempt(lambda: self.lab.destroy_vm(name))

    @rule(name=NAMES, changes=CHANGES)
    def configure(self, name, changes):
        self.attempt(lambda: self.lab.configure(name, **changes))

    @rule(name=NAMES, workload=WORKLOADS)
    def set_workload(self, name, workload):
        self.attempt(lambda: self.lab.set_workload(name, workload))

    @rule(algorithm=st.sampled_from(["credit", "cfs", "none"]), slice_ms=st.integers(-1, 5))
    def set_scheduler(self, algorithm, slice_ms):
        self.attempt(lambda: self.lab.set_scheduler(algorithm=algorithm, slice_ms=slice_ms))

    @rule(stack=st.sampled_from(list(STACKS)))
    def set_stack(self, stack):
        self.attempt(lambda: self.lab.set_stack(stack))

    @rule(ticks=st.sampled_from([0, 1, 2, 30, 200]))
    def advance(self, ticks):
        self.attempt(lambda: self.lab.advance(ticks))

    @rule(times=st.integers(1, 5))
    def undo(self, times):
        for _ in range(min(times, len(self.lab.log))):
            self.undone.append(self.digests.pop())
            self.lab.undo()
            assert self.lab.digest() == self.digests[-1]

    @precondition(lambda self: self.lab.can_redo)
    @rule()
    def redo(self):
        self.lab.redo()
        self.digests.append(self.undone.pop())
        assert self.lab.digest() == self.digests[-1]

    @rule(ticks=st.integers(1, 50))
    def forecast(self, ticks):
        before = self.lab.digest()
        self.lab.forecast(ticks)
        assert self.lab.digest() == before

    @rule(data=st.data())
    def replay_of_a_prefix(self, data):
        log = self.lab.log
        length = data.draw(st.integers(0, len(log)))
        fresh = Lab("neutral", self.lab.seed, self.lab.hardware, self.lab.tick_s)
        for command in log[:length]:
            fresh.do(command)
        assert fresh.digest() == self.digests[length]

    @rule()
    def text_and_back(self):
        setup, log = experiment_file.load(self.lab.text())
        assert log == self.lab.log
        host = setup.host()
        for command in log:
            command.apply(host)
        assert host.digest() == self.lab.digest()

    @invariant()
    def pools_close(self):
        snapshot = self.lab.snapshot
        assert (snapshot.tick, snapshot.vms) == (self.lab.tick, self.lab.vms)
        for pool in snapshot.pools.values():
            assert pool.used + pool.vmm + pool.free == pool.capacity
            assert pool.free >= 0
            assert (pool.per_vm >= 0).all()
            assert pool.per_vm.sum() == pool.used
        for kind in ("cpu_{}_khz", "memory_{}_bytes", "disk_{}_iops", "network_{}_bps"):
            demand, entitled, used = (snapshot[kind.format(x)] for x in ("demand", "entitlement", "used"))
            assert (used <= entitled).all()
            assert (entitled <= demand).all()
        for one, used in zip(snapshot.vms, snapshot["cpu_used_khz"], strict=True):
            assert used <= one.vcpus * SMALL.clock_khz
            assert one.cpu_limit_mhz is None or used <= one.cpu_limit_mhz * 1000

    @invariant()
    def log_and_bounds(self):
        log = self.lab.log
        assert len(log) == len(self.digests) - 1
        assert not any(isinstance(a, Advance) and isinstance(b, Advance) for a, b in pairwise(log))
        assert self.lab.tick == sum(c.ticks for c in log if isinstance(c, Advance))
        assert len(self.lab._journal._copies.taken_after) <= 4

    @invariant()
    def history_is_whole(self):
        recorded = self.lab.recorded
        assert recorded.last_tick == self.lab.tick - 1
        assert recorded.length == self.lab.tick
        for segment in recorded.segments:
            assert (segment.values >= 0).all()


Session.TestCase.settings = settings(max_examples=20, stateful_step_count=40, deadline=None)
TestSession = Session.TestCase


@pytest.mark.parametrize("parts", [[700], [1] * 20 + [680], [350, 350], [699, 1]])
def test_the_digest_does_not_depend_on_how_time_is_divided(parts):
    lab = Lab(seed=5, hardware=SMALL)
    lab.create_vm("A", workload=vm.Workload("web", growth_bytes_per_day=90 * GB), disk_bytes=90 * GB)
    lab.create_vm("B", workload="batch", vcpus=4, memory_bytes=6 * GiB)
    lab.create_vm("C", workload="memory_hog", memory_bytes=6 * GiB)
    whole = lab.replay()
    whole.advance(700)
    for ticks in parts:
        lab.advance(ticks)
    assert lab.digest() == whole.digest()
    assert np.array_equal(lab.history()["latency_us"], whole.history()["latency_us"])
