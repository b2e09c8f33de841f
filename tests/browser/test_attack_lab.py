"""The attack lab in JupyterLab: write, run, step by keyboard, switch a defence; both themes."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_board import CONTRAST

SETUP = """
import vmwidgets as vm
lab = vm.Lab("kvm", seed=1)
view = vm.AttackLab(lab, "device_overrun")
view
"""
MATRIX = """
import vmwidgets as vm
matrix = vm.AttackMatrix(["kvm", "virtualbox"], ["device_overrun", "dma", "beyond_memory"])
matrix
"""
CODE, TRACE, BOARD = ".vmw-attack", ".vmw-attack-trace", ".vmw-attack-board"


@pytest.fixture
def page(notebook):
    opened = notebook.anew(SETUP, viewport=(1280, 1500))
    opened.locator(f"{CODE}[data-vmw-position]").wait_for()
    return opened


def button(page: Page, name: str):
    return page.get_by_role("button", name=name, exact=True)


def outcome(page: Page, name: str) -> None:
    page.locator(f"{TRACE}[data-vmw-outcome={name}]").wait_for()


def position(page: Page, count: int) -> None:
    page.wait_for_function(
        "(n) => document.querySelector('.vmw-attack').dataset.vmwPosition.endsWith(` ${n}`)", arg=count
    )


def switch_off(page: Page, defence: str) -> None:
    """Unfold the switches, and flip one."""
    expect(page.locator(f"{BOARD} .vmw-defences")).to_be_hidden()
    page.locator(f"{BOARD} .vmw-fold > summary").click()
    page.get_by_role("checkbox", name=defence).uncheck()


def test_a_defence_decides(page):
    button(page, "Run to the end").click()
    outcome(page, "stopped")
    expect(page.locator(f"{TRACE} .vmw-here .vmw-layer-name").first).to_have_text("QEMU process")
    switch_off(page, "Bounds check in the device model")
    outcome(page, "undecided")
    button(page, "Run to the end").click()
    outcome(page, "open")
    expect(page.locator(f"{CODE} .vmw-verdict-box strong")).to_have_text(
        "! The attack succeeds: a layer below runs the code of the guest."
    )
    expect(page.locator(f"{TRACE} .vmw-turn .vmw-word")).to_contain_text("does not look")
    expect(page.locator(f"{TRACE} .vmw-fallen")).to_have_count(1)
    button(page, "Measure what they cost").click()
    expect(page.locator(f"{BOARD} .vmw-cost").first).to_contain_text("Costs: ")


def test_the_switches_fold_away_and_say_what_is_off(page):
    fold = page.locator(f"{BOARD} .vmw-fold")
    expect(fold.locator("> summary")).to_contain_text("All of them are on.")
    button(page, "As the product is shipped").click()
    expect(fold.locator("> summary")).to_contain_text("Off: ")
    expect(page.locator(f"{BOARD} .vmw-defences")).to_be_hidden()
    button(page, "Measure what they cost").click()
    expect(page.locator(f"{BOARD} .vmw-cost").first).to_be_visible()
    expect(page.locator(f"{BOARD} .vmw-total")).to_contain_text("All defences as they are now, against none")


def test_written_code_is_checked_and_run_by_keyboard(page):
    area = page.get_by_role("textbox", name="Guest code")
    area.fill("mov rax, {pages}\nmvo rbx, 1\n")
    expect(page.locator(f"{CODE} .vmw-fault")).to_contain_text("line 2, column 1: there is no 'mvo'")
    expect(page.locator(f"{CODE} .vmw-gutter .vmw-wrong")).to_have_text("2")
    expect(button(page, "Run to the end")).to_be_disabled()
    area.fill("mov rax, {pages}\nmov rbx, 1\nmov rcx, [0x2000]\n")
    expect(page.locator(f"{CODE} .vmw-fault")).to_be_hidden()
    area.press("F10")
    position(page, 1)
    expect(page.locator(f"{CODE} .vmw-registers .vmw-new")).to_have_text("rax0x10")
    expect(page.locator(f"{CODE} .vmw-gutter .vmw-now")).to_have_text("2")
    area.press("Control+Enter")
    position(page, 3)
    expect(page.locator(f"{CODE} .vmw-steps")).to_contain_text("reads at 0x2000, a frame of your VM")
    area.press("Shift+F10")
    position(page, 2)
    area.press("Shift+F9")
    position(page, 0)
    assert area.input_value().startswith("mov rax, {pages}")
    area.press("F9")
    position(page, 3)
    area.fill("nop\n")
    area.press("Control+Enter")  # at once: the kernel has not seen the new text
    position(page, 1)


def test_the_gallery_gives_hints_one_by_one(page):
    page.get_by_role("combobox", name="Attack").select_option("dma")
    area = page.get_by_role("textbox", name="Guest code")
    expect(area).to_have_value("; your code\n")
    for count in (1, 2, 3):
        page.get_by_role("button", name="Next hint").click()
        expect(page.locator(f"{CODE} .vmw-hints li")).to_have_count(count)
    expect(page.get_by_role("button", name="Next hint")).to_be_hidden()
    button(page, "Show the code of this attack").click()
    expect(area).not_to_have_value("; your code\n")
    button(page, "Run to the end").click()
    outcome(page, "stopped")
    expect(page.locator(f"{CODE} .vmw-verdict-box")).to_contain_text("The IOMMU has no page")


@pytest.mark.parametrize("shade", ["light", "dark"])
def test_both_themes_can_be_read(page, theme, axe, shade):
    theme(page, shade)
    switch_off(page, "Bounds check in the device model")
    button(page, "Run to the end").click()
    outcome(page, "open")
    for part in (CODE, TRACE, BOARD):
        for summary in page.locator(f"{part} summary:not(.vmw-fold > *)").all():
            summary.click()
        assert axe(page, part) == []
    words = page.locator(":is(.vmw-attack, .vmw-attack-trace, .vmw-attack-board) :is(th, td, dt, dd, small, b, p, li)")
    ratios = words.evaluate_all(CONTRAST)
    assert [(text, ratio) for text, ratio in ratios if text and ratio < 4.5] == []
    assert len(ratios) > 100


@pytest.mark.parametrize("shade", ["light", "dark"])
def test_the_matrix_is_run_bit_by_bit_and_read_by_keyboard(notebook, theme, axe, shade):
    page = notebook.anew(MATRIX, viewport=(1280, 1100))
    theme(page, shade)
    view = page.locator(".vmw-attack-matrix")
    expect(view.locator("td[tabindex='0']")).to_have_text("·")
    view.locator("td[tabindex='0']").focus()
    for key in ("ArrowDown", "End", "ArrowLeft", "Enter"):
        page.keyboard.press(key)
    expect(view.locator(".vmw-title")).to_have_text("DMA without an IOMMU on KVM")
    expect(view.locator(".vmw-detail li")).to_contain_text("IOMMU. Without an IOMMU the device reaches")
    expect(view.locator("td[aria-selected=true]")).to_be_focused()
    expect(view).to_have_attribute("data-vmw-rows", "0")
    button(page, "Run all attacks").click()
    expect(view).to_have_attribute("data-vmw-rows", "3")
    expect(button(page, "Stop")).to_be_hidden()
    assert view.locator("td").all_inner_texts() == [
        "opens: 1",
        "opens: 1",
        "opens: 1",
        "– never",
        "opens: 1",
        "opens: 1",
    ]
    assert view.locator("td[tabindex='0']").count() == 1
    assert axe(page, ".vmw-attack-matrix") == []
    ratios = view.locator(":is(th, td, dt, dd, b, p, li)").evaluate_all(CONTRAST)
    assert [(text, ratio) for text, ratio in ratios if text and ratio < 4.5] == []
    page.set_viewport_size({"width": 500, "height": 900})
    page.wait_for_function("() => document.querySelector('.vmw-attack-matrix').getBoundingClientRect().width < 500")
    assert view.evaluate("(el) => el.scrollWidth <= el.clientWidth")
