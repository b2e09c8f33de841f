// Trap and emulate: the page has the whole run and goes through it without a word to the kernel.
import { errorBox, sender } from "./kernel.js";
import { follow, h, number, root, set, textTwin, translator, unique, write } from "./kit.js";

/**
 * @typedef {object} Moment
 * @property {string} phase
 * @property {number} line that this is about, 0 at the start
 * @property {number} next line that comes next, 0 behind the last
 * @property {string} text
 * @property {string[]} real
 * @property {string[]} virtual
 * @property {[number, number, number, number]} counts instructions, directly run, exits, emulated
 * @property {number[]} requests
 * @property {number[]} queued
 */
/**
 * @typedef {object} State
 * @property {string} closed
 * @property {number} turn counts the runs
 * @property {[string, string, [string, string][], string][]} choices id, label, options and what is chosen
 * @property {boolean} queue whether the device takes its requests from a queue
 * @property {string[]} program
 * @property {[string, string][]} phases
 * @property {string[]} names of the registers
 * @property {Moment[]} moments
 * @property {[string, string, string][]} log of each exit: what, code, what the VMM did
 */

/** @type {import("@anywidget/types").Render} */
function render({ model, el, signal }) {
  root(el, signal, "trap");
  const t = translator(model);
  // Until the kernel has answered the hand is right.
  const send = sender(model, signal, { answered: () => draw() });
  /** @returns {State} */
  const state = () => model.get("state");
  const id = unique("vmw-trap");

  const closed = h("p", { class: "vmw-lock" });
  const choices = h("div", { class: "vmw-row" });
  const back = h("button", { type: "button" });
  const next = h("button", { type: "button", class: "vmw-primary" });
  const trap = h("button", { type: "button" });
  const all = h("button", { type: "button" });
  const slider = h("input", { type: "range", min: 0, step: 1, value: 0 });
  const codeTitle = h("h4");
  const code = h("ol", { class: "vmw-code" });
  const phases = h("ol", { class: "vmw-phases" });
  const said = h("p", { class: "vmw-said" });
  const registers = h("table", { class: "vmw-registers" });
  const counts = h("dl", { class: "vmw-counts" });
  const queueTitle = h("h4");
  const queue = h("p", { class: "vmw-desk" });
  const deskTitle = h("h4");
  const desk = h("p", { class: "vmw-desk" });
  const logTitle = h("h4");
  const log = h("ol", { class: "vmw-log", tabindex: 0 });
  const none = h("p", { class: "vmw-soft-text" });
  const twin = textTwin(signal, "");
  const open = h(
    "div",
    {},
    choices,
    h("div", { class: "vmw-row vmw-stepping" }, back, next, trap, all, slider),
    phases,
    said,
    h(
      "div",
      { class: "vmw-both" },
      h("div", { class: "vmw-column vmw-program" }, codeTitle, code),
      h("div", { class: "vmw-column" }, registers),
      h("div", { class: "vmw-column vmw-right" }, counts, queueTitle, queue, deskTitle, desk, logTitle, none, log),
    ),
    twin.el,
  );
  el.append(errorBox(model, signal), closed, open);

  let done = 0;
  let turn = 0;
  const last = () => state().moments.length - 1;

  /** @param {number} to */
  function move(to) {
    const at = Math.min(Math.max(to, 0), last());
    if (at === done) return;
    done = at;
    draw();
  }
  /** The next moment at which the processor traps, or the end. */
  function nextTrap() {
    const at = state().moments.findIndex(({ phase }, i) => i > done && phase === "trap");
    return at < 0 ? last() : at;
  }

  const on = (/** @type {HTMLElement} */ one, /** @type {string} */ type, /** @type {() => void} */ act) =>
    one.addEventListener(type, act, { signal });
  on(back, "click", () => move(done - 1));
  on(next, "click", () => move(done + 1));
  on(trap, "click", () => move(nextTrap()));
  on(all, "click", () => move(last()));
  on(slider, "input", () => move(Number(slider.value)));
  el.addEventListener(
    "keydown",
    (event) => {
      const own = event.target instanceof HTMLInputElement;
      if (own || state().closed || event.altKey || event.ctrlKey || event.metaKey) return;
      const to = { ArrowRight: done + 1, ArrowLeft: done - 1, Home: 0, End: last() }[event.key];
      if (to === undefined) return;
      event.preventDefault();
      move(to);
    },
    { signal },
  );

  /**
   * Keep as many children as there are items, and let `put` write each.
   * @template {Element} E
   * @template T
   * @param {Element} place
   * @param {T[]} items
   * @param {() => E} make
   * @param {(child: E, item: T, index: number) => void} put
   */
  function each(place, items, make, put) {
    while (place.children.length > items.length) place.lastChild?.remove();
    items.forEach((item, i) => {
      put(/** @type {E} */ (place.children[i] ?? place.appendChild(make())), item, i);
    });
  }

  function drawChoices() {
    const there = state().choices.filter(([, , options]) => options.length);
    each(
      choices,
      there,
      () => h("fieldset", { class: "vmw-choice" }, h("legend"), h("div", { class: "vmw-row" })),
      (box, [name, label, options, value]) => {
        write(box.children[0], label);
        each(
          box.children[1],
          options,
          () => {
            const input = h("input", { type: "radio" });
            on(input, "change", () =>
              send(`set ${input.name}`, { name: "set", id: input.dataset.id, value: input.value }),
            );
            return h("label", { class: "vmw-tick" }, input, h("span"));
          },
          (option, [key, text]) => {
            const input = /** @type {HTMLInputElement} */ (option.children[0]);
            set(input, "name", `${id}-${name}`);
            set(input, "data-id", name);
            set(input, "value", key);
            if (!send.busy(`set ${input.name}`)) input.checked = key === value;
            write(option.children[1], text);
          },
        );
      },
    );
  }

  /** @param {Moment} now @param {Moment | undefined} before */
  function drawRegisters(now, before) {
    const rows = state().names.map((name, i) => [name, now.real[i], now.virtual[i]]);
    const head = [t("register"), t("real"), t("virtual")];
    each(
      registers,
      [head, ...rows],
      () => h("tr", {}, h("th"), h("td"), h("td")),
      (row, cells, y) => {
        cells.forEach((text, x) => {
          const cell = row.children[x];
          write(cell, text);
          const old = y && x && before ? (x === 1 ? before.real : before.virtual)[y - 1] : text;
          cell.classList.toggle("vmw-new", old !== text && old !== "–" && text !== "–");
        });
        row.classList.toggle("vmw-head-row", !y);
        row.classList.toggle("vmw-apart", y > 0 && cells[1] !== cells[2] && cells[1] !== "–" && cells[2] !== "–");
      },
    );
  }

  function draw() {
    const now = state();
    write(closed, now.closed);
    closed.hidden = !now.closed;
    open.hidden = Boolean(now.closed);
    if (now.closed) return;
    if (turn !== now.turn) {
      turn = now.turn;
      done = 0;
    }
    done = Math.min(done, last());
    const moment = now.moments[done];
    const language = model.get("language");
    const count = (/** @type {number} */ value) => number(language, value);
    drawChoices();
    write(back, t("Back"));
    write(next, t("Next step"));
    write(trap, t("To the next trap"));
    write(all, t("To the end"));
    back.disabled = !done;
    next.disabled = trap.disabled = all.disabled = done === last();
    set(slider, "aria-label", t("Steps of the run"));
    set(slider, "max", last());
    slider.value = String(done);
    set(slider, "aria-valuetext", moment.text);

    write(codeTitle, t("The guest's program"));
    const trapped = new Set(
      now.moments
        .slice(0, done + 1)
        .filter(({ phase }) => phase === "trap")
        .map(({ line }) => line),
    );
    const ran = new Set(now.moments.slice(0, done + 1).map(({ line }) => line));
    const inside = ["trap", "decode", "act"].includes(moment.phase);
    const hand = inside ? moment.line : moment.next;
    each(
      code,
      now.program,
      () => h("li", {}, h("code"), h("span")),
      (line, text, i) => {
        write(line.children[0], text);
        write(line.children[1], trapped.has(i + 1) ? t("trap") : "");
        line.classList.toggle("vmw-now", i + 1 === hand);
        line.classList.toggle("vmw-past", ran.has(i + 1) && i + 1 !== hand);
        line.classList.toggle("vmw-trapped", trapped.has(i + 1));
        set(line, "aria-current", i + 1 === hand ? "step" : null);
      },
    );
    each(
      phases,
      now.phases,
      () => h("li"),
      (one, [key, text]) => {
        const here = key === moment.phase || (key === "run" && moment.phase === "start");
        write(one, text);
        one.classList.toggle("vmw-now", here);
        set(one, "aria-current", here ? "step" : null);
      },
    );
    write(said, moment.text);
    drawRegisters(moment, now.moments[done - 1]);
    const names = [t("instructions"), t("ran directly"), t("exits"), t("emulated")];
    each(
      counts,
      names,
      () => h("div", {}, h("dt"), h("dd")),
      (pair, name, i) => {
        write(pair.children[0], name);
        write(pair.children[1], count(moment.counts[i]));
      },
    );
    queueTitle.hidden = queue.hidden = !now.queue;
    write(queueTitle, t("In the queue, in shared memory"));
    write(queue, moment.queued.length ? moment.queued.map(count).join(", ") : "–");
    write(deskTitle, t("The device has got"));
    write(desk, moment.requests.length ? moment.requests.map(count).join(", ") : t("nothing yet"));
    const exits = now.log.slice(0, moment.counts[2] - (moment.phase === "trap" || moment.phase === "decode" ? 1 : 0));
    write(logTitle, t("Exit log"));
    write(none, t("no exit yet"));
    none.hidden = exits.length > 0;
    log.hidden = !exits.length;
    each(
      log,
      exits,
      () => h("li", {}, h("code"), h("span")),
      (row, [what, text]) => {
        write(row.children[0], text);
        write(row.children[1], what);
      },
    );
    log.scrollTop = log.scrollHeight;
    twin.update(
      t("Step {step} of {all}. {text}", { step: count(done), all: count(last()), text: moment.text }),
      [
        [t("exit"), t("instruction"), t("because of"), t("what the VMM did")],
        ...exits.map(([what, text, did], i) => [count(i + 1), text, what, did]),
      ],
      t("Table: all exits so far"),
    );
    el.dataset.vmwStep = `${now.turn} ${done}`;
  }
  follow(model, signal, ["state", "strings", "language"], draw);
}

export default { render };
