"""The same experiment on several products: what is computed, what is a bound, and what nobody has published."""

import math
from dataclasses import replace

import pytest

import vmwidgets as vm
from vmwidgets.experiments.comparing import BASES, CANNOT_HAPPEN, DOES_NOT_FIT, NOT_PUBLISHED, VALUELESS
from vmwidgets.experiments.virtualization_tax import events, tax
from vmwidgets.model.acts import FAILURES
from vmwidgets.model.costs import PROCESSORS
from vmwidgets.model.errors import VmwidgetsError
from vmwidgets.model.failures import fail
from vmwidgets.stacks import PRODUCTS, STACKS, get

P3, P4, XEON, X5570 = "Pentium III 733 MHz", "Pentium 4 672", "Xeon 2.4 GHz", "Xeon X5570"


def tidy(*stacks, **how):
    return vm.compare(stacks, **{"tidy": True, **how}).set_index(["stack", "quantity", "part"])


def test_all_seven_in_one_table():
    table = vm.compare()
    assert list(table.columns) == [stack.name for stack in PRODUCTS.values()]
    assert table.index.names == ["quantity", "part", "unit"]
    quantities = list(dict.fromkeys(table.index.get_level_values("quantity")))
    assert quantities == [
        *("throughput", "time", "latency", "exits", "memory overhead", "density", "blast radius"),
    ]
    assert set(table.loc["blast radius"].index.get_level_values("part")) == set(FAILURES)
    assert table.notna().all(axis=None)


@pytest.mark.parametrize("cpu", [X5570, P3, P4, XEON])
def test_nothing_is_invented(cpu):
    """Whatever is not published says so and has no value; a figure that counts has its source."""
    table = tidy(*STACKS, cpu=cpu)
    assert set(table["basis"]) <= set(BASES)
    unpublished = table["basis"] == NOT_PUBLISHED
    assert (table["value"].isna() == table["basis"].isin(VALUELESS)).all()
    assert (table.loc[~unpublished, "source"] != "").all()
    bounds = table[table["basis"].isin(["lower bound", "upper bound"])].loc[(slice(None), ["throughput", "latency"]), :]
    published = {cost.source for stack in STACKS.values() for cost in stack.costs}
    published |= {cost.source for processor in PROCESSORS.values() for cost in processor.costs}
    for sources in bounds["source"]:
        assert any(source in sources for source in published)


def test_the_bare_machine_is_what_all_is_relative_to():
    for stack in ("bare_metal", "container"):
        table = tidy(stack, cpu=P3).loc[stack]
        assert table["value"]["throughput", ""] == 100
        assert table["value"]["exits", ""] == 0
        assert table["value"]["time", "guest"] == 100
        assert table["basis"]["throughput", ""] == "computed"


def test_the_wide_form_marks_bounds():
    table = vm.compare(["kvm", "workstation", "bare_metal"]).droplevel("unit")
    assert table["KVM"]["throughput", ""].startswith("≤ ")
    assert table["KVM"]["latency", ""].startswith("≥ ")
    assert table["VMware Workstation"]["throughput", ""] == NOT_PUBLISHED
    assert table["Bare metal"]["throughput", ""] == 100
    assert table["VMware Workstation"]["exits", ""].startswith("≥ 4")  # an imitated card has more registers than one
    assert table["VMware Workstation"]["exits", ""].removeprefix("≥ ").isdecimal()
    assert isinstance(table["KVM"]["blast radius", "host_crash"], int)


def test_exits_are_events_times_the_exits_of_their_ways():
    """Idle guests: only their timers, 250 a second and vCPU, and a packet now and then."""
    machine = vm.VM("a", vcpus=2, workload=vm.Workload("idle"))
    done = events(machine, 3600)
    assert done.per_second == {"timer_interrupt": 500}
    assert done.per_transaction["network_packet"] == pytest.approx(200 / 1460)
    found = tidy("kvm", vms=[machine])["value"]["kvm", "exits", ""]
    packets = 20 * 200 / 1460  # twenty transactions a second on average
    assert found == pytest.approx(500 + packets, rel=0.01)


def test_who_goes_the_same_way_leaves_as_often_whatever_is_published_of_the_costs():
    exits = tidy("kvm", "esxi", "xen", "virtualbox")["value"].xs("exits", level="quantity")
    assert exits.nunique() == 1


def test_drivers_inside_a_hypervisor_are_no_os():
    time = tidy("esxi", "kvm").xs("time", level="quantity")
    assert tuple(time.loc[("esxi", "os"), ["value", "basis"]]) == (0, "computed")
    assert time["basis"]["kvm", "os"] == NOT_PUBLISHED


def test_other_techniques_leave_more_often():
    hardware, translated = tidy("kvm", "workstation", workload="database")["value"].xs("exits", level="quantity")
    assert translated > 1.5 * hardware


def test_published_packets_slow_a_busy_machine():
    """Workstation on the Pentium III: what a packet takes longer than on the machine is 31.63 - 17.55 µs."""
    one = tax(get("workstation"), "network_packet", P3)
    assert one.cycles / 733 == pytest.approx(31.63 - 17.55)
    assert one.known == "all"
    assert one.by_role["os"] / 733 == pytest.approx(17.55 + 4.45)
    assert one.by_role["process"] / 733 == pytest.approx(1.23 + 2.97)
    busy = [{"workload": vm.Workload("web", peak_per_s=1000, page_bytes=300_000)}] * 8
    table = tidy("workstation", vms=busy, cpu=P3).loc["workstation"]
    assert table["value"]["throughput", ""] < 90
    assert table["basis"]["throughput", ""] == "upper bound"
    assert table["basis"]["time", "process"] == "lower bound"
    shares = table["value"]["time"]
    assert shares.sum() == pytest.approx(100)
    assert shares["os"] > shares["process"] > 0


def test_dearer_exits_cost_more():
    bounds = [tidy("kvm", vms=8, cpu=cpu).loc["kvm"]["value"]["throughput", ""] for cpu in (X5570, P4)]
    assert bounds[1] < bounds[0] < 100


def test_clients_that_wait_are_slower_by_what_each_transaction_takes_longer():
    table = tidy("bare_metal", "kvm", vms=1, workload="database")["value"]
    longer = table["kvm", "latency", ""] / table["bare_metal", "latency", ""]
    assert longer > 1
    assert table["kvm", "throughput", ""] == pytest.approx(100 / longer, rel=1e-3)


def test_what_computes_pays_for_its_timer_alone():
    table = tidy("kvm", vms=1, workload="cpu_burner")["value"]
    assert table["kvm", "exits", ""] == 250
    # 250 times 2000 cycles of a processor of 2 GHz
    assert table["kvm", "throughput", ""] == pytest.approx(100 / (1 + 250 * 2000 / 2e9))


def test_who_takes_no_part_in_what_the_vms_do_has_no_time():
    """What only computes needs no backend, so nothing of the root partition's time is unpublished."""
    time = tidy("hyperv", vms=1, workload="cpu_burner").loc["hyperv"].xs("time", level="quantity")
    assert tuple(time.loc["os", ["value", "basis"]]) == (0, "computed")


def test_a_layer_that_moves_changes_the_comparison():
    hyperv = get("hyperv")
    layers = [replace(one, vital=False) if one.id == "management" else one for one in hyperv.layers]
    spared = replace(hyperv, id="spared", layers=type(hyperv.layers)(layers))
    lost = tidy(hyperv, spared)["value"].xs(("blast radius", "management_crash"), level=("quantity", "part"))
    assert lost["hyperv"] == 4
    assert tidy(spared)["basis"]["spared", "exits", ""] == "computed"


def test_one_record_alone_is_one_product():
    alone, listed, named = (vm.compare(one, vms=1, hours=1) for one in (STACKS["kvm"], [STACKS["kvm"]], "kvm"))
    assert alone.equals(listed)
    assert alone.equals(named)


def test_configurations_of_one_product_stand_side_by_side():
    xen = get("xen")
    table = vm.compare([xen, replace(xen, technique="nested_paging")]).droplevel("unit")
    assert list(table.columns) == ["Xen (1)", "Xen (2)"]
    assert table["Xen (1)"]["throughput", ""] == NOT_PUBLISHED
    assert table["Xen (2)"]["throughput", ""].startswith("≤ ")


def test_blast_radius_is_counted_in_vms():
    table = tidy("kvm", "esxi", vms=5)["value"].xs("blast radius", level="quantity")
    assert table["kvm", "host_crash"] == 5
    assert table["kvm", "vmm_killed"] == 1


def test_what_hits_nobody_is_not_what_cannot_happen():
    """The VMs of a KVM host run on when its manager starts anew; ESXi has no host OS that could crash."""
    hit = {id: tidy(id).loc[id].xs("blast radius", level="quantity") for id in ("kvm", "esxi")}
    assert tuple(hit["kvm"].loc["manager_restart", ["value", "basis"]]) == (0, "computed")
    assert math.isnan(hit["esxi"]["value"]["host_crash"])
    assert "ESXi" in hit["esxi"]["source"]["host_crash"]
    for id, table in hit.items():
        for name in FAILURES:
            exists = fail(get(id), name, [vm.VM("a")]).exists
            assert (table["basis"][name] == CANNOT_HAPPEN) is not exists
    wide = vm.compare(["kvm", "esxi"]).droplevel("unit")
    assert wide["ESXi"]["blast radius", "host_crash"] == CANNOT_HAPPEN
    assert wide["KVM"]["blast radius", "manager_restart"] == 0


def test_memory_that_is_published_counts_for_density():
    table = tidy("esx", "kvm", "container")
    assert tuple(table.loc[("esx", "memory overhead", ""), ["value", "basis"]]) == (32, "published")
    assert "section 6.2" in table["source"]["esx", "memory overhead", ""]
    assert table["basis"]["kvm", "memory overhead", ""] == NOT_PUBLISHED
    assert table["basis"]["kvm", "density", "by configured memory"] == "upper bound"
    assert table["value"]["container", "density", "by configured memory"] == 31 * vm.GiB // (2 * vm.GiB)
    assert (
        table["value"]["kvm", "density", "by active memory"] > table["value"]["kvm", "density", "by configured memory"]
    )


def test_an_overhead_that_was_seen_at_one_size_counts_for_that_size():
    """The process of a VM of 4 GB took 4.6 to 4.8 GB; of 2 GB nobody has said anything."""
    seen = tidy("kvm", vms=[{"memory_bytes": 4 * vm.GiB}]).loc["kvm", "memory overhead", ""]
    assert (seen["basis"], seen["value"]) == ("lower bound", pytest.approx(0.6 * 1024))
    assert "secondary" in seen["source"]
    assert tidy("kvm", vms=[{"memory_bytes": 2 * vm.GiB}])["basis"]["kvm", "memory overhead", ""] == NOT_PUBLISHED


def test_vms_that_do_not_all_start_have_no_figures():
    """Xen gives each VM all of its memory at once: of 31 GiB for VMs, fifteen of 2 GiB have room."""
    table = tidy("xen", "kvm", vms=20, hours=1)
    xen, kvm = table.loc["xen"], table.loc["kvm"]
    xen = xen[xen["basis"] != CANNOT_HAPPEN]  # with or without VMs
    computed = xen.index.get_level_values("quantity").isin(["memory overhead", "density"])
    assert (xen.loc[~computed, "basis"] == DOES_NOT_FIT).all()
    assert xen.loc[~computed, "value"].isna().all()
    assert xen.loc[~computed, "source"].str.startswith("VM16 needs its 2147483648 bytes of memory").all()
    assert DOES_NOT_FIT not in {*xen.loc[computed, "basis"], *kvm["basis"]}
    assert xen["value"]["density", "by configured memory"] == 15
    wide = vm.compare(["xen"], vms=20, hours=1).droplevel("unit")["Xen"]
    assert wide["throughput", ""] == wide["exits", ""] == wide["blast radius", "vmm_crash"] == DOES_NOT_FIT
    assert DOES_NOT_FIT not in set(tidy("xen", vms=15, hours=1)["basis"])


def test_what_a_product_reserves_must_fit_too():
    """Hyper-V starts each VM with its minimum, 512 MB: 62 of them have room."""
    fits = [tidy("hyperv", vms=count, hours=1)["basis"]["hyperv", "exits", ""] for count in (62, 63)]
    assert fits == ["computed", DOES_NOT_FIT]


def test_the_same_seed_gives_the_same_table():
    assert vm.compare(["kvm"], seed=3).equals(vm.compare(["kvm"], seed=3))
    assert not vm.compare(["kvm"], seed=3).equals(vm.compare(["kvm"], seed=4))


def test_settings_become_those_of_each_product():
    table = tidy("xen", "virtualbox", vms=[{"name": "a", "cpu_shares": 2000}, {"name": "b", "workload": "batch"}])
    assert not math.isnan(table["value"]["xen", "exits", ""])


@pytest.mark.parametrize(
    ("parameters", "told"),
    [
        ({"stacks": ["vax"]}, "stack is 'vax', expected one of neutral, hyperv"),
        ({"vms": 0}, "vms is 0, expected a whole number from 1"),
        ({"vms": []}, "vms is empty"),
        ({"vms": ["a"]}, "vms has 'a', expected VMs or mappings of their settings"),
        ({"vms": [{"cores": 1}]}, "'cores' is not a setting of a VM"),
        ({"workload": "game"}, "workload is 'game', expected one of idle"),
        ({"workload": 7}, "workload is 7, expected the name of a workload or a workload"),
        ({"cpu": "Z80"}, "cpu is 'Z80', expected one of Pentium 4 672"),
        ({"hours": 0}, "hours is 0, expected a whole number from 1"),
    ],
)
def test_a_wrong_call_gets_a_sentence(parameters, told):
    with pytest.raises(VmwidgetsError) as error:
        vm.compare(**parameters)
    assert str(error.value).startswith(told)
