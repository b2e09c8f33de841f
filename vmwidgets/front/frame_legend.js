// The map's legend: a button for every VM, which lights it everywhere, and the mark of every state.
import { drawMark, OTHER, STATES } from "./frame_marks.js";
import { stateNames } from "./frame_words.js";
import { h, set, write } from "./kit.js";

const SIDE = 18;

/**
 * @param {AbortSignal} signal
 * @param {{touch: (slot: number) => void, select: (slot: number) => void}} actions
 */
export function frameLegend(signal, { touch, select }) {
  const vms = h("div", { class: "vmw-row vmw-keys", role: "group" });
  const states = h("div", { class: "vmw-row vmw-keys vmw-states" });
  /**
   * @param {string} tag
   * @returns {HTMLElement}
   */
  const key = (tag) =>
    h(/** @type {"span" | "button"} */ (tag), { class: "vmw-key" }, h("canvas", { "aria-hidden": "true" }), h("span"));
  /**
   * @param {Element} at
   * @param {number} code
   * @param {import("./frame_marks.js").Look} look
   * @param {string} family
   */
  function swatch(at, code, look, family) {
    const canvas = /** @type {HTMLCanvasElement} */ (at.firstChild);
    const size = Math.round(SIDE * window.devicePixelRatio);
    canvas.width = size;
    canvas.height = size;
    const context = canvas.getContext("2d");
    if (!context) return;
    const colour = look.colours[code];
    context.fillStyle = `rgb(${colour & 255} ${(colour >> 8) & 255} ${(colour >> 16) & 255})`;
    context.fillRect(0, 0, size, size);
    drawMark(context, code, 0, 0, size, look.inks[code], family);
  }
  /** @param {number} slot */
  function vmKey(slot) {
    const made = /** @type {HTMLButtonElement} */ (key("button"));
    made.type = "button";
    made.dataset.vmwSlot = String(slot);
    for (const [event, what] of /** @type {[string, number][]} */ ([
      ["pointerenter", slot],
      ["focus", slot],
      ["pointerleave", -1],
      ["blur", -1],
    ])) {
      made.addEventListener(event, () => touch(what), { signal });
    }
    made.addEventListener("click", () => select(slot), { signal });
    return made;
  }
  /** @type {Map<number, HTMLButtonElement>} */
  const made = new Map();
  return {
    el: h("div", { class: "vmw-frame-legend" }, vms, states),
    /**
     * @param {import("./frame_words.js").Translate} t
     * @param {{names: string[], selected: number}} state
     * @param {import("./frame_marks.js").Look} look
     * @param {string} family
     */
    draw(t, { names, selected }, look, family) {
      set(vms, "aria-label", t("Virtual machines"));
      names.forEach((name, slot) => {
        const button = made.get(slot) ?? vmKey(slot);
        made.set(slot, button);
        if (name && !button.isConnected)
          vms.insertBefore(
            button,
            [...made.values()].find((b) => b.isConnected && Number(b.dataset.vmwSlot) > slot) ?? null,
          );
        if (!name) button.remove();
        write(button.children[1], name);
        set(button, "aria-pressed", slot === selected ? "true" : "false");
        swatch(button, (STATES.indexOf("active") << 4) | slot, look, family);
      });
      const sample = selected >= 0 ? selected : OTHER;
      stateNames(t).forEach((name, state) => {
        const item = states.children[state] ?? states.appendChild(key("span"));
        write(item.children[1], name);
        swatch(item, (state << 4) | sample, look, family);
      });
    },
    /** @param {number} slot the VM that is lit, or -1 */
    light(slot) {
      for (const [own, button] of made) button.classList.toggle("vmw-dim", slot >= 0 && own !== slot);
    },
  };
}
