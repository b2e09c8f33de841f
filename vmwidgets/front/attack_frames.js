// The memory of the range, a square for each frame: whose it is, and which the guest code has got at.
import { h, s, set, write } from "./kit.js";
import { patterns, slotMark } from "./palette.js";
import { keep } from "./stack_panel.js";

/**
 * @typedef {object} Frames
 * @property {string} letters of each frame: 0 to 2 the VM, s several VMs, l a layer, f the firmware, - nobody
 * @property {number} low frames for layers; VMs have those from there on
 * @property {number[]} reached frames of others that the code has got at
 * @property {number} secret frame of the secret, -1 while that is not told
 * @property {[string, string][]} legend letter and name
 * @property {string} sentence
 */

const COLUMNS = 64;
const CELL = 7;

/** @param {string} prefix makes the ids of this picture its own */
export function attackFrames(prefix) {
  const paper = s("path", { class: "vmw-cell-free" });
  const marks = s("g");
  const line = s("path", { class: "vmw-cell-line" });
  /** @type {Map<string, SVGPathElement>} */
  const paths = new Map();
  const filled = s("g");
  const svg = s("svg", { class: "vmw-frames", role: "img" }, patterns(prefix), paper, filled, line, marks);
  const legend = h("ul", { class: "vmw-frames-legend" });
  const said = h("p", { class: "vmw-soft-text" });

  /** @param {string} kind */
  const paint = (kind) =>
    ({ s: `url(#${prefix}-5)`, l: `url(#${prefix}-vmm)`, f: "var(--vmw-ink-soft)" })[kind] ?? `url(#${prefix}-${kind})`;
  /** @param {number} frame */
  const corner = (frame) => [(frame % COLUMNS) * CELL, Math.floor(frame / COLUMNS) * CELL];

  /** @param {string} kind */
  function swatch(kind) {
    const mark = s("svg", { width: 16, height: 16, "aria-hidden": "true" });
    mark.append(s("rect", { class: "vmw-cell-free", width: 16, height: 16, rx: 2 }));
    if (kind !== "-") mark.append(s("rect", { width: 16, height: 16, rx: 2, fill: paint(kind) }));
    if (/\d/.test(kind)) mark.append(slotMark(Number(kind), 8, 12));
    return h("li", {}, mark, h("span"));
  }

  return {
    el: h("div", { class: "vmw-memory" }, svg, legend, said),
    /**
     * @param {Frames} now
     * @param {string} label
     */
    draw({ letters, low, reached, secret, legend: names, sentence }, label) {
      const high = Math.ceil(letters.length / COLUMNS) * CELL;
      set(svg, "viewBox", `0 0 ${COLUMNS * CELL} ${high}`);
      set(svg, "aria-label", `${label}. ${sentence}`);
      set(paper, "d", `M0,0 h${COLUMNS * CELL} v${high} h${-COLUMNS * CELL} z`);
      /** @type {Map<string, string[]>} */
      const squares = new Map(names.map(([kind]) => [kind, []]));
      [...letters].forEach((kind, frame) => {
        const [x, y] = corner(frame);
        if (kind !== "-") squares.get(kind)?.push(`M${x + 0.5},${y + 0.5}h${CELL - 1}v${CELL - 1}h${1 - CELL}z`);
      });
      for (const [kind, parts] of squares) {
        let path = paths.get(kind);
        if (!path) {
          path = s("path", { fill: paint(kind) });
          paths.set(kind, path);
          filled.append(path);
        }
        set(path, "d", parts.join("") || "M0,0");
      }
      set(line, "d", `M0,${(low / COLUMNS) * CELL} h${COLUMNS * CELL}`);
      const shown = /** @type {[number, string][]} */ ([
        ...reached.map((frame) => [frame, "vmw-cell-reached"]),
        ...(secret < 0 ? [] : [[secret, "vmw-cell-secret"]]),
      ]);
      keep(
        marks,
        shown,
        () => s("rect", { width: CELL + 4, height: CELL + 4, rx: 2 }),
        (one, [frame, name]) => {
          const [x, y] = corner(frame);
          set(one, "x", x - 2);
          set(one, "y", y - 2);
          set(one, "class", name);
        },
      );
      keep(
        legend,
        names,
        (i) => swatch(names[i][0]),
        (one, [, name]) => write(/** @type {Element} */ (one.lastElementChild), name),
      );
      write(said, sentence);
    },
  };
}
