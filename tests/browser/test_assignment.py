"""Perimeter in JupyterLab: a token, a prediction, a program, a board; all is found again; both themes."""

from datetime import date

import pytest
from playwright.sync_api import Page, expect

from tests.assignments import reference
from tests.browser.conftest import quiet
from tests.browser.test_board import CONTRAST
from vmwidgets.assignments.perimeter import variant
from vmwidgets.assignments.tokens import Token, issue

TOKEN = issue(b"a secret of the class, 32 bytes!", "perimeter", "anna", "2026-autumn", date(2026, 12, 31)).text
HOST = variant(Token.parse(TOKEN).seed)
CELLS = (
    'import vmwidgets as vm\na = vm.Assignment("perimeter")\na.start',
    "a.recon",
    "a.break_memory",
    "a.fix",
    "a.price",
    "a.receipt",
)
START, FORM, SLOT, CODE = ".vmw-assignment-start", ".vmw-assignment-form", ".vmw-assignment-slot", ".vmw-attack"
BOARD, LAMP = ".vmw-assignment-board", ".vmw-lamp >> nth=0"


def button(page: Page, name: str):
    return page.get_by_role("button", name=name, exact=True)


def test_a_student_works_and_finds_everything_again(notebook, jupyter):
    page = notebook(*CELLS, folder="student/perimeter-en", viewport=(1280, 1600))
    expect(page.locator(f"{START} .vmw-practice")).to_have_text("PRACTICE: nothing here is graded.")
    page.get_by_role("textbox", name="Your token").fill(TOKEN)
    button(page, "Begin with this token").click()
    page.locator(f"{START}[data-vmw-token^=perimeter]").wait_for()
    expect(page.locator(".vmw-practice:visible")).to_have_count(0)

    recon = page.locator(FORM).first
    recon.get_by_role("radiogroup").first.get_by_label("weak").check()
    recon.get_by_label("2 rather unsure").check()
    button(page, "Commit the prediction").first.click()
    expect(recon.get_by_role("alert")).to_contain_text("expected one option in every row")
    quiet(page)
    expect(recon.get_by_role("radiogroup").first.get_by_label("weak")).to_be_checked()
    expect(recon.get_by_label("2 rather unsure")).to_be_checked()
    for n in range(2, 9):
        recon.get_by_role("radiogroup").nth(n - 1).get_by_label("weak").check()
    button(page, "Commit the prediction").first.click()
    expect(recon.locator(LAMP)).to_contain_text("5 of 5 points on your own instance")

    right = reference.program(HOST, "memory")
    page.get_by_role("combobox", name="The weakness").select_option(HOST.exploitable["memory"].family)
    area = page.get_by_role("textbox", name="Guest code")
    area.fill("nop\nmvo rax, 1\n")
    expect(page.locator(f"{CODE} .vmw-fault")).to_contain_text("there is no 'mvo'")
    area.fill(right)
    area.press("Control+Enter")
    expect(page.locator(f"{CODE} .vmw-verdict-box")).to_contain_text("The wall is crossed")
    foot = page.locator(FORM).nth(1)
    expect(foot.locator(LAMP)).to_contain_text("10 of 10 points")
    expect(foot).to_contain_text("Your answers lie in the answer file only")
    button(page, "Open hint 1 of 3; its price in points: 0").click()
    expect(page.locator(f"{SLOT} .vmw-hints li")).to_have_count(1)

    expect(page.locator(BOARD)).to_contain_text("Memory: your program still crosses")
    fix = reference.answers(HOST)["a4"].value
    for box in page.locator(f"{BOARD} input").all():
        box.set_checked(box.get_attribute("name") in fix)
    expect(page.locator(BOARD)).to_contain_text("Memory: your program crosses no more")
    button(page, "Hand in this board").click()
    price = page.locator(FORM).nth(2)
    expect(page.locator(f"{BOARD} tr")).to_have_count(0)
    for name, value in (("Processor time", "1.5"), ("Frames", "18"), ("Exits", "1000")):
        price.get_by_role("textbox", name=name).fill(value)
    price.get_by_label("1 a guess").check()
    price.get_by_role("button", name="Commit the prediction").click()
    expect(page.locator(f"{BOARD} table:visible tr")).to_have_count(4)

    with page.expect_download() as download:
        button(page, "Download perimeter.answers.jsonl").click()
    assert TOKEN in download.value.path().read_text(encoding="utf-8")
    expect(foot).to_contain_text("Whether it has arrived, and what the grader finds with other secrets, is not known")
    button(page, "Open hint 2 of 3; its price in points: 1").click()
    expect(foot).to_contain_text("Your answers have changed since you took the receipt")
    expect(foot.locator(LAMP)).to_contain_text("9 of 10 points")
    quiet(page)  # a receipt that is copied before the page shows the new one is the old one
    button(page, "Copy the receipt").click()
    expect(foot).to_contain_text("is not known here")
    receipt = page.get_by_role("textbox", name="Receipt").input_value()
    assert receipt.startswith("VMW1-perimeter-")

    path = notebook.opened[-1].path
    jupyter.end_kernel(path)
    page.get_by_role("button", name="Open hint 3 of 3; its price in points: 2").click()
    expect(page.locator(f"{SLOT} .vmw-error")).to_contain_text("The kernel does not answer.")
    page.close()
    page = notebook.open(path, viewport=(1280, 1600))
    page.locator(f"{START}[data-vmw-token^=perimeter]").wait_for()
    expect(page.locator(FORM).first.locator(LAMP)).to_contain_text("5 of 5 points")
    expect(page.get_by_role("textbox", name="Guest code")).to_have_value(right)
    expect(page.locator(f"{SLOT} .vmw-hints li")).to_have_count(2)
    expect(page.locator(f"{BOARD} table:visible tr")).to_have_count(4)
    expect(page.get_by_role("textbox", name="Receipt")).to_have_value(receipt)


@pytest.mark.parametrize("shade", ["light", "dark"])
def test_both_themes_can_be_read(notebook, theme, axe, shade):
    page = notebook.anew(CELLS[0], "a.rules", *CELLS[1:], "a.diagnose", "a.post_mortem", viewport=(1280, 1600))
    expect(page.locator(".vmw-stage")).to_have_count(10)
    theme(page, shade)
    for summary in page.locator(".vmw-stage summary").all():
        if summary.locator("..").get_attribute("open") is None:
            summary.click()
    assert axe(page, ".jp-Notebook .vmw-stage") == []
    words = page.locator(".vmw-stage :is(th, td, h3, h4, small, b, p, li, label, span, strong)")
    ratios = words.evaluate_all(CONTRAST)
    assert [(text, ratio) for text, ratio in ratios if text and ratio < 4.5] == []
    assert len(ratios) > 100
