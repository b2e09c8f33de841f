// One part of a chapter: questions, one button, and what the model says to the answers.
import { errorBox, sender } from "./kernel.js";
import { follow, h, root, set, translator, unique, write } from "./kit.js";
import { touched } from "./touched.js";

/** @typedef {{points: number, most: number, reason: string, hint: string, place: number[]}} Verdict */
/**
 * @typedef {object} Item
 * @property {string} id
 * @property {"number" | "choice" | "table" | "text" | "program"} kind
 * @property {string} question
 * @property {string} unit
 * @property {number} decimals
 * @property {[string, string][]} options
 * @property {[string, string][]} rows
 * @property {number | string | (number | string)[] | null} value
 * @property {Verdict | null} verdict
 */
/**
 * @typedef {object} State
 * @property {string} title
 * @property {string} closed why the part is not open yet, "" if it is
 * @property {boolean} committed whether the answers can no longer be changed
 * @property {boolean} confidence whether a confidence belongs to the answer
 * @property {number | null} sure
 * @property {string} button
 * @property {string} note
 * @property {string} score
 * @property {Item[]} items
 * @property {string} [take] the name of the button that takes a program over from elsewhere, "" if there is none
 */

/** Options that are longer, in characters, do not fit beside what they belong to. */
const LONG_OPTION = 56;

/** @type {import("@anywidget/types").Render} */
function render({ model, el, signal }) {
  root(el, signal, "lesson");
  const t = translator(model);
  const send = sender(model, signal);
  /** @returns {State} */
  const state = () => model.get("state");
  const title = h("h3", {});
  const score = h("span", { class: "vmw-score" });
  const closed = h("p", { class: "vmw-lock" });
  const form = h("form", {});
  const fields = h("div", {});
  const sure = h("fieldset", { class: "vmw-sure" }, h("legend"));
  const commit = h("button", { type: "submit", class: "vmw-primary" });
  const note = h("p", { class: "vmw-note", role: "status" });
  const take = h("button", { type: "button" });
  form.append(fields, sure, h("div", { class: "vmw-row" }, commit, take));
  el.append(h("div", { class: "vmw-head" }, title, score), closed, form, errorBox(model, signal), note);
  /** @type {HTMLInputElement[]} */
  const degrees = [];
  const sureGroup = unique("vmw-group");
  for (const n of [1, 2, 3, 4]) {
    const radio = h("input", { type: "radio", name: sureGroup, value: n });
    degrees.push(radio);
    sure.append(h("label", { class: "vmw-field" }, radio, h("span")));
  }

  /**
   * Select the rest of a line from a column on.
   * @param {HTMLTextAreaElement} area
   * @param {number[]} at line and column, from 1
   */
  function show(area, [line, column]) {
    const lines = area.value.split("\n");
    const start = lines.slice(0, line - 1).reduce((sum, one) => sum + one.length + 1, 0);
    area.focus();
    area.setSelectionRange(start + column - 1, start + (lines[line - 1] ?? "").length);
  }

  /** @type {Map<string, ReturnType<typeof question>>} */
  const asked = new Map();

  /** @param {Item} first */
  function question(first) {
    const group = unique("vmw-group");
    const text = h("legend");
    const body = h("div", {});
    const verdict = h("p", { class: "vmw-verdict", role: "status" });
    const place = h("button", { type: "button", hidden: true });
    let at = [0, 0];
    const box = h("fieldset", { class: "vmw-question" }, text, body, verdict, place);
    /** @type {() => unknown} */
    let read;
    /** @type {(item: Item, locked: boolean) => void} */
    let put;
    if (first.kind === "choice") {
      const radios = first.options.map(([id]) => h("input", { type: "radio", name: group, value: id }));
      const texts = radios.map(() => h("span"));
      radios.forEach((radio, i) => {
        body.append(h("label", { class: "vmw-option" }, radio, texts[i]));
      });
      read = () => radios.find((radio) => radio.checked)?.value ?? null;
      put = (item, locked) =>
        radios.forEach((radio, i) => {
          write(texts[i], item.options[i][1]);
          radio.disabled = locked;
          if (item.value !== null && !hand.is) radio.checked = radio.value === item.value;
        });
    } else if (first.kind === "table") {
      const selects = first.rows.map(() => h("select"));
      const texts = selects.map(() => h("span"));
      selects.forEach((select, i) => {
        select.append(h("option", { value: "" }, "…"), ...first.options.map(([id]) => h("option", { value: id })));
        body.append(h("label", { class: "vmw-line-item" }, texts[i], select));
      });
      read = () => selects.map((select) => select.value);
      put = (item, locked) => {
        const isLong = item.options.some(([, name]) => name.length > LONG_OPTION);
        selects.forEach((select, i) => {
          select.parentElement?.classList.toggle("vmw-long", isLong);
          write(texts[i], item.rows[i][1]);
          item.options.forEach(([, name], k) => {
            write(select.options[k + 1], name);
          });
          select.disabled = locked;
          if (Array.isArray(item.value) && !hand.is) select.value = String(item.value[i]);
        });
      };
    } else {
      const number = first.kind === "number";
      const program = first.kind === "program";
      const input = number
        ? h("input", { type: "text", inputmode: "decimal", size: 10, autocomplete: "off" })
        : program
          ? h("textarea", { class: "vmw-program", rows: 14, maxlength: 16000, wrap: "off", spellcheck: "false" })
          : h("textarea", { rows: 2, maxlength: 2000 });
      if (program && input instanceof HTMLTextAreaElement) {
        const area = input;
        place.addEventListener("click", () => show(area, at), { signal });
      }
      const unit = h("span", { class: "vmw-unit" });
      body.append(h("div", { class: "vmw-row" }, input, unit));
      read = () => input.value;
      put = (item, locked) => {
        set(input, "aria-label", item.question);
        write(unit, item.unit);
        input.disabled = locked;
        if (item.value !== null && !hand.is) input.value = String(item.value);
      };
    }
    const hand = touched(body, signal);
    return {
      el: box,
      read: () => read(),
      hand,
      /**
       * @param {Item} item
       * @param {boolean} locked
       */
      draw(item, locked) {
        write(text, item.question);
        if (locked) hand.drop();
        put(item, locked);
        const said = item.verdict;
        write(
          verdict,
          said ? [said.most ? `${said.points}/${said.most}.` : "", said.reason, said.hint].join(" ").trim() : "",
        );
        verdict.hidden = !said;
        at = said?.place ?? [0, 0];
        place.hidden = !at[0];
        write(place, t("Show the place"));
        verdict.classList.toggle("vmw-right", Boolean(said && said.points === said.most));
        verdict.classList.toggle("vmw-wrong", Boolean(said && said.points < said.most));
      },
    };
  }

  let waits = false;
  /** What stands in the fields is left to the kernel, to take or to refuse. */
  function leave() {
    waits = true;
    for (const one of asked.values()) one.hand.sent();
  }
  form.addEventListener(
    "submit",
    (event) => {
      event.preventDefault();
      const values = Object.fromEntries([...asked].map(([id, one]) => [id, one.read()]));
      const degree = degrees.find((radio) => radio.checked);
      leave();
      send("answer", { name: "answer", values, confidence: degree ? Number(degree.value) : null });
    },
    { signal },
  );

  take.addEventListener(
    "click",
    () => {
      leave();
      send("take", { name: "take" });
    },
    { signal },
  );

  function draw() {
    const now = state();
    write(title, now.title);
    title.hidden = !now.title;
    write(score, now.score);
    write(closed, now.closed);
    closed.hidden = !now.closed;
    form.hidden = Boolean(now.closed);
    for (const item of now.items) {
      let one = asked.get(item.id);
      if (!one) {
        one = question(item);
        asked.set(item.id, one);
        fields.append(one.el);
      }
      one.draw(item, now.committed);
    }
    sure.hidden = !now.confidence;
    write(/** @type {Element} */ (sure.firstChild), t("How sure are you?"));
    const words = [t("1 a guess"), t("2 rather unsure"), t("3 rather sure"), t("4 certain")];
    degrees.forEach((radio, i) => {
      write(/** @type {Element} */ (radio.nextElementSibling), words[i]);
      radio.disabled = now.committed;
      if (now.sure !== null) radio.checked = Number(radio.value) === now.sure;
    });
    write(commit, now.button);
    commit.hidden = now.committed;
    write(take, now.take ?? "");
    take.hidden = !now.take;
    write(note, now.note);
    note.hidden = !now.note;
  }
  follow(model, signal, ["state", "strings", "language"], draw);
  /** @param {{ack?: number}} message */
  const answered = (message) => {
    if (!waits || message.ack === undefined || send.busy("answer") || send.busy("take")) return;
    waits = false;
    if (!model.get("error")) for (const one of asked.values()) one.hand.taken();
    draw();
  };
  model.on("msg:custom", answered); // after the sender, which has heard it first
  signal.addEventListener("abort", () => model.off("msg:custom", answered));
}

export default { render };
