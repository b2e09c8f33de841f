"""What a guest does to its kernel stays in the guest, unless it has none of its own."""

import random

import pytest

from tests.model.stacks_to_try import ALL, BARE, HOSTED, SPLIT
from vmwidgets.lab import Lab
from vmwidgets.model.errors import VmwidgetsError
from vmwidgets.model.hardware import Hardware
from vmwidgets.model.kernel_acts import (
    MODULES,
    PARAMETERS,
    LoadModule,
    Panic,
    Rebuild,
    Replace,
    SetParameter,
    WriteOutside,
)
from vmwidgets.model.own_kernel import HOST, Bench
from vmwidgets.model.units import MiB
from vmwidgets.model.vm import GuestKernel
from vmwidgets.stacks import STACKS

ACTS = (
    SetParameter("vm.swappiness", 10),
    LoadModule("wireguard"),
    Rebuild(tick_hz=1000),
    Rebuild(page_bytes=65_536),
    Replace(GuestKernel("Linux 6.12", tick_hz=100)),
    Panic(),
)
WITH_KERNELS = [stack for stack in (*ALL, *STACKS.values()) if "guest_kernel" in stack.layers]
WITHOUT = [stack for stack in (*ALL, *STACKS.values()) if stack not in WITH_KERNELS]


@pytest.mark.parametrize("act", ACTS, ids=lambda act: type(act).__name__)
@pytest.mark.parametrize("stack", WITH_KERNELS, ids=lambda stack: stack.id)
def test_in_a_vm_the_diff_is_empty_but_in_its_own_pane(stack, act):
    bench = Bench(stack)
    done = bench.act("A", act)
    assert done.refused == ""
    assert done.panes == ("A",)
    assert {bench.owner[frame] for frame in done.frames} == {"A"}


@pytest.mark.parametrize("act", ACTS, ids=lambda act: type(act).__name__)
@pytest.mark.parametrize("stack", WITHOUT, ids=lambda stack: stack.id)
def test_on_a_common_kernel_it_is_refused_or_hits_everybody(stack, act):
    refused = Bench(stack, privileged=False).act("A", act)
    assert refused.refused.format(guest="A")
    assert refused.changes == refused.frames == ()
    everybody = Bench(stack, privileged=True).act("A", act)
    assert everybody.refused == ""
    assert everybody.panes == ("A", "B", HOST)


def test_whether_it_is_refused_is_read_off_the_confinement():
    assert not Bench(STACKS["container"]).privileged
    assert Bench(BARE).privileged


def test_a_panic_stops_the_applications_of_all_who_run_on_the_kernel():
    def stopped(bench):
        bench.act("A", Panic())
        return [bench.seen(guest)["stopped"] for guest in bench.guests]

    assert stopped(Bench(SPLIT, {"A": None, "B": None, "C": None})) == [1, 0, 0]
    assert stopped(Bench(BARE, {"A": None, "B": None, "C": None})) == [1, 1, 1]


def test_a_container_may_set_what_its_namespace_has_for_itself():
    for name, parameter in PARAMETERS.items():
        done = Bench(BARE, privileged=False).act("A", SetParameter(name, parameter.default + 1))
        assert bool(done.refused) is not parameter.namespaced
        assert done.panes == (("A",) if parameter.namespaced else ())


@pytest.mark.parametrize("stack", [SPLIT, BARE], ids=lambda stack: stack.id)
def test_nobody_writes_behind_his_own_memory(stack):
    done = Bench(stack, privileged=True).act("A", WriteOutside())
    assert done.refused
    assert done.frames == ()


def test_any_series_of_acts_in_one_guest_leaves_all_others_as_they_were():
    draw = random.Random(5)
    bench = Bench(HOSTED, {"A": GuestKernel("Linux 6.12"), "B": GuestKernel("Linux 5.10", tick_hz=100), "C": None})
    others = {pane: bench.seen(pane) for pane in ("B", "C", HOST)}
    for _ in range(200):
        name, parameter = draw.choice(list(PARAMETERS.items()))
        acts = (
            *ACTS,
            LoadModule(draw.choice(MODULES)),
            SetParameter(name, draw.randint(parameter.low, parameter.high)),
        )
        done = bench.act("A", draw.choice((*acts, WriteOutside())))
        assert {bench.owner[frame] for frame in done.frames} <= {"A"}
    assert {pane: bench.seen(pane) for pane in others} == others
    assert bench.seen("B")["kernel"] == "Linux 5.10"


def test_the_diff_sees_a_vmm_that_mixes_up_frames():
    bench = Bench(SPLIT)
    bench._maps["A"].map(0, next(frame for frame, owner in bench.owner.items() if owner == "B"))
    assert bench.act("A", Rebuild(tick_hz=1000)).panes == ("A", "B")


def test_a_new_kernel_begins_afresh():
    bench = Bench(SPLIT)
    bench.act("A", LoadModule("zram"))
    bench.act("A", SetParameter("vm.swappiness", 0))
    bench.act("A", Panic())
    bench.act("A", Replace(GuestKernel("Linux 6.12")))
    seen = bench.seen("A")
    assert (seen["kernel"], seen["zram"], seen["vm.swappiness"], seen["panicked"]) == ("Linux 6.12", 0, 60, 0)


def test_a_dead_kernel_does_nothing_until_another_is_booted():
    bench = Bench(SPLIT)
    bench.act("A", Panic())
    assert "has panicked" in bench.act("A", LoadModule("zram")).refused
    assert bench.act("A", Rebuild(tick_hz=1000)).panes == ("A",)
    assert (bench.seen("A")["stopped"], bench.seen("A")["panicked"], bench.seen("A")["tick_hz"]) == (0, 0, 1000)


def test_two_guests_with_different_kernels_need_kernels_of_their_own():
    kernels = {"A": GuestKernel("Linux 6.12"), "B": GuestKernel("FreeBSD 14")}
    bench = Bench(SPLIT, kernels)
    assert [bench.seen(guest)["kernel"] for guest in "AB"] == ["Linux 6.12", "FreeBSD 14"]
    with pytest.raises(
        VmwidgetsError, match="A cannot have a kernel of its own: its applications run on that of the host"
    ):
        Bench(BARE, kernels)


@pytest.mark.parametrize(("make", "sentence"), [
    (lambda: SetParameter("vm.speed", 1), "there is no parameter 'vm.speed', expected one of vm.swappiness"),
    (lambda: SetParameter("vm.swappiness", 201), "vm.swappiness is 201, expected a whole number from 0 to 200"),
    (lambda: LoadModule("kvm2"), "there is no module 'kvm2'"),
    (lambda: Bench(SPLIT).act("C", Panic()), "there is no guest 'C', expected one of A, B"),
])  # fmt: skip
def test_what_does_not_exist_is_refused(make, sentence):
    with pytest.raises(VmwidgetsError, match=sentence):
        make()


@pytest.mark.parametrize("memory", [None, "kvm"])
def test_in_a_lab_too_another_kernel_in_one_vm_is_nothing_to_the_others(memory):
    def lab(kernel):
        made = Lab(seed=1, hardware=Hardware(memory_bytes=256 * MiB, vmm_memory_bytes=16 * MiB), memory=memory)
        for name in "AB":
            made.create_vm(name, memory_bytes=64 * MiB, workload="database")
        made.advance(5)
        made.configure("A", kernel=kernel)
        made.advance(20)
        return made.history().query("vm == 'B'").reset_index(drop=True)

    same, other = lab(GuestKernel()), lab(GuestKernel("Linux 6.12", page_bytes=65_536, tick_hz=1000))
    assert same.equals(other)
    assert (same["throughput_per_ks"] > 0).any()
