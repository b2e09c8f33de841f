"""The scheduler lab in JupyterLab: zoom and pan without the kernel, moments, sliders, two schedulers, both themes."""

import re

import pytest
from playwright.sync_api import Locator, Page, WebSocket, expect

from tests.browser.conftest import begun, quiet
from tests.browser.test_page_walk import run

SETUP = """
import vmwidgets as vm
lab = vm.Lab(seed=1, hardware=vm.Hardware(pcpus=2))
lab.create_vm("thief", workload="tick_thief")
lab.create_vm("web", vcpus=2, workload="web")
lab.create_vm("victim", workload="cpu_burner")
lab.set_scheduler(window_s=2, beside="credit2")
view = vm.SchedulerLab(lab)
view
"""
VIEW = ".vmw-lab"
SPANS = "canvas.vmw-spans"


@pytest.fixture
def page(notebook):
    opened = notebook.anew(SETUP, viewport=(1280, 1600))
    settled(opened)
    return opened


def settled(page: Page) -> None:
    """Wait until the picture shows a run, and the kernel has said what the accounts are at the cursor."""
    begun(page)
    page.locator(f"{SPANS}[data-looked]").wait_for()


def seen(page: Page) -> tuple[int, int]:
    spans = page.locator(SPANS)
    return int(spans.get_attribute("data-from")), int(spans.get_attribute("data-to"))


def drawn(page: Page) -> None:
    """Wait until the picture shows what was done to it: it is drawn in the next frame."""
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done())))")


def press(page: Page, *keys: str) -> None:
    """Press keys on the time line, each of which makes it draw."""
    spans = page.locator(SPANS)
    for key in keys:
        before = spans.get_attribute("data-seq")
        spans.press(key)
        expect(spans).not_to_have_attribute("data-seq", before)
        drawn(page)


def field(page: Page, name: str) -> Locator:
    return page.locator(VIEW).get_by_role("combobox", name=name, exact=True)


def slider(page: Page, name: str) -> Locator:
    return page.locator(".vmw-scheduler-controls").get_by_role("slider", name=re.compile(f"^{name}"))


def kernel(page: Page, expression: str) -> str:
    """What an expression is in the kernel now."""
    return page.evaluate(
        """async (code) => { const kernel = jupyterapp.shell.currentWidget.sessionContext.session.kernel;
        const asked = kernel.requestExecute({code: "", user_expressions: {it: code}, silent: true});
        return (await asked.done).content.user_expressions.it.data["text/plain"]; }""",
        expression,
    )


def test_zoom_and_pan_by_keyboard(page):
    assert seen(page) == (0, 1_000_000)
    press(page, "0")
    assert seen(page) == (0, 2_000_000)
    press(page, "+", "+")
    first, last = seen(page)
    assert last - first == pytest.approx(500_000, abs=2)
    assert first < 500_000 < last, "the cursor stays in view"
    press(page, "Shift+ArrowRight")
    assert seen(page)[0] > first
    press(page, "PageDown", "End")
    assert seen(page)[1] == 2_000_000
    expect(page.locator(SPANS)).to_have_attribute("data-cursor", "2000000")
    press(page, "Home")
    assert seen(page)[0] == 0
    expect(page.locator(SPANS)).to_have_attribute("aria-valuenow", "0")


def test_zoom_and_pan_by_mouse_ask_nothing_of_the_kernel(notebook, page):
    sent = []

    def opened(socket: WebSocket) -> None:
        if "/channels" in socket.url:
            socket.on("framesent", lambda frame: sent.append(frame))

    page.on("websocket", opened)
    page.evaluate("() => jupyterapp.commands.execute('docmanager:save').then(() => null)")
    page.reload()
    notebook.ready(page)
    notebook.run_all(page)
    settled(page)
    assert [frame for frame in sent if b"comm_msg" in frame], "the socket is the one that is used"
    quiet(page)
    sent.clear()
    box = page.locator(SPANS).bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + 60
    page.mouse.move(x, y)
    page.keyboard.down("Control")
    for _turn in range(5):
        first, last = seen(page)
        page.mouse.wheel(0, -120)
        page.wait_for_function(
            "(old) => { const now = document.querySelector('canvas.vmw-spans').dataset;"
            " return now.to - now.from < old; }",
            arg=last - first,
        )
    page.keyboard.up("Control")
    first, last = seen(page)
    assert last - first < 500_000
    page.mouse.down()
    page.mouse.move(x - 200, y, steps=5)
    page.mouse.up()
    page.wait_for_function("(old) => Number(document.querySelector('canvas.vmw-spans').dataset.from) > old", arg=first)
    drawn(page)
    assert seen(page)[1] - seen(page)[0] == pytest.approx(last - first, abs=2)
    assert [frame for frame in sent if b"comm_msg" in frame] == []  # JupyterLab asks things of its own


def test_a_moment_is_what_the_kernel_says_it_is(page):
    press(page, "ArrowRight")
    spans = page.locator(SPANS)
    for _change in range(3):
        press(page, "ArrowDown")
    cursor = spans.get_attribute("data-cursor")
    expect(spans).to_have_attribute("data-looked", cursor)
    running = kernel(
        page,
        "sorted(int(v) for s, e, v, k in zip(*(lab.quantum_runs()[0].timeline[i] for i in (0, 1, 3, 4)))"
        f" if s <= {cursor} < e and k == 1)",
    )
    section = page.locator(".vmw-look section").first
    names = ["thief", "web/0", "web/1", "victim"]
    chips = section.locator(".vmw-line").first.locator(".vmw-chip span:nth-child(2)").all_inner_texts()
    assert sorted(chips) == sorted(names[v] for v in eval(running))
    said = section.locator(".vmw-chip").all_inner_texts()
    accounts = eval(kernel(page, "view.line.looked['accounts'][0]"))
    for text in said:
        _slot, name, account = text.split("\n") if "\n" in text else re.match(r"(\d)(\D.*?)(-?[\d,]+)$", text).groups()
        assert int(account.replace(",", "")) == accounts[names.index(name)]
    queues = eval(kernel(page, "view.line.looked['queues'][0]"))
    lines = section.locator(".vmw-queues .vmw-line")
    expect(lines.locator(".vmw-key")).to_have_text(["next, pCPU 0", "next, pCPU 1"])
    for number, (first, last, order) in enumerate(queues):
        assert (first, last) == (number, number)
        texts = lines.nth(number).locator(".vmw-chip span:nth-child(2)").all_inner_texts()
        assert texts == [names[v] for v in order]
    told = ", ".join(names[v] for v in queues[0][2]) or "nobody"
    expect(page.locator(".vmw-time .vmw-sentence")).to_contain_text(f"Xen credit takes next: pCPU 0: {told};")
    expect(page.locator(".vmw-look section").last.locator(".vmw-queues .vmw-key")).to_have_text(["next"])
    expect(spans).to_have_attribute("aria-valuetext", re.compile(f"^{int(cursor) / 1e6:.6f} s Xen credit: "))


def test_up_and_down_go_from_change_to_change(page):
    spans = page.locator(SPANS)
    press(page, "ArrowDown", "ArrowDown")
    later = spans.get_attribute("data-cursor")
    press(page, "ArrowDown", "ArrowUp")
    expect(spans).to_have_attribute("data-cursor", later)
    changes = kernel(page, f"any({later} in run.timeline.start for run in lab.quantum_runs())")
    assert changes == "True"


def test_a_click_chooses_a_moment(page):
    box = page.locator(SPANS).bounding_box()
    page.locator(SPANS).click(position={"x": box["width"] - 10, "y": 60})
    expect(page.locator(SPANS)).not_to_have_attribute("data-cursor", "500000")
    assert 980_000 < int(page.locator(SPANS).get_attribute("data-cursor")) <= 1_000_000


def test_sliders_and_lists_run_it_anew(page):
    spans = page.locator(SPANS)
    field(page, "Scheduler").select_option("eevdf")
    expect(spans).to_have_attribute("data-drawn", "2")
    expect(page.locator(".vmw-look h4").first).to_contain_text("Linux EEVDF")
    slider(page, "Weight of thief").press("ArrowRight")
    expect(spans).to_have_attribute("data-drawn", "3")
    assert kernel(page, "lab.vm('thief').cpu_shares") == "1100"
    slider(page, "Victims").press("ArrowRight")
    expect(page.locator(".vmw-time-legend button")).to_have_count(4)
    field(page, "Beside it").select_option("")
    expect(page.locator(".vmw-look section")).to_have_count(1)
    page.get_by_role("button", name="Reset", exact=True).click()
    expect(page.locator(".vmw-time-legend button")).to_have_count(3)
    expect(page.locator(".vmw-look section")).to_have_count(2)
    assert kernel(page, "lab.scheduling.algorithm") == "'credit'"


def test_everything_is_in_reach_behind_the_folds(page):
    for fold in page.locator(".vmw-scheduler-controls summary").all():
        fold.click()
    before = kernel(page, "lab.digest()")
    for name in ("Slice", "Cost of a switch", "Time that is run", "vCPUs", "Cap", "Runs per tick"):
        one = slider(page, name)
        old = one.input_value()
        one.press("ArrowLeft" if one.get_attribute("max") == old else "ArrowRight")
        expect(one).not_to_have_value(old)
        page.get_by_role("button", name="Undo", exact=True).click()
        quiet(page)
        expect(one).to_have_value(old)
    field(page, "Credits are taken").select_option("sampled")
    page.get_by_role("button", name="Undo", exact=True).click()
    expect(field(page, "Credits are taken")).to_have_value("precise")
    assert kernel(page, "lab.digest()") == before


def test_a_setting_is_for_the_machine_that_the_list_shows_also_while_the_kernel_is_busy(page, tmp_path):
    for fold in page.locator(".vmw-scheduler-controls summary").all():
        fold.click()
    go = tmp_path / "go"
    run(
        page,
        f"""
from pathlib import Path
heard = view.controls._on_set
def hear(said):
    while not Path({str(go)!r}).exists():
        pass
    heard(said)
view.controls._on_set = hear
""",
    )
    cap, asked = slider(page, "Cap"), []
    for machine in ("thief", "thief", "web"):
        field(page, "Virtual machine").select_option(machine)
        cap.press("ArrowLeft")
        asked.append(cap.input_value())
    go.touch()
    quiet(page)
    expect(field(page, "Virtual machine")).to_have_value("web")
    expect(cap).to_have_value(asked[2])
    caps = [kernel(page, f"lab.vm('{machine}').cpu_limit_mhz") for machine in ("thief", "web")]
    assert caps == asked[1:]


def test_a_refusal_is_read_out_where_it_was_asked_for(page):
    for fold in page.locator(".vmw-scheduler-controls summary").all():
        fold.click()
    kernel(page, "lab.configure('thief', cpu_reservation_mhz=1000)")
    quiet(page)
    slider(page, "Cap").press("Home")
    expect(page.locator(".vmw-scheduler-controls [role=alert]")).to_contain_text("cpu_reservation_mhz")
    expect(slider(page, "Cap")).to_have_attribute("aria-valuetext", "no limit")


def test_touching_a_machine_lights_it_everywhere(page):
    page.locator(".vmw-time-legend button[data-vmw-slot='1']").focus()
    expect(page.locator(".vmw-time-legend button[data-vmw-slot='0']")).to_have_class(re.compile("vmw-dim"))
    page.keyboard.press("Enter")
    expect(page.locator(".vmw-time-legend button[data-vmw-slot='1']")).to_have_attribute("aria-pressed", "true")
    expect(slider(page, "Weight of web")).to_be_visible()
    expect(page.locator(".vmw-caption").last).to_contain_text("web: from waking to running")


def test_notebook_shortcuts_stay_out(page):
    cells = page.locator(".jp-Notebook .jp-Cell").count()
    stops = page.locator(f"{VIEW} :is(button, input, select, summary, canvas[tabindex='0'])")
    for index in range(stops.count()):
        stop = stops.nth(index)
        if stop.is_visible() and stop.is_enabled():
            stop.press("b")
            page.keyboard.press("x")
            quiet(page)  # a letter chooses in a list
    assert page.locator(".jp-Notebook .jp-Cell").count() == cells


@pytest.mark.parametrize("shade", ["light", "dark"])
def test_axe(page, shade, theme, axe):
    theme(page, shade)
    for fold in page.locator(f"{VIEW} summary").all():
        fold.click()
    expect(page.locator(".vmw-time table")).to_contain_text("victim")
    assert axe(page, VIEW) == []


@pytest.mark.parametrize("shade", ["light", "dark"])
def test_the_picture_has_the_colours_of_the_machines_and_of_the_theme(page, shade, theme):
    theme(page, shade)
    press(page, "0")
    counts = page.locator(SPANS).evaluate(
        """(canvas) => { const {data} = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
        const counts = {};
        for (let i = 0; i < data.length; i += 4) {
          const key = `${data[i]} ${data[i + 1]} ${data[i + 2]}`; counts[key] = (counts[key] ?? 0) + 1; }
        return counts; }"""
    )
    for slot in ("0 114 178", "230 159 0", "0 158 115"):
        assert counts.get(slot, 0) > 500, slot
    paper = max(counts, key=counts.get)
    assert (sum(map(int, paper.split())) > 600) == (shade == "light")


def test_any_width(page):
    for width in (760, 1500):
        page.set_viewport_size({"width": width, "height": 1400})
        page.wait_for_function(
            "() => { const c = document.querySelector('canvas.vmw-spans'), v = document.querySelector('.vmw-time');"
            " return Math.abs(c.width / devicePixelRatio - v.clientWidth) < 1.5; }"
        )
        page.wait_for_function(
            "(name) => { const view = document.querySelector(name); return view.scrollWidth <= view.clientWidth + 1; }",
            arg=VIEW,
        )


def test_folder_chooses_the_language_and_a_reload_keeps_the_run(notebook):
    page = notebook(SETUP, folder="ru")
    settled(page)
    field_ru = page.locator(".vmw-scheduler-controls select[name=algorithm]")
    field_ru.select_option("stride")
    expect(page.locator(SPANS)).to_have_attribute("data-drawn", "2")
    page.evaluate("() => jupyterapp.commands.execute('docmanager:save').then(() => null)")
    page.reload()
    notebook.ready(page)
    settled(page)
    expect(field_ru).to_have_value("stride")
    expect(page.locator(SPANS)).to_have_attribute("data-drawn", "2")
