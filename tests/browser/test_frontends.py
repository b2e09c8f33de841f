"""The same board in three front ends: JupyterLab, Notebook 7 and Voila."""

import re

import pytest
from playwright.sync_api import expect

BOARD = """
import vmwidgets as vm
lab = vm.Lab(seed=1)
lab.create_vm("web", vcpus=2, memory_bytes=8 * vm.GiB, workload="web")
lab.create_vm("burner", workload="cpu_burner")
lab.advance(600)
vm.Board(lab)
"""
BARE = "import ipywidgets; ipywidgets.IntSlider()"


@pytest.mark.parametrize("front", ["lab", "notebook", "voila"])
def test_board(front, request):
    notebooks = request.getfixturevalue("voila" if front == "voila" else "notebook")
    notebooks(BARE, bare=True, front=front)
    board = notebooks(BOARD, front=front).locator(".vmw-lab")
    card = board.get_by_role("button", name=re.compile("^web, "))
    expect(card).to_have_accessible_name(re.compile("2 vCPU · 8 GiB"))
    line = board.locator(".bqplot path.line").first
    before = line.get_attribute("d")
    vcpus = board.get_by_role("slider", name="vCPUs")
    vcpus.focus()
    vcpus.press("ArrowRight")
    expect(card).to_have_accessible_name(re.compile("3 vCPU · 8 GiB"))
    board.get_by_role("button", name="Step: let time pass once").click()
    expect(board.locator(".vmw-board")).to_contain_text("tick 601")
    expect(line).not_to_have_attribute("d", before)
