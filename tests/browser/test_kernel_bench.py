"""The bench of kernels in JupyterLab, and the two chapters that ask who has the machine."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_board import CONTRAST
from tests.browser.test_chapters import chapter, part  # noqa: F401 - a fixture

BENCH = ".vmw-bench"


@pytest.fixture
def page(notebook):
    opened = notebook.anew("import vmwidgets as vm\nbench = vm.KernelBench()\nbench", viewport=(1280, 1000))
    opened.locator(f"{BENCH} .vmw-pane").first.wait_for()
    return opened


def do(page: Page, act: str) -> None:
    page.locator(BENCH).get_by_role("button", name=act, exact=True).click()


def titles(page: Page) -> list[str]:
    return [title.split(" · ")[1] for title in page.locator(f"{BENCH} h4").all_inner_texts()]


def test_an_act_marks_the_panes_that_differ(page):
    assert titles(page) == ["as it was"] * 3
    do(page, "load the module wireguard")
    expect(page.locator(f"{BENCH} .vmw-said")).to_have_text("Done. Something has changed in: A.")
    assert titles(page) == ["changed", "as it was", "as it was"]
    expect(page.locator(f"{BENCH} .vmw-new")).to_have_count(1)
    expect(page.locator(f"{BENCH} .vmw-new td")).to_have_text("wireguard (was: none)")

    mode = page.get_by_label("The guests are")
    mode.select_option("container")
    expect(page.locator(f"{BENCH} .vmw-new")).to_have_count(0)
    do(page, "crash the kernel")
    expect(page.locator(f"{BENCH} .vmw-refused")).to_contain_text("/proc/sysrq-trigger is read-only in A")
    mode.select_option("privileged")
    do(page, "crash the kernel")
    expect(page.locator(f"{BENCH} .vmw-changed")).to_have_count(3)
    page.get_by_role("button", name="Boot everything anew").focus()
    page.keyboard.press("Enter")
    expect(page.locator(f"{BENCH} .vmw-changed")).to_have_count(0)


@pytest.mark.parametrize("shade", ["light", "dark"])
def test_both_themes_can_be_read(page, theme, axe, shade):
    theme(page, shade)
    do(page, "boot a kernel with a tick of 1000 Hz")
    expect(page.locator(f"{BENCH} .vmw-changed")).to_have_count(1)
    assert axe(page, BENCH) == []
    ratios = page.locator(f"{BENCH} :is(th, td, h4, legend, .vmw-said, label span, button)").evaluate_all(CONTRAST)
    assert [(text, ratio) for text, ratio in ratios if text and ratio < 4.5] == []
    assert len(ratios) > 50


def test_chapter_5_opens_its_bench_with_the_prediction(chapter):  # noqa: F811
    page = chapter("05_own_kernel")
    bench = page.locator(BENCH)
    expect(bench).to_contain_text("The bench opens when your prediction is in.")
    expect(bench.get_by_role("button", name="crash the kernel")).to_be_disabled()
    box = part(page, "Predict")
    rows = box.get_by_role("combobox")
    expect(rows).to_have_count(5)
    for row in rows.all():
        row.select_option(index=1)
    box.get_by_label("2 rather unsure").check()
    box.get_by_role("button", name="Commit the prediction").click()
    bench.get_by_role("button", name="crash the kernel").click()
    expect(bench.locator(".vmw-changed")).to_have_count(1)
    observe = part(page, "Observe")
    expect(observe.get_by_role("combobox")).to_have_count(5)
    for row, seen in zip(observe.get_by_role("combobox").all(), ("yes", "no", "no", "none", "all"), strict=True):
        row.select_option(seen)
    observe.get_by_role("button", name="Record").click()
    expect(observe.get_by_role("status").first).to_contain_text("1/1.")
    expect(observe.get_by_role("status").nth(1)).to_contain_text("1/1.")


def test_chapter_6_shows_both_machines_after_the_prediction(chapter, notebook):  # noqa: F811
    page = chapter("06_first_up")
    box = part(page, "Predict")
    box.get_by_role("radio", name="the OS").check()
    for row in box.get_by_role("combobox").all():
        row.select_option("os")
    box.get_by_label("2 rather unsure").check()
    box.get_by_role("button", name="Commit the prediction").click()
    expect(box.get_by_role("status").last).to_contain_text("Your prediction is in")
    notebook.run_all(page)
    lines = page.locator(".jp-OutputArea-output", has_text="hardware → firmware → hypervisor → Windows kernel")
    expect(lines).to_have_count(1)
    observe = part(page, "Observe")
    expect(observe.get_by_role("combobox")).to_have_count(3)
    observe.get_by_role("radio", name="the hypervisor (or VMM)").check()
    for row, seen in zip(observe.get_by_role("combobox").all(), ("vmm", "vmm", "os"), strict=True):
        row.select_option(seen)
    observe.get_by_role("button", name="Record").click()
    expect(observe.get_by_role("status").nth(1)).to_contain_text("1/1.")
