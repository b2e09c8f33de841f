// One virtual machine of the server's picture: its name, its shape and its unequal bars.
import { amount, number, s, set, write } from "./kit.js";
import { BARS, RESOURCES, showsValues } from "./layout.js";
import { slotMark } from "./palette.js";

/**
 * @typedef {object} Words what the parts of the picture say, and how they are touched
 * @property {string} prefix of the ids of the patterns
 * @property {(message: string, fields?: Record<string, string | number>) => string} t
 * @property {() => string} language
 * @property {() => string[]} names of the resources
 * @property {() => string[]} shorts of the resources
 * @property {() => string[]} units of the resources
 * @property {(text: string, pixels: number, font: string) => string} fit
 * @property {(slot: number) => void} touch
 * @property {(slot: number) => void} select
 * @property {AbortSignal} signal
 */

export const BOLD = "600 13px";
export const PLAIN = "12px";
const SMALL = "11.5px";
const TINY = "10.5px";

/**
 * Let the pointer touch and choose what belongs to a VM.
 * @param {SVGElement} el
 * @param {number} slot
 * @param {Words} words
 */
export function touchable(el, slot, { touch, select, signal }) {
  set(el, "data-vmw-slot", slot);
  el.addEventListener("pointerenter", () => touch(slot), { signal });
  el.addEventListener("pointerleave", () => touch(-1), { signal });
  el.addEventListener("click", () => select(slot), { signal });
}

/**
 * @param {number} slot
 * @param {Words} words
 */
export function card(slot, words) {
  const { prefix, t, fit } = words;
  const fill = `url(#${prefix}-${slot})`;
  const swatch = s("rect", { x: 10, y: 10, width: 18, height: 18, rx: 4 });
  swatch.style.fill = fill;
  const name = s("text", { class: "vmw-title", x: 35, y: 24 });
  const size = s("text", { class: "vmw-soft vmw-small", x: 10, y: 46 });
  const bars = RESOURCES.map(() => {
    const used = s("rect", { class: "vmw-glide" });
    used.style.fill = fill;
    return {
      track: s("rect", { class: "vmw-track" }),
      used,
      entitled: s("path", { class: "vmw-entitled" }),
      demand: s("path", { class: "vmw-demand" }),
      label: s("text", { class: "vmw-soft vmw-tiny", "text-anchor": "middle" }),
      value: s("text", { class: "vmw-tiny vmw-value", "text-anchor": "middle" }),
    };
  });
  const frame = s("rect", { class: "vmw-frame", rx: 8 });
  const tip = s("title");
  const el = s(
    "g",
    { role: "button", tabindex: 0, class: "vmw-card vmw-glide" },
    tip,
    frame,
    swatch,
    slotMark(slot, 19, 23),
    name,
    size,
    ...bars.flatMap((b) => [b.track, b.used, b.entitled, b.demand, b.label, b.value]),
  );
  touchable(el, slot, words);

  /**
   * @param {import("./layout.js").Machine} vm
   * @param {import("./layout.js").Box} box
   * @param {number[]} full what fills a bar, per resource
   */
  function drawBars(vm, box, full) {
    const step = (box.width - 16) / RESOURCES.length;
    const wide = Math.min(24, step * 0.64);
    const valued = showsValues(box.width);
    const floor = box.height - (valued ? 40 : 24);
    const short = words.shorts();
    RESOURCES.forEach((resource, r) => {
      const { track, used, entitled, demand, label, value } = bars[r];
      const middle = 8 + (r + 0.5) * step;
      const left = (middle - wide / 2).toFixed(1);
      const high = (/** @type {number} */ n) => Math.min(1, n / full[r]) * BARS;
      const at = (/** @type {number} */ n) => (floor - high(n)).toFixed(1);
      for (const rect of [track, used]) {
        set(rect, "x", left);
        set(rect, "width", wide.toFixed(1));
      }
      set(track, "y", (floor - BARS).toFixed(1));
      set(track, "height", BARS);
      set(used, "y", at(vm.used[r]));
      set(used, "height", high(vm.used[r]).toFixed(1));
      set(
        entitled,
        "d",
        vm.entitled[r] ? `M${middle - wide / 2 - 2},${floor} V${at(vm.entitled[r])} h${wide + 4} V${floor}` : "",
      );
      set(demand, "d", vm.demand[r] ? `M${middle - wide / 2 - 4},${at(vm.demand[r])} h${wide + 8}` : "");
      for (const text of [label, value]) set(text, "x", middle.toFixed(1));
      set(label, "y", floor + 14);
      write(label, fit(short[r], step - 2, TINY));
      set(value, "y", floor + 29);
      write(value, valued ? fit(amount(resource, vm.used[r], words.language()), step - 1, TINY) : "");
    });
  }

  return {
    el,
    /**
     * @param {import("./layout.js").Machine} vm
     * @param {import("./layout.js").Box} box
     * @param {number[]} full
     * @param {boolean} selected
     */
    draw(vm, box, full, selected) {
      const language = words.language();
      set(el, "transform", `translate(${box.x.toFixed(1)},${box.y})`);
      set(el, "aria-pressed", selected ? "true" : "false");
      set(frame, "width", box.width.toFixed(1));
      set(frame, "height", box.height);
      write(name, fit(vm.name, box.width - 43, BOLD));
      const bad = vm.stalled
        ? t("stopped: the disk pool is full")
        : vm.steal >= 50
          ? t("steal {percent} %", { percent: number(language, vm.steal / 10) })
          : "";
      const shape = t("{vcpus} vCPU · {memory} GiB", {
        vcpus: vm.vcpus,
        memory: number(language, vm.memory / 2 ** 30, vm.memory % 2 ** 30 ? 1 : 0),
      });
      const both = bad ? `${shape} · ${bad}` : shape;
      write(size, fit(fit(both, box.width - 18, SMALL) === both ? both : bad || shape, box.width - 18, SMALL));
      size.classList.toggle("vmw-alarm", Boolean(bad));
      drawBars(vm, box, full);
      const label = [
        vm.name,
        shape,
        bad,
        ...RESOURCES.map((r, i) => `${words.names()[i]}: ${amount(r, vm.used[i], language)} ${words.units()[i]}`),
      ]
        .filter(Boolean)
        .join(", ");
      set(el, "aria-label", label);
      write(tip, label);
    },
  };
}
