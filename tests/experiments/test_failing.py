"""Boot lines, failures and kernels as tables."""

import pytest

from vmwidgets import experiments
from vmwidgets.experiments.failing import ACTS
from vmwidgets.model.acts import FAILURES
from vmwidgets.model.errors import VmwidgetsError
from vmwidgets.stacks import PRODUCTS


def test_every_failure_of_every_product_in_one_table():
    table = experiments.failure_drill(stack=list(PRODUCTS), vms=2)
    assert len(table) == len(PRODUCTS) * len(FAILURES) * 2
    assert (table.why != "").all()
    silent = table[table.state == "not_published"]
    assert len(silent) > 0
    assert silent[["cpu_pct", "io_pct", "memory_pct"]].isna().all(axis=None)
    told = table[table.state != "not_published"]
    assert told[["cpu_pct", "io_pct", "memory_pct"]].notna().all(axis=None)


def test_the_chain_is_told_link_by_link():
    row = experiments.failure_drill(stack="kvm", failure="host_crash", vms=1).iloc[0]
    assert (row.state, row.cpu_pct) == ("gone", 0)
    assert row.why.split("; ")[-1] == "guest kernel ran on QEMU process"
    absent = experiments.failure_drill(stack="esxi", failure="logout", vms=1).iloc[0]
    assert (absent.possible, absent.state) == (False, "goes_on")
    assert absent.why == "nothing of ESXi belongs to the session of a user"


def test_more_threads_in_a_bomb_leave_less():
    def speed(threads):
        return experiments.failure_drill(stack="virtualbox", failure="fork_bomb", bomb_threads=threads).cpu_pct[0]

    assert speed(640) < speed(64) < speed(6) < 100


def test_a_boot_line_without_the_module_ends_at_the_vm():
    table = experiments.boot_line(stack="kvm", without=["hypervisor"]).set_index("stage")
    assert table.state["host_kernel"] == "done"
    assert (table.state["vmm_process"], table.because["vmm_process"]) == ("failed", "hypervisor")
    assert table.symptom["vmm_process"]
    assert table.state["guest_kernel"] == "unreached"
    assert not table.runs["guest_apps"]


def test_a_boot_line_without_the_hypervisor_has_its_os_on_the_machine():
    table = experiments.boot_line(stack="xen", without=["hypervisor"]).set_index("stage")
    assert (table.runs["management"], table.on["management"]) == (True, "firmware")
    assert experiments.boot_line(stack="xen").set_index("stage").on["management"] == "hypervisor"


def test_a_boot_line_in_another_order_or_with_a_fault():
    broken = experiments.boot_line(stack="esxi", broken=["hypervisor"])
    assert list(broken.state[:4]) == ["done", "done", "failed", "unreached"]
    empty = experiments.boot_line(stack="esxi", order=[])
    assert len(empty) == 0


def test_an_act_on_a_kernel_shows_in_the_pane_of_its_owner():
    for stack, panes in (("kvm", ["A"]), ("container", [])):
        table = experiments.own_kernel(stack=stack, act="module")
        assert list(table.pane) == ["A", "B", "host"]
        assert list(table.pane[table.changed != ""]) == panes
        assert (table.refused != "").all() == (not panes)
    everybody = experiments.own_kernel(stack="container", act="tick", privileged=True)
    assert (everybody.changed == "tick_hz: 250 → 1000").all()
    assert list(everybody.frames) == [0, 0, 1]


def test_all_acts_at_once():
    table = experiments.own_kernel()
    assert list(dict.fromkeys(table.act)) == list(ACTS)
    assert set(table.pane[table.changed != ""]) == {"A"}
    assert set(table.act[table.refused != ""]) == {"write_outside"}


@pytest.mark.parametrize(("run", "sentence"), [
    (lambda: experiments.failure_drill(failure="flood"), "there is no failure 'flood'"),
    (lambda: experiments.failure_drill(vms=0), "vms is 0"),
    (lambda: experiments.failure_drill(stack="qemu"), "stack is 'qemu', expected one of"),
    (lambda: experiments.boot_line(without=["loader"]), "there is no stage 'loader', expected one of firmware"),
    (lambda: experiments.boot_line(order=["loader"]), "there is no stage 'loader', expected one of firmware"),
    (lambda: experiments.own_kernel(act="pray"), "there is no act 'pray', expected one of parameter"),
])  # fmt: skip
def test_what_does_not_exist_is_refused(run, sentence):
    with pytest.raises(VmwidgetsError, match=sentence):
        run()
