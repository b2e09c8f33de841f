import assert from "node:assert/strict";
import { test } from "node:test";
import { touched } from "../../vmwidgets/front/touched.js";

test("the hand is right until the kernel has taken what it left there, and not what it wrote since", () => {
  const el = /** @type {HTMLElement} */ (new EventTarget());
  const hand = touched(el, new AbortController().signal);
  const type = () => el.dispatchEvent(new Event("input"));
  assert.ok(!hand.is);
  type();
  assert.ok(hand.is);
  hand.sent();
  assert.ok(hand.is, "it may be refused");
  hand.taken();
  assert.ok(!hand.is);
  type();
  hand.sent();
  type();
  hand.taken();
  assert.ok(hand.is, "what was written meanwhile is not in what was taken");
});

test("what is locked is the kernel's, also what the hand wrote while the kernel was taking the rest", () => {
  const el = /** @type {HTMLElement} */ (new EventTarget());
  const hand = touched(el, new AbortController().signal);
  const type = () => el.dispatchEvent(new Event("input"));
  type();
  hand.sent();
  type();
  hand.drop();
  assert.ok(!hand.is);
  hand.taken();
  assert.ok(!hand.is, "the answer comes after the lock");
});
