// An operation crosses the layers step by step. The page has all steps and goes through them without the kernel.
import { errorBox, sender } from "./kernel.js";
import { follow, h, set, textTwin, translator, write } from "./kit.js";
import { options } from "./slider.js";
import { keep, panel } from "./stack_panel.js";
import { prices } from "./stack_prices.js";
import { readingTime, whereIs } from "./stack_steps.js";

/** @typedef {import("./stack_steps.js").PathStep} PathStep */
/** @typedef {import("./stack_prices.js").Way} Way */
/**
 * @typedef {object} State
 * @property {string} comparison
 * @property {string} tab
 * @property {boolean} open without which there is no more than this
 * @property {number} turn counts the choices: a new one begins at the first step
 * @property {[string, string][]} operations
 * @property {string} operation
 * @property {[string, string][]} cpus
 * @property {string} cpu
 * @property {Way[]} products
 */

/** @type {import("@anywidget/types").Render} */
function render({ model, el, signal }) {
  const show = panel(el, signal, "stack-operation");
  const t = translator(model);
  const send = sender(model, signal, { answered: () => draw() });
  /** @returns {State} */
  const state = () => model.get("state");
  const { priceText, sumText, noteText } = prices(t, () => model.get("language"));

  // ------------------------------------------------------------------------------------------------------ elements
  const operation = h("select", { name: "operation" });
  const operationField = h("label", { class: "vmw-field" }, h("span"), operation);
  const cpu = h("select", { name: "cpu" });
  const cpuField = h("label", { class: "vmw-field" }, h("span"), cpu);
  const back = h("button", { type: "button" });
  const next = h("button", { type: "button", class: "vmw-primary" });
  const play = h("button", { type: "button" });
  const all = h("button", { type: "button" });
  const again = h("button", { type: "button" });
  const slider = h("input", { type: "range", min: 0, step: 1, value: 0 });
  const position = h("output");
  const columns = h("div", { class: "vmw-columns" });
  const twin = textTwin(signal, "");
  el.append(
    h("div", { class: "vmw-row" }, operationField, cpuField),
    errorBox(model, signal),
    h("div", { class: "vmw-row vmw-stepping" }, back, next, play, all, again, slider, position),
    columns,
    twin.el,
  );

  // ------------------------------------------------------------------------------------------------ what is shown
  let done = 0;
  let turn = -1;
  let playing = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  const last = () => Math.max(0, ...state().products.map((way) => way.steps.length));

  /** @param {number} to */
  function move(to) {
    done = Math.min(Math.max(to, 0), last());
    draw();
  }
  function stop() {
    playing = false;
    clearTimeout(timer);
  }
  function tick() {
    if (!playing) return;
    if (done >= last()) stop();
    else {
      move(done + 1);
      const texts = state().products.map((way) => way.steps[done - 1]?.what ?? "");
      timer = setTimeout(tick, readingTime(texts));
    }
    draw();
  }
  /** Tell the diagrams where the operation is; nowhere when the pane is closed. */
  function tell() {
    const now = state();
    const crossings = now.open ? now.products.map((way) => whereIs(way.steps, done)) : [];
    document.dispatchEvent(new CustomEvent("vmw-crossing", { detail: { comparison: now.comparison, crossings } }));
  }

  // ------------------------------------------------------------------------------------------------- what is done
  const on = (/** @type {HTMLElement} */ one, /** @type {string} */ type, /** @type {() => void} */ act) =>
    one.addEventListener(type, act, { signal });
  const byHand = (/** @type {number} */ to) => {
    stop();
    move(to);
  };
  on(operation, "change", () => send("operation", { name: "choose", what: "operation", id: operation.value }));
  on(cpu, "change", () => send("cpu", { name: "choose", what: "cpu", id: cpu.value }));
  on(back, "click", () => byHand(done - 1));
  on(next, "click", () => byHand(done + 1));
  on(all, "click", () => byHand(last()));
  on(again, "click", () => byHand(0));
  on(slider, "input", () => byHand(Number(slider.value)));
  on(play, "click", () => {
    if (playing) stop();
    else {
      if (done >= last()) done = 0;
      playing = true;
      tick();
    }
    draw();
  });
  signal.addEventListener("abort", stop);
  el.addEventListener(
    "keydown",
    (event) => {
      const own = event.target instanceof HTMLSelectElement || event.target === slider;
      if (own || event.altKey || event.ctrlKey || event.metaKey) return;
      const to = { ArrowRight: done + 1, ArrowLeft: done - 1, Home: 0, End: last() }[event.key];
      if (to === undefined) return;
      event.preventDefault();
      byHand(to);
    },
    { signal },
  );

  // -------------------------------------------------------------------------------------------------------- words
  function sentence() {
    const now = state();
    if (!done) return t("Nothing has happened so far. {count} steps at most.", { count: last() });
    return now.products
      .map((way) => {
        const at = Math.min(done, way.steps.length);
        const step = way.steps[at - 1];
        if (!step) return `${way.name}: ${way.none}`;
        const fields = { product: way.name, at, all: way.steps.length, what: step.what, sum: sumText(way, at) };
        return t("{product}, step {at} of {all}: {what}; so far {sum}.", fields);
      })
      .join(" ");
  }
  function rows() {
    const head = [t("step"), t("from"), t("to"), t("crossing"), t("what happens"), t("cost"), t("source of the cost")];
    return [
      head,
      ...state().products.flatMap((way) =>
        way.steps.map((step, i) => [
          `${way.name}, ${i + 1}`,
          way.names[step.origin],
          way.names[step.target],
          step.crossing,
          step.what,
          priceText(step, way.mhz),
          step.source || "–",
        ]),
      ),
    ];
  }

  // ------------------------------------------------------------------------------------------------------ drawing
  const column = () => {
    const technique = h("select");
    const device = h("select");
    const made = h(
      "section",
      { class: "vmw-way" },
      h("b", { class: "vmw-heading" }),
      h("label", { class: "vmw-field" }, h("span"), technique),
      h("label", { class: "vmw-field" }, h("span"), device),
      h("p", { class: "vmw-sum" }),
      h("p", { class: "vmw-note" }),
      h("div", { class: "vmw-step-card" }, h("p", { class: "vmw-route" }), h("p"), h("p"), h("small")),
      h("ol", { class: "vmw-steps" }),
    );
    for (const [what, select] of /** @type {[string, HTMLSelectElement][]} */ ([
      ["technique", technique],
      ["device", device],
    ])) {
      on(select, "change", () => {
        const product = made.dataset.product ?? "";
        send(`${what} ${product}`, { name: "choose", what, product, id: select.value });
      });
    }
    return made;
  };

  /** @param {number} i */
  function stepItem(i) {
    const what = h("span", { class: "vmw-what" }, h("span", { class: "vmw-target" }), h("span"));
    const item = h("li", {}, what, h("span", { class: "vmw-price" }));
    on(item, "click", () => byHand(i + 1)); // a short cut for the pointer: the slider does the same
    return item;
  }

  /** @param {HTMLElement} made @param {Way} way */
  function drawColumn(made, way) {
    const [heading, techniqueField, deviceField, sum, note, card, list] = /** @type {HTMLElement[]} */ ([
      ...made.children,
    ]);
    made.dataset.product = way.id;
    write(heading, way.name);
    /** @typedef {[string, HTMLElement, string, [string, string][], string]} Field */
    for (const [name, field, text, pairs, value] of /** @type {Field[]} */ ([
      ["technique", techniqueField, t("Technique"), way.techniques, way.technique],
      ["device", deviceField, t("Device"), way.devices, way.device],
    ])) {
      write(field.children[0], text);
      const select = /** @type {HTMLSelectElement} */ (field.children[1]);
      options(select, pairs, send.busy(`${name} ${way.id}`) ? select.value : value);
      select.disabled = pairs.length < 2;
      field.classList.toggle("vmw-away", !pairs.length);
    }
    const at = Math.min(done, way.steps.length);
    const step = way.steps[at - 1];
    write(sum, sumText(way, at));
    write(note, noteText(way, at));
    const [route, what, price, source] = /** @type {HTMLElement[]} */ ([...card.children]);
    const moved = step && step.origin !== step.target;
    write(
      route,
      step
        ? moved
          ? `${way.names[step.origin]} → ${way.names[step.target]} · ${step.crossing}`
          : `${way.names[step.target]} · ${step.crossing}`
        : "",
    );
    write(what, step ? step.what : way.none || t("Press “Next step” or “Play”."));
    write(price, step ? t("Cost: {cost}", { cost: priceText(step, way.mhz) }) : "");
    write(source, step && step.source !== step.what ? step.source : "");
    keep(list, way.steps, stepItem, (item, one, i) => {
      set(item, "class", i === at - 1 ? "vmw-now" : i < at ? "vmw-past" : "vmw-coming");
      set(item, "aria-current", i === at - 1 ? "step" : null);
      // Where the step leads is said where it leads elsewhere.
      write(item.children[0].children[0], one.origin === one.target ? "" : `→ ${way.names[one.target]}: `);
      write(item.children[0].children[1], one.what);
      write(item.children[1], priceText(one, way.mhz));
    });
  }

  function draw() {
    const now = state();
    if (!show(now)) {
      stop();
      tell();
      return;
    }
    if (turn !== now.turn) {
      if (turn >= 0) {
        stop();
        done = 0;
      }
      turn = now.turn;
    }
    done = Math.min(done, last());
    write(operationField.children[0], t("Operation"));
    options(operation, now.operations, send.busy("operation") ? operation.value : now.operation);
    write(cpuField.children[0], t("Figures"));
    options(cpu, now.cpus, send.busy("cpu") ? cpu.value : now.cpu);
    write(back, t("Back"));
    write(next, t("Next step"));
    write(play, playing ? t("Pause") : t("Play"));
    write(all, t("To the end"));
    write(again, t("Again"));
    set(slider, "aria-label", t("Steps of the operation"));
    set(slider, "max", last());
    slider.value = String(done);
    const text = t("step {done} of {all}", { done, all: last() });
    set(slider, "aria-valuetext", text);
    write(position, text);
    // A button that is switched off would take the focus along, and with it the keys.
    const off = [...(done ? [] : [back, again]), ...(done >= last() ? [next, all] : [])];
    if (off.some((button) => button === document.activeElement)) slider.focus();
    for (const button of [back, again, next, all]) button.disabled = off.includes(button);
    keep(columns, now.products, column, drawColumn);
    twin.update(sentence(), rows(), t("Table: all steps"));
    el.dataset.vmwStep = `${now.operation} ${done}`;
    tell();
  }
  follow(model, signal, ["state", "strings", "language"], draw);
}

export default { render };
