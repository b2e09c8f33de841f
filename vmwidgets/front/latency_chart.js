// How long writes took, a bar for each page: those that were copied first are hatched.
import { errorBox } from "./kernel.js";
import { follow, h, number, root, s, set, textTwin, translator, unique, write } from "./kit.js";

/**
 * @typedef {object} State
 * @property {string} title
 * @property {string} sentence
 * @property {number} most cycles that the full width stands for
 * @property {[string, number, boolean][]} rows what is in the page, cycles, whether it was copied
 */

const WIDTH = 640;
const ROW = 22;
const LEFT = 190;
const RIGHT = 120;

/** @type {import("@anywidget/types").Render} */
function render({ model, el, signal }) {
  root(el, signal, "latency");
  const t = translator(model);
  /** @returns {State} */
  const state = () => model.get("state");
  const hatch = unique("vmw-hatch");
  const title = h("b", {});
  const lines = s("path", { d: "M0 6 L6 0" });
  const pattern = s("pattern", { id: hatch, width: 6, height: 6, patternUnits: "userSpaceOnUse" }, lines);
  const bars = s("g", {});
  const picture = s("svg", { role: "img", width: "100%" }, s("defs", {}, pattern), bars);
  const twin = textTwin(signal, "");
  el.append(title, errorBox(model, signal), picture, twin.el);

  function draw() {
    const { title: heading, sentence, rows, most } = state();
    const language = model.get("language");
    write(title, heading);
    set(picture, "viewBox", `0 0 ${WIDTH} ${rows.length * ROW}`);
    set(picture, "aria-label", sentence);
    bars.replaceChildren(
      ...rows.map(([label, cycles, copied], at) => {
        const width = Math.max(2, ((WIDTH - LEFT - RIGHT) * cycles) / most);
        const place = { x: LEFT, y: at * ROW + 4, width, height: ROW - 8 };
        const name = s("text", { x: LEFT - 8, y: at * ROW + 15, "text-anchor": "end" });
        const value = s("text", { x: LEFT + width + 6, y: at * ROW + 15 });
        write(name, label);
        write(value, copied ? `${number(language, cycles)} · ${t("copied")}` : number(language, cycles));
        const bar = s("rect", { ...place, class: copied ? "vmw-copied" : "vmw-bar" });
        const over = copied ? [s("rect", { ...place, fill: `url(#${hatch})` })] : [];
        return s("g", {}, name, bar, ...over, value);
      }),
    );
    const head = [t("page"), t("cycles"), t("copied")];
    const table = rows.map(([label, cycles, copied]) => [label, number(language, cycles), copied ? t("yes") : t("no")]);
    twin.update(sentence, [head, ...table], t("Table: the writes"));
  }
  follow(model, signal, ["state", "strings", "language"], draw);
}

export default { render };
