import assert from "node:assert/strict";
import { test } from "node:test";
import { countWords } from "../../vmwidgets/front/assignment_form.js";

test("words are counted as a reader counts them, in both languages", () => {
  assert.equal(countWords(""), 0);
  assert.equal(countWords(" … — !"), 0);
  assert.equal(countWords("The host-side risk isn't gone: 95 % of it stays."), 9);
  assert.equal(countWords("Риск остался: 3,5 % кадров — у гостевой-ОС."), 6);
});
