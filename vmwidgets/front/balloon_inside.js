// A guest's own view of its pages: a bar from hot to cold, the balloon at its end, and what the guest has given away.
import { follow, h, linked, number, root, s, set, textTwin, touch, translator, unique, write } from "./kit.js";
import { COLOURS } from "./palette.js";

/** @typedef {[string, string, number, number]} Part kind, name, bytes, bytes that came of late */
/**
 * @typedef {object} State
 * @property {string} lab
 * @property {number} slot
 * @property {string} name "" if there is no VM
 * @property {string} note
 * @property {string} sentence
 * @property {string[][]} rows
 * @property {Part[]} parts from hot to cold; none if the VM has no guest
 * @property {Part[]} gone
 * @property {number} all bytes of the guest's memory
 * @property {number} active
 * @property {number} asked bytes that the VMM still wants
 * @property {boolean} gives whether the guest gives pages when it is asked
 * @property {string} since when the changes are counted from
 */

const GIB = 2 ** 30;
const [TOP, BAR, GAP] = [34, 40, 30];
/** How each kind of page is drawn: how much of the VM's colour, and the strokes of its pattern. */
const LOOKS = /** @type {Record<string, [number, string]>} */ ({
  kernel: [1, "M0,8 L8,0 M0,0 L8,8"],
  image: [0.75, "M0,8 L8,0"],
  programs: [1, ""],
  cache: [0.45, "M0,4 H8"],
  zero: [0.2, "M4,0 V8"],
  free: [0, ""],
  balloon: [-1, "M4,1 a3,3 0 1 0 0.01,0"],
  swapped: [0.75, "M2,0 V8 M6,0 V8"],
  dropped: [0.2, "M0,4 H8"],
});
/** @type {import("@anywidget/types").Render} */
function render({ model, el, signal }) {
  root(el, signal, "inside");
  const t = translator(model);
  /** @returns {State} */
  const state = () => model.get("state");
  const gib = (/** @type {number} */ bytes) =>
    t("{amount} GiB", { amount: number(model.get("language"), bytes / GIB, 1) });
  const prefix = unique("vmw-guest");

  const defs = s("defs");
  /** @type {SVGRectElement[]} */
  const grounds = [];
  for (const [kind, [, strokes]] of Object.entries(LOOKS)) {
    const ground = s("rect", { class: `vmw-ground vmw-${kind}`, width: 8, height: 8 });
    grounds.push(ground);
    defs.append(
      s(
        "pattern",
        { id: `${prefix}-${kind}`, width: 8, height: 8, patternUnits: "userSpaceOnUse" },
        ground,
        s("path", { class: `vmw-strokes vmw-${kind}`, d: strokes }),
      ),
    );
  }
  const title = h("span", { class: "vmw-title" });
  const asks = h("span", { class: "vmw-asks" });
  const note = h("p", { class: "vmw-note" });
  const label = s("title");
  const working = s("path", { class: "vmw-working" });
  const workingText = s("text", { class: "vmw-soft" });
  const cold = s("text", { class: "vmw-soft", "text-anchor": "end" });
  const well = s("rect", { class: "vmw-well", x: 0, y: TOP, height: BAR });
  const inside = s("g");
  const goneTitle = s("text", { class: "vmw-soft", x: 0 });
  const outside = s("g");
  const svg = s("svg", { role: "img" }, label, defs, working, workingText, cold, well, inside, goneTitle, outside);
  const picture = h("div", { class: "vmw-guest" }, svg);
  const legend = h("p", { class: "vmw-keys" });
  const twin = textTwin(signal, "");
  el.append(h("div", { class: "vmw-row vmw-head" }, title, asks), note, picture, legend, twin.el);
  el.addEventListener("pointerenter", () => touch(state().lab, state().slot), { signal });
  el.addEventListener("pointerleave", () => touch(state().lab, -1), { signal });
  linked(signal, state().lab, (slot) => {
    svg.classList.toggle("vmw-dim", slot >= 0 && slot !== state().slot);
  });
  let wide = 0;

  /**
   * @param {SVGGElement} group
   * @param {Part[]} parts
   * @param {number} y
   * @param {number} high
   */
  function bar(group, parts, y, high) {
    const { all } = state();
    while (group.children.length > parts.length) group.lastChild?.remove();
    while (group.children.length < parts.length) {
      group.append(
        s(
          "g",
          {},
          s("rect", { class: "vmw-part" }),
          s("text", { class: "vmw-on" }),
          s("text", { class: "vmw-on vmw-delta" }),
        ),
      );
    }
    let x = 0;
    parts.forEach(([kind, name, bytes, came], i) => {
      const one = group.children[i];
      const [box, text, delta] = one.children;
      const width = (bytes / all) * wide;
      set(one, "data-vmw-kind", kind);
      set(box, "x", x.toFixed(1));
      set(box, "y", y);
      set(box, "width", width.toFixed(1));
      set(box, "height", high);
      set(box, "fill", `url(#${prefix}-${kind})`);
      for (const [part, row] of /** @type {[Element, number][]} */ ([
        [text, 0],
        [delta, 1],
      ])) {
        set(part, "x", (x + width / 2).toFixed(1));
        set(part, "y", y + high / 2 + (high > 30 ? -2 : 4) + 14 * row);
        set(part, "text-anchor", "middle");
      }
      const full = `${name} ${gib(bytes)}`;
      const room = width / 7 - 1;
      write(text, full.length < room ? full : name.length < room ? name : "");
      const much = Math.abs(came) / GIB >= 0.05 && high > 30;
      const moved = `${came > 0 ? "+" : "−"}${number(model.get("language"), Math.abs(came) / GIB, 1)}`;
      write(delta, much && moved.length < room ? moved : "");
      x += width;
    });
  }

  function drawPicture() {
    const now = state();
    if (!wide || !now.parts.length) return;
    const below = TOP + BAR + GAP;
    set(svg, "width", wide);
    const gone = now.gone.some(([, , bytes]) => bytes > 0);
    set(svg, "height", gone ? below + 26 : TOP + BAR + 4);
    set(well, "width", wide);
    const end = Math.max((now.active / now.all) * wide, 1).toFixed(1);
    set(working, "d", `M0.5,${TOP - 4}v-6H${end}v6`);
    set(workingText, "x", 0);
    set(workingText, "y", TOP - 16);
    write(workingText, t("hot · working set {amount}", { amount: gib(now.active) }));
    set(cold, "x", wide);
    set(cold, "y", TOP - 16);
    write(cold, now.gives ? t("cold · the guest gives from this end") : t("cold"));
    bar(inside, now.parts, TOP, BAR);
    bar(outside, now.gone, below, 24);
    set(goneTitle, "y", below - 8);
    write(goneTitle, gone ? t("What the guest has given away, on the same scale") : "");
    write(label, `${t("The memory of {vm} from inside", { vm: now.name })}. ${now.sentence}`);
  }

  function draw() {
    const now = state();
    const there = now.parts.length > 0;
    const colour = COLOURS[now.slot] ?? "var(--vmw-vmm)";
    el.style.setProperty("--vmw-own", colour);
    write(
      title,
      now.name ? t("The memory of {vm} from inside", { vm: now.name }) : t("The memory of a guest from inside"),
    );
    write(asks, there && now.asked ? t("the VMM asks for {amount} more", { amount: gib(now.asked) }) : "");
    write(note, now.note);
    note.hidden = !now.note;
    picture.hidden = !there;
    legend.hidden = !there;
    while (legend.children.length) legend.lastChild?.remove();
    for (const [kind, name] of there ? [...now.parts, ...now.gone] : []) {
      const swatch = s("svg", { width: 16, height: 12, "aria-hidden": "true" });
      swatch.append(s("rect", { class: "vmw-part", width: 16, height: 12, fill: `url(#${prefix}-${kind})` }));
      legend.append(h("span", { class: "vmw-key" }, swatch, h("span", {}, name)));
    }
    drawPicture();
    twin.update(now.sentence, now.rows, t("Table: the pages of the guest"));
  }

  grounds.forEach((ground, i) => {
    const [part] = Object.values(LOOKS)[i];
    if (part >= 0) ground.style.setProperty("--vmw-much", `${part * 100}%`);
  });
  const measured = new ResizeObserver(([entry]) => {
    const width = Math.round(entry.contentRect.width);
    if (!width || width === wide) return;
    wide = width;
    drawPicture();
  });
  measured.observe(picture);
  signal.addEventListener("abort", () => measured.disconnect());
  follow(model, signal, ["state", "strings", "language"], draw);
}

export default { render };
