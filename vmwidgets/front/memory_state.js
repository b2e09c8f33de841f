// The host's free memory over time on the ladder of its thresholds, and what the VMM does on the rung the host is on.
import { follow, h, number, root, s, set, textTwin, translator, write } from "./kit.js";

/** @typedef {{name: string, bytes: number, until: number, does: string}} Rung until: free bytes with which it is left */
/**
 * @typedef {object} State
 * @property {number} all bytes that guests can have
 * @property {number} at the rung the host is on
 * @property {Rung[]} rungs from plenty to none
 * @property {number[]} free MiB free at the end of each tick, the newest last
 * @property {[number, number][]} states where in `free` each run of one rung begins, and the rung
 * @property {number} last tick of the newest value
 * @property {number} span ticks that the picture is wide
 * @property {number} tick_s
 * @property {string} sentence
 * @property {string[][]} rows
 * @property {string} changes
 */

const MIB = 2 ** 20;
const HIGH = 168;
const STRIP = 16;
/** The band above all thresholds is so many times as high as the others. */
const PLENTY = 2;

/**
 * The height of an amount: the thresholds stand at equal distances, because they lie at a few per cent of the memory.
 * @param {State} state
 * @returns {(bytes: number) => number} 0 at no memory, 1 at all of it
 */
function heights({ rungs, all }) {
  const marks = [0, ...new Set(rungs.map((rung) => rung.bytes).filter((bytes) => bytes > 0))].sort((a, b) => a - b);
  const bands = marks.length - 1 + PLENTY;
  return (bytes) => {
    let i = marks.length - 1;
    while (i > 0 && bytes < marks[i]) i--;
    const [from, to] = [marks[i], marks[i + 1] ?? all];
    const part = Math.min(Math.max((bytes - from) / (to - from), 0), 1);
    return (i + part * (i === marks.length - 1 ? PLENTY : 1)) / bands;
  };
}

/** @type {import("@anywidget/types").Render} */
function render({ model, el, signal }) {
  root(el, signal, "memory-state");
  const t = translator(model);
  /** @returns {State} */
  const state = () => model.get("state");
  const language = () => model.get("language");
  const title = h("span", { class: "vmw-title" });
  const badge = h("strong", { class: "vmw-badge" });
  const much = h("span", { class: "vmw-much" });

  const bands = s("g");
  const area = s("path", { class: "vmw-area" });
  const line = s("path", { class: "vmw-free-line" });
  const limits = s("g");
  const strip = s("g");
  const ticks = s("g");
  const head = s("circle", { class: "vmw-head-dot", r: 4 });
  const label = s("title");
  const svg = s(
    "svg",
    { role: "img", height: HIGH + STRIP + 26 },
    label,
    bands,
    area,
    limits,
    line,
    head,
    strip,
    ticks,
  );
  const chart = h("div", { class: "vmw-ladder-chart" }, svg);
  const list = h("ol", { class: "vmw-rungs" });
  const twin = textTwin(signal, "");
  const changes = h("span", { class: "vmw-changes" });
  el.append(
    h("div", { class: "vmw-row vmw-head" }, title, badge, much, changes),
    h("div", { class: "vmw-ladder" }, chart, list),
    twin.el,
  );
  let wide = 0;

  /** @param {number} bytes */
  const amount = (bytes) =>
    bytes < 1024 * MIB
      ? t("{amount} MiB", { amount: number(language(), bytes / MIB) })
      : t("{amount} GiB", { amount: number(language(), bytes / 1024 / MIB, bytes < 10240 * MIB ? 2 : 1) });

  /**
   * @param {Element} group
   * @param {number} count
   * @param {() => Element} make
   */
  function keep(group, count, make) {
    while (group.children.length > count) group.lastChild?.remove();
    while (group.children.length < count) group.append(make());
  }

  function drawList() {
    const { rungs, at } = state();
    keep(list, rungs.length, () =>
      h("li", {}, h("b"), h("span", { class: "vmw-limit" }), h("span", { class: "vmw-does" })),
    );
    rungs.forEach((rung, i) => {
      const row = list.children[i];
      set(row, "class", i === at ? "vmw-lit" : "");
      set(row, "aria-current", i === at ? "true" : null);
      write(row.children[0], rung.name);
      const below = i > 0 && rung.bytes > 0;
      const fields = { amount: amount(rung.bytes), more: amount(rung.until) };
      const text = i === at ? t("below {amount}, until {more} are free", fields) : t("below {amount}", fields);
      write(row.children[1], below ? text : "");
      write(row.children[2], rung.does);
    });
  }

  function drawChart() {
    const now = state();
    const { rungs, free, states, span, last } = now;
    if (!wide) return;
    const width = wide - 74; // the names of the thresholds stand to the right
    const high = heights(now);
    const y = (/** @type {number} */ bytes) => HIGH - 6 - high(bytes) * (HIGH - 12);
    const x = (/** @type {number} */ i) => ((i - free.length + span + 1) / span) * width;
    const points = free.map((mib, i) => `${x(i).toFixed(1)},${y(mib * MIB).toFixed(1)}`);
    set(svg, "width", wide);
    set(line, "d", `M${points.join("L")}`);
    set(area, "d", `M${x(0).toFixed(1)},${HIGH}L${points.join("L")}L${x(free.length - 1).toFixed(1)},${HIGH}Z`);
    const [hx, hy] = points[points.length - 1].split(",");
    set(head, "cx", hx);
    set(head, "cy", hy);

    /** @type {Map<number, string[]>} several rungs may have one threshold */
    const named = new Map();
    for (const { bytes, name } of rungs) if (bytes > 0) named.set(bytes, [...(named.get(bytes) ?? []), name]);
    keep(limits, named.size, () =>
      s("g", {}, s("line", { class: "vmw-limit-line" }), s("text"), s("text", { class: "vmw-soft" })),
    );
    [...named].forEach(([bytes, names], i) => {
      const [rule, name, value] = limits.children[i].children;
      const at = y(bytes).toFixed(1);
      for (const [key, to] of /** @type {[string, string | number][]} */ ([
        ["x1", 0],
        ["x2", width],
        ["y1", at],
        ["y2", at],
      ])) {
        set(rule, key, to);
      }
      set(name, "x", width + 6);
      set(name, "y", Number(at) - 1);
      set(value, "x", width + 6);
      set(value, "y", Number(at) + 11);
      write(name, names.join(", "));
      write(value, amount(bytes));
    });

    keep(strip, states.length, () => s("g", {}, s("rect"), s("text", { "text-anchor": "middle" })));
    states.forEach(([from, rung], i) => {
      const [box, text] = strip.children[i].children;
      const begin = Math.max(x(from) - (from ? width / span / 2 : 0), 0);
      const end = i + 1 < states.length ? x(states[i + 1][0]) - width / span / 2 : x(free.length - 1);
      const size = Math.max(end - begin, 2);
      set(box, "class", `vmw-step vmw-step-${Math.min(rung, 4)}`);
      set(box, "x", begin.toFixed(1));
      set(box, "y", HIGH + 4);
      set(box, "width", size.toFixed(1));
      set(box, "height", STRIP);
      set(text, "x", (begin + size / 2).toFixed(1));
      set(text, "y", HIGH + 4 + 12);
      const { name } = rungs[rung];
      write(text, size > 8 * name.length + 8 ? name : "");
    });

    const marks = [-120, -80, -40, 0];
    keep(ticks, marks.length, () => s("text", { class: "vmw-soft" }));
    marks.forEach((back, i) => {
      const text = ticks.children[i];
      set(text, "x", (((span + back) / span) * width).toFixed(1));
      set(text, "y", HIGH + STRIP + 20);
      set(text, "text-anchor", i === 0 ? "start" : i === 3 ? "end" : "middle");
      write(text, back ? number(language(), back) : t("tick {tick}", { tick: number(language(), last + 1) }));
    });
    write(label, `${t("Free memory of the host")}. ${now.sentence}`);
  }

  function draw() {
    const now = state();
    const rung = now.rungs[now.at];
    write(title, t("Free memory of the host"));
    write(badge, rung.name);
    set(badge, "class", `vmw-badge vmw-step-${Math.min(now.at, 4)}`);
    write(much, t("{free} free of {all}", { free: amount(now.free[now.free.length - 1] * MIB), all: amount(now.all) }));
    set(list, "aria-label", t("States of the host"));
    set(el, "data-vmw-rung", String(now.at));
    write(changes, now.changes);
    drawList();
    drawChart();
    twin.update(now.sentence, now.rows, t("Table: the states and what is done in them"));
  }

  const measured = new ResizeObserver(([entry]) => {
    const width = Math.round(entry.contentRect.width);
    if (!width || width === wide) return;
    wide = width;
    drawChart();
  });
  measured.observe(chart);
  signal.addEventListener("abort", () => measured.disconnect());
  follow(model, signal, ["state", "strings", "language"], draw);
}

export default { render };
