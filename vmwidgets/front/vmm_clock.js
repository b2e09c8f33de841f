// A guest's run as a time line: every mark is a moment at which the VMM had control.
import { follow, h, number, root, s, set, textTwin, translator, write } from "./kit.js";

/**
 * @typedef {object} State
 * @property {string} closed
 * @property {number} total instructions of the run
 * @property {[number, string][]} exits instruction before which it happened, and why
 * @property {[string, string][]} reasons id and name of every reason
 * @property {string[]} program
 * @property {number[]} lines line of the program at each exit
 */

const SHAPES = ["M0,-9 V9", "M-4,-9 H4 L0,9 Z", "M-5,0 L0,-9 L5,0 L0,9 Z", "M-4,-8 H4 V8 H-4 Z", "M-4,9 H4 L0,-9 Z"];

/** @type {import("@anywidget/types").Render} */
function render({ model, el, signal }) {
  root(el, signal, "clock");
  const t = translator(model);
  /** @returns {State} */
  const state = () => model.get("state");
  const closed = h("p", { class: "vmw-lock" });
  const guest = s("line", { class: "vmw-guest", y1: 34, y2: 34 });
  const done = s("line", { class: "vmw-done", y1: 34, y2: 34 });
  const marks = s("g");
  const hand = s("path", { class: "vmw-hand", d: "M0,10 V58" });
  const label = s("title");
  const svg = s("svg", { role: "img", height: 66 }, label, guest, done, marks, hand);
  const step = h("input", { type: "range", min: 0, step: 1, value: 0 });
  const stepLabel = h("label", { class: "vmw-field" }, h("span"), step);
  const next = h("button", { type: "button" });
  const all = h("button", { type: "button" });
  const legend = h("div", { class: "vmw-row vmw-legend" });
  const twin = textTwin(signal, "");
  const code = h("pre", { class: "vmw-code", tabindex: 0 });
  const program = h("details", {}, h("summary"), code);
  const open = h("div", {}, h("div", { class: "vmw-row" }, stepLabel, next, all), svg, legend, twin.el, program);
  el.append(closed, open);
  let width = 0;

  const at = () => Number(step.value);
  step.addEventListener("input", () => draw(), { signal });
  next.addEventListener(
    "click",
    () => {
      const later = state().exits.find(([index]) => index >= at());
      step.value = String(later ? later[0] + 1 : state().total);
      draw();
    },
    { signal },
  );
  all.addEventListener(
    "click",
    () => {
      step.value = String(state().total);
      draw();
    },
    { signal },
  );

  function draw() {
    const now = state();
    write(closed, now.closed);
    closed.hidden = !now.closed;
    open.hidden = Boolean(now.closed);
    if (now.closed || width <= 0) return;
    const language = model.get("language");
    const x = (/** @type {number} */ index) => 8 + ((width - 16) * index) / now.total;
    set(svg, "width", width);
    set(svg, "viewBox", `0 0 ${width} 66`);
    set(step, "max", now.total);
    set(guest, "x1", x(0));
    set(guest, "x2", x(now.total));
    set(done, "x1", x(0));
    set(done, "x2", x(at()));
    set(hand, "transform", `translate(${x(at())},0)`);
    const names = new Map(now.reasons);
    const ids = now.reasons.map(([id]) => id);
    const passed = now.exits.filter(([index]) => index < at());
    while (marks.children.length > passed.length) marks.lastChild?.remove();
    passed.forEach(([index, reason], i) => {
      const mark = marks.children[i] ?? marks.appendChild(s("path"));
      const kind = ids.indexOf(reason);
      set(mark, "class", `vmw-mark-${kind}`);
      set(mark, "d", SHAPES[kind % SHAPES.length]);
      set(mark, "transform", `translate(${x(index).toFixed(1)},34)`);
    });
    write(stepLabel.children[0], t("Instructions executed"));
    write(next, t("To the next mark"));
    write(all, t("To the end"));
    write(/** @type {Element} */ (program.firstChild), t("The guest's program"));
    write(code, now.program.join("\n"));
    while (legend.children.length > now.reasons.length) legend.lastChild?.remove();
    now.reasons.forEach(([, name], kind) => {
      const item =
        legend.children[kind] ??
        legend.appendChild(
          h(
            "span",
            { class: "vmw-field" },
            s("svg", { width: 14, height: 20, viewBox: "-7 -10 14 20" }, s("path")),
            h("span"),
          ),
        );
      const path = item.querySelector("path");
      if (path) {
        set(path, "d", SHAPES[kind % SHAPES.length]);
        set(path, "class", `vmw-mark-${kind}`);
      }
      write(item.children[1], name);
    });
    const last = passed.at(-1);
    const text = last
      ? t("After {n} instructions the VMM has had control; the last time because of: {reason}.", {
          n: number(language, at()),
          reason: names.get(last[1]) ?? last[1],
        })
      : t("After {n} instructions the guest has run alone.", { n: number(language, at()) });
    write(label, text);
    twin.update(
      text,
      [
        [t("before instruction"), t("why the VMM got control"), t("line of the program")],
        ...passed.map(([index, reason], i) => [
          number(language, index + 1),
          names.get(reason) ?? reason,
          now.program[now.lines[i] - 1]?.trim() ?? "",
        ]),
      ],
      t("Table: every time the VMM got control"),
    );
  }
  const observer = new ResizeObserver(([entry]) => {
    width = Math.round(entry.contentRect.width);
    requestAnimationFrame(() => signal.aborted || draw());
  });
  observer.observe(el);
  signal.addEventListener("abort", () => observer.disconnect());
  follow(model, signal, ["state", "strings", "language"], draw);
}

export default { render };
