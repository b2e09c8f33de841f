"""Chapter 8 as a student meets it: the outcomes open with the prediction, and claims are decided by their cards."""

from playwright.sync_api import expect

from tests.browser.test_chapters import chapter, part, predict  # noqa: F401 - a fixture
from vmwidgets.chapters import benches, benches_drills, benches_facts
from vmwidgets.chapters.items import Draw
from vmwidgets.stacks import PRODUCTS

DRAW = Draw("practice", benches.NAME)


def test_chapter_8_from_the_log_out_to_the_choice(chapter, notebook, axe):  # noqa: F811
    page = chapter("08_seven_benches")
    outcomes = page.locator(".jp-OutputArea-output", has_text="VM process belongs to the session that ends")
    expect(outcomes).to_have_count(0)
    expect(page.locator(".jp-OutputArea-output", has_text="booted first")).to_be_visible()
    predict(page, "7")
    notebook.run_all(page)
    expect(outcomes.first).to_contain_text("ESXi: the guests go on")

    observe = part(page, "Observe")
    observe.get_by_role("textbox").fill("4")
    for row, seen in zip(observe.get_by_role("combobox").all(), benches.puzzle(DRAW).seen(), strict=True):
        row.select_option(seen)
    observe.get_by_role("button", name="Record").click()
    expect(observe.get_by_role("status").nth(1)).to_contain_text("1/1.")
    explain = part(page, "Explain")
    explain.get_by_label("They go on where the layers that were hit").check()
    explain.get_by_role("textbox").fill("KVM's process, into the session")
    explain.get_by_role("button", name="Answer").click()

    drills = part(page, "Drills")
    said, deck = benches_drills.claims_of(DRAW), benches_drills.deck_of(DRAW)
    cells = [benches_facts.answer(PRODUCTS[id], question) for id, question in benches_drills.blanks(DRAW)]
    answers = [*cells, *(one.claim.verdict for one in said), *("ABCDEF"[deck.index(one)] for one in said)]
    rows = drills.get_by_role("combobox")
    expect(rows).to_have_count(len(answers))
    for row, value in zip(rows.all(), answers, strict=True):
        row.select_option(value)
    drills.get_by_label("VirtualBox and Parallels").check()
    drills.get_by_role("button", name="Check").click()
    expect(drills).to_contain_text("All ten of them.")
    expect(drills).to_contain_text("Yes: each claim with the card that decides it.")
    expect(drills).to_contain_text("Yes. One layer, and nothing else.")
    leave = part(page, "Exit ticket")
    leave.get_by_label("ESXi", exact=True).check()
    leave.get_by_role("button", name="Answer").click()
    expect(leave.locator(".vmw-score")).to_have_text("10 points of 10")
    assert axe(page, ".vmw-lesson") == []
