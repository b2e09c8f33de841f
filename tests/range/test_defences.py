"""Which defences a stack can have follows from its layers, and the safe setting is the default."""

import pytest

from vmwidgets.model.errors import VmwidgetsError
from vmwidgets.model.range.defences import DEFENCES, Defences
from vmwidgets.stacks import STACKS


def having(id):
    return {one.id for one in STACKS.values() if id in Defences(one, one.technique).offered}


@pytest.mark.parametrize(
    ("id", "stacks"),
    [
        ("second_stage_tables", {"neutral", "hyperv", "esxi", "kvm", "virtualbox", "parallels"}),
        ("shadow_tables", {"workstation", "esx"}),
        ("process_tables", {"bare_metal", "container"}),
        ("validation", {"xen"}),
        ("frame_owners", set(STACKS)),
        ("zero_on_allocate", set(STACKS)),
        ("bounds_check", set(STACKS) - {"xen", "bare_metal", "container"}),  # a pv guest has no device model
        ("confinement", {"hyperv", "esxi", "kvm"}),
        ("stub_domain", set()),
        ("iommu", {"neutral", "hyperv", "xen", "esxi", "kvm"}),
    ],
)
def test_who_has_what(id, stacks):
    assert having(id) == stacks


def test_every_defence_is_somebodys():
    offered = {id for one in STACKS.values() for way in one.techniques for id in Defences(one, way).offered}
    assert offered == set(DEFENCES)


def test_a_guest_with_imitated_devices_may_have_a_stub_domain():
    assert "stub_domain" in Defences(STACKS["xen"], "nested_paging").offered
    assert "stub_domain" not in Defences(STACKS["hyperv"], "nested_paging").offered  # its worker process is confined


def test_safe_is_the_default():
    for stack in STACKS.values():
        assert all(Defences(stack, stack.technique).settings.values())


def test_one_switch():
    defences = Defences(STACKS["kvm"], "nested_paging", {"iommu": False, "stub_domain": False})
    assert not defences["iommu"]
    assert defences["bounds_check"]
    assert not defences["stub_domain"]  # it is not there, so it may be called off
    assert set(defences.settings) == set(defences.offered)


@pytest.mark.parametrize(
    ("switches", "said"),
    [
        ({"moat": False}, "there is no defence moat"),
        ({"stub_domain": True}, "KVM does not have the defence stub_domain"),
    ],
)
def test_what_cannot_be_had_is_refused(switches, said):
    with pytest.raises(VmwidgetsError, match=said):
        Defences(STACKS["kvm"], "nested_paging", switches)
