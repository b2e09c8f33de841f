// A boot line to put in order: buttons move a stage up and down, or it is dragged; then press power.
import { errorBox, sender } from "./kernel.js";
import { follow, h, set, textTwin, translator, write } from "./kit.js";
import { options } from "./slider.js";
import { keep, panel } from "./stack_panel.js";

/** @typedef {{id: string, name: string, source: string, state: string, why: string}} LineStage */
/**
 * @typedef {object} State
 * @property {string} comparison
 * @property {string} tab
 * @property {boolean} open without which there is no more than this
 * @property {[string, string][]} products
 * @property {string} product
 * @property {string} name
 * @property {[string, string][]} stages
 * @property {string} broken id of a stage, "" for none
 * @property {LineStage[]} line
 * @property {boolean} powered
 * @property {boolean} well whether everything came up
 * @property {string[]} symptoms
 * @property {string} result
 */

const MARKS = /** @type {Record<string, string>} */ ({ done: "✓", failed: "✕", unreached: "·" });

/** @type {import("@anywidget/types").Render} */
function render({ model, el, signal }) {
  const show = panel(el, signal, "stack-boot");
  const t = translator(model);
  const send = sender(model, signal, { answered: () => draw() });
  /** @returns {State} */
  const state = () => model.get("state");

  // ------------------------------------------------------------------------------------------------------ elements
  const product = h("select", { name: "product" });
  const productField = h("label", { class: "vmw-field" }, h("span"), product);
  const broken = h("select", { name: "broken" });
  const brokenField = h("label", { class: "vmw-field" }, h("span"), broken);
  const power = h("button", { type: "button", class: "vmw-primary" });
  const shuffle = h("button", { type: "button" });
  const sort = h("button", { type: "button" });
  const line = h("ol", { class: "vmw-line" });
  const screenName = h("b", { class: "vmw-heading" });
  const screen = h("ul", { class: "vmw-screen" });
  const result = h("p", { class: "vmw-result" });
  const twin = textTwin(signal, "");
  el.append(
    h("div", { class: "vmw-row" }, productField, brokenField, power, shuffle, sort),
    errorBox(model, signal),
    h("div", { class: "vmw-columns" }, h("div", {}, screenName, screen, result), line),
    twin.el,
  );
  const on = (/** @type {HTMLElement} */ one, /** @type {string} */ type, /** @type {() => void} */ act) =>
    one.addEventListener(type, act, { signal });
  on(product, "change", () => send("choose", { name: "choose", id: product.value }));
  on(broken, "change", () => send("break", { name: "break", id: broken.value }));
  for (const [button, name] of /** @type {[HTMLElement, string][]} */ ([
    [power, "power"],
    [shuffle, "shuffle"],
    [sort, "sort"],
  ])) {
    on(button, "click", () => send(name, { name }));
  }

  // --------------------------------------------------------------------------------------------------------- moving
  /** @type {{id: string, way: number} | null} the button that has the focus goes along with its stage */
  let wanted = null;
  /** @param {string} id @param {number} way */
  function move(id, way) {
    if (send.busy("move")) return;
    const at = state().line.findIndex((stage) => stage.id === id);
    wanted = { id, way };
    send("move", { name: "move", id, to: at + way });
  }
  const items = () => /** @type {HTMLElement[]} */ ([...line.children]);
  /** @param {number} y */
  function placeAt(y) {
    const below = items().findIndex((item) => {
      const { top, height } = item.getBoundingClientRect();
      return y < top + height / 2;
    });
    return below < 0 ? items().length : below;
  }
  /** @param {number} place in front of which it would be put; -1: nowhere */
  function point(place) {
    const all = items();
    all.forEach((item, i) => {
      item.classList.toggle("vmw-before", i === place);
      item.classList.toggle("vmw-after", i === all.length - 1 && place === all.length);
    });
  }
  /** @param {HTMLElement} item @param {HTMLElement} grip */
  function draggable(item, grip) {
    grip.addEventListener(
      "pointerdown",
      (event) => {
        event.preventDefault();
        grip.setPointerCapture(event.pointerId);
        item.classList.add("vmw-dragged");
      },
      { signal },
    );
    grip.addEventListener(
      "pointermove",
      (event) => {
        if (item.classList.contains("vmw-dragged")) point(placeAt(event.clientY));
      },
      { signal },
    );
    const drop = (/** @type {PointerEvent} */ event) => {
      if (!item.classList.contains("vmw-dragged")) return;
      item.classList.remove("vmw-dragged");
      point(-1);
      if (event.type === "pointercancel") return;
      const at = items().indexOf(item);
      const place = placeAt(event.clientY);
      const to = place > at ? place - 1 : place;
      if (to !== at) send("move", { name: "move", id: item.dataset.stage, to });
    };
    grip.addEventListener("pointerup", drop, { signal });
    grip.addEventListener("pointercancel", drop, { signal });
  }

  // -------------------------------------------------------------------------------------------------------- drawing
  function stageItem() {
    const grip = h("span", { class: "vmw-grip", "aria-hidden": "true" }, "⠿");
    const up = h("button", { type: "button" }, "↑");
    const down = h("button", { type: "button" }, "↓");
    const item = h(
      "li",
      {},
      grip,
      h("span", { class: "vmw-state", "aria-hidden": "true" }),
      h("span", { class: "vmw-what" }, h("span"), h("small")),
      up,
      down,
    );
    on(up, "click", () => move(item.dataset.stage ?? "", -1));
    on(down, "click", () => move(item.dataset.stage ?? "", 1));
    draggable(item, grip);
    return item;
  }

  /** @param {HTMLElement} item @param {LineStage} stage @param {number} i */
  function drawStage(item, stage, i) {
    const now = state();
    const [, sign, what, up, down] = /** @type {HTMLElement[]} */ ([...item.children]);
    item.dataset.stage = stage.id;
    item.classList.toggle("vmw-failed", stage.state === "failed");
    item.classList.toggle("vmw-unreached", stage.state === "unreached");
    item.classList.toggle("vmw-broken", stage.id === now.broken);
    write(sign, MARKS[stage.state] ?? "");
    write(what.children[0], stage.name);
    write(what.children[1], stage.why || (stage.id === now.broken ? t("broken") : ""));
    set(up, "aria-label", t("Move up: {stage}", { stage: stage.name }));
    set(down, "aria-label", t("Move down: {stage}", { stage: stage.name }));
    set(up, "aria-disabled", i === 0 ? "true" : null);
    set(down, "aria-disabled", i === now.line.length - 1 ? "true" : null);
    if (wanted?.id === stage.id) {
      (wanted.way < 0 ? up : down).focus();
      if (!send.busy("move")) wanted = null;
    }
  }

  function sentence() {
    const now = state();
    if (!now.powered) {
      return t("{product} is off. The line has {count} stages; the first is: {first}.", {
        product: now.name,
        count: now.line.length,
        first: now.line[0]?.name ?? "–",
      });
    }
    return [
      now.well ? t("{product} has booted.", { product: now.name }) : now.symptoms.map((text) => `${text}.`).join(" "),
      now.result,
    ].join(" ");
  }

  function draw() {
    const now = state();
    if (!show(now)) return;
    write(productField.children[0], t("Product"));
    options(product, now.products, send.busy("choose") ? product.value : now.product);
    write(brokenField.children[0], t("Broken"));
    options(broken, [["", t("nothing")], ...now.stages], send.busy("break") ? broken.value : now.broken);
    write(power, t("Power"));
    write(shuffle, t("Shuffle"));
    write(sort, t("Show the right order"));
    set(line, "aria-label", t("Boot line"));
    keep(line, now.line, stageItem, drawStage);
    write(screenName, t("What a person at the machine sees"));
    const seen = now.powered ? (now.well ? [t("Everything comes up.")] : now.symptoms) : [t("The machine is off.")];
    keep(
      screen,
      seen,
      () => h("li"),
      (item, text) => write(item, text),
    );
    set(screen, "class", `vmw-screen${now.powered ? (now.well ? " vmw-good" : " vmw-bad") : ""}`);
    write(result, now.result);
    const rows = now.line.map((stage, i) => [String(i + 1), stage.name, stage.why || "–", stage.source || "–"]);
    twin.update(
      sentence(),
      [["", t("stage"), t("what became of it"), t("source")], ...rows],
      t("Table: the boot line"),
    );
    el.dataset.vmwLine = now.line.map((stage) => stage.id).join(" ");
  }
  follow(model, signal, ["state", "strings", "language"], draw);
}

export default { render };
