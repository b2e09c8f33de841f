// The list of a defence board: a card for each switch, with an edge that says whether it is on.
import { h } from "./kit.js";

/** @param {string} name class of the board's own list */
export function switchList(name) {
  return h("ul", { class: `vmw-switch-list ${name}` });
}
