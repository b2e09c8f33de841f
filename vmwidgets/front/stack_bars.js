// What is shown in bars: the choice of a quantity, and every value in words with what it rests on.
import { errorBox, sender } from "./kernel.js";
import { follow, h, textTwin, translator, write } from "./kit.js";
import { options } from "./slider.js";
import { panel } from "./stack_panel.js";

/**
 * @typedef {object} State
 * @property {string} comparison
 * @property {string} tab
 * @property {boolean} open without which there is no more than this
 * @property {[string, string][]} quantities
 * @property {string} quantity
 * @property {[string, string][]} workloads
 * @property {string} workload
 * @property {[string, string][]} cpus
 * @property {string} cpu
 * @property {string} title
 * @property {string} sentence
 * @property {number} unknown products of which the value is not published
 * @property {string[][]} rows
 */

/** @type {import("@anywidget/types").Render} */
function render({ model, el, signal }) {
  const show = panel(el, signal, "stack-bars");
  const t = translator(model);
  const send = sender(model, signal, { answered: () => draw() });
  /** @returns {State} */
  const state = () => model.get("state");
  const fields = /** @type {("quantity" | "workload" | "cpu")[]} */ (["quantity", "workload", "cpu"]).map((name) => {
    const select = h("select", { name });
    select.addEventListener("change", () => send(name, { name: "choose", what: name, id: select.value }), { signal });
    return { name, select, el: h("label", { class: "vmw-field" }, h("span"), select) };
  });
  const note = h("p", { class: "vmw-soft-text" });
  const title = h("b", { class: "vmw-heading" });
  const twin = textTwin(signal, "");
  el.append(
    h("div", { class: "vmw-row" }, ...fields.map((field) => field.el)),
    errorBox(model, signal),
    note,
    twin.el,
    title,
  );

  function draw() {
    const now = state();
    if (!show(now)) return;
    const names = { quantity: t("Show"), workload: t("Workload"), cpu: t("Figures of the processor") };
    const lists = { quantity: now.quantities, workload: now.workloads, cpu: now.cpus };
    for (const { name, select, el: field } of fields) {
      write(field.children[0], names[name]);
      options(select, lists[name], send.busy(name) ? select.value : now[name]);
    }
    const missing = now.unknown ? t("No bar: no source gives what it would be computed from.") : "";
    const rule = t("Four VMs with this workload, one day, the same for each product. A hollow bar is a bound.");
    write(note, [rule, missing].filter(Boolean).join(" "));
    write(title, now.title);
    const head = [t("product"), t("value"), t("what it rests on"), t("source")];
    twin.update(now.sentence, [head, ...now.rows.map((row) => row.map((cell) => cell || "–"))], t("Table: the bars"));
    el.dataset.vmwBars = `${now.quantity} ${now.rows.length}`;
  }
  follow(model, signal, ["state", "strings", "language"], draw);
}

export default { render };
