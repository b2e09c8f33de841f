import json

import pytest

import vmwidgets as vm
from vmwidgets import locale
from vmwidgets.experiments.paging import walker_of
from vmwidgets.model.page_walk import DECISIONS, FAULTS
from vmwidgets.widgets.kit import Selection, texts
from vmwidgets.widgets.page_walk import MAX_VISITS, PageWalk, parsed
from vmwidgets.widgets.walk_sources import PAGES


def pressed(page_bytes=4096):
    """A host whose guests want more than there is, so that pages are everywhere."""
    memory = 256 * vm.MiB if page_bytes == 4096 else 32 * vm.GiB
    hardware = vm.Hardware(page_bytes=page_bytes, memory_bytes=memory, vmm_memory_bytes=memory // 32)
    lab = vm.Lab(memory="esxi", hardware=hardware, tick_s=5)
    for name, active in (("web", 375), ("database", 250), ("mail", 625)):
        load = vm.Workload("database", active_permille=active, touched_permille=1000)
        lab.create_vm(name, memory_bytes=memory // 2, workload=load)
    lab.advance(60)
    return lab


@pytest.fixture(scope="module")
def host():
    return pressed()


@pytest.fixture
def view(host):
    shown = PageWalk(host)
    yield shown
    shown.close()
    assert not host._subscribers


def costs(view):
    """References and cycles of each way, the real one first."""
    return [(way["walk"]["references"], way["walk"]["cycles"]) if way["walk"] else None for way in view.state["ways"]]


def chosen(view, wire, name):
    wire.send(view, name="address", id=name)
    assert (view.error, view.state["name"]) == ("", name)
    return view.state["ways"][0]["walk"]


def test_the_whole_walk_is_one_trait(view, wire):
    assert costs(view) == [(24, 2400), (19, 1900), (4, 400)]
    assert view.state["ways"][0]["walk"]["machine"]
    assert [way["real"] for way in view.state["ways"]] == [True, False, False]
    assert len(json.dumps(view.state)) < 16_000
    assert repr(view) == f"<PageWalk: {view.state['address']}, 24 references>"


def test_large_pages_of_the_machine():
    lab = pressed(2 * vm.MiB)
    view = PageWalk(lab)
    assert costs(view) == [(19, 1900), (24, 2400), (4, 400)]
    assert [way["page_bytes"] for way in view.state["ways"]] == [2 * vm.MiB, 4096, 0]
    view.close()


def test_looking_changes_nothing(view, host, wire):
    before = host.digest(), len(host.log)
    for name, _text in view.state["addresses"]:
        for access in ("write", "user"):
            wire.send(view, name="set", id=access, value=True)
            chosen(view, wire, name)
    assert (host.digest(), len(host.log)) == before


def test_faults_and_who_decides(view, wire):
    reasons = {
        "program": None,
        "kernel": None,
        "image": None,
        "ballooned": ("ept_violation", "ballooned"),
        "swapped": ("ept_violation", "swapped"),
        "packed": ("ept_violation", "packed"),
        "unmapped": ("page_fault", ""),
        "broken": ("general_protection", ""),
    }
    names = {name for name, _text in view.state["addresses"]}
    assert {"program", "kernel", "ballooned", "swapped", "unmapped", "broken"} <= names <= set(PAGES)
    for name in names & set(reasons):
        walk = chosen(view, wire, name)
        fault = walk["fault"]
        assert (fault and (fault["reason"], fault["place"])) == reasons[name], name
        assert bool(walk["machine"]) == (fault is None)
        assert fault is None or fault["reason"] in FAULTS
        assert all(step["decision"] in DECISIONS for step in walk["steps"])


def test_rights(view, wire):
    chosen(view, wire, "kernel")
    wire.send(view, name="set", id="user", value=True)
    fault = view.state["ways"][0]["walk"]["fault"]
    assert (fault["reason"], fault["code"]) == ("page_fault", 5)
    wire.send(view, name="set", id="user", value=False)
    chosen(view, wire, "image")
    wire.send(view, name="set", id="write", value=True)
    fault = view.state["ways"][0]["walk"]["fault"]
    assert (fault["reason"], fault["code"]) == ("page_fault", 3)


def test_an_address_of_ones_own(view, wire):
    turn = view.state["turn"]
    wire.send(view, name="address", text=" 0xFFFF_8880 0000_0123 ")
    assert (view.state["address"], view.state["name"]) == ("ffff888000000123", "")
    assert view.state["turn"] == turn + 1
    assert view.state["ways"][0]["walk"]["guest"] == "123"
    for text in ("", "0x", "hello", "1" * 17, "-1"):
        wire.send(view, name="address", text=text)
        assert "expected up to 16 hexadecimal digits" in view.error
        assert view.state["address"] == "ffff888000000123"
    with pytest.raises(vm.VmwidgetsError):
        parsed("0x_")


def test_the_caches_remember_the_walks_before(view, wire):
    for cache in ("pwc", "nested_tlb"):
        wire.send(view, name="set", id=cache, value=True)
    cold = costs(view)
    assert cold[0][0] == 24
    assert cold[0][1] < 2400, "one walk meets the upper second-stage entries again"
    wire.send(view, name="again")
    assert view.state["visits"] == 1
    warm = costs(view)
    assert warm[0][0] == 8, "four hits in the nested TLB, four entries of the guest, four for the page"
    assert warm[0][1] < cold[0][1]
    found = [step["found"] for step in view.state["ways"][0]["walk"]["steps"]]
    assert found.count("nested_tlb") == 4
    wire.send(view, name="set", id="tlb", value=True)
    assert view.state["visits"] == 0, "another hardware remembers nothing"
    wire.send(view, name="again")
    assert costs(view) == [(0, 0)] * 3
    assert view.state["ways"][0]["walk"]["found_in"] == "l1_tlb"
    for _visit in range(2 * MAX_VISITS):
        wire.send(view, name="again")
    assert view.state["visits"] == MAX_VISITS


def test_what_is_sent(wire):
    lab = pressed()
    view = PageWalk(lab)
    wire.clear()
    wire.send(view, name="set", id="l2", value=True)
    assert len(wire.updates) == 1
    wire.clear()
    lab.set_memory(idle_tax_permille=500)
    assert not wire.updates, "nothing of the walk has changed"
    wire.send(view, name="again")
    wire.clear()
    lab.advance(1)
    assert view.state["visits"] == 0, "the VMM flushes what the hardware remembers"
    assert len(wire.updates) == 1
    assert wire.bytes < 20_000
    view.close()


def test_another_vm(view, wire, host):
    first = view.state["address"]
    wire.send(view, name="select", slot=1)
    assert view.selection.vm == "database"
    assert view.state["name"] == "program"
    assert view.state["address"] != first, "address spaces are laid out at random"
    wire.send(view, name="select", slot=7)
    assert view.selection.vm == "database"


def test_a_selection_of_ones_own(host):
    selection = Selection(host)
    view = PageWalk(host, selection)
    before = view.state
    selection.vm = "mail"
    assert view.state != before
    assert view.state["selected"] == selection.slot("mail")
    view.close()
    selection.vm = "web"


def test_why_there_is_nothing_to_walk():
    lab = vm.Lab(memory="esxi", hardware=vm.Hardware(memory_bytes=vm.GiB, vmm_memory_bytes=64 * vm.MiB))
    view = PageWalk(lab)
    assert "no virtual machine" in view.state["closed"]
    assert repr(view) == "<PageWalk: there is no virtual machine yet>"
    lab.create_vm("web", memory_bytes=256 * vm.MiB)
    assert "has not booted" in view.state["closed"]
    lab.advance(1)
    assert view.state["closed"] == ""
    assert costs(view)[0] == (24, 2400)
    lab.configure("web", name="shop")
    assert view.state["closed"] == ""
    lab.destroy_vm("shop")
    assert view.state["closed"]
    lab.create_vm("small", memory_bytes=4 * vm.MiB)
    lab.destroy_vm("small")
    lab.undo()
    lab.advance(1)
    assert view.state["closed"] == "" or "no room" in view.state["closed"]
    view.close()


def test_a_fluid_lab_and_odd_pages():
    lab = vm.Lab()
    lab.create_vm("web")
    view = PageWalk(lab)
    assert "not modelled page by page" in view.state["closed"]
    view.close()
    odd = vm.Lab(memory="esxi", hardware=vm.Hardware(memory_bytes=vm.GiB, vmm_memory_bytes=2**26, page_bytes=2**16))
    odd.create_vm("web", memory_bytes=256 * vm.MiB)
    odd.advance(1)
    view = PageWalk(odd)
    assert "page_bytes is 65536" in view.state["closed"]
    view.close()


@pytest.mark.parametrize(("page_bytes", "references"), [(4096, 24), (2 * vm.MiB, 19)])
def test_a_walker_without_a_lab(wire, page_bytes, references):
    view = PageWalk(walker=walker_of(host_page_bytes=page_bytes, pages=3), addresses=(0, 0x2000, 0x5000))
    assert costs(view)[0] == (references, references * 100)
    assert sorted(cost[0] for cost in costs(view)) == [4, 19, 24]
    assert [name for name, _text in view.state["addresses"]] == ["at_0", "at_1", "at_2", "broken"]
    assert chosen(view, wire, "at_2")["fault"]["reason"] == "page_fault"
    wire.send(view, name="select", slot=0)
    assert view.error == ""
    view.close()


def test_other_depths(wire):
    view = PageWalk(walker=walker_of(5, 5, pages=1))
    assert costs(view)[0] == (35, 3500)
    assert (view.state["guest_levels"], view.state["stage_levels"]) == (5, 5)
    view.close()
    native = PageWalk(walker=walker_of(4, 0, pages=1))
    assert [way["leaf"] for way in native.state["ways"]] == [0, 1, 2]
    assert costs(native) == [(4, 400), (24, 2400), (19, 1900)]
    native.close()


def test_a_table_that_is_not_there_leaves_no_comparison():
    walker = walker_of(pages=3)
    walker.second_stage.unmap(walker.root)
    view = PageWalk(walker=walker)
    assert costs(view) == [(4, 400), None, None]
    view.close()


def test_alone(host):
    view = PageWalk()
    assert repr(view) == "<PageWalk: 0, 24 references>"
    view.close()
    view = PageWalk(host, walker=walker_of())
    assert view.lab is None
    assert not host._subscribers
    view.close()


def test_folded_it_costs_nothing(wire):
    lab = pressed()
    view = PageWalk(lab, fold=True)
    assert repr(view) == "<PageWalk, folded>"
    wire.clear()
    lab.advance(2)
    assert not wire
    wire.send(view, name="fold", value=False)
    assert costs(view)[0] == (24, 2400)
    wire.send(view, name="fold", value=True)
    assert view.state == {"folded": True, "closed": ""}
    view.close()


def test_messages_from_nobody(view, wire):
    before = view.state
    for content in ({"name": "boo"}, {"name": "set", "id": "boo"}, {"name": "address", "id": "boo"}, {"name": "set"}):
        wire.send(view, **content)
    assert view.error or view.state["name"] == before["name"]
    assert [way["walk"]["references"] for way in view.state["ways"]] == [24, 19, 4]
    assert not any(view.state["caches"].values())


def test_words(view):
    assert len(texts("page_walk")) > 60
    assert set(view.strings) == set(texts("page_walk"))
    locale.set_language("ru")
    assert view.language == "ru"
