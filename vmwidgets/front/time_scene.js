// The time line as a picture: rows of pCPUs and vCPUs below one axis, for one run or for two on the same guests.
import { COLOURS, INKS } from "./palette.js";
import { KINDS, STATES, TimePaints } from "./time_paints.js";
import { paintRow, pixelOf } from "./time_pixels.js";
import { columnsOf, OTHERS, spanAt } from "./time_rows.js";
import { marksOf, unitOf } from "./time_view.js";

/** @typedef {import("./time_rows.js").Row} Row */
/** @typedef {import("./time_rows.js").Run} Run */
/** @typedef {import("./time_view.js").Seen} Seen */
/** @typedef {{top: number, height: number, row: Row, slot: number, vcpu: number, label: string}} Line */
/**
 * @typedef {object} Words
 * @property {(value: number, decimals: number) => string} number
 * @property {Record<"s" | "ms", string>} units
 */

const [GUTTER, AXIS, HEAD, GAP, FOOT] = [116, 24, 24, 8, 16];

export class TimeScene {
  /** @type {Line[]} */
  lines = [];
  /** @type {{top: number, text: string}[]} */
  heads = [];
  width = 0;
  ratio = 1;
  paints = new TimePaints();
  selected = -1;
  #stale = true;
  /** @type {ImageData | null} */
  #image = null;
  #parts = new Float32Array(0);
  #family = "sans-serif";

  /**
   * @param {HTMLCanvasElement} canvas
   * @param {HTMLElement} el
   */
  constructor(canvas, el) {
    this.canvas = canvas;
    this.el = el;
    this.context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  }

  /**
   * Make the rows of these runs.
   * @param {Run[]} runs
   * @param {{titles: string[], vcpus: {label: string, slot: number}[], most: number, pcpu: (index: number) => string}} names
   *   most: vCPUs that have a row
   */
  arrange(runs, { titles, vcpus, most, pcpu }) {
    const count = runs.reduce((sum, run) => sum + run.pcpus.length + Math.min(run.vcpus.length, most), 0);
    const [high, between] = count <= 24 ? [17, 4] : count <= 48 ? [13, 3] : count <= 96 ? [9, 2] : [5, 1];
    this.lines = [];
    this.heads = [];
    let y = AXIS;
    runs.forEach((run, i) => {
      this.heads.push({ top: y, text: titles[i] });
      y += HEAD;
      run.pcpus.forEach((row, p) => {
        this.lines.push({ top: y, height: high, row, slot: -1, vcpu: -1, label: pcpu(p) });
        y += high + between;
      });
      y += GAP;
      run.vcpus.slice(0, most).forEach((row, v) => {
        this.lines.push({ top: y, height: high, row, slot: vcpus[v].slot, vcpu: v, label: vcpus[v].label });
        y += high + between;
      });
      y += GAP;
    });
    this.height = Math.max(y, AXIS + HEAD) + FOOT;
    this.canvas.style.height = `${this.height}px`;
    this.resize(this.width);
  }

  /** @param {number} width in pixels of the page */
  resize(width) {
    this.width = width;
    this.ratio = window.devicePixelRatio || 1;
    this.canvas.width = Math.round(width * this.ratio);
    this.canvas.height = Math.round((this.height ?? 0) * this.ratio);
    this.touch();
  }

  /** Take the colours of the theme. */
  dress() {
    this.paints.dress(this.el, this.context);
    this.#family = getComputedStyle(this.el).fontFamily;
    this.touch();
  }

  /** The rows are to be painted anew. */
  touch() {
    this.#stale = true;
  }

  /** Pixels of the page from the left edge of the picture to that of the rows, and their width. */
  get plot() {
    return { left: GUTTER, width: Math.max(1, this.width - GUTTER - 8) };
  }

  /**
   * @param {Seen} seen
   * @param {number} x in device pixels
   */
  timeAt(seen, x) {
    const { left, width } = this.plot;
    return seen.from + ((x / this.ratio - left) / width) * (seen.to - seen.from);
  }

  /**
   * The row at a height, in device pixels.
   * @param {number} y
   */
  lineAt(y) {
    const at = y / this.ratio;
    return this.lines.find(({ top, height }) => at >= top - 2 && at < top + height + 2) ?? null;
  }

  /** @param {number} slot of the VM that is lit, -1 for all */
  shine(slot) {
    if (this.paints.shine(slot)) this.touch();
  }

  /**
   * @param {Seen} seen
   * @param {number} until
   * @param {number} cursor
   * @param {Words} words
   */
  draw(seen, until, cursor, words) {
    const { context, ratio } = this;
    if (this.#stale) this.#paint(seen);
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.fillStyle = this.paints.theme.paper;
    context.fillRect(0, 0, this.canvas.width, this.canvas.height);
    if (this.#image) context.putImageData(this.#image, Math.round(GUTTER * ratio), Math.round(AXIS * ratio));
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    this.#names(seen);
    this.#axis(seen, cursor, words);
    this.#foot(seen, until);
  }

  /** @param {Seen} seen */
  #paint({ from, to }) {
    const { ratio } = this;
    const [width, height] = [
      Math.round(this.plot.width * ratio),
      Math.round(((this.height ?? 0) - AXIS - FOOT) * ratio),
    ];
    if (height < 1) return;
    if (this.#image?.width !== width || this.#image.height !== height) {
      this.#image = this.context.createImageData(width, height);
      this.#parts = new Float32Array(width * KINDS);
    }
    const pixels = new Uint32Array(this.#image.data.buffer);
    const well = pixelOf(this.paints.theme.well);
    pixels.fill(pixelOf(this.paints.theme.paper));
    for (const { top, height: high, row, slot, vcpu } of this.lines) {
      const box = { left: 0, top: Math.round((top - AXIS) * ratio), width, height: Math.round(high * ratio) };
      pixels.fill(well, box.top * width, (box.top + box.height) * width);
      const kinds = vcpu < 0 ? KINDS : STATES;
      columnsOf(row, from, to, width, kinds, this.#parts);
      paintRow(pixels, width, box, this.#parts, kinds, this.paints.stack(slot, vcpu < 0));
    }
    this.#stale = false;
  }

  /** @param {Seen} seen */
  #names(seen) {
    const { context } = this;
    const { ink, soft } = this.paints.theme;
    context.textBaseline = "middle";
    context.textAlign = "left";
    for (const { top, text } of this.heads) {
      context.font = `600 13px ${this.#family}`;
      context.fillStyle = ink;
      context.fillText(text, 4, top + HEAD / 2);
    }
    for (const line of this.lines) {
      if (line.height < 9) continue;
      const middle = line.top + line.height / 2 + 0.5;
      const chosen = line.slot >= 0 && line.slot === this.selected;
      context.globalAlpha = this.paints.light < 0 || line.slot === this.paints.light || line.vcpu < 0 ? 1 : 0.4;
      if (line.slot >= 0) {
        context.fillStyle = COLOURS[line.slot];
        context.fillRect(4, line.top, 4, line.height);
      }
      context.font = `${chosen ? 600 : 400} 11px ${this.#family}`;
      context.fillStyle = line.vcpu < 0 ? soft : ink;
      context.fillText(shortened(context, line.label, GUTTER - 20), 14, middle);
      if (line.vcpu < 0) this.#inside(line, seen, middle);
    }
    context.globalAlpha = 1;
  }

  /**
   * Numbers of the VMs on the stretches of a pCPU that have room for them.
   * @param {Line} line
   * @param {Seen} seen
   * @param {number} middle
   */
  #inside({ row, height }, { from, to }, middle) {
    const { left, width } = this.plot;
    const scale = width / (to - from);
    const [first, last] = [spanAt(row, from), spanAt(row, to)];
    if (height < 13 || last - first > width / 8) return;
    const { context } = this;
    context.font = `700 11px ${this.#family}`;
    context.textAlign = "center";
    for (let i = first; i <= last; i++) {
      const kind = row.kinds[i];
      if (kind >= OTHERS) continue;
      const x0 = left + Math.max(0, (row.starts[i] - from) * scale);
      const x1 = left + Math.min(width, (row.starts[i + 1] - from) * scale);
      if (x1 - x0 < 18) continue;
      context.globalAlpha = this.paints.light < 0 || kind === this.paints.light ? 1 : 0.3;
      context.lineWidth = 4;
      context.strokeStyle = COLOURS[kind];
      context.strokeText(String(kind + 1), (x0 + x1) / 2, middle);
      context.fillStyle = INKS[kind];
      context.fillText(String(kind + 1), (x0 + x1) / 2, middle);
    }
    context.globalAlpha = 1;
    context.textAlign = "left";
  }

  /**
   * @param {Seen} seen
   * @param {number} cursor
   * @param {Words} words
   */
  #axis(seen, cursor, { number, units }) {
    const { context } = this;
    const { ink, soft, line } = this.paints.theme;
    const { left, width } = this.plot;
    const x = (/** @type {number} */ at) => left + ((at - seen.from) / (seen.to - seen.from)) * width;
    const { step, marks } = marksOf(seen, width / 110);
    const { per, decimals, unit } = unitOf(seen.to, step);
    const bottom = (this.height ?? 0) - FOOT;
    context.font = `11px ${this.#family}`;
    context.textAlign = "center";
    context.fillStyle = soft;
    context.strokeStyle = line;
    context.lineWidth = 1;
    for (const at of marks) {
      const place = Math.round(x(at)) + 0.5;
      context.globalAlpha = 0.6;
      context.beginPath();
      context.moveTo(place, AXIS - 4);
      context.lineTo(place, bottom);
      context.stroke();
      context.globalAlpha = 1;
      const text = `${number(at / per, decimals)} ${units[unit]}`;
      const half = context.measureText(text).width / 2;
      context.fillText(text, Math.min(Math.max(place, left + half), left + width - half), AXIS / 2 - 1);
    }
    context.textAlign = "left";
    if (cursor < seen.from || cursor > seen.to) return;
    context.strokeStyle = ink;
    context.fillStyle = ink;
    context.lineWidth = 1.5;
    const place = x(cursor);
    context.beginPath();
    context.moveTo(place, AXIS);
    context.lineTo(place, bottom);
    context.stroke();
    context.beginPath();
    context.moveTo(place - 5, AXIS - 6);
    context.lineTo(place + 5, AXIS - 6);
    context.lineTo(place, AXIS + 1);
    context.fill();
  }

  /**
   * Which part of the whole is seen.
   * @param {Seen} seen
   * @param {number} until
   */
  #foot({ from, to }, until) {
    const { context } = this;
    const { left, width } = this.plot;
    const top = (this.height ?? 0) - 10;
    context.fillStyle = this.paints.theme.well;
    context.fillRect(left, top, width, 6);
    context.fillStyle = this.paints.theme.soft;
    context.fillRect(left + (from / until) * width, top, Math.max(3, ((to - from) / until) * width), 6);
  }
}

/** @type {Map<string, string>} */
const cutShort = new Map();

/**
 * @param {CanvasRenderingContext2D} context
 * @param {string} text
 * @param {number} room
 */
function shortened(context, text, room) {
  const key = `${context.font} ${text} ${room}`;
  const known = cutShort.get(key);
  if (known !== undefined) return known;
  let short = text;
  while (short.length > 1 && context.measureText(short).width > room) {
    short = `${short.slice(0, short.endsWith("…") ? -2 : -1)}…`;
  }
  if (cutShort.size > 1000) cutShort.clear();
  cutShort.set(key, short);
  return short;
}
