// Above each chart: its title and a legend that lights a VM everywhere. It also names the chart for screen readers.
import { sender } from "./kernel.js";
import { follow, h, linked, root, set, touch, translator, write } from "./kit.js";
import { COLOURS } from "./palette.js";

/** @typedef {{slot: number, name: string, colour?: string, fill?: number}} Item fill: opacity of what is below the line */
/** @typedef {{lab: string, chart: string, title: string, items: Item[], selected: number, links: boolean}} State */

/** @type {import("@anywidget/types").Render} */
function render({ model, el, signal }) {
  root(el, signal, "caption");
  const t = translator(model);
  const send = sender(model, signal);
  /** @returns {State} */
  const state = () => model.get("state");
  const title = h("span", { class: "vmw-title" });
  const legend = h("div", { class: "vmw-row vmw-legend", role: "group" });
  el.append(title, legend);
  let touched = -1;

  /** @param {number} index */
  function entry(index) {
    const line = h("span", { class: `vmw-line vmw-dash-${index}`, "aria-hidden": "true" });
    const made = h("button", { type: "button", class: "vmw-item" }, line, h("span"));
    const slot = () => state().items[index]?.slot ?? -1;
    made.addEventListener("pointerenter", () => touch(state().lab, slot()), { signal });
    made.addEventListener("pointerleave", () => touch(state().lab, -1), { signal });
    made.addEventListener("focus", () => touch(state().lab, slot()), { signal });
    made.addEventListener("blur", () => touch(state().lab, -1), { signal });
    made.addEventListener("click", () => send("select", { name: "select", slot: slot() }), { signal });
    return made;
  }

  function light() {
    const { links, lab, selected } = state();
    const chart = el.closest(".vmw-chart");
    if (!chart) return;
    for (const name of [...chart.classList]) if (name.startsWith("vmw-lit-")) chart.classList.remove(name);
    const slot = touched >= 0 ? touched : selected;
    if (links && slot >= 0) chart.classList.add(`vmw-lit-${slot}`, touched >= 0 ? "vmw-lit-only" : "vmw-lit-most");
    chart.setAttribute("data-vmw-lab", lab);
    for (const part of legend.children) {
      part.classList.toggle("vmw-dim", links && touched >= 0 && part.getAttribute("data-vmw-slot") !== String(touched));
    }
  }

  function draw() {
    const { title: text, items, links, selected } = state();
    write(title, text);
    set(legend, "aria-label", t("Legend"));
    while (legend.children.length > items.length) legend.lastChild?.remove();
    items.forEach((item, i) => {
      const part = /** @type {HTMLButtonElement} */ (legend.children[i] ?? legend.appendChild(entry(i)));
      const line = /** @type {HTMLElement} */ (part.children[0]);
      line.className = `vmw-line vmw-dash-${links ? item.slot : i}`;
      line.style.color = item.colour ?? COLOURS[item.slot];
      line.classList.toggle("vmw-filled", item.fill !== undefined);
      line.style.setProperty("--vmw-fill", `${100 * (item.fill ?? 0)}%`);
      write(part.children[1], links ? `${item.slot + 1} ${item.name}` : item.name);
      set(part, "data-vmw-slot", item.slot);
      part.disabled = !links;
      if (links) set(part, "aria-pressed", item.slot === selected ? "true" : "false");
      else set(part, "aria-pressed", null);
    });
    light();
  }
  linked(signal, state().lab, (slot) => {
    touched = slot;
    light();
  });
  follow(model, signal, ["state", "strings"], draw);
  // The chart is a neighbour, and may come after this caption.
  requestAnimationFrame(() => signal.aborted || light());
}

export default { render };
