// What came of guest code, in words: the outcome, the mechanism on which it turned, and what else was reached.
import { h, set, write } from "./kit.js";

/**
 * @typedef {object} Verdict
 * @property {string} outcome "open", "stopped" or "" while nothing is decided
 * @property {string} title
 * @property {string} mechanism
 * @property {string} consequences
 */

export function verdictBox() {
  const title = h("strong");
  const mechanism = h("span");
  const consequences = h("p", { class: "vmw-soft-text" });
  const el = h("div", { class: "vmw-verdict-box" }, h("p", {}, title, " ", mechanism), consequences);
  return {
    el,
    /** @param {Verdict} now */
    draw(now) {
      set(el, "class", `vmw-verdict-box vmw-is-${now.outcome || "undecided"}`);
      const sign = { open: "!", stopped: "✓" }[now.outcome];
      write(title, sign ? `${sign} ${now.title}` : now.title);
      write(mechanism, now.mechanism && `${now.mechanism}.`);
      write(consequences, now.consequences);
      consequences.hidden = !now.consequences;
    },
  };
}
