// What the hand does on the map, by pointer, wheel and keys. A wheel scrolls the page, unless ctrl is held or the map has
// the focus.

/**
 * @typedef {object} Hand points are in pixels of the screen
 * @property {(x: number, y: number) => void} hover
 * @property {() => void} leave
 * @property {(x: number, y: number) => void} press
 * @property {(dx: number, dy: number) => void} drag
 * @property {(dx: number, dy: number) => void} pan
 * @property {(factor: number, x: number, y: number) => void} zoom
 * @property {(direction: number) => void} step
 * @property {() => void} fit
 * @property {(columns: number, rows: number) => void} move the cursor
 * @property {(direction: number) => void} page up or down
 * @property {(all: boolean, end: boolean) => void} jump to an end of the row, or of all frames
 * @property {() => void} pin
 */

/** Pixels that a pointer may move between down and up and still have pressed. */
const STILL = 4;
/** Pixels that shift and an arrow pan by. */
const PAN = 48;

/**
 * @param {HTMLCanvasElement} canvas
 * @param {AbortSignal} signal
 * @param {Hand} hand
 */
export function handle(canvas, signal, hand) {
  const scale = () => canvas.width / (canvas.clientWidth || 1);
  /** @param {MouseEvent} event */
  const point = (event) => /** @type {[number, number]} */ ([event.offsetX * scale(), event.offsetY * scale()]);
  /** @type {{x: number, y: number, moved: boolean} | null} */
  let held = null;
  canvas.addEventListener(
    "pointerdown",
    (event) => {
      if (event.button !== 0) return;
      canvas.setPointerCapture(event.pointerId);
      held = { x: event.clientX, y: event.clientY, moved: false };
    },
    { signal },
  );
  canvas.addEventListener(
    "pointermove",
    (event) => {
      if (!held) return hand.hover(...point(event));
      const dx = event.clientX - held.x;
      const dy = event.clientY - held.y;
      if (!held.moved && Math.hypot(dx, dy) < STILL) return;
      held = { x: event.clientX, y: event.clientY, moved: true };
      canvas.classList.add("vmw-held");
      hand.drag(dx * scale(), dy * scale());
    },
    { signal },
  );
  /** @param {boolean} pressed */
  const release = (pressed) => (/** @type {PointerEvent} */ event) => {
    if (held && !held.moved && pressed) hand.press(...point(event));
    held = null;
    canvas.classList.remove("vmw-held");
  };
  canvas.addEventListener("pointerup", release(true), { signal });
  canvas.addEventListener("pointercancel", release(false), { signal });
  canvas.addEventListener("pointerleave", () => hand.leave(), { signal });
  canvas.addEventListener(
    "wheel",
    (event) => {
      if (!event.ctrlKey && document.activeElement !== canvas) return;
      event.preventDefault();
      // Lines and pages of a wheel, in pixels.
      const pixels = event.deltaY * [1, 20, 400][event.deltaMode];
      hand.zoom(2 ** (Math.min(Math.max(pixels, -200), 200) / 200), ...point(event));
    },
    { signal, passive: false },
  );
  canvas.addEventListener(
    "keydown",
    (event) => {
      const all = event.ctrlKey;
      // The browser's own zoom, and whatever else it has keys for.
      if (event.altKey || event.metaKey || (all && event.key !== "Home" && event.key !== "End")) return;
      /** @type {Record<string, () => void>} */
      const keys = {
        ArrowLeft: () => (event.shiftKey ? hand.pan(PAN * scale(), 0) : hand.move(-1, 0)),
        ArrowRight: () => (event.shiftKey ? hand.pan(-PAN * scale(), 0) : hand.move(1, 0)),
        ArrowUp: () => (event.shiftKey ? hand.pan(0, PAN * scale()) : hand.move(0, -1)),
        ArrowDown: () => (event.shiftKey ? hand.pan(0, -PAN * scale()) : hand.move(0, 1)),
        PageUp: () => hand.page(-1),
        PageDown: () => hand.page(1),
        Home: () => hand.jump(all, false),
        End: () => hand.jump(all, true),
        Enter: () => hand.pin(),
        "+": () => hand.step(1),
        "=": () => hand.step(1),
        "-": () => hand.step(-1),
        0: () => hand.fit(),
      };
      const act = keys[event.key];
      if (!act) return;
      event.preventDefault();
      act();
    },
    { signal },
  );
}
