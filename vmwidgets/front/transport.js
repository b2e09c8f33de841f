// Time and the log: play, pause, step, speed, the recorded past, undo and redo, language, export.

import { Clock } from "./clock.js";
import { errorBox, sender } from "./kernel.js";
import { follow, h, root, set, translator, write } from "./kit.js";

/**
 * @typedef {object} State
 * @property {number} tick ticks that have passed
 * @property {number} first oldest recorded tick
 * @property {number | null} shown the recorded tick that is looked at
 * @property {string} clock
 * @property {boolean} undo
 * @property {boolean} redo
 * @property {boolean} locked
 */

const SPEEDS = [1, 5, 15, 60];

/**
 * Save a text, or the picture that an SVG text describes, as a file.
 * @param {{file: string, type: string, text: string, png?: boolean}} made
 * @param {AbortSignal} signal
 */
async function download(made, signal) {
  let blob = new Blob([made.text], { type: made.type });
  if (made.png) {
    const url = URL.createObjectURL(blob);
    const picture = new Image();
    picture.src = url;
    await picture.decode();
    const canvas = document.createElement("canvas");
    canvas.width = 2 * picture.naturalWidth;
    canvas.height = 2 * picture.naturalHeight;
    canvas.getContext("2d")?.drawImage(picture, 0, 0, canvas.width, canvas.height);
    URL.revokeObjectURL(url);
    blob = await new Promise((done, fail) => {
      canvas.toBlob((png) => (png ? done(png) : fail(new Error("no PNG"))), "image/png");
    });
  }
  if (signal.aborted) return;
  const link = h("a", { href: URL.createObjectURL(blob), download: made.file });
  link.click();
  URL.revokeObjectURL(link.href);
}

/** @type {import("@anywidget/types").Render} */
function render({ model, el, signal }) {
  root(el, signal, "transport");
  const t = translator(model);
  // Lists and the scrubber show what the kernel has made of the choice when it has answered.
  const send = sender(model, signal, { answered: () => draw() });
  const me = crypto.randomUUID?.() ?? String(Math.random());
  /** @returns {State} */
  const state = () => model.get("state");

  const clock = new Clock(() => send("tick", { name: "tick", player: me, ticks: Number(speed.value) }));
  signal.addEventListener("abort", () => clock.close());
  const answered = (/** @type {{ack?: number}} */ message) => {
    if (message.ack !== undefined) clock.answered();
  };
  model.on("msg:custom", answered);
  signal.addEventListener("abort", () => model.off("msg:custom", answered));

  let inView = true;
  const visible = () => clock.show(inView && !document.hidden);
  document.addEventListener("visibilitychange", visible, { signal });
  const observer = new IntersectionObserver(
    ([entry]) => {
      // A transport that has scrolled a little out of sight still drives the pictures below it.
      inView = entry.isIntersecting;
      visible();
    },
    { rootMargin: "2000px" },
  );
  observer.observe(el);
  signal.addEventListener("abort", () => observer.disconnect());

  /**
   * @param {string} text
   * @param {() => void} act
   */
  const button = (text, act) => {
    const made = h("button", { type: "button" }, h("span", { "aria-hidden": "true" }, text));
    made.addEventListener("click", act, { signal });
    return made;
  };
  const play = button("▶", () => send("play", { name: "play", player: clock.playing ? "" : me }));
  const step = button("▸|", () => send("step", { name: "step", ticks: Number(speed.value) }));
  const undo = button("↶", () => send("undo", { name: "undo" }));
  const redo = button("↷", () => send("redo", { name: "redo" }));
  const speed = h("select", {}, ...SPEEDS.map((n) => h("option", { value: n })));
  const speedLabel = h("label", { class: "vmw-field" }, h("span"), speed);
  const scrubber = h("input", { type: "range", step: 1 });
  const scrubberLabel = h("label", { class: "vmw-field vmw-wide" }, h("span"), scrubber);
  const now = h("output", { class: "vmw-now" });
  const live = button("●", () => send("seek", { name: "seek", tick: null }));
  const language = h("select", {}, h("option", { value: "en" }, "English"), h("option", { value: "ru" }, "Русский"));
  const save = h("select", {});
  const kinds = ["", "svg", "png", "csv", "jsonl"];
  save.append(...kinds.map((kind) => h("option", { value: kind })));

  scrubber.addEventListener(
    "input",
    () => {
      const last = state().tick;
      const tick = Number(scrubber.value);
      send("seek", { name: "seek", tick: tick >= last ? null : tick });
    },
    { signal },
  );
  language.addEventListener("change", () => send("language", { name: "language", code: language.value }), { signal });
  save.addEventListener(
    "change",
    () => {
      if (save.value) send("export", { name: "export", kind: save.value });
      save.value = "";
    },
    { signal },
  );
  save.addEventListener(
    "keydown",
    (event) => {
      // In a closed list an arrow or a letter chooses at once, and so would save what nobody has read.
      const chooses = /^(?:[^ ]|Arrow.+|Home|End|Page.+)$/u.test(event.key);
      if (!chooses || event.altKey || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      if (event.key.startsWith("Arrow")) save.showPicker?.();
    },
    { signal },
  );
  const exported = (/** @type {{export?: {file: string, type: string, text: string, png?: boolean}}} */ message) => {
    if (message.export) void download(message.export, signal);
  };
  model.on("msg:custom", exported);
  signal.addEventListener("abort", () => model.off("msg:custom", exported));

  const bar = h(
    "div",
    { class: "vmw-row", role: "toolbar" },
    play,
    step,
    speedLabel,
    scrubberLabel,
    now,
    live,
    undo,
    redo,
    save,
    language,
  );
  el.append(bar, errorBox(model, signal));

  function draw() {
    const { tick, first, shown, clock: text, undo: canUndo, redo: canRedo, locked } = state();
    const playing = model.get("player") === me && !locked;
    if (playing) clock.play();
    else clock.pause();
    set(bar, "aria-label", t("Time"));
    write(/** @type {Element} */ (play.firstChild), playing ? "❚❚" : "▶");
    set(play, "aria-pressed", playing ? "true" : "false");
    const labels = /** @type {[HTMLElement, string][]} */ ([
      [play, playing ? t("Pause") : t("Play")],
      [step, t("Step: let time pass once")],
      [undo, t("Undo")],
      [redo, t("Redo")],
      [live, t("Back to now")],
      [language, t("Language")],
      [save, t("Save")],
    ]);
    for (const [control, label] of labels) {
      set(control, "aria-label", label);
      set(control, "title", label);
    }
    play.disabled = locked;
    step.disabled = locked;
    undo.disabled = locked || !canUndo;
    redo.disabled = locked || !canRedo;
    live.disabled = shown === null;
    write(speedLabel.children[0], t("Speed"));
    SPEEDS.forEach((n, i) => {
      write(speed.options[i], t("{n}×", { n }));
    });
    write(scrubberLabel.children[0], t("Past"));
    set(scrubber, "min", first);
    set(scrubber, "max", tick);
    set(scrubber, "aria-valuetext", text);
    if (!send.busy("seek")) scrubber.value = String(shown ?? tick);
    scrubber.disabled = tick === 0;
    write(now, text);
    now.classList.toggle("vmw-past", shown !== null);
    const names = [t("Save…"), t("Picture (SVG)"), t("Picture (PNG)"), t("Data (CSV)"), t("Experiment (JSON Lines)")];
    names.forEach((name, i) => {
      write(save.options[i], name);
    });
    if (!send.busy("language")) language.value = model.get("language");
    el.dataset.vmwTick = String(tick);
  }
  follow(model, signal, ["state", "player", "strings", "language"], draw);
}

export default { render };
