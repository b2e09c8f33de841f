"""The frame map in JupyterLab: pointer and keys, links, reload. Pixels at known cells, not only words."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import quiet

# Frames whose codes a test knows: frame f of the first rows has the state and owner that ROWS says.
PROVIDER = """
import numpy as np
import vmwidgets as vm
from vmwidgets.widgets.frame_map import FrameMap
class Provider:
    page_bytes = 4096
    def __init__(self, frames):
        self.frames = frames
        self.code = np.full(frames, 0x0F, np.uint8)
        self.code[:256] = 0x1F
        self.code[256:512] = 0x20
        self.code[512:1024] = 0x30
        self.code[1024:1536] = 0x41
        self.code[1536:1792] = 0x52
        self.code[1792:1830] = 0x62
        self.code[1830:2000] = 0x71
        self.told = np.empty(0, np.int64)
    def codes(self, first, count):
        return self.code[first : first + count]
    def changed(self):
        told, self.told = self.told, np.empty(0, np.int64)
        return told
    def about(self, frame):
        state, owner = divmod(int(self.code[frame]), 16)
        sharers = [("web", 5), ("database", 6), ("mail", 7)] if state == 5 else [("web", frame)]
        return {"slot": owner, "owner": ["web", "database", "mail"][owner] if owner < 3 else "", "gfn": frame + 10_000,
                "state": state, "refs": {0: 0, 1: 0, 5: 3}.get(state, 1), "sharers": sharers}
    def put(self, frames, code):
        frames = np.atleast_1d(frames)
        self.code[frames] = code
        self.told = np.concatenate([self.told, frames])
"""
SETUP = """
lab = vm.Lab(seed=1)
for name in ("web", "database", "mail"):
    lab.create_vm(name)
provider = Provider(32_768)
view = FrameMap(lab, frames=provider)
view
"""
MAP = ".vmw-map"
# A copy to read from: a canvas that is read often is drawn more slowly, and the browser says so.
COPY = """(canvas) => { const copy = new OffscreenCanvas(canvas.width, canvas.height);
  const context = copy.getContext("2d", {willReadFrequently: true});
  context.drawImage(canvas, 0, 0);
  return context; }"""
# Where a frame's cell is in the page, and the colour in its middle, below any mark.
CELL = """(canvas, frame) => {
  const [x, y, unit] = canvas.dataset.eye.split(" ").map(Number), columns = 256;
  const scale = canvas.clientWidth / canvas.width, box = canvas.getBoundingClientRect();
  const at = [(frame % columns + 0.5 - x) / unit, (Math.floor(frame / columns) + 0.5 - y) / unit];
  return [box.x + canvas.clientLeft + at[0] * scale, box.y + canvas.clientTop + at[1] * scale]; }"""
COLOUR = f"""(canvas, frame) => {{
  const copy = {COPY};
  const [x, y, unit] = canvas.dataset.eye.split(" ").map(Number), columns = 256;
  const at = [(frame % columns + 0.25 - x) / unit, (Math.floor(frame / columns) + 0.75 - y) / unit];
  return [...copy(canvas).getImageData(at[0], at[1], 1, 1).data.slice(0, 3)]; }}"""
# The view has come to rest when a frame of the screen passes without a redraw.
REST = """(canvas) => new Promise((done) => {
  const look = (seq) => requestAnimationFrame(() => requestAnimationFrame(() =>
    canvas.dataset.seq === seq ? done(null) : look(canvas.dataset.seq)));
  look(""); })"""
WEB, DATABASE, MAIL = (0x00, 0x72, 0xB2), (0xE6, 0x9F, 0x00), (0x00, 0x9E, 0x73)


def settled(page: Page, version: int = 1) -> None:
    """Wait until this version of the map, or a later one, is drawn, and nothing moves."""
    page.wait_for_function("(v) => Number(document.querySelector('.vmw-map')?.dataset.version ?? -1) >= v", arg=version)
    page.locator(MAP).evaluate(REST)


@pytest.fixture
def page(notebook):
    opened = notebook.anew(PROVIDER, SETUP, viewport=(1280, 1100))
    settled(opened)
    return opened


def colour(page: Page, frame: int) -> tuple[int, ...]:
    return tuple(page.locator(MAP).evaluate(COLOUR, frame))


def eye(page: Page) -> list[float]:
    return [float(part) for part in page.locator(MAP).get_attribute("data-eye").split()]


def move_to(page: Page, frame: int) -> None:
    page.locator(MAP).scroll_into_view_if_needed()
    page.mouse.move(*page.locator(MAP).evaluate(CELL, frame))


def run(page: Page, code: str) -> None:
    """Run code in the page's kernel."""
    page.evaluate(
        """async (code) => { const kernel = jupyterapp.shell.currentWidget.sessionContext.session.kernel;
        const reply = await kernel.requestExecute({code}).done;
        if (reply.content.status !== "ok") throw new Error(reply.content.evalue); }""",
        code,
    )


def told(page: Page):
    return page.locator(".vmw-told")


def zoom_in(page: Page, times: int) -> None:
    for _ in range(times):
        page.get_by_role("button", name="Zoom in").click()
    settled(page)


@pytest.mark.parametrize("shade", ["light", "dark"])
def test_known_cells_have_their_colours(page, shade, theme):
    theme(page, shade)
    settled(page)
    assert colour(page, 1100) == DATABASE
    idle, table, shared, packed, zeros = (colour(page, frame) for frame in (600, 300, 1600, 1800, 1950))
    assert len({idle, table, shared, packed, zeros, colour(page, 100), colour(page, 20_000), DATABASE}) == 8
    light, dark = sum(idle), sum(table)
    assert (light > sum(WEB) > dark) if shade == "light" else (light < sum(WEB) < dark)


def test_changes_arrive_after_a_command(page):
    run(page, "provider.put(30_000, 0x40); lab.advance()")
    settled(page, 2)
    assert colour(page, 30_000) == WEB
    run(page, "provider.put(np.arange(0, 32_768, 2), 0x42); lab.advance()")
    settled(page, 3)
    assert colour(page, 30_002) == MAIL
    assert colour(page, 600) == MAIL
    assert colour(page, 30_001) != MAIL
    expect(page.locator(".vmw-frames .vmw-sentence")).to_contain_text("mail 16,5")


def test_hover_tells_at_once_and_the_kernel_adds(page):
    move_to(page, 1700)
    expect(told(page)).to_contain_text("Frame 1,700: shared copy-on-write, of mail.")
    expect(told(page)).to_contain_text("Mapped 3 times: web page 5, database page 6, mail page 7.")
    move_to(page, 20_000)
    expect(told(page)).to_have_text("Frame 20,000: free.")
    move_to(page, 700)
    expect(told(page)).to_have_text("Frame 700: private, idle, of web. Guest page 10,700.")
    page.mouse.move(5, 5)
    expect(told(page)).to_have_text("Point at a frame to see what it is.")


def test_a_frame_that_is_come_back_to_is_told_whole(page, tmp_path):
    move_to(page, 700)
    expect(told(page)).to_have_text("Frame 700: private, idle, of web. Guest page 10,700.")
    quiet(page)
    go = tmp_path / "go"
    page.evaluate(
        "(code) => void jupyterapp.shell.currentWidget.sessionContext.session.kernel.requestExecute({code})",
        f"import os\nprovider.put(30_000, 0x40); lab.advance()\nwhile not os.path.exists({str(go)!r}): pass",
    )
    settled(page, 2)  # and this is told to the kernel, which is busy: what is asked next waits
    for frame in (20_000, 700):
        move_to(page, frame)
        expect(told(page)).to_contain_text(f"Frame {frame:,}:")
    expect(told(page)).to_have_text("Frame 700: private, idle, of web.")
    go.touch()
    expect(told(page)).to_have_text("Frame 700: private, idle, of web. Guest page 10,700.")


def test_a_click_pins(page):
    move_to(page, 700)
    page.mouse.down()
    page.mouse.up()
    move_to(page, 20_000)
    expect(told(page)).to_contain_text("Frame 700:")
    move_to(page, 700)
    page.mouse.down()
    page.mouse.up()
    move_to(page, 20_000)
    expect(told(page)).to_contain_text("Frame 20,000:")


def test_keyboard(page):
    page.locator(MAP).press("Shift+Tab")
    page.keyboard.press("Tab")
    for _ in range(4):
        page.keyboard.press("+")
    settled(page)
    assert 1 / eye(page)[2] > 6
    expect(page.locator(MAP)).to_have_attribute("data-cell", re.compile(r"\d+"))
    page.keyboard.press("Control+Home")
    expect(told(page)).to_contain_text("Frame 0: the VMM's own.")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowRight")
    expect(told(page)).to_contain_text("Frame 513: private, idle, of web.")
    page.keyboard.press("End")
    expect(told(page)).to_contain_text("Frame 767:")
    page.keyboard.press("PageDown")
    page.keyboard.press("Home")
    expect(told(page)).to_contain_text(": free.")
    page.keyboard.press("Control+End")
    expect(told(page)).to_contain_text("Frame 32,767: free.")
    settled(page)
    box = page.locator(MAP).bounding_box()
    x, y = page.locator(MAP).evaluate(CELL, 32_767)
    assert box["x"] < x < box["x"] + box["width"], "the eye goes where the cursor is"
    assert box["y"] < y < box["y"] + box["height"]
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(told(page)).to_contain_text("Frame 32,767:")
    page.locator(MAP).focus()
    before = eye(page)
    page.keyboard.press("Shift+ArrowLeft")
    settled(page)
    assert eye(page)[0] < before[0]
    page.keyboard.press("0")
    settled(page)
    expect(page.locator(".vmw-scale")).to_have_text("4 pixels a frame")


def test_zoom_about_the_pointer_and_pan(page):
    move_to(page, 1100)
    page.keyboard.down("Control")
    for _ in range(3):
        page.mouse.wheel(0, -200)
    page.keyboard.up("Control")
    expect(page.locator(".vmw-scale")).to_have_text("32 pixels a frame")
    settled(page)
    assert 1 / eye(page)[2] == pytest.approx(32, rel=0.01)
    expect(told(page)).to_contain_text("Frame 1,100:")
    at = page.locator(MAP).evaluate(CELL, 1100)
    assert colour(page, 1100) == DATABASE
    page.mouse.down()
    page.mouse.move(at[0] + 64, at[1] + 32, steps=4)
    page.mouse.up()
    settled(page)
    moved = page.locator(MAP).evaluate(CELL, 1100)
    assert moved[0] - at[0] == pytest.approx(64, abs=1)
    expect(told(page)).to_contain_text("Frame 1,100:")


def test_the_wheel_scrolls_the_page_unless_the_map_has_the_focus(page):
    before = page.locator(MAP).get_attribute("data-eye")
    page.set_viewport_size({"width": 1280, "height": 500})
    page.wait_for_function("() => document.querySelector('.jp-Notebook').getBoundingClientRect().bottom <= 500")
    settled(page)
    page.locator(MAP).scroll_into_view_if_needed()
    page.mouse.move(*page.locator(MAP).evaluate(CELL, 10_000))
    top = page.locator(MAP).bounding_box()["y"]
    page.mouse.wheel(0, 60)
    page.wait_for_function("(top) => document.querySelector('.vmw-map').getBoundingClientRect().y !== top", arg=top)
    settled(page)
    expect(page.locator(MAP)).to_have_attribute("data-eye", before)
    page.locator(MAP).focus()
    top = page.locator(MAP).bounding_box()["y"]
    page.mouse.wheel(0, -200)
    expect(page.locator(MAP)).not_to_have_attribute("data-eye", before)
    settled(page)
    assert page.locator(MAP).bounding_box()["y"] == top


def test_marks_say_the_same_without_colour(page):
    zoom_in(page, 5)
    page.locator(MAP).press("Control+Home")
    settled(page)
    side = 1 / eye(page)[2]
    assert side >= 10
    cells = page.locator(MAP).evaluate(
        f"(canvas, frames) => {{ const copy = ({COPY})(canvas);"
        """ const [x, y, unit] = canvas.dataset.eye.split(" ").map(Number);
        return frames.map((f) => { const side = Math.floor(1 / unit);
          const left = Math.round((f % 256 - x) / unit), top = Math.round((Math.floor(f / 256) - y) / unit);
          const data = copy.getImageData(left, top, side, side).data;
          const back = data.slice(4 * (side * (side - 4) + 4), 4 * (side * (side - 4) + 4) + 3);
          let marked = "";
          for (let i = 0; i < data.length; i += 4)
            marked += Math.abs(data[i] - back[0]) + Math.abs(data[i + 1] - back[1]) > 60 ? "#" : ".";
          return marked; }); }""",
        [20, 276, 532, 1044, 1556, 1812, 1840],
    )
    assert len(set(cells)) == len(cells), "two states have one mark"
    assert all("#" in cell for cell in cells)


def test_touching_lights_a_vm_in_other_views_and_from_them(page):
    page.evaluate(
        "() => { window.seen = []; document.addEventListener('vmw-touch', (e) => window.seen.push(e.detail.slot)); }"
    )
    move_to(page, 1100)
    expect(told(page)).to_contain_text("Frame 1,100:")
    assert page.evaluate("window.seen") == [1]
    assert colour(page, 700) != WEB
    settled(page)
    before = colour(page, 1600)
    assert colour(page, 1150) == DATABASE, "under the hand the map stays as it is"
    page.mouse.move(5, 5)
    page.wait_for_function("() => window.seen.at(-1) === -1")
    page.locator(".vmw-key").filter(has_text="database").hover()
    settled(page)
    assert colour(page, 1150) == DATABASE
    assert colour(page, 1600) != before, "the others fade"
    page.mouse.move(5, 5)
    settled(page)
    assert colour(page, 1600) == before
    page.get_by_role("button", name="mail").click()
    expect(page.get_by_role("button", name="mail")).to_have_attribute("aria-pressed", "true")


def test_reload_and_a_second_run_show_the_map_again(notebook, page):
    run(page, "provider.put(30_000, 0x40); lab.advance()")
    settled(page, 2)
    page.evaluate("() => jupyterapp.commands.execute('docmanager:save').then(() => null)")
    page.reload()
    notebook.ready(page)
    settled(page, 3)
    assert colour(page, 30_000) == WEB
    run(page, "provider.put(30_001, 0x42); lab.advance()")
    settled(page, 4)
    assert colour(page, 30_001) == MAIL
    notebook.run_all(page)
    expect(page.locator(MAP)).to_have_attribute("data-version", "1")
    settled(page)
    assert colour(page, 1100) == DATABASE
    assert colour(page, 30_000) not in (WEB, MAIL)


def test_two_tabs_show_the_same(notebook):
    page = notebook(PROVIDER, SETUP)
    settled(page)
    page.evaluate("() => jupyterapp.commands.execute('docmanager:save').then(() => null)")
    other = notebook.open(notebook.opened[0].path, run=False)
    settled(other, 2)
    settled(page, 2)
    for number, frame in enumerate((30_000, 31_000), start=3):
        run(page, f"provider.put({frame}, 0x40); lab.advance()")
        for one in (page, other):
            settled(one, number)
            assert colour(one, frame) == WEB


def test_a_page_that_missed_a_change_asks_for_the_map(page):
    # A map that is told of no drawing holds changes back until it is.
    run(page, "view._version += 7; view._drawn = view._version; provider.put(30_000, 0x40); lab.advance()")
    settled(page, 9)
    assert colour(page, 30_000) == WEB


@pytest.mark.parametrize("shade", ["light", "dark"])
def test_axe(page, shade, theme, axe):
    theme(page, shade)
    page.locator(".vmw-frames summary").click()
    expect(page.locator(".vmw-frames table")).to_contain_text("database")
    page.locator(MAP).focus()
    settled(page)
    assert axe(page, ".vmw-frames") == []


def test_notebook_shortcuts_stay_out(page):
    cells = page.locator(".jp-Notebook .jp-Cell").count()
    stops = page.locator(".vmw-frames :is(button, summary, [tabindex='0'])")
    for index in range(stops.count()):
        stops.nth(index).press("b")
        page.keyboard.press("x")
    assert page.locator(".jp-Notebook .jp-Cell").count() == cells


def test_without_motion_the_eye_is_there_at_once(notebook):
    page = notebook(PROVIDER, SETUP, reduced_motion="reduce")
    settled(page)
    quiet(page)
    seq = int(page.locator(MAP).get_attribute("data-seq"))
    page.get_by_role("button", name="Zoom in").click()
    settled(page)
    drawn = int(page.locator(MAP).get_attribute("data-seq")) - seq
    assert drawn <= 2


def test_a_narrow_page_and_a_dense_screen(notebook):
    page = notebook(PROVIDER, SETUP, viewport=(640, 900), device_scale_factor=2)
    settled(page)
    canvas = page.locator(MAP)
    page.wait_for_function(
        "() => { const c = document.querySelector('.vmw-map'); return Math.abs(c.width - 2 * c.clientWidth) <= 1; }"
    )
    assert canvas.evaluate("c => c.getBoundingClientRect().right <= c.parentElement.getBoundingClientRect().right + 1")
    assert colour(page, 1100) == DATABASE
    move_to(page, 1100)
    expect(told(page)).to_contain_text("Frame 1,100:")
