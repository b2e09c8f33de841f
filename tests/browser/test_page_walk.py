"""The page walk in JupyterLab: every reference by keyboard, faults, caches, both themes, screen readers."""

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import quiet
from tests.browser.test_board import CONTRAST

SETUP = """
import vmwidgets as vm
from vmwidgets.widgets.page_walk import PageWalk
hardware = vm.Hardware(memory_bytes=256 * vm.MiB, vmm_memory_bytes=8 * vm.MiB)
lab = vm.Lab(memory="esxi", hardware=hardware, tick_s=5)
for name, active in (("web", 375), ("database", 250), ("mail", 625)):
    load = vm.Workload("database", active_permille=active, touched_permille=1000)
    lab.create_vm(name, memory_bytes=128 * vm.MiB, workload=load)
lab.advance(60)
view = PageWalk(lab)
view
"""
WALK = ".vmw-walk"


def settled(page: Page) -> None:
    """Wait until a walk is drawn."""
    page.locator(f"{WALK}[data-vmw-step]").wait_for()


def button(page: Page, name: str) -> Locator:
    return page.locator(WALK).get_by_role("button", name=name, exact=True)


def run(page: Page, code: str) -> None:
    """Run code in the page's kernel."""
    page.evaluate(
        """async (code) => { const kernel = jupyterapp.shell.currentWidget.sessionContext.session.kernel;
        const reply = await kernel.requestExecute({code}).done;
        if (reply.content.status !== "ok") throw new Error(reply.content.evalue); }""",
        code,
    )


def pick(page: Page, name: str) -> None:
    """Choose an address of the list, and wait until its walk is drawn."""
    before = page.locator(WALK).get_attribute("data-vmw-step")
    page.get_by_role("combobox", name="Address of").select_option(name)
    page.wait_for_function("(old) => document.querySelector('.vmw-walk').dataset.vmwStep !== old", arg=before)


def cells(page: Page, state: str) -> list[str]:
    """The numbers of the references in a state."""
    return page.locator(f"{WALK} .vmw-cell.{state} b").all_inner_texts()


@pytest.fixture
def page(notebook):
    opened = notebook.anew(SETUP, viewport=(1280, 1250))
    settled(opened)
    return opened


def test_twenty_four_references_by_keyboard(page):
    slider = page.get_by_role("slider", name="Steps of the walk")
    expect(slider).to_have_value("0")
    slider.focus()
    for number in range(1, 25):
        page.keyboard.press("ArrowRight")
        expect(page.locator(f"{WALK} .vmw-now b")).to_have_text(str(number))
        expect(slider).to_have_attribute(
            "aria-valuetext", f"{number} of 24 references, {100 * number:,} of 2,400 cycles"
        )
        assert len(cells(page, "vmw-past")) == number - 1
    expect(page.locator(f"{WALK} .vmw-result.vmw-good")).to_contain_text("Machine address 0x")
    expect(button(page, "Next reference")).to_be_disabled()
    page.keyboard.press("ArrowLeft")
    expect(page.locator(f"{WALK} .vmw-now b")).to_have_text("23")
    expect(page.locator(f"{WALK} .vmw-end")).to_have_text("")
    page.keyboard.press("Home")
    expect(page.locator(f"{WALK} .vmw-now")).to_have_count(0)


def test_stepping_asks_no_kernel(page):
    quiet(page)
    messages = page.evaluate_handle(
        """() => { const seen = []; jupyterapp.shell.currentWidget.sessionContext.session.kernel.anyMessage.connect(
        (_, {msg}) => seen.push(msg.header.msg_type)); return seen; }"""
    )
    button(page, "Next reference").focus()
    for _step in range(30):
        page.keyboard.press("ArrowRight")
    page.locator(f"{WALK} .vmw-cell[data-step='6']").click()
    expect(page.locator(f"{WALK} .vmw-now b")).to_have_text("7")
    assert "comm_msg" not in messages.json_value()


def test_the_entry_and_the_bits_in_use(page):
    for _step in range(5):
        button(page, "Next reference").click()
    used = page.locator(f"{WALK} .vmw-used")
    expect(used).to_have_count(1)
    expect(used.locator("small")).to_have_text("level 4")
    expect(used.locator("code")).to_have_text("011111110")
    expect(page.locator(f"{WALK} .vmw-entry-head")).to_have_text("Entry of the guest's level 4 table")
    expect(page.locator(f"{WALK} .vmw-now")).to_contain_text("entry 254")
    assert "P present" in page.locator(f"{WALK} .vmw-on").all_inner_texts()
    entry = page.locator(f"{WALK} .vmw-entry > code").inner_text().replace(" ", "")
    next_table = page.locator(f"{WALK} .vmw-facts dd").nth(2).inner_text()
    assert int(entry, 16) & 0x000F_FFFF_FFFF_F000 == int(next_table, 16)
    button(page, "Next reference").click()
    physical = page.locator(f"{WALK} .vmw-strip").nth(1).locator(".vmw-strip-head code").inner_text().replace(" ", "")
    assert int(next_table, 16) == int(physical, 16) // 4096 * 4096


def test_large_pages_and_native(page):
    button(page, "To the end").click()
    for name, total, unused in (("2 MiB", 19, 5), ("none: native", 4, 20)):
        page.get_by_role("radio", name=name).check()
        assert cells(page, "vmw-now") == [str(total)]
        expect(page.locator(f"{WALK} .vmw-unused")).to_have_count(unused)
        expect(page.locator(f"{WALK} .vmw-what-if")).to_contain_text("What if")
    page.get_by_role("radio", name="4 KiB").check()
    assert cells(page, "vmw-now") == ["24"]
    expect(page.locator(f"{WALK} .vmw-what-if")).to_have_text("")


def test_faults_say_who_is_called(page):
    for name, head, who in (
        ("unmapped", "Page fault.", "the guest's kernel is called"),
        ("swapped", "EPT violation.", "The VMM has swapped the page out"),
        ("ballooned", "EPT violation.", "The page is in the balloon"),
    ):
        pick(page, name)
        expect(button(page, "Back")).to_be_disabled()
        button(page, "To the end").click()
        result = page.locator(f"{WALK} .vmw-result.vmw-bad")
        expect(result).to_contain_text(head)
        expect(result).to_contain_text(who)
        expect(page.locator(f"{WALK} .vmw-end")).to_have_text("✕fault")
        expect(page.locator(f"{WALK} .vmw-now.vmw-bad")).to_have_count(1)
    pick(page, "broken")
    expect(page.locator(f"{WALK} .vmw-result")).to_contain_text("No table is read")
    expect(page.get_by_role("slider", name="Steps of the walk")).to_be_disabled()


def test_an_address_by_hand_and_a_wrong_one(notebook, page):
    field = page.get_by_role("textbox", name="Address", exact=True)
    field.fill("ffff888000000123")
    field.press("Enter")
    expect(page.locator(f"{WALK} .vmw-strip").first).to_contain_text("0xffff 8880 0000 0123")
    expect(page.get_by_role("combobox", name="Address of")).to_have_value("")
    field.fill("what?")
    field.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("'what?' is no address, expected up to 16 hexadecimal digits")
    field.fill("12 or so")
    field.press("Tab")
    expect(page.get_by_role("alert")).to_contain_text("'12 or so' is no address")
    quiet(page)
    expect(field).to_have_value("12 or so")
    page.evaluate("() => jupyterapp.commands.execute('docmanager:save').then(() => null)")
    page.reload()
    notebook.ready(page)
    settled(page)
    expect(page.get_by_role("alert")).to_contain_text("'12 or so' is no address")
    expect(field).to_have_value("0xffff888000000123")


def test_an_address_stays_until_a_busy_kernel_has_answered(page, tmp_path):
    go = tmp_path / "go"
    run(
        page,
        f"""
from pathlib import Path
heard = view._on_address
def hear(said):
    view.state = {{**view.state, "visits": 7}}
    while not Path({str(go)!r}).exists():
        pass
    heard(said)
view._on_address = hear
""",
    )
    field = page.get_by_role("textbox", name="Address", exact=True)
    field.fill("ffff888000000123")
    field.press("Tab")
    expect(page.locator(f"{WALK} .vmw-caches")).to_contain_text("the walks before this one: 7")
    expect(field).to_have_value("ffff888000000123")
    go.touch()
    expect(field).to_have_value("0xffff888000000123")


def test_caches(page):
    button(page, "To the end").click()
    page.get_by_role("checkbox", name="nested TLB").check()
    page.get_by_role("checkbox", name="page-walk cache").check()
    output = page.locator(f"{WALK} .vmw-stepping output")
    expect(output).to_contain_text("24 of 24 references, 1,322 of 1,322 cycles")
    expect(page.locator(f"{WALK} .vmw-hit small").first).to_have_text("PWC")
    button(page, "Again").click()
    expect(output).to_contain_text("0 of 8 references")
    button(page, "To the end").click()
    expect(page.locator(f"{WALK} .vmw-hit").filter(has_text="nested TLB")).to_have_count(4)
    page.get_by_role("checkbox", name="TLB", exact=True).check()
    button(page, "Again").click()
    expect(page.locator(f"{WALK} .vmw-result")).to_contain_text("The TLB knows this page")
    assert cells(page, "vmw-now") == []


def test_a_box_stays_checked_until_a_busy_kernel_has_answered(page, tmp_path):
    run(
        page,
        f"""
from pathlib import Path
heard = view._on_set
def hear(said):
    while not Path({str(tmp_path)!r}, said["id"]).exists():
        pass
    heard(said)
view._on_set = hear
""",
    )
    nested, walks = (page.get_by_role("checkbox", name=name) for name in ("nested TLB", "page-walk cache"))
    nested.check()
    walks.check()
    (tmp_path / "nested_tlb").touch()
    expect(page.locator(f"{WALK} .vmw-ways")).to_contain_text("10 references, 1,006 cycles")
    assert nested.is_checked()
    assert walks.is_checked()
    (tmp_path / "pwc").touch()
    quiet(page)
    assert nested.is_checked()
    assert walks.is_checked()
    expect(page.locator(f"{WALK} .vmw-stepping output")).to_contain_text("0 of 24 references, 0 of 1,322 cycles")


def test_the_machine_frame_is_told_to_others(page):
    page.evaluate(
        "() => { window.seen = []; document.addEventListener('vmw-frame', (e) => window.seen.push(e.detail)); }"
    )
    button(page, "Next reference").click()
    seen = page.evaluate("window.seen.at(-1)")
    expect(page.locator(f"{WALK} .vmw-facts dd").nth(1)).to_have_text(f"{seen['frame']:,}")
    assert seen["lab"].startswith("lab-")
    page.locator(f"{WALK} .vmw-cell[data-step='23']").hover()
    page.wait_for_function("(frame) => window.seen.at(-1).frame !== frame", arg=seen["frame"])
    page.mouse.move(5, 5)
    page.wait_for_function("(frame) => window.seen.at(-1).frame === frame", arg=seen["frame"])
    page.get_by_role("radio", name="none: native").check()
    page.wait_for_function("() => window.seen.at(-1).frame === -1")


@pytest.mark.parametrize("shade", ["light", "dark"])
def test_axe_and_contrast(page, shade, theme, axe):
    theme(page, shade)
    pick(page, "swapped")
    page.get_by_role("checkbox", name="page-walk cache").check()
    button(page, "To the end").click()
    page.locator(f"{WALK} .vmw-twin summary").click()
    expect(page.locator(f"{WALK} table tr")).to_have_count(15)
    assert axe(page, WALK) == []
    ratios = page.locator(f"{WALK} :is(.vmw-cell b, .vmw-cell span, .vmw-flags li, .vmw-part span)").evaluate_all(
        CONTRAST
    )
    weak = [(text, ratio) for text, ratio in ratios if text and ratio < 4.5]
    assert len(ratios) > 60
    assert not weak


def test_the_text_twin(page):
    button(page, "To the end").click()
    page.locator(f"{WALK} .vmw-twin summary").click()
    rows = page.locator(f"{WALK} table tr")
    expect(rows).to_have_count(25)
    expect(rows.nth(5)).to_contain_text("Entry 254 of the guest's level 4 table")
    expect(page.locator(f"{WALK} .vmw-sentence")).to_contain_text("Reference 24 of 24.")


def test_notebook_shortcuts_stay_out(page):
    count = page.locator(".jp-Notebook .jp-Cell").count()
    stops = page.locator(f"{WALK} :is(button, input, select, summary)")
    for index in range(stops.count()):
        stop = stops.nth(index)
        if stop.is_enabled():
            stop.press("b")
            page.keyboard.press("x")
            quiet(page)  # a letter chooses in a list
    assert page.locator(".jp-Notebook .jp-Cell").count() == count


def test_a_narrow_page(notebook):
    page = notebook.anew(SETUP, viewport=(640, 1400))
    settled(page)
    button(page, "To the end").click()
    assert page.locator(WALK).evaluate("(el) => el.scrollWidth <= el.clientWidth + 1")


def test_before_the_guest_has_booted(notebook):
    page = notebook.anew(SETUP.replace("lab.advance(60)", ""))
    expect(page.locator(f"{WALK} .vmw-lock")).to_contain_text("web has not booted yet")
    expect(page.get_by_role("slider")).to_have_count(0)
    run(page, "lab.advance(1)")
    expect(page.get_by_role("slider")).to_be_visible()


def test_a_folded_walk_is_made_when_it_is_unfolded(notebook):
    page = notebook.anew(SETUP.replace("PageWalk(lab)", "PageWalk(lab, fold=True)"))
    title = page.locator(f"{WALK} .vmw-fold > summary")
    expect(page.get_by_role("slider")).to_have_count(0)
    title.press("Enter")
    expect(page.get_by_role("slider")).to_be_visible()
    button(page, "Next reference").click()
    assert cells(page, "vmw-now") == ["1"]
    title.click()
    expect(page.get_by_role("slider")).to_have_count(0)
    quiet(page)
    run(page, "assert view.state == {'folded': True, 'closed': ''}; lab.advance(1)")
    title.click()
    expect(page.get_by_role("slider")).to_be_visible()


def test_a_walker_of_ones_own(notebook):
    page = notebook.anew(
        "import vmwidgets as vm\nfrom vmwidgets.experiments.paging import walker_of\n"
        "vm.PageWalk(walker=walker_of(5, 5, pages=4), addresses=(0, 0x3000, 0x4000))"
    )
    settled(page)
    button(page, "To the end").click()
    assert cells(page, "vmw-now") == ["35"]
    pick(page, "at_2")
    button(page, "To the end").click()
    expect(page.locator(f"{WALK} .vmw-result")).to_contain_text("Page fault")
