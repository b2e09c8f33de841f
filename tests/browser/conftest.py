"""Fixtures that open notebooks in real front ends, in the system's Chromium, and watch what they log and fetch."""

import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Route, sync_playwright

from tests.browser.servers import JUPYTER, PORT, TOKEN, Server, as_root, serving
from tests.needs import needs

CHROMIUM = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE_MS = 60_000
# The indicator says "idle" before a kernel exists, so ask the application itself.
READY = """async (patience) => {
  const until = (test) => new Promise((done, fail) => {
    const end = performance.now() + patience;
    const look = () => {
      const value = test();
      if (value) done(value);
      else if (performance.now() > end) fail(new Error(`never: ${test}`));
      else requestAnimationFrame(look);
    };
    look();
  });
  const app = await until(() => window.jupyterapp);
  await app.restored;
  await until(() => app.shell.currentWidget?.sessionContext);
  const panel = app.shell.currentWidget;
  await panel.context.ready;
  await panel.sessionContext.ready;
  await until(() => panel.sessionContext.session?.kernel?.status === "idle");
}"""
RUN_ALL = "() => jupyterapp.commands.execute('notebook:run-all-cells').then(() => null)"
FAILED = ".jp-OutputArea-output[data-mime-type='application/vnd.jupyter.error']"


@dataclass
class Watched:
    """One page, and what it said and asked for that it should not have."""

    server: Server
    context: BrowserContext
    page: Page
    path: str
    front: str
    bare: bool
    bad: list[str] = field(default_factory=list)

    def watch(self) -> None:
        """Record errors and warnings; refuse and record outside requests."""
        record = self.bad.append

        def guard(route: Route) -> None:
            if route.request.url.startswith(self.server.url):
                route.continue_()
            else:
                record(f"outside: {route.request.url}")
                route.abort()

        def speaks(message: ConsoleMessage) -> bool:
            # Notebook 7 now and then asks for a font of its own before it has logged in, and is refused.
            own_font = "/static/notebook/" in (url := message.location["url"]) and url.endswith(".woff2")
            return message.type in ("error", "warning") and not own_font

        page, here = self.page, self.server.url.removeprefix("http")
        page.on("console", lambda m: record(f"{m.type}: {m.text}") if speaks(m) else None)
        page.on("pageerror", lambda e: record(f"uncaught: {e}"))
        page.on("websocket", lambda w: None if w.url.startswith(f"ws{here}") else record(f"outside: {w.url}"))
        self.context.route(lambda url: url.startswith("http"), guard)


class Notebooks:
    """Opens notebooks: call it with cells, or use :meth:`copy_of` with a notebook file."""

    def __init__(self, server: Server, browser: Browser, name: str) -> None:
        self._server, self._browser, self._name = server, browser, name
        self.opened: list[Watched] = []

    def __call__(self, *cells: str, run: bool = True, folder: str = "", front: str = "lab", **options) -> Page:
        """A page with a new notebook of these code cells, run; `folder` may decide the language."""
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
        notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
        path = self._place(folder)
        nbformat.write(notebook, self._server.root / path)
        return self.open(path, run=run, front=front, **options)

    def copy_of(self, source: Path, *, run: bool = True, folder: str = "", front: str = "lab", **options) -> Page:
        """A page with a copy of the notebook `source`."""
        path = self._place(folder)
        shutil.copyfile(source, self._server.root / path)
        return self.open(path, run=run, front=front, **options)

    def open(
        self,
        path: str,
        *,
        run: bool = True,
        front: str = "lab",
        bare: bool = False,
        viewport: tuple[int, int] = (1280, 900),
        **context_options,
    ) -> Page:
        """A page with the notebook at `path` under the server's root.

        `front` is ``"lab"`` (JupyterLab, one document), ``"notebook"`` (Notebook 7) or ``"voila"``. What a `bare`
        page says, one without our widgets, is the front end's own noise: other pages of the test may say it too.
        """
        width, height = viewport
        context = self._browser.new_context(viewport={"width": width, "height": height}, **context_options)
        context.set_default_timeout(PATIENCE_MS)
        watched = Watched(self._server, context, context.new_page(), path, front, bare)
        watched.watch()
        self.opened.append(watched)
        page = watched.page
        prefix = {"lab": "doc/tree", "notebook": "notebooks", "voila": "voila/render"}[front]
        query = "" if front == "voila" else f"?token={TOKEN}&reset"
        page.goto(f"{self._server.url}/{prefix}/{path}{query}")
        if front != "voila":
            self.ready(page)
            if run:
                self.run_all(page)
        return page

    def ready(self, page: Page) -> None:
        """Wait until the page's kernel is there and idle; also after a reload."""
        page.evaluate(READY, PATIENCE_MS)

    def run_all(self, page: Page) -> None:
        """Run every cell, wait for the end, and insist that none failed."""
        page.evaluate(RUN_ALL)
        errors = page.locator(FAILED)
        assert errors.count() == 0, errors.all_inner_texts()

    def close(self) -> list[str]:
        """Close the pages and end their kernels; returns what was logged and fetched amiss."""
        for watched in self.opened:
            watched.context.close()
            if watched.front == "voila":
                continue  # Voila ends the kernel when its page is gone, and has no such interface.
            for session in self._server.api("/api/sessions"):
                if session["path"] == watched.path:
                    self._server.api(f"/api/sessions/{session['id']}", "DELETE")
        noise = {text for watched in self.opened if watched.bare for text in watched.bad}
        return [text for watched in self.opened for text in watched.bad if text not in noise]

    def _place(self, folder: str) -> str:
        (self._server.root / folder).mkdir(parents=True, exist_ok=True)
        name = "".join(c if c.isalnum() else "_" for c in self._name)
        return str(Path(folder) / f"{name}_{len(self.opened)}.ipynb")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if report.when == "call" and report.failed:
        pages = item.funcargs.get("notebook") or item.funcargs.get("voila")
        folder = item.funcargs.get("tmp_path")
        if pages and folder:
            for number, watched in enumerate(pages.opened):
                picture = folder / f"failed_{number}.png"
                watched.page.screenshot(path=picture)
                report.sections.append(("picture", str(picture)))
                report.sections.append(("page log", "\n".join(watched.bad)))
    return report


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The system's Chromium, with a profile of its own."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=needs("chromium"), args=CHROMIUM)
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def jupyter(tmp_path_factory) -> Iterator[Server]:
    """A Jupyter server with JupyterLab and Notebook 7."""
    needs("chromium")
    root, home = tmp_path_factory.mktemp("root"), tmp_path_factory.mktemp("home")
    command = [sys.executable, "-m", "jupyterlab", *JUPYTER, f"--ServerApp.root_dir={root}", *as_root("ServerApp")]
    with serving(command, "/api/status", root, home) as server:
        yield server


@pytest.fixture(scope="session")
def voila_server(tmp_path_factory) -> Iterator[Server]:
    """A Voila server over a folder of notebooks."""
    needs("chromium")
    needs("voila")
    root, home = tmp_path_factory.mktemp("voila_root"), tmp_path_factory.mktemp("voila_home")
    command = [sys.executable, "-m", "voila", str(root), PORT, "--no-browser", "--Voila.ip=127.0.0.1"]
    with serving(command, "/voila/static/voila.js", root, home) as server:
        yield server


def _notebooks(server: Server, browser: Browser, request, tmp_path: Path) -> Iterator[Notebooks]:
    notebooks = Notebooks(server, browser, request.node.name)
    yield notebooks
    bad = notebooks.close()
    assert not bad, bad


@pytest.fixture
def notebook(jupyter, browser, request, tmp_path) -> Iterator[Notebooks]:
    """``notebook(cell, …) -> page`` with all cells run; fails the test on console errors and outside requests."""
    yield from _notebooks(jupyter, browser, request, tmp_path)


@pytest.fixture
def voila(voila_server, browser, request, tmp_path) -> Iterator[Notebooks]:
    """``voila(cell, …, front="voila") -> page``; same watch."""
    yield from _notebooks(voila_server, browser, request, tmp_path)


@pytest.fixture(scope="session")
def axe() -> Callable[..., list[str]]:
    """``axe(page, ".my-view") -> violations`` inside that selector, one line each."""
    source = (Path(needs("axe")) / "axe.min.js").read_text(encoding="utf-8")

    def violations(page: Page, selector: str = ".jp-OutputArea") -> list[str]:
        page.evaluate(source)
        found = page.evaluate("(selector) => axe.run({include: [[selector]]}).then(r => r.violations)", selector)
        return [f"{v['id']}: {node['html']}" for v in found for node in v["nodes"]]

    return violations


@pytest.fixture(scope="session")
def theme() -> Callable[[Page, str], None]:
    """``theme(page, "dark")`` switches JupyterLab's theme and waits until it shows."""

    def switch(page: Page, name: str) -> None:
        full = {"dark": "JupyterLab Dark", "light": "JupyterLab Light"}[name]
        page.evaluate("(theme) => jupyterapp.commands.execute('apputils:change-theme', {theme}).then(() => null)", full)
        page.wait_for_function("(theme) => document.body.dataset.jpThemeName === theme", arg=full)

    return switch
