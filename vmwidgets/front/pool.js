// One pool of the server's picture: a bar that the VMM, the virtual machines and what is free fill exactly.
import { BOLD, PLAIN, touchable } from "./card.js";
import { amount, s, set, write } from "./kit.js";
import { RESOURCES, segments } from "./layout.js";
import { slotMark } from "./palette.js";

/**
 * @param {number} index of the resource
 * @param {import("./card.js").Words} words
 */
export function pool(index, words) {
  const { prefix, t, fit } = words;
  const well = s("rect", { class: "vmw-well", rx: 8 });
  const title = s("text", { class: "vmw-title" });
  const text = s("text", { class: "vmw-soft" });
  const bar = s("g");
  const label = s("title");
  const el = s("g", { role: "img" }, label, well, title, bar, text);
  /** @type {Map<string, {rect: SVGRectElement, mark: SVGTextElement | null}>} */
  const parts = new Map();

  /** @param {string} key */
  function part(key) {
    const found = parts.get(key);
    if (found) return found;
    const slot = Number(key);
    const rect = s("rect", { class: "vmw-part vmw-glide" });
    const mark = slot >= 0 ? slotMark(slot, 0, 0) : null;
    if (slot >= 0) {
      rect.style.fill = `url(#${prefix}-${slot})`;
      touchable(rect, slot, words);
    } else if (key === "vmm") rect.style.fill = `url(#${prefix}-vmm)`;
    else rect.classList.add(`vmw-${key}`);
    bar.append(rect);
    if (mark) bar.append(mark);
    parts.set(key, { rect, mark });
    return { rect, mark };
  }

  return {
    el,
    /**
     * @param {import("./layout.js").State} now
     * @param {import("./layout.js").Box} box
     * @param {boolean} row whether the bar stands between its title and its text
     */
    draw(now, box, row) {
      const of = now.pools[index];
      const name = words.names()[index];
      const high = row ? 22 : 30;
      const left = row ? 140 : 10;
      const inner = Math.max(40, row ? box.width - 140 - 180 : box.width - 20);
      set(el, "transform", `translate(${box.x.toFixed(1)},${box.y})`);
      set(well, "width", box.width.toFixed(1));
      set(well, "height", box.height);
      set(title, "x", 10);
      set(title, "y", row ? 22 : 18);
      set(bar, "transform", row ? `translate(${left},6)` : `translate(${left},27)`);
      write(title, fit(name, row ? left - 16 : inner, BOLD));
      const made = segments(
        of,
        now.vms.map((vm) => ({ slot: vm.slot, used: vm.used[index] })),
        inner,
      );
      const seen = new Set(made.map(({ key }) => key));
      for (const [key, { rect, mark }] of parts) {
        if (seen.has(key)) continue;
        rect.remove();
        mark?.remove();
        parts.delete(key);
      }
      for (const segment of made) {
        const { rect, mark } = part(segment.key);
        set(rect, "x", segment.x.toFixed(2));
        set(rect, "width", segment.width.toFixed(2));
        set(rect, "height", high);
        if (!mark) continue;
        set(mark, "x", (segment.x + segment.width / 2).toFixed(2));
        set(mark, "y", high / 2 + 4);
        set(mark, "visibility", segment.width > 14 ? null : "hidden");
      }
      const language = words.language();
      const sentence = t("{used} of {all} {unit}", {
        used: amount(RESOURCES[index], of.capacity - of.free, language),
        all: amount(RESOURCES[index], of.capacity, language),
        unit: words.units()[index],
      });
      set(text, "x", row ? box.width - 10 : 10);
      set(text, "y", row ? 22 : box.height - 13);
      set(text, "text-anchor", row ? "end" : null);
      write(text, fit(sentence, row ? 165 : inner, PLAIN));
      write(label, `${name}: ${sentence}`);
    },
  };
}
