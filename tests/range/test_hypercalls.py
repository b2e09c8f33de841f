"""What a guest may ask for: reports, memory, and nothing that is not its own."""

import pytest

from vmwidgets.model.guest_memory import MASK64, PAGE_BYTES
from vmwidgets.model.range.attack import Attack, Placement
from vmwidgets.model.range.guest import MAX_PAGES, PAGES
from vmwidgets.model.range.hypercalls import INVALID, MAX_REPORTS
from vmwidgets.model.range.run import Shot
from vmwidgets.model.range.scenario import Scenario
from vmwidgets.stacks import STACKS

KINDS = ["kvm", "esx", "xen", "container"]


def call(scenario, name, rdi=0, rsi=0):
    """Make one call and return its answer."""
    code = f"mov rax, {{call_{name}}}\nmov rdi, {rdi}\nmov rsi, {rsi}\nvmcall"
    shot = Shot(Attack.from_text(code), scenario)
    shot.cpu.run(10)
    return shot.cpu.registers["rax"]


@pytest.mark.parametrize("stack", KINDS)
def test_memory_is_claimed_used_and_given_back(stack):
    scenario = Scenario(STACKS[stack], Placement(), seed=6)
    assert call(scenario, "balloon_claim", PAGES) == 0
    scenario.path.store(PAGES * PAGE_BYTES, 5, 8)
    assert scenario.path.load(PAGES * PAGE_BYTES, 8) == 5
    frame = scenario.attacker.map[PAGES]
    assert scenario.machine.owners[frame] == "guest 0"
    assert call(scenario, "balloon_release", PAGES) == 0
    assert scenario.machine.owners[frame] == "free"
    shot = Shot(Attack.from_text(f"mov rbx, [rax + {PAGES * PAGE_BYTES}]"), scenario)
    shot.cpu.run(10)
    assert not shot.cpu.finished


@pytest.mark.parametrize("stack", KINDS)
@pytest.mark.parametrize(
    ("name", "page"),
    [("balloon_claim", 3), ("balloon_claim", MAX_PAGES), ("balloon_claim", 2**63), ("balloon_release", PAGES)],
)
def test_what_may_not_be(stack, name, page):
    scenario = Scenario(STACKS[stack], Placement(), seed=6)
    before = dict(scenario.attacker.map)
    assert call(scenario, name, page) == INVALID
    assert scenario.attacker.map == before


def test_a_table_of_a_paravirtual_guest_cannot_be_given_back():
    scenario = Scenario(STACKS["xen"], Placement(), seed=6)
    assert call(scenario, "balloon_release", PAGES - 1) == INVALID


def test_a_frame_of_another_that_is_mapped_by_mistake_is_not_its_to_give():
    scenario = Scenario(STACKS["kvm"], Placement(maps_twice=True), {"frame_owners": False}, seed=6)
    page = next(page for page, frame in scenario.attacker.map.items() if frame == scenario.secret_frame)
    assert call(scenario, "balloon_release", page) == INVALID
    assert scenario.machine.owners[scenario.secret_frame] == "guest 1"


@pytest.mark.parametrize("zeroes", [True, False])
def test_a_new_page_is_empty_if_frames_are_cleared(zeroes):
    scenario = Scenario(STACKS["kvm"], Placement(), {"zero_on_allocate": zeroes}, seed=6)
    scenario.path.store(3 * PAGE_BYTES, 9, 8)
    assert call(scenario, "balloon_release", 3) == 0
    assert call(scenario, "balloon_claim", 3) == 0
    assert scenario.path.load(3 * PAGE_BYTES, 8) == (0 if zeroes else 9)


def test_page_table_updates_are_a_call_of_paravirtual_guests_only():
    assert call(Scenario(STACKS["kvm"], Placement()), "page_table_update") == -1000 & MASK64
    assert call(Scenario(STACKS["xen"], Placement()), "page_table_update") == INVALID


def test_reports_are_kept_up_to_a_number():
    scenario = Scenario(STACKS["kvm"], Placement())
    code = "again:\nmov rax, {call_report}\nmov rdi, rcx\nvmcall\ninc rcx\njmp again"
    Shot(Attack.from_text(code), scenario).cpu.run(1000)
    assert scenario.attacker.reports == list(range(MAX_REPORTS))
