"""A boot line comes up stage by stage, and fails where something is missing."""

from dataclasses import replace
from itertools import permutations

import pytest

from tests.model.stacks_to_try import ALL, BARE, HOSTED, SPLIT, WHOLE, moved
from vmwidgets.model.boot import boot
from vmwidgets.model.errors import VmwidgetsError


def _states(booted):
    return {step.stage.id: step.state for step in booted.steps}


@pytest.mark.parametrize("stack", ALL, ids=lambda stack: stack.id)
def test_in_order_everything_comes_up(stack):
    booted = boot(stack)
    assert set(_states(booted).values()) == {"done"}
    assert booted.symptoms == ()
    assert booted.layers == stack.layers


@pytest.mark.parametrize("stack", ALL, ids=lambda stack: stack.id)
def test_a_broken_stage_shows_its_own_symptom_and_nothing_above_it_is_reached(stack):
    for stage in stack.boot:
        booted = boot(stack, broken=[stage.id])
        assert booted.symptoms == (stage.symptom,)
        reached, waiting = set(), {stage.id}
        for one in stack.boot:
            (waiting if waiting & set(one.needs) else reached).add(one.id)
        states = _states(booted)
        assert all(states[one] == "unreached" for one in waiting - {stage.id})
        assert waiting & {layer.id for layer in booted.layers} == set()


@pytest.mark.parametrize("stack", ALL, ids=lambda stack: stack.id)
def test_no_order_brings_up_a_stage_before_what_it_needs(stack):
    for order in permutations(stage.id for stage in stack.boot):
        booted, done = boot(stack, order), set[str]()
        for step in booted.steps:
            if step.state == "done":
                assert set(step.stage.needs) <= done or step.bare
                done.add(step.stage.id)
            else:
                assert step.because
                assert bool(step.symptom) is (step.state == "failed")
        if "guest_apps" in booted.layers:
            assert set(booted.layers) <= set(stack.layers)


def test_the_vmm_before_its_driver_fails_at_the_vmm():
    booted = boot(HOSTED, ["firmware", "boot_loader", "host_kernel", "vmm_process", "vmm_driver", "guest_kernel"])
    assert _states(booted)["vmm_process"] == "failed"
    assert booted.symptoms == ("the VMM cannot open its driver",)
    assert [step.state for step in booted.steps[-2:]] == ["done", "unreached"]
    assert booted.steps[3].because == "vmm_driver"  # although the stage itself asks for the OS only: it runs on it


def test_without_the_driver_the_os_and_its_programs_still_run():
    booted = boot(HOSTED, [stage.id for stage in HOSTED.boot if stage.id != "vmm_driver"])
    assert [layer.id for layer in booted.layers] == ["hardware", "firmware", "host_kernel", "host_apps"]


def test_without_a_management_domain_the_hypervisor_runs_alone():
    booted = boot(SPLIT, [stage.id for stage in SPLIT.boot if stage.id != "management"])
    assert [layer.id for layer in booted.layers] == ["hardware", "firmware", "hypervisor"]
    assert booted.symptoms[0] == "the tools cannot connect"


def test_without_the_entry_of_the_hypervisor_its_os_has_the_machine():
    booted = boot(SPLIT, [stage.id for stage in SPLIT.boot if stage.id != "hypervisor"])
    assert booted.steps[2].bare
    assert (booted.layers["management"].on, booted.layers["management"].privilege) == ("hardware", "kernel")
    assert booted.layers["management_tools"].privilege == "user"
    assert "guest_kernel" not in booted.layers
    assert booted.symptoms == ("the VM cannot be started",)


def test_a_hypervisor_does_not_get_below_an_os_that_runs():
    booted = boot(SPLIT, ["firmware", "boot_loader", "management", "hypervisor", "management_tools", "guest_kernel"])
    assert _states(booted)["management"] == "done"
    assert _states(booted)["hypervisor"] == "failed"
    assert booted.steps[3].because == "management"
    assert "hypervisor" not in booted.layers


def test_an_os_without_drivers_of_its_own_cannot_stand_in():
    driverless = moved(SPLIT, drivers={"duties": frozenset()})
    booted = boot(driverless, [stage.id for stage in SPLIT.boot if stage.id != "hypervisor"])
    assert "management" not in booted.layers
    assert booted.symptoms == ("no management domain",)


def test_a_layer_without_a_stage_comes_with_its_vm():
    helper = replace(SPLIT.layers["management_tools"], id="device_model", per_vm=True, duties=frozenset())
    stack = moved(SPLIT, helper)
    assert "device_model" in boot(stack).layers
    assert "device_model" not in boot(stack, broken=["guest_kernel"]).layers


def test_an_os_that_starts_the_hypervisor_makes_room_for_it():
    stages = {stage.id: stage for stage in SPLIT.boot}
    console = replace(
        SPLIT,
        boot=(
            stages["firmware"],
            stages["boot_loader"],
            replace(stages["management"], needs=("boot_loader",)),
            replace(stages["hypervisor"], needs=("management",)),
            stages["management_tools"],
            stages["guest_kernel"],
        ),
    )
    assert boot(console).layers == SPLIT.layers
    alone = boot(console, broken=["hypervisor"])
    assert alone.steps[2].bare
    assert alone.layers["management"].on == "hardware"


def test_a_hypervisor_with_drivers_needs_no_os():
    assert not any(layer.kind == "kernel" for layer in boot(WHOLE, broken=["guest_kernel"]).layers)
    assert [layer.id for layer in boot(WHOLE, broken=["hypervisor"]).layers] == ["hardware", "firmware"]


@pytest.mark.parametrize(
    ("order", "sentence"),
    [
        (
            ["firmware", "loader"],
            "there is no stage 'loader', expected one of firmware, boot_loader, host_kernel, guest_apps",
        ),
        (["firmware", "firmware"], "the stage firmware stands twice in the boot line"),
    ],
)
def test_a_line_that_is_none_is_refused(order, sentence):
    with pytest.raises(VmwidgetsError, match=sentence):
        boot(BARE, order)


def test_what_is_broken_has_to_be_a_stage():
    with pytest.raises(VmwidgetsError, match="there is no stage 'floppy'"):
        boot(BARE, broken=["floppy"])
