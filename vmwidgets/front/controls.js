// The controls of one virtual machine. Sliders are native ranges with labels; each sends one message and waits.
import { errorBox, sender } from "./kernel.js";
import { follow, h, root, set, translator, unique, write } from "./kit.js";
import { options, sliders } from "./slider.js";

/**
 * @typedef {object} State
 * @property {string} locked why the controls cannot be moved, "" if they can
 * @property {string} vm
 * @property {number} slot
 * @property {string[]} names
 * @property {string} workload
 * @property {[string, string][]} workloads
 * @property {string} resource
 * @property {[string, string][]} resources
 * @property {import("./slider.js").Control[]} machine
 * @property {import("./slider.js").Control[]} controls
 * @property {string} product whose controls they are, "" if all of them are there
 * @property {string} none that the product has no control of the resource, "" if it has
 * @property {boolean} full
 * @property {boolean} unfold
 */

/** @type {import("@anywidget/types").Render} */
function render({ model, el, signal }) {
  root(el, signal, "controls");
  const t = translator(model);
  // A control shows the accepted value again when the kernel has answered, also when it has refused.
  const send = sender(model, signal, { answered: () => draw() });
  /** @returns {State} */
  const state = () => model.get("state");
  const arrange = sliders({ model, signal, send, t, locked: () => Boolean(state().locked), vm: () => vm.value });

  /**
   * @param {string} name
   * @param {() => object} [more]
   */
  const button = (name, more = () => ({})) => {
    const one = h("button", { type: "button" });
    one.addEventListener("click", () => send(`${name} ${vm.value}`, { name, vm: vm.value, ...more() }), { signal });
    return one;
  };
  const vm = h("select", { name: "vm" });
  vm.addEventListener("change", () => send("choose", { name: "choose", vm: vm.value }), { signal });
  const workload = h("select", { name: "workload" });
  const load = () => send(`workload ${vm.value}`, { name: "workload", kind: workload.value, vm: vm.value });
  workload.addEventListener("change", load, { signal });
  const vmLabel = h("label", { class: "vmw-field" }, h("span"), vm);
  const workloadLabel = h("label", { class: "vmw-field" }, h("span"), workload);
  const create = button("create");
  const clone = button("clone");
  const remove = button("remove");
  const reset = button("reset");
  const newName = h("input", { type: "text", maxlength: 40, size: 12, name: "new_name" });
  const rename = button("rename", () => ({ text: newName.value }));
  newName.addEventListener(
    "keydown",
    (event) => {
      if (event.key === "Enter") rename.click();
    },
    { signal },
  );
  const nameLabel = h("label", { class: "vmw-field" }, h("span"), newName);

  const machine = h("div", { class: "vmw-grid" });
  const lock = h("p", { class: "vmw-lock" });
  const legend = h("legend");
  const choice = h("div", { class: "vmw-row vmw-choice" });
  const chooser = h("fieldset", {}, legend, choice);
  const controls = h("div", { class: "vmw-grid" });
  const absent = h("p", { class: "vmw-absent" });
  const summary = h("summary");
  const more = h("details", { class: "vmw-more" }, summary, chooser, absent, controls);
  more.open = Boolean(state().unfold);
  const group = unique("vmw-resource");
  /** @type {Map<string, HTMLInputElement>} */
  const radios = new Map();

  el.append(
    lock,
    h("div", { class: "vmw-row" }, vmLabel, workloadLabel, create, clone, remove, nameLabel, rename, reset),
    machine,
    more,
    errorBox(model, signal),
  );

  function draw() {
    const now = state();
    const locked = Boolean(now.locked);
    write(lock, now.locked);
    lock.hidden = !locked;
    const none = !now.vm;
    // While a message is under way the hand is right, here as for the sliders.
    options(
      vm,
      now.names.map((name) => [name, name]),
      send.busy("choose") ? vm.value : now.vm,
    );
    options(workload, now.workloads, send.busy(`workload ${vm.value}`) ? workload.value : now.workload);
    for (const [label, text] of /** @type {[HTMLElement, string][]} */ ([
      [vmLabel, t("Virtual machine")],
      [workloadLabel, t("Workload")],
      [nameLabel, t("New name")],
    ])) {
      write(label.children[0], text);
    }
    for (const [one, text] of /** @type {[HTMLElement, string][]} */ ([
      [create, t("Create")],
      [clone, t("Clone")],
      [remove, t("Remove")],
      [rename, t("Rename")],
      [reset, t("Reset")],
      [summary, now.product ? t("Controls of {product}", { product: now.product }) : t("Shares, reservation, limit")],
      [legend, t("Resource")],
    ])) {
      write(one, text);
    }
    set(reset, "title", t("Back to where this lab began"));
    vm.disabled = none;
    create.disabled = locked || now.full;
    set(create, "title", now.full && t("The screen has room for eight virtual machines"));
    clone.disabled = locked || none || now.full;
    for (const one of [workload, remove, rename, newName]) one.disabled = locked || none;
    reset.disabled = locked;
    machine.hidden = none;
    more.hidden = none;
    arrange(machine, now.machine);
    for (const [id, text] of now.resources) {
      let radio = radios.get(id);
      if (!radio) {
        radio = h("input", { type: "radio", name: group, value: id });
        radio.addEventListener("change", () => send("resource", { name: "resource", resource: id }), { signal });
        radios.set(id, radio);
        choice.append(h("label", { class: "vmw-field" }, radio, h("span")));
      }
      if (!send.busy("resource")) radio.checked = id === now.resource;
      write(/** @type {Element} */ (radio.nextElementSibling), text);
    }
    write(absent, now.none);
    absent.hidden = !now.none;
    arrange(controls, now.controls);
  }
  follow(model, signal, ["state", "strings", "language", "error"], draw);
}

export default { render };
