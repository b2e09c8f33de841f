// The tabs of a comparison: arrows go from one to the next, and the open one alone is a stop of the Tab key.
import { errorBox, sender } from "./kernel.js";
import { follow, h, root, set, translator, write } from "./kit.js";

/** @typedef {{comparison: string, open: string, tabs: [string, string][]}} State */

/** @type {import("@anywidget/types").Render} */
function render({ model, el, signal }) {
  root(el, signal, "stack-tabs");
  const t = translator(model);
  const send = sender(model, signal);
  /** @returns {State} */
  const state = () => model.get("state");
  const list = h("div", { class: "vmw-tablist", role: "tablist" });
  el.append(list, errorBox(model, signal));
  const tabs = () => /** @type {HTMLButtonElement[]} */ ([...list.children]);

  /** @param {string} id */
  const open = (id) => send("open", { name: "open", id });
  list.addEventListener(
    "keydown",
    (event) => {
      const all = tabs();
      const at = all.indexOf(/** @type {HTMLButtonElement} */ (event.target));
      const last = all.length - 1;
      const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: last }[event.key];
      if (to === undefined || at < 0 || event.altKey || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      const next = all[(to + all.length) % all.length];
      next.focus();
      open(next.value);
    },
    { signal },
  );

  function draw() {
    const now = state();
    set(list, "aria-label", t("What is compared"));
    while (list.children.length < now.tabs.length) {
      const tab = h("button", { type: "button", role: "tab" });
      tab.addEventListener("click", () => open(tab.value), { signal });
      list.append(tab);
    }
    now.tabs.forEach(([id, text], i) => {
      const tab = tabs()[i];
      set(tab, "value", id);
      set(tab, "id", `${now.comparison}-${id}-tab`);
      set(tab, "aria-controls", `${now.comparison}-${id}`);
      set(tab, "aria-selected", id === now.open ? "true" : "false");
      set(tab, "tabindex", id === now.open ? 0 : -1);
      write(tab, text);
    });
  }
  follow(model, signal, ["state", "strings", "language"], draw);
}

export default { render };
