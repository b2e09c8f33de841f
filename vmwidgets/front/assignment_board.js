// The defence board with prices and a budget; the own exploits are replayed on it at once.
import { stage, unbroken } from "./assignment_parts.js";
import { sender } from "./kernel.js";
import { follow, h, set, textTwin, translator, write } from "./kit.js";
import { keep } from "./stack_panel.js";
import { switchList } from "./switch_list.js";

/**
 * @typedef {object} Row
 * @property {string} id
 * @property {string} name
 * @property {string} without what is so while it is off
 * @property {boolean} on
 * @property {string} price
 */
/**
 * @typedef {object} Board
 * @property {Row[]} rows
 * @property {{text: string, value: number, most: number}[]} totals what is spent of each budget
 * @property {string} total in a sentence
 * @property {{tone: string, text: string}[]} replayed
 * @property {string} button
 * @property {boolean} kept whether the board as it is has been handed in
 * @property {string} note
 * @property {string} measured_title
 * @property {string} measured why nothing is shown yet, or a sentence
 * @property {string[][]} figures
 */
/** @typedef {import("./assignment_parts.js").Head & Board} State */

/** @type {import("@anywidget/types").Render} */
function render({ model, el, signal }) {
  const t = translator(model);
  const send = sender(model, signal, { answered: () => draw() });
  /** @returns {State} */
  const state = () => model.get("state");
  const frame = stage(model, el, signal, "assignment-board");
  const totals = h("ul", { class: "vmw-totals", "aria-live": "polite" });
  const board = switchList("vmw-switches");
  const replayedTitle = h("h4");
  const replayed = h("ul", { class: "vmw-said", "aria-live": "polite" });
  const commit = h("button", { type: "button", class: "vmw-primary" });
  const note = h("span", { class: "vmw-note", role: "status" });
  const measuredTitle = h("h4");
  const measured = h("p");
  const figures = h("table");
  const twin = textTwin(signal, "");
  frame.body.append(
    totals,
    board,
    twin.el,
    replayedTitle,
    replayed,
    h("div", { class: "vmw-row" }, commit, note),
    measuredTitle,
    measured,
    figures,
  );
  commit.addEventListener("click", () => send("commit", { name: "commit" }), { signal });

  function make() {
    const box = h("input", { type: "checkbox" });
    box.addEventListener(
      "change",
      () => send(`switch ${box.name}`, { name: "switch", id: box.name, on: box.checked }),
      { signal },
    );
    return h("li", {}, h("label", {}, box, h("span")), h("small"), h("b"));
  }

  function draw() {
    const now = state();
    frame.draw(now);
    keep(
      totals,
      now.totals,
      () => h("li", {}, h("b"), h("meter", { min: 0 })),
      (line, { text, value, most }) => {
        const meter = /** @type {HTMLMeterElement} */ (line.children[1]);
        write(line.children[0], unbroken(text));
        set(meter, "max", Math.max(most, value, 1));
        set(meter, "high", most);
        set(meter, "aria-label", text);
        meter.value = value;
        line.classList.toggle("vmw-over", value > most);
      },
    );
    keep(board, now.rows, make, (item, row) => {
      const [label, without, price] = item.children;
      const box = /** @type {HTMLInputElement} */ (label.children[0]);
      set(box, "name", row.id);
      if (!send.busy(`switch ${row.id}`)) box.checked = row.on;
      write(label.children[1], row.name);
      write(without, row.without);
      write(price, t("Price: {price}", { price: row.price }));
      item.classList.toggle("vmw-off", !row.on);
    });
    twin.update(
      now.total,
      [
        [t("defence"), t("state"), t("price")],
        ...now.rows.map((row) => [row.name, row.on ? t("on") : t("off"), row.price]),
      ],
      t("Table: defences"),
    );
    write(replayedTitle, t("Your own programs on this board"));
    keep(
      replayed,
      now.replayed,
      () => h("li"),
      (line, { tone, text }) => {
        set(line, "class", `vmw-is-${tone}`);
        write(line, text);
      },
    );
    write(commit, now.button);
    commit.disabled = now.kept || send.busy("commit");
    write(note, now.note);
    write(measuredTitle, now.measured_title);
    write(measured, now.measured);
    figures.hidden = !now.figures.length;
    keep(
      figures,
      now.figures,
      (i) => h("tr", {}, ...now.figures[i].map((_cell, x) => h(i && x ? "td" : "th", { scope: i ? "row" : "col" }))),
      (row, cells) => {
        cells.forEach((cell, x) => {
          if (row.children[x]) write(row.children[x], cell);
        });
      },
    );
    el.dataset.vmwOn = String(now.rows.filter((row) => row.on).length);
  }
  follow(model, signal, ["state", "strings", "language", "error"], draw);
}

export default { render };
