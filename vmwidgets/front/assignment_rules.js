// The rules, to be ticked, and the manual of the VMM.
import { manualPages } from "./assignment_manual.js";
import { stage } from "./assignment_parts.js";
import { sender } from "./kernel.js";
import { follow, h, write } from "./kit.js";

/**
 * @typedef {object} Rules
 * @property {string} sentence to be ticked
 * @property {boolean} agreed
 * @property {string} note
 */
/** @typedef {import("./assignment_parts.js").Head & Rules} State */

/** @type {import("@anywidget/types").Render} */
function render({ model, el, signal }) {
  const send = sender(model, signal, { answered: () => draw() });
  /** @returns {State} */
  const state = () => model.get("state");
  const frame = stage(model, el, signal, "assignment-rules");
  const box = h("input", { type: "checkbox" });
  const sentence = h("span");
  const note = h("p", { class: "vmw-note", role: "status" });
  const manual = manualPages(true);
  frame.body.append(h("label", { class: "vmw-tick" }, box, sentence), note, manual.el);
  box.addEventListener("change", () => send("agree", { name: "agree", yes: box.checked }), { signal });

  function draw() {
    const now = state();
    frame.draw(now);
    write(sentence, now.sentence);
    if (!send.busy("agree")) box.checked = now.agreed;
    box.disabled = now.agreed;
    write(note, now.note);
    manual.draw(model.get("manual"));
  }
  follow(model, signal, ["state", "manual", "strings", "language", "error"], draw);
}

export default { render };
