// A bench for kernels: a pane for every guest and one for the host; what has changed is marked, and said.
import { errorBox, sender } from "./kernel.js";
import { follow, h, root, set, translator, write } from "./kit.js";

/**
 * @typedef {object} Row
 * @property {string} name
 * @property {string} value
 * @property {string} was what stood there at first, "" if it is the same
 */
/**
 * @typedef {object} State
 * @property {boolean} locked
 * @property {string} closed
 * @property {[string, string][]} modes
 * @property {string} mode
 * @property {string} actor
 * @property {[string, string][]} acts
 * @property {boolean} refused
 * @property {string} sentence
 * @property {{title: string, rows: Row[], changed: boolean}[]} panes
 */

/** @type {import("@anywidget/types").Render} */
function render({ model, el, signal }) {
  root(el, signal, "bench");
  const t = translator(model);
  // Until the kernel has answered the hand is right.
  const send = sender(model, signal, { answered: () => draw() });
  /** @returns {State} */
  const state = () => model.get("state");
  const closed = h("p", { class: "vmw-lock" });
  const modeLabel = h("span");
  const mode = h("select");
  const again = h("button", { type: "button" });
  const actsTitle = h("legend");
  const buttons = h("div", { class: "vmw-row" });
  const sentence = h("p", { class: "vmw-said", role: "status" });
  const panes = h("div", { class: "vmw-panes" });
  el.append(
    closed,
    h("div", { class: "vmw-row" }, h("label", { class: "vmw-field" }, modeLabel, mode), again),
    h("fieldset", { class: "vmw-acts" }, actsTitle, buttons),
    errorBox(model, signal),
    sentence,
    panes,
  );
  mode.addEventListener("change", () => send("mode", { name: "mode", mode: mode.value }), { signal });
  again.addEventListener("click", () => send("again", { name: "again" }), { signal });

  /**
   * @param {Element} list
   * @param {number} count
   * @param {() => Element} make
   */
  const fit = (list, count, make) => {
    while (list.children.length > count) list.lastChild?.remove();
    while (list.children.length < count) list.append(make());
  };

  /** @returns {HTMLElement} */
  const pane = () => h("section", {}, h("h4"), h("table", {}, h("tbody")));

  /**
   * @param {Element} section
   * @param {State["panes"][number]} now
   */
  function drawPane(section, now) {
    const [title, table] = section.children;
    set(section, "class", now.changed ? "vmw-pane vmw-changed" : "vmw-pane");
    set(section, "aria-label", now.title);
    const word = now.changed ? t("changed") : t("as it was");
    write(title, `${now.title} · ${word}`);
    const body = table.children[0];
    fit(body, now.rows.length, () => h("tr", {}, h("th", { scope: "row" }), h("td")));
    now.rows.forEach((row, i) => {
      const [name, value] = body.children[i].children;
      write(name, row.name);
      write(value, row.was ? t("{value} (was: {was})", { value: row.value, was: row.was }) : row.value);
      set(body.children[i], "class", row.was ? "vmw-new" : null);
    });
  }

  function draw() {
    const now = state();
    write(closed, now.closed);
    closed.hidden = !now.closed;
    write(modeLabel, t("The guests are"));
    fit(mode, now.modes.length, () => h("option"));
    now.modes.forEach(([id, name], i) => {
      set(mode.children[i], "value", id);
      write(mode.children[i], name);
    });
    if (!send.busy("mode")) mode.value = now.mode;
    mode.disabled = now.locked;
    write(again, t("Boot everything anew"));
    again.disabled = now.locked;
    write(actsTitle, t("In {guest} the administrator may", { guest: now.actor }));
    fit(buttons, now.acts.length, () => {
      const button = h("button", { type: "button" });
      button.addEventListener("click", () => send("act", { name: "act", act: button.dataset.act }), { signal });
      return button;
    });
    now.acts.forEach(([id, name], i) => {
      const button = /** @type {HTMLButtonElement} */ (buttons.children[i]);
      button.dataset.act = id;
      button.disabled = now.locked;
      write(button, name);
    });
    write(sentence, now.sentence);
    set(sentence, "class", now.refused ? "vmw-said vmw-refused" : "vmw-said");
    fit(panes, now.panes.length, pane);
    now.panes.forEach((one, i) => {
      drawPane(panes.children[i], one);
    });
  }
  follow(model, signal, ["state", "strings", "language"], draw);
}

export default { render };
