// What the panes below the diagrams have in common: each is a tab panel that its tab shows and hides.
import { root, set } from "./kit.js";

/**
 * @param {HTMLElement} el
 * @param {AbortSignal} signal
 * @param {string} name
 */
export function panel(el, signal, name) {
  root(el, signal, name);
  el.classList.add("vmw-stack-panel");
  set(el, "role", "tabpanel");
  /**
   * Show or hide the pane; returns whether it is open.
   * @param {{comparison: string, tab: string, open: boolean}} state
   */
  return (state) => {
    set(el, "id", `${state.comparison}-${state.tab}`);
    set(el, "aria-labelledby", `${state.comparison}-${state.tab}-tab`);
    el.hidden = !state.open;
    return state.open;
  };
}

/**
 * Keep as many children as there are items, and draw each anew.
 * @template T
 * @template {Element} E
 * @param {Element} place
 * @param {T[]} items
 * @param {(i: number) => E} make
 * @param {(child: E, item: T, i: number) => void} draw
 */
export function keep(place, items, make, draw) {
  while (place.children.length > items.length) place.lastChild?.remove();
  items.forEach((item, i) => {
    draw(/** @type {E} */ (place.children[i] ?? place.appendChild(make(i))), item, i);
  });
}
