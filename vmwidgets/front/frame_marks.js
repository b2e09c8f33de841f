// How a frame looks: a colour from its owner and state and, where a cell has room, a number for the owner and a mark for
// the state, so that colour is never the only carrier.
import { OUTSIDE } from "./frame_pixels.js";
import { COLOURS } from "./palette.js";

/** States, the high four bits of a code; see frame_map.py. */
export const STATES = ["free", "vmm", "table", "private", "active", "shared", "compressed", "zero"];
/** The owner of a code that is a VM beyond those that have a colour. */
export const OTHER = 8;

/** @typedef {[number, number, number]} Rgb */
/** @typedef {{paper: Rgb, ink: Rgb, vmm: Rgb, soft: Rgb, well: Rgb}} Theme */
/** @typedef {{colours: Uint32Array, inks: string[]}} Look colour of each code, and colour of the marks on it */

/**
 * @param {string} text a colour as CSS has it
 * @param {CanvasRenderingContext2D} context
 * @returns {Rgb}
 */
function rgbOf(text, context) {
  context.fillStyle = "#000000";
  context.fillStyle = text.trim();
  // The browser has written it as #rrggbb, or with rgba() if it lets something through.
  if (context.fillStyle.startsWith("#")) return hex(context.fillStyle);
  const [r, g, b] = (context.fillStyle.match(/[\d.]+/g) ?? []).map(Number);
  return [r, g, b];
}

/**
 * @param {string} text #rrggbb
 * @returns {Rgb}
 */
function hex(text) {
  const value = Number.parseInt(text.slice(1), 16);
  return [value >> 16, (value >> 8) & 255, value & 255];
}

/**
 * The theme's own colours, from the style sheet.
 * @param {Element} el
 * @param {CanvasRenderingContext2D} context
 * @returns {Theme}
 */
export function themeOf(el, context) {
  const style = getComputedStyle(el);
  /** @param {string} name */
  const one = (name) => rgbOf(style.getPropertyValue(`--vmw-${name}`), context);
  return { paper: one("paper"), ink: one("ink"), vmm: one("vmm"), soft: one("ink-soft"), well: one("well") };
}

/**
 * @param {Rgb} a
 * @param {Rgb} b
 * @param {number} part of b, 0 to 1
 * @returns {Rgb}
 */
const mixed = (a, b, part) => [
  Math.round(a[0] + (b[0] - a[0]) * part),
  Math.round(a[1] + (b[1] - a[1]) * part),
  Math.round(a[2] + (b[2] - a[2]) * part),
];

/** @param {Rgb} colour */
const packed = ([r, g, b]) => ((255 << 24) | (b << 16) | (g << 8) | r) >>> 0;

/** @param {Rgb} colour */
const cssOf = ([r, g, b]) => `rgb(${r} ${g} ${b})`;

/**
 * Relative luminance as in WCAG 2.
 * @param {Rgb} colour
 */
function luminance(colour) {
  const [r, g, b] = colour.map((v) => (v <= 10 ? v / 3294.6 : ((v / 255 + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

/**
 * The colour of one code. What a VM uses now has its full colour; what is idle fades towards the paper, what is special
 * moves towards the ink.
 * @param {number} code
 * @param {Theme} theme
 * @returns {Rgb}
 */
export function colourOf(code, { paper, ink, vmm, soft, well }) {
  const state = STATES[code >> 4];
  const owner = code & 15;
  const own = owner < COLOURS.length ? hex(COLOURS[owner]) : owner === OTHER ? soft : vmm;
  if (code === OUTSIDE || state === undefined) return paper;
  if (state === "free") return well;
  if (state === "vmm") return vmm;
  if (state === "table") return mixed(own, ink, 0.62);
  if (state === "private") return mixed(own, paper, 0.58);
  if (state === "shared") return mixed(own, ink, 0.3);
  if (state === "compressed") return mixed(own, vmm, 0.6);
  if (state === "zero") return mixed(own, well, 0.82);
  return own;
}

/**
 * Colours of all codes; with a VM that is lit, those of the others fade.
 * @param {Theme} theme
 * @param {number} lit slot, or -1
 * @returns {Look}
 */
export function lookOf(theme, lit) {
  const all = Array.from({ length: 256 }, (_, code) => {
    const colour = colourOf(code, theme);
    return lit < 0 || (code & 15) === lit || code === OUTSIDE ? colour : mixed(colour, theme.paper, 0.82);
  });
  return {
    colours: Uint32Array.from(all, packed),
    inks: all.map((colour) => {
      const light = luminance(colour);
      if (lit >= 0) return cssOf(mixed(colour, light > 0.18 ? [0, 0, 0] : [255, 255, 255], 0.8));
      return light > 0.18 ? "#000" : "#fff";
    }),
  };
}

/**
 * The mark of a code, to be drawn on its colour: the owner's number, and a sign of the state around it.
 * @param {CanvasRenderingContext2D} context
 * @param {number} code
 * @param {number} x
 * @param {number} y
 * @param {number} size of the cell
 * @param {string} ink
 * @param {string} family font of the number
 */
export function drawMark(context, code, x, y, size, ink, family) {
  const state = STATES[code >> 4];
  const owner = code & 15;
  if (code === OUTSIDE || state === undefined) return;
  const line = Math.max(1, Math.round(size / 14));
  const inset = Math.max(1, Math.round(size / 9)) + line / 2;
  const side = size - 2 * inset;
  context.fillStyle = ink;
  context.strokeStyle = ink;
  context.lineWidth = line;
  if (state === "free") {
    context.globalAlpha = 0.35;
    context.fillRect(x + size / 2 - line / 2, y + size / 2 - line / 2, line, line);
    context.globalAlpha = 1;
    return;
  }
  context.globalAlpha = 0.8;
  context.beginPath();
  if (state === "shared") context.rect(x + inset, y + inset, side, side);
  if (state === "table") {
    context.moveTo(x + inset, y + inset);
    context.lineTo(x + size - inset, y + inset);
  }
  if (state === "compressed") {
    for (const edge of [y + inset, y + size - inset]) {
      context.moveTo(x + inset, edge);
      context.lineTo(x + size - inset, edge);
    }
  }
  context.stroke();
  context.globalAlpha = 1;
  if (state === "active") {
    const corner = size * 0.3;
    context.beginPath();
    context.moveTo(x, y);
    context.lineTo(x + corner, y);
    context.lineTo(x, y + corner);
    context.fill();
  }
  const text =
    state === "vmm" ? "V" : state === "zero" ? "0" : owner < OTHER ? String(owner + 1) : owner === OTHER ? "+" : "";
  context.font = `500 ${Math.round(Math.max(7, size * 0.48))}px ${family}`;
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.fillText(text, x + size / 2, y + size / 2 + size * 0.04);
}

/** The marks of all codes at one size, drawn once and then only copied. */
export class MarkSheet {
  #canvas = document.createElement("canvas");
  #size = 0;
  /** @type {Set<number>} */
  #drawn = new Set();
  /** @type {Look | null} */
  #look = null;

  /**
   * @param {CanvasRenderingContext2D} context
   * @param {number} code
   * @param {number} x
   * @param {number} y
   * @param {number} size whole pixels
   * @param {Look} look
   * @param {string} family
   */
  draw(context, code, x, y, size, look, family) {
    const sheet = this.#canvas.getContext("2d");
    if (!sheet) return;
    if (size !== this.#size || look !== this.#look) {
      this.#canvas.width = size * 16;
      this.#canvas.height = size * STATES.length;
      this.#drawn.clear();
      this.#size = size;
      this.#look = look;
    }
    const left = (code & 15) * size;
    const top = (code >> 4) * size;
    if (!this.#drawn.has(code)) {
      drawMark(sheet, code, left, top, size, look.inks[code], family);
      this.#drawn.add(code);
    }
    context.drawImage(this.#canvas, left, top, size, size, x, y, size, size);
  }
}
