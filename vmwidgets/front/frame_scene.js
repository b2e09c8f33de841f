// What is drawn on the canvas: the cells, from far away as pixels, from near as cells with marks, and outlines of some.
import { cornerOf, fitted } from "./frame_cells.js";
import { lookOf, MarkSheet, themeOf } from "./frame_marks.js";
import { FramePixels, OUTSIDE } from "./frame_pixels.js";

/** @typedef {import("./frame_cells.js").Eye} Eye */

/** Sides of a cell in CSS pixels: from the one it has a mark, from the other it stands apart. */
const [MARKED, APART] = [10, 5];
/** Height of the picture in CSS pixels. */
const [LOWEST, HIGHEST] = [180, 520];

export class FrameScene {
  #image = new ImageData(1, 1);
  #sheet = new MarkSheet();
  #family = "";

  /**
   * @param {HTMLCanvasElement} canvas
   * @param {Element} el whose style has the theme's colours
   * @param {import("./frame_cells.js").Grid} grid
   */
  constructor(canvas, el, grid) {
    this.canvas = canvas;
    this.el = el;
    this.grid = grid;
    this.context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d", { alpha: false }));
    this.pixels = new FramePixels(grid);
    this.size = { width: 0, height: 0 };
    /** Pixels of the screen in one of CSS. */
    this.ratio = 1;
    this.theme = themeOf(el, this.context);
    this.look = lookOf(this.theme, -1);
  }

  /** @param {number} width in CSS pixels */
  resize(width) {
    const { canvas, grid } = this;
    this.ratio = window.devicePixelRatio;
    // As high as the grid is when all of it is seen.
    const { unit } = fitted(grid, { width: width * this.ratio, height: HIGHEST * this.ratio });
    const height = Math.max(LOWEST, Math.ceil(grid.rows / unit / this.ratio));
    this.size = { width: Math.round(width * this.ratio), height: Math.round(height * this.ratio) };
    canvas.style.height = `${height}px`;
    canvas.width = this.size.width;
    canvas.height = this.size.height;
    this.#image = new ImageData(this.size.width, this.size.height);
  }

  /** Read the theme's colours again. */
  dress() {
    this.theme = themeOf(this.el, this.context);
    this.#family = getComputedStyle(this.el).fontFamily;
  }

  /** @param {number} slot the VM whose frames keep their colour, -1 for all */
  light(slot) {
    this.look = lookOf(this.theme, slot);
    this.pixels.recolour(this.look.colours);
  }

  get family() {
    return this.#family;
  }

  /**
   * @param {Eye} eye
   * @param {[number, number][]} outlines frames and the width of the line around each
   */
  draw(eye, outlines) {
    const side = 1 / eye.unit / this.ratio;
    this.pixels.paint(new Uint32Array(this.#image.data.buffer), this.size, eye);
    this.context.putImageData(this.#image, 0, 0);
    if (side >= MARKED) this.#marks(eye);
    if (side >= APART) this.#gaps(eye, side >= 2 * MARKED ? 2 : 1);
    for (const [frame, width] of outlines) if (frame >= 0) this.#outline(eye, frame, width * this.ratio);
  }

  /**
   * Columns and rows that an eye sees.
   * @param {Eye} eye
   */
  #seen(eye) {
    return {
      left: Math.max(0, Math.floor(eye.x)),
      top: Math.max(0, Math.floor(eye.y)),
      right: Math.min(this.grid.columns, Math.ceil(eye.x + this.size.width * eye.unit)),
      bottom: Math.min(this.grid.rows, Math.ceil(eye.y + this.size.height * eye.unit)),
    };
  }

  /** @param {Eye} eye */
  #marks(eye) {
    const { left, top, right, bottom } = this.#seen(eye);
    const side = Math.floor(1 / eye.unit + 1e-6);
    for (let row = top; row < bottom; row++) {
      const y = firstPixel(row, eye.y, eye.unit);
      for (let column = left; column < right; column++) {
        const code = this.pixels.codes[row * this.grid.columns + column];
        if (code === OUTSIDE) continue;
        this.#sheet.draw(this.context, code, firstPixel(column, eye.x, eye.unit), y, side, this.look, this.#family);
      }
    }
  }

  /**
   * @param {Eye} eye
   * @param {number} width in CSS pixels
   */
  #gaps(eye, width) {
    const { left, top, right, bottom } = this.#seen(eye);
    const { context, size } = this;
    const line = Math.max(1, Math.round(width * this.ratio));
    context.fillStyle = `rgb(${this.theme.paper.join(" ")})`;
    for (let x = left; x <= right; x++) context.fillRect(firstPixel(x, eye.x, eye.unit) - line, 0, line, size.height);
    for (let y = top; y <= bottom; y++) context.fillRect(0, firstPixel(y, eye.y, eye.unit) - line, size.width, line);
  }

  /**
   * @param {Eye} eye
   * @param {number} frame
   * @param {number} width
   */
  #outline(eye, frame, width) {
    const { context, theme } = this;
    const { x, y } = cornerOf(this.grid, eye, frame);
    const side = Math.max(1 / eye.unit, 3 * this.ratio) + width;
    context.lineWidth = width + 2 * this.ratio;
    for (const colour of [theme.paper, theme.ink]) {
      context.strokeStyle = `rgb(${colour.join(" ")})`;
      context.strokeRect(Math.round(x) - width / 2, Math.round(y) - width / 2, side, side);
      context.lineWidth = width;
    }
  }
}

/**
 * @param {number} cell column or row
 * @param {number} from column or row at the edge of the picture
 * @param {number} unit
 */
function firstPixel(cell, from, unit) {
  return Math.ceil((cell - from) / unit - 1e-4);
}
