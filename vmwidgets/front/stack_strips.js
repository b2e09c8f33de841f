// The looks of a layer: its privilege as a strip with a pattern, and its name broken into lines.
import { s } from "./kit.js";

/** What a strip is drawn with, from all privileges to none: a shade and strokes. */
const STRIPS = /** @type {const} */ ({
  machine: "",
  hypervisor: "M0,6 L6,0 M-1,1 L1,-1 M5,7 L7,5",
  kernel: "M0,1.5 H6 M0,4.5 H6",
  user: "M3,0 V6",
  guest_kernel: "M0,3 H3",
  guest_user: "M2,3 h2",
});

/**
 * @param {string} prefix makes the ids of this picture its own
 */
export function strips(prefix) {
  const defs = s("defs");
  for (const [name, strokes] of Object.entries(STRIPS)) {
    const pattern = s(
      "pattern",
      { id: `${prefix}-${name}`, width: 6, height: 6, patternUnits: "userSpaceOnUse" },
      s("rect", { class: `vmw-mode-${name}`, width: 6, height: 6 }),
      s("path", { class: "vmw-mode-stroke", d: strokes, "stroke-width": name === "guest_user" ? 2 : 1.3 }),
    );
    defs.append(pattern);
  }
  return defs;
}

/**
 * Break a name into lines that fit, the last one cut off if need be.
 * @param {string} text
 * @param {number} width
 * @param {number} most
 * @param {(text: string) => number} measure
 */
export function lines(text, width, most, measure) {
  /** @type {string[]} */
  const made = [];
  let rest = text.split(/\s+/);
  while (rest.length && made.length < most) {
    let count = 1;
    while (count < rest.length && measure(rest.slice(0, count + 1).join(" ")) <= width) count++;
    const last = made.length === most - 1;
    made.push(rest.slice(0, last ? rest.length : count).join(" "));
    rest = rest.slice(last ? rest.length : count);
  }
  return made.map((line) => {
    if (measure(line) <= width) return line;
    let cut = line;
    while (cut.length > 1 && measure(`${cut}…`) > width) cut = cut.slice(0, -1).trimEnd();
    return `${cut}…`;
  });
}
