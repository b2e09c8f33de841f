// One setting of a machine: a native range, tick box or list with a label, that sends one message and waits.
import { h, number, set, write } from "./kit.js";

/**
 * @typedef {object} Control
 * @property {string} id
 * @property {string} label
 * @property {"range" | "check" | "choice"} kind
 * @property {number} min
 * @property {number} max
 * @property {number} step
 * @property {number | string} value
 * @property {number} per what a step's value is divided by to be read
 * @property {number} decimals
 * @property {string} unit
 * @property {boolean} open whether the largest value means "no limit"
 * @property {number[]} [stops] the values that a range may have, if they are not a step apart
 * @property {[string, string][]} [options] of a choice: value and name
 * @property {string} [hint] range and default of a product's control
 */
/**
 * @typedef {object} Around
 * @property {import("./kit.js").Model} model
 * @property {AbortSignal} signal
 * @property {ReturnType<typeof import("./kernel.js").sender>} send
 * @property {(message: string) => string} t
 * @property {() => boolean} locked
 * @property {() => string} vm which machine the page shows as chosen, while another may still be the kernel's
 */

/**
 * Give a list its options anew, without closing it under the hand.
 * @param {HTMLSelectElement} select
 * @param {[string, string][]} pairs value and name
 * @param {string} value
 */
export function options(select, pairs, value) {
  while (select.options.length > pairs.length) select.remove(select.options.length - 1);
  pairs.forEach(([key, text], i) => {
    const option = select.options[i] ?? select.appendChild(h("option"));
    set(option, "value", key);
    write(option, text);
  });
  if (document.activeElement !== select || select.value !== value) select.value = value;
}

/**
 * @param {Control} first
 * @param {Around} around
 */
function range(first, { model, signal, send, t, vm }) {
  let spec = first;
  const input = h("input", { type: "range", name: spec.id });
  const output = h("output", {});
  const value = () => (spec.stops ? spec.stops[Number(input.value)] : Number(input.value));
  const show = () => {
    const amount = number(model.get("language"), value() / spec.per, spec.decimals);
    const text = spec.open && value() >= spec.max ? t("no limit") : `${amount} ${spec.unit}`.trim();
    write(output, text);
    set(input, "aria-valuetext", text);
  };
  const act = () => {
    show();
    send(`set ${spec.id} ${vm()}`, { name: "set", id: spec.id, value: value(), vm: vm() });
  };
  input.addEventListener("input", act, { signal });
  return {
    input,
    output,
    /** @param {Control} now @param {boolean} mine */
    draw(now, mine) {
      spec = now;
      set(input, "min", spec.stops ? 0 : spec.min);
      set(input, "max", spec.stops ? spec.stops.length - 1 : spec.max);
      set(input, "step", spec.stops ? 1 : spec.step);
      if (!mine) input.value = String(spec.stops ? spec.stops.indexOf(Number(spec.value)) : spec.value);
      show();
    },
  };
}

/**
 * @param {Control} spec
 * @param {Around} around
 */
function check({ id }, { signal, send, vm }) {
  const input = h("input", { type: "checkbox", name: id });
  const act = () => send(`set ${id} ${vm()}`, { name: "set", id, value: Number(input.checked), vm: vm() });
  input.addEventListener("input", act, { signal });
  return {
    input,
    output: h("output"),
    /** @param {Control} now @param {boolean} mine */
    draw(now, mine) {
      if (!mine) input.checked = Boolean(now.value);
    },
  };
}

/**
 * @param {Control} spec
 * @param {Around} around
 */
function choice({ id }, { signal, send, vm }) {
  const input = h("select", { name: id });
  const act = () => send(`set ${id} ${vm()}`, { name: "set", id, value: input.value, vm: vm() });
  input.addEventListener("change", act, { signal });
  return {
    input,
    output: null,
    /** @param {Control} now @param {boolean} mine */
    draw(now, mine) {
      options(input, now.options ?? [], mine ? input.value : String(now.value));
    },
  };
}

/**
 * Settings that stand in a grid; each is made once and drawn again and again.
 * @param {Around} around
 */
export function sliders(around) {
  /** @type {Map<string, {el: HTMLElement, draw: (spec: Control) => void}>} */
  const made = new Map();

  /** @param {Control} spec */
  function make(spec) {
    const { input, output, draw } = { range, check, choice }[spec.kind](spec, around);
    const caption = h("span", { class: "vmw-name" });
    const hint = h("small", { class: "vmw-hint" });
    const parts = output ? [caption, input, output] : [caption, input];
    if (spec.hint) parts.push(hint);
    return {
      el: h("label", { class: output ? "vmw-slider" : "vmw-slider vmw-choice" }, ...parts),
      /** @param {Control} now */
      draw(now) {
        write(caption, now.label);
        write(hint, now.hint ?? "");
        // While a message is under way the hand is right: the handle never steps back under it.
        draw(now, around.send.busy(`set ${now.id} ${around.vm()}`));
        input.disabled = around.locked();
      },
    };
  }

  /**
   * @param {HTMLElement} place
   * @param {Control[]} specs
   */
  return function arrange(place, specs) {
    const wanted = specs.map((spec) => {
      // Two products may have a control of one name, and one of them a hint.
      const key = `${spec.id} ${Boolean(spec.hint)}`;
      const found = made.get(key) ?? make(spec);
      made.set(key, found);
      found.draw(spec);
      return found.el;
    });
    if (wanted.length !== place.children.length || wanted.some((child, i) => place.children[i] !== child)) {
      place.replaceChildren(...wanted);
    }
  };
}
