// Rows as pixels. A column of a row is a stack: each kind as high as its part of the time, times the height of its kind.
// So what is too short for a column of its own is seen in the height of the others' stack, and nothing is left out.

/**
 * @typedef {object} Paint how a kind looks
 * @property {number} kind
 * @property {number} height part of the row's height that it fills where it fills the time
 * @property {number} base colour, 0xAABBGGRR
 * @property {number} stroke colour of its pattern
 * @property {Uint8Array} tile TILE × TILE: where the pattern is
 */

export const TILE = 8;

/**
 * A pattern by its name.
 * @param {"solid" | "slash" | "level" | "backslash" | "cross" | "dots" | "checks" | "steps"} name
 */
export function tileOf(name) {
  const tile = new Uint8Array(TILE * TILE);
  const tests = {
    solid: () => false,
    slash: (/** @type {number} */ x, /** @type {number} */ y) => (x + y) % TILE < 2,
    level: (/** @type {number} */ _x, /** @type {number} */ y) => y % 4 < 1,
    backslash: (/** @type {number} */ x, /** @type {number} */ y) => (x + TILE - y) % TILE < 2,
    cross: (/** @type {number} */ x, /** @type {number} */ y) => (x + y) % TILE < 1 || (x + TILE - y) % TILE < 1,
    dots: (/** @type {number} */ x, /** @type {number} */ y) => x % 4 < 2 && y % 4 < 2,
    checks: (/** @type {number} */ x, /** @type {number} */ y) => x % TILE < 4 !== y % TILE < 4,
    steps: (/** @type {number} */ x, /** @type {number} */ y) => (x + 2 * y) % TILE < 2,
  };
  for (let y = 0; y < TILE; y++) for (let x = 0; x < TILE; x++) tile[y * TILE + x] = Number(tests[name](x, y));
  return tile;
}

/** Patterns of the slots. Those of palette.js, but none that is upright: in a time line that would look like a switch. */
export const SLOT_TILES = /** @type {Parameters<typeof tileOf>[0][]} */ ([
  "solid",
  "slash",
  "dots",
  "level",
  "backslash",
  "cross",
  "checks",
  "steps",
]);

/**
 * Paint one row.
 * @param {Uint32Array} pixels of the whole picture
 * @param {number} stride its width
 * @param {{left: number, top: number, width: number, height: number}} box
 * @param {Float32Array} parts see columnsOf()
 * @param {number} kinds how many there are
 * @param {Paint[]} stack from the bottom up; kinds that are not in it leave their place empty
 */
export function paintRow(pixels, stride, { left, top, width, height }, parts, kinds, stack) {
  const bottom = top + height;
  for (let x = 0; x < width; x++) {
    let y = bottom;
    let rest = 0; // what rounding has left over so far
    for (const paint of stack) {
      const part = parts[x * kinds + paint.kind];
      if (part <= 0) continue;
      const exact = part * paint.height * height + rest;
      // However short: a kind that is there has a pixel.
      const high = Math.min(Math.max(Math.round(exact), 1), y - top);
      rest = exact - high;
      const { base, stroke, tile } = paint;
      for (const end = y - high; y > end; ) {
        y--;
        pixels[y * stride + left + x] = tile[(y % TILE) * TILE + ((left + x) % TILE)] ? stroke : base;
      }
    }
  }
}

/**
 * A colour of a style sheet, "#rrggbb", as a pixel.
 * @param {string} hex
 */
export function pixelOf(hex) {
  const value = Number.parseInt(hex.slice(1), 16);
  return ((255 << 24) | ((value & 255) << 16) | (value & 0xff00) | (value >> 16)) >>> 0;
}

/**
 * @param {number} a pixel
 * @param {number} b pixel
 * @param {number} part of b
 */
export function mixed(a, b, part) {
  let out = 0xff000000;
  for (const shift of [0, 8, 16]) {
    const [from, to] = [(a >>> shift) & 255, (b >>> shift) & 255];
    out |= Math.round(from + (to - from) * part) << shift;
  }
  return out >>> 0;
}
