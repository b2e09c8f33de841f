// The time line of the scheduler lab: who ran where and when, to zoom and to move about in, without a word to the kernel.
import { handle } from "./frame_hand.js";
import { errorBox, sender } from "./kernel.js";
import { follow, h, linked, number, root, set, textTwin, touch, translator, write } from "./kit.js";
import { timeLegend } from "./time_legend.js";
import { timeLook } from "./time_look.js";
import { nextChange, OTHERS, rowsOf, spanAt } from "./time_rows.js";
import { TimeScene } from "./time_scene.js";
import { pannedBy, roundStep, showing, within, zoomedAt } from "./time_view.js";
import { momentText, queuesText } from "./time_words.js";

/**
 * @typedef {object} State
 * @property {string} lab
 * @property {number} pcpus
 * @property {{label: string, slot: number}[]} vcpus
 * @property {number} rows_most vCPUs that have a row
 * @property {string[]} names of the slots
 * @property {number} selected slot, or -1
 * @property {{title: string, told: string, account: string}[]} schedulers
 * @property {string} sentence
 * @property {string[][]} rows of the text twin
 * @property {string} note
 */
/** @typedef {import("./time_rows.js").Packed} Packed */
/** @typedef {import("./time_rows.js").Run} Run */

/** Microseconds that are seen at first. */
const FIRST_VIEW = 1_000_000;

/** @param {Packed} packed */
async function unpacked({ spans, deflated }) {
  const bytes = new Uint8Array(/** @type {ArrayBuffer} */ (spans.buffer), spans.byteOffset, spans.byteLength);
  if (!deflated) return bytes;
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** @type {import("@anywidget/types").Render} */
function render({ model, el, signal }) {
  root(el, signal, "time");
  const t = translator(model);
  const send = sender(model, signal);
  const language = () => model.get("language");
  /** @returns {State} */
  const state = () => model.get("state");

  const canvas = h("canvas", { class: "vmw-spans", tabindex: 0, role: "slider" });
  const scene = new TimeScene(canvas, el);
  const title = h("span", { class: "vmw-title" });
  const scale = h("span", { class: "vmw-scale" });
  /** @param {() => void} act */
  const button = (act) => {
    const made = h("button", { type: "button" });
    made.addEventListener("click", act, { signal });
    return made;
  };
  const out = button(() => hand.step(-1));
  const into = button(() => hand.step(1));
  const fit = button(() => hand.fit());
  const note = h("p", { class: "vmw-lock", role: "status" });
  const help = h("p", { class: "vmw-help" });
  const look = timeLook(signal);
  const twin = textTwin(signal, "");
  const legend = timeLegend(signal, {
    lab: () => state().lab,
    select: (slot) => send("select", { name: "select", slot }),
  });
  el.append(h("div", { class: "vmw-row vmw-head" }, title, scale, out, into, fit), note, legend.el, canvas);
  el.append(help, look.el, twin.el, errorBox(model, signal));

  // --------------------------------------------------------------------------------------------------------- drawing
  /** @type {Run[]} */
  let runs = [];
  /** What the runs were unpacked from: rows and words change together. */
  let shown = state();
  let [seq, wanted, cursor] = [0, false, -1];
  let seen = { from: 0, to: 1 };
  let version = 0; // of the runs that are drawn
  const until = () => Math.max(1, ...runs.map((run) => run.until));

  function want() {
    if (wanted || signal.aborted) return;
    wanted = true;
    requestAnimationFrame(() => {
      wanted = false;
      if (!signal.aborted && scene.width && runs.length) draw();
    });
  }

  function draw() {
    scene.draw(seen, until(), cursor, {
      number: (value, decimals) => number(language(), value, decimals),
      units: { s: t("s"), ms: t("ms") },
    });
    set(canvas, "data-from", Math.round(seen.from));
    set(canvas, "data-to", Math.round(seen.to));
    set(canvas, "data-cursor", cursor);
    set(canvas, "data-drawn", version);
    set(canvas, "data-seq", ++seq);
  }

  /** @param {import("./time_view.js").Seen} next */
  function see(next) {
    if (next.from === seen.from && next.to === seen.to) return;
    seen = next;
    scene.touch();
    write(scale, t("{length} s in view", { length: number(language(), (seen.to - seen.from) / 1e6, 3) }));
    want();
  }

  // -------------------------------------------------------------------------------------------- the moment at the cursor
  const named = () => runs.map((run, i) => ({ run, ...shown.schedulers[i] }));
  function tell() {
    const { lab, vcpus } = shown;
    const said = model.get("looked");
    const { accounts, queues } = said.at === cursor && said.run === version ? said : { accounts: null, queues: null };
    look.draw(t, language(), { lab, time: cursor, runs: named(), vcpus, accounts, queues });
    set(canvas, "aria-valuemax", until());
    set(canvas, "aria-valuenow", cursor);
    const labels = vcpus.map(({ label }) => label);
    set(canvas, "aria-valuetext", momentText(t, language(), named(), labels, cursor));
    set(canvas, "data-looked", accounts ? cursor : null);
    if (queues) {
      const titles = shown.schedulers.map(({ title: name }) => name);
      describe(queuesText(t, language(), titles, queues, labels, cursor));
    }
  }
  /** @param {string} next whom the schedulers take next at the cursor */
  function describe(next = "") {
    const { sentence, rows } = state();
    twin.update(`${sentence} ${next}`.trim(), rows, t("Table: share, ready time and wake-up latency"));
  }
  function ask() {
    if (runs.length) send("look", { name: "look", at: cursor });
  }
  /** @param {number} time */
  function point(time) {
    const at = Math.min(Math.max(Math.round(time), 0), until());
    if (at !== cursor) {
      cursor = at;
      ask();
      tell();
    }
    see(showing(seen, cursor, until()));
    want();
  }

  // ------------------------------------------------------------------------------------------------------------ hand
  const perPixel = () => (seen.to - seen.from) / scene.plot.width / scene.ratio;
  let under = -1;
  /** @param {number} slot */
  function shine(slot) {
    if (slot === under) return;
    under = slot;
    touch(state().lab, slot);
  }
  /** @type {import("./frame_hand.js").Hand} */
  const hand = {
    hover(x, y) {
      const line = scene.lineAt(y);
      if (!line || line.vcpu >= 0) return shine(line?.slot ?? -1);
      const owner = line.row.kinds[spanAt(line.row, scene.timeAt(seen, x))];
      shine(owner < OTHERS ? owner : -1);
    },
    leave: () => shine(-1),
    press: (x) => point(scene.timeAt(seen, x)),
    drag: (dx) => see(pannedBy(seen, -dx * perPixel(), until())),
    pan: (dx) => see(pannedBy(seen, -dx * perPixel(), until())),
    zoom: (factor, x) => see(zoomedAt(seen, factor, scene.timeAt(seen, x), until())),
    step(direction) {
      const middle = (seen.from + seen.to) / 2;
      const at = cursor >= seen.from && cursor <= seen.to ? cursor : middle;
      see(zoomedAt(seen, direction > 0 ? 0.5 : 2, at, until()));
    },
    fit: () => see({ from: 0, to: until() }),
    // To the side by a hundredth of what is seen; down and up to the next change and to the one before.
    move(columns, rows) {
      if (rows) point(nextChange(runs, cursor, rows));
      else point(cursor + columns * roundStep(seen.to - seen.from, 100));
    },
    page: (direction) => see(pannedBy(seen, direction * 0.9 * (seen.to - seen.from), until())),
    jump: (_all, end) => point(end ? until() : 0),
    pin: ask,
  };
  handle(canvas, signal, hand);
  linked(signal, state().lab, (slot) => {
    scene.shine(slot);
    legend.light(slot);
    want();
  });

  // ---------------------------------------------------------------------------------------------------------- kernel
  let newest = 0;
  async function take() {
    const turn = ++newest;
    /** @type {Packed[]} */
    const packed = model.get("runs");
    const [next, count] = [state(), model.get("version")];
    const bytes = await Promise.all(packed.map(unpacked));
    if (turn !== newest || signal.aborted) return; // a newer run is on its way
    const before = until();
    const whole = seen.from === 0 && seen.to === before;
    [shown, version] = [next, count];
    const slots = next.vcpus.map(({ slot }) => slot);
    runs = packed.map((one, i) => rowsOf(bytes[i], one, slots, next.pcpus));
    // At first not the whole: slices shall be seen for what they are.
    if (cursor < 0 && runs.length) {
      seen = within({ from: 0, to: FIRST_VIEW }, until());
      cursor = Math.round(seen.to / 2);
    } else seen = whole ? { from: 0, to: until() } : within(seen, until());
    cursor = Math.min(cursor, until());
    arrange();
    ask();
  }
  function arrange() {
    canvas.hidden = !runs.length;
    scene.arrange(runs, {
      titles: shown.schedulers.map(({ title: name, told }) => (told ? `${name} · ${told}` : name)),
      vcpus: shown.vcpus,
      most: shown.rows_most,
      pcpu: (index) => t("pCPU {n}", { n: index }),
    });
    write(scale, t("{length} s in view", { length: number(language(), (seen.to - seen.from) / 1e6, 3) }));
    look.el.hidden = !runs.length;
    if (runs.length) tell();
    want();
  }
  const answered = () => runs.length && tell();
  model.on("change:version", take);
  model.on("change:looked", answered);
  signal.addEventListener("abort", () => {
    model.off("change:version", take);
    model.off("change:looked", answered);
  });

  function dress() {
    scene.dress();
    legend.states(
      [t("runs"), t("ready: waits for a pCPU"), t("co-stopped"), t("parked by its cap"), t("blocked")].map(
        (name, i) => [name, (sample) => scene.paints.sample(sample, i, scene.ratio)],
      ),
    );
    want();
  }
  follow(model, signal, ["state", "strings", "language"], () => {
    const now = state();
    write(title, t("Who runs when"));
    set(canvas, "aria-label", t("Time line: moment"));
    set(canvas, "aria-valuemin", 0);
    for (const [one, sign, label] of /** @type {[HTMLElement, string, string][]} */ ([
      [out, "−", t("Zoom out")],
      [into, "+", t("Zoom in")],
      [fit, t("Fit"), t("Show the whole time")],
    ])) {
      write(one, sign);
      set(one, "aria-label", label);
    }
    const mouse = t("Click to choose a moment, drag to move, Ctrl and the wheel to zoom.");
    const keys = t("Keys: ← → move the cursor, ↑ ↓ go from change to change, + − zoom, 0 fits.");
    write(help, `${mouse} ${keys}`);
    write(note, now.note);
    note.hidden = !now.note;
    scene.selected = now.selected;
    legend.draw(now.names, now.selected, t("Virtual machines"));
    describe();
    if (shown.vcpus.length === now.vcpus.length && shown.schedulers.length === now.schedulers.length) {
      shown = now;
      arrange();
    }
    dress();
  });
  take();

  // -------------------------------------------------------------------------------------------------------- the page
  const dressed = new MutationObserver(dress);
  dressed.observe(el, { attributes: true, attributeFilter: ["class"] });
  const measured = new ResizeObserver(([entry]) => {
    const width = Math.round(entry.contentRect.width);
    if (!width || width === scene.width) return;
    if (!scene.width) dress(); // before it is in the page, a sheet says nothing
    scene.resize(width);
    want();
  });
  measured.observe(el);
  signal.addEventListener("abort", () => {
    dressed.disconnect();
    measured.disconnect();
  });
}

export default { render };
