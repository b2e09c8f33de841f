import assert from "node:assert/strict";
import { test } from "node:test";
import { ellipsis, layout, RESOURCES, scales, segments } from "../../vmwidgets/front/layout.js";

const GiB = 2 ** 30;

test("a pool's bar is filled exactly, whatever is in it", () => {
  for (let n = 0; n <= 8; n++) {
    const parts = Array.from({ length: n }, (_, slot) => ({ slot, used: (slot + 1) * 123_456_789 }));
    const used = parts.reduce((sum, part) => sum + part.used, 0);
    const pool = { capacity: 32 * GiB, vmm: GiB + 1, other: 77, free: 32 * GiB - GiB - 1 - 77 - used };
    const made = segments(pool, parts, 617.3);
    assert.deepEqual(
      made.map(({ key }) => key),
      ["vmm", ...parts.map(({ slot }) => String(slot)), "other", "free"],
    );
    let end = 0;
    for (const { x, width } of made) {
      assert.ok(width >= 0);
      assert.ok(Math.abs(x - end) < 1e-9, "no gap, no overlap");
      end = x + width;
    }
    assert.ok(Math.abs(end - 617.3) < 1e-9, `ends at ${end}`);
  }
});

test("everything fits between the edges and nothing overlaps", () => {
  for (const width of [320, 480, 630, 800, 1110, 1400, 2000]) {
    for (let count = 0; count <= 8; count++) {
      const { cards, band, pools, height } = layout(width, count);
      assert.equal(cards.length, count);
      assert.equal(pools.length, RESOURCES.length);
      const boxes = [...cards, band, ...pools];
      for (const box of boxes) {
        assert.ok(box.x >= 0 && box.x + box.width <= width + 1e-9, `${width}px, ${count} VMs: ${JSON.stringify(box)}`);
        assert.ok(box.y >= 0 && box.y + box.height <= height);
      }
      boxes.forEach((a, i) => {
        for (const b of boxes.slice(i + 1)) {
          const apart =
            a.x + a.width <= b.x + 1e-9 ||
            b.x + b.width <= a.x + 1e-9 ||
            a.y + a.height <= b.y ||
            b.y + b.height <= a.y;
          assert.ok(apart, `${width}px, ${count} VMs`);
        }
      });
      for (const card of cards) assert.ok(card.width >= Math.min(145, width - 2), "a card can be read");
    }
  }
});

test("virtual machines are above the VMM, the pools below", () => {
  const { cards, band, pools } = layout(900, 8);
  for (const card of cards) assert.ok(card.y + card.height < band.y);
  for (const pool of pools) assert.ok(pool.y > band.y + band.height);
});

test("a narrow picture has its pools in rows", () => {
  assert.equal(layout(630, 3).rows, true);
  assert.equal(layout(1110, 3).rows, false);
});

test("all cards share one scale, so that unequal parts look unequal", () => {
  const pools = RESOURCES.map(() => ({ capacity: 800, vmm: 0, free: 0, other: 0 }));
  const machine = { slot: 0, name: "a", vcpus: 1, memory: 1, stalled: 0, steal: 0 };
  const vms = [
    { ...machine, used: [10, 10, 10, 10, 10], entitled: [20, 20, 20, 20, 20], demand: [300, 30, 30, 30, 30] },
    { ...machine, used: [50, 400, 0, 0, 0], entitled: [60, 60, 0, 0, 0], demand: [70, 70, 0, 0, 0] },
  ];
  const state = { lab: "", vmm: "", clock: "", selected: 0, sentence: "", pools, vms };
  assert.deepEqual(scales(state), [300, 400, 100, 100, 100]);
  assert.deepEqual(scales({ ...state, vms: [] }), [100, 100, 100, 100, 100]);
});

test("a text is cut where it no longer fits, and never inside a sign", () => {
  const measure = (/** @type {string} */ text) => [...text].length * 10;
  assert.equal(ellipsis("database", 80, measure), "database");
  assert.equal(ellipsis("database", 79, measure), "databa…");
  assert.equal(ellipsis("a b c d", 40, measure), "a b…");
  assert.equal(ellipsis("a bcd", 30, measure), "a…");
  assert.equal(ellipsis("🖥🖥🖥🖥", 30, measure), "🖥🖥…");
  assert.equal(ellipsis("abc", 0, measure), "…");
  assert.equal(ellipsis("", 0, measure), "");
});
