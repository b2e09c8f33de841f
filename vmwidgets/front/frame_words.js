// The map in words: what one frame is, and the table of all.
import { OTHER, STATES } from "./frame_marks.js";
import { number } from "./kit.js";

/** @typedef {(message: string, fields?: Record<string, string | number>) => string} Translate */
/**
 * @typedef {object} About what the kernel knows of one frame, see frame_map.py
 * @property {number} frame
 * @property {string} owner
 * @property {number} gfn
 * @property {number} refs
 * @property {[string, number][]} sharers
 */

/**
 * @param {Translate} t
 * @returns {string[]} one for each state
 */
export const stateNames = (t) => [
  t("free"),
  t("the VMM's own"),
  t("page table"),
  t("private, idle"),
  t("private, active"),
  t("shared copy-on-write"),
  t("compression cache"),
  t("shared page of zeros"),
];

/**
 * What a frame is: at once what its code says, and more when the kernel has told.
 * @param {Translate} t
 * @param {string} language
 * @param {number} frame
 * @param {number} code
 * @param {string[]} names of the slots
 * @param {About | null} about
 */
export function frameText(t, language, frame, code, names, about) {
  const owner = code & 15;
  const name = about?.owner || names[owner] || (owner === OTHER ? t("another VM") : "");
  const what = stateNames(t)[code >> 4] ?? "";
  const fields = { frame: number(language, frame), what, name };
  const first = name ? t("Frame {frame}: {what}, of {name}.", fields) : t("Frame {frame}: {what}.", fields);
  if (!about || about.refs < 1) return first;
  const page = t("Guest page {gfn}.", { gfn: number(language, about.gfn) });
  if (about.refs === 1) return `${first} ${page}`;
  const shown = about.sharers.map(([vm, gfn]) => t("{name} page {gfn}", { name: vm, gfn: number(language, gfn) }));
  const more = about.refs - shown.length;
  const list = shown.join(", ") + (more > 0 ? t(" and {count} more", { count: number(language, more) }) : "");
  const mapped = t("Mapped {count} times: {list}.", { count: number(language, about.refs), list });
  return `${first} ${mapped}`;
}

/**
 * Rows of the table, the first of which is its head.
 * @param {Translate} t
 * @param {string} language
 * @param {import("./frame_stream.js").Words} words
 * @param {{names: string[], page_bytes: number, frames: number}} state
 * @returns {string[][]}
 */
export function frameTable(t, language, { owners, free, vmm }, { names, page_bytes, frames }) {
  const decimals = page_bytes % 2 ** 20 ? 1 : 0;
  /** @type {(label: string, values: number[], sum: number) => string[]} */
  const row = (label, values, sum) => [
    label,
    ...STATES.slice(2).map((_, state) => (values.length ? number(language, values[state]) : "")),
    number(language, sum),
    number(language, (sum * page_bytes) / 2 ** 20, decimals),
  ];
  return [
    ["", ...stateNames(t).slice(2), t("frames"), t("MiB")],
    ...owners.map(([slot, ...values]) =>
      row(
        names[slot] || (slot === OTHER ? t("other VMs") : t("no VM")),
        values,
        values.reduce((sum, value) => sum + value, 0),
      ),
    ),
    row(t("VMM"), [], vmm),
    row(t("free"), [], free),
    row(t("all"), [], frames),
  ];
}
