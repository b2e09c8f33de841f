// How the rows of the time line look: a VM has its colour and pattern, a state its height and pattern besides.
import { COLOURS } from "./palette.js";
import { mixed, paintRow, pixelOf, SLOT_TILES, tileOf } from "./time_pixels.js";
import { BLOCKED, IDLE, OTHERS, RUNNABLE, RUNNING } from "./time_rows.js";

/** @typedef {import("./time_pixels.js").Paint} Paint */

/** Kinds of a pCPU's row, and of a vCPU's. */
export const KINDS = IDLE + 1;
export const STATES = 5;
const [COSTOPPED, PARKED] = [3, 4];
const TILES = SLOT_TILES.map(tileOf);
const PLAIN = tileOf("solid");

export class TimePaints {
  theme = { paper: "#ffffff", well: "#f3f5f7", ink: "#111111", soft: "#565e66", line: "#d5d9de" };
  light = -1;
  /** @type {Map<string, Paint[]>} */
  #stacks = new Map();

  /**
   * Take the colours of the theme.
   * @param {HTMLElement} el
   * @param {CanvasRenderingContext2D} probe
   */
  dress(el, probe) {
    const style = getComputedStyle(el);
    const read = (/** @type {string} */ name) => {
      probe.fillStyle = style.getPropertyValue(`--vmw-${name}`).trim();
      return String(probe.fillStyle); // whatever the sheet says, as #rrggbb
    };
    this.theme = {
      paper: read("paper"),
      well: read("well"),
      ink: read("ink"),
      soft: read("ink-soft"),
      line: read("line"),
    };
    this.#stacks.clear();
  }

  /**
   * Light one VM, and let the others step back.
   * @param {number} slot -1 for all
   * @returns {boolean} whether that is new
   */
  shine(slot) {
    if (slot === this.light) return false;
    this.light = slot;
    this.#stacks.clear();
    return true;
  }

  /**
   * How the kinds of a row look, from the bottom up.
   * @param {number} slot of the VM, -1 on a pCPU
   * @param {boolean} pcpu
   * @returns {Paint[]}
   */
  stack(slot, pcpu) {
    const key = `${pcpu} ${slot}`;
    const known = this.#stacks.get(key);
    if (known) return known;
    const made = pcpu ? this.#owners() : this.#states(slot).map((paint) => this.#dimmed(paint, slot));
    this.#stacks.set(key, made);
    return made;
  }

  #owners() {
    const { paper, soft } = this.theme;
    const grey = mixed(pixelOf(paper), pixelOf(soft), 0.7);
    /** @type {Paint[]} */
    const stack = COLOURS.map((hex, kind) => ({ kind, ...worn(hex, TILES[kind]) }));
    stack.push({ kind: OTHERS, height: 1, base: grey, stroke: grey, tile: PLAIN });
    return stack.map((paint) => this.#dimmed(paint, paint.kind));
  }

  /**
   * @param {number} slot
   * @returns {Paint[]}
   */
  #states(slot) {
    const [paper, ink] = [pixelOf(this.theme.paper), pixelOf(this.theme.ink)];
    const hex = COLOURS[slot] ?? this.theme.soft;
    return [
      { kind: RUNNING, ...worn(hex, TILES[slot] ?? PLAIN) },
      { kind: RUNNABLE, height: 0.6, ...hatched(paper, pixelOf(hex), 0.25, 0.6), tile: tileOf("slash") },
      { kind: COSTOPPED, height: 0.6, ...hatched(paper, ink, 0.06, 0.55), tile: tileOf("cross") },
      { kind: PARKED, height: 0.42, ...hatched(paper, ink, 0.1, 0.6), tile: tileOf("dots") },
      { kind: BLOCKED, height: 0.1, ...hatched(paper, ink, 0.28, 0.28), tile: PLAIN },
    ];
  }

  /**
   * @param {Paint} paint
   * @param {number} slot
   */
  #dimmed(paint, slot) {
    if (this.light < 0 || slot === this.light) return paint;
    const paper = pixelOf(this.theme.paper);
    return { ...paint, base: mixed(paint.base, paper, 0.78), stroke: mixed(paint.stroke, paper, 0.78) };
  }

  /**
   * Paint a sample of a state for the legend.
   * @param {HTMLCanvasElement} canvas
   * @param {number} index of the state, in the order of the stack
   * @param {number} ratio pixels of the device for one of the page
   */
  sample(canvas, index, ratio) {
    const [width, height] = [Math.round(26 * ratio), Math.round(14 * ratio)];
    [canvas.width, canvas.height] = [width, height];
    const context = canvas.getContext("2d");
    if (!context) return;
    const image = context.createImageData(width, height);
    const pixels = new Uint32Array(image.data.buffer).fill(pixelOf(this.theme.well));
    const paint = this.#states(-1)[index];
    const parts = new Float32Array(width * STATES);
    for (let x = 0; x < width; x++) parts[x * STATES + paint.kind] = 1;
    paintRow(pixels, width, { left: 0, top: 0, width, height }, parts, STATES, [paint]);
    context.putImageData(image, 0, 0);
  }
}

/**
 * @param {string} hex
 * @param {Uint8Array} tile
 */
function worn(hex, tile) {
  const base = pixelOf(hex);
  return { height: 1, base, stroke: mixed(base, pixelOf("#ffffff"), 0.3), tile };
}

/**
 * @param {number} paper
 * @param {number} ink
 * @param {number} ground part of the ink in the ground
 * @param {number} stroke part of the ink in the strokes
 */
function hatched(paper, ink, ground, stroke) {
  return { base: mixed(paper, ink, ground), stroke: mixed(paper, ink, stroke) };
}
