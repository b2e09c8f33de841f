"""A hypervisor that is installed under an OS lies below it from the next boot on."""

import pytest

from tests.model.stacks_to_try import BARE, HOSTED, SPLIT, WHOLE
from vmwidgets.model.boot import boot
from vmwidgets.model.enabling import install_hypervisor
from vmwidgets.model.errors import VmwidgetsError


@pytest.fixture
def after():
    return install_hypervisor(BARE)


def _below(stack, id):
    return [layer.id for layer in stack.layers.under(id)[1:]]


def test_the_os_is_the_management_domain_now(after):
    assert _below(BARE, "host_kernel") == ["hardware"]
    assert _below(after, "host_kernel") == ["hypervisor", "hardware"]
    os = after.layers["host_kernel"]
    assert os.privilege == "guest_kernel"
    assert {"drives", "manages"} <= os.duties
    assert not {"schedules", "maps", "reclaims"} & os.duties


def test_the_hypervisor_has_what_the_os_had(after):
    assert [layer.id for layer in after.layers.with_("schedules")] == ["hypervisor"]
    assert [layer.id for layer in after.layers.with_("maps")] == ["hypervisor"]


def test_the_programs_of_before_are_no_vm(after):
    assert after.layers["host_apps"].on == "host_kernel"
    assert not after.layers["host_apps"].per_vm
    assert _below(after, "guest_apps") == ["guest_kernel", "hypervisor", "hardware"]


def test_the_guest_trusts_the_os_although_it_does_not_run_on_it(after):
    assert {"hypervisor", "host_kernel"} <= {layer.id for layer in after.layers.trusted()}


def test_it_boots_in_the_new_order_and_the_old_one_leaves_the_os_alone(after):
    assert boot(after).layers == after.layers
    assert [stage.id for stage in after.boot] == [
        "firmware",
        "boot_loader",
        "hypervisor",
        "host_kernel",
        "guest_kernel",
    ]
    without = boot(after, [stage.id for stage in after.boot if stage.id != "hypervisor"])
    assert without.layers["host_kernel"].on == "hardware"


def test_the_layers_are_those_of_a_hypervisor_with_a_management_domain(after):
    kernel, management = after.layers["host_kernel"], SPLIT.layers["management"]
    assert (kernel.kind, kernel.privilege, kernel.on) == (management.kind, management.privilege, management.on)


def test_the_record_of_before_is_untouched():
    install_hypervisor(BARE)
    assert "hypervisor" not in BARE.layers


def test_vms_of_a_hosted_vmm_are_not_taken_along():
    after = install_hypervisor(HOSTED)
    assert "vmm_process" not in after.layers
    assert [layer.id for layer in after.layers if layer.per_vm] == ["guest_kernel", "guest_apps"]
    assert after.type == 1
    assert boot(after).layers == after.layers


def test_where_no_os_has_the_machine_there_is_nothing_to_get_below():
    for stack in (SPLIT, WHOLE):
        with pytest.raises(VmwidgetsError, match="has no OS on the machine itself"):
            install_hypervisor(stack)
