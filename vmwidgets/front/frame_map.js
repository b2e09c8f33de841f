// The machine's memory, frame by frame: a canvas to zoom and to move about in, without a word to the kernel.
import { cellAt, cornerOf, gridOf } from "./frame_cells.js";
import { FrameEye } from "./frame_eye.js";
import { handle } from "./frame_hand.js";
import { frameLegend } from "./frame_legend.js";
import { FrameScene } from "./frame_scene.js";
import { FrameStream } from "./frame_stream.js";
import { frameTable, frameText } from "./frame_words.js";
import { errorBox, sender } from "./kernel.js";
import { follow, h, linked, number, root, set, textTwin, touch, translator, unique, write } from "./kit.js";

/**
 * @typedef {object} State
 * @property {string} lab
 * @property {number} frames
 * @property {number} page_bytes
 * @property {string[]} names of the slots
 * @property {number} selected slot, or -1
 * @property {string} note
 */

/** @type {import("@anywidget/types").Render} */
function render({ model, el, signal }) {
  root(el, signal, "frames");
  const t = translator(model);
  // Who comes back to a frame before the kernel was asked about another has no change to wait for, but the old answer.
  const send = sender(model, signal, { answered: () => send.busy("look") || answered() });
  const language = () => model.get("language");
  /** @returns {State} */
  const state = () => model.get("state");
  const grid = gridOf(state().frames);

  const id = unique("vmw-frames");
  const canvas = h("canvas", {
    class: "vmw-map",
    tabindex: 0,
    role: "application",
    "aria-describedby": `${id}-told ${id}-help`,
    "data-frames": grid.frames,
  });
  const scene = new FrameScene(canvas, el, grid);
  const eye = new FrameEye(scene);
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
  const told = h("p", { class: "vmw-told", id: `${id}-told` });
  const help = h("p", { class: "vmw-help", id: `${id}-help` });
  const note = h("p", { class: "vmw-lock" });
  const twin = textTwin(signal, "");
  const legend = frameLegend(signal, {
    touch: (slot) => touch(state().lab, slot),
    select: (slot) => send("select", { name: "select", slot }),
  });
  el.append(h("div", { class: "vmw-row vmw-head" }, title, scale, out, into, fit), note, canvas, told, legend.el, help);
  el.append(twin.el, errorBox(model, signal));

  // ------------------------------------------------------------------------------------------------------ drawing
  const still = window.matchMedia("(prefers-reduced-motion: reduce)");
  let [seq, wanted, version, drawn] = [0, false, -1, -1];
  let [hovered, cursor, pinned, walked] = [-1, 0, -1, -1];

  function want() {
    if (wanted || signal.aborted) return;
    wanted = true;
    requestAnimationFrame((now) => {
      wanted = false;
      if (signal.aborted || !scene.size.width) return;
      if (still.matches) eye.arrive();
      else if (eye.glide(now)) want();
      draw();
    });
  }

  function draw() {
    const focused = document.activeElement === canvas;
    scene.draw(eye.now, [
      [walked, 2],
      [hovered, 1],
      [focused ? cursor : -1, 2],
      [pinned, 3],
    ]);
    const { x, y, unit } = eye.now;
    const cells = unit * scene.ratio;
    const [what, count] = cells > 1 ? [t("frames in a pixel"), cells * cells] : [t("pixels a frame"), 1 / cells];
    write(
      scale,
      `${number(language(), count, Math.abs(count - Math.round(count)) > 0.05 && count < 10 ? 1 : 0)} ${what}`,
    );
    set(canvas, "data-eye", `${x} ${y} ${unit}`);
    set(canvas, "data-version", version);
    set(canvas, "data-seq", ++seq);
    if (version > drawn) {
      drawn = version;
      send("drawn", { name: "drawn", to: version });
    }
  }

  function dress() {
    scene.dress();
    scene.light(-1);
    legend.draw(t, state(), scene.look, scene.family);
    shine(-1);
    want();
  }

  // --------------------------------------------------------------------------------------------------- what is told
  /** The frame that is spoken of, and what the kernel has said of it. */
  let subject = -1;
  /** @type {import("./frame_words.js").About | null} */
  let about = null;
  let [mine, shining] = [false, -1];

  /**
   * @param {number} frame
   * @param {boolean} aloud whether it is read out: what the keys do, not every movement of the pointer
   */
  function tell(frame, aloud) {
    set(told, "aria-live", aloud ? "polite" : "off");
    if (frame !== subject) {
      subject = frame;
      about = null;
      set(canvas, "data-cell", frame);
      look();
    }
    const owner = frame < 0 ? 15 : scene.pixels.codes[frame] & 15;
    shine(state().names[owner] ? owner : -1);
    say();
    want();
  }

  const look = () => {
    if (subject >= 0) send("look", { name: "look", frame: subject });
  };

  function say() {
    const code = scene.pixels.codes[subject];
    const known = subject >= 0 && version >= 0;
    const text = known ? frameText(t, language(), subject, code, state().names, about) : "";
    write(told, text || t("Point at a frame to see what it is."));
  }

  /**
   * Light a VM in the other views; under the hand the map itself stays as it is.
   * @param {number} slot
   */
  function shine(slot) {
    if (slot === shining) return;
    shining = slot;
    mine = true;
    touch(state().lab, slot);
    mine = false;
  }

  linked(signal, state().lab, (slot) => {
    scene.light(mine ? -1 : slot);
    legend.light(slot);
    want();
  });
  const steps = (/** @type {Event} */ event) => {
    const { detail } = /** @type {CustomEvent<{lab: string, frame: number}>} */ (event);
    if (detail.lab !== state().lab || detail.frame === walked) return;
    walked = detail.frame;
    set(canvas, "data-walked", walked);
    want();
  };
  document.addEventListener("vmw-frame", steps, { signal }); // of a page walk, which reads this frame
  const answered = () => {
    const said = model.get("looked");
    if (said.frame !== subject) return;
    about = said;
    say();
    set(canvas, "data-looked", subject);
  };
  model.on("change:looked", answered);

  // ---------------------------------------------------------------------------------------------------------- hand
  /** @param {number} frame */
  function point(frame) {
    cursor = Math.min(Math.max(frame, 0), grid.frames - 1);
    eye.reveal(cursor);
    tell(cursor, true);
  }
  /** @type {import("./frame_hand.js").Hand} */
  const hand = {
    hover(x, y) {
      const frame = cellAt(grid, eye.now, x, y);
      if (frame === hovered) return;
      hovered = frame;
      if (pinned < 0) tell(frame, false);
      want();
    },
    leave() {
      hovered = -1;
      tell(pinned, false);
      shine(-1);
    },
    press(x, y) {
      const frame = cellAt(grid, eye.now, x, y);
      if (frame < 0) return;
      cursor = frame;
      hand.pin();
    },
    drag(dx, dy) {
      eye.pan(dx, dy);
      eye.arrive(); // under the hand the map moves with it, not after it
      want();
    },
    pan(dx, dy) {
      eye.pan(dx, dy);
      want();
    },
    zoom(factor, x, y) {
      eye.zoom(eye.target.unit * factor, x, y);
      want();
    },
    step(direction) {
      const focused = document.activeElement === canvas;
      const { x, y } = focused
        ? cornerOf(grid, eye.target, cursor)
        : { x: scene.size.width / 2, y: scene.size.height / 2 };
      eye.step(direction, x, y);
      want();
    },
    fit() {
      eye.fit();
      want();
    },
    move(columns, rows) {
      // Where cells are too small to count, an arrow goes as far as one can see.
      const stride = Math.max(1, Math.round(4 * scene.ratio * eye.target.unit));
      const column = (cursor % grid.columns) + columns * stride;
      const row = Math.floor(cursor / grid.columns) + rows * stride;
      const last = Math.floor((grid.frames - 1) / grid.columns);
      point(Math.min(Math.max(row, 0), last) * grid.columns + Math.min(Math.max(column, 0), grid.columns - 1));
    },
    page(direction) {
      const rows = Math.max(1, Math.floor(scene.size.height * eye.target.unit) - 1);
      const row = Math.floor(cursor / grid.columns) + direction * rows;
      const last = Math.floor((grid.frames - 1) / grid.columns);
      point(Math.min(Math.max(row, 0), last) * grid.columns + (cursor % grid.columns));
    },
    jump(all, end) {
      const start = all ? 0 : cursor - (cursor % grid.columns);
      point(end ? start + (all ? grid.frames : grid.columns) - 1 : start);
    },
    pin() {
      pinned = pinned === cursor ? -1 : cursor;
      tell(cursor, true);
    },
  };
  handle(canvas, signal, hand);
  canvas.addEventListener("focus", () => canvas.matches(":focus-visible") && tell(cursor, true), { signal });
  canvas.addEventListener("blur", () => tell(pinned, false), { signal });

  // -------------------------------------------------------------------------------------------------------- kernel
  /** @type {import("./frame_stream.js").Words | null} */
  let words = null;
  const tabulate = () => {
    if (!words) return;
    twin.update(words.sentence, frameTable(t, language(), words, state()), t("Table: whose the frames are"));
  };
  const stream = new FrameStream(
    () => send("map", { name: "map" }),
    (change, to, said) => {
      words = said;
      if (signal.aborted) return;
      if (change) {
        scene.pixels.put(change);
        version = to;
        say();
        look();
        want();
      }
      tabulate();
    },
  );
  /** @type {(message: object, buffers: DataView[]) => void} */
  const heard = (message, buffers) => stream.hear(message, buffers);
  model.on("msg:custom", heard);
  signal.addEventListener("abort", () => {
    model.off("msg:custom", heard);
    model.off("change:looked", answered);
  });
  stream.ask();

  follow(model, signal, ["state", "strings", "language"], () => {
    write(title, t("Memory, frame by frame"));
    set(canvas, "aria-label", t("Map of the memory's frames"));
    write(out, "−");
    write(into, "+");
    write(fit, t("Fit"));
    set(out, "aria-label", t("Zoom out"));
    set(into, "aria-label", t("Zoom in"));
    write(
      help,
      t("Drag to move, Ctrl and the wheel to zoom. Keys: arrows choose a frame, + and - zoom, 0 fits, Enter pins."),
    );
    write(note, state().note);
    note.hidden = !state().note;
    tabulate();
    say();
    dress();
  });

  // ------------------------------------------------------------------------------------------------------- the page
  const dressed = new MutationObserver(dress);
  dressed.observe(el, { attributes: true, attributeFilter: ["class"] });
  const measured = new ResizeObserver(([entry]) => {
    if (!entry.contentRect.width) return;
    if (!scene.size.width) dress(); // before it is in the page, a sheet says nothing
    scene.resize(Math.round(entry.contentRect.width));
    eye.resized();
    want();
  });
  measured.observe(canvas);
  signal.addEventListener("abort", () => {
    dressed.disconnect();
    measured.disconnect();
  });
}

export default { render };
