import assert from "node:assert/strict";
import { test } from "node:test";
import { mixed, paintRow, pixelOf, SLOT_TILES, TILE, tileOf } from "../../vmwidgets/front/time_pixels.js";
import { columnsOf, IDLE, nextChange, OTHERS, rowsOf, spanAt } from "../../vmwidgets/front/time_rows.js";
import { marksOf, pannedBy, roundStep, showing, unitOf, within, zoomedAt } from "../../vmwidgets/front/time_view.js";
import { momentOf, placesOf, queuesText } from "../../vmwidgets/front/time_words.js";

/**
 * What the kernel sends of spans [start, vcpu, pcpu, state], which are in the order of their start.
 * @param {number[][]} spans
 */
function bytesOf(spans) {
  const bytes = new Uint8Array(8 * spans.length);
  const data = new DataView(bytes.buffer);
  spans.forEach(([start, vcpu, pcpu, state], i) => {
    data.setUint32(4 * i, start - (i ? spans[i - 1][0] : 0), true);
    data.setUint16(4 * spans.length + 2 * i, vcpu, true);
    data.setUint16(6 * spans.length + 2 * i, (pcpu << 3) | state, true);
  });
  return bytes;
}

const [READY, RUN, BLOCKED, COSTOP, PARKED] = [0, 1, 2, 3, 4];
// Two vCPUs on one pCPU: 0 runs, then 1; 0 sleeps, 1 is parked, and nobody runs.
const SPANS = [
  [0, 0, 0, RUN],
  [0, 1, 0, READY],
  [30, 0, 0, READY],
  [30, 1, 0, RUN],
  [50, 0, 0, BLOCKED],
  [60, 1, 0, PARKED],
];
const META = { id: "credit", count: SPANS.length, begin: 0, until: 100 };
const run = () => rowsOf(bytesOf(SPANS), META, [3, -1], 2);

test("spans become rows that tile the time", () => {
  const { vcpus, pcpus } = run();
  assert.deepEqual([...vcpus[0].starts], [0, 30, 50, 100]);
  assert.deepEqual([...vcpus[0].kinds], [RUN, READY, BLOCKED]);
  assert.deepEqual([...vcpus[1].starts], [0, 30, 60, 100]);
  assert.deepEqual([...pcpus[0].starts], [0, 30, 60, 100]);
  assert.deepEqual([...pcpus[0].kinds], [3, OTHERS, IDLE]);
  assert.deepEqual([...(pcpus[0].who ?? [])], [0, 1, -1]);
  assert.deepEqual([...pcpus[1].kinds], [IDLE]);
  for (const row of [...vcpus, ...pcpus]) assert.equal(row.starts.at(-1), 100);
});

test("bytes that lie anywhere in a message are read all the same", () => {
  const shifted = new Uint8Array(8 * SPANS.length + 3);
  shifted.set(bytesOf(SPANS), 3);
  assert.deepEqual(rowsOf(shifted.subarray(3), META, [3, -1], 2), run());
});

test("a run whose beginning is not known leaves it empty", () => {
  const late = SPANS.map(([start, ...rest]) => [start + 1000, ...rest]);
  const { pcpus, vcpus } = rowsOf(bytesOf(late), { ...META, begin: 1000, until: 1100 }, [0, 1], 1);
  const out = new Float32Array(2 * 5);
  columnsOf(vcpus[0], 0, 1100, 2, 5, out);
  assert.equal(
    out.subarray(0, 5).reduce((a, b) => a + b),
    0,
  );
  assert.equal(pcpus[0].starts[0], 1000);
});

test("columns add up, whatever the zoom, and no span is left out", () => {
  // Pseudo-random spans of 1 µs and more on one vCPU, all states.
  const spans = [];
  for (let at = 0, i = 0; at < 100_000; i++) {
    spans.push([at, 0, 0, i % 5]);
    at += 1 + ((i * 7919) % 97) ** 2 / 20;
    at = Math.floor(at);
  }
  const { vcpus } = rowsOf(bytesOf(spans), { ...META, count: spans.length, until: 100_000 }, [0], 1);
  for (const [from, to, width] of [
    [0, 100_000, 7],
    [0, 100_000, 1000],
    [1234.5, 60_000.25, 333],
    [500, 520, 640],
  ]) {
    const out = new Float32Array(width * 5);
    columnsOf(vcpus[0], from, to, width, 5, out);
    const sums = [0, 0, 0, 0, 0];
    for (let x = 0; x < width; x++) {
      const column = out.subarray(5 * x, 5 * x + 5);
      const total = column.reduce((a, b) => a + b);
      assert.ok(Math.abs(total - 1) < 1e-3, `${from}–${to}: column ${x} holds ${total}`);
      column.forEach((part, kind) => {
        sums[kind] += part * ((to - from) / width);
      });
    }
    const exact = [0, 0, 0, 0, 0];
    spans.forEach(([start, , , state], i) => {
      const end = spans[i + 1]?.[0] ?? 100_000;
      exact[state] += Math.max(0, Math.min(end, to) - Math.max(start, from));
    });
    exact.forEach((time, kind) => {
      assert.ok(Math.abs(time - sums[kind]) < 0.002 * (to - from), `${from}–${to}: ${sums} for ${exact}`);
    });
  }
});

test("one microsecond of a minute is still painted", () => {
  const spans = [
    [0, 0, 0, BLOCKED],
    [30_000_000, 0, 0, RUN],
    [30_000_001, 0, 0, BLOCKED],
  ];
  const { vcpus } = rowsOf(bytesOf(spans), { ...META, count: 3, until: 60_000_000 }, [0], 1);
  const [width, height] = [1000, 16];
  const parts = new Float32Array(width * 5);
  columnsOf(vcpus[0], 0, 60_000_000, width, 5, parts);
  const pixels = new Uint32Array(width * height);
  const tile = tileOf("solid");
  paintRow(pixels, width, { left: 0, top: 0, width, height }, parts, 5, [
    { kind: RUN, height: 1, base: 7, stroke: 7, tile },
    { kind: BLOCKED, height: 0.1, base: 9, stroke: 9, tile },
  ]);
  assert.equal(pixels.filter((pixel) => pixel === 7).length, 1);
});

test("a stack is as high as its parts, the first at the bottom, and stays in its row", () => {
  const [width, height] = [2, 20];
  const pixels = new Uint32Array(width * (height + 4));
  const tile = tileOf("solid");
  const stack = [
    { kind: 1, height: 1, base: 1, stroke: 1, tile },
    { kind: 0, height: 0.5, base: 2, stroke: 2, tile },
  ];
  paintRow(pixels, width, { left: 0, top: 2, width, height }, new Float32Array([0.5, 0.5, 0, 1]), 2, stack);
  const column = (/** @type {number} */ x) => Array.from({ length: height + 4 }, (_, y) => pixels[y * width + x]);
  assert.deepEqual(column(0), [...Array(7).fill(0), ...Array(5).fill(2), ...Array(10).fill(1), 0, 0]);
  assert.deepEqual(column(1), [0, 0, ...Array(20).fill(1), 0, 0]);
});

test("patterns differ from each other in more than their density", () => {
  const seen = new Set(SLOT_TILES.map((name) => tileOf(name).join("")));
  assert.equal(seen.size, SLOT_TILES.length);
  for (const name of SLOT_TILES) {
    const tile = tileOf(name);
    for (let x = 0; x < TILE; x++) {
      const upright = Array.from({ length: TILE }, (_, y) => tile[y * TILE + x]);
      assert.ok(!upright.every(Boolean), `${name} has an upright line, as a switch has`);
    }
  }
});

test("colours become pixels and are mixed channel by channel", () => {
  assert.equal(pixelOf("#0072b2"), 0xffb27200);
  assert.equal(mixed(pixelOf("#000000"), pixelOf("#ffffff"), 0.5), 0xff808080);
  assert.equal(mixed(pixelOf("#102030"), pixelOf("#ffffff"), 0), pixelOf("#102030"));
});

test("the span at a moment, and the changes around it", () => {
  const one = run();
  assert.equal(spanAt(one.vcpus[0], 0), 0);
  assert.equal(spanAt(one.vcpus[0], 29), 0);
  assert.equal(spanAt(one.vcpus[0], 30), 1);
  assert.equal(spanAt(one.vcpus[0], 1000), 2);
  assert.equal(nextChange([one], 0, 1), 30);
  assert.equal(nextChange([one], 30, 1), 50);
  assert.equal(nextChange([one], 50, 1), 60);
  assert.equal(nextChange([one], 50, -1), 30);
  assert.equal(nextChange([one], 30, -1), 0);
  assert.equal(nextChange([one], 0, -1), 0);
  assert.equal(nextChange([one], 100, 1), 100);
});

test("who runs and who waits at a moment", () => {
  const seats = (/** @type {{vcpu: number}[]} */ list) => list.map(({ vcpu }) => vcpu);
  const early = momentOf(run(), 10);
  assert.deepEqual([seats(early.running), seats(early.waiting)], [[0], [1]]);
  assert.equal(early.running[0].pcpu, 0);
  const late = momentOf(run(), 70);
  assert.deepEqual([seats(late.running), seats(late.blocked), seats(late.held)], [[], [0], [1]]);
  assert.equal(late.held[0].state, PARKED);
  assert.notEqual(PARKED, COSTOP);
});

test("zooming keeps the moment under the pointer, and stays within the run", () => {
  const until = 5_000_000;
  let seen = { from: 0, to: until };
  for (const factor of [0.5, 0.5, 0.1, 0.001, 0.5, 2]) {
    const at = seen.from + 0.3 * (seen.to - seen.from);
    const next = zoomedAt(seen, factor, at, until);
    assert.ok(Math.abs((at - next.from) / (next.to - next.from) - 0.3) < 1e-9);
    assert.ok(next.from >= 0 && next.to <= until && next.to - next.from >= 500);
    seen = next;
  }
  assert.deepEqual(zoomedAt(seen, 1e9, 1000, until), { from: 0, to: until });
  assert.deepEqual(pannedBy({ from: 10, to: 1010 }, -100, until), { from: 0, to: 1000 });
  assert.deepEqual(pannedBy({ from: 10, to: 1010 }, 1e9, until), { from: until - 1000, to: until });
  assert.deepEqual(
    within({ from: 0, to: 1 }, 100),
    { from: 0, to: 100 },
    "a run may be shorter than the shortest view",
  );
});

test("a cursor that leaves the view takes it along", () => {
  const seen = { from: 1000, to: 3000 };
  assert.equal(showing(seen, 2000, 10_000), seen);
  const right = showing(seen, 5000, 10_000);
  assert.ok(right.from < 5000 && right.to > 5000 && right.to - right.from === 2000);
  const left = showing(seen, 0, 10_000);
  assert.deepEqual(left, { from: 0, to: 2000 });
});

test("marks stand at round times and say only the digits that they need", () => {
  assert.deepEqual([roundStep(5_000_000, 8), roundStep(78_000, 8), roundStep(500, 8)], [1_000_000, 10_000, 100]);
  assert.equal(roundStep(3, 8), 1);
  assert.deepEqual(marksOf({ from: 1_413_000, to: 1_438_000 }, 4).marks, [1_420_000, 1_430_000]);
  assert.deepEqual(unitOf(5_000_000, 1_000_000), { per: 1e6, decimals: 0, unit: "s" });
  assert.deepEqual(unitOf(1_500_000, 10_000), { per: 1e6, decimals: 2, unit: "s" });
  assert.deepEqual(unitOf(80_000, 200), { per: 1e3, decimals: 1, unit: "ms" });
});

test("run queues are named by the pCPUs they serve, and by none if there is one", () => {
  const t = (/** @type {string} */ message, /** @type {Record<string, string | number>} */ fields = {}) =>
    message.replace(/\{(\w+)\}/g, (_all, name) => String(fields[name]));
  assert.deepEqual(placesOf(t, [[0, 3, [2, 1]]]), [{ place: "", order: [2, 1] }]);
  /** @type {import("../../vmwidgets/front/time_words.js").Queue[]} */
  const each = [
    [0, 0, [1]],
    [1, 1, []],
  ];
  assert.deepEqual(
    placesOf(t, each).map(({ place }) => place),
    ["pCPU 0", "pCPU 1"],
  );
  /** @type {import("../../vmwidgets/front/time_words.js").Queue[]} */
  const many = Array.from({ length: 64 }, (_, i) => [2 * i, 2 * i + 1, i === 5 ? [0] : []]);
  assert.deepEqual(placesOf(t, many), [{ place: "pCPUs 10 to 11", order: [0] }]);
  assert.equal(
    queuesText(t, "en", ["one", "two"], [[[0, 1, []]], each], ["a", "b"], 1_500_000),
    "At 1.500000 s: one takes next: nobody. two takes next: pCPU 0: b; pCPU 1: nobody.",
  );
});
