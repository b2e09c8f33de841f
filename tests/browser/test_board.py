"""The board in JupyterLab: keyboard, mouse, both themes, both languages, screen readers. Values, not only pixels."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import quiet

SETUP = """
import vmwidgets as vm
lab = vm.Lab(seed=1)
lab.create_vm("web", vcpus=2, memory_bytes=8 * vm.GiB, workload="web")
lab.create_vm("database", vcpus=2, memory_bytes=12 * vm.GiB, workload="database")
lab.create_vm("burner", vcpus=4, workload="cpu_burner")
lab.advance(600)
board = vm.Board(lab, unfold=True)
board
"""
BOARD = ".vmw-lab"
# Colours of an element and of the nearest opaque background below it, and the ratio of WCAG 2.
CONTRAST = """(els) => els.map((el) => {
  const rgb = (text) => (text.match(/[\\d.]+/g) ?? []).map(Number);
  const linear = (v) => (v / 255 <= 0.03928 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4);
  const light = (c) => { const [r, g, b] = c.map(linear);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  let below = el, back;
  const own = el.closest('g.vmw-card, g[role=img], g')?.querySelector('rect.vmw-frame, rect.vmw-well, rect.vmw-band');
  if (own) back = rgb(getComputedStyle(own).fill);
  while (!back) { const c = rgb(getComputedStyle(below).backgroundColor); if (c.length === 3 || c[3] > 0) back = c;
    else below = below.parentElement; }
  const style = getComputedStyle(el), front = rgb(el instanceof SVGElement ? style.fill : style.color);
  const [a, b] = [light(front.slice(0, 3)), light(back.slice(0, 3))].sort((x, y) => y - x);
  return [el.textContent, (a + 0.05) / (b + 0.05)]; })"""
WIDTHS = """(svg) => [...svg.querySelectorAll('g[role=img]')].map((g) => {
  const rects = [...g.querySelectorAll('.vmw-part')], whole = g.querySelector('.vmw-well').width.baseVal.value - 20;
  return [g.querySelector('title').textContent, rects.reduce((s, r) => s + Number(r.getAttribute('width')), 0), whole];
})"""


def settled(page: Page) -> None:
    """Wait until the picture shows the kernel's state, and what stands above and below it has its place."""
    page.locator(".vmw-board[data-vmw-clock]").wait_for()
    for view in ("products", "transport", "controls", "caption >> nth=2"):
        page.locator(f".vmw-{view}").wait_for()
    expect(page.locator(".vmw-chart path.line").first).to_have_attribute("d", re.compile("^M"))


@pytest.fixture
def page(notebook):
    opened = notebook.anew(SETUP, viewport=(1280, 1600))
    settled(opened)
    return opened


def slider(page: Page, name: str) -> Locator:
    return page.get_by_role("slider", name=re.compile(f"^{name}"))


def button(page: Page, name: str) -> Locator:
    return page.locator(BOARD).get_by_role("button", name=name, exact=True)


def field(page: Page, name: str) -> Locator:
    fields = page.locator(BOARD)
    return fields.get_by_role("combobox", name=name, exact=True).or_(
        fields.get_by_role("textbox", name=name, exact=True)
    )


def card(page: Page, name: str) -> Locator:
    return page.get_by_role("button", name=re.compile(f"^{re.escape(name)}, "))


def kernel(page: Page, expression: str) -> str:
    """What an expression is in the kernel now."""
    return page.evaluate(
        """async (code) => { const kernel = jupyterapp.shell.currentWidget.sessionContext.session.kernel;
        const asked = kernel.requestExecute({code: "", user_expressions: {it: code}, silent: true});
        return (await asked.done).content.user_expressions.it.data["text/plain"]; }""",
        expression,
    )


def test_sums_close_on_the_screen(page):
    found = page.locator(".vmw-picture").evaluate(WIDTHS)
    assert len(found) == 5
    for title, width, whole in found:
        assert width == pytest.approx(whole, abs=0.1), title


def test_sliders_by_keyboard(page):
    vcpus = slider(page, "vCPUs")
    expect(vcpus).to_have_value("2")
    vcpus.press("ArrowRight")
    expect(card(page, "web")).to_have_accessible_name(re.compile("3 vCPU"))
    page.keyboard.press("Home")
    expect(card(page, "web")).to_have_accessible_name(re.compile("1 vCPU"))
    expect(vcpus).to_have_value("1")
    assert kernel(page, "lab.vm('web').vcpus") == "1"


def test_every_slider_by_keyboard_and_back_by_undo(page):
    before = kernel(page, "lab.vm('web')")
    for resource in ("Processor time", "Memory", "Disk I/O", "Network", "Disk space"):
        page.get_by_role("radio", name=resource).check()
        quiet(page)
        expect(page.get_by_role("radio", name=resource)).to_be_checked()
        names = ["vCPUs", "Memory", *(["Virtual disk", "Growth"] if resource == "Disk space" else ["Shares", "Limit"])]
        for name in names:
            one = slider(page, name)
            one.focus()
            old = one.input_value()
            key = "ArrowLeft" if one.get_attribute("max") == old else "ArrowRight"
            page.keyboard.press(key)
            quiet(page)
            expect(one).not_to_have_value(old)
            button(page, "Undo").click()
            expect(one).to_have_value(old)
    assert kernel(page, "lab.vm('web')") == before


def occupy(page: Page, *lines: str) -> None:
    """Let the kernel answer no view before the lines have run, whichever of its threads is asked."""
    code = "\n".join(["import os", "with lab.hold():", *(f"    {line}" for line in ("print(flush=True)", *lines))])
    page.evaluate(
        """(code) => new Promise((held, failed) => {
          const {kernel} = jupyterapp.shell.currentWidget.sessionContext.session;
          const run = kernel.requestExecute({code});
          run.onIOPub = ({header}) => header.msg_type === "stream" && held();
          run.done.then(() => failed(new Error("the kernel was never held")));
        })""",
        code,
    )


def until(path: Path) -> str:
    return f"while not os.path.exists({str(path)!r}): pass"


def test_a_choice_stays_until_a_busy_kernel_has_answered(page, tmp_path):
    go, end = tmp_path / "go", tmp_path / "end"
    occupy(page, until(go), "lab.configure('web', vcpus=3)", "lab.advance()", until(end))
    page.get_by_role("radio", name="Memory").check()
    field(page, "Virtual machine").select_option("database")
    slider(page, "Past").press("Home")
    go.touch()
    expect(slider(page, "vCPUs")).to_have_value("3")
    expect(page.locator(".vmw-transport")).to_have_attribute("data-vmw-tick", "601")
    assert page.get_by_role("radio", name="Memory").is_checked()
    assert field(page, "Virtual machine").input_value() == "database"
    assert slider(page, "Past").input_value() == slider(page, "Past").get_attribute("min")
    end.touch()
    expect(slider(page, "vCPUs")).to_have_value("2")
    expect(page.get_by_role("radio", name="Memory")).to_be_checked()
    expect(field(page, "Virtual machine")).to_have_value("database")
    expect(page.locator(".vmw-board")).to_contain_text("tick 0 ·")


def test_slider_by_mouse(page):
    memory = slider(page, "Memory")
    box = memory.bounding_box()
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] / 4, middle)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.75, middle, steps=12)
    page.mouse.up()
    quiet(page)
    expect(page.locator(".vmw-controls output").nth(1)).to_have_text(re.compile("^2[345]"))
    value = memory.input_value()
    expect(card(page, "web")).to_have_accessible_name(re.compile(f"{int(value) // 2**30}"))
    expect(memory).to_have_value(value)
    assert kernel(page, "lab.vm('web').memory_bytes") == value


def test_a_held_key_loses_nothing_and_queues_nothing(page, tmp_path):
    memory, go = slider(page, "Memory"), tmp_path / "go"
    memory.press("Home")
    quiet(page)
    before = int(kernel(page, "len(lab.log)"))
    occupy(page, until(go))
    for _repeat in range(20):  # within the time that a view waits for an answer
        page.keyboard.down("ArrowRight")
    page.keyboard.up("ArrowRight")
    go.touch()
    value = str(21 * 256 * 2**20)
    expect(memory).to_have_value(value)
    expect(card(page, "web")).to_have_accessible_name(re.compile("5.3 GiB"))
    assert kernel(page, "lab.vm('web').memory_bytes") == value
    assert int(kernel(page, "len(lab.log)")) == before + 2, "the first move was under way, the others are one"


def test_a_refusal_is_read_out_and_the_slider_goes_back(page):
    slider(page, "Reservation").press("End")
    quiet(page)
    card(page, "burner").click()
    expect(field(page, "Virtual machine")).to_have_value("burner")
    expect(slider(page, "Reservation")).to_have_value("0")
    slider(page, "Reservation").press("End")
    alert = page.locator(".vmw-controls [role=alert]")
    expect(alert).to_contain_text("reserv")
    expect(slider(page, "Reservation")).to_have_value("0")
    page.keyboard.press("ArrowRight")
    expect(alert).to_be_hidden()


def test_notebook_shortcuts_stay_out(page):
    cells = page.locator(".jp-Notebook .jp-Cell").count()
    stops = page.locator(f"{BOARD} :is(button, input, select, summary, [tabindex='0'])")
    for index in range(stops.count()):
        stop = stops.nth(index)
        if stop.is_visible() and stop.is_enabled() and not stop.evaluate("e => e.matches('input[type=text]')"):
            stop.press("b")
            page.keyboard.press("x")
            quiet(page)  # in a list a letter chooses, and other stops may come and go
    assert page.locator(".jp-Notebook .jp-Cell").count() == cells


def test_choosing_by_keyboard_lights_it_everywhere(page):
    card(page, "web").press("ArrowRight")
    expect(card(page, "database")).to_be_focused()
    expect(page.locator(".vmw-board .vmw-part[data-vmw-slot='0']").first).to_have_class(re.compile("vmw-dim"))
    expect(page.locator(".vmw-caption [data-vmw-slot='0']").first).to_have_class(re.compile("vmw-dim"))
    page.keyboard.press("Enter")
    expect(card(page, "database")).to_have_attribute("aria-pressed", "true")
    expect(field(page, "Virtual machine")).to_have_value("database")
    expect(card(page, "database")).to_be_focused()


def test_create_rename_clone_remove(page):
    button(page, "Create").click()
    expect(card(page, "VM 1")).to_be_visible()
    field(page, "New name").fill("mail <b>")
    page.keyboard.press("Enter")
    expect(card(page, "mail <b>")).to_be_visible()
    button(page, "Clone").click()
    expect(page.locator(".vmw-card")).to_have_count(5)
    for left in range(4, -1, -1):
        button(page, "Remove").click()
        expect(page.locator(".vmw-card")).to_have_count(left)
    expect(page.locator(".vmw-board")).to_contain_text("No virtual machine yet")
    button(page, "Undo").click()
    expect(page.locator(".vmw-card")).to_have_count(1)


@pytest.mark.parametrize("shade", ["light", "dark"])
def test_axe_and_contrast(page, shade, theme, axe):
    theme(page, shade)
    page.locator(".vmw-twin summary").first.click()
    expect(page.locator(".vmw-board table")).to_contain_text("database")
    assert axe(page, BOARD) == []
    weak = [
        (text, round(ratio, 2))
        for text, ratio in page.locator(
            ".vmw-board svg text:not(.vmw-mark), .vmw-board p span, .vmw-controls :is(span, output, summary)"
        ).evaluate_all(CONTRAST)
        if text and ratio < 4.5
    ]
    assert not weak


def test_language_at_once_and_everywhere(page):
    field(page, "Language").select_option("ru")
    expect(page.locator(".vmw-board")).to_contain_text("делит сервер между виртуальными машинами")
    expect(button(page, "Создать")).to_be_visible()
    expect(page.locator(".vmw-view.vmw-caption").first).to_contain_text("Время процессора")
    field(page, "Язык").select_option("en")
    expect(button(page, "Create")).to_be_visible()


def test_folder_chooses_the_language(notebook):
    page = notebook(SETUP, folder="ru")
    settled(page)
    expect(button(page, "Клонировать")).to_be_visible()


def test_any_width(page):
    for width in (700, 1000, 1500):
        before = page.locator(".vmw-board").evaluate("e => e.clientWidth")
        page.set_viewport_size({"width": width, "height": 1400})
        page.wait_for_function(
            """(before) => { const room = document.querySelector('.vmw-board').clientWidth;
            const {width} = document.querySelector('.vmw-picture').getBoundingClientRect();
            return room > 0 && room !== before && Math.abs(width - room) < 1.5; }""",
            arg=before,
        )
        outside = page.locator(".vmw-picture").evaluate(
            """svg => { const box = svg.getBoundingClientRect();
            return [...svg.querySelectorAll('text, rect')].filter((e) => { const b = e.getBoundingClientRect();
              return b.width && !e.closest('defs') && (b.right > box.right + 2 || b.left < box.left - 2); })
              .map((e) => e.textContent || e.getAttribute('class')); }"""
        )
        assert outside == []


def test_reload_keeps_what_was_done(notebook, page):
    slider(page, "vCPUs").press("End")
    expect(card(page, "web")).to_have_accessible_name(re.compile("4 vCPU"))
    page.evaluate("() => jupyterapp.commands.execute('docmanager:save').then(() => null)")
    page.reload()
    notebook.ready(page)
    settled(page)
    expect(slider(page, "vCPUs")).to_have_value("4")
    slider(page, "vCPUs").press("Home")
    expect(card(page, "web")).to_have_accessible_name(re.compile("1 vCPU"))
