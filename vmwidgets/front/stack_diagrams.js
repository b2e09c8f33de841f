// Products side by side as layered diagrams: choose them, light the owners of a duty, look at a layer.
import { errorBox, sender } from "./kernel.js";
import { follow, h, measurer, root, s, set, textTwin, translator, unique, write } from "./kit.js";
import { options } from "./slider.js";
import { stackBoxes } from "./stack_boxes.js";
import { strips } from "./stack_strips.js";

/** @typedef {import("./stack_boxes.js").Product} Product */
/** @typedef {import("./stack_boxes.js").Crossing} Crossing */
/**
 * @typedef {object} State
 * @property {string} comparison tells the parts of one comparison from those of another
 * @property {string} light
 * @property {[string, string][]} chips
 * @property {[string, string][]} products
 * @property {boolean} more whether there may be one more product
 * @property {boolean} fewer
 * @property {Product[]} stacks
 * @property {[string, string][]} privileges
 * @property {string} sentence
 * @property {string[][]} rows
 */

/** @type {Crossing} */
const NOWHERE = { from: "", now: "", seen: [], mark: "" };

/** @type {import("@anywidget/types").Render} */
function render({ model, el, signal }) {
  root(el, signal, "stacks");
  const t = translator(model);
  const send = sender(model, signal, { answered: () => draw() });
  /** @returns {State} */
  const state = () => model.get("state");
  const prefix = unique("vmw-stacks");
  const measure = measurer(el);
  /** @type {string[]} layer that is looked at, product by product */
  const looked = [];
  /** @type {Crossing[]} where an operation is, product by product */
  let crossings = [];

  // ------------------------------------------------------------------------------------------------------ elements
  const chipsName = h("span", { class: "vmw-chips-name", id: `${prefix}-light` });
  const chips = h("div", { class: "vmw-chips", role: "group", "aria-labelledby": `${prefix}-light` });
  const add = h("button", { type: "button" });
  const list = h("div", { class: "vmw-products" });
  const legend = h("ul", { class: "vmw-stack-legend" });
  const twin = textTwin(signal, "");
  el.append(
    h("div", { class: "vmw-row vmw-stacks-head" }, chipsName, chips, add),
    errorBox(model, signal),
    list,
    legend,
    twin.el,
  );
  add.addEventListener("click", () => send("add", { name: "add" }), { signal });

  /** @param {number} place */
  function productView(place) {
    const select = h("select");
    const remove = h("button", { type: "button", class: "vmw-remove" });
    const kind = h("span", { class: "vmw-soft-text" });
    const boxes = stackBoxes({
      prefix: `${prefix}-${place}`,
      measure,
      signal,
      choose: (layer) => {
        looked[place] = layer;
        draw();
      },
    });
    const about = h("p", { class: "vmw-about" }, h("b"), h("span"), h("small"));
    select.addEventListener("change", () => send(`put ${place}`, { name: "put", place, id: select.value }), { signal });
    remove.addEventListener("click", () => send("remove", { name: "remove", place }), { signal });
    return {
      el: h(
        "section",
        { class: "vmw-product" },
        h("div", { class: "vmw-row vmw-product-head" }, select, remove, kind),
        boxes.el,
        about,
      ),
      /** @param {Product} product @param {number} rows */
      draw(product, rows) {
        const now = state();
        options(select, now.products, send.busy(`put ${place}`) ? select.value : product.id);
        set(select, "aria-label", t("Product {number}", { number: place + 1 }));
        write(remove, "✕");
        set(remove, "aria-label", t("Take {product} away", { product: product.name }));
        set(remove, "title", t("Take {product} away", { product: product.name }));
        remove.hidden = !now.fewer;
        write(kind, product.place);
        const width = boxes.el.parentElement?.clientWidth ?? 0;
        const alone = width > 0.7 * list.clientWidth; // nothing stands beside it whose ground it has to share
        const chosen = product.layers.find((layer) => layer.id === looked[place]);
        if (width) {
          boxes.draw({
            product,
            width,
            rows: alone ? product.rows : rows,
            chosen: chosen?.id ?? "",
            crossing: crossings[place] ?? NOWHERE,
            modes: Object.fromEntries(now.privileges),
          });
        }
        write(about.children[0], chosen ? `${chosen.name}: ` : "");
        const hint = place ? "" : t("Choose a layer to read what it is and does.");
        write(about.children[1], chosen ? `${chosen.about}. ` : hint);
        about.classList.toggle("vmw-hint", !chosen);
        const source = chosen ? chosen.source || t("no source: an assumption") : "";
        write(about.children[2], source);
      },
    };
  }
  /** @type {ReturnType<typeof productView>[]} */
  const views = [];

  /** @param {string} id */
  function light(id) {
    crossings = []; // who asks for light looks away from the operation until its next step
    send("light", { name: "light", id });
    draw();
  }

  // ------------------------------------------------------------------------------------------------------- drawing
  function drawChips() {
    const now = state();
    while (chips.children.length > now.chips.length) chips.lastChild?.remove();
    now.chips.forEach(([id, text], i) => {
      if (!chips.children[i]) {
        const button = h("button", { type: "button", class: "vmw-chip" });
        button.addEventListener("click", () => light(button.value), { signal });
        chips.append(button);
      }
      const chip = chips.children[i];
      set(chip, "value", id);
      set(chip, "aria-pressed", id === now.light ? "true" : "false");
      write(chip, text);
    });
  }

  function drawLegend() {
    const now = state();
    /** @type {[string, string][]} class of the swatch, and text */
    const more = [
      ["vmw-key-lit", t("lit")],
      ["vmw-key-trusted", t("has to be trusted by every VM")],
    ];
    if (!legend.children.length) {
      for (const [id] of now.privileges) {
        const swatch = s("svg", { width: 14, height: 14, "aria-hidden": "true" }, strips(`${prefix}-key-${id}`));
        swatch.append(s("rect", { width: 14, height: 14, rx: 2, fill: `url(#${prefix}-key-${id}-${id})` }));
        legend.append(h("li", {}, swatch, h("span")));
      }
      for (const [name] of more) legend.append(h("li", {}, h("i", { class: name }), h("span")));
    }
    [...now.privileges, ...more].forEach(([, text], i) => {
      write(/** @type {Element} */ (legend.children[i].lastElementChild), text);
    });
  }

  function draw() {
    const now = state();
    write(chipsName, t("Light up"));
    write(add, t("Add a product"));
    add.hidden = !now.more;
    drawChips();
    while (views.length > now.stacks.length) views.pop()?.el.remove();
    while (views.length < now.stacks.length) {
      const made = productView(views.length);
      views.push(made);
      list.append(made.el);
    }
    const rows = Math.max(...now.stacks.map((product) => product.rows));
    now.stacks.forEach((product, i) => {
      views[i].draw(product, rows);
    });
    drawLegend();
    twin.update(now.sentence, now.rows, t("Table: the products side by side"));
    el.dataset.vmwStacks = now.stacks.map((product) => product.id).join(" ");
  }

  document.addEventListener(
    "vmw-crossing",
    (event) => {
      const { detail } = /** @type {CustomEvent<{comparison: string, crossings: Crossing[]}>} */ (event);
      if (detail.comparison !== state().comparison) return;
      crossings = detail.crossings;
      draw();
    },
    { signal },
  );
  const size = new ResizeObserver(() => requestAnimationFrame(() => signal.aborted || draw()));
  size.observe(list);
  signal.addEventListener("abort", () => size.disconnect());
  follow(model, signal, ["state", "strings", "language"], draw);
}

export default { render };
