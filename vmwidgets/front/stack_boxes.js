// One product as a diagram: its layers as boxes that stand on one another, their privilege as a strip with a pattern.

import { s, set, write } from "./kit.js";
import { patterns, slotMark } from "./palette.js";
import { way } from "./stack_route.js";
import { lines, strips } from "./stack_strips.js";

/** @typedef {import("./stack_route.js").Place} Place */
/**
 * @typedef {object} StackLayer
 * @property {string} id
 * @property {string} name
 * @property {string} privilege
 * @property {string} about
 * @property {string} source
 */
/** @typedef {[number, number, number, number, number, number, number, number]} StackBox see stack_layout.py */
/**
 * @typedef {object} Product
 * @property {string} id
 * @property {string} name
 * @property {string} place
 * @property {number} rows
 * @property {StackLayer[]} layers
 * @property {string[]} lit ids of layers
 * @property {string[]} trusted
 * @property {Record<string, number[]>} fallen VMs whose layer has failed, -1 for one that all have in common
 * @property {string[]} hit where a failure began
 * @property {StackBox[]} boxes
 * @property {[string, string, string][]} fates of each VM: a state, a sign, a word
 */
/** @typedef {{from: string, now: string, seen: string[], mark: string}} Crossing where an operation came from, is and was */

const ROW = 42;
const GAP = 4;
const HEAD = 26;
const STRIP = 8;
const NAME = "500 11px";
const VERDICT = "700 11px";
const SMALL = "10.5px";

/**
 * @param {object} around
 * @param {string} around.prefix
 * @param {(text: string, font: string) => number} around.measure
 * @param {(layer: string) => void} around.choose
 * @param {AbortSignal} around.signal
 */
export function stackBoxes({ prefix, measure, choose, signal }) {
  const body = s("g");
  const heads = s("g");
  const route = s("path", { class: "vmw-route-line" });
  const token = s("g", { class: "vmw-token" }, s("circle", { r: 7.5 }), s("text", { "text-anchor": "middle", y: 4 }));
  const svg = s(
    "svg",
    { class: "vmw-stack-picture", role: "group" },
    strips(prefix),
    patterns(prefix),
    body,
    heads,
    route,
    token,
  );
  /** @type {Product | null} */
  let product = null;
  let wide = 0;
  let chosen = "";
  /** @type {Crossing} */
  let crossing = { from: "", now: "", seen: [], mark: "" };
  /** @type {Map<string, Place>} of each layer, in the first VM where it is in several */
  const places = new Map();
  /** @type {Omit<Place, "y">[]} */
  let frames = [];

  /** @returns {SVGGElement} */
  const make = () => {
    const one = s(
      "g",
      { class: "vmw-layer", role: "button" },
      s("rect", { class: "vmw-frame", rx: 3 }),
      s("rect", { class: "vmw-strip", width: STRIP }),
      s("text", { class: "vmw-layer-name" }),
      s("text", { class: "vmw-layer-name" }),
      s("text", { class: "vmw-soft vmw-layer-mode" }),
      s("path", { class: "vmw-cross" }),
      s("title"),
    );
    one.addEventListener("click", () => choose(one.dataset.layer ?? ""), { signal });
    one.addEventListener("focus", () => choose(one.dataset.layer ?? ""), { signal });
    return one;
  };

  const groups = () => /** @type {SVGGElement[]} */ ([...body.children]);
  /** How many VMs are drawn. */
  const vms = () => 1 + Math.max(0, ...(product?.boxes.map((box) => box[1]) ?? []));

  svg.addEventListener(
    "keydown",
    (event) => {
      const list = groups();
      const at = list.indexOf(/** @type {SVGGElement} */ (event.target));
      const to = { ArrowUp: at + 1, ArrowRight: at + 1, ArrowDown: at - 1, ArrowLeft: at - 1, Home: 0, End: -1 }[
        event.key
      ];
      if (at < 0 || to === undefined || event.altKey || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      const next = list.at(to) ?? list[at];
      if (to >= -1) next.focus();
    },
    { signal },
  );

  /**
   * How a box looks: its classes, how many of the layers that it stands for have fallen, and whether all have.
   * @param {StackLayer} layer
   * @param {number} vm
   * @param {boolean} several
   */
  function looks({ id }, vm, several) {
    const { lit = [], trusted = [], fallen = {}, hit = [], fates = [] } = product ?? {};
    const down = fallen[id] ?? [];
    const whole = down.includes(-1) || down.length === vms() || (!several && down.includes(vm));
    const gone = several || whole ? down.length : 0;
    const first = vm <= 0; // an operation is drawn in the first VM
    const classes = [
      lit.includes(id) && !crossing.mark && !fates.length && "vmw-lit",
      trusted.includes(id) && "vmw-trusted",
      gone && "vmw-fallen",
      hit.includes(id) && (vm < 0 || down.includes(vm)) && "vmw-hit",
      first && crossing.seen.includes(id) && "vmw-was",
      first && crossing.now === id && "vmw-here",
      id === chosen && "vmw-chosen",
    ].filter((one) => typeof one === "string");
    return { classes, gone, whole };
  }

  /**
   * @param {SVGGElement} el
   * @param {StackBox} box
   * @param {StackLayer} layer
   * @param {number} high
   * @param {string} mode
   */
  function drawBox(el, [, vm, x, width, y, rows, within, several], layer, high, mode) {
    const inset = within ? 6 : 0;
    const left = x * wide + GAP / 2 + inset;
    const across = Math.max(width * wide - GAP - 2 * inset, 4);
    const height = rows * ROW - GAP - (within ? 5 : 0);
    const top = high - (y + rows) * ROW + GAP / 2 + (within ? 5 : 0);
    const [frame, strip, first, second, privilege, cross, tip] = el.children;
    set(el, "transform", `translate(${left.toFixed(1)},${top.toFixed(1)})`);
    set(frame, "width", across.toFixed(1));
    set(frame, "height", height);
    set(strip, "height", height);
    set(strip, "fill", `url(#${prefix}-${layer.privilege})`);
    const { classes, gone, whole: all } = looks(layer, vm, Boolean(several));
    set(el, "class", ["vmw-layer", ...classes, within ? "vmw-within" : ""].join(" ").trim());
    set(el, "aria-pressed", layer.id === chosen ? "true" : "false");
    el.dataset.layer = layer.id;
    el.dataset.vm = String(vm);
    // The words stand at the top of a box that has compartments' room above, so below them.
    const room = across - STRIP - 7;
    const base = rows > 1 ? height - ROW + GAP : 0;
    const some = gone && !all ? ` ${gone}/${vms()}` : ` ×${vms()}`;
    const name = several ? `${layer.name}${some}` : layer.name;
    const fits = measure(mode, SMALL) <= room;
    const one = lines(name, room, 2, (text) => measure(text, NAME));
    const labelled = one.length === 1 && fits && !within;
    const firstY = base + (one.length === 1 && !labelled ? (within ? 20 : 23) : within ? 14 : 17);
    for (const [text, line, at] of /** @type {[Element, string, number][]} */ ([
      [first, one[0] ?? "", firstY],
      [second, one[1] ?? "", firstY + 13],
      [privilege, labelled ? mode : "", firstY + 13],
    ])) {
      set(text, "x", STRIP + 5);
      set(text, "y", at.toFixed(1));
      write(text, line);
    }
    set(cross, "d", all ? `M${STRIP},${height} L${across.toFixed(1)},0` : "M0,0");
    // A compartment's middle is its own; a kernel's is where its name stands.
    const place = { x: left + 5, left, top, right: left + across, bottom: top + height };
    frames.push(place);
    if (vm <= 0) places.set(layer.id, { ...place, y: top + (height + base) / 2 });
    const whole = [layer.name, vm >= 0 ? String(vm + 1) : "", layer.about].filter(Boolean).join(", ");
    set(el, "aria-label", gone ? `${whole} ✕` : whole);
    write(tip, whole);
  }

  /** @param {number} high */
  function drawHeads(high) {
    const now = /** @type {Product} */ (product);
    /** @type {Map<number, StackBox>} */
    const tops = new Map();
    for (const box of now.boxes) {
      const found = tops.get(box[1]);
      if (box[1] >= 0 && (!found || box[4] + box[5] > found[4] + found[5])) tops.set(box[1], box);
    }
    const bold = [...tops.entries()].every(([vm, [, , , width]]) => {
      const [, sign = "", word = ""] = now.fates[vm] ?? [];
      return measure(`${sign} ${word}`, VERDICT) + 27 <= width * wide;
    });
    const font = bold ? VERDICT : SMALL;
    while (heads.children.length > tops.size) heads.lastChild?.remove();
    [...tops.entries()].forEach(([vm, [, , x, width, y, rows]], i) => {
      if (!heads.children[i]) {
        heads.append(
          s(
            "g",
            {},
            s("rect", { width: 18, height: 18, rx: 4 }),
            slotMark(i, 9, 13),
            s("text", { class: "vmw-verdict" }),
          ),
        );
      }
      const el = heads.children[i];
      const top = high - (y + rows) * ROW - 20;
      set(el.children[0], "fill", `url(#${prefix}-${i})`);
      const [fate = "", sign = "", word = ""] = now.fates[vm] ?? [];
      const whole = `${sign} ${word}`;
      const across = width * wide;
      const fits = measure(whole, font) + 27 <= across;
      set(el, "transform", `translate(${(x * wide + (fate ? 3 : across / 2 - 9)).toFixed(1)},${top})`);
      set(el.children[2], "x", 23);
      set(el.children[2], "y", 13.5);
      set(el.children[2], "class", font === SMALL ? "vmw-verdict vmw-small" : "vmw-verdict");
      write(el.children[2], fits ? whole.trim() : sign);
      set(el, "class", fate ? `vmw-fate vmw-fate-${fate}` : "vmw-fate");
    });
  }

  function drawToken() {
    const [from, to] = [places.get(crossing.from), places.get(crossing.now)];
    token.classList.toggle("vmw-hidden", !to);
    const points = from && to ? way(from, to, frames) : [];
    set(route, "d", points.map(([x, y], i) => `${i ? "L" : "M"}${x.toFixed(1)},${y.toFixed(1)}`).join(" "));
    write(token.children[1], crossing.mark);
    if (to) token.style.transform = `translate(${to.x.toFixed(1)}px, ${to.y.toFixed(1)}px)`;
  }

  return {
    el: svg,
    /**
     * @param {object} shown
     * @param {Product} shown.product
     * @param {number} shown.width
     * @param {number} shown.rows of the highest diagram, so that all stand on one line
     * @param {string} shown.chosen id of the layer that is looked at
     * @param {Crossing} shown.crossing
     * @param {Record<string, string>} shown.modes
     */
    draw(shown) {
      ({ product, width: wide, chosen, crossing } = shown);
      const high = shown.rows * ROW + HEAD;
      set(svg, "width", Math.floor(wide));
      set(svg, "height", high);
      set(svg, "aria-label", product.name);
      const { boxes, layers } = product;
      places.clear();
      frames = [];
      while (body.children.length > boxes.length) body.lastChild?.remove();
      while (body.children.length < boxes.length) body.append(make());
      boxes.forEach((box, i) => {
        const layer = layers[box[0]];
        drawBox(groups()[i], box, layer, high, shown.modes[layer.privilege]);
      });
      drawHeads(high);
      drawToken();
      // One stop of the Tab key for the whole diagram; arrows go on from there.
      const stop = Math.max(
        boxes.findIndex((box) => layers[box[0]].id === chosen),
        0,
      );
      const focused = groups().indexOf(/** @type {SVGGElement} */ (document.activeElement));
      groups().forEach((el, i) => {
        set(el, "tabindex", i === (focused < 0 ? stop : focused) ? 0 : -1);
      });
    },
  };
}
