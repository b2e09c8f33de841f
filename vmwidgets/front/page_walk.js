// Address translation, step by step: the page has the whole walk and goes through it without a word to the kernel.
import { errorBox, sender } from "./kernel.js";
import { follow, h, root, set, textTwin, translator, unique, write } from "./kit.js";
import { options } from "./slider.js";
import { addressesOf, addressStrip, entryCard, walkGridView } from "./walk_picture.js";
import { frameOf, soFar } from "./walk_steps.js";
import { walkWords } from "./walk_words.js";

/**
 * @typedef {object} State
 * @property {boolean} folded in which case there is no more than this
 * @property {string} closed
 * @property {string} lab
 * @property {string[]} names
 * @property {number} selected
 * @property {{write: boolean, user: boolean}} access
 * @property {{tlb: boolean, pwc: boolean, nested_tlb: boolean, l2: boolean}} caches
 * @property {number} turn counts the walks that were asked for: a new one begins at its first step
 * @property {number} visits walks that the caches remember
 * @property {[string, string][]} addresses
 * @property {string} name
 * @property {string} address
 * @property {number} guest_levels
 * @property {number} stage_levels
 * @property {number} frame_bytes
 * @property {import("./walk_steps.js").Way[]} ways
 */

const CACHES = /** @type {const} */ (["tlb", "pwc", "nested_tlb", "l2"]);
const ACCESS = /** @type {const} */ (["write", "user"]);
/** @type {import("@anywidget/types").Render} */
function render({ model, el, signal }) {
  root(el, signal, "walk");
  const t = translator(model);
  const words = walkWords(t, () => model.get("language"));
  // Boxes and lists show what the kernel has, also when it has refused; until it has answered the hand is right.
  const send = sender(model, signal, { answered: () => draw() });
  /** @returns {State} */
  const state = () => model.get("state");
  const id = unique("vmw-walk");

  // ------------------------------------------------------------------------------------------------------ elements
  const title = h("summary");
  const closed = h("p", { class: "vmw-lock" });
  const vm = h("select");
  const vmField = h("label", { class: "vmw-field" }, h("span"), vm);
  const named = h("select");
  const namedField = h("label", { class: "vmw-field" }, h("span"), named);
  const typed = h("input", { type: "text", class: "vmw-hex", spellcheck: "false", autocomplete: "off", size: 22 });
  const typedField = h("label", { class: "vmw-field" }, h("span"), typed);
  const tick = () => h("label", { class: "vmw-tick" }, h("input", { type: "checkbox" }), h("span"));
  const access = ACCESS.map(tick);
  const caches = CACHES.map(tick);
  const cachesName = h("span", { class: "vmw-strip-name" });
  const cachesNote = h("span", { class: "vmw-soft-text" });
  const waysName = h("legend");
  const ways = h("div", { class: "vmw-ways" });
  const whatIf = h("p", { class: "vmw-soft-text vmw-what-if" });
  const back = h("button", { type: "button" });
  const next = h("button", { type: "button", class: "vmw-primary" });
  const all = h("button", { type: "button" });
  const again = h("button", { type: "button" });
  const slider = h("input", { type: "range", min: 0, step: 1, value: 0 });
  const count = h("output");
  const virtual = addressStrip(t);
  const physical = addressStrip(t);
  const grid = walkGridView(t, (step) => move(step + 1), light, signal);
  const entry = entryCard(t, words);
  const result = h("p", { class: "vmw-result" }, h("b"), h("span"));
  const twin = textTwin(signal, "");
  const open = h(
    "div",
    {},
    h("div", { class: "vmw-row" }, vmField, namedField, typedField, ...access),
    h("fieldset", {}, waysName, ways, whatIf),
    h("div", { class: "vmw-row vmw-caches" }, cachesName, ...caches, cachesNote),
    h("div", { class: "vmw-row vmw-stepping" }, back, next, all, again, slider, count),
    h("div", { class: "vmw-strips" }, virtual.el, physical.el),
    h("div", { class: "vmw-both" }, grid.el, h("div", { class: "vmw-aside" }, entry.el, result)),
    twin.el,
  );
  const fold = h("details", { class: "vmw-fold" }, title, errorBox(model, signal), closed, open);
  el.append(fold);

  // ------------------------------------------------------------------------------------------------ what is shown
  let leaf = -1; // of the chosen way, -1 for the one that is real
  let done = 0;
  let turn = -1;
  let steps = 0;
  const way = () => {
    const list = state().ways;
    return list.find((one) => one.leaf === leaf && one.walk) ?? list[0];
  };
  const walk = () => /** @type {import("./walk_steps.js").Walk} */ (way().walk);
  const frameBytes = () => (way().real ? state().frame_bytes : 4096);

  /** @param {number} to */
  function move(to) {
    const at = Math.min(Math.max(to, 0), walk().steps.length);
    if (at === done) return;
    done = at;
    draw();
    light(-1);
  }

  let lab = "";

  /**
   * Tell other views which machine frame is read: of the step that is pointed at, else of the one that is shown.
   * @param {number} pointed
   */
  function light(pointed) {
    const { lab: now, closed: shut, folded } = state();
    lab = now || lab; // what is folded says nothing of a lab
    if (!lab) return;
    const step = !shut && !folded && walk().steps[pointed < 0 ? done - 1 : pointed];
    const frame = step && way().real ? frameOf(step.machine, frameBytes()) : -1;
    document.dispatchEvent(new CustomEvent("vmw-frame", { detail: { lab, frame } }));
  }

  // ------------------------------------------------------------------------------------------------- what is done
  const on = (/** @type {HTMLElement} */ one, /** @type {string} */ type, /** @type {() => void} */ act) =>
    one.addEventListener(type, act, { signal });
  on(fold, "toggle", () => {
    if (fold.open === state().folded) send("fold", { name: "fold", value: !fold.open });
  });
  on(back, "click", () => move(done - 1));
  on(next, "click", () => move(done + 1));
  on(all, "click", () => move(Number.POSITIVE_INFINITY));
  on(again, "click", () => {
    if (CACHES.some((name) => state().caches[name])) send("again", { name: "again" });
    else move(0);
  });
  on(slider, "input", () => move(Number(slider.value)));
  on(vm, "change", () => send("select", { name: "select", slot: Number(vm.value) }));
  on(named, "change", () => named.value && send("address", { name: "address", id: named.value }));
  on(typed, "change", () => send("address", { name: "address", text: typed.value }));
  [...ACCESS, ...CACHES].forEach((name, i) => {
    const input = /** @type {HTMLInputElement} */ ([...access, ...caches][i].firstChild);
    on(input, "change", () => send(`set ${name}`, { name: "set", id: name, value: input.checked }));
  });
  el.addEventListener(
    "keydown",
    (event) => {
      const own = event.target instanceof HTMLInputElement || event.target instanceof HTMLSelectElement;
      if (own || state().folded || state().closed || event.altKey || event.ctrlKey || event.metaKey) return;
      const to = { ArrowRight: done + 1, ArrowLeft: done - 1, Home: 0, End: Number.POSITIVE_INFINITY }[event.key];
      if (to === undefined) return;
      event.preventDefault();
      move(to);
    },
    { signal },
  );

  // ----------------------------------------------------------------------------------------------------- drawing
  /** @param {HTMLElement} label @param {string} text */
  const name = (label, text) => write(/** @type {Element} */ (label.querySelector("span")), text);

  /** @param {HTMLElement} label @param {string} which @param {boolean} value */
  const check = (label, which, value) => {
    if (!send.busy(`set ${which}`)) /** @type {HTMLInputElement} */ (label.firstChild).checked = value;
  };

  function dress() {
    const now = state();
    name(vmField, t("VM"));
    name(namedField, t("Address of"));
    name(typedField, t("Address"));
    const accessNames = [t("a write"), t("by user code")];
    const cacheNames = [t("TLB"), t("page-walk cache"), t("nested TLB"), t("L2 cache")];
    access.forEach((label, i) => {
      name(label, accessNames[i]);
      check(label, ACCESS[i], now.access[ACCESS[i]]);
    });
    caches.forEach((label, i) => {
      name(label, cacheNames[i]);
      check(label, CACHES[i], now.caches[CACHES[i]]);
    });
    write(cachesName, t("The hardware has:"));
    write(waysName, t("Pages of the second stage"));
    write(back, t("Back"));
    write(next, t("Next reference"));
    write(all, t("To the end"));
    write(again, t("Again"));
    set(slider, "aria-label", t("Steps of the walk"));
    const machines = now.names.map((text, slot) => /** @type {[string, string]} */ ([String(slot), text]));
    const there = machines.filter(([, text]) => text);
    vmField.hidden = there.length < 2;
    options(vm, there, send.busy("select") ? vm.value : String(now.selected));
  }

  /** What the radio buttons say: each way with what its whole walk costs. */
  function drawWays() {
    const now = state();
    while (ways.children.length > now.ways.length) ways.lastChild?.remove();
    now.ways.forEach((one, i) => {
      const label = ways.children[i] ?? ways.appendChild(choice());
      const input = /** @type {HTMLInputElement} */ (label.children[0]);
      set(input, "value", one.leaf);
      input.disabled = !one.walk;
      input.checked = one === way();
      const size = one.leaf ? words.pages(one.page_bytes) : t("none: native");
      write(label.children[1], one.real ? t("{size}, as it is", { size }) : size);
      const { references = 0, cycles = 0 } = one.walk ?? {};
      const fields = { references: words.count(references), cycles: words.count(cycles) };
      write(label.children[2], one.walk ? t("{references} references, {cycles} cycles", fields) : "–");
    });
    const { real, leaf: level } = way();
    const other = level
      ? t("What if: the same guest tables, on an empty machine with pages of this size.")
      : t("What if: the same guest on the bare machine, where its physical addresses are the machine's.");
    write(whatIf, real ? "" : other);
  }

  function choice() {
    const input = h("input", { type: "radio", name: id });
    input.addEventListener(
      "change",
      () => {
        const end = done === walk().steps.length;
        leaf = Number(input.value);
        done = end ? walk().steps.length : Math.min(done, walk().steps.length);
        draw();
        light(-1);
      },
      { signal },
    );
    return h("label", { class: "vmw-way" }, input, h("b"), h("span"));
  }

  function draw() {
    const now = state();
    write(title, t("Address translation, step by step"));
    if (!send.busy("fold")) fold.open = !now.folded;
    write(closed, now.closed);
    closed.hidden = !now.closed;
    open.hidden = Boolean(now.closed || now.folded);
    if (now.folded) return;
    dress();
    if (now.closed) return;
    const { steps: list } = walk();
    if (turn !== now.turn) {
      if (turn >= 0) done = 0;
      turn = now.turn;
    } else if (steps !== list.length && done === steps && steps) {
      done = list.length; // who has seen the end sees the end of the new walk too
    }
    steps = list.length;
    done = Math.min(done, steps);
    drawWays();
    /** @type {[string, string][]} */
    const own = now.name ? [] : [["", t("an address of your own")]];
    options(named, [...own, ...now.addresses], send.busy("address") ? named.value : now.name);
    // What is under way stays, and what was refused, to be mended.
    const isHands = document.activeElement === typed || send.busy("address") || (model.get("error") && typed.value);
    if (!isHands) typed.value = `0x${now.address}`;
    const told = now.visits
      ? t("They remember the walks before this one: {count}.", { count: words.count(now.visits) })
      : "";
    write(cachesNote, told);

    const shown = {
      walk: walk(),
      way: way(),
      done,
      guestLevels: now.guest_levels,
      stageLevels: now.stage_levels,
      address: now.address,
      frameBytes: frameBytes(),
    };
    const { references, cycles } = soFar(list, done);
    const fields = {
      count: words.count(references),
      total: words.count(walk().references),
      cycles: words.count(cycles),
      all: words.count(walk().cycles),
    };
    set(slider, "max", steps);
    slider.value = String(done);
    const text = t("{count} of {total} references, {cycles} of {all} cycles", fields);
    set(slider, "aria-valuetext", text);
    write(count, text);
    slider.disabled = !steps;
    back.disabled = !done;
    next.disabled = all.disabled = done === steps;
    const { virtual: first, physical: second } = addressesOf(shown);
    virtual.draw(t("Guest-virtual address"), first.value, first.levels || 4, first.leaf, first.used);
    const native = t("Guest-physical address");
    physical.draw(native, second.value, second.levels, second.leaf, second.used);
    grid.draw(shown);
    entry.draw(shown);
    const sentence = words.sentence(walk(), done, frameBytes());
    set(grid.el, "aria-label", sentence);
    const end = done === steps ? words.result(walk(), frameBytes()) : null;
    set(result, "class", `vmw-result ${end ? (walk().fault ? "vmw-bad" : "vmw-good") : ""}`);
    write(result.children[0], end ? `${end.head}. ` : "");
    write(result.children[1], end ? end.text : done ? words.decision(list[done - 1], frameBytes()) : "");
    twin.update(sentence, words.rows(walk(), frameBytes()), t("Table: all steps of the walk"));
    el.dataset.vmwStep = `${now.turn} ${done}`;
  }
  follow(model, signal, ["state", "strings", "language"], () => {
    draw();
    light(-1);
  });
}

export default { render };
