import assert from "node:assert/strict";
import { test } from "node:test";
import { Clock } from "../../vmwidgets/front/clock.js";

/** Time that passes only when a test says so, 16 ms a frame. */
class Time {
  now = 0;
  frames = [];
  timers = new Map();
  count = 0;
  frame = (callback) => void this.frames.push(callback);
  after = (callback, milliseconds) => {
    this.timers.set(++this.count, { callback, due: this.now + milliseconds });
    return this.count;
  };
  cancel = (handle) => void this.timers.delete(handle);
  pass(frames, drawing = true) {
    for (let i = 0; i < frames; i++) {
      this.now += 16;
      for (const [handle, { callback, due }] of [...this.timers]) {
        if (due > this.now) continue;
        this.timers.delete(handle);
        callback();
      }
      if (!drawing) continue; // a hidden page draws no frames, but its timers go on
      const due = this.frames;
      this.frames = [];
      for (const callback of due) callback(this.now);
    }
  }
}

function made(pace = 0, patience = 5000) {
  const time = new Time();
  const asked = [];
  const clock = new Clock(() => asked.push(time.now), time, pace, patience);
  return { time, asked, clock };
}

test("one question is under way; the next comes when the answer has been drawn, two frames later", () => {
  const { time, asked, clock } = made();
  clock.play();
  time.pass(20);
  assert.equal(asked.length, 1);
  clock.answered();
  time.pass(1);
  assert.equal(asked.length, 1, "the answer is not drawn yet");
  time.pass(2);
  assert.equal(asked.length, 2);
  clock.close();
});

test("answers to other messages do not double the clock", () => {
  const { time, asked, clock } = made();
  clock.play();
  clock.answered(); // before anything was asked
  time.pass(1);
  assert.equal(asked.length, 1);
  clock.answered();
  time.pass(1);
  clock.answered();
  clock.answered();
  time.pass(30);
  assert.equal(asked.length, 2);
});

test("pause stops, play goes on, and pressing play twice is playing once", () => {
  const { time, asked, clock } = made();
  clock.play();
  clock.play();
  time.pass(1);
  clock.pause();
  clock.answered();
  time.pass(50);
  assert.equal(asked.length, 1);
  clock.play();
  clock.pause();
  clock.play();
  time.pass(50);
  assert.equal(asked.length, 2);
});

test("a hidden page asks for nothing, and goes on when it is seen again", () => {
  const { time, asked, clock } = made();
  clock.play();
  time.pass(1);
  clock.show(false);
  clock.answered();
  time.pass(100, false);
  time.pass(100);
  assert.equal(asked.length, 1);
  clock.show(true);
  clock.show(true);
  time.pass(1);
  assert.equal(asked.length, 2);
});

test("a lost answer is waited for no longer than the patience; a late one then does no harm", () => {
  const { time, asked, clock } = made(0, 160);
  clock.play();
  time.pass(1);
  time.pass(9);
  assert.equal(asked.length, 1);
  time.pass(3);
  assert.equal(asked.length, 2);
  clock.answered(); // the first one's answer, late
  clock.answered();
  time.pass(5);
  assert.equal(asked.length, 3);
  clock.close();
  time.pass(100);
  assert.equal(asked.length, 3, "a closed clock never asks");
  assert.equal(time.timers.size, 0);
});

test("questions keep the pace however quick the answers are", () => {
  const { time, asked, clock } = made(100);
  clock.play();
  for (let i = 0; i < 100; i++) {
    clock.answered();
    time.pass(1);
  }
  const gaps = asked.slice(1).map((at, i) => at - asked[i]);
  assert.ok(gaps.length > 5);
  assert.ok(Math.min(...gaps) >= 100, `${gaps}`);
});
