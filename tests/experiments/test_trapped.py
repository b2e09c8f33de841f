"""What has to be emulated depends on the tables and on the device, not on how much the guest computes."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import vmwidgets as vm
from vmwidgets.experiments.trapped import Work
from vmwidgets.model.paths import path
from vmwidgets.stacks import NEUTRAL


def counts():
    table = vm.experiments.emulated_instructions()
    return table.set_index(["tables", "device"])


def test_twenty_instructions_of_which_six_four_or_one_are_emulated():
    table = counts()
    assert set(table["instructions"]) == {20}
    assert table.loc[("shadow", "emulated"), "emulated"] == 6
    assert table.loc[("nested", "emulated"), "emulated"] == 4
    assert table.loc[("nested", "virtio"), "emulated"] == 1
    assert table.loc[("nested", "passed_through"), "exits"] == 0
    assert (table["direct"] + table["emulated"] == 20).all()
    assert (table["exits"] == table["emulated"]).all()  # memory is populated: no exit but for an emulation


@given(st.integers(1, 12), st.integers(1, 4), st.integers(0, 8), st.integers(40, 60))
@settings(max_examples=25, deadline=None)
def test_any_work_is_done_by_every_device_alike(requests, batches, table_writes, ordinary):
    work = Work(requests, min(batches, requests), table_writes, ordinary)
    runs = {(t, d): work.run(t, d) for t in ("shadow", "nested") for d in ("emulated", "virtio")}
    for (tables, device), done in runs.items():
        assert done.cpu.finished
        assert done.device.requests == [100 + at for at in range(requests)]
        io = requests if device == "emulated" else work.batches
        assert done.emulated == io + (table_writes if tables == "shadow" else 0)
        assert done.cpu.executed == work.instructions


@pytest.mark.parametrize(("tables", "technique"), [("shadow", "trap_and_emulate"), ("nested", "nested_paging")])
@pytest.mark.parametrize(
    ("device", "name"), [("emulated", "emulated"), ("virtio", "paravirtual"), ("passed_through", "passthrough")]
)
def test_runs_and_paths_through_the_layers_agree(tables, technique, device, name):
    def exits(operation):
        return path(NEUTRAL, operation, technique, name).exits

    for writes in (0, 1):
        done = Work(1, 1, writes).run(tables, device)
        assert len(done.log) == exits("disk_read") + writes * exits("page_table_update")


def test_what_does_not_fit_gets_a_sentence():
    with pytest.raises(vm.VmwidgetsError, match="ordinary is 3"):
        Work(4, 1, 2, 3)
    with pytest.raises(vm.VmwidgetsError, match="batches is 5"):
        Work(4, 5)
