"""The list of products at the top of every lab: keyboard, what changes with it, screen readers, both themes."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import quiet

SETUP = """
import vmwidgets as vm
lab = vm.Lab(seed=1, memory=True, tick_s=5, hardware=vm.Hardware(page_bytes=2 * vm.MiB))
lab.create_vm("web", vcpus=2, memory_bytes=4 * vm.GiB, workload="web", cpu_reservation_mhz=300)
lab.create_vm("burner", vcpus=2, memory_bytes=4 * vm.GiB, workload="cpu_burner")
lab.set_scheduler(window_s=1)
from IPython.display import display
board, memory, scheduler = views = (
    vm.Board(lab, unfold=True, charts=False),
    vm.MemoryLab(lab, unfold=True, charts=False, frames=False, walk=False),
    vm.SchedulerLab(lab, unfold=True, charts=False),
)
for view in views:
    display(view)
"""


@pytest.fixture
def page(notebook) -> Page:
    opened = notebook.anew(SETUP, viewport=(1280, 2400))
    opened.locator(".vmw-lab").nth(2).locator("select[name=stack]").wait_for()
    return opened


def lists(page: Page):
    return page.get_by_role("combobox", name="Product", exact=True)


def test_the_keyboard_changes_the_product_of_every_lab(page, axe, theme):
    expect(lists(page)).to_have_count(3)
    first = lists(page).first
    first.focus()
    page.keyboard.press("k")
    page.keyboard.press("Enter")
    for index in range(3):
        expect(lists(page).nth(index)).to_have_value("kvm")
    board = page.locator(".vmw-lab").first
    expect(board.get_by_text("Not taken along as it was: web: Processor time, Reservation 300 MHz.")).to_be_visible()
    expect(board.get_by_role("slider", name="cpu.weight")).to_be_visible()
    expect(board.get_by_text("1 to 10,000; default: 100")).to_be_visible()
    expect(board.get_by_text("Controls of KVM")).to_be_visible()
    memory = page.locator(".vmw-lab").nth(1)
    memory.get_by_text("Size, reservation, limit").click()
    expect(memory.get_by_role("slider", name="memory.max")).to_be_visible()
    expect(page.locator(".vmw-lab").nth(2).get_by_role("slider", name="cpu.weight")).to_be_visible()
    for name in ("light", "dark"):
        theme(page, name)
        assert axe(page, ".vmw-products") == []


def test_a_weight_is_moved_in_the_products_words(page):
    lists(page).first.select_option("xen")
    quiet(page)
    weight = page.locator(".vmw-lab").first.get_by_role("slider", name="weight")
    expect(weight).to_have_attribute("aria-valuetext", "256")
    weight.press("ArrowRight")
    expect(weight).to_have_attribute("aria-valuetext", "300")
    expect(page.locator(".vmw-lab").nth(2).get_by_role("slider", name="weight of web")).to_have_attribute(
        "aria-valuetext", "300"
    )


def test_a_product_without_controls_says_so(page):
    lists(page).first.select_option("parallels")
    board = page.locator(".vmw-lab").first
    expect(board.get_by_text("Parallels has no control of this here: Processor time.")).to_be_visible()
