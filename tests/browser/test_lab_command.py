"""`vmwidgets lab` as a student types it: chapter 1 is open, nothing asks for news, nothing leaves this machine."""

import sys

from playwright.sync_api import expect

from tests.browser.conftest import PATIENCE_MS, READY, patient
from tests.browser.servers import PORT, TOKEN, isolated, serving


def test_first_chapter_opens(browser, tmp_path):
    root, home = tmp_path / "root", tmp_path / "home"
    root.mkdir()
    home.mkdir()
    command = [sys.executable, "-m", "vmwidgets.cli", "lab", "--lang", "ru", "--no-browser", PORT, "--"]
    command += [f"--IdentityProvider.token={TOKEN}", "--allow-root", "--LabApp.expose_app_in_browser=True"]
    outside = []
    # With a new user's settings, who has not been asked anything yet.
    with serving(command, "/api/status", root, home, isolated(home, {})) as server:
        context = patient(browser)
        page = context.new_page()
        page.on(
            "request", lambda r: None if r.url.startswith((server.url, "data:", "blob:")) else outside.append(r.url)
        )
        page.goto(f"{server.url}/?token={TOKEN}")
        page.evaluate(READY, PATIENCE_MS)
        path = page.evaluate("() => jupyterapp.shell.currentWidget.context.path")
        assert path == "ru/01_one_server.ipynb"
        assert (root / "vmwidgets-course" / path).is_file()
        assert (
            page.evaluate("() => jupyterapp.isPluginActivated('@jupyterlab/apputils-extension:announcements')") is False
        )
        expect(page.get_by_text("official Jupyter news")).to_have_count(0)
        context.close()
    assert outside == []
