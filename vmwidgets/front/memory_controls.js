// The controls of memory: a VM's working set, shares and balloon in view, its size and the VMM's settings behind folds.
import { errorBox, sender } from "./kernel.js";
import { follow, h, root, set, translator, write } from "./kit.js";
import { options, sliders } from "./slider.js";

/** @typedef {import("./slider.js").Control} Control */
/**
 * @typedef {object} State
 * @property {string} locked why the controls cannot be moved, "" if they can
 * @property {string} vm
 * @property {string[]} names
 * @property {Control[]} machine
 * @property {Control[]} more
 * @property {Control[]} vmm
 * @property {string} product
 * @property {boolean} full
 * @property {boolean} unfold
 */

/** @type {import("@anywidget/types").Render} */
function render({ model, el, signal }) {
  root(el, signal, "memory-controls");
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
  /** @param {boolean} open */
  const fold = (open) => {
    const summary = h("summary");
    const grid = h("div", { class: "vmw-grid" });
    const made = h("details", { class: "vmw-more" }, summary, grid);
    made.open = open;
    return { el: made, summary, grid };
  };
  const lock = h("p", { class: "vmw-lock" });
  const vm = h("select", { name: "vm" });
  vm.addEventListener("change", () => send("choose", { name: "choose", vm: vm.value }), { signal });
  const vmLabel = h("label", { class: "vmw-field" }, h("span"), vm);
  const [create, clone, remove, reset] = ["create", "clone", "remove", "reset"].map(button);
  const machine = h("div", { class: "vmw-grid" });
  const size = fold(false);
  const vmm = fold(state().unfold);
  el.append(
    lock,
    h("div", { class: "vmw-row" }, vmLabel, create, clone, remove, reset),
    machine,
    size.el,
    vmm.el,
    errorBox(model, signal),
  );

  function draw() {
    const now = state();
    const locked = Boolean(now.locked);
    const none = !now.vm;
    write(lock, now.locked);
    lock.hidden = !locked;
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
      [reset, t("Reset")],
      [size.summary, t("Size, reservation, limit")],
      [vmm.summary, t("How memory is managed: {product}", { product: now.product })],
    ])) {
      write(one, text);
    }
    set(reset, "title", t("Back to where this lab began"));
    vm.disabled = none;
    create.disabled = locked || now.full;
    set(create, "title", now.full && t("The screen has room for eight virtual machines"));
    clone.disabled = locked || none || now.full;
    remove.disabled = locked || none;
    reset.disabled = locked;
    machine.hidden = none;
    size.el.hidden = none;
    arrange(machine, now.machine);
    arrange(size.grid, now.more);
    arrange(vmm.grid, now.vmm);
  }
  follow(model, signal, ["state", "strings", "language", "error"], draw);
}

export default { render };
