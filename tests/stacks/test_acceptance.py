"""One suite that every product passes: boots, the standard experiment of each lab, its own controls, its examples."""

from dataclasses import dataclass

import numpy as np
import pytest

import vmwidgets as vm
from vmwidgets.model.boot import boot
from vmwidgets.model.errors import AdmissionError
from vmwidgets.model.vm import CONTROLS
from vmwidgets.stacks import PRODUCTS, STACKS
from vmwidgets.widgets.scheduler_charts import SchedulerCharts
from vmwidgets.widgets.stack_comparison import StackComparison


@dataclass(frozen=True)
class Documented:
    """What a product's documents say of its controls: low, high (None: not published) and default of each."""

    scheduler: str
    controls: dict[str, tuple[int, int | None, int | str]]
    lacks: dict[str, str]
    """A setting of the model that it has no control for, and the sentence of the refusal."""


_CGROUP = {
    "cpu.weight": (1, 10_000, 100),
    "cpu.max": (1000, None, "max 100000"),
    "memory.min": (0, None, 0),
    "memory.max": (vm.MiB, None, "max"),
    "io.weight": (1, 10_000, 100),
}
_VSPHERE = {
    "shares": (1, None, "normal"),
    "reservation": (0, None, 0),
    "limit": (1, None, "unlimited"),
    "memory shares": (1, None, "normal"),
    "memory reservation": (0, None, 0),
    "memory limit": (1, None, "unlimited"),
    "disk shares": (200, 4000, "normal"),
    "disk limit": (1, None, "unlimited"),
}
_NO_CONTROL = {
    "cpu_shares": "{} has no shares of processor time, expected one of vcpus, memory_bytes",
    "cpu_limit_mhz": "{} has no limit of processor time, expected one of vcpus, memory_bytes",
    "memory_reservation_bytes": "{} has no reservation of memory, expected one of vcpus, memory_bytes",
}
DOCUMENTED = {
    "hyperv": Documented(
        "hyperv_core",
        {
            "weight": (1, 10_000, 100),
            "reserve": (0, 100, 0),
            "cap": (1, 100, 100),
            "minimum RAM": (0, None, 512),
            "maximum RAM": (1, None, "size"),
            "memory priority": (0, 100, 50),
        },
        {"network_shares": "the model knows no shares of the network in Hyper-V, expected one of weight, "},
    ),
    "xen": Documented(
        "credit2",
        {"weight": (1, 65_535, 256), "cap": (0, None, 0)},
        {"cpu_reservation_mhz": "Xen has no reservation of processor time, expected one of weight, cap"},
    ),
    "esxi": Documented("esx", _VSPHERE, {"network_limit_bps": "the model knows no limit of the network in ESXi, "}),
    "esx": Documented("esx_strict", _VSPHERE, {"network_shares": "the model knows no shares of the network in ESX "}),
    "kvm": Documented(
        "eevdf",
        _CGROUP,
        {"cpu_reservation_mhz": "KVM has no reservation of processor time, expected one of cpu.weight, cpu.max, "},
    ),
    "workstation": Documented("hosted", {}, _NO_CONTROL),
    "virtualbox": Documented(
        "hosted",
        {"cpuexecutioncap": (1, 100, 100), "guestmemoryballoon": (0, None, 0)},
        {
            "cpu_shares": "VirtualBox has no shares of processor time, expected one of cpuexecutioncap, guestmemoryb",
            "cpu_reservation_mhz": "VirtualBox has no reservation of processor time, expected one of cpuexecutioncap",
        },
    ),
    "parallels": Documented("hosted", {}, _NO_CONTROL),
}
ONE = vm.Hardware(pcpus=1, clock_khz=1_000_000)
BURNS = "cpu_burner"


@pytest.fixture(params=[*PRODUCTS, "esx"])
def stack(request):
    return STACKS[request.param]


def busy_lab(stack, hardware=ONE, **machines):
    """A lab whose machines compute all the time; the values are their settings."""
    lab = vm.Lab(stack, hardware=hardware)
    for name, settings in machines.items():
        lab.create_vm(name, workload=BURNS, memory_bytes=vm.GiB, **settings)
    return lab


def shares(lab):
    """What each machine is entitled to, in kHz."""
    return lab.snapshot["cpu_entitlement_khz"].tolist()


def ran(lab, window_s=20, **scheduling):
    """What each machine gets from the product's own scheduler, in per mille of a processor."""
    lab.set_scheduler(window_s=window_s, **scheduling)
    (run,) = lab.quantum_runs()
    return run.ran_permille(len(lab.vms)).tolist()


def test_seven_products_and_the_older_profile_of_one_are_documented_here():
    assert set(DOCUMENTED) == {*PRODUCTS, "esx"}
    assert len(PRODUCTS) == 7


# --------------------------------------------------------------------------------------------------------------- boots
def test_it_boots(stack):
    booted = boot(stack)
    assert [step.state for step in booted.steps] == ["done"] * len(stack.boot)
    assert not booted.symptoms
    assert booted.layers == stack.layers
    first = stack.boot[0].id
    broken = boot(stack, broken=[first])
    assert broken.state(first) == "failed"
    assert "guest_kernel" not in broken.layers


# ------------------------------------------------------------------------------------ the standard experiment of a lab
def test_a_day_on_the_board(stack):
    lab = vm.Lab(stack.id, seed=3)
    lab.create_vm("web", vcpus=2, workload="web")
    lab.create_vm("database", vcpus=2, memory_bytes=8 * vm.GiB, workload="database")
    lab.create_vm("batch", vcpus=4, workload="batch")
    board = vm.Board(lab)
    lab.advance(24 * 60)
    for pool in lab.snapshot.pools.values():
        assert pool.used + pool.vmm + pool.free == pool.capacity
        assert pool.free >= 0
    used = lab.history().groupby("vm")["cpu_used_khz"].mean()
    assert (used > 0).all()
    assert stack.name in board.server.state["vmm"]
    board.close()


def test_pressure_in_the_memory_lab(stack):
    """Three machines of 16 GiB on a server of 32: their demand grows until it has to take memory from somebody."""
    lab = vm.Lab(stack.id, hardware=vm.Hardware(page_bytes=2 * vm.MiB), tick_s=5, memory=True)
    profile = lab.memory.profile
    assert profile is stack.memory_profile
    view = vm.MemoryLab(lab, frames=False, walk=False)
    machines = ["A", "B"]
    for name in machines:
        lab.create_vm(name, memory_bytes=15 * vm.GiB, workload=vm.Workload("database", active_permille=300))
    if profile.gives_whole:
        with pytest.raises(AdmissionError, match=f"C needs its .* {profile.name} takes none back"):
            lab.create_vm("C", memory_bytes=15 * vm.GiB)
    else:
        lab.create_vm("C", memory_bytes=15 * vm.GiB, workload=vm.Workload("database", active_permille=300))
        machines.append("C")
    lab.advance(12)
    assert lab.snapshot["memory_swapped_bytes"].sum() == 0
    calm = lab.snapshot["memory_mapped_bytes"].sum()
    for name in machines:
        lab.set_workload(name, vm.Workload("database", active_permille=900))
    lab.advance(24)
    lab.memory.machine.check()
    now = lab.snapshot
    assert now["memory_mapped_bytes"].sum() > calm
    taken = now["memory_ballooned_bytes"] + now["memory_swapped_bytes"] + now["memory_compressed_bytes"]
    assert (taken.sum() > 0) is not profile.gives_whole
    assert now.pools["memory"].free >= 0
    view.close()


def test_a_run_in_the_scheduler_lab(stack):
    lab = busy_lab(stack.id, vm.Hardware(pcpus=2), A={"vcpus": 2}, B={}, C={})
    assert lab.scheduling.algorithm == DOCUMENTED[stack.id].scheduler == stack.scheduler
    view = vm.SchedulerLab(lab)
    assert isinstance(view.charts, SchedulerCharts)
    got = ran(lab)
    assert 1995 <= sum(got) <= 2000, "nobody is idle while somebody waits"
    assert got[1] == pytest.approx(got[2], abs=20)
    assert view.line.error == ""
    view.close()


def test_it_stands_beside_another_in_the_comparison(stack):
    other = "kvm" if stack.id != "kvm" else "xen"
    view = StackComparison(stack.id, other)
    assert stack.id in repr(view)
    view.close()
    table = vm.compare([stack.id], vms=2)
    assert list(table.columns) == [stack.name]
    assert len(table) > 10


# ------------------------------------------------------------------------------------------------------------ controls
def test_controls_have_the_documented_names_ranges_and_defaults(stack):
    documented = DOCUMENTED[stack.id].controls
    lab = busy_lab(stack.id, A={})
    values = lab.controls("A")
    assert list(values) == list(documented)
    for control in stack.controls:
        if control.name:
            low, high, default = documented[control.name]
            assert control.low == low
            assert high is None or control.high == high
            assert values[control.name] == default
            assert control.source


def test_every_documented_value_is_taken_and_reads_back(stack):
    lab = busy_lab(stack.id, A={})
    for control in stack.controls:
        if "reservation" in control.setting:  # it would be in the way of a low limit
            lab.configure("A", **{control.python: 0})
    named = {control.name: control for control in stack.controls}
    for name, (low, high, default) in DOCUMENTED[stack.id].controls.items():
        control = named[name]
        values = [low, default, *control.words]
        if high and "reservation" not in control.setting:
            values.append(high)
        for value in values:
            lab.configure("A", **{control.python: value})
            read = lab.controls("A")[name]
            assert read in (value, f"{value} {control.full}", *(() if type(value) is int else control.words))
        lab.configure("A", **{control.python: 0 if "reservation" in control.setting else default})
    assert lab.replay().digest() == lab.digest()


@pytest.mark.parametrize("by", [-1, 1])
def test_a_value_outside_the_range_is_refused_by_name(stack, by):
    lab = busy_lab(stack.id, A={})
    before = lab.digest()
    for control in stack.controls:
        if not control.name:
            continue
        value = control.low - 1 if by < 0 else control.high + 1
        with pytest.raises(vm.VmwidgetsError, match=f"{stack.name} takes {control.low} to ") as error:
            lab.configure("A", **{control.python: value})
        assert str(error.value).startswith(f"{control.name} is {value}, ")
    assert lab.digest() == before


def test_others_are_refused_by_name_whatever_way_they_come(stack, tmp_path):
    lab = busy_lab(stack.id, A={})
    before, file = lab.digest(), tmp_path / "lab.jsonl"
    for setting, told in DOCUMENTED[stack.id].lacks.items():
        told = told.format(stack.name)
        for attempt in (
            lambda name=setting: lab.create_vm("B", **{name: 7 * vm.MiB if "bytes" in name else 77}),
            lambda name=setting: lab.configure("A", **{name: 7 * vm.MiB if "bytes" in name else 77}),
        ):
            with pytest.raises(vm.VmwidgetsError) as error:
                attempt()
            assert str(error.value).startswith(told)
        value = 7 * vm.MiB if "bytes" in setting else 77
        file.write_text(lab.text() + f'{{"command":"configure","vm":"A","changes":{{"{setting}":{value}}}}}\n')
        with pytest.raises(vm.VmwidgetsError) as error:
            vm.Lab.open(file)
        assert str(error.value).startswith(f"line 3: {told}")
    assert lab.digest() == before
    covered = {control.setting for control in stack.controls if control.name}
    absent = [name for names in CONTROLS.values() for name in names if name not in covered]
    for setting in absent:
        with pytest.raises(vm.VmwidgetsError, match=f"{stack.name}, expected|{stack.name} has no"):
            lab.configure("A", **{setting: 7 * vm.MiB if "bytes" in setting else 77})


def test_a_control_of_another_product_is_named(stack):
    lab = vm.Lab(stack.id)
    mine = {control.python for control in stack.controls}
    others = {c.python for s in STACKS.values() for c in s.controls if c.name} - mine - set(vm.VM.__dataclass_fields__)
    for name in others:
        with pytest.raises(vm.VmwidgetsError, match=f"no control '{name}' of {stack.name}, expected one of "):
            lab.create_vm("A", **{name: 10})


def test_values_stay_when_a_vm_gets_another_size(stack):
    lab = busy_lab(stack.id, vm.Hardware(), A={"vcpus": 1})
    per_vcpu = [c for c in stack.controls if c.name and c.depends_on == ("vcpus",)]
    for control in per_vcpu:
        lab.configure("A", **{control.python: control.words[0] if control.words else max(control.low, 40)})
    before = lab.controls("A")
    lab.configure("A", vcpus=3)
    assert lab.controls("A") == before
    lab.configure("A", vcpus=1, memory_bytes=2 * vm.GiB)
    assert lab.controls("A") == before


# ----------------------------------------------------------------------------------------------------- worked examples
def test_hyper_v_divides_by_weights():
    """Microsoft WDK documentation, ff538581: one logical processor, three busy partitions."""
    lab = busy_lab("hyperv", A={"weight": 100}, B={"weight": 200}, C={"weight": 700})
    assert shares(lab) == [100_000, 200_000, 700_000]
    assert ran(lab) == pytest.approx([100, 200, 700], abs=5)
    assert ran(lab, algorithm="hyperv_classic") == pytest.approx([100, 200, 700], abs=5)


def test_hyper_v_reserve_and_cap_are_parts_of_a_logical_processor_for_each_virtual_one():
    """Microsoft WDK documentation, ff538568 and ff538550."""
    two = vm.Hardware(pcpus=2, clock_khz=1_000_000)
    lab = busy_lab("hyperv", two, A={"vcpus": 2, "cap": 50}, B={"vcpus": 2, "reserve": 60, "weight": 1})
    assert (lab.vm("A").cpu_limit_mhz, lab.vm("B").cpu_reservation_mhz) == (1000, 1200)
    assert shares(lab) == [800_000, 1_200_000]
    assert ran(lab) == pytest.approx([800, 1200], abs=20)
    with pytest.raises(vm.VmwidgetsError, match="reserve is 60, more than the cap of 50"):
        lab.configure("A", reserve=60)
    with pytest.raises(AdmissionError, match="C reserves 900 MHz of processor time, 800 MHz are unreserved"):
        lab.create_vm("C", reserve=90)


def test_hyper_v_has_no_weight_reserve_and_cap_under_the_root_scheduler():
    """Microsoft, Managing Hyper-V hypervisor scheduler types."""
    lab = busy_lab("hyperv", A={})
    lab.set_scheduler(algorithm="hyperv_root")
    for name, value in (("weight", 200), ("reserve", 20), ("cap", 50)):
        with pytest.raises(vm.VmwidgetsError, match=f"Hyper-V has no {name} with the scheduler hyperv_root"):
            lab.configure("A", **{name: value})
    lab.configure("A", memory_priority=80)
    assert lab.controls("A")["memory priority"] == 80


def test_xen_divides_by_weights_and_caps_in_percent_of_a_processor():
    """Xen, docs/man/xl.1.pod.in, sched-credit: twice the weight is twice the time; a cap of 50 is half a pCPU."""
    lab = busy_lab("xen", vm.Hardware(pcpus=1, clock_khz=900_000), A={}, B={"weight": 512})
    assert shares(lab) == [300_000, 600_000]
    assert ran(lab) == pytest.approx([333, 667], abs=5)
    assert ran(lab, algorithm="credit") == pytest.approx([333, 667], abs=10)
    lab.configure("B", cap=50)
    assert shares(lab) == [450_000, 450_000]
    for algorithm in ("credit", "credit2"):
        assert ran(lab, algorithm=algorithm) == pytest.approx([500, 500], abs=5)
    assert lab.controls("B") == {"weight": 512, "cap": 50}


def test_esxi_divides_6000_mhz():
    """F. Denneman, 2010-06-08: VM1 wants 500 MHz, VM2 reserves 2250, VM3 has twice the shares."""
    for id in ("esxi", "esx"):
        lab = vm.Lab(id, hardware=vm.Hardware(pcpus=1, clock_khz=6_000_000))
        wants = vm.Workload("constant", cpu_permille=83)  # 498 MHz; the last two as a limit says
        lab.create_vm("VM1", shares=1000, limit=500, workload=BURNS)
        lab.create_vm("VM2", shares="normal", reservation=2250, workload=BURNS)
        lab.create_vm("VM3", shares="high", workload=BURNS)
        assert shares(lab) == [500_000, 2_250_000, 3_250_000]
        assert ran(lab) == pytest.approx([83, 375, 542], abs=5)
        lab.configure("VM1", limit="unlimited")
        lab.set_workload("VM1", wants)
        assert shares(lab) == [498_000, 2_250_000, 3_252_000]


def test_esxi_shares_are_for_each_vcpu_and_each_mb():
    """vSphere 7.0 Resource Management guide, Share Values."""
    lab = vm.Lab("esxi")
    for level, cpu, memory in (("high", 2000, 20), ("normal", 1000, 10), ("low", 500, 5)):
        lab.create_vm(level, vcpus=2, memory_bytes=3 * vm.GiB, shares=level, memory_shares=level)
        assert lab.vm(level).cpu_shares == 2 * cpu
        assert lab.vm(level).memory_shares == 3072 * memory


def test_esxi_ready_time_in_percent():
    """Broadcom KB 387750: 1000 ms in an interval of 20 s are 5 %; 2000 ms are 10 %."""
    lab = vm.Lab("esxi", hardware=ONE, tick_s=20)
    lab.create_vm("A", limit=950, workload=BURNS)
    for limit, ready_ms, percent in ((950, 1000, 5.0), (900, 2000, 10.0)):
        lab.configure("A", limit=limit)
        assert lab.snapshot["cpu_ready_ms"].tolist() == [ready_ms]
        assert 100 * ready_ms / (lab.tick_s * 1000) == percent
        assert lab.snapshot["cpu_steal_permille"].tolist() == [10 * percent]


def test_linux_divides_by_weights():
    """Linux, admin-guide/cgroup-v2.rst: each gets its weight by the sum of all."""
    weights = (100, 300, 600)
    lab = busy_lab("kvm", **{f"w{weight}": {"cpu_weight": weight} for weight in weights})
    assert shares(lab) == [1_000_000 * weight // sum(weights) for weight in weights]
    assert ran(lab) == pytest.approx([1000 * weight / sum(weights) for weight in weights], abs=10)


@pytest.mark.parametrize("id", ["kvm", "container"])
def test_linux_half_a_cpu_in_each_100_ms(id):
    """Linux, admin-guide/cgroup-v2.rst: cpu.max "50000 100000"."""
    lab = busy_lab(id, A={"cpu_max": "50000 100000"}, B={})
    assert shares(lab) == [500_000, 500_000]
    lab.destroy_vm("B")
    assert shares(lab) == [500_000]
    assert ran(lab) == pytest.approx([500], abs=2)
    assert lab.controls("A")["cpu.max"] == "50000 100000"


def test_virtualbox_caps_each_vcpu():
    """VirtualBox user manual: --cpuexecutioncap 50 lets each vCPU use half of a host CPU."""
    lab = busy_lab("virtualbox", vm.Hardware(pcpus=2, clock_khz=1_000_000), A={"vcpus": 2, "cpuexecutioncap": 50})
    assert shares(lab) == [1_000_000]
    assert ran(lab) == pytest.approx([1000], abs=5)
    assert np.ptp(lab.quantum_runs()[0].spent_us[:, 1]) <= 100_000, "half of each of its two"


def test_virtualbox_balloon_takes_from_the_memory_of_the_vm():
    lab = busy_lab("virtualbox", A={"guestmemoryballoon": 256})
    assert lab.vm("A").memory_limit_bytes == 768 * vm.MiB
    lab.configure("A", memory_bytes=2 * vm.GiB)
    assert lab.controls("A")["guestmemoryballoon"] == 256


@pytest.mark.parametrize("id", [id for id, stack in PRODUCTS.items() if stack.type == 2])
def test_a_host_os_schedules_threads(id):
    """Without shares a VM with more vCPUs gets more (J. Sugerman et al., USENIX ATC 2001: the host OS schedules)."""
    lab = busy_lab(id, vm.Hardware(pcpus=2, clock_khz=1_500_000), A={"vcpus": 2}, B={})
    assert shares(lab) == [2_000_000, 1_000_000]


# -------------------------------------------------------------------------------------------------------------- the log
def play(lab, stack):
    """Commands of every kind, some of them in the product's words."""
    lab.create_vm("A", vcpus=2, workload="web", memory_bytes=512 * vm.MiB)
    lab.create_vm("B", workload="database", memory_bytes=512 * vm.MiB)
    for control in stack.controls:
        if control.name and "reservation" not in control.setting:
            lab.configure("B", **{control.python: control.words[0] if control.words else max(control.low, 60)})
    lab.advance(5)
    lab.clone_vm("B", "C")
    lab.configure("A", vcpus=1, name="Z")
    lab.set_scheduler(window_s=1, beside="round_robin")
    lab.destroy_vm("C")
    lab.advance(3)


@pytest.mark.parametrize("memory", [False, True])
def test_save_load_replay_and_undo(stack, memory, tmp_path):
    hardware = vm.Hardware(page_bytes=2 * vm.MiB, memory_bytes=4 * vm.GiB)
    lab = vm.Lab(stack.id, seed=5, hardware=hardware, tick_s=10, memory=memory)
    states = [lab.digest()]
    lab.subscribe(lambda lab: states.append(lab.digest()))
    play(lab, stack)
    end, length = lab.digest(), len(lab.log)
    lab.save(tmp_path / "lab.jsonl")
    opened = vm.Lab.open(tmp_path / "lab.jsonl")
    assert opened.digest() == lab.replay().digest() == end
    assert opened.controls("B") == lab.controls("B")
    assert opened.stack is stack
    forward = states[:]
    for index in range(length - 1, -1, -1):
        lab.undo()
        assert lab.digest() == forward[index]
    for index in range(1, length + 1):
        lab.redo()
        assert lab.digest() == forward[index]


@pytest.mark.parametrize("memory", [False, True])
def test_machines_move_to_it_and_back(stack, memory, tmp_path):
    hardware = vm.Hardware(page_bytes=2 * vm.MiB, memory_bytes=4 * vm.GiB)
    lab = vm.Lab(seed=5, hardware=hardware, tick_s=10, memory=memory)
    lab.create_vm("A", vcpus=2, workload="web", memory_bytes=512 * vm.MiB, cpu_shares=2000)
    lab.create_vm("B", workload="database", memory_bytes=512 * vm.MiB, network_limit_bps=10**6)
    lab.advance(5)
    before = lab.digest()
    adjusted = lab.set_stack(stack.id)
    assert lab.stack is stack
    assert lab.scheduling.algorithm == stack.scheduler
    assert lab.memory is None or lab.memory.profile is stack.memory_profile
    assert ("B", "network_limit_bps", 10**6) in [(one.vm, one.control, one.value) for one in adjusted]
    shares_control = next(control for control in stack.controls if control.setting == "cpu_shares")
    if shares_control.name:
        usual = vm.Lab(stack.id)
        usual.create_vm("A", vcpus=2)
        assert lab.vm("A").cpu_shares == 2 * usual.vm("A").cpu_shares
    else:
        assert ("A", "cpu_shares") in [(one.vm, one.control) for one in adjusted]
    lab.advance(5)
    assert [vm_.name for vm_ in lab.vms] == ["A", "B"]
    lab.save(tmp_path / "lab.jsonl")
    assert vm.Lab.open(tmp_path / "lab.jsonl").digest() == lab.replay().digest() == lab.digest()
    lab.undo()
    lab.undo()
    assert lab.digest() == before
    assert lab.stack.id == "neutral"


def test_machines_go_round_all_products(stack):
    """What a product has no control for is told and begins with its default, wherever the machines come from."""
    lab = vm.Lab(stack.id)
    lab.create_vm("A", vcpus=2)
    usual = lab.controls("A")
    for id in (*PRODUCTS, "esx", "neutral", stack.id):
        assert lab.set_stack(id) == (), "a machine with defaults has the defaults everywhere"
    assert lab.controls("A") == usual
    assert lab.replay().digest() == lab.digest()
