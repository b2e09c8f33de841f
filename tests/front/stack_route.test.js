import assert from "node:assert/strict";
import { test } from "node:test";
import { way } from "../../vmwidgets/front/stack_route.js";

const box = (left, top, right, bottom) => ({ x: left + 5, y: (top + bottom) / 2, left, top, right, bottom });
const GUEST = box(102, 0, 198, 38);
const TOOLS = box(2, 42, 98, 80);
const PROCESS = box(102, 42, 198, 80);
const KERNEL = box(2, 84, 198, 164);
const DRIVERS = box(8, 89, 90, 122);
const MODULE = box(110, 89, 190, 122);
const HARDWARE = box(2, 168, 198, 206);
const ALL = [GUEST, TOOLS, PROCESS, KERNEL, DRIVERS, MODULE, HARDWARE];

test("to the layer right below it goes straight down", () => {
  assert.deepEqual(way(GUEST, PROCESS, ALL), [
    [107, 19],
    [107, 61],
  ]);
});

test("past layers that it does not go through it goes along the side", () => {
  const points = way(GUEST, HARDWARE, ALL);
  assert.deepEqual(points.slice(3, 5), [
    [1, 40],
    [1, 187],
  ]);
});

test("into a compartment it goes between the boxes", () => {
  assert.deepEqual(way(GUEST, MODULE, ALL).slice(1, 4), [
    [100, 19],
    [100, 87],
    [115, 87],
  ]);
});

test("without a way there is no line", () => {
  const walled = [...ALL, box(0, 0, 98, 38), box(0, 39, 99, 41), box(0, 81, 200, 83)];
  assert.deepEqual(way(GUEST, HARDWARE, walled), []);
});
