// The controls of the scheduler lab: four in view, those of the chosen VM and of the schedulers behind folds.
import { errorBox, sender } from "./kernel.js";
import { follow, h, root, set, translator, write } from "./kit.js";
import { options, sliders } from "./slider.js";

/** @typedef {import("./slider.js").Control} Control */
/**
 * @typedef {object} State
 * @property {string} locked why the controls cannot be moved, "" if they can
 * @property {string} vm
 * @property {string[]} names
 * @property {Control[]} first
 * @property {Control[]} rest
 * @property {Control[]} guest
 * @property {string} guest_title
 * @property {string} ignored what a scheduler does not heed
 * @property {boolean} full
 * @property {boolean} undo
 * @property {boolean} redo
 * @property {boolean} unfold
 */

/** @type {import("@anywidget/types").Render} */
function render({ model, el, signal }) {
  root(el, signal, "scheduler-controls");
  const t = translator(model);
  // A control shows the accepted value again when the kernel has answered, also when it has refused.
  const send = sender(model, signal, { answered: () => draw() });
  /** @returns {State} */
  const state = () => model.get("state");
  const arrange = sliders({ model, signal, send, t, locked: () => Boolean(state().locked), vm: () => vm.value });

  /** @param {string} name */
  const button = (name) => {
    const one = h("button", { type: "button" });
    one.addEventListener("click", () => send(`${name} ${vm.value}`, { name, vm: vm.value }), { signal });
    return one;
  };
  /** @param {...Node} above */
  const fold = (...above) => {
    const summary = h("summary");
    const grid = h("div", { class: "vmw-grid" });
    const made = h("details", { class: "vmw-more" }, summary, ...above, grid);
    made.open = Boolean(state().unfold);
    return { el: made, summary, grid };
  };
  const lock = h("p", { class: "vmw-lock" });
  const first = h("div", { class: "vmw-grid" });
  const ignored = h("p", { class: "vmw-ignored" });
  const vm = h("select", { name: "vm" });
  vm.addEventListener("change", () => send("choose", { name: "choose", vm: vm.value }), { signal });
  const vmLabel = h("label", { class: "vmw-field" }, h("span"), vm);
  const [create, clone, remove, undo, redo, reset] = ["create", "clone", "remove", "undo", "redo", "reset"].map(button);
  const guest = fold(h("div", { class: "vmw-row" }, vmLabel, create, clone, remove));
  const rest = fold();
  const folds = h("div", { class: "vmw-folds" }, guest.el, rest.el);
  el.append(
    lock,
    first,
    ignored,
    h("div", { class: "vmw-below" }, folds, h("div", { class: "vmw-row" }, undo, redo, reset)),
    errorBox(model, signal),
  );

  function draw() {
    const now = state();
    const locked = Boolean(now.locked);
    const none = !now.vm;
    write(lock, now.locked);
    lock.hidden = !locked;
    write(ignored, now.ignored);
    ignored.hidden = !now.ignored;
    options(
      vm,
      now.names.map((name) => [name, name]),
      send.busy("choose") ? vm.value : now.vm,
    );
    for (const [one, text] of /** @type {[Element, string][]} */ ([
      [vmLabel.children[0], t("Virtual machine")],
      [create, t("Create")],
      [clone, t("Clone")],
      [remove, t("Remove")],
      [undo, t("Undo")],
      [redo, t("Redo")],
      [reset, t("Reset")],
      [guest.summary, now.guest_title || t("Virtual machines")],
      [rest.summary, t("Slice, switches, time")],
    ])) {
      write(one, text);
    }
    set(reset, "title", t("Back to where this lab began"));
    vm.disabled = none;
    create.disabled = locked || now.full;
    set(create, "title", now.full && t("The screen has room for eight virtual machines"));
    clone.disabled = locked || none || now.full;
    remove.disabled = locked || none;
    undo.disabled = locked || !now.undo;
    redo.disabled = locked || !now.redo;
    reset.disabled = locked;
    arrange(first, now.first);
    arrange(guest.grid, now.guest);
    arrange(rest.grid, now.rest);
  }
  follow(model, signal, ["state", "strings", "language", "error"], draw);
}

export default { render };
