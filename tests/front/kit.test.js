import assert from "node:assert/strict";
import { test } from "node:test";
import { amount, number, translator, unique } from "../../vmwidgets/front/kit.js";

test("numbers are written as the reader's language writes them", () => {
  assert.equal(number("en", 12345.6, 1), "12,345.6");
  assert.match(number("ru", 12345.6, 1), /^12\s345,6$/u);
  assert.equal(amount("memory", 1.5 * 2 ** 30, "en"), "1.5");
  assert.equal(amount("cpu", 2_500_000, "en"), "2.50");
  assert.equal(amount("network", 1_250_000_000, "en"), "1,250.0");
});

test("words come from the catalogue, English where it has nothing, and fields are filled in", () => {
  const strings = { "steal {percent} %": "украдено {percent} %" };
  const t = translator({ get: () => strings });
  assert.equal(t("steal {percent} %", { percent: 7 }), "украдено 7 %");
  assert.equal(t("{used} of {all}", { used: 1 }), "1 of {all}");
});

test("a unique name is another one in each view", () => {
  const names = new Set(Array.from({ length: 1000 }, () => unique("vmw-x")));
  assert.equal(names.size, 1000);
  assert.ok([...names].every((name) => /^vmw-x-[0-9a-z]+$/.test(name)));
});
