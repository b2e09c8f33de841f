// The attacker's desk: choose an attack, write guest code, run it forward and back, look at registers and manual.
import { verdictBox } from "./attack_verdict.js";
import { errorBox, sender } from "./kernel.js";
import { follow, h, number, root, set, textTwin, translator, unique, write } from "./kit.js";
import { keep } from "./stack_panel.js";

/**
 * @typedef {object} State
 * @property {string} locked why nothing moves, "" if it does
 * @property {string} attack
 * @property {[string, [string, string][]][]} groups heading, and id and title of each attack
 * @property {string} about
 * @property {string[]} hints
 * @property {number} more_hints
 * @property {boolean} solved whether the editor has the code of the attack
 * @property {boolean} has_solution
 * @property {[number, string]} fault line and what is wrong with it; 0 for none
 * @property {number} line that comes next, 0 for none
 * @property {number} position
 * @property {boolean} ended
 * @property {string} said
 * @property {[string, string, boolean][]} registers name, value, whether it has just changed
 * @property {[string, string, string, string][]} steps line, code, access, exits
 * @property {number} seed
 * @property {number} most_seed
 * @property {number} most_code
 * @property {[string, string, string][]} manual
 * @property {import("./attack_verdict.js").Verdict | null} verdict what came of it, if that is said here
 */

const PAUSE_MS = 500;

/** @type {import("@anywidget/types").Render} */
function render({ model, el, signal }) {
  root(el, signal, "attack");
  const t = translator(model);
  const send = sender(model, signal, { answered: () => draw(), patience: 30_000 });
  /** @returns {State} */
  const state = () => model.get("state");
  const id = unique("vmw-attack");

  const lock = h("p", { class: "vmw-lock" });
  const list = h("select", { name: "attack" });
  const listLabel = h("label", { class: "vmw-field" }, h("span"), list);
  const seed = h("input", { type: "number", name: "seed", min: 0, step: 1 });
  const seedLabel = h("label", { class: "vmw-field" }, h("span"), seed);
  const task = h("p", { class: "vmw-task" });
  const hints = h("ol", { class: "vmw-hints", "aria-live": "polite" });
  const hint = h("button", { type: "button" });
  const solution = h("button", { type: "button" });

  const gutter = h("pre", { class: "vmw-gutter", "aria-hidden": "true" });
  const area = h("textarea", {
    spellcheck: "false",
    autocapitalize: "off",
    autocomplete: "off",
    wrap: "off",
    rows: 16,
  });
  const fault = h("p", { class: "vmw-error vmw-fault", id: `${id}-fault`, "aria-live": "polite" });
  const codeTitle = h("label", { class: "vmw-title", for: `${id}-code` });
  set(area, "id", `${id}-code`);

  const actions = ["restart", "last_decision", "back", "step", "next_decision", "run"];
  const buttons = new Map(
    actions.map((to) => {
      const button = h("button", { type: "button", class: to === "run" ? "vmw-primary" : "" });
      button.addEventListener("click", () => move(to), { signal });
      return [to, button];
    }),
  );
  const keys = h("p", { class: "vmw-soft-text" });

  const verdict = verdictBox();
  const stepsTitle = h("h4");
  const steps = h("table", { class: "vmw-steps" });
  const registersTitle = h("h4");
  const registers = h("dl", { class: "vmw-registers" });
  const manualTable = h("table");
  const numbers = h("div", { class: "vmw-numbers", tabindex: 0, role: "group" }, manualTable);
  const manual = h("details", { class: "vmw-twin vmw-manual" }, h("summary"), h("p"), numbers);
  const twin = textTwin(signal, "");
  el.append(
    errorBox(model, signal),
    lock,
    h("div", { class: "vmw-row" }, listLabel, seedLabel),
    task,
    hints,
    h("div", { class: "vmw-row" }, hint, solution),
    h(
      "div",
      { class: "vmw-both" },
      h(
        "div",
        { class: "vmw-column" },
        codeTitle,
        h("div", { class: "vmw-editor" }, gutter, area),
        fault,
        h("div", { class: "vmw-row vmw-moves" }, ...buttons.values()),
        twin.el,
        keys,
      ),
      h("div", { class: "vmw-column" }, verdict.el, registersTitle, registers, stepsTitle, steps),
    ),
    manual,
  );

  let taken = -1;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  const forget = () => {
    clearTimeout(timer);
    timer = undefined;
  };
  signal.addEventListener("abort", forget);
  const check = () => {
    forget();
    send("check", { name: "check", code: area.value });
  };

  /** @param {string} to */
  function move(to) {
    // What is possible with a text that the kernel has not seen yet, it will say itself.
    if (buttons.get(to)?.disabled && area.value === model.get("text").code) return;
    forget();
    send("move", { name: "move", to, code: area.value });
    drawMoves(true);
  }

  area.addEventListener(
    "input",
    () => {
      drawGutter();
      forget();
      timer = setTimeout(check, PAUSE_MS);
    },
    { signal },
  );
  const follows = () => {
    gutter.style.transform = `translateY(${-area.scrollTop}px)`;
  };
  area.addEventListener("scroll", follows, { signal });
  // Whoever goes on to a button of another view finds the kernel knowing the text.
  area.addEventListener("blur", () => timer !== undefined && check(), { signal });
  el.addEventListener(
    "keydown",
    (event) => {
      const to = { F9: "run", F10: "step" }[event.key];
      const back = event.shiftKey ? { run: "restart", step: "back" }[to ?? ""] : to;
      const ran = event.key === "Enter" && (event.ctrlKey || event.metaKey) ? "run" : back;
      if (!ran) return;
      event.preventDefault();
      move(ran);
    },
    { signal },
  );
  /** @param {object} message */
  const replace = (message) => {
    forget(); // what was written makes room for another text: it is not to be sent behind that
    send("replace", message);
  };
  list.addEventListener("change", () => replace({ name: "choose", id: list.value }), { signal });
  hint.addEventListener("click", () => send("hint", { name: "hint" }), { signal });
  solution.addEventListener("click", () => replace({ name: "solution" }), { signal });
  seed.addEventListener("change", () => send("seed", { name: "seed", value: Number(seed.value) }), { signal });

  function drawGutter() {
    const { line, fault: wrong } = state();
    const count = area.value.split("\n").length;
    if (gutter.children.length !== count) {
      gutter.replaceChildren(...Array.from({ length: count }, (_one, i) => h("span", {}, `${i + 1}`)));
    }
    [...gutter.children].forEach((one, i) => {
      set(one, "class", i + 1 === wrong[0] ? "vmw-wrong" : i + 1 === line ? "vmw-now" : "");
    });
  }

  /** Bring the line that comes next into sight. */
  function scroll() {
    const { line } = state();
    const mark = /** @type {HTMLElement | undefined} */ (gutter.children[line - 1]);
    if (!mark || document.activeElement === area) return;
    const high = mark.offsetHeight;
    const top = (line - 1) * high;
    if (top < area.scrollTop || top + 2 * high > area.scrollTop + area.clientHeight) {
      area.scrollTop = Math.max(0, top - area.clientHeight / 2);
    }
    follows();
  }

  function drawList() {
    const now = state();
    while (list.children.length > now.groups.length) list.lastElementChild?.remove();
    now.groups.forEach(([heading, attacks], i) => {
      const group = list.children[i] ?? list.appendChild(h("optgroup"));
      set(group, "label", heading);
      keep(
        group,
        attacks,
        () => h("option"),
        (option, [key, title]) => {
          set(option, "value", key);
          write(option, title);
        },
      );
    });
    if (!send.busy("replace")) list.value = now.attack;
  }

  /** @param {boolean} busy */
  function drawMoves(busy) {
    const now = state();
    const still = Boolean(now.locked || now.fault[0]);
    /** @type {[string, string, boolean][]} */
    const names = [
      ["restart", t("To the start"), now.position > 0],
      ["last_decision", t("Back to the decision before"), now.position > 0],
      ["back", t("Step back"), now.position > 0],
      ["step", t("Step"), !now.ended],
      ["next_decision", t("On to the next decision"), !now.ended],
      ["run", t("Run to the end"), !now.ended],
    ];
    for (const [to, name, may] of names) {
      const button = /** @type {HTMLButtonElement} */ (buttons.get(to));
      write(button, name);
      // A change of the text begins anew, so the kernel says what is possible once it has the text.
      button.disabled = still || !(may || (to === "run" && area.value !== model.get("text").code));
    }
    set(el, "aria-busy", busy ? "true" : null);
  }

  function draw() {
    const now = state();
    const language = model.get("language");
    const text = model.get("text");
    if (taken !== text.number) {
      taken = text.number;
      area.value = text.code;
      area.scrollTop = 0;
      forget();
    }
    write(lock, now.locked);
    lock.hidden = !now.locked;
    write(listLabel.children[0], t("Attack"));
    drawList();
    listLabel.hidden = !now.groups.length;
    write(seedLabel.children[0], t("Secret and layout, number"));
    if (document.activeElement !== seed) seed.value = String(now.seed);
    set(seed, "max", now.most_seed);
    write(task, now.about);
    hints.hidden = !now.hints.length;
    keep(
      hints,
      now.hints,
      () => h("li"),
      (one, said) => write(one, said),
    );
    write(hint, t("Next hint ({count} left)", { count: number(language, now.more_hints) }));
    hint.hidden = !now.more_hints;
    write(solution, t("Show the code of this attack"));
    solution.hidden = now.solved || !now.has_solution;
    write(codeTitle, t("Guest code, in the syntax of Intel"));
    set(area, "maxlength", now.most_code);
    set(area, "aria-describedby", now.fault[0] ? `${id}-fault` : null);
    set(area, "aria-invalid", now.fault[0] ? "true" : null);
    write(fault, now.fault[1]);
    fault.hidden = !now.fault[0];
    for (const one of [list, seed, hint, solution]) one.disabled = Boolean(now.locked);
    area.readOnly = Boolean(now.locked);
    drawGutter();
    scroll();
    drawMoves(send.busy("move"));
    write(
      keys,
      t("In the editor: Ctrl+Enter or F9 runs, F10 steps, Shift+F10 steps back, Shift+F9 goes to the start."),
    );

    verdict.el.hidden = !now.verdict;
    if (now.verdict) verdict.draw(now.verdict);
    write(registersTitle, t("Registers"));
    keep(
      registers,
      now.registers,
      () => h("div", {}, h("dt"), h("dd")),
      (pair, [name, value, changed]) => {
        write(pair.children[0], name);
        write(pair.children[1], value);
        pair.classList.toggle("vmw-new", changed);
      },
    );
    registersTitle.hidden = registers.hidden = !now.registers.length;
    stepsTitle.hidden = steps.hidden = !now.steps.length;
    write(stepsTitle, t("The latest instructions"));
    const head = /** @type {[string, string, string, string]} */ ([t("line"), t("code"), t("memory"), t("exit")]);
    keep(
      steps,
      [head, ...now.steps],
      (i) => h("tr", {}, ...Array.from({ length: 4 }, () => (i ? h("td") : h("th", { scope: "col" })))),
      (row, cells) => {
        cells.forEach((cell, x) => {
          write(row.children[x], cell);
        });
      },
    );

    manual.hidden = !now.manual.length;
    write(manual.children[0], t("Manual: what your code is told"));
    set(numbers, "aria-label", t("Manual: what your code is told"));
    write(manual.children[1], t("Write a name in braces, such as {page_bytes}, and its number is put there."));
    keep(
      manualTable,
      now.manual,
      () => h("tr", {}, h("th", { scope: "row" }), h("td"), h("td")),
      (row, cells) => {
        cells.forEach((cell, x) => {
          write(row.children[x], x ? cell : `{${cell}}`);
        });
      },
    );
    twin.update(
      now.said,
      [[t("register"), t("value")], ...now.registers.map(([name, value]) => [name, value])],
      t("Table: registers"),
    );
    el.dataset.vmwPosition = `${now.attack} ${text.number} ${now.seed} ${now.position}`;
  }
  follow(model, signal, ["state", "text", "strings", "language", "error"], draw);
}

export default { render };
