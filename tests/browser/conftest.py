"""Fixtures that open notebooks in real front ends, in the system's Chromium, and watch what they log and fetch."""

import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import nbformat
import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, expect, sync_playwright

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
    "--disable-smooth-scrolling",
    # Nothing outside can be reached. (Intercepted requests could be refused, too, and would be cached no more.)
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]
PATIENCE_MS = 60_000
expect.set_options(timeout=PATIENCE_MS)
VIEWPORT = (1280, 900)
WORKSPACES = count(1)
# anywidget gives a view two seconds to begin, however slow the computer is.
PATIENT = f"""{{ const signal = AbortSignal.timeout.bind(AbortSignal);
  AbortSignal.timeout = (ms) => signal(Math.max(ms, {PATIENCE_MS})); }}"""
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
  if (window.unanswered) return;
  window.unanswered = new Set();
  // A view numbers what it says, and the kernel answers under that number.
  panel.sessionContext.session.kernel.anyMessage.connect((_, {msg}) => {
    const {seq, ack} = (msg.header.msg_type === "comm_msg" && msg.content.data.content) || {};
    if (seq !== undefined) window.unanswered.add(seq);
    if (ack !== undefined) window.unanswered.delete(ack);
  });
}"""
# A page that is reloaded asks the kernel for every widget: those of the tests before must not be among them. Nor does
# the kernel keep what they were of.
CELLS = """async (cells) => {
  const panel = jupyterapp.shell.currentWidget;
  const notebook = panel.content.model.sharedModel;
  notebook.deleteCellRange(0, notebook.cells.length);
  const code = "import ipywidgets; ipywidgets.Widget.close_all(); get_ipython().reset()";
  await panel.sessionContext.session.kernel.requestExecute({code, silent: true, store_history: false}).done;
  window.unanswered.clear();  // who is closed answers no more
  notebook.transact(() => {
    notebook.deleteCellRange(0, notebook.cells.length);
    notebook.insertCells(0, cells.map((source) => ({cell_type: "code", source})));
  });
}"""
# Each view sends its messages one at a time, the next when the kernel has answered, and draws once a frame: ask again
# until a round trip passes in which no view has sent anything. The round trip alone would not do: JupyterLab sends what
# views say to another thread of the kernel than what is run.
QUIET = """async (patience) => {
  const {kernel} = jupyterapp.shell.currentWidget.sessionContext.session;
  const end = performance.now() + patience;
  const frame = () => new Promise((done) => requestAnimationFrame(done));
  let sent;
  const hear = (_, {direction, msg}) => { sent ||= direction === "send" && msg.header.msg_type === "comm_msg"; };
  const late = () => { if (performance.now() > end) throw new Error("the kernel and the views do not come to rest"); };
  kernel.anyMessage.connect(hear);
  try {
    do {
      late();
      sent = false;
      while (window.unanswered.size) {
        late();
        await frame();
      }
      await kernel.requestExecute({code: "", silent: true, store_history: false}).done;
      await frame();
      await frame();
    } while (sent || window.unanswered.size);
  } finally {
    kernel.anyMessage.disconnect(hear);
  }
}"""
# What failed is in the notebook before it is on the screen.
RUN_ALL = """async () => {
  await jupyterapp.commands.execute("notebook:run-all-cells");
  const cells = [...jupyterapp.shell.currentWidget.content.model.cells];
  return cells.flatMap((cell) => cell.toJSON().outputs ?? []).filter((output) => output.output_type === "error");
}"""
# A notebook that draws only the cells in sight now and then takes one out twice; our views never call this. And of a
# widget that was closed while it began, anywidget says a minute later that it has not begun.
FOREIGN = re.compile(r"execute 'removeChild'|^\[anywidget\] Failed to initialize model")
FAILURE = pytest.StashKey[bool]()


@dataclass(eq=False)
class Watched:
    """One page, and what it said and asked for that it should not have."""

    server: Server
    page: Page
    own_context: BrowserContext | None
    path: str
    front: str
    bare: bool
    bad: list[str] = field(default_factory=list)

    def watch(self) -> None:
        """Record errors, warnings and outside requests, which the browser itself refuses."""
        record = self.bad.append

        def asks(request: Request) -> None:
            if request.url.startswith("http") and not request.url.startswith(self.server.url):
                record(f"outside: {request.url}")

        def speaks(message: ConsoleMessage) -> bool:
            # Notebook 7 now and then asks for a font of its own before it has logged in, and is refused.
            own_font = "/static/notebook/" in (url := message.location["url"]) and url.endswith(".woff2")
            # JupyterLab complains of a slow computer.
            slow = re.match(r"Plugin .* (is taking too long|took .*ms) to activate\.", message.text)
            return message.type in ("error", "warning") and not own_font and not slow

        page, here = self.page, self.server.url.removeprefix("http")
        page.on("console", lambda m: record(f"{m.type}: {m.text}") if speaks(m) else None)
        page.on("pageerror", lambda e: None if FOREIGN.search(str(e)) else record(f"uncaught: {e}"))
        page.on("websocket", lambda w: None if w.url.startswith(f"ws{here}") else record(f"outside: {w.url}"))
        page.on("request", asks)

    def close(self) -> None:
        """Close the page and end its kernel."""
        (self.own_context or self.page).close()
        if self.front != "voila":  # Voila ends the kernel when its page is gone, and has no such interface.
            self.server.end_kernel(self.path)


class Notebooks:
    """Opens notebooks: call it with cells, or use :meth:`anew`, or :meth:`open` for a notebook file."""

    def __init__(self, server: Server, tabs: BrowserContext, name: str, kept: list[Watched] | None = None) -> None:
        self._server, self._tabs, self._name = server, tabs, name
        self._kept = [] if kept is None else kept
        self.opened: list[Watched] = []

    def __call__(self, *cells: str, run: bool = True, folder: str = "", front: str = "lab", **options) -> Page:
        """A page with a new notebook of these code cells, run; `folder` may decide the language."""
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
        notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
        path = self._place(folder)
        nbformat.write(notebook, self._server.root / path)
        return self.open(path, run=run, front=front, **options)

    def anew(self, *cells: str, viewport: tuple[int, int] = VIEWPORT) -> Page:
        """The page that most tests share, with these cells, run: another lab and other widgets.

        JupyterLab and the kernel are as the tests before left them. Who asks what these remember opens a page.
        """
        if not self._kept:
            page = self(*cells, viewport=viewport)
            self._kept.append(self.opened[-1])
            begun(page)
            return page
        (watched,) = self._kept
        if watched not in self.opened:
            self.opened.append(watched)
        page, (width, height) = watched.page, viewport
        page.set_viewport_size({"width": width, "height": height})
        page.mouse.move(0, 0)
        switch(page, "light")
        page.evaluate(CELLS, cells)
        self.run_all(page)
        begun(page)
        return page

    def open(
        self,
        path: str,
        *,
        run: bool = True,
        front: str = "lab",
        bare: bool = False,
        viewport: tuple[int, int] = VIEWPORT,
        **context_options,
    ) -> Page:
        """A page with the notebook at `path` under the server's root.

        `front` is ``"lab"`` (JupyterLab, one document), ``"notebook"`` (Notebook 7) or ``"voila"``. What a `bare`
        page says, one without our widgets, is the front end's own noise: other pages of the test may say it too.
        """
        own = patient(chromium, **context_options) if context_options and (chromium := self._tabs.browser) else None
        page, (width, height) = (own or self._tabs).new_page(), viewport
        page.set_viewport_size({"width": width, "height": height})
        watched = Watched(self._server, page, own, path, front, bare)
        watched.watch()
        self.opened.append(watched)
        # Two tabs in one workspace would make JupyterLab load the second one twice.
        lab = f"doc/workspaces/{next(WORKSPACES)}/tree"
        prefix = {"lab": lab, "notebook": "notebooks", "voila": "voila/render"}[front]
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
        errors = page.evaluate(RUN_ALL)
        assert not errors, errors

    def close(self, *, failed: bool = False) -> list[str]:
        """Close the pages, but a kept one only after a failure; returns what was logged and fetched amiss."""
        noise = {text for watched in self.opened if watched.bare for text in watched.bad}
        bad = [text for watched in self.opened for text in watched.bad if text not in noise]
        for watched in self.opened:
            if watched not in self._kept or failed or bad:
                watched.close()
            watched.bad.clear()
        if failed or bad:
            self._kept.clear()
        return bad

    def _place(self, folder: str) -> str:
        (self._server.root / folder).mkdir(parents=True, exist_ok=True)
        name = "".join(c if c.isalnum() else "_" for c in self._name)
        return str(Path(folder) / f"{name}_{len(self.opened)}.ipynb")


def patient(browser: Browser, **options: Any) -> BrowserContext:
    """Where pages open in which a slow computer fails no test."""
    context = browser.new_context(**options)
    context.set_default_timeout(PATIENCE_MS)
    context.add_init_script(PATIENT)
    return context


def begun(page: Page) -> None:
    """Wait until all views of the screens that are there have begun: each does in its own time."""
    expect(page.locator(".vmw-lab:empty, .vmw-lab [class='lm-Widget']:empty")).to_have_count(0)


def quiet(page: Page) -> None:
    """Wait until the kernel has answered all that the views of the page have sent, and they have drawn it.

    What one view sends next may otherwise overtake what another has not sent yet.
    """
    page.evaluate(QUIET, PATIENCE_MS)


def switch(page: Page, name: str) -> None:
    """Switch JupyterLab's theme and wait until it shows."""
    full = {"dark": "JupyterLab Dark", "light": "JupyterLab Light"}[name]
    if page.evaluate("document.body.dataset.jpThemeName") != full:
        page.evaluate("(theme) => jupyterapp.commands.execute('apputils:change-theme', {theme}).then(() => null)", full)
        page.wait_for_function("(theme) => document.body.dataset.jpThemeName === theme", arg=full)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if report.when != "teardown" and report.failed:
        item.stash[FAILURE] = True
        pages = item.funcargs.get("notebook") or item.funcargs.get("voila")
        folder = item.funcargs.get("tmp_path")
        if pages and folder:
            for number, watched in enumerate(pages.opened):
                if watched.page.is_closed():
                    continue
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


@pytest.fixture(scope="session")
def tabs(browser) -> Iterator[BrowserContext]:
    """Where pages open: they share what the browser has fetched."""
    context = patient(browser)
    yield context
    context.close()


@pytest.fixture(scope="session")
def kept(jupyter, tabs) -> Iterator[list[Watched]]:
    """The page that most tests share, as soon as there is one: to load JupyterLab takes longer than many a test."""
    pages: list[Watched] = []
    yield pages
    bad = [text for watched in pages for text in watched.bad]
    for watched in pages:
        watched.close()
    assert not bad, bad


def _notebooks(server: Server, tabs: BrowserContext, request, kept=None) -> Iterator[Notebooks]:
    notebooks = Notebooks(server, tabs, request.node.name, kept)
    yield notebooks
    bad = notebooks.close(failed=request.node.stash.get(FAILURE, False))
    assert not bad, bad


@pytest.fixture
def notebook(jupyter, tabs, request, kept, tmp_path) -> Iterator[Notebooks]:
    """``notebook(cell, …) -> page`` with all cells run; fails the test on console errors and outside requests."""
    yield from _notebooks(jupyter, tabs, request, kept)


@pytest.fixture
def voila(voila_server, tabs, request, tmp_path) -> Iterator[Notebooks]:
    """``voila(cell, …, front="voila") -> page``; same watch."""
    yield from _notebooks(voila_server, tabs, request)


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
    return switch
