// A stage that asks: groups of fields, a button for each group, and what is said to the answers.
import { stage } from "./assignment_parts.js";
import { sender } from "./kernel.js";
import { follow, h, number, set, translator, unique, write } from "./kit.js";
import { keep } from "./stack_panel.js";
import { touched } from "./touched.js";

/**
 * @typedef {object} Field
 * @property {string} id
 * @property {"pick" | "select" | "number" | "text" | "tick"} kind
 * @property {string} label
 * @property {[string, string][]} options
 * @property {string} unit
 * @property {string} value as it lies in the answer file, or as it was last typed; "" for nothing
 * @property {number} most characters of a text
 */
/**
 * @typedef {object} Group
 * @property {string} id
 * @property {string} title
 * @property {string} about
 * @property {boolean} locked whether the answers stay as they are
 * @property {boolean} asks_sure whether a confidence belongs to the answer
 * @property {number} sure 0 for none
 * @property {Field[]} fields
 * @property {string} button "" for none
 * @property {string} note
 * @property {import("./assignment_parts.js").Lamp[]} said
 */
/** @typedef {import("./assignment_parts.js").Head & {groups: Group[]}} State */

const PAUSE_MS = 700;
const WORD = /[\p{L}\p{N}]+(?:[-'’.,][\p{L}\p{N}]+)*/gu;

/**
 * Words of a text; a number or a word with a hyphen is one.
 * @param {string} text
 */
export function countWords(text) {
  return text.match(WORD)?.length ?? 0;
}

/** @type {import("@anywidget/types").Render} */
function render({ model, el, signal }) {
  const t = translator(model);
  const send = sender(model, signal);
  /** @returns {State} */
  const state = () => model.get("state");
  const frame = stage(model, el, signal, "assignment-form");
  /** @type {Map<string, ReturnType<typeof group>>} */
  const groups = new Map();

  /** @param {Field} first */
  function field(first) {
    const name = unique("vmw-field");
    const label = h("span", { class: "vmw-label", id: name });
    /** @type {HTMLElement} */
    let box;
    /** @type {() => string} */
    let read;
    /** @type {(now: Field, locked: boolean) => void} */
    let put;
    if (first.kind === "tick") {
      const input = h("input", { type: "checkbox" });
      box = h("label", { class: "vmw-tick" }, input, label);
      read = () => (input.checked ? "yes" : "");
      put = (now, locked) => {
        input.disabled = locked;
        if (!hand.is) input.checked = Boolean(now.value);
      };
    } else if (first.kind === "pick") {
      const radios = first.options.map(([id]) => h("input", { type: "radio", name: `${name}-pick`, value: id }));
      const choices = radios.map((radio) => h("label", { class: "vmw-choice" }, radio, h("span")));
      box = h(
        "div",
        { class: "vmw-line", role: "radiogroup", "aria-labelledby": name },
        label,
        h("span", { class: "vmw-choices" }, ...choices),
      );
      read = () => radios.find((radio) => radio.checked)?.value ?? "";
      put = (now, locked) =>
        radios.forEach((radio, i) => {
          write(choices[i].children[1], now.options[i][1]);
          radio.disabled = locked;
          if (!hand.is) radio.checked = radio.value === now.value;
        });
    } else if (first.kind === "select") {
      const select = h("select", { "aria-labelledby": name });
      box = h("label", { class: "vmw-line" }, label, select);
      read = () => select.value;
      put = (now, locked) => {
        keep(
          select,
          /** @type {[string, string][]} */ ([["", "…"], ...now.options]),
          () => h("option"),
          (option, [id, text]) => {
            set(option, "value", id);
            write(option, text);
          },
        );
        select.disabled = locked;
        if (!hand.is) select.value = now.value;
      };
    } else if (first.kind === "number") {
      const input = h("input", { type: "text", inputmode: "numeric", size: 10, autocomplete: "off" });
      const unit = h("span", { class: "vmw-unit" });
      set(input, "aria-labelledby", name);
      box = h("label", { class: "vmw-line" }, label, h("span", { class: "vmw-row" }, input, unit));
      read = () => input.value;
      put = (now, locked) => {
        write(unit, now.unit);
        input.disabled = locked;
        if (!hand.is) input.value = now.value;
      };
    } else {
      const area = h("textarea", { rows: 9, "aria-labelledby": name });
      const count = h("span", { class: "vmw-count" });
      box = h("label", { class: "vmw-long" }, label, area, count);
      /** @type {ReturnType<typeof setTimeout> | undefined} */
      let timer;
      signal.addEventListener("abort", () => clearTimeout(timer));
      const tell = () => {
        const language = model.get("language");
        write(
          count,
          t("Words: {words}, about 120 are wanted. Characters: {characters} of {most}.", {
            words: number(language, countWords(area.value)),
            characters: number(language, area.value.length),
            most: number(language, area.maxLength),
          }),
        );
      };
      area.addEventListener(
        "input",
        () => {
          tell();
          clearTimeout(timer);
          timer = setTimeout(() => send("draft", { name: "draft", id: first.id, text: area.value }), PAUSE_MS);
        },
        { signal },
      );
      read = () => {
        clearTimeout(timer);
        return area.value;
      };
      put = (now, locked) => {
        set(area, "maxlength", now.most);
        area.disabled = locked;
        if (!hand.is) area.value = now.value;
        tell();
      };
    }
    const hand = touched(box, signal);
    return {
      el: box,
      read: () => read(),
      hand,
      /**
       * @param {Field} now
       * @param {boolean} locked
       */
      draw(now, locked) {
        write(label, now.label);
        if (locked) hand.drop();
        put(now, locked);
      },
    };
  }

  /** @param {Group} first */
  function group(first) {
    const title = h("h4");
    const about = h("p", { class: "vmw-about" });
    const fields = new Map(first.fields.map((one) => [one.id, field(one)]));
    const sureName = unique("vmw-sure");
    const legend = h("legend");
    const degrees = [1, 2, 3, 4].map((n) => h("input", { type: "radio", name: sureName, value: n }));
    const sure = h(
      "fieldset",
      { class: "vmw-sure" },
      legend,
      ...degrees.map((radio) => h("label", { class: "vmw-choice" }, radio, h("span"))),
    );
    const button = h("button", { type: "submit", class: "vmw-primary" });
    const note = h("span", { class: "vmw-note", role: "status" });
    const said = h("ul", { class: "vmw-said" });
    const form = h("form", {}, title, about, ...[...fields.values()].map((one) => one.el), sure, said);
    form.append(h("div", { class: "vmw-row" }, button, note));
    const decided = touched(sure, signal);
    const hands = [decided, ...[...fields.values()].map((one) => one.hand)];
    let waits = false;
    form.addEventListener(
      "submit",
      (event) => {
        event.preventDefault();
        const values = Object.fromEntries([...fields].map(([id, one]) => [id, one.read()]));
        const degree = degrees.find((radio) => radio.checked);
        for (const one of hands) one.sent();
        waits = true;
        const message = { name: "commit", group: first.id, values, confidence: degree ? Number(degree.value) : 0 };
        send(`commit ${first.id}`, message);
      },
      { signal },
    );
    return {
      el: form,
      /** A message has been answered, maybe that of this group; a refused one leaves all as it was typed. */
      answered() {
        if (!waits || send.busy(`commit ${first.id}`)) return;
        waits = false;
        if (!model.get("error")) for (const one of hands) one.taken();
      },
      /** @param {Group} now */
      draw(now) {
        write(title, now.title);
        title.hidden = !now.title;
        write(about, now.about);
        about.hidden = !now.about;
        for (const one of now.fields) fields.get(one.id)?.draw(one, now.locked);
        sure.hidden = !now.asks_sure;
        if (now.locked) decided.drop();
        write(legend, t("How sure are you?"));
        const words = [t("1 a guess"), t("2 rather unsure"), t("3 rather sure"), t("4 certain")];
        degrees.forEach((radio, i) => {
          write(/** @type {Element} */ (radio.nextElementSibling), words[i]);
          radio.disabled = now.locked;
          if (!decided.is) radio.checked = i + 1 === now.sure;
        });
        write(button, now.button);
        button.hidden = !now.button || now.locked;
        write(note, now.note);
        note.hidden = !now.note;
        said.hidden = !now.said.length;
        keep(
          said,
          now.said,
          () => h("li"),
          (line, { tone, text }) => {
            set(line, "class", `vmw-is-${tone}`);
            write(line, text);
          },
        );
      },
    };
  }

  function draw() {
    const now = state();
    frame.draw(now);
    const ids = now.groups.map((one) => `${one.id} ${one.fields.map((f) => `${f.id} ${f.kind}`).join()}`);
    for (const [key, one] of groups) {
      if (ids.includes(key)) continue;
      one.el.remove();
      groups.delete(key);
    }
    now.groups.forEach((one, i) => {
      const made = groups.get(ids[i]) ?? group(one);
      if (!groups.has(ids[i])) {
        groups.set(ids[i], made);
        frame.body.append(made.el);
      }
      made.draw(one);
    });
  }
  follow(model, signal, ["state", "strings", "language", "error"], draw);
  /** @param {{ack?: number}} message */
  const answered = (message) => {
    if (message.ack === undefined) return;
    for (const one of groups.values()) one.answered();
    draw();
  };
  model.on("msg:custom", answered); // after the sender, which has heard it first
  signal.addEventListener("abort", () => model.off("msg:custom", answered));
}

export default { render };
