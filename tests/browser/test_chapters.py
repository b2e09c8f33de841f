"""The chapters as a student meets them: locked until predicted, found again after a reload and a restart."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import quiet
from tests.browser.test_page_walk import run
from tests.needs import ROOT

COURSE = ROOT / "course"


def part(page: Page, title: str):
    """The widget of one part of the chapter."""
    return page.locator(".vmw-lesson", has=page.get_by_role("heading", name=title, exact=True))


def predict(page: Page, value: str) -> None:
    box = part(page, "Predict")
    box.get_by_role("textbox").fill(value)
    box.get_by_label("2 rather unsure").check()
    box.get_by_role("button", name="Commit the prediction").click()
    expect(box.get_by_role("status").last).to_contain_text("Your prediction is in")


def come_back(page: Page, notebooks, *, new_kernel: bool) -> None:
    """Leave the page, end its kernel if so wanted, open it again and run all cells."""
    url = page.url
    page.goto("about:blank")
    if new_kernel:
        notebooks.opened[-1].server.end_kernel(notebooks.opened[-1].path)
    page.goto(url)
    notebooks.ready(page)
    notebooks.run_all(page)


@pytest.fixture
def chapter(notebook, request):
    """``chapter(name, language) -> page``: a copy in a folder of its own, away from answers of other tests."""

    def open_copy(name: str, language: str = "en") -> Page:
        folder = f"{request.node.name.replace('[', '_').replace(']', '')}/{language}"
        data = notebook._server.root / folder / ".." / "data"
        data.mkdir(parents=True, exist_ok=True)
        (data / "small_day.csv").write_bytes((COURSE / "data" / "small_day.csv").read_bytes())
        (notebook._server.root / folder).mkdir(exist_ok=True)
        (notebook._server.root / folder / f"{name}.ipynb").write_bytes(
            (COURSE / language / f"{name}.ipynb").read_bytes()
        )
        return notebook.open(f"{folder}/{name}.ipynb")

    return open_copy


def test_chapter_1_from_prediction_to_exit_ticket(chapter, axe):
    page = chapter("01_one_server")
    clock = page.locator(".vmw-clock")
    expect(clock).to_contain_text("The run opens when your prediction is in.")
    expect(clock.get_by_role("slider")).to_be_hidden()
    expect(part(page, "Observe")).to_contain_text("Opens when your prediction is in.")

    part(page, "Predict").get_by_role("button", name="Commit").click()
    expect(part(page, "Predict").get_by_role("alert")).to_have_text("say how sure you are, from 1 to 4")
    predict(page, "1000")

    for _ in range(11):
        clock.get_by_role("button", name="To the next mark").click()
    expect(clock.locator("svg[role=img] > g path")).to_have_count(11)
    expect(clock.locator(".vmw-sentence")).to_have_text(re.compile("^After 1,000 instructions .* halt"))

    observe = part(page, "Observe")
    observe.get_by_role("textbox").fill("12")
    observe.get_by_role("button", name="Record").click()
    expect(observe.get_by_role("status").first).to_contain_text("0/2. The run shows another number.")
    observe.get_by_role("textbox").fill("11")
    observe.get_by_role("button", name="Record").click()
    expect(observe.get_by_role("status").first).to_contain_text("2/2.")

    explain = part(page, "Explain")
    explain.get_by_label("Exceptional events").check()
    explain.get_by_role("textbox").fill("b dd x: typed letters are no notebook commands")
    explain.get_by_role("button", name="Answer").click()
    drills = part(page, "Drills")
    expect(drills.get_by_role("combobox")).to_have_count(12)
    for row in drills.get_by_role("combobox").all():
        row.select_option("guest")
    drills.get_by_label("Memory: every page").check()
    drills.get_by_role("button", name="Check").click()
    expect(drills).to_contain_text("Some of them are not so.")
    expect(drills).to_contain_text("2/2. Yes: the run shows a sum that does not close.")
    drills.get_by_role("combobox").first.select_option("")
    drills.get_by_role("button", name="Check").click()
    expect(drills.get_by_role("alert")).to_contain_text("expected one option in every row")
    leave = part(page, "Exit ticket")
    leave.get_by_label("Half true").check()
    leave.get_by_role("button", name="Answer").click()
    expect(leave.locator(".vmw-score")).to_have_text("8 points of 10")
    expect(drills.locator(".vmw-score")).to_have_text("8 points of 10")
    expect(drills.get_by_role("combobox").first).to_have_value("")
    assert axe(page, ".vmw-lesson") == []
    assert axe(page, ".vmw-clock") == []


def test_chapter_2_stays_locked_until_predicted_also_after_reload_and_restart(chapter, notebook):
    page = chapter("02_cutting_the_server")
    shares = page.get_by_role("slider", name="Shares")
    expect(shares).to_be_disabled()
    expect(page.get_by_role("button", name="Play")).to_be_disabled()
    for new_kernel in (False, True):
        come_back(page, notebook, new_kernel=new_kernel)
        expect(shares).to_be_disabled()

    predict(page, "1.5")
    expect(shares).to_be_enabled()
    come_back(page, notebook, new_kernel=True)
    expect(part(page, "Predict").get_by_role("textbox")).to_have_value("1.50")
    expect(shares).to_be_enabled()

    page.get_by_role("combobox", name="Workload").select_option("constant")
    expect(page.get_by_role("button", name=re.compile("^B, .*Processor time: 3.50 GHz"))).to_be_visible()
    observe = part(page, "Observe")
    observe.get_by_role("textbox").fill("1.75")
    observe.get_by_role("button", name="Record").click()
    expect(observe.get_by_role("status").first).to_contain_text("2/2.")


def test_what_is_locked_is_what_was_recorded_not_what_was_written_since(chapter, tmp_path):
    page = chapter("02_cutting_the_server")
    go = tmp_path / "go"
    run(
        page,
        f"""
from pathlib import Path
from vmwidgets.widgets.lesson_views import PartView
heard = PartView._on_answer
def hear(part, said):
    while not Path({str(go)!r}).exists():
        pass
    heard(part, said)
PartView._on_answer = hear
""",
    )
    box = part(page, "Predict")
    field = box.get_by_role("textbox")
    field.fill("1.5")
    box.get_by_label("2 rather unsure").check()
    box.get_by_role("button", name="Commit the prediction").click()
    field.fill("4")
    go.touch()
    expect(field).to_be_disabled()
    quiet(page)
    expect(field).to_have_value("1.50")


def test_chapter_3_asks_the_slowed_machine_and_what_its_neighbour_tried(chapter, notebook, axe):
    page = chapter("03_walls")
    workload = page.locator(".vmw-board, .vmw-lab").get_by_role("combobox", name="Workload").first
    expect(workload).to_be_disabled()
    attempts = page.locator(".jp-OutputArea-output", has_text="B has fallen")
    expect(attempts).to_have_count(0)
    expect(part(page, "Predict").get_by_role("combobox")).to_have_count(3)
    for row in part(page, "Predict").get_by_role("combobox").all():
        row.select_option("no")
    predict(page, "2")
    expect(workload).to_be_enabled()

    page.get_by_role("button", name=re.compile("^B, ")).first.click()
    quiet(page)  # the settings are those of A until then
    workload.select_option("cpu_burner")
    expect(page.get_by_role("button", name=re.compile("^A, .*Processor time: 2.67 GHz"))).to_be_visible()
    notebook.run_all(page)
    expect(attempts).to_contain_text("nothing of what A wrote")

    observe = part(page, "Observe")
    expect(observe.get_by_role("combobox")).to_have_count(3)
    for row, seen in zip(observe.get_by_role("combobox").all(), ("no", "no", "yes"), strict=True):
        row.select_option(seen)
    observe.get_by_role("textbox").fill("1.33")
    observe.get_by_role("button", name="Record").click()
    expect(observe.get_by_role("status").nth(1)).to_contain_text("1/1.")
    explain = part(page, "Explain")
    explain.get_by_label("The policy let it").check()
    explain.get_by_role("textbox").fill("tables, nothing in common, settings")
    explain.get_by_role("button", name="Answer").click()
    drills = part(page, "Drills")
    expect(drills.get_by_role("textbox")).to_have_count(3)
    for box, value in zip(drills.get_by_role("textbox").all(), ("3800", "4300", "44"), strict=True):
        box.fill(value)
    for row in drills.get_by_role("combobox").all():
        row.select_option("performance")
    drills.get_by_role("button", name="Check").click()
    expect(drills).to_contain_text("A keeps at least 95 %, and the server is in use.")
    expect(drills).to_contain_text("In the run A still loses more than 5 %.")
    expect(drills).to_contain_text("This one is shared, and rightly so")
    part(page, "Exit ticket").get_by_label("It becomes slower").check()
    part(page, "Exit ticket").get_by_role("button", name="Answer").click()
    expect(part(page, "Exit ticket").locator(".vmw-score")).to_have_text("7 points of 10")
    assert axe(page, ".vmw-lesson") == []


def test_the_folder_makes_a_chapter_russian(chapter):
    page = chapter("01_one_server", "ru")
    expect(page.get_by_role("heading", name="Прогноз", exact=True).last).to_be_visible()
    expect(page.locator(".vmw-clock")).not_to_contain_text("The run")


def test_time_passes_on_the_board_and_in_the_charts(notebook):
    page = notebook.anew(
        "import vmwidgets as vm\nlab = vm.Lab(seed=1)\nlab.create_vm('web', workload='web')\n"
        "lab.create_vm('batch', vcpus=4, workload='batch')\nboard = vm.Board(lab)\nboard"
    )
    line = page.locator(".vmw-chart").first.locator("path.line").nth(1)
    expect(line).to_have_attribute("d", re.compile("^M"))
    before = line.get_attribute("d")
    page.get_by_label("Speed").select_option("15")
    play = page.get_by_role("button", name="Play")
    play.press("Enter")
    expect(page.get_by_role("button", name="Pause")).to_have_attribute("aria-pressed", "true")
    page.wait_for_function("() => Number(document.querySelector('.vmw-transport').dataset.vmwTick) >= 150")
    page.get_by_role("button", name="Pause").click()
    expect(play).to_have_attribute("aria-pressed", "false")
    expect(line).not_to_have_attribute("d", before)
    figure = page.get_by_role("img", name=re.compile("Processor time used by each VM, GHz"))
    expect(figure).to_be_visible()

    past = page.get_by_role("slider", name="Past")
    past.press("Home")
    expect(page.locator(".vmw-board")).to_contain_text("tick 0 · day 1, 00:00")
    page.get_by_role("button", name="Back to now").click()
    expect(page.locator(".vmw-board")).not_to_contain_text("tick 0 ·")


def test_what_is_seen_can_be_saved(notebook):
    page = notebook.anew(
        "import vmwidgets as vm\nlab = vm.Lab()\nlab.create_vm('a<b>', workload='web')\nlab.advance(3)\nvm.Board(lab)"
    )
    begins = {
        "svg": b"<svg",
        "png": b"\x89PNG",
        "csv": b"tick,vm,cpu_demand_khz",
        "jsonl": b'{"vmwidgets":"experiment"',
    }
    for kind, beginning in begins.items():
        with page.expect_download() as saved:
            page.get_by_role("combobox", name="Save").select_option(kind)
        data = saved.value.path().read_bytes()
        assert saved.value.suggested_filename == f"vmwidgets.{kind}"
        assert data.startswith(beginning)
        assert b"a<b>" not in data or kind != "svg"
    # In a closed list a key would choose, and so save, what nobody has read.
    saves = []
    page.on("download", lambda made: saves.append(made.suggested_filename))
    for key in ("p", "End", "ArrowDown"):
        page.get_by_role("combobox", name="Save").press(key)
    page.wait_for_function("document.activeElement.matches('select:open')")
    page.keyboard.press("Escape")
    for key in ("Tab", "F5"):
        press = f"e => e.dispatchEvent(new KeyboardEvent('keydown', {{key: '{key}', cancelable: true}}))"
        assert page.get_by_role("combobox", name="Save").evaluate(press), "what chooses nothing is left to the browser"
    page.get_by_role("button", name="Step").click()
    expect(page.locator(".vmw-board")).to_contain_text("tick 4 ·")
    assert saves == []
