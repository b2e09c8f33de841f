"""From the slider to the painted chart: the board against its peers, interleaved in one run.

    VMWIDGETS_CHART_BENCH=FOLDER python -m tests.bench.chart_latency [--visits 40] [--nodelay]

FOLDER is the benchmark of chart libraries whose probe times each paint (its README says how); ``c_bqplot`` there is one
bare bqplot chart under one slider, ``a_inline`` a picture of matplotlib in an output. After the moves, an arrow key is
held for five seconds. Then all again over a link on which everything takes 100 ms longer each way.
"""

import argparse
import json
import random
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import Browser, Page

from tests.bench.pages import BOARD, NODELAY, SLIDER, ask, chromium, jupyter, open_page, peer, slow_link, table
from tests.browser.servers import Server

PEERS = ("c_bqplot", "a_inline")
SETTLE_MS, PATIENCE_MS = 60, 3_000
STEPS = 80  # a peer's slider has 100 steps; ours turns round after as many
LINES = (".vmw-charts .bqplot path.line", ".bqplot path.line")
# When the key came up, and when the last picture that differs from the one before was painted.
WATCH_RELEASE = """() => {
  window.__up = null;
  window.addEventListener("keyup", (event) => { window.__up = event.timeStamp; }, {capture: true, once: true});
}"""
QUIET = """(quiet) => new Promise((done) => {
  const look = () => performance.now() - (__probe.lastChange ?? 0) > quiet ? done(null) : setTimeout(look, 50);
  look();
})"""
RELEASED = """() => {
  const log = __probe.log, last = log.at(-1);
  const shown = log.find((entry) => entry.sig === last.sig && entry.mut >= last.mut - 1000);
  return {
    last: shown.raf2 - __up,
    frames: log.length,
    messages: __probe.ws.filter(([at]) => at > __up).length,
    sent: __probe.sent.filter(([at]) => at > __up).length,
  };
}"""


@dataclass
class Variant:
    """One way to draw, its page, and the moves that were timed on it."""

    name: str
    page: Page
    slider: str
    up: bool = True
    at: int = 10
    moves: list[dict[str, Any]] = field(default_factory=list)
    lost: int = 0

    def key(self) -> str:
        """The arrow to press next: up and down between the same bounds."""
        self.up = self.at < 90 if self.up else self.at <= 10
        self.at += 1 if self.up else -1
        return "ArrowRight" if self.up else "ArrowLeft"

    def move(self, settle_ms: int) -> dict[str, Any]:
        """Press an arrow key once and wait until the chart that follows has been quiet."""
        self.page.evaluate("() => __probe.arm()")
        self.page.keyboard.press(self.key())
        return self.page.evaluate("([s, t]) => __probe.result(s, t)", [settle_ms, PATIENCE_MS])

    def visit(self, moves: int, rnd: random.Random, settle_ms: int, keep: bool) -> None:
        """Come to this page, rest, and move a few times; the first move after a rest is not counted."""
        self.page.bring_to_front()
        self.page.locator(self.slider).first.focus()
        time.sleep(0.12)
        for number in range(moves):
            time.sleep(rnd.random() * 0.017)  # no lock step with the display's clock
            result = self.move(settle_ms)
            if keep and number and result["ok"]:
                self.moves.append(result)
            elif keep and number:
                self.lost += 1

    def percentile(self, q: float, what: str = "lat") -> float:
        """A percentile over all moves."""
        values = [move[what] for move in self.moves if move[what] is not None]
        return float(np.percentile(values, q)) if values else float("nan")


def variants(browser: Browser, server: Server, names: list[str], url: str = "") -> list[Variant]:
    """Open one page for each."""
    _, sources, folder = peer()
    opened: list[Variant] = []

    def observe(page: Page) -> None:
        page.add_init_script(path=folder / "probe.js")

    for name in names:
        if name == "board":
            cells, slider, probe = [BOARD], SLIDER, ["svg", LINES[0]]
        else:
            variant = sources.V[name]
            pusher = "PUSH_SECONDS, PUSH_HZ = 0, 60\n" + sources.PUSHER + sources.TAIL
            cells, slider, probe = [sources.COMMON, variant["code"], pusher], ".noUi-handle", list(variant["probe"])
        page = open_page(browser, server, f"{name}{'_slow' if url else ''}", cells, url=url, prepare=observe)
        page.locator(slider).first.wait_for()
        page.evaluate("([kind, lines]) => __probe.attach(kind, lines)", probe)
        page.evaluate(QUIET, 1500)
        if name == "board":
            page.locator(slider).first.focus()
            page.keyboard.press("Home")
            for _ in range(Variant.at):
                page.keyboard.press("ArrowRight")
            page.evaluate(QUIET, 1500)
        opened.append(Variant(name, page, slider))
    return opened


def compare(pages: list[Variant], visits: int, train: int, settle_ms: int, seed: int) -> None:
    """Visit all pages in a fresh order in every round."""
    rnd = random.Random(seed)
    for number in range(-3, visits):
        rnd.shuffle(pages)
        for variant in pages:
            variant.visit(train + 1, rnd, settle_ms, keep=number >= 0)
        if number % 10 == 0:
            print("round", number, {v.name: round(v.moves[-1]["lat"]) for v in pages if v.moves}, flush=True)


def hold(variant: Variant, seconds: float = 5.0, rate: float = 30.0) -> dict[str, Any]:
    """Hold an arrow key, as a keyboard repeats it, and look at what comes after its release."""
    page = variant.page
    page.bring_to_front()
    page.locator(variant.slider).first.focus()
    page.keyboard.press("Home")
    page.evaluate(QUIET, 1000)
    page.evaluate(WATCH_RELEASE)
    page.evaluate("() => __probe.arm()")
    began = time.perf_counter()
    for repeat in range(int(seconds * rate)):
        page.keyboard.down("ArrowRight")
        time.sleep(max(0.0, began + (repeat + 1) / rate - time.perf_counter()))
    page.keyboard.up("ArrowRight")
    page.evaluate(QUIET, 1500)
    return page.evaluate(RELEASED)


def report(title: str, pages: list[Variant]) -> dict[str, dict[str, float]]:
    """Print percentiles and ratios."""
    by_name = {variant.name: variant for variant in pages}
    print(f"\n### {title}: slider to painted chart, ms")
    numbers: dict[str, dict[str, float]] = {}
    for name in sorted(by_name):
        variant = by_name[name]
        numbers[name] = {
            "p50": variant.percentile(50),
            "p95": variant.percentile(95),
            "data at the page p50": variant.percentile(50, "recv"),
            "chart changed p50": variant.percentile(50, "mut"),
            "bytes": variant.percentile(50, "bytesIn"),
            "messages in": variant.percentile(50, "msgsIn"),
            "messages out": variant.percentile(50, "msgsOut"),
            "frames": variant.percentile(50, "frames"),
            "moves": float(len(variant.moves)),
            "lost": float(variant.lost),
        }
    head = list(next(iter(numbers.values())))
    table(["", *head], [[name, *(f"{row[key]:.0f}" for key in head)] for name, row in numbers.items()])
    if "board" in numbers:
        board = numbers["board"]
        for name, row in numbers.items():
            if name != "board":
                print(f"board / {name}: p50 {board['p50'] / row['p50']:.2f}, p95 {board['p95'] / row['p95']:.2f}")
    return numbers


def main() -> None:
    """Run and report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--visits", type=int, default=40)
    parser.add_argument("--train", type=int, default=3, help="moves per visit that count")
    parser.add_argument("--slow-visits", type=int, default=10)
    parser.add_argument("--delay-ms", type=float, default=100)
    parser.add_argument("--variants", default=",".join(("board", *PEERS)))
    parser.add_argument("--nodelay", action="store_true", help="the kernel's websocket as `vmwidgets lab` sets it up")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, help="write all numbers here")
    chosen = parser.parse_args()
    peer()
    names, results = chosen.variants.split(","), dict[str, Any]()
    with ExitStack() as stack:
        server = stack.enter_context(jupyter(*([NODELAY] if chosen.nodelay else [])))
        browser = stack.enter_context(chromium())
        pages = variants(browser, server, names)
        compare(pages, chosen.visits, chosen.train, SETTLE_MS, chosen.seed)
        results["direct"] = report("direct", pages)
        for variant in pages:
            if variant.name != "board":
                continue  # a peer's slider has too few steps to be held for so long
            results["held"] = held = hold(variant)
            print(
                f"arrow held 5 s: {held['frames']} pictures; the last change {held['last']:.0f} ms after release, "
                f"after it {held['messages']} messages in, {held['sent']} out; "
                f"kernel and slider agree: {agree(variant.page)}"
            )
        for variant in pages:
            variant.page.context.close()
        if chosen.slow_visits:
            url = stack.enter_context(slow_link(server, chosen.delay_ms / 1000))
            pages = variants(browser, server, names, url)
            settle = SETTLE_MS + int(4 * chosen.delay_ms)
            compare(pages, chosen.slow_visits, chosen.train, settle, chosen.seed)
            results["slow"] = report(f"each way {chosen.delay_ms:.0f} ms longer", pages)
            for variant in pages:
                variant.page.context.close()
    if chosen.out:
        chosen.out.write_text(json.dumps(results, indent=1), encoding="utf-8")


def agree(page: Page) -> bool:
    """Whether the kernel has the value that the slider shows."""
    shown = page.locator(SLIDER).first.input_value()
    return ask(page, "lab.vm('A').cpu_limit_mhz") == shown


if __name__ == "__main__":
    main()
