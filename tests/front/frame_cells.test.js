import assert from "node:assert/strict";
import { test } from "node:test";
import { deflateSync } from "node:zlib";
import {
  alike,
  between,
  bounded,
  cellAt,
  cornerOf,
  fitted,
  gridOf,
  revealed,
  stepped,
  zoomed,
} from "../../vmwidgets/front/frame_cells.js";
import { FramePixels, OUTSIDE } from "../../vmwidgets/front/frame_pixels.js";
import { decoded, FrameStream } from "../../vmwidgets/front/frame_stream.js";

const SIZE = { width: 1000, height: 400 };

// --------------------------------------------------------------------------------------------------------- geometry
test("rows are a power of two wide, and the grid is wider than high", () => {
  for (const frames of [1, 2, 10, 1000, 32_768, 1_000_000, 2 ** 24]) {
    const { columns, rows } = gridOf(frames);
    assert.ok(Number.isInteger(Math.log2(columns)), `${columns}`);
    assert.ok(columns * rows >= frames && columns * (rows - 1) < frames);
    if (frames > 1000) assert.ok(columns / rows > 1.3 && columns / rows < 5.6, `${columns} by ${rows}`);
  }
});

test("a cell's corner and middle are in that cell, its neighbour's are not", () => {
  const grid = gridOf(1_000_000);
  for (const eye of [fitted(grid, SIZE), { x: 100.25, y: 31.5, unit: 1 / 12 }, { x: 0, y: 0, unit: 0.25 }]) {
    for (const frame of [0, 5, grid.columns - 1, grid.columns, 31 * grid.columns + 101]) {
      const { x, y } = cornerOf(grid, eye, frame);
      const side = 1 / eye.unit;
      assert.equal(cellAt(grid, eye, x + side / 2, y + side / 2), frame);
      assert.notEqual(cellAt(grid, eye, x - side / 2, y + side / 2), frame);
    }
  }
});

test("beside the grid and after its last frame there is no cell", () => {
  const grid = { frames: 10, columns: 4, rows: 3 };
  const eye = { x: 0, y: 0, unit: 0.1 };
  assert.equal(cellAt(grid, eye, 15, 25), 9);
  assert.equal(cellAt(grid, eye, 25, 25), -1);
  assert.equal(cellAt(grid, eye, 41, 5), -1);
  assert.equal(cellAt(grid, eye, -1, 5), -1);
  assert.equal(cellAt(grid, eye, 5, -1), -1);
});

test("to fit is to see every frame, in the middle, with cells of whole pixels", () => {
  for (const frames of [10, 32_768, 1_000_000, 2 ** 24]) {
    const grid = gridOf(frames);
    const eye = fitted(grid, SIZE);
    const first = cornerOf(grid, eye, 0);
    assert.ok(first.x >= -1e-6 && first.y >= -1e-6);
    assert.ok(grid.columns / eye.unit <= SIZE.width + 1e-6 && grid.rows / eye.unit <= SIZE.height + 1e-6);
    assert.ok(Math.abs(SIZE.width - grid.columns / eye.unit - 2 * first.x) <= 1.01);
    if (eye.unit < 1) {
      assert.ok(Math.abs(1 / eye.unit - Math.round(1 / eye.unit)) < 1e-9);
      assert.ok(Math.abs(first.x - Math.round(first.x)) < 1e-6);
    }
  }
});

test("zooming keeps the point it is about, also half-way", () => {
  const grid = gridOf(1_000_000);
  const from = { x: 300, y: 100, unit: 0.5 };
  const to = zoomed(from, 1 / 16, 640, 120);
  for (const part of [0, 0.1, 0.5, 1]) {
    assert.equal(cellAt(grid, between(from, to, part), 640.001, 120.001), cellAt(grid, from, 640.001, 120.001));
  }
});

test("an eye does not look beyond the edges", () => {
  const grid = gridOf(1_000_000);
  const near = { x: -50, y: 1e6, unit: 0.1 };
  const eye = bounded(grid, SIZE, near);
  assert.equal(eye.x, 0);
  assert.equal(eye.y, grid.rows - SIZE.height * 0.1);
  assert.deepEqual(bounded(grid, SIZE, eye), eye);
});

test("steps go in and out through the same sizes", () => {
  const sizes = [];
  for (let unit = 7; unit > 1 / 40; ) {
    unit = stepped(unit, 1);
    sizes.push(1 / unit);
  }
  assert.deepEqual(sizes.slice(0, 8), [0.25, 0.5, 1, 2, 3, 4, 6, 8]);
  let unit = 1 / 8;
  for (const size of [6, 4, 3, 2, 1, 0.5, 0.25]) {
    unit = stepped(unit, -1);
    assert.equal(1 / unit, size);
  }
});

test("a frame out of sight is brought to the edge, one in sight moves nothing", () => {
  const grid = gridOf(1_000_000);
  const eye = { x: 10, y: 10, unit: 0.1 };
  assert.deepEqual(revealed(grid, SIZE, eye, 20 * grid.columns + 50), eye);
  const moved = revealed(grid, SIZE, eye, 300 * grid.columns + 50);
  assert.equal(moved.y, 301 - SIZE.height * 0.1);
  assert.equal(moved.x, eye.x);
});

test("two eyes are alike when nothing moves by half a pixel", () => {
  const eye = { x: 10, y: 10, unit: 0.1 };
  assert.ok(alike({ ...eye, x: 10.04 }, eye, SIZE));
  assert.ok(!alike({ ...eye, x: 10.06 }, eye, SIZE));
  assert.ok(!alike({ ...eye, unit: 0.1001 }, eye, SIZE));
});

// ----------------------------------------------------------------------------------------------------------- pixels
/** Grey: the colour of code c is c in every channel. */
const GREY = Uint32Array.from({ length: 256 }, (_, c) => ((255 << 24) | (c << 16) | (c << 8) | c) >>> 0);

function painted(pixels, eye, width, height) {
  const out = new Uint32Array(width * height);
  pixels.paint(out, { width, height }, eye);
  return out;
}

function noise(grid) {
  const pixels = new FramePixels(grid);
  pixels.recolour(GREY);
  let state = 1;
  const codes = Uint8Array.from({ length: grid.frames }, () => {
    state = (state * 48271) % 2147483647;
    return state % 128;
  });
  pixels.put({ frames: null, first: 0, codes });
  return { pixels, codes };
}

test("near, each pixel has the colour of the cell at that point", () => {
  const grid = gridOf(1000);
  const { pixels, codes } = noise(grid);
  for (const eye of [
    { x: 3, y: 2, unit: 1 / 5 },
    { x: 3.4, y: 2.7, unit: 1 / 6.5 },
    { x: 0, y: 0, unit: 1 },
  ]) {
    const out = painted(pixels, eye, 32, 15);
    for (let y = 0; y < 15; y++) {
      for (let x = 0; x < 32; x++) {
        const frame = cellAt(grid, eye, x + 1e-5, y + 1e-5);
        assert.equal(out[y * 32 + x], GREY[frame < 0 ? OUTSIDE : codes[frame]], `${x} ${y} ${eye.unit}`);
      }
    }
  }
});

test("from far, the picture is as bright as the frames are, at every distance: none is left out", () => {
  const grid = { frames: 256 * 128, columns: 256, rows: 128 };
  const { pixels, codes } = noise(grid);
  const mean = codes.reduce((sum, code) => sum + code, 0) / codes.length;
  for (const unit of [1, 2, 4, 8]) {
    const out = painted(pixels, { x: 0, y: 0, unit }, 256 / unit, 128 / unit);
    const shown = out.reduce((sum, colour) => sum + (colour & 255), 0) / out.length;
    assert.ok(Math.abs(shown - mean) < 0.5, `${unit}: ${shown} for ${mean}`);
  }
  // One bright frame among dark ones is seen wherever it stands, also where cells and pixels do not divide.
  for (const unit of [1.3, 1.9, 3.1]) {
    for (const frame of [0, 1, 2, 3, 4, 5, 256, 257, 513, 770]) {
      pixels.put({ frames: null, first: 0, codes: new Uint8Array(grid.frames) });
      pixels.put({ frames: Uint32Array.of(frame), first: -1, codes: Uint8Array.of(200) });
      const out = painted(pixels, { x: 0, y: 0, unit }, Math.floor(256 / unit), Math.floor(128 / unit));
      assert.equal(out.filter((colour) => (colour & 255) > 0).length, 1, `frame ${frame} at ${unit}`);
    }
  }
});

test("a change shows what a fresh map would show, from near and from far", () => {
  const grid = { frames: 4000, columns: 128, rows: 32 };
  const { pixels, codes } = noise(grid);
  const eyes = [
    { x: 0, y: 0, unit: 1 },
    { x: 0, y: 0, unit: 2 },
    { x: 0, y: 0, unit: 4.7 },
  ];
  for (const eye of eyes) painted(pixels, eye, 27, 6);
  const frames = Uint32Array.of(0, 3, 127, 128, 3990, 3999);
  pixels.put({ frames, first: -1, codes: Uint8Array.of(250, 251, 252, 253, 254, 249) });
  pixels.put({ frames: null, first: 500, codes: new Uint8Array(20).fill(240) });
  frames.forEach((frame, i) => {
    codes[frame] = [250, 251, 252, 253, 254, 249][i];
  });
  codes.fill(240, 500, 520);
  const fresh = new FramePixels(grid);
  fresh.recolour(GREY);
  fresh.put({ frames: null, first: 0, codes });
  for (const eye of eyes) assert.deepEqual(painted(pixels, eye, 27, 6), painted(fresh, eye, 27, 6));
});

test("new colours are seen from far too", () => {
  const { pixels } = noise({ frames: 4096, columns: 128, rows: 32 });
  painted(pixels, { x: 0, y: 0, unit: 4 }, 32, 8);
  pixels.recolour(new Uint32Array(256).fill(GREY[7]));
  assert.ok(painted(pixels, { x: 0, y: 0, unit: 4 }, 32, 8).every((colour) => colour === GREY[7]));
});

test("before the map has come nothing is drawn as free", () => {
  const pixels = new FramePixels(gridOf(100));
  pixels.recolour(GREY);
  assert.ok(painted(pixels, { x: 0, y: 0, unit: 0.5 }, 8, 8).every((colour) => colour === GREY[OUTSIDE]));
});

// ----------------------------------------------------------------------------------------------------------- stream
/** Scattered frames as the kernel writes them. */
function scattered(frames, codes) {
  const gaps = Uint32Array.from(frames, (frame, i) => frame - (i ? frames[i - 1] : 0));
  return Uint8Array.from([...new Uint8Array(gaps.buffer), ...codes]);
}
const view = (bytes) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

test("scattered frames and ranges are read, wherever the bytes begin in their buffer", () => {
  const data = scattered([5, 6, 70_000, 16_000_000], [1, 2, 3, 4]);
  const shifted = new Uint8Array(data.length + 1);
  shifted.set(data, 1);
  for (const bytes of [data, shifted.subarray(1)]) {
    const { frames, codes } = decoded(bytes, { first: -1, count: 4 });
    assert.deepEqual([...frames], [5, 6, 70_000, 16_000_000]);
    assert.deepEqual([...codes], [1, 2, 3, 4]);
  }
  assert.deepEqual(decoded(Uint8Array.of(9, 8), { first: 3, count: 2 }), {
    frames: null,
    first: 3,
    codes: Uint8Array.of(9, 8),
  });
});

function listening() {
  const taken = [];
  let asked = 0;
  let done = () => {};
  const stream = new FrameStream(
    () => asked++,
    (change, to) => {
      taken.push([to, change && [...change.codes]]);
      done();
    },
  );
  const after = (count) =>
    new Promise((resolve) => {
      done = () => taken.length >= count && resolve(taken);
      done();
    });
  return { stream, after, asked: () => asked };
}
const RANGE = { first: 0, count: 3, packed: false };

test("messages are taken in order, though the packed ones need longer", async () => {
  const { stream, after, asked } = listening();
  const packed = new Uint8Array(deflateSync(Uint8Array.of(1, 2, 3)));
  stream.hear({ from: null, to: 1, ...RANGE, packed: true }, [view(packed)]);
  stream.hear({ from: 1, to: 2, ...RANGE }, [view(Uint8Array.of(4, 5, 6))]);
  stream.hear({ from: 2, to: 2 }, []);
  stream.hear({ ack: 7 }, []);
  assert.deepEqual(await after(3), [
    [1, [1, 2, 3]],
    [2, [4, 5, 6]],
    [2, null],
  ]);
  assert.equal(asked(), 0);
});

test("who has missed a change asks for the map, and takes it", async () => {
  const { stream, after, asked } = listening();
  stream.hear({ from: 4, to: 5, ...RANGE }, [view(Uint8Array.of(0, 0, 0))]);
  assert.equal(asked(), 0, "the map is on its way already");
  stream.hear({ from: null, to: 6, ...RANGE }, [view(Uint8Array.of(1, 1, 1))]);
  stream.hear({ from: 7, to: 8, ...RANGE }, [view(Uint8Array.of(2, 2, 2))]);
  assert.equal(asked(), 1);
  stream.hear({ from: null, to: 9, ...RANGE }, [view(Uint8Array.of(3, 3, 3))]);
  assert.deepEqual(await after(2), [
    [6, [1, 1, 1]],
    [9, [3, 3, 3]],
  ]);
});
