"""The memory lab in JupyterLab: every control by keyboard, time, a shortage, both themes, a reload."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import begun, quiet
from tests.browser.test_board import CONTRAST, kernel

SETUP = """
import vmwidgets as vm
lab = vm.Lab(memory="{profile}", hardware=vm.Hardware(page_bytes=2 * vm.MiB), tick_s=5)
for name, active in (("A", 375), ("B", 250), ("C", 625)):
    lab.create_vm(name, memory_bytes=16 * vm.GiB, workload=vm.Workload("database", active_permille=active))
lab.advance(20)
view = vm.MemoryLab(lab, unfold=True)
view
"""
VIEW = ".vmw-lab"
STATE = ".vmw-memory-state"


def settled(page: Page) -> None:
    """Wait until all views have drawn the kernel's state."""
    begun(page)
    page.locator(f"{STATE}[data-vmw-rung]").wait_for()
    page.locator(".vmw-inside .vmw-part").first.wait_for(state="attached")
    page.locator(f"{VIEW} .bqplot path.line").first.wait_for(state="attached")


@pytest.fixture
def page(notebook):
    opened = notebook.anew(SETUP.format(profile="neutral"), viewport=(1280, 2000))
    settled(opened)
    return opened


def slider(page: Page, name: str) -> Locator:
    return page.locator(VIEW).get_by_role("slider", name=re.compile(f"^{name}"))


def button(page: Page, name: str) -> Locator:
    return page.locator(VIEW).get_by_role("button", name=name, exact=True)


def choice(page: Page, name: str) -> Locator:
    return page.locator(VIEW).get_by_role("combobox", name=name, exact=True)


def badge(page: Page) -> Locator:
    return page.locator(f"{STATE} .vmw-badge")


def steps(page: Page, count: int) -> None:
    """Let time pass, sixty ticks at once."""
    choice(page, "Speed").select_option("60")
    for _step in range(count):
        tick = int(page.locator(".vmw-transport").get_attribute("data-vmw-tick"))
        button(page, "Step: let time pass once").click()
        expect(page.locator(".vmw-transport")).to_have_attribute("data-vmw-tick", str(tick + 60))
        quiet(page)  # the other views draw it in their own time


def shortage(page: Page) -> None:
    """Give A and C working sets that do not fit, with the keyboard."""
    for name in ("A", "C"):
        choice(page, "Virtual machine").select_option(name)
        expect(page.locator(".vmw-inside .vmw-title")).to_contain_text(f"of {name}")
        slider(page, "Working set").press("End")
        expect(page.locator(".vmw-memory-controls output").first).to_have_text("16.0 GiB")
        quiet(page)
    steps(page, 2)


@pytest.mark.parametrize("profile", ["esxi", "hyperv"])
def test_every_slider_by_keyboard_and_back_by_undo(notebook, profile):
    page = notebook.anew(SETUP.format(profile=profile), viewport=(1280, 2000))
    settled(page)
    page.get_by_text("Size, reservation, limit").click()
    before = kernel(page, "lab.digest()")
    sliders = page.locator(".vmw-memory-controls input[type=range]")
    assert sliders.count() >= 7
    for index in range(sliders.count()):
        one = sliders.nth(index)
        old = one.input_value()
        commands = int(kernel(page, "len(lab.log)"))
        one.press("ArrowLeft" if one.get_attribute("max") == old else "ArrowRight")
        quiet(page)
        expect(one).not_to_have_value(old)
        assert int(kernel(page, "len(lab.log)")) == commands + 1, one.get_attribute("name")
        button(page, "Undo").click()
        quiet(page)
        expect(one).to_have_value(old)
    assert kernel(page, "lab.digest()") == before


def test_lists_and_boxes(page):
    choice(page, "Balloon driver").select_option("refuses")
    expect(page.locator(".vmw-inside .vmw-sentence")).to_contain_text("refuses")
    choice(page, "Page sharing").select_option("between")
    box = page.get_by_role("checkbox", name="Host swap")
    box.uncheck()
    expect(page.locator(f"{STATE} .vmw-rungs")).not_to_contain_text("swapped out")
    quiet(page)
    assert kernel(page, "lab.memory.profile.sharing, lab.memory.profile.host_swap") == "('between', False)"
    button(page, "Reset").click()
    expect(box).to_be_checked()
    expect(choice(page, "Balloon driver")).to_have_value("driver")


def test_it_plays_and_stops(page):
    button(page, "Play").click()
    page.wait_for_function("() => Number(document.querySelector('.vmw-transport').dataset.vmwTick) >= 30")
    button(page, "Pause").click()
    expect(button(page, "Play")).to_be_visible()


def test_working_sets_that_do_not_fit(page):
    line = page.locator(f"{STATE} .vmw-free-line")
    drawn = line.get_attribute("d")
    shortage(page)
    expect(badge(page)).not_to_have_text("high")
    assert line.get_attribute("d") != drawn
    state = kernel(page, "lab.memory.rung.name").strip("'")
    expect(badge(page)).to_have_text(state)
    expect(page.locator(f"{STATE} .vmw-lit b")).to_have_text(state)
    expect(page.locator(f"{STATE} .vmw-sentence")).to_contain_text(f"State of the host: {state}.")
    expect(page.locator(".vmw-charts .vmw-sentence")).to_contain_text("have no frame")


def test_the_guest_gives_pages_away(page):
    shortage(page)
    choice(page, "Virtual machine").select_option("B")
    balloon = page.locator(".vmw-inside [data-vmw-kind=balloon] rect")
    expect(page.locator(".vmw-inside .vmw-sentence")).to_have_text(re.compile("^The guest of B .* the guest chooses"))
    width = page.locator(".vmw-guest svg").evaluate("e => e.width.baseVal.value")
    assert float(balloon.get_attribute("width")) > width / 3
    parts = page.locator(".vmw-inside .vmw-well + g rect").evaluate_all("els => els.map(e => e.width.baseVal.value)")
    assert sum(parts) == pytest.approx(width, abs=1)


def test_a_refusal_is_read_out(page):
    page.get_by_text("Size, reservation, limit").click()
    slider(page, "Limit").press("Home")
    expect(button(page, "Undo")).to_be_enabled()
    slider(page, "Reservation").press("End")
    expect(page.locator(".vmw-memory-controls [role=alert]")).to_contain_text("memory_reservation_bytes is")
    expect(slider(page, "Reservation")).to_have_value("0")


def test_notebook_shortcuts_stay_out(page):
    cells = page.locator(".jp-Notebook .jp-Cell").count()
    stops = page.locator(f"{VIEW} :is(button, input, select, summary, [tabindex='0'])")
    for index in range(stops.count()):
        stop = stops.nth(index)
        if stop.is_visible() and stop.is_enabled():
            stop.press("b")
            page.keyboard.press("x")
            quiet(page)  # a letter chooses in a list
    assert page.locator(".jp-Notebook .jp-Cell").count() == cells


def test_touching_one_dims_the_others(page):
    expect(page.locator(".vmw-guest svg")).not_to_have_class(re.compile("vmw-dim"))
    page.locator(".vmw-caption [data-vmw-slot='1']").first.focus()
    expect(page.locator(".vmw-guest svg")).to_have_class(re.compile("vmw-dim"))
    page.locator(".vmw-caption [data-vmw-slot='0']").first.focus()
    expect(page.locator(".vmw-guest svg")).not_to_have_class(re.compile("vmw-dim"))


def test_the_map_shows_which_frame_a_walk_reads(page):
    walk, frames = page.locator(".vmw-walk"), page.locator(".vmw-map")
    expect(frames).to_be_visible()
    walk.locator("summary").first.click()
    walk.get_by_role("button", name="Next reference").click()
    frame = walk.locator(".vmw-facts dd").nth(1).inner_text().replace(",", "")
    expect(frames).to_have_attribute("data-walked", frame)
    walk.locator("summary").first.click()
    expect(frames).to_have_attribute("data-walked", "-1")


@pytest.mark.parametrize("shade", ["light", "dark"])
def test_axe_and_contrast(page, shade, theme, axe):
    shortage(page)
    theme(page, shade)
    page.locator(f"{STATE} summary").click()
    page.locator(".vmw-inside summary").click()
    expect(page.locator(".vmw-inside table")).to_contain_text("balloon")
    expect(page.locator(f"{STATE} table tr")).not_to_have_count(0)
    assert axe(page, VIEW) == []
    texts = ":is(span, output, summary, p, td, th, li b, strong)"
    views = f":is({STATE}, .vmw-memory-controls, .vmw-inside)"
    found = page.locator(f"{views} {texts}, {STATE} svg text, .vmw-inside svg text.vmw-soft").evaluate_all(CONTRAST)
    weak = [(text, round(ratio, 2)) for text, ratio in found if text and ratio < 4.5]
    assert len(found) > 50
    assert not weak


def test_any_width(page):
    for width in (700, 1000, 1500):
        page.set_viewport_size({"width": width, "height": 2000})
        page.wait_for_function(
            """() => [".vmw-guest", ".vmw-ladder-chart"].every((name) => { const box = document.querySelector(name);
            return Math.abs(box.querySelector("svg").getBoundingClientRect().width - box.clientWidth) < 1.5; })"""
        )
        outside = page.locator(VIEW).evaluate(
            """view => { const room = view.getBoundingClientRect();
            const all = [...view.querySelectorAll(".vmw-memory-state *, .vmw-memory-controls *, .vmw-inside *")];
            return all.filter((e) => { const b = e.getBoundingClientRect();
              return b.width && !e.closest("defs") && (b.right > room.right + 2 || b.left < room.left - 2); })
              .map((e) => e.outerHTML.slice(0, 80)); }"""
        )
        assert outside == []


def test_reload_keeps_what_was_done(notebook, page):
    shortage(page)
    balloon = page.locator(".vmw-inside [data-vmw-kind=balloon] rect")
    state, width = badge(page).inner_text(), float(balloon.get_attribute("width"))
    assert width > 100
    page.evaluate("() => jupyterapp.commands.execute('docmanager:save').then(() => null)")
    page.reload()
    notebook.ready(page)
    settled(page)
    expect(badge(page)).to_have_text(state)
    page.wait_for_function(
        """([name, width]) => { const rect = document.querySelector(name);
        return rect && Math.abs(Number(rect.getAttribute("width")) / width - 1) < 0.05; }""",
        arg=[".vmw-inside [data-vmw-kind=balloon] rect", width],
    )
    expect(choice(page, "Virtual machine")).to_have_value("C")
    slider(page, "Working set").press("Home")
    expect(page.locator(".vmw-memory-controls output").first).to_have_text("0.0 GiB")
