"""The frame map at a million frames: redraws while zooming and panning, updates that are drawn, bytes per tick.

    python -m tests.bench.frame_map [--frames 1000000] [--seconds 5]

Redraws are counted in the browser while a wheel or a hand moves in every frame of the display; the display's own rate
is measured in the same page just before, with nothing to do. Updates are drawn while a thread advances the lab as fast
as it can: what changes while the page draws is merged. Bytes are those of the kernel's websocket.
"""

import argparse
import statistics

from playwright.sync_api import Page, WebSocket

from tests.bench.pages import NODELAY, ask, chromium, jupyter, open_page, table
from tests.needs import needs

# Four machines side by side, each with hot and cold parts, and the VMM's own frames before them.
PROVIDER = """
import numpy as np
import vmwidgets as vm
from vmwidgets.widgets.frame_map import FrameMap
class Provider:
    page_bytes = 4096
    def __init__(self, frames):
        self.frames, self.random = frames, np.random.default_rng(1)
        self.code = np.full(frames, 0x0F, np.uint8)
        self.code[:frames // 50] = 0x1F
        for slot in range(4):
            part = self.code[frames // 50 + slot * frames // 5:][:frames // 6]
            heat = np.repeat(self.random.random(len(part) // 64 + 1), 64)[:len(part)]
            part[:] = np.where(self.random.random(len(part)) < heat**3, 0x40, 0x30) | slot
        self.told = np.empty(0, np.int64)
    def codes(self, first, count):
        return self.code[first:first + count]
    def changed(self):
        told, self.told = self.told, np.empty(0, np.int64)
        return told
    def about(self, frame):
        return {"slot": 0, "owner": "web", "gfn": frame, "state": 3, "refs": 1, "sharers": [("web", frame)]}
    def change(self, permille):
        self.told = np.flatnonzero(self.random.integers(0, 1000, self.frames) < permille)
        self.code[self.told] ^= 0x70
"""
SETUP = """
lab = vm.Lab(seed=1)
for name in ("web", "database", "mail", "batch"):
    lab.create_vm(name)
provider = Provider({frames})
view = FrameMap(lab, frames=provider)
view
"""
MAP = ".vmw-map"
# Work for every frame of the display; how often the map was drawn meanwhile, and the time between two frames.
MEASURE = """([what, seconds]) => new Promise((done) => {
  const canvas = document.querySelector(".vmw-map"), box = canvas.getBoundingClientRect();
  const first = Number(canvas.dataset.seq);
  const at = {clientX: box.x + box.width / 2, clientY: box.y + box.height / 2, bubbles: true, cancelable: true};
  const gaps = []; let began = 0, before = 0, count = 0;
  const step = (now) => {
    began ||= now;
    if (before) gaps.push(now - before);
    before = now;
    const wave = Math.sin(count++ / 20);
    if (what === "zoom") canvas.dispatchEvent(new WheelEvent("wheel", {...at, deltaY: -24 * wave, ctrlKey: true}));
    if (what === "pan") {
      const place = {clientX: at.clientX + 200 * wave, clientY: at.clientY + 60 * wave};
      canvas.dispatchEvent(new PointerEvent("pointermove", {...at, ...place, pointerId: 1, button: 0}));
    }
    if (now - began < 1000 * seconds) return requestAnimationFrame(step);
    gaps.sort((a, b) => a - b);
    const rate = (times) => times * 1000 / (now - began);
    done({rate: rate(Number(canvas.dataset.seq) - first), display: rate(gaps.length),
          p50: gaps[gaps.length >> 1], p95: gaps[Math.floor(gaps.length * 0.95)]});
  };
  requestAnimationFrame(step);
})"""
HOLD = """(down) => { const canvas = document.querySelector(".vmw-map"), box = canvas.getBoundingClientRect();
  canvas.setPointerCapture = () => {};
  canvas.dispatchEvent(new PointerEvent(down ? "pointerdown" : "pointerup", {pointerId: 1, button: 0, bubbles: true,
    clientX: box.x + box.width / 2, clientY: box.y + box.height / 2})); }"""
# Commands as fast as the kernel can, on a thread of their own: answers are not read while a cell runs.
LOOP = """
import threading, time
def work():
    global ticks
    ticks, until = 0, time.monotonic() + {seconds}
    while time.monotonic() < until:
        provider.change({permille})
        lab.advance()
        ticks += 1
working = threading.Thread(target=work)
working.start()
"""
UPDATES = """async ([code, seconds]) => {
  const kernel = jupyterapp.shell.currentWidget.sessionContext.session.kernel;
  const canvas = document.querySelector(".vmw-map");
  let over = false, drawn = 0, last = canvas.dataset.version;
  const began = performance.now();
  const look = () => {
    if (canvas.dataset.version !== last) { drawn++; last = canvas.dataset.version; }
    if (!over) requestAnimationFrame(look);
  };
  await kernel.requestExecute({code, silent: true}).done;
  requestAnimationFrame(look);
  await new Promise((done) => setTimeout(done, 1000 * seconds));
  over = true;
  return drawn * 1000 / (performance.now() - began);
}"""


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=1_000_000)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--ticks", type=int, default=10)
    parser.add_argument("--nodelay", action="store_true", help="the kernel's websocket as `vmwidgets lab` sets it up")
    chosen = parser.parse_args()
    needs("chromium")
    received: list[int] = []
    with jupyter(*([NODELAY] if chosen.nodelay else [])) as server, chromium() as browser:

        def listen(page: Page) -> None:
            def opened(socket: WebSocket) -> None:
                if "/channels" in socket.url:
                    socket.on("framereceived", lambda frame: data(frame))

            def data(frame: bytes | str) -> None:
                raw = frame.encode() if isinstance(frame, str) else frame
                if b'"from"' in raw and b'"sentence"' in raw:
                    received.append(len(raw))

            page.on("websocket", opened)

        page = open_page(browser, server, "frames", [PROVIDER, SETUP.format(frames=chosen.frames)], prepare=listen)
        page.locator(f"{MAP}[data-version='1']").wait_for()
        print(f"{chosen.frames:,} frames; the whole map: {received[-1]:,} bytes")
        rows = []
        for what, steps in (("nothing", 0), ("zoom", 0), ("pan", 0), ("pan", 6)):
            page.get_by_role("button", name="Fit").click()
            if what == "zoom" or steps:
                for _ in range(steps or 2):
                    page.get_by_role("button", name="Zoom in").click()
            page.wait_for_timeout(500)
            scale = page.locator(".vmw-scale").inner_text()
            if what == "pan":
                page.evaluate(HOLD, True)
            result = page.evaluate(MEASURE, [what, chosen.seconds])
            if what == "pan":
                page.evaluate(HOLD, False)
            rows.append([what, scale, result["rate"], result["display"], result["p50"], result["p95"]])
        table(["while", "at", "redraws/s", "display/s", "gap p50 ms", "gap p95 ms"], rows)
        page.get_by_role("button", name="Fit").click()
        rows = []
        for label, permille in (("nothing", 0), ("1 %", 10), ("everything", 1000)):
            received.clear()
            for _ in range(chosen.ticks):
                before = page.locator(MAP).get_attribute("data-version")
                ask(page, f"(provider.change({permille}), lab.advance()) and None")
                if permille:
                    page.wait_for_function(
                        "(old) => document.querySelector('.vmw-map').dataset.version !== old", arg=before
                    )
            sizes = list(received)
            loop = LOOP.format(seconds=chosen.seconds, permille=permille)
            rate = page.evaluate(UPDATES, [loop, chosen.seconds])
            ticks = int(ask(page, "working.join() or ticks")) / chosen.seconds
            mean = statistics.mean(sizes) if sizes else 0
            rows.append([label, len(sizes) / chosen.ticks, f"{mean:,.0f}", f"{max(sizes, default=0):,}", rate, ticks])
        table(["of the frames change", "data messages a tick", "bytes", "most", "drawn/s", "ticks/s"], rows)


if __name__ == "__main__":
    main()
