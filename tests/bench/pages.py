"""What the benchmarks in a browser share: the peer, a notebook page, a board with eight machines, a slow link."""

import asyncio
import contextlib
import importlib
import os
import sys
import tempfile
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import cast

import nbformat
from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.conftest import CHROMIUM, READY, RUN_ALL
from tests.browser.servers import JUPYTER, TOKEN, Server, as_root, serving
from tests.needs import needs

PEER = "VMWIDGETS_CHART_BENCH"
NODELAY = "--ServerApp.kernel_websocket_connection_class=vmwidgets.websocket.NoDelay"
# Eight busy machines; the first would take all it may, so every step of its limit moves the lines of others too.
BOARD = """
import vmwidgets as vm
lab = vm.Lab(seed=1, hardware=vm.Hardware(pcpus=8))
burner = vm.Workload("cpu_burner")
lab.create_vm("A", vcpus=8, memory_bytes=2 * vm.GiB, cpu_shares=20_000, workload=burner)
for name, kind in zip("BCDEFGH", ("web", "batch", "database", "cpu_burner", "web", "batch", "cpu_burner")):
    lab.create_vm(name, vcpus=2, memory_bytes=2 * vm.GiB, workload=vm.Workload(kind))
lab.advance(200)
board = vm.Board(lab, unfold=True)
board
"""
SLIDER = ".vmw-controls input[name=cpu_limit_mhz]"


def peer() -> tuple[ModuleType, ModuleType, Path]:
    """The peer's modules ``bench`` and ``variants``, and its folder, which the environment names."""
    folder = Path(os.environ.get(PEER, ""))
    if not (folder / "variants.py").is_file():
        raise SystemExit(f"set {PEER} to the folder of the chart latency benchmark")
    sys.path.insert(0, str(folder))
    return importlib.import_module("bench"), importlib.import_module("variants"), folder


@contextlib.contextmanager
def jupyter(*options: str) -> Iterator[Server]:
    """A JupyterLab of our own for the time of a benchmark."""
    with tempfile.TemporaryDirectory() as folder:
        root, home = Path(folder, "root"), Path(folder, "home")
        root.mkdir()
        home.mkdir()
        command = [sys.executable, "-m", "jupyterlab", *JUPYTER, f"--ServerApp.root_dir={root}", *options]
        with serving([*command, *as_root("ServerApp")], "/api/status", root, home) as server:
            try:
                yield server
            finally:
                for kernel in server.api("/api/kernels"):
                    server.api(f"/api/kernels/{kernel['id']}", "DELETE")


@contextlib.contextmanager
def chromium() -> Iterator[Browser]:
    """The system's Chromium with a fresh profile."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=needs("chromium"), args=CHROMIUM)
        yield browser
        browser.close()


def open_page(
    browser: Browser,
    server: Server,
    name: str,
    cells: Sequence[str],
    *,
    url: str = "",
    prepare: Callable[[Page], object] = lambda _page: None,
) -> Page:
    """A page with a notebook of these cells, all run; `url` replaces the server's, `prepare` sees the page empty."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    for cell in notebook.cells:
        cell.metadata["jupyter"] = {"source_hidden": True}
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(notebook, server.root / f"{name}.ipynb")
    # One context per page: two JupyterLab pages with one storage fight over the name of the workspace.
    context = browser.new_context(viewport={"width": 1200, "height": 1000})
    context.set_default_timeout(120_000)
    page = context.new_page()
    prepare(page)
    page.goto(f"{url or server.url}/doc/tree/{name}.ipynb?token={TOKEN}&reset")
    page.evaluate(READY, 120_000)
    page.evaluate(RUN_ALL)
    return page


def ask(page: Page, expression: str) -> str:
    """The repr of an expression, evaluated in the page's kernel."""
    return page.evaluate(
        """async (code) => {
          const kernel = jupyterapp.shell.currentWidget.sessionContext.session.kernel;
          const future = kernel.requestExecute({code: "", silent: true, user_expressions: {value: code}});
          const reply = await future.done;
          const {value} = reply.content.user_expressions;
          return value.status === "ok" ? value.data["text/plain"] : value.evalue;
        }""",
        expression,
    )


class _End(asyncio.Protocol):
    """One end of a link: what comes in here goes out at the other end, later and in the same order."""

    def __init__(self, delay_s: float) -> None:
        self.delay_s = delay_s
        self.under_way: deque[bytes] = deque()
        self.other: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self.under_way.append(data)
        asyncio.get_running_loop().call_later(self.delay_s, self.deliver)

    def connection_lost(self, exc: Exception | None) -> None:
        asyncio.get_running_loop().call_later(self.delay_s, lambda: self.other and self.other.close())

    def deliver(self) -> None:
        if self.other and self.under_way:
            self.other.write(self.under_way.popleft())


class _Near(_End):
    """The browser's end; it opens the way to the server when the browser comes."""

    def __init__(self, delay_s: float, port: int) -> None:
        super().__init__(delay_s)
        self.port = port

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.transport.pause_reading()
        self.opening = asyncio.ensure_future(self.open())

    async def open(self) -> None:
        far = _End(self.delay_s)
        far.other = self.transport
        transport, _ = await asyncio.get_running_loop().create_connection(lambda: far, "127.0.0.1", self.port)
        self.other = transport
        self.transport.resume_reading()


@contextlib.contextmanager
def slow_link(server: Server, delay_s: float) -> Iterator[str]:
    """The URL of a link to the server on which every byte takes `delay_s` longer, in both directions."""
    port = int(server.url.rsplit(":", 1)[1])
    # A thread of its own: Playwright's synchronous interface keeps a loop running in this one.
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    opening = loop.create_server(lambda: _Near(delay_s, port), "127.0.0.1", 0)
    listening = asyncio.run_coroutine_threadsafe(opening, loop).result(30)
    try:
        yield f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        listening.close()
        loop.close()


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a Markdown table."""
    print("| " + " | ".join(head) + " |")
    print("|" + "---|" * len(head))
    for row in rows:
        print("| " + " | ".join(f"{x:.2f}" if isinstance(x, float) else str(x) for x in row) + " |")
