// The defence board: each defence is a switch; what a stack cannot have is shown with the reason. The switches fold
// away behind the sentence that says which are off.
import { errorBox, sender } from "./kernel.js";
import { follow, h, root, set, textTwin, translator, write } from "./kit.js";
import { keep } from "./stack_panel.js";
import { switchList } from "./switch_list.js";

/**
 * @typedef {object} Row
 * @property {string} id
 * @property {string} name
 * @property {string} without
 * @property {boolean} offered
 * @property {boolean} on
 * @property {string} shipped how the product has it unless somebody changes that, "" where nobody says
 * @property {string} note what it costs, or why it is not offered
 */
/**
 * @typedef {object} State
 * @property {string} locked
 * @property {Row[]} rows
 * @property {boolean} touched whether the reader has switched one
 * @property {boolean} safe whether all that are offered are on
 * @property {boolean} as_shipped whether all are as the product is shipped
 * @property {boolean} measured
 * @property {string} total what all of them cost together, "" as long as nobody has asked
 * @property {string} sentence
 */

/** @type {import("@anywidget/types").Render} */
function render({ model, el, signal }) {
  root(el, signal, "attack-board");
  const t = translator(model);
  const send = sender(model, signal, { answered: () => draw(), patience: 60_000 });
  /** @returns {State} */
  const state = () => model.get("state");

  const title = h("h4");
  const lock = h("p", { class: "vmw-lock" });
  const safe = h("button", { type: "button" });
  const ship = h("button", { type: "button" });
  const measure = h("button", { type: "button" });
  const total = h("p", { class: "vmw-total", "aria-live": "polite" });
  const unsaid = h("p", { class: "vmw-unsaid" });
  const board = switchList("vmw-defences");
  const missing = h("details", { class: "vmw-missing" }, h("summary"), h("ul"));
  const twin = textTwin(signal, "");
  const fold = h("details", { class: "vmw-fold" }, h("summary"), unsaid, board, missing, twin.el);
  el.append(title, errorBox(model, signal), lock, h("div", { class: "vmw-row" }, safe, ship, measure), total, fold);
  safe.addEventListener("click", () => send("safe", { name: "safe" }), { signal });
  ship.addEventListener("click", () => send("ship", { name: "ship" }), { signal });
  measure.addEventListener(
    "click",
    () => {
      send("measure", { name: "measure" });
      fold.open = true;
      draw();
    },
    { signal },
  );

  let touched = false;
  function make() {
    const box = h("input", { type: "checkbox" });
    box.addEventListener(
      "change",
      () => send(`switch ${box.name}`, { name: "switch", id: box.name, on: box.checked }),
      { signal },
    );
    const small = () => h("small");
    return h("li", {}, h("label", {}, box, h("span")), small(), small(), h("small", { class: "vmw-cost" }));
  }

  function draw() {
    const now = state();
    write(title, t("Defences"));
    // Whoever has switched something wants to see it, also after a reload; then it is the reader's to fold.
    if (now.touched && !touched) fold.open = true;
    touched = now.touched;
    write(fold.children[0], now.sentence);
    write(lock, now.locked);
    lock.hidden = !now.locked;
    write(safe, t("Switch all on"));
    write(ship, t("As the product is shipped"));
    write(unsaid, t("Where no source says how the product is shipped, a defence is taken to be on."));
    write(total, now.total);
    total.hidden = !now.total;
    ship.disabled = now.as_shipped || Boolean(now.locked);
    write(measure, send.busy("measure") ? t("Being measured") : t("Measure what they cost"));
    safe.disabled = now.safe || Boolean(now.locked);
    measure.hidden = now.measured;
    measure.disabled = send.busy("measure");
    const offered = now.rows.filter((row) => row.offered);
    const others = now.rows.filter((row) => !row.offered);
    keep(board, offered, make, (item, row) => {
      const [label, without, shipped, cost] = item.children;
      const box = /** @type {HTMLInputElement} */ (label.children[0]);
      set(box, "name", row.id);
      if (!send.busy(`switch ${row.id}`)) box.checked = row.on;
      box.disabled = Boolean(now.locked);
      write(label.children[1], row.name);
      write(without, row.without);
      write(shipped, row.shipped && t("As shipped: {state}.", { state: row.shipped }));
      shipped.toggleAttribute("hidden", !row.shipped);
      write(cost, row.note && t("Costs: {cost}.", { cost: row.note }));
      item.classList.toggle("vmw-off", !row.on);
    });
    missing.hidden = !others.length;
    write(missing.children[0], t("What this product does not have, and why"));
    keep(
      missing.children[1],
      others,
      () => h("li", {}, h("span"), h("small")),
      (item, row) => {
        write(item.children[0], row.name);
        write(item.children[1], `${row.note}.`);
      },
    );
    const is = (/** @type {Row} */ row) => (row.offered ? (row.on ? t("on") : t("off")) : t("not offered"));
    twin.update(
      "",
      [
        [t("defence"), t("state"), t("as shipped"), t("cost, or why it is not offered")],
        ...now.rows.map((row) => [row.name, is(row), row.shipped || (row.offered ? t("nobody says") : ""), row.note]),
      ],
      t("Table: defences"),
    );
    el.dataset.vmwDefences = `${offered.filter((row) => row.on).length}/${offered.length}`;
  }
  follow(model, signal, ["state", "strings", "language", "error"], draw);
}

export default { render };
