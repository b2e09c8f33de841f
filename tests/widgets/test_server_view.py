import pytest

import vmwidgets as vm
from vmwidgets import locale
from vmwidgets.model.snapshot import RESOURCES
from vmwidgets.widgets.kit import SLOTS
from vmwidgets.widgets.server_view import ServerView


@pytest.fixture
def view(lab):
    made = ServerView(lab)
    yield made
    made.close()


def sums(state):
    return [
        pool["vmm"] + pool["other"] + pool["free"] + sum(vm["used"][r] for vm in state["vms"])
        for r, pool in enumerate(state["pools"])
    ]


def test_sums_close(view, lab):
    assert sums(view.state) == [lab.snapshot.pools[r].capacity for r in RESOURCES]


def test_values_are_the_models(view, lab):
    state, now = view.state, lab.snapshot
    assert [m["name"] for m in state["vms"]] == ["web", "database", "burner"]
    for i, machine in enumerate(state["vms"]):
        assert machine["used"] == [int(now.pools[r].per_vm[i]) for r in RESOURCES]
        assert machine["entitled"][1] == now["cpu_entitlement_khz"][i]
        assert machine["demand"][1] == now["cpu_demand_khz"][i]
        assert machine["steal"] == now["cpu_steal_permille"][i]


def test_one_message_a_tick_below_four_kilobytes(wire):
    lab = vm.Lab()
    for number in range(SLOTS):
        lab.create_vm(f"machine with a long name {number}", workload="web")
    view = ServerView(lab)
    wire.clear()
    for _tick in range(5):
        lab.advance()
    assert [m.kind for m in wire] == ["comm_msg"] * 5
    assert max(m.bytes for m in wire) < 4096
    view.close()


def test_more_machines_than_cards_are_still_in_the_sums(wire):
    lab = vm.Lab()
    for number in range(12):
        lab.create_vm(f"m{number}", workload="cpu_burner")
    lab.advance()
    view = ServerView(lab)
    assert len(view.state["vms"]) == SLOTS
    assert view.state["pools"][1]["other"] > 0
    assert sums(view.state) == [lab.snapshot.pools[r].capacity for r in RESOURCES]
    assert "Only 8 have a card of their own." in view.state["sentence"]
    view.close()


def test_an_empty_server(wire):
    lab = vm.Lab()
    view = ServerView(lab)
    assert view.state["vms"] == []
    assert view.state["selected"] == -1
    assert view.state["sentence"] == "No virtual machine runs on the server."
    view.close()


def test_choosing_by_message(view, wire):
    wire.send(view, name="select", slot=2, seq=1)
    assert view.selection.vm == "burner"
    assert view.state["selected"] == 2
    for slot in (-1, 7, 99, "2", None):
        wire.send(view, name="select", slot=slot, seq=2)
        assert view.selection.vm == "burner"


def test_the_past_closes_too(view, lab):
    view.selection.tick = 30
    assert "tick 30 " in view.state["clock"]
    assert sums(view.state) == [lab.snapshot.pools[r].capacity for r in RESOURCES]
    now = view.state
    view.selection.tick = None
    assert view.state["clock"] != now["clock"]


def test_the_past_without_machines_that_are_gone(view, lab):
    lab.destroy_vm("database")
    view.selection.tick = 30
    assert [m["name"] for m in view.state["vms"]] == ["web", "burner"]
    assert sums(view.state) == [lab.snapshot.pools[r].capacity for r in RESOURCES]


def test_sentence_names_who_waits_and_who_is_stopped(wire):
    lab = vm.Lab(hardware=vm.Hardware(pcpus=1, disk_bytes=20 * vm.GB))
    lab.create_vm("a", workload="cpu_burner")
    lab.create_vm("b", disk_bytes=100 * vm.GB, workload=vm.Workload("web", growth_bytes_per_day=900 * vm.GB))
    lab.advance(120)
    view = ServerView(lab)
    assert "Stopped because the disk pool is full: b." in view.state["sentence"]
    assert view.state["vms"][1]["stalled"] == 1
    view.close()


def test_words_of_the_kernel_change_with_the_language(view):
    before = view.state["sentence"]
    locale.set_language("ru")
    assert view.state["sentence"] != before
    assert not set("abcdefghijklmnopqrstuvwxyz") & set(view.state["clock"].lower())


def test_what_notebooks_compare(view):
    assert repr(view) == "<ServerView: 3 VMs, tick 600>"
    locale.set_language("ru")
    assert repr(view) == "<ServerView: 3 VMs, tick 600>"
