// What the stages of an assignment have in common: title, the word PRACTICE, why a stage is closed, and its lamps.
import { errorBox } from "./kernel.js";
import { h, root, set, write } from "./kit.js";
import { keep } from "./stack_panel.js";

/**
 * A text in which no line ends before a per cent sign, or at the hyphen of a VM's name.
 * @param {string} text
 */
export function unbroken(text) {
  return text.replaceAll(" %", "\u00a0%").replace(/(\p{Ll})-(?=\d)/gu, "$1\u2011");
}

/**
 * Copies a name of a VM as it is written in a program, not as it is kept together on the page.
 * @param {ClipboardEvent} event
 */
function copyPlain(event) {
  const text = String(getSelection());
  if (!text.includes("\u2011")) return;
  event.clipboardData?.setData("text/plain", text.replaceAll("\u2011", "-"));
  event.preventDefault();
}

/**
 * @typedef {object} Lamp
 * @property {"none" | "wait" | "part" | "good" | "bad"} tone
 * @property {string} label
 * @property {string} text
 */
/**
 * @typedef {object} Head
 * @property {string} title
 * @property {string} practice "" if it counts
 * @property {string} closed why the stage is not open, "" if it is
 * @property {string} about
 * @property {Lamp[]} lamps
 */

const SIGNS = { none: "○", wait: "◌", part: "◐", good: "●", bad: "✗" };

/**
 * @param {import("./kit.js").Model} model
 * @param {HTMLElement} el
 * @param {AbortSignal} signal
 * @param {string} name
 */
export function stage(model, el, signal, name) {
  root(el, signal, name);
  el.classList.add("vmw-stage");
  el.addEventListener("copy", copyPlain, { signal });
  const title = h("h3");
  const practice = h("strong", { class: "vmw-practice" });
  const about = h("p", { class: "vmw-about" });
  const closed = h("p", { class: "vmw-lock" });
  const body = h("div", {});
  const error = errorBox(model, signal);
  const lamps = h("ul", { class: "vmw-lamps" });
  el.append(h("div", { class: "vmw-head" }, title, practice), about, closed, body, error, lamps);
  return {
    body,
    error,
    /** @param {Head} now */
    draw(now) {
      write(title, now.title);
      title.hidden = !now.title;
      write(practice, now.practice);
      practice.hidden = !now.practice;
      el.classList.toggle("vmw-is-practice", Boolean(now.practice));
      write(about, now.about);
      about.hidden = !now.about || Boolean(now.closed);
      write(closed, now.closed);
      closed.hidden = !now.closed;
      body.hidden = Boolean(now.closed);
      lamps.hidden = !now.lamps.length;
      keep(
        lamps,
        now.lamps,
        // The first lamp is about this stage; what has been sent is the same everywhere, and is not read out everywhere.
        (i) => h("li", {}, h("i", { "aria-hidden": "true" }), h("b"), h("span", i ? {} : { role: "status" })),
        (lamp, { tone, label, text }) => {
          set(lamp, "class", `vmw-lamp vmw-is-${tone}`);
          write(lamp.children[0], SIGNS[tone]);
          write(lamp.children[1], label);
          write(lamp.children[2], text);
        },
      );
    },
  };
}
