// The head of a wall that is to be broken: which weakness is tried, what is to be reached, and hints with their price.
import { manualPages } from "./assignment_manual.js";
import { stage, unbroken } from "./assignment_parts.js";
import { sender } from "./kernel.js";
import { follow, h, set, translator, write } from "./kit.js";
import { keep } from "./stack_panel.js";

/**
 * @typedef {object} Slot
 * @property {[string, string][]} families id and name
 * @property {string} family "" for none yet
 * @property {string} task
 * @property {string[]} hints those that are open
 * @property {string} hint what the button for the next one says, with its price; "" if there is none
 * @property {string} price what the hints cost so far
 */
/** @typedef {import("./assignment_parts.js").Head & Slot} State */

/** @type {import("@anywidget/types").Render} */
function render({ model, el, signal }) {
  const t = translator(model);
  const send = sender(model, signal, { answered: () => draw() });
  /** @returns {State} */
  const state = () => model.get("state");
  const frame = stage(model, el, signal, "assignment-slot");
  const list = h("select", { name: "family" });
  const label = h("label", { class: "vmw-field" }, h("span"), list);
  const task = h("p");
  const hints = h("ol", { class: "vmw-hints", "aria-live": "polite" });
  const hint = h("button", { type: "button" });
  const price = h("span", { class: "vmw-note" });
  const manual = manualPages(false);
  frame.body.append(label, task, hints, h("div", { class: "vmw-row" }, hint, price), manual.el);
  list.addEventListener("change", () => send("family", { name: "family", id: list.value }), { signal });
  hint.addEventListener("click", () => send("hint", { name: "hint", open: state().hints.length + 1 }), { signal });

  function draw() {
    const now = state();
    frame.draw(now);
    write(label.children[0], t("The weakness that your program uses"));
    keep(
      list,
      /** @type {[string, string][]} */ ([["", "…"], ...now.families]),
      () => h("option"),
      (option, [id, text]) => {
        set(option, "value", id);
        write(option, text);
      },
    );
    if (!send.busy("family")) list.value = now.family;
    write(task, unbroken(now.task));
    keep(
      hints,
      now.hints,
      () => h("li"),
      (one, text) => write(one, text),
    );
    hints.hidden = !now.hints.length;
    write(hint, now.hint);
    hint.hidden = !now.hint;
    hint.disabled = send.busy("hint");
    write(price, now.price);
    manual.draw(model.get("manual"));
    el.dataset.vmwFamily = now.family;
  }
  follow(model, signal, ["state", "manual", "strings", "language", "error"], draw);
}

export default { render };
