// The manual of the VMM, to unfold: sections with sentences and tables.
import { unbroken } from "./assignment_parts.js";
import { h, set, write } from "./kit.js";
import { keep } from "./stack_panel.js";

/**
 * @typedef {object} Section
 * @property {string} id
 * @property {string} title
 * @property {string[]} texts
 * @property {string[][]} rows of a table, the first is its head; none for no table
 */
/** @typedef {{title: string, sections: Section[]}} Manual */

/** @param {boolean} open whether it is unfolded at first */
export function manualPages(open) {
  const summary = h("summary");
  const pages = h("div", { class: "vmw-manual-pages" });
  const el = h("details", { class: "vmw-manual", open }, summary, pages);

  function section() {
    const wide = h("div", { class: "vmw-wide", tabindex: 0, role: "group" }, h("table"));
    return h("section", {}, h("h4"), h("div"), wide);
  }

  /**
   * @param {Element} place
   * @param {Section} now
   */
  function draw(place, { id, title, texts, rows }) {
    const [heading, body, wide] = /** @type {HTMLElement[]} */ ([...place.children]);
    set(place, "class", `vmw-part-${id}`);
    write(heading, title);
    keep(
      body,
      texts,
      () => h("p"),
      (one, text) => write(one, unbroken(text)),
    );
    set(wide, "aria-label", title);
    wide.hidden = !rows.length;
    keep(
      wide.children[0],
      rows,
      (i) => h("tr", {}, ...rows[i].map((_cell, x) => (i && x ? h("td") : h("th", { scope: i ? "row" : "col" })))),
      (row, cells) => {
        cells.forEach((cell, x) => {
          write(row.children[x], unbroken(cell));
        });
      },
    );
  }

  return {
    el,
    /** @param {Manual} now */
    draw(now) {
      write(summary, now.title);
      keep(pages, now.sections, section, draw);
    },
  };
}
