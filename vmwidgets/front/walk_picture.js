// The picture of a walk: the address cut into indexes, the grid of references, and the entry that was read.
import { h, set, write } from "./kit.js";
import { addressParts, entryFlags, flagsSet, frameOf, guestLeaf, isReference, walkGrid } from "./walk_steps.js";
import { address, flagWords } from "./walk_words.js";

/** @typedef {import("./walk_steps.js").Step} Step */
/** @typedef {import("./walk_steps.js").Way} Way */
/** @typedef {import("./walk_steps.js").Walk} Walk */
/** @typedef {(message: string, fields?: Record<string, string | number>) => string} Translate */
/**
 * @typedef {object} Shown
 * @property {Walk} walk
 * @property {Way} way
 * @property {number} done steps that are shown
 * @property {number} guestLevels
 * @property {number} stageLevels
 * @property {string} address guest-virtual
 * @property {number} frameBytes
 */

/**
 * Keep as many children as there are items, and draw each anew.
 * @template T
 * @param {Element} place
 * @param {T[]} items
 * @param {() => HTMLElement} make
 * @param {(child: HTMLElement, item: T, i: number) => void} draw
 */
function each(place, items, make, draw) {
  while (place.children.length > items.length) place.lastChild?.remove();
  items.forEach((item, i) => {
    draw(/** @type {HTMLElement} */ (place.children[i] ?? place.appendChild(make())), item, i);
  });
}

/** @param {Translate} t */
export function addressStrip(t) {
  const name = h("span", { class: "vmw-strip-name" });
  const hex = h("code", { class: "vmw-hex" });
  const parts = h("div", { class: "vmw-bits" });
  const el = h("div", { class: "vmw-strip" }, h("div", { class: "vmw-strip-head" }, name, hex), parts);
  const make = () => h("div", { class: "vmw-part" }, h("small"), h("code"), h("span"));
  return {
    el,
    /**
     * @param {string} title
     * @param {string} value hexadecimal, "" if it is not known so far
     * @param {number} levels
     * @param {number} leaf
     * @param {number} used the level whose index is in use: 0 for the place in the page, -2 for none
     */
    draw(title, value, levels, leaf, used) {
      write(name, title);
      write(hex, value ? `0x${value.padStart(16, "0").replace(/(.{4})(?=.)/g, "$1 ")}` : "");
      each(parts, addressParts(value, levels, leaf), make, (el, part) => {
        const [label, bits, index] = el.children;
        set(
          el,
          "class",
          `vmw-part${part.level === used && value ? " vmw-used" : ""}${part.level < 0 ? " vmw-sign" : ""}`,
        );
        write(label, part.level > 0 ? t("level {level}", { level: part.level }) : part.level ? "" : t("offset"));
        write(bits, value ? part.bits : part.bits.replace(/./g, "·"));
        write(
          index,
          value && part.level >= 0 ? (part.level ? String(part.index) : `0x${part.index.toString(16)}`) : "",
        );
      });
    },
  };
}

/**
 * @param {Translate} t
 * @param {(step: number) => void} go called with the step that is pressed
 * @param {(step: number) => void} point called with the step that is pointed at, -1 for none
 * @param {AbortSignal} signal
 */
export function walkGridView(t, go, point, signal) {
  const el = h("div", { class: "vmw-grid2", role: "img" });
  const at = (/** @type {Event} */ event) => {
    const cell = event.target instanceof Element ? event.target.closest("[data-step]") : null;
    return cell ? Number(cell.getAttribute("data-step")) : -1;
  };
  el.addEventListener("click", (event) => at(event) >= 0 && go(at(event)), { signal });
  el.addEventListener("pointerover", (event) => point(at(event)), { signal });
  el.addEventListener("pointerleave", () => point(-1), { signal });
  const make = () => h("div", {}, h("b"), h("span"), h("small"));

  /** @param {Shown} shown */
  function draw({ walk, done, guestLevels, stageLevels }) {
    const { steps } = walk;
    const grid = walkGrid(steps, guestLevels, stageLevels);
    const columns = stageLevels + 2;
    set(el, "style", `--vmw-columns: ${stageLevels}`);
    /** @type {{text: string[], kind: string, step: number, span?: number}[]} */
    const cells = [
      { text: ["", "", ""], kind: "vmw-corner", step: -1 },
      {
        text: ["", t("second-stage tables: the VMM's"), ""],
        kind: "vmw-over vmw-vmm-head",
        step: -1,
        span: stageLevels,
      },
      { text: ["", t("guest's tables"), ""], kind: "vmw-over vmw-guest-head", step: -1 },
      { text: ["", "", ""], kind: "vmw-corner", step: -1 },
      ...[...Array(stageLevels).keys()].map((i) => ({
        text: ["", t("level {level}", { level: stageLevels - i }), ""],
        kind: "vmw-over",
        step: -1,
      })),
      { text: ["", t("the entry"), ""], kind: "vmw-over", step: -1 },
    ];
    for (const { row, hit, cells: line } of grid) {
      const now = done > 0 && steps[done - 1]?.row === row;
      const title = row ? t("guest's level {level}", { level: row }) : t("the page");
      cells.push({ text: ["", title, ""], kind: `vmw-side${now ? " vmw-now-row" : ""}`, step: -1 });
      for (const { column, step, number } of line) {
        if (column && hit >= 0) {
          if (column === stageLevels) {
            const kind = `vmw-cell vmw-stage vmw-hit ${state(hit, done)}`;
            cells.push({ text: ["", t("nested TLB: known"), ""], kind, step: hit, span: stageLevels });
          }
          continue;
        }
        const one = steps[step];
        const place = one && step < done ? { pwc: "PWC", l2: "L2" }[one.found] : undefined;
        const kind = one
          ? `vmw-cell ${column ? "vmw-stage" : "vmw-guest"} ${state(step, done)}${place ? " vmw-hit" : ""}${failed(one) ? " vmw-bad" : ""}`
          : "vmw-cell vmw-unused";
        const index = one && step < done ? t("entry {index}", { index: one.index }) : "";
        cells.push({ text: [number > 0 ? String(number) : "", index, place ?? ""], kind, step });
      }
    }
    const over = done === steps.length;
    const end = over ? (walk.fault ? "vmw-bad" : "vmw-good") : "";
    const text = over ? (walk.fault ? "✕" : "✓") : "";
    const what = over ? (walk.fault ? t("fault") : t("found")) : "";
    cells.push({ text: [text, what, ""], kind: `vmw-cell vmw-end ${end}`, step: -1 });
    each(el, cells, make, (child, { text, kind, step, span = 1 }, i) => {
      set(child, "class", kind);
      set(child, "data-step", step < 0 ? null : step);
      set(child, "style", span > 1 ? `grid-column: span ${span}` : null);
      text.forEach((part, j) => {
        write(child.children[j], part);
      });
      set(child, "data-column", i % columns ? null : "side");
    });
  }
  return { el, draw };
}

/** @param {number} step @param {number} done */
const state = (step, done) => (step === done - 1 ? "vmw-now" : step < done ? "vmw-past" : "vmw-coming");

/** @param {Step} step */
const failed = (step) => step.decision !== "table" && step.decision !== "page";

/**
 * The entry that was read: its value, its flags in words, and where it lies.
 * @param {Translate} t
 * @param {ReturnType<typeof import("./walk_words.js").walkWords>} words
 */
export function entryCard(t, words) {
  const head = h("div", { class: "vmw-entry-head" });
  const value = h("code", { class: "vmw-hex" });
  const flags = h("ul", { class: "vmw-flags" });
  const facts = h("dl", { class: "vmw-facts" });
  const note = h("p", { class: "vmw-soft-text" });
  const el = h("div", { class: "vmw-entry" }, head, value, flags, facts, note);

  /** @param {Shown} shown */
  function draw({ walk, done, frameBytes }) {
    const step = walk.steps[done - 1];
    const read = step && isReference(step);
    write(
      head,
      step
        ? read
          ? step.guest
            ? t("Entry of the guest's level {level} table", { level: step.level })
            : t("Entry of the second-stage level {level} table", { level: step.level })
          : t("Nested TLB")
        : t("The entry that is read"),
    );
    write(value, read ? `0x${step.entry.padStart(16, "0").replace(/(.{4})(?=.)/g, "$1 ")}` : "–");
    const names = flagWords(t);
    const set_ = step ? flagsSet(step) : [];
    each(
      flags,
      read ? entryFlags(step) : [],
      () => h("li"),
      (child, [name, on]) => {
        write(child, on ? names[name] : `${names[name]}: ${t("no")}`);
        set(child, "class", `${on ? "vmw-on" : ""}${set_.includes(name) ? " vmw-set" : ""}`);
      },
    );
    const cycles = step ? t("{count} cycles", { count: words.count(step.cycles) }) : "";
    /** @type {[string, string][]} */
    const rows = step
      ? [
          [t("lies at machine address"), address(step.machine)],
          [t("in machine frame"), words.count(frameOf(step.machine, frameBytes))],
          [t("points to"), step.output ? address(step.output) : "–"],
          [t("found"), `${words.place(step.found)}, ${cycles}`],
        ]
      : [];
    each(
      facts,
      rows.flat(),
      () => h(facts.children.length % 2 ? "dd" : "dt"),
      (child, text) => write(child, text),
    );
    write(note, step ? words.setByWalk(step) : "");
  }
  return { el, draw };
}

/**
 * Both addresses of a position: the guest-virtual one, and the guest-physical one that is being translated.
 * @param {Shown} shown
 */
export function addressesOf({ walk, way, done, guestLevels, stageLevels, address: virtual }) {
  const step = walk.steps[done - 1];
  const row =
    step && !step.guest ? step.input : step?.decision === "page" || step?.decision === "table" ? step.output : "";
  return {
    virtual: {
      value: virtual,
      levels: guestLevels,
      leaf: guestLevels ? guestLeaf(walk.steps.slice(0, done)) : 1,
      used: step?.guest ? step.level : -2,
    },
    physical: {
      value: row,
      levels: stageLevels,
      leaf: Math.max(way.leaf, 1),
      used: step && !step.guest ? step.level || -2 : -2,
    },
  };
}
