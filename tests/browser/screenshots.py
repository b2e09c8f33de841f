"""Take the README's pictures from the real widget: ``python -m tests.browser.screenshots``."""

import sys
import tempfile
from pathlib import Path

import nbformat
from playwright.sync_api import Page, sync_playwright

from tests.browser.conftest import CHROMIUM, READY, RUN_ALL
from tests.browser.servers import JUPYTER, TOKEN, as_root, serving
from tests.needs import ROOT, needs

# The first chapter's server with unequal machines, after enough ticks for the charts to show something.
CELL = """
import vmwidgets as vm
lab = vm.Lab(seed=1)
lab.create_vm("web", vcpus=2, memory_bytes=8 * vm.GiB, cpu_shares=2000, workload=vm.Workload("web"))
lab.create_vm("batch", vcpus=4, memory_bytes=4 * vm.GiB, workload=vm.Workload("batch"))
lab.create_vm("database", vcpus=2, memory_bytes=12 * vm.GiB, cpu_reservation_mhz=2000, workload=vm.Workload("database"))
lab.create_vm("burner", vcpus=1, memory_bytes=2 * vm.GiB, workload=vm.Workload("cpu_burner"))
lab.advance(120)
board = vm.Board(lab)
board
"""
VIEW = ".jp-OutputArea-output"
THEMES = {"light": "JupyterLab Light", "dark": "JupyterLab Dark"}
SHOW = "(theme) => jupyterapp.commands.execute('apputils:change-theme', {theme}).then(() => null)"


def picture(page: Page, theme: str, target: Path) -> None:
    """Switch to `theme` and take the widget."""
    page.evaluate(SHOW, THEMES[theme])
    page.wait_for_function("(theme) => document.body.dataset.jpThemeName === theme", arg=THEMES[theme])
    page.locator(VIEW).first.screenshot(path=target)
    print(target.relative_to(ROOT))


def main() -> None:
    """Take one picture per theme."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        root, home = Path(folder, "root"), Path(folder, "home")
        root.mkdir()
        home.mkdir()
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(CELL)])
        notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
        nbformat.write(notebook, root / "board.ipynb")
        command = [sys.executable, "-m", "jupyterlab", *JUPYTER, f"--ServerApp.root_dir={root}", *as_root("ServerApp")]
        with serving(command, "/api/status", root, home) as server:
            browser = playwright.chromium.launch(executable_path=needs("chromium"), args=CHROMIUM)
            page = browser.new_page(viewport={"width": 1200, "height": 1400}, device_scale_factor=2)
            page.goto(f"{server.url}/doc/tree/board.ipynb?token={TOKEN}&reset")
            page.evaluate(READY, 60_000)
            page.evaluate(RUN_ALL)
            page.locator(f"{VIEW} [class*=vmw-]").first.wait_for()
            for theme in THEMES:
                picture(page, theme, ROOT / "docs" / f"board-{theme}.png")
            browser.close()


if __name__ == "__main__":
    main()
