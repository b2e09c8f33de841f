// The legend of the time line: a button for every VM, which lights it everywhere, and how each state looks.
import { h, set, touch, write } from "./kit.js";
import { COLOURS, INKS } from "./palette.js";

/**
 * @param {AbortSignal} signal
 * @param {{lab: () => string, select: (slot: number) => void}} actions
 */
export function timeLegend(signal, { lab, select }) {
  const vms = h("div", { class: "vmw-row vmw-keys", role: "group" });
  const states = h("div", { class: "vmw-row vmw-keys" });
  /** @type {Map<number, HTMLButtonElement>} */
  const made = new Map();

  /** @param {number} slot */
  function key(slot) {
    const mark = h("span", { class: "vmw-number" }, String(slot + 1));
    mark.style.background = COLOURS[slot];
    mark.style.color = INKS[slot];
    const one = h("button", { type: "button", class: "vmw-key", "data-vmw-slot": slot }, mark, h("span"));
    for (const [event, what] of /** @type {[string, number][]} */ ([
      ["pointerenter", slot],
      ["focus", slot],
      ["pointerleave", -1],
      ["blur", -1],
    ])) {
      one.addEventListener(event, () => touch(lab(), what), { signal });
    }
    one.addEventListener("click", () => select(slot), { signal });
    return one;
  }

  return {
    el: h("div", { class: "vmw-time-legend" }, vms, states),
    /**
     * @param {string[]} names of the slots
     * @param {number} selected
     * @param {string} label
     */
    draw(names, selected, label) {
      set(vms, "aria-label", label);
      const wanted = names.flatMap((name, slot) => {
        if (!name) return [];
        const one = made.get(slot) ?? key(slot);
        made.set(slot, one);
        write(/** @type {Element} */ (one.lastChild), name);
        set(one, "aria-pressed", slot === selected ? "true" : "false");
        return [one];
      });
      if (wanted.length !== vms.children.length || wanted.some((one, i) => vms.children[i] !== one)) {
        vms.replaceChildren(...wanted);
      }
    },
    /**
     * @param {[string, (canvas: HTMLCanvasElement) => void][]} pairs name of each state, and who paints it
     */
    states(pairs) {
      while (states.children.length > pairs.length) states.lastChild?.remove();
      pairs.forEach(([name, paint], i) => {
        const item =
          states.children[i] ??
          states.appendChild(h("span", { class: "vmw-key" }, h("canvas", { "aria-hidden": "true" }), h("span")));
        paint(/** @type {HTMLCanvasElement} */ (item.firstChild));
        write(/** @type {Element} */ (item.lastChild), name);
      });
    },
    /** @param {number} slot that is touched anywhere, or -1 */
    light(slot) {
      for (const [one, button] of made) button.classList.toggle("vmw-dim", slot >= 0 && one !== slot);
    },
  };
}
