// One colour and one pattern for each VM. Colours after Okabe and Ito (2008) and Tol (2021), safe for colour-blind eyes;
// the pattern and the number say the same without colour.
import { s } from "./kit.js";

/** Colours of the slots; charts use the same, see palette.py. */
export const COLOURS = ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#999933", "#8b6bc9"];
/** Colour of the number on a slot's colour: contrast at least 4.5. */
export const INKS = ["#ffffff", "#000000", "#000000", "#000000", "#000000", "#000000", "#000000", "#000000"];

const STROKES = [
  "",
  "M0,8 L8,0",
  "M4,0 V8",
  "M0,4 H8",
  "M0,0 L8,8",
  "M0,8 L8,0 M0,0 L8,8",
  "M4,0 V8 M0,4 H8",
  "M3,4 h2 M-1,0 h2 M7,0 h2 M-1,8 h2 M7,8 h2",
];

/**
 * The number of a slot, to be read on its colour.
 * @param {number} slot
 * @param {number} x
 * @param {number} y
 */
export function slotMark(slot, x, y) {
  const mark = s("text", { class: "vmw-mark", x, y, "text-anchor": "middle" }, String(slot + 1));
  const light = INKS[slot] === "#ffffff";
  mark.style.fill = INKS[slot];
  // A halo keeps the strokes of the pattern away from the number.
  mark.style.paintOrder = "stroke";
  mark.style.stroke = light ? COLOURS[slot] : "rgb(255 255 255 / 70%)";
  mark.style.strokeWidth = "3px";
  return mark;
}

/**
 * @param {string} prefix makes the ids of this picture its own
 * @returns {SVGDefsElement}
 */
export function patterns(prefix) {
  const defs = s("defs");
  COLOURS.forEach((colour, slot) => {
    defs.append(
      s(
        "pattern",
        { id: `${prefix}-${slot}`, width: 8, height: 8, patternUnits: "userSpaceOnUse" },
        s("rect", { width: 8, height: 8, fill: colour }),
        s("path", { d: STROKES[slot], stroke: "#fff", "stroke-opacity": 0.6, "stroke-width": 1.4, fill: "none" }),
      ),
    );
  });
  defs.append(
    s(
      "pattern",
      { id: `${prefix}-vmm`, width: 6, height: 6, patternUnits: "userSpaceOnUse" },
      s("rect", { width: 6, height: 6, fill: "var(--vmw-vmm)" }),
      s("path", { d: "M0,6 L6,0", stroke: "var(--vmw-paper)", "stroke-width": 1 }),
    ),
  );
  return defs;
}
