"""The same board in three front ends: JupyterLab, Notebook 7 and Voila."""

import pytest
from playwright.sync_api import expect

PROBE = """
import anywidget, traitlets
class Probe(anywidget.AnyWidget):
    _esm = '''export default { render({ model, el }) {
      el.className = "probe"; const show = () => { el.textContent = `value ${model.get("value")}`; };
      model.on("change:value", show); show();
      el.onclick = () => { model.set("value", model.get("value") + 1); model.save_changes(); }; } }'''
    value = traitlets.Int(3).tag(sync=True)
Probe()
"""
BARE = "import ipywidgets; ipywidgets.IntSlider()"


@pytest.mark.parametrize("front", ["lab", "notebook", "voila"])
def test_probe(front, request):
    notebooks = request.getfixturevalue("voila" if front == "voila" else "notebook")
    notebooks(BARE, bare=True, front=front)
    page = notebooks(PROBE, front=front)
    page.locator(".probe").click()
    expect(page.locator(".probe")).to_have_text("value 4")
