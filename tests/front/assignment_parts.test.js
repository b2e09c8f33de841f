import assert from "node:assert/strict";
import { test } from "node:test";
import { unbroken } from "../../vmwidgets/front/assignment_parts.js";

test("a number keeps its per cent sign, and the name of a VM its number", () => {
  assert.equal(unbroken("2,0 % of 5 %"), "2,0\u00a0% of 5\u00a0%");
  assert.equal(unbroken("your VM risosu-8, page-table entry"), "your VM risosu\u20118, page-table entry");
});
