"""What a defence costs is what it has to do: the same guest is run with it and without."""

import pytest

from vmwidgets.model.errors import VmwidgetsError
from vmwidgets.model.guest_memory import PAGE_BYTES
from vmwidgets.model.range.attack import Placement
from vmwidgets.model.range.balloon import LENT
from vmwidgets.model.range.interrupts import MOST, WINDOW_CYCLES
from vmwidgets.model.range.prices import price
from vmwidgets.model.range.spaces import SPACE_FRAMES
from vmwidgets.stacks import STACKS

ROUNDS = 8


@pytest.mark.parametrize(
    ("stack", "defence", "work"),
    [
        ("kvm", "zero_on_allocate", {"bytes_cleared": ROUNDS * PAGE_BYTES}),
        ("kvm", "iommu", {"addresses_translated": ROUNDS}),
        ("kvm", "bounds_check", {"indices_checked": 2 * ROUNDS}),
        ("xen", "validation", {"entries_validated": ROUNDS}),
        ("virtualbox", "descriptor_check", {"lengths_checked": ROUNDS}),
        ("hyperv", "request_check", {"lengths_checked": ROUNDS}),
        ("kvm", "reassembly_check", {"lengths_checked": ROUNDS}),
        ("workstation", "channel_off", {"texts_refused": ROUNDS, "lengths_checked": -ROUNDS}),
        ("kvm", "interrupt_limit", {"interrupts_held_back": ROUNDS * (WINDOW_CYCLES // 20_000 - MOST)}),
        ("container", "kernel_check", {"lengths_checked": ROUNDS}),
    ],
)
def test_the_work_of_a_defence(stack, defence, work):
    found = price(defence, STACKS[stack])
    assert found.work == work
    assert (found.exits, found.instructions, found.frames) == (0, 0, 0)
    assert not found.is_free


def test_a_map_of_its_own_makes_walks_longer_than_the_tables_of_a_process():
    nested, process = (price(id, STACKS[stack]).work["map_lookups"] for id, stack in
                       (("second_stage_tables", "kvm"), ("process_tables", "container")))  # fmt: skip
    # A walk of 4 levels looks each table up in the map, and the page.
    assert nested == 5 * process > 0


def test_a_stub_domain_has_memory_of_its_own():
    found = price("stub_domain", STACKS["xen"])
    assert found.frames == SPACE_FRAMES
    assert found.work == {}


def test_a_process_that_is_held_to_its_own_costs_this_guest_nothing():
    assert price("confinement", STACKS["kvm"]).is_free


@pytest.mark.parametrize(
    ("stack", "defence", "work"),
    [("xen", "memory_limit", "pages_not_lent"), ("esx", "forced_reclaim", "pages_paged_out")],
)
def test_the_price_of_memory_that_is_lent(stack, defence, work):
    refuses = "mov rdx, {port_balloon}\nout dx, al"
    found = price(defence, STACKS[stack], Placement(overcommitted=True), refuses)
    assert found.work[work] == LENT


def test_another_workload_costs_something_else():
    grows = (
        "mov rcx, {pages}\nmore:\nmov rax, {call_balloon_claim}\nmov rdi, rcx\nvmcall\ninc rcx\ncmp rcx, 20\njb more"
    )
    assert price("zero_on_allocate", STACKS["kvm"], code=grows).work == {"bytes_cleared": 4 * PAGE_BYTES}


@pytest.mark.parametrize(
    ("defence", "said"),
    [
        ("moat", "there is no defence moat"),
        ("validation", "KVM does not have the defence validation, expected one of "),
    ],
)
def test_what_cannot_be_had_has_no_price(defence, said):
    with pytest.raises(VmwidgetsError, match=said):
        price(defence, STACKS["kvm"], Placement())
