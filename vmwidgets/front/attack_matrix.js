// Every attack on every product: a table to walk through by keyboard, run cell after cell, and what decided the chosen cell.

import { verdictBox } from "./attack_verdict.js";
import { browser, Clock } from "./clock.js";
import { errorBox, sender } from "./kernel.js";
import { follow, h, root, set, translator, write } from "./kit.js";
import { COLOURS } from "./palette.js";

/**
 * @typedef {object} Table
 * @property {string[]} stacks names of the columns
 * @property {[string, string[]][]} groups heading of a family, and the names of its rows
 * @property {[string, string, string][]} legend kind, mark and meaning
 */
/**
 * @typedef {object} Detail
 * @property {[number, number]} [place] row and column
 * @property {string} title
 * @property {import("./attack_verdict.js").Verdict} verdict
 * @property {string} lead
 * @property {[string, string][]} opens a defence, and by which mechanism it lets the attack in if it is off
 */

const PATIENCE = 120_000; // the work of one answer is a second, of a slow machine many
const STEPS = /** @type {Record<string, [number, number]>} */ ({
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
  Home: [0, -Infinity],
  End: [0, Infinity],
  PageUp: [-Infinity, 0],
  PageDown: [Infinity, 0],
});

/** @type {import("@anywidget/types").Render} */
function render({ model, el, signal }) {
  root(el, signal, "attack-matrix");
  const kinds = { open: COLOURS[5], alone: COLOURS[1], stopped: COLOURS[2], never: "var(--vmw-vmm)" };
  for (const [kind, colour] of Object.entries(kinds)) el.style.setProperty(`--vmw-${kind}`, colour);
  const t = translator(model);
  /** @returns {string[][][]} */
  const marks = () => model.get("marks");
  const send = sender(model, signal, { answered: () => answered(), patience: PATIENCE });
  const clock = new Clock(() => send("run", { name: "run" }), browser, 0, PATIENCE);
  signal.addEventListener("abort", () => clock.close());

  const run = h("button", { type: "button", class: "vmw-primary" });
  const bar = h("progress");
  const progress = h("span", { class: "vmw-sentence" });
  const grid = h("table", { role: "grid" });
  const legend = h("dl", { class: "vmw-legend" });
  const title = h("strong", { class: "vmw-title" });
  const verdict = verdictBox();
  const lead = h("p");
  const opens = h("ul");
  const detail = h("div", { class: "vmw-detail", "aria-live": "polite" }, title, verdict.el, lead, opens);
  el.append(
    h("div", { class: "vmw-row" }, run, bar, progress),
    errorBox(model, signal),
    h("div", { class: "vmw-scroll" }, grid),
    legend,
    detail,
  );

  /** @type {HTMLTableCellElement[][]} */
  let cells = [];
  /** @type {[number, number]} the cell that the Tab key comes to */
  let here = [0, 0];

  const done = () => marks().filter((row) => row.every((cell) => cell.length)).length;
  function answered() {
    if (send.busy("run")) return;
    if (model.get("error") || done() === marks().length) clock.pause();
    clock.answered();
    draw();
  }
  run.addEventListener(
    "click",
    () => {
      if (clock.playing) clock.pause();
      else clock.play();
      draw();
    },
    { signal },
  );

  /**
   * @param {EventTarget | null} target
   * @returns {[number, number] | null}
   */
  function place(target) {
    const cell = target instanceof Element ? target.closest("td") : null;
    return cell ? [Number(cell.dataset.row), Number(cell.dataset.column)] : null;
  }
  /** @param {[number, number]} to */
  function walk(to) {
    set(cells[here[0]][here[1]], "tabindex", -1);
    here = to;
    set(cells[here[0]][here[1]], "tabindex", 0);
  }
  /** @param {[number, number]} at */
  const choose = ([row, column]) => send("choose", { name: "choose", row, column });
  grid.addEventListener(
    "click",
    (event) => {
      const at = place(event.target);
      if (!at) return;
      walk(at);
      cells[at[0]][at[1]].focus();
      choose(at);
    },
    { signal },
  );
  grid.addEventListener(
    "keydown",
    (event) => {
      const at = place(event.target);
      const step = STEPS[event.key];
      if (!at || event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.key === "Enter" || event.key === " ") choose(at);
      else if (step) {
        const within = (/** @type {number} */ value, /** @type {number} */ count) =>
          Math.max(0, Math.min(count - 1, value));
        walk([within(at[0] + step[0], cells.length), within(at[1] + step[1], cells[0].length)]);
        cells[here[0]][here[1]].focus();
      } else return;
      event.preventDefault();
    },
    { signal },
  );

  /** @type {Table | null} */
  let built = null;
  /** @param {Table} table */
  function build(table) {
    const focused = cells.flat().includes(/** @type {HTMLTableCellElement} */ (document.activeElement));
    built = table;
    cells = [];
    const names = table.stacks.map((name) => h("th", { scope: "col" }, name));
    const bodies = table.groups.map(([heading, titles]) => {
      // The words stay in sight when the table is scrolled, its cell is as wide as the table.
      const all = h("th", { scope: "rowgroup", colspan: table.stacks.length + 1 }, h("span", {}, heading));
      const rows = titles.map((name) => {
        const row = cells.length;
        cells.push(
          table.stacks.map((_name, column) => h("td", { tabindex: -1, "data-row": row, "data-column": column })),
        );
        return h("tr", {}, h("th", { scope: "row" }, name), ...cells[row]);
      });
      return h("tbody", {}, h("tr", { class: "vmw-family" }, all), ...rows);
    });
    const corner = h("th", { scope: "col" }, t("Attack"));
    grid.replaceChildren(h("thead", {}, h("tr", {}, corner, ...names)), ...bodies);
    legend.replaceChildren(
      ...table.legend.map(([kind, text, meaning]) =>
        h("div", {}, h("dt", { class: `vmw-${kind}` }, text), h("dd", {}, meaning)),
      ),
    );
    walk(here);
    if (focused) cells[here[0]][here[1]].focus();
  }

  function draw() {
    /** @type {Table} */
    const table = model.get("table");
    if (table !== built) build(table);
    /** @type {Detail} */
    const chosen = model.get("detail");
    const meaning = new Map(table.legend.map(([kind, , text]) => [kind, text]));
    marks().forEach((row, y) => {
      row.forEach(([kind, text], x) => {
        const cell = cells[y][x];
        set(cell, "class", kind ? `vmw-${kind}` : null);
        write(cell, text ?? "·");
        set(cell, "aria-label", kind ? `${text}: ${meaning.get(kind)}` : t("not run"));
        set(cell, "aria-selected", String(chosen.place?.[0] === y && chosen.place[1] === x));
      });
    });
    const all = marks().length;
    const rows = done();
    set(grid, "aria-label", t("Attacks and products"));
    write(run, clock.playing ? t("Stop") : rows ? t("Go on") : t("Run all attacks"));
    run.hidden = rows === all;
    bar.hidden = rows === all;
    const found = marks().flat();
    set(bar, "max", found.length);
    set(bar, "aria-label", t("Rows run"));
    bar.value = found.filter((cell) => cell.length).length;
    const told = t("Rows run: {count} of {all}. A cell that is chosen is run at once.", { count: rows, all });
    write(progress, rows === all ? t("Choose a cell to read what decided it.") : told);
    detail.hidden = !chosen.place;
    set(el, "data-vmw-rows", rows);
    if (!chosen.place) return;
    write(title, chosen.title);
    verdict.draw(chosen.verdict);
    write(lead, chosen.lead);
    lead.hidden = !chosen.lead;
    const items = chosen.opens.map(([name, text]) => h("li", {}, h("b", {}, `${name}.`), " ", text));
    // The same words again would be read out again.
    const same = items.map((item) => item.textContent).join("\n");
    if (opens.dataset.told !== same) opens.replaceChildren(...items);
    opens.dataset.told = same;
    opens.hidden = !items.length;
  }
  follow(model, signal, ["table", "marks", "detail", "strings", "language", "error"], draw);
}

export default { render };
