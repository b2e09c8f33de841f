"""Chapter 11 as a student meets it: a program from the range into its field, wrong, right, and there after a reload."""

from playwright.sync_api import Page, expect

from tests.browser.test_chapters import chapter, come_back, part  # noqa: F401 - a fixture
from tests.chapters.breaking_programs import PROGRAMS
from vmwidgets.attacks import ATTACKS
from vmwidgets.chapters import breaking, breaking_drills, breaking_levels
from vmwidgets.chapters import chapter as asked
from vmwidgets.chapters.items import Draw
from vmwidgets.chapters.threats import NONE, threats_of

DRAW = Draw("practice", breaking.NAME)
LEVELS = breaking_levels.levels(DRAW)


def field(page: Page, number: int):
    """The view of a program."""
    return page.locator(".vmw-lesson:has(textarea.vmw-program)").nth(number - 1)


def test_chapter_11_from_the_probe_to_the_ticket(chapter, notebook, axe):  # noqa: F811
    page = chapter(breaking.NAME)
    expect(page.locator(".vmw-latency")).to_have_count(0)
    expect(page.locator(".vmw-attack").first).to_contain_text("The controls open when your prediction is in.")
    box = part(page, "Predict")
    box.get_by_label("None: pages that are shared").check()
    for one, value in zip(box.get_by_role("textbox").all(), ("50", "50"), strict=True):
        one.fill(value)
    box.get_by_label("2 rather unsure").check()
    box.get_by_role("button", name="Commit the prediction").click()
    expect(page.locator(".vmw-latency")).to_have_count(2)
    expect(page.locator(".vmw-latency").first).to_contain_text("2 of them took 5,203 cycles or more")
    expect(page.locator(".vmw-latency .vmw-copied")).to_have_count(2)

    observe = part(page, "Observe")
    observe.get_by_role("textbox").first.fill(str(breaking.probe(DRAW).neighbours()))
    observe.get_by_role("textbox").last.fill("95")
    observe.get_by_role("button", name="Record").click()
    explain = part(page, "Explain")
    explain.get_by_label("Something that is shared, and a clock").check()
    explain.get_by_role("textbox").fill("the first write, and the wall")
    explain.get_by_role("button", name="Answer").click()

    first = field(page, 1)
    desk = page.locator(".vmw-attack", has_text="Level 1.1: memory").last
    desk.locator(".vmw-editor textarea").fill(PROGRAMS["left"].replace("jae next", "jae nowhere"))
    expect(desk).to_contain_text("this is 'nowhere'")
    first.get_by_role("button", name="Take the code over").click()
    expect(first.get_by_role("textbox")).to_have_value(PROGRAMS["left"].replace("jae next", "jae nowhere"))
    first.get_by_role("button", name="Check").click()
    expect(first).to_contain_text("line 12, column 9: this is 'nowhere'")
    first.get_by_role("button", name="Show the place").click()
    assert first.get_by_role("textbox").evaluate("e => e.value.slice(e.selectionStart, e.selectionEnd)") == "nowhere"
    for level in LEVELS:
        view = field(page, level.number)
        view.get_by_role("textbox").fill(PROGRAMS[level.task.id])
        view.get_by_role("button", name="Check").click()
        expect(view).to_contain_text("It gets there on 5 machines of 5")

    come_back(page, notebook, new_kernel=False)
    expect(field(page, 1).get_by_role("textbox")).to_have_value(PROGRAMS["left"])
    expect(field(page, 1)).to_contain_text("It gets there on 5 machines of 5")

    drills = part(page, "Drills")
    items = {one.id: one for one in asked(breaking.NAME).part("drills").items}
    cards = [
        next(one for one, _ in items["ch11.cards"].options if breaking_drills.stops(id, "kvm", one))
        for id, _ in items["ch11.cards"].rows
    ]
    families = [*(one.narrated.family for one in LEVELS), ATTACKS["host_read"].family]
    stack, other, attacks = breaking_drills._RESIDUAL[0]
    fates = [(id, stack) for id in attacks] + [("host_read", other)]
    answers = [
        *cards,
        *(one.told().deciding.check for one in LEVELS),
        *(min(threats_of(family)) for family in families),
        *("remains" if breaking_drills.succeeds(*one) else "stopped" for one in fates),
    ]
    assert answers.count(NONE) == 1
    rows = drills.get_by_role("combobox")
    expect(rows).to_have_count(len(answers))
    for row, value in zip(rows.all(), answers, strict=True):
        row.select_option(value)
    frames = breaking_drills.costs("kvm", DRAW.number("prices", 0, 999)).loc["salting", "frames"]
    drills.get_by_role("textbox").fill(str(frames))
    drills.get_by_role("button", name="Check").click()
    expect(drills.locator(".vmw-right")).to_have_count(5)
    leave = part(page, "Exit ticket")
    leave.get_by_label("Neither.").check()
    leave.get_by_role("button", name="Answer").click()
    expect(leave.locator(".vmw-score")).to_have_text("10 points of 10")
    assert axe(page, ".vmw-lesson") == []
    assert axe(page, ".vmw-latency") == []
