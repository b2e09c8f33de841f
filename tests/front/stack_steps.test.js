import assert from "node:assert/strict";
import { test } from "node:test";
import { costOf, readingTime, whereIs } from "../../vmwidgets/front/stack_steps.js";
import { lines } from "../../vmwidgets/front/stack_strips.js";

const STEPS = [
  { origin: "guest", target: "vmm", cycles: 100 },
  { origin: "vmm", target: "vmm", cycles: null },
  { origin: "vmm", target: "guest", cycles: 30 },
];
const letters = (text) => text.length;

test("what is published adds up, and what is not is counted", () => {
  assert.deepEqual(costOf(STEPS, 0), { cycles: 0, unknown: 0 });
  assert.deepEqual(costOf(STEPS, 2), { cycles: 100, unknown: 1 });
  assert.deepEqual(costOf(STEPS, 9), { cycles: 130, unknown: 1 });
});

test("an operation is where its last step leads, and stays there when the others go on", () => {
  assert.deepEqual(whereIs(STEPS, 0), { from: "", now: "", seen: [], mark: "" });
  assert.deepEqual(whereIs(STEPS, 2), { from: "vmm", now: "vmm", seen: ["guest", "vmm"], mark: "2" });
  assert.deepEqual(whereIs(STEPS, 9), { from: "vmm", now: "guest", seen: ["guest", "vmm"], mark: "3" });
  assert.equal(whereIs([], 4).now, "");
});

test("a longer text is shown for longer", () => {
  assert.ok(readingTime(["a short one"]) < readingTime(["a short one", "and another"]));
});

test("a name is broken at its blanks and cut off only where it does not fit", () => {
  assert.deepEqual(lines("guest kernel", 20, 2, letters), ["guest kernel"]);
  assert.deepEqual(lines("guest applications", 12, 2, letters), ["guest", "applications"]);
  assert.deepEqual(lines("backends of the split drivers", 12, 2, letters), ["backends of", "the split d…"]);
  assert.deepEqual(lines("virtualization", 5, 2, letters), ["virt…"]);
  for (const width of [1, 3, 8, 15]) {
    for (const line of lines("one two three four five", width, 2, letters))
      assert.ok(line.length <= Math.max(width, 2));
  }
});
