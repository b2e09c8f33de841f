"""The way of an operation follows from the layers: where one is moved, the way changes."""

from dataclasses import replace

import pytest

from vmwidgets.model.costs import HARDWARE as ASSISTED
from vmwidgets.model.costs import PROCESSORS, USUAL, Cost, Measured, figure
from vmwidgets.model.errors import VmwidgetsError
from vmwidgets.model.layers import Layer, Layers
from vmwidgets.model.path_steps import CROSSINGS
from vmwidgets.model.paths import OPERATIONS, count_exits, operations, path
from vmwidgets.model.stack import DEVICES, TECHNIQUES, Stack

HARDWARE = Layer("hardware", "hardware", "hardware", "machine")
DUTIES = frozenset({"schedules", "maps", "emulates", "serves", "drives"})


def guest(on):
    return (
        Layer("guest_kernel", "kernel", "kernel", "guest_kernel", on=on, per_vm=True),
        Layer("guest_apps", "applications", "program", "guest_user", on="guest_kernel", per_vm=True),
    )


def stack(*layers, technique="nested_paging", device="emulated", costs=()):
    return Stack(
        "x", "X", 1, layers=Layers((HARDWARE, *layers)), technique=technique, techniques=TECHNIQUES, device=device,
        devices=DEVICES, costs=costs,
    )  # fmt: skip


def layer(id, kind, privilege, on="hardware", **fields):
    fields["duties"] = frozenset(fields.get("duties", ()))
    return Layer(id, id, kind, privilege, on=on, **fields)


ALONE = stack(
    layer("kernel", "kernel", "kernel", duties=("schedules", "drives")),
    layer("guest_apps", "program", "user", "kernel", per_vm=True),
    technique="none",
    device="native",
)
THIN = stack(layer("vmm", "vmm", "hypervisor", duties=DUTIES), *guest("vmm"))
XEN_LIKE = (
    layer("vmm", "vmm", "hypervisor", duties=("schedules", "maps")),
    layer("dom0", "kernel", "guest_kernel", "vmm", duties=("drives", "serves")),
    layer("model", "program", "guest_user", "dom0", per_vm=True, duties=("emulates",)),
    *guest("vmm"),
)
IN_KERNEL = (
    layer("host", "kernel", "kernel", duties=("schedules", "drives")),
    layer("vmm", "vmm", "kernel", "host", inside="host", duties=("maps",)),
    layer("process", "program", "user", "host", per_vm=True, duties=("emulates", "serves")),
    *guest("process"),
)
OWN_WORLD = (
    layer("host", "kernel", "kernel", duties=("schedules", "drives")),
    layer("process", "program", "user", "host", per_vm=True, duties=("emulates", "serves")),
    layer("vmm", "vmm", "hypervisor", "process", per_vm=True, duties=("maps", "emulates")),
    *guest("vmm"),
)
STACKS = {
    "alone": ALONE,
    "thin": THIN,
    "domains": stack(*XEN_LIKE),
    "in the kernel": stack(*IN_KERNEL),
    "own world": stack(*OWN_WORLD, technique="binary_translation"),
}


def crossings(stack, operation, **how):
    return [step.crossing for step in path(stack, operation, **how).steps if step.crossing not in ("none", "call")]


def _all_ways():
    for name, one in STACKS.items():
        for operation in operations(one):
            for technique in TECHNIQUES[1:] if one.technique != "none" else ("none",):
                for device in DEVICES[1:] if one.technique != "none" else ("native",):
                    yield name, operation, technique, device


ALL_WAYS = list(_all_ways())


# ------------------------------------------------------------------------------------------------------- all the ways
@pytest.mark.parametrize(("name", "operation", "technique", "device"), ALL_WAYS)
def test_a_way_has_no_gaps(name, operation, technique, device):
    one = STACKS[name]
    steps = path(one, operation, technique, device).steps
    at = steps[0].origin
    for before, step in zip((None, *steps), steps, strict=False):
        if before and before.crossing == "dma":  # the processor stays with the driver, or the device interrupts
            at = step.origin
            assert at in (before.origin, before.target)
        if step.crossing == "interrupt" and step.key == "interrupt":
            at = "hardware"
        assert step.origin == at
        assert step.crossing in CROSSINGS
        assert step.what
        assert {step.origin, step.target} <= {layer.id for layer in one.layers}
        at = step.target
    entered = [step.key for step in steps if step.key in ("exit", "entry")]
    assert entered in ([], ["exit", "entry"], ["entry"])


def test_without_a_vmm_nobody_can_be_called():
    assert "hypercall" not in operations(ALONE)
    assert set(operations(THIN)) == set(OPERATIONS)
    with pytest.raises(VmwidgetsError, match=r"the operation of X is 'hypercall', expected one of computation"):
        path(ALONE, "hypercall")


@pytest.mark.parametrize("name", STACKS)
def test_ordinary_instructions_cost_nothing_more(name):
    way = path(STACKS[name], "computation")
    assert (way.exits, way.cycles, way.lower_bound) == (0, 0, False)


# ------------------------------------------------------------------------------------------------------------ exits
def test_only_shadow_tables_need_the_vmm_for_a_page_table():
    exits = {technique: path(THIN, "page_table_update", technique).exits for technique in TECHNIQUES[1:]}
    assert exits == {
        "trap_and_emulate": 1,
        "binary_translation": 1,
        "paravirtualization": 1,
        "nested_paging": 0,
    }


def test_only_a_translated_kernel_is_called_by_the_vmm():
    exits = [path(THIN, "system_call", technique).exits for technique in TECHNIQUES[1:]]
    assert dict(zip(TECHNIQUES[1:], exits, strict=True))["binary_translation"] == sum(exits) == 1


@pytest.mark.parametrize(
    ("technique", "device", "exits"),
    [
        ("trap_and_emulate", "emulated", 6),
        ("nested_paging", "emulated", 4),
        ("nested_paging", "paravirtual", 1),
        ("nested_paging", "passthrough", 0),
    ],
)
def test_twenty_instructions_of_a_guest(technique, device, exits):
    """Fourteen ordinary ones, four for a device, two for page tables."""
    program = {"computation": 14, "network_packet": 4, "page_table_update": 2}
    assert count_exits(THIN, program, technique, device) == exits


def test_how_a_guest_leaves_is_the_technique():
    first = {technique: path(THIN, "hypercall", technique).steps[0].crossing for technique in TECHNIQUES[1:]}
    assert first == {
        "trap_and_emulate": "vm_exit",
        "nested_paging": "vm_exit",
        "binary_translation": "callout",
        "paravirtualization": "hypercall",
    }
    assert path(THIN, "timer_interrupt", "paravirtualization").steps[0].crossing == "interrupt"


# ------------------------------------------------------------------------------------------------- where layers stand
def test_a_vmm_with_all_duties_needs_one_exit_and_one_entry():
    assert crossings(THIN, "network_packet") == ["vm_exit", "dma", "vm_entry"]


def test_a_vmm_beside_its_host_changes_worlds():
    assert crossings(STACKS["own world"], "network_packet") == [
        *("callout", "world_switch", "wakeup", "system_call", "dma"),
        *("system_return", "system_call", "world_switch", "return"),
    ]
    assert crossings(STACKS["own world"], "timer_interrupt") == ["interrupt", "world_switch", "world_switch", "return"]


def test_a_vmm_inside_the_kernel_does_not():
    way = crossings(STACKS["in the kernel"], "network_packet")
    assert way == [
        *("vm_exit", "wakeup", "system_call", "dma", "system_return", "system_call", "vm_entry"),
    ]
    assert crossings(STACKS["in the kernel"], "timer_interrupt") == ["vm_exit", "vm_entry"]


def test_drivers_in_another_domain_need_it_to_be_scheduled():
    way = crossings(STACKS["domains"], "network_packet", device="paravirtual")
    assert way == ["vm_exit", "domain_switch", "dma", "hypercall", "vm_entry"]


def test_drivers_that_leave_for_a_domain_of_their_own_take_the_way_along():
    before = path(STACKS["domains"], "disk_read", device="paravirtual")
    domain = layer("driver_domain", "kernel", "guest_kernel", "vmm", duties=("drives",))
    dom0 = replace(XEN_LIKE[1], duties=frozenset({"serves"}))
    split = path(stack(XEN_LIKE[0], dom0, domain, *XEN_LIKE[2:]), "disk_read", device="paravirtual")
    both = replace(domain, duties=frozenset({"drives", "serves"}))
    whole = path(
        stack(XEN_LIKE[0], replace(dom0, duties=frozenset()), both, *XEN_LIKE[2:]), "disk_read", None, "paravirtual"
    )

    def switches(way):
        return [step.target for step in way.steps if step.crossing == "domain_switch"]

    assert switches(before) == ["dom0", "dom0"]
    assert switches(split) == ["dom0", "driver_domain", "driver_domain", "dom0"]
    assert switches(whole) == ["driver_domain", "driver_domain"]
    assert "dom0" not in {step.target for step in whole.steps}


def test_a_device_model_that_leaves_the_vmm_becomes_a_process_with_system_calls():
    vmm = layer("vmm", "vmm", "hypervisor", duties=DUTIES - {"emulates"})
    process = layer("process", "program", "user", "vmm", per_vm=True, duties=("emulates",))
    assert crossings(stack(vmm, process, *guest("vmm")), "network_packet") == [
        *("vm_exit", "wakeup", "system_call", "dma", "system_return", "system_call", "vm_entry"),
    ]


def test_the_other_end_of_a_device_in_the_kernel_saves_the_process():
    before = crossings(STACKS["in the kernel"], "disk_read", device="paravirtual")
    assert "system_call" in before
    kernel = replace(IN_KERNEL[0], duties=frozenset({"schedules", "drives", "serves"}))
    process = replace(IN_KERNEL[2], duties=frozenset({"emulates"}))
    after = crossings(stack(kernel, IN_KERNEL[1], process, *IN_KERNEL[3:]), "disk_read", device="paravirtual")
    assert after == ["vm_exit", "dma", "interrupt", "vm_entry"]


def test_a_device_of_its_own_interrupts_the_vmm_only():
    assert crossings(THIN, "network_packet", device="passthrough") == ["direct"]
    assert crossings(THIN, "disk_read", device="passthrough") == ["direct", "interrupt", "vm_entry"]


# ---------------------------------------------------------------------------------------------------------- prices
PUBLISHED = (
    *Measured("A", 100, "S").us(
        {"exit+handle": 1.5, "world_switch+wakeup+resume": 4}, "Table 1", operations=("network_packet",)
    ),
    Cost("system_call", 70, 50, "T", "B"),
    Cost("page_table_update", 900, 50, "T", "B", techniques=("trap_and_emulate",)),
)
PRICED = stack(*OWN_WORLD, technique="binary_translation", costs=PUBLISHED)


def test_a_figure_for_several_steps_counts_once():
    way = path(PRICED, "network_packet")
    steps = {step.key: step for step in way.steps}
    assert (way.cpu, way.mhz, way.cycles, way.us) == ("A", 100, 150 + 2 * 400, 9.5)
    assert steps["exit"].cycles == 150
    assert (steps["handle"].cycles, steps["handle"].included) == (0, True)
    assert steps["emulate"].cycles is None
    assert way.lower_bound
    assert way.by_layer()["vmm"] == 150 + 400


def test_a_published_figure_is_found_and_keeps_its_unit():
    cost = figure(PUBLISHED, "exit+handle", "A")
    assert (cost.cycles, cost.us, cost.source) == (150, 1.5, "S, Table 1")
    assert figure(PUBLISHED, "page_table_update", "B", "trap_and_emulate").cycles == 900
    with pytest.raises(VmwidgetsError, match="nothing is published of 'page_table_update' on 'B'"):
        figure(PUBLISHED, "page_table_update", "B", "binary_translation")


def test_a_way_is_priced_on_one_processor():
    assert path(PRICED, "network_packet", cpu="B").cycles == 0  # a guest's system call is not that of a process
    assert path(PRICED, "system_call").cpu == "B"
    assert path(PRICED, "timer_interrupt").cpu == ""


def test_a_published_whole_is_no_lower_bound():
    way = path(PRICED, "page_table_update", "trap_and_emulate")
    assert (way.cycles, way.us, way.lower_bound) == (900, 18, False)
    assert path(PRICED, "page_table_update", "binary_translation").lower_bound


def test_the_one_step_without_a_price_is_the_rest_of_the_whole():
    cpu = "Pentium 4 672"
    costs = (Cost("page_table_update", 12733, 3800, "W", cpu),)
    way = path(stack(*XEN_LIKE, technique="trap_and_emulate", costs=costs), "page_table_update", cpu=cpu)
    assert [step.cycles for step in way.steps] == [1931, 12733 - 1931 - 2409, 2409]
    assert [step.derived for step in way.steps] == [False, True, False]
    assert sum(step.cycles for step in way.steps) == way.cycles == 12733


@pytest.mark.parametrize("cpu", PROCESSORS)
def test_a_processor_has_a_price_for_leaving_a_guest_and_entering_it(cpu):
    way = path(THIN, "hypercall", cpu=cpu)
    assert way.cycles == sum(
        cost.cycles for cost in PROCESSORS[cpu].costs if cost.step in ("exit", "entry", "exit+entry")
    )
    assert way.cycles > 0
    assert way.lower_bound
    assert path(THIN, "hypercall", "paravirtualization", cpu=cpu).cycles == 0  # the CPU does not help there


def test_nothing_is_invented():
    for name, operation, technique, device in ALL_WAYS:
        way = path(STACKS[name], operation, technique, device)
        published = {cost.source for cost in (*STACKS[name].costs, *PROCESSORS[USUAL].costs)}
        assert way.cpu in ("", *(PROCESSORS if technique in ASSISTED else ()))
        for step in way.steps:
            assert (step.cycles is None) is (step.source == "")
            assert not step.cycles or step.source in published


@pytest.mark.parametrize(
    ("how", "told"),
    [
        ({"operation": "dance"}, "the operation of X is 'dance', expected one of computation, system_call"),
        ({"technique": "magic"}, "technique is 'magic', expected one of none, trap_and_emulate"),
        ({"device": "magic"}, "device is 'magic', expected one of native, emulated"),
        ({"cpu": "Z80"}, "cpu is 'Z80', expected one of Pentium 4 672; Core 2 Duo"),
    ],
)
def test_a_wrong_call_gets_a_sentence(how, told):
    with pytest.raises(VmwidgetsError) as error:
        path(**{"stack": THIN, "operation": "hypercall", **how})
    assert str(error.value).startswith(told)


@pytest.mark.parametrize(
    ("layers", "technique", "told"),
    [
        ((layer("k", "kernel", "kernel"), *guest("k")), "nested_paging", "no layer is a VMM, and the technique"),
        ((layer("vmm", "vmm", "hypervisor"), *guest("vmm")), "nested_paging", "no layer has the duty emulates"),
    ],
)
def test_a_stack_that_lacks_somebody_gets_a_sentence(layers, technique, told):
    with pytest.raises(VmwidgetsError) as error:
        path(stack(*layers, technique=technique), "network_packet", device="emulated")
    assert str(error.value).startswith(told)
