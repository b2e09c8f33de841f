import assert from "node:assert/strict";
import { test } from "node:test";
import {
  addressParts,
  entryFlags,
  flagsSet,
  frameOf,
  guestLeaf,
  soFar,
  walkGrid,
} from "../../vmwidgets/front/walk_steps.js";

/** The steps of a whole walk, as the kernel sends them: each row reads `stage` entries, and then the guest's. */
function steps(guest, stage, { hits = [], leaf = 1 } = {}) {
  const list = [];
  for (let row = guest; row >= 0; row--) {
    if (hits.includes(row))
      list.push({ guest: false, level: 0, row, found: "nested_tlb", cycles: 2, decision: "page" });
    else
      for (let level = stage; level >= leaf; level--) {
        const decision = level === leaf ? "page" : "table";
        list.push({ guest: false, level, row, found: "memory", cycles: 100, decision });
      }
    if (row)
      list.push({ guest: true, level: row, row, found: "memory", cycles: 100, decision: row > 1 ? "table" : "page" });
  }
  return list;
}

test("an address is cut into nine bits a level, and nothing of it is lost", () => {
  const value = 0x7f4b_682f_0abcn;
  const parts = addressParts(value.toString(16), 4, 1);
  assert.deepEqual(
    parts.map((part) => part.level),
    [-1, 4, 3, 2, 1, 0],
  );
  assert.deepEqual(
    parts.map((part) => part.bits.length),
    [16, 9, 9, 9, 9, 12],
  );
  assert.equal(BigInt(`0b${parts.map((part) => part.bits).join("")}`), value);
  assert.deepEqual(
    parts.slice(1).map((part) => part.index),
    [4, 3, 2, 1].map((level) => Number((value >> BigInt(3 + 9 * level)) & 511n)).concat(0xabc),
  );
});

test("below a large page everything is the place in it; the uppermost address is whole too", () => {
  for (const [leaf, bits] of [
    [1, 12],
    [2, 21],
    [3, 30],
  ]) {
    const parts = addressParts("ffffffffffffffff", 4, leaf);
    assert.equal(parts.at(-1).bits.length, bits);
    assert.equal(parts.at(-1).index, 2 ** bits - 1);
    assert.equal(parts.map((part) => part.bits).join(""), "1".repeat(64));
  }
  assert.equal(addressParts("0", 5, 1)[0].bits.length, 7);
});

test("flags have their bits, which are others in the second stage", () => {
  const on = (entry, guest) =>
    entryFlags({ entry, guest })
      .filter(([, set]) => set)
      .map(([name]) => name);
  assert.deepEqual(on("8000000012345067", true), ["present", "write", "user", "accessed", "dirty"]);
  assert.deepEqual(on("e3", true), ["present", "write", "accessed", "dirty", "large"]);
  assert.deepEqual(on("307", false), ["read", "write", "execute", "accessed", "dirty"]);
  assert.deepEqual(on("1", false), ["read"]);
  assert.deepEqual(on("0", false), []);
  assert.deepEqual(flagsSet({ sets: "100", guest: false }), ["accessed"]);
  assert.deepEqual(flagsSet({ sets: "60", guest: true }), ["accessed", "dirty"]);
});

test("frames of addresses beyond 53 bits are right", () => {
  assert.equal(frameOf("fffffffffffff", 4096), 2 ** 40 - 1);
  assert.equal(frameOf("9c000123", 2 ** 21), 0x9c000123 >>> 21);
  assert.equal(frameOf("", 4096), -1);
});

test("the grid counts 24 references from left to right and from top to bottom", () => {
  const grid = walkGrid(steps(4, 4), 4, 4);
  assert.deepEqual(
    grid.map(({ row }) => row),
    [4, 3, 2, 1, 0],
  );
  assert.deepEqual(
    grid.flatMap(({ cells }) => cells.map(({ number }) => number)),
    [...Array(24).keys()].map((i) => i + 1),
  );
  assert.deepEqual(
    grid[0].cells.map(({ column }) => column),
    [4, 3, 2, 1, 0],
  );
});

test("large pages leave the last column empty, native walks all but the guest's", () => {
  const numbers = (list) => walkGrid(list, 4, 4).flatMap(({ cells }) => cells.map(({ number }) => number));
  const large = numbers(steps(4, 4, { leaf: 2 }));
  assert.equal(Math.max(...large), 19);
  assert.equal(large.filter((number) => number < 0).length, 5);
  const native = steps(4, 4).filter((step) => step.guest);
  assert.deepEqual(
    numbers(native).filter((number) => number > 0),
    [1, 2, 3, 4],
  );
});

test("a hit in the nested TLB is a step, and no reference", () => {
  const list = steps(4, 4, { hits: [4, 2] });
  const grid = walkGrid(list, 4, 4);
  assert.deepEqual(
    grid.map(({ hit }) => hit),
    [0, -1, 7, -1, -1],
  );
  assert.equal(grid[0].cells.at(-1).number, 1);
  assert.deepEqual(soFar(list, 0), { references: 0, cycles: 0 });
  assert.deepEqual(soFar(list, 2), { references: 1, cycles: 102 });
  assert.deepEqual(soFar(list, 99), { references: 16, cycles: 1604 });
});

test("where the guest's page ends its address is known only when that entry has been read", () => {
  const list = [
    { guest: true, level: 4, row: 4, decision: "table" },
    { guest: true, level: 3, row: 3, decision: "page" },
  ];
  assert.equal(guestLeaf(list.slice(0, 1)), 1);
  assert.equal(guestLeaf(list), 3);
});
