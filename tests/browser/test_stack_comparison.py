"""Products side by side in JupyterLab: operation, failure and boot line by keyboard; themes, screen readers."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import begun, quiet
from tests.browser.test_board import CONTRAST

SETUP = """
import vmwidgets as vm
view = vm.StackComparison()
view
"""
VIEWS = ".vmw-lab"
BOOT = ".vmw-stack-boot"


def settled(page: Page) -> None:
    """Wait until the diagrams and the open pane are drawn."""
    begun(page)
    page.locator(".vmw-stacks[data-vmw-stacks]").wait_for()


@pytest.fixture
def page(notebook):
    opened = notebook.anew(SETUP, viewport=(1280, 1250))
    settled(opened)
    return opened


def button(page: Page, name: str) -> Locator:
    return page.get_by_role("button", name=name, exact=True)


def tab(page: Page, name: str) -> None:
    """Open a pane."""
    page.get_by_role("tab", name=name).click()
    expect(page.get_by_role("tabpanel", name=name)).to_be_visible()


def test_an_operation_by_keyboard(page):
    slider = page.get_by_role("slider", name="Steps of the operation")
    expect(page.locator(".vmw-stack-operation")).to_have_attribute("data-vmw-step", re.compile(" 0$"))
    steps = page.locator(".vmw-steps").first.locator("li").count()
    slider.press("ArrowRight")
    expect(page.locator(".vmw-stack-picture .vmw-here")).to_have_count(2)
    button(page, "Next step").press("ArrowRight")
    page.keyboard.press("Enter")
    expect(slider).to_have_attribute("aria-valuetext", f"step 3 of {slider.get_attribute('max')}")
    expect(page.locator(".vmw-steps").first.locator("[aria-current=step] .vmw-what")).to_have_count(1)
    expect(page.locator(".vmw-token text").first).to_have_text("3")
    page.keyboard.press("End")
    expect(page.locator(".vmw-steps").first.locator(".vmw-past, .vmw-now")).to_have_count(steps)
    expect(page.locator(".vmw-stack-operation .vmw-sentence")).to_contain_text("µs")
    page.keyboard.press("Home")
    expect(page.locator(".vmw-stack-picture .vmw-here")).to_have_count(0)


def test_it_plays_and_stops_at_the_end(page):
    page.get_by_role("combobox", name="Operation").select_option("computation")
    expect(page.get_by_role("slider", name="Steps of the operation")).to_have_attribute("max", "1")
    play = button(page, "Play")
    play.press("Enter")
    expect(page.locator(".vmw-stack-picture .vmw-here")).to_have_count(2)
    expect(button(page, "Play")).to_be_focused()
    expect(button(page, "To the end")).to_be_disabled()


def test_a_failure_foretold_by_keyboard(page):
    page.get_by_role("tab", name="An operation").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("tab", name="A failure")).to_have_attribute("aria-selected", "true")
    page.get_by_role("combobox", name="What goes wrong").select_option("host_crash")
    guess = page.get_by_role("combobox", name="How many of the 3 VMs")
    guess.nth(0).select_option("3")
    guess.nth(1).select_option("2")
    button(page, "Let it happen").press("Enter")
    expect(page.locator(".vmw-judged.vmw-good")).to_have_text("✓ As you foretold.")
    expect(page.locator(".vmw-judged.vmw-bad")).to_contain_text("0 go on")
    expect(page.locator(".vmw-stack-picture").nth(1).locator(".vmw-fate-gone")).to_have_count(3)
    expect(page.locator(".vmw-stack-picture").nth(0).locator(".vmw-fallen")).to_have_count(0)
    expect(page.locator(".vmw-group ol li").first).to_contain_text("is what is hit")
    expect(button(page, "Mend everything")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(".vmw-fallen")).to_have_count(0)


def line(page: Page) -> list[str]:
    return (page.locator(BOOT).get_attribute("data-vmw-line") or "").split()


def moved(page: Page, before: list[str]) -> list[str]:
    page.wait_for_function(
        "(old) => document.querySelector('.vmw-stack-boot').dataset.vmwLine !== old", arg=" ".join(before)
    )
    return line(page)


def test_a_boot_line_by_keyboard_by_pointer_and_after_a_reload(page, notebook):
    tab(page, "Power on")
    before = line(page)
    page.get_by_role("button", name="Move down").first.focus()
    page.keyboard.press("Enter")
    after = moved(page, before)
    assert after[:2] == before[1::-1]
    expect(page.locator(f"{BOOT} .vmw-line li").nth(1).get_by_role("button", name="Move down")).to_be_focused()
    grip = page.locator(".vmw-grip").nth(0).bounding_box()
    last = page.locator(f"{BOOT} .vmw-line li").last.bounding_box()
    assert grip
    assert last
    page.mouse.move(grip["x"] + 5, grip["y"] + 5)
    page.mouse.down()
    page.mouse.move(grip["x"] + 5, last["y"] + last["height"] - 3, steps=4)
    page.mouse.up()
    assert moved(page, after) == [*after[1:], after[0]]
    button(page, "Power").click()
    expect(page.locator(".vmw-screen.vmw-bad")).to_be_visible()
    before = line(page)
    button(page, "Show the right order").click()
    right = moved(page, before)
    button(page, "Power").press("Enter")
    expect(page.locator(".vmw-screen.vmw-good")).to_have_text("Everything comes up.")
    page.get_by_role("combobox", name="Broken").select_option(right[2])
    button(page, "Power").click()
    expect(page.locator(f"{BOOT} .vmw-failed.vmw-broken")).to_have_count(1)
    page.evaluate("() => jupyterapp.commands.execute('docmanager:save').then(() => null)")
    page.reload()
    notebook.ready(page)
    expect(page.locator(f"{BOOT} .vmw-failed.vmw-broken")).to_have_count(1)
    expect(page.locator(BOOT)).to_have_attribute("data-vmw-line", " ".join(right))


def test_duties_products_and_layers(page):
    page.locator(".vmw-steps li").nth(1).click()
    expect(page.locator(".vmw-stack-picture .vmw-here")).to_have_count(2)
    button(page, "drives devices").click()
    expect(page.locator(".vmw-stack-picture .vmw-here")).to_have_count(0)
    expect(page.locator(".vmw-stacks .vmw-sentence")).to_contain_text("Whose drivers own the physical devices?")
    expect(page.locator(".vmw-stack-picture .vmw-lit")).to_have_count(2)
    button(page, "Add a product").click()
    expect(page.locator(".vmw-stack-picture")).to_have_count(3)
    first = page.locator(".vmw-stack-picture").first
    first.locator(".vmw-layer[tabindex='0']").focus()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    expect(first.locator(".vmw-chosen")).to_be_focused()
    expect(page.locator(".vmw-about").first).to_contain_text("has to be trusted by every VM")
    page.locator(".vmw-remove").last.click()
    expect(page.locator(".vmw-stack-picture")).to_have_count(2)
    chosen = page.get_by_role("combobox", name="Product 1")
    chosen.select_option(page.get_by_role("combobox", name="Product 2").input_value())
    expect(page.get_by_role("combobox", name="Product 2")).to_have_value("hyperv")


@pytest.mark.parametrize("shade", ["light", "dark"])
def test_axe_and_contrast(page, shade, theme, axe):
    theme(page, shade)
    page.locator(".vmw-stacks .vmw-twin summary").click()
    for name in ("In numbers", "A failure", "Power on", "Evidence", "An operation"):
        tab(page, name)
        if name == "A failure":
            button(page, "Let it happen").click()
            expect(page.locator(".vmw-hit").first).to_be_visible()
        if name == "An operation":
            button(page, "Next step").click()
        assert axe(page, VIEWS) == [], name
        ratios = page.locator(f"{VIEWS} [role=tabpanel] :is(p, b, li, small, span)").evaluate_all(CONTRAST)
        weak = [(text, ratio) for text, ratio in ratios if text and ratio < 4.5]
        assert len(ratios) > 4
        assert not weak, name


def test_bars_are_drawn_in_an_open_pane_only(page):
    expect(page.locator(".bqplot")).to_have_count(0)
    tab(page, "In numbers")
    expect(page.locator(".bqplot rect.bar")).to_have_count(2)
    page.get_by_role("combobox", name="Show").select_option("blast radius/host_crash")
    expect(page.locator(".bqplot text.label").nth(1)).to_have_text("4")
    page.get_by_role("combobox", name="Show").select_option("throughput/")
    expect(page.locator(".bqplot text.label").nth(1)).to_have_text("not published")
    bars, labels = page.locator(".bqplot rect.bar"), page.locator(".bqplot text.label").all_text_contents()
    expect(bars).to_have_count(len(labels))
    for index, text in enumerate(labels):
        hollow = expect(bars.nth(index))
        (hollow.to_have_css if text[0] in "≥≤" else hollow.not_to_have_css)("fill", "rgba(0, 0, 0, 0)")
    tab(page, "Evidence")
    expect(page.locator(".bqplot")).to_have_count(0)
    expect(page.locator(".vmw-card").first).to_be_visible()


def test_notebook_shortcuts_stay_out(page):
    count = page.locator(".jp-Notebook .jp-Cell").count()
    stops = page.locator(f"{VIEWS} :is(button, select, input, summary, [role=button][tabindex='0'])")
    for index in range(stops.count()):
        stop = stops.nth(index)
        if stop.is_visible() and stop.is_enabled():
            stop.press("b")
            page.keyboard.press("x")
            quiet(page)  # a letter chooses in a list
    assert page.locator(".jp-Notebook .jp-Cell").count() == count


def test_a_narrow_page(notebook):
    page = notebook.anew(SETUP, viewport=(700, 1250))
    settled(page)
    for name in ("An operation", "A failure", "Power on", "Evidence"):
        tab(page, name)
        wide = page.locator(f"{VIEWS} .vmw-view:visible").evaluate_all(
            "(all) => all.filter((el) => el.scrollWidth > el.clientWidth + 1).map((el) => el.className)"
        )
        assert wide == [], name
