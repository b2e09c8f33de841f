// The head of an assignment: whose it is, how far it has come, and the map of concepts that fills in.
import { stage } from "./assignment_parts.js";
import { sender } from "./kernel.js";
import { follow, h, set, translator, unique, write } from "./kit.js";
import { keep } from "./stack_panel.js";

/**
 * A node of the map: what it is about, what has been filled in, and how far it is.
 * @typedef {{title: string, text: string, tone: "none" | "part" | "good" | "bad", word: string}} Node
 */
/**
 * @typedef {object} Start
 * @property {boolean} asks whether a token can be typed
 * @property {string} token as it is kept, "" for none
 * @property {string} who in words
 * @property {Node[][]} map rows, from the wall that is attacked to what becomes of it
 * @property {string} map_title
 * @property {string} sentence the map in a sentence
 */
/** @typedef {import("./assignment_parts.js").Head & Start} State */

/** @type {import("@anywidget/types").Render} */
function render({ model, el, signal }) {
  const t = translator(model);
  const send = sender(model, signal, { answered: () => draw() });
  /** @returns {State} */
  const state = () => model.get("state");
  const frame = stage(model, el, signal, "assignment-start");
  const id = unique("vmw-token");
  const input = h("input", { type: "text", id, autocomplete: "off", spellcheck: "false", maxlength: 130 });
  const label = h("label", { for: id });
  const button = h("button", { type: "submit", class: "vmw-primary" });
  const form = h("form", {}, label, h("div", { class: "vmw-row" }, input, button));
  const who = h("p", { role: "status" });
  const mapTitle = h("h4");
  const map = h("ol", { class: "vmw-map" });
  const sentence = h("p", { class: "vmw-about" });
  frame.body.append(form, frame.error, who, mapTitle, map, sentence);
  form.addEventListener(
    "submit",
    (event) => {
      event.preventDefault();
      send("token", { name: "token", text: input.value });
    },
    { signal },
  );

  function draw() {
    const now = state();
    frame.draw(now);
    form.hidden = !now.asks;
    write(label, t("Your token, as your teacher has given it to you"));
    write(button, t("Begin with this token"));
    write(who, now.who);
    write(mapTitle, now.map_title);
    keep(
      map,
      now.map,
      () => h("li", {}, h("ol")),
      (row, nodes) => {
        keep(
          row.children[0],
          nodes,
          () => h("li", {}, h("b"), h("span", { class: "vmw-node-text" }), h("small")),
          (box, { title, text, tone, word }) => {
            set(box, "class", `vmw-node vmw-is-${tone}`);
            write(box.children[0], title);
            write(box.children[1], text);
            write(box.children[2], word);
          },
        );
      },
    );
    write(sentence, now.sentence);
    el.dataset.vmwToken = now.token;
  }
  follow(model, signal, ["state", "strings", "language", "error"], draw);
}

export default { render };
