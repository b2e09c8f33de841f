"""Trap and emulate in JupyterLab: forward and back by keyboard, other tables and devices, both themes."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_board import CONTRAST

SETUP = """
import vmwidgets as vm
from vmwidgets.experiments.trapped import Work
view = vm.TrapStepper(Work())
view
"""
TRAP = ".vmw-trap"


@pytest.fixture
def page(notebook):
    opened = notebook.anew(SETUP, viewport=(1280, 1100))
    opened.locator(f"{TRAP}[data-vmw-step]").wait_for()
    return opened


def counts(page: Page) -> list[str]:
    """Instructions, directly run, exits, emulated."""
    return page.locator(f"{TRAP} .vmw-counts dd").all_inner_texts()


def button(page: Page, name: str):
    return page.locator(TRAP).get_by_role("button", name=name, exact=True)


def choose(page: Page, name: str) -> None:
    before = page.locator(TRAP).get_attribute("data-vmw-step").split()[0]
    page.get_by_role("radio", name=name).check()
    page.wait_for_function("(t) => document.querySelector('.vmw-trap').dataset.vmwStep.split(' ')[0] !== t", arg=before)


def test_six_four_and_one(page):
    for name, emulated in (("", "6"), ("nested tables", "4"), ("virtio queue", "1"), ("device passed through", "0")):
        if name:
            choose(page, name)
        button(page, "To the end").click()
        assert counts(page)[0] == "20"
        assert counts(page)[3] == emulated


def test_forward_and_back_by_keyboard(page):
    slider = page.get_by_role("slider", name="Steps of the run")
    button(page, "Next step").press("Home")
    expect(slider).to_have_value("0")
    button(page, "To the next trap").click()
    phase = page.locator(f"{TRAP} .vmw-phases .vmw-now")
    real = page.locator(f"{TRAP} .vmw-registers tr").nth(1).locator("td").nth(0)
    for name, mode in (
        ("trap", "the VMM's"),
        ("VMM decodes", "the VMM's"),
        ("VMM emulates", "the VMM's"),
        ("guest resumes", "user"),
    ):
        expect(phase).to_have_text(name)
        expect(real).to_have_text(mode)
        page.keyboard.press("ArrowRight")
    expect(page.locator(f"{TRAP} .vmw-counts dd").nth(2)).to_have_text("2")  # the next write to the tables traps, too
    expect(page.locator(f"{TRAP} .vmw-log li")).to_have_count(1)
    for _step in range(4):
        page.keyboard.press("ArrowLeft")
    expect(phase).to_have_text("trap")
    expect(page.locator(f"{TRAP} .vmw-log li")).to_have_count(0)


@pytest.mark.parametrize("shade", ["light", "dark"])
def test_both_themes_can_be_read(page, theme, axe, shade):
    theme(page, shade)
    button(page, "To the end").click()
    page.locator(f"{TRAP} .vmw-twin summary").click()
    expect(page.locator(f"{TRAP} .vmw-twin tr")).to_have_count(7)
    assert axe(page, TRAP) == []
    ratios = page.locator(f"{TRAP} :is(li, th, td, dt, dd, code, .vmw-said)").evaluate_all(CONTRAST)
    assert [(text, ratio) for text, ratio in ratios if text and ratio < 4.5] == []
    assert len(ratios) > 60
