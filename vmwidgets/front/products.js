// Which product the machines run on: a list in groups, and what the chosen one is.
import { errorBox, sender } from "./kernel.js";
import { follow, h, root, set, translator, write } from "./kit.js";

/**
 * @typedef {object} State
 * @property {boolean} locked
 * @property {string} stack id of the product
 * @property {[string, [string, string][]][]} groups heading, and id and name of each product
 * @property {string} sentence what the product is
 * @property {string} adjusted what could not be taken along to it, "" if there is nothing
 */

/** @type {import("@anywidget/types").Render} */
function render({ model, el, signal }) {
  root(el, signal, "products");
  const t = translator(model);
  // The list shows the product that the kernel has, also when it has refused another.
  const send = sender(model, signal, { answered: () => draw() });
  /** @returns {State} */
  const state = () => model.get("state");

  const list = h("select", { name: "stack" });
  list.addEventListener("change", () => send("move", { name: "move", stack: list.value }), { signal });
  const label = h("label", { class: "vmw-field" }, h("span"), list);
  const sentence = h("span", { class: "vmw-sentence" });
  const adjusted = h("p", { class: "vmw-adjusted", "aria-live": "polite" });
  el.append(h("div", { class: "vmw-row" }, label, sentence), adjusted, errorBox(model, signal));

  function draw() {
    const now = state();
    write(label.children[0], t("Product"));
    now.groups.forEach(([heading, products], i) => {
      const group = list.children[i] ?? list.appendChild(h("optgroup"));
      set(group, "label", heading);
      while (group.children.length > products.length) group.lastElementChild?.remove();
      products.forEach(([id, name], k) => {
        const option = group.children[k] ?? group.appendChild(h("option"));
        set(option, "value", id);
        write(option, name);
      });
    });
    if (!send.busy("move")) list.value = now.stack;
    list.disabled = now.locked;
    write(sentence, now.sentence);
    write(adjusted, now.adjusted);
    adjusted.hidden = !now.adjusted;
  }
  follow(model, signal, ["state", "strings", "language", "error"], draw);
}

export default { render };
