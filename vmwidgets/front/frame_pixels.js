// From one byte a frame to the pixels of the screen. Only what is seen is drawn, so a redraw costs the same for any host.

/** Code of the cells after the last frame, and of all before the map has come. */
export const OUTSIDE = 255;
/** Against rounding: a cell's edge on a whole pixel belongs to that pixel. */
const EDGE = 1e-6;

/**
 * Where each pixel's cells begin: pixel i shows those from edges[i] to edges[i + 1] - 1, at least one.
 * @param {number} at cell at the first pixel
 * @param {number} unit cells in a pixel
 * @param {number} pixels
 */
function edgesOf(at, unit, pixels) {
  const edges = new Int32Array(pixels + 1);
  for (let i = 0; i <= pixels; i++) edges[i] = Math.floor(at + i * unit + EDGE);
  return edges;
}

/**
 * The mean of four colours, channel by channel, rounded.
 * @param {number} a
 * @param {number} b
 * @param {number} c
 * @param {number} d
 */
function mean(a, b, c, d) {
  const even = (a & 0xff00ff) + (b & 0xff00ff) + (c & 0xff00ff) + (d & 0xff00ff) + 0x20002;
  const odd =
    ((a >>> 8) & 0xff00ff) + ((b >>> 8) & 0xff00ff) + ((c >>> 8) & 0xff00ff) + ((d >>> 8) & 0xff00ff) + 0x20002;
  return ((even >>> 2) & 0xff00ff) | (((odd >>> 2) & 0xff00ff) << 8);
}

export class FramePixels {
  /** @type {Uint32Array} colour of each code, as ImageData has it */
  #colours = new Uint32Array(256);
  /** @type {Uint32Array[]} level L: mean colours of 2^L by 2^L frames; level 0 is the codes themselves */
  #levels = [];
  #fresh = false;

  /** @param {import("./frame_cells.js").Grid} grid */
  constructor({ columns, rows }) {
    this.columns = columns;
    this.rows = rows;
    // What is not known yet is not free: it is not drawn.
    this.codes = new Uint8Array(columns * rows).fill(OUTSIDE);
    this.#levels.push(new Uint32Array(0));
    for (let size = 2; size <= columns && size <= rows; size *= 2) {
      this.#levels.push(new Uint32Array((columns / size) * Math.ceil(rows / size)));
    }
  }

  /** @param {Uint32Array} colours */
  recolour(colours) {
    this.#colours = colours;
    this.#fresh = false;
  }

  /** @param {import("./frame_stream.js").Change} change */
  put({ frames, first, codes }) {
    if (frames) for (let i = 0; i < frames.length; i++) this.codes[frames[i]] = codes[i];
    else this.codes.set(codes, first);
    if (!this.#fresh) return;
    // Beyond some part it is faster to begin anew, when somebody looks.
    if (codes.length > this.codes.length / 32) this.#fresh = false;
    else for (let i = 0; i < codes.length; i++) this.#climb(frames ? frames[i] : first + i);
  }

  /**
   * The mean colours above one frame.
   * @param {number} frame
   */
  #climb(frame) {
    let column = frame % this.columns;
    let row = Math.floor(frame / this.columns);
    for (let level = 1; level < this.#levels.length; level++) {
      column >>= 1;
      row >>= 1;
      this.#blend(level, row, column, column + 1);
    }
  }

  /**
   * Compute a part of a row of a level from the level below.
   * @param {number} level
   * @param {number} row
   * @param {number} from
   * @param {number} to
   */
  #blend(level, row, from, to) {
    const width = this.columns >> level;
    const below = this.#levels[level - 1];
    const upper = 2 * row * 2 * width;
    // The last row of a level may have no neighbour: then it counts for both.
    const lower = 2 * row + 1 < Math.ceil(this.rows / 2 ** (level - 1)) ? upper + 2 * width : upper;
    const target = this.#levels[level];
    if (level === 1) {
      const { codes } = this;
      const colours = this.#colours;
      for (let x = from; x < to; x++) {
        const a = upper + 2 * x;
        const b = lower + 2 * x;
        target[row * width + x] = mean(
          colours[codes[a]],
          colours[codes[a + 1]],
          colours[codes[b]],
          colours[codes[b + 1]],
        );
      }
    } else {
      for (let x = from; x < to; x++) {
        const a = upper + 2 * x;
        const b = lower + 2 * x;
        target[row * width + x] = mean(below[a], below[a + 1], below[b], below[b + 1]);
      }
    }
  }

  #refresh() {
    for (let level = 1; level < this.#levels.length; level++) {
      const rows = Math.ceil(this.rows / 2 ** level);
      for (let row = 0; row < rows; row++) this.#blend(level, row, 0, this.columns >> level);
    }
    this.#fresh = true;
  }

  /**
   * Draw what an eye sees. Where several frames share a pixel it has their mean colour, and every frame is in one pixel.
   * @param {Uint32Array} out
   * @param {import("./frame_cells.js").Size} size
   * @param {import("./frame_cells.js").Eye} eye
   */
  paint(out, { width, height }, { x, y, unit }) {
    const level = Math.min(Math.max(0, Math.floor(Math.log2(unit))), this.#levels.length - 1);
    if (level && !this.#fresh) this.#refresh();
    const scale = 2 ** level;
    const columns = this.columns / scale;
    const rows = Math.ceil(this.rows / scale);
    const xs = edgesOf(x / scale, unit / scale, width);
    const ys = edgesOf(y / scale, unit / scale, height);
    const outside = this.#colours[OUTSIDE];
    const left = xs.findIndex((column) => column >= 0);
    const beyond = xs.findIndex((column) => column >= columns);
    const right = Math.min(width, beyond < 0 ? width : beyond);
    const above = new Uint32Array(columns);
    const under = new Uint32Array(columns);
    for (let i = 0, last = -1; i < height; i++) {
      const start = i * width;
      const row = ys[i];
      if (row < 0 || row >= rows) {
        out.fill(outside, start, start + width);
        continue;
      }
      if (row === last && unit <= 1) {
        out.copyWithin(start, start - width, start);
        continue;
      }
      last = row;
      out.fill(outside, start, start + left);
      out.fill(outside, start + right, start + width);
      const a = this.#row(level, row, xs[left], xs[right - 1] + 2, above);
      if (unit <= 1) {
        for (let p = left; p < right; p++) out[start + p] = a[xs[p]];
        continue;
      }
      const lower = Math.min(Math.max(row, ys[i + 1] - 1), rows - 1);
      const b = lower > row ? this.#row(level, lower, xs[left], xs[right - 1] + 2, under) : a;
      for (let p = left; p < right; p++) {
        const c = xs[p];
        const d = Math.min(Math.max(c, xs[p + 1] - 1), columns - 1);
        out[start + p] = mean(a[c], a[d], b[c], b[d]);
      }
    }
  }

  /**
   * The colours of one row of a level, at least from one column up to another.
   * @param {number} level
   * @param {number} row
   * @param {number} from
   * @param {number} to
   * @param {Uint32Array} scratch
   */
  #row(level, row, from, to, scratch) {
    const width = this.columns >> level;
    if (level) return this.#levels[level].subarray(row * width, (row + 1) * width);
    const colours = this.#colours;
    const start = row * width;
    for (let x = from; x < Math.min(to, width); x++) scratch[x] = colours[this.codes[start + x]];
    return scratch;
  }
}
