"""Messages and bytes per tick for the board with its charts, counted on the websocket of a real JupyterLab.

    python -m tests.bench.messages [--ticks 50]

The widgets' messages are those of the kind ``comm_msg``: one with new traits for each view that has something new, and
one answer, after which the browser may ask again. The kernel's "busy" and "idle" come on top of them.
"""

import argparse
import re
import statistics
from collections import Counter

from playwright.sync_api import Page, WebSocket

from tests.bench.pages import BOARD, chromium, jupyter, open_page, table
from tests.needs import needs

STEP = ".vmw-transport button[aria-label^=Step]"
BUDGET = 32 * 1024


def received(page: Page, frames: list[bytes | str]) -> None:
    """Collect what comes in on the kernel's websocket from now on."""

    def opened(socket: WebSocket) -> None:
        if "/channels" in socket.url:
            socket.on("framereceived", lambda frame: frames.append(frame))

    page.on("websocket", opened)


def kind(frame: bytes | str) -> str:
    """What a message carries: new traits, an answer, or the kernel's own."""
    data = frame.encode() if isinstance(frame, str) else frame
    header = re.search(rb'"msg_type":\s*"(\w+)"', data)  # its own comes first, then that of what it answers
    if header is None or header[1] != b"comm_msg":
        return "kernel"
    return "answer" if b'"ack"' in data else "data"


def main() -> None:
    """Count and report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ticks", type=int, default=50)
    chosen = parser.parse_args()
    needs("chromium")
    frames: list[bytes | str] = []
    ticks: list[list[tuple[str, int]]] = []
    with jupyter() as server, chromium() as browser:
        page = open_page(browser, server, "messages", [BOARD], prepare=lambda page: received(page, frames))
        page.locator(STEP).wait_for()
        views = page.locator(".vmw-view").count() + page.locator(".bqplot").count()
        tick = page.locator(".vmw-transport").get_attribute("data-vmw-tick")
        for _ in range(chosen.ticks):
            frames.clear()
            page.locator(STEP).click()
            page.wait_for_function(
                "(old) => document.querySelector('.vmw-transport').dataset.vmwTick !== old", arg=tick
            )
            page.wait_for_function(
                "() => jupyterapp.shell.currentWidget.sessionContext.session.kernel.status === 'idle'"
            )
            tick = page.locator(".vmw-transport").get_attribute("data-vmw-tick")
            ticks.append([(kind(frame), len(frame)) for frame in frames])
    print(f"{views} views, {len(ticks)} ticks; in {BUDGET} bytes all charts and the board must fit")
    rows = []
    for what in ("data", "answer", "kernel"):
        counts = [Counter(k for k, _ in one)[what] for one in ticks]
        sizes = [sum(size for k, size in one if k == what) for one in ticks]
        rows.append([what, statistics.median(counts), max(counts), statistics.median(sizes), max(sizes)])
    totals = [sum(size for _, size in one) for one in ticks]
    rows.append(
        ["all", statistics.median(map(len, ticks)), max(map(len, ticks)), statistics.median(totals), max(totals)]
    )
    table(["per tick", "messages", "most", "bytes", "most"], rows)


if __name__ == "__main__":
    main()
