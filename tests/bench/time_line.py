"""The time line at its largest: redraws while zooming and panning, and from a slider to the picture.

    python -m tests.bench.time_line [--seconds 4] [--moves 15]

A minute of 4 pCPUs and 16 vCPUs that change every millisecond, half a million spans. Redraws are counted in the browser
while a wheel or a hand moves in every frame of the display; the display's own rate is measured in the same page just
before, with nothing to do. Then the weight of a VM is moved, and the time is taken from the key to the picture of the
new run; the run alone, as the kernel computes it, stands beside it. Bytes are those of the kernel's websocket.
"""

import argparse
import statistics

from playwright.sync_api import Page, WebSocket

from tests.bench.pages import NODELAY, ask, chromium, jupyter, open_page, table
from tests.needs import needs

SETUP = """
import time
import vmwidgets as vm
from vmwidgets.model.quantum import run_quantum
lab = vm.Lab(seed=1, hardware=vm.Hardware(pcpus=4))
for name in ("web", "database", "mail", "batch"):
    lab.create_vm(name, vcpus=4, workload="cpu_burner")
lab.set_scheduler(algorithm={algorithm!r}, beside={beside!r}, slice_ms={slice_ms}, window_s={window_s})
view = vm.SchedulerLab(lab)
view
"""
CANVAS = "canvas.vmw-spans"
# Work for every frame of the display; how often the time line was drawn meanwhile, and the time between two frames.
MEASURE = """([what, seconds]) => new Promise((done) => {
  const canvas = document.querySelector("canvas.vmw-spans"), box = canvas.getBoundingClientRect();
  const first = Number(canvas.dataset.seq);
  const at = {clientX: box.x + box.width / 2, clientY: box.y + 60, bubbles: true, cancelable: true};
  const gaps = []; let began = 0, before = 0, count = 0;
  const step = (now) => {
    began ||= now;
    if (before) gaps.push(now - before);
    before = now;
    const wave = Math.sin(count++ / 20);
    if (what === "zoom") canvas.dispatchEvent(new WheelEvent("wheel", {...at, deltaY: -24 * wave, ctrlKey: true}));
    if (what === "pan") {
      const place = {clientX: at.clientX + 200 * wave, clientY: at.clientY};
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
HOLD = """(down) => { const canvas = document.querySelector("canvas.vmw-spans"), box = canvas.getBoundingClientRect();
  canvas.setPointerCapture = () => {};
  canvas.dispatchEvent(new PointerEvent(down ? "pointerdown" : "pointerup", {pointerId: 1, button: 0, bubbles: true,
    clientX: box.x + box.width / 2, clientY: box.y + 60})); }"""
# From the input event of a slider to the frame after the one in which the picture of the new run was drawn.
MOVE = """([value]) => new Promise((done) => {
  const canvas = document.querySelector("canvas.vmw-spans");
  const slider = document.querySelector(".vmw-scheduler-controls input[name=cpu_shares]");
  const version = canvas.dataset.drawn, began = performance.now();
  const watch = new MutationObserver(() => {
    if (canvas.dataset.drawn === version) return;
    watch.disconnect();
    requestAnimationFrame(() => done(performance.now() - began));
  });
  watch.observe(canvas, {attributes: true, attributeFilter: ["data-drawn"]});
  slider.value = value;
  slider.dispatchEvent(new Event("input", {bubbles: true}));
})"""
# The run alone: what the kernel computes of it.
RUN = "[run_quantum(lab.hardware, lab.vms, lab.scheduling, name, 1) for name in lab.scheduling.algorithms]"
RUN = f"(began := time.perf_counter(), {RUN}, time.perf_counter() - began)[-1]"
SCENES = (
    ("credit, 30 ms, 10 s", "credit", "", 0, 10),
    ("credit, 1 ms, 60 s", "credit", "", 1, 60),
    ("round robin, 1 ms, 60 s", "round_robin", "", 1, 60),
    ("both, 1 ms, 60 s", "credit", "round_robin", 1, 60),
)


def redraws(page: Page, seconds: float) -> list[list[object]]:
    """Redraws a second with half a minute in view, and zoomed in."""
    rows: list[list[object]] = []
    for view, steps in (("half", 1), ("1/64", 6)):
        page.locator(CANVAS).focus()
        page.keyboard.press("0")
        for _step in range(steps):
            page.keyboard.press("+")
        for what in ("nothing", "zoom", "pan"):
            if what == "pan":
                page.evaluate(HOLD, True)
            got = page.evaluate(MEASURE, [what, seconds])
            if what == "pan":
                page.evaluate(HOLD, False)
            rows.append([f"{view}: {what}", got["rate"], got["display"], got["p50"], got["p95"]])
    return rows


def moves(page: Page, count: int, frames: list[int]) -> list[object]:
    """Time and bytes from the slider to the picture."""
    page.locator(CANVAS).focus()
    page.keyboard.press("0")
    times, sizes, messages = list[float](), list[int](), list[int]()
    for move in range(count):
        frames.clear()
        times.append(page.evaluate(MOVE, [str(1100 + 100 * (move % 20))]))
        page.wait_for_function("() => jupyterapp.shell.currentWidget.sessionContext.session.kernel.status === 'idle'")
        sizes.append(sum(frames))
        messages.append(len(frames))
    times.sort()
    return [
        statistics.median(times),
        times[int(0.95 * len(times))],
        statistics.median(sizes),
        statistics.median(messages),
    ]


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--moves", type=int, default=15)
    chosen = parser.parse_args()
    needs("chromium")
    drawn: list[list[object]] = []
    slid: list[list[object]] = []
    with jupyter(NODELAY) as server, chromium() as browser:
        for number, (title, algorithm, beside, slice_ms, window_s) in enumerate(SCENES):
            frames: list[int] = []

            def listen(page: Page, frames: list[int] = frames) -> None:
                def opened(socket: WebSocket) -> None:
                    if "/channels" in socket.url:
                        socket.on("framereceived", lambda frame: frames.append(len(frame)))

                page.on("websocket", opened)

            cell = SETUP.format(algorithm=algorithm, beside=beside, slice_ms=slice_ms, window_s=window_s)
            page = open_page(browser, server, f"time_line_{number}", [cell], prepare=listen)
            page.locator(f"{CANVAS}[data-drawn]").wait_for()
            spans = ask(page, "sum(run['count'] for run in view.line.runs)")
            if window_s == 60:
                drawn += [[title, spans, *row] for row in redraws(page, chosen.seconds)]
            run_ms = 1000 * min(float(ask(page, RUN)) for _again in range(3))
            slid.append([title, spans, run_ms, *moves(page, chosen.moves, frames)])
            page.context.close()
    table(["scene", "spans", "while", "redraws/s", "display/s", "frame p50 ms", "p95"], drawn)
    print()
    table(["scene", "spans", "run alone, ms", "slider to picture p50 ms", "p95", "bytes", "messages"], slid)


if __name__ == "__main__":
    main()
