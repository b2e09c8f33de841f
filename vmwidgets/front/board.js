// The article's picture come alive: pools below, the VMM between, virtual machines with unequal bars above.
import { amount, errorBox, follow, h, linked, number, root, s, sender, set, textTwin, touch, translator, write } from "./kit.js";
import { INKS, patterns } from "./palette.js";

/** @typedef {"memory" | "cpu" | "disk" | "disk_io" | "network"} Resource */
/** @typedef {{capacity: number, vmm: number, free: number, other: number}} Pool */
/**
 * @typedef {object} Machine
 * @property {number} slot
 * @property {string} name
 * @property {number} vcpus
 * @property {number} memory configured, in bytes
 * @property {number} stalled
 * @property {number} steal in thousandths
 * @property {number[]} used per resource, in the order of RESOURCES
 * @property {number[]} entitled
 * @property {number[]} demand
 */
/**
 * @typedef {object} State
 * @property {string} lab
 * @property {string} vmm
 * @property {string} clock
 * @property {number} selected
 * @property {Pool[]} pools in the order of RESOURCES
 * @property {Machine[]} vms
 * @property {string} sentence
 */

/** @type {Resource[]} */
export const RESOURCES = ["memory", "cpu", "disk", "disk_io", "network"];
const CARD = { height: 142, gap: 10, most: 190, bars: 58 };
const BAND = { top: 168, height: 34 };
const POOL = { top: 228, height: 92, gap: 12, bar: 30 };
export const HEIGHT = POOL.top + POOL.height + 2;

/**
 * The segments of a pool's bar: the VMM's part, each VM's part, those without a slot, and what is free.
 * They always fill the bar exactly.
 * @param {Pool} pool
 * @param {{slot: number, used: number}[]} parts
 * @param {number} width
 */
export function segments(pool, parts, width) {
  const scale = width / pool.capacity;
  let x = 0;
  return [
    { key: "vmm", value: pool.vmm },
    ...parts.map(({ slot, used }) => ({ key: String(slot), value: used })),
    { key: "other", value: pool.other },
    { key: "free", value: pool.free },
  ].map(({ key, value }) => {
    const segment = { key, x, width: value * scale };
    x += segment.width;
    return segment;
  });
}

/**
 * The value that fills a bar, per resource: the largest that any VM wants or has, and at least an eighth of the pool.
 * All cards share it, so that unequal parts look unequal.
 * @param {State} state
 */
export function scales(state) {
  return RESOURCES.map((_, r) =>
    Math.max(state.pools[r].capacity / 8, ...state.vms.map((vm) => Math.max(vm.used[r], vm.entitled[r], vm.demand[r]))),
  );
}

/**
 * @param {string} text
 * @param {number} pixels
 * @param {number} [each] average width of a character
 */
export function ellipsis(text, pixels, each = 7.2) {
  const room = Math.max(1, Math.floor(pixels / each));
  return text.length <= room ? text : `${text.slice(0, Math.max(1, room - 1))}…`;
}

let pictures = 0;

/** @type {import("@anywidget/types").Render} */
function render({ model, el, signal }) {
  root(el, signal, "board");
  const t = translator(model);
  const send = sender(model, signal);
  const prefix = `vmw-pattern-${++pictures}`;
  const svg = s("svg", { role: "group", class: "vmw-picture" }, patterns(prefix));
  const links = s("g", { class: "vmw-links", "aria-hidden": "true" });
  const band = s("g", {}, s("rect", { class: "vmw-band", rx: 8 }), s("text", {}), s("text", { class: "vmw-soft" }));
  const pools = RESOURCES.map((resource) => pool(resource));
  /** @type {Map<number, ReturnType<typeof card>>} */
  const cards = new Map();
  const empty = s("text", { class: "vmw-soft vmw-empty" });
  svg.append(links, band, ...pools.map((p) => p.el), empty);
  const twin = textTwin(signal, "");
  el.append(svg, errorBox(model, signal), twin.el);
  let width = 0;
  let touched = -1;

  /** @param {Resource} resource */
  function pool(resource) {
    const title = s("text", { class: "vmw-title", y: 16 });
    const text = s("text", { class: "vmw-soft", y: POOL.height - 12 });
    const bar = s("g", { transform: "translate(0,26)" });
    const label = s("title");
    const group = s("g", { role: "img" }, label, s("rect", { class: "vmw-well", rx: 8 }), title, bar, text);
    /** @type {Map<string, {rect: SVGRectElement, mark: SVGTextElement}>} */
    const parts = new Map();
    /** @param {string} key */
    const part = (key) => {
      const found = parts.get(key);
      if (found) return found;
      const rect = s("rect", { height: POOL.bar, class: "vmw-part vmw-glide" });
      const mark = s("text", { class: "vmw-mark", y: POOL.bar / 2 + 4, "text-anchor": "middle" });
      if (key === "vmm") rect.style.fill = `url(#${prefix}-vmm)`;
      else if (key === "free") rect.classList.add("vmw-free");
      else if (key === "other") rect.classList.add("vmw-other");
      else {
        const slot = Number(key);
        rect.style.fill = `url(#${prefix}-${slot})`;
        mark.style.fill = INKS[slot];
        mark.style.paintOrder = "stroke";
        mark.style.stroke = INKS[slot] === "#ffffff" ? "rgb(0 0 0 / 35%)" : "rgb(255 255 255 / 70%)";
        mark.style.strokeWidth = "3px";
        rect.addEventListener("pointerenter", () => touch(state().lab, slot), { signal });
        rect.addEventListener("pointerleave", () => touch(state().lab, -1), { signal });
        rect.addEventListener("click", () => select(slot), { signal });
        rect.style.cursor = "pointer";
      }
      bar.append(rect, mark);
      parts.set(key, { rect, mark });
      return { rect, mark };
    };
    return {
      el: group,
      /**
       * @param {number} index
       * @param {number} x
       * @param {number} w
       */
      draw(index, x, w) {
        const now = state();
        const of = now.pools[index];
        const name = names()[index];
        const inner = w - 20;
        set(group, "transform", `translate(${x},${POOL.top})`);
        set(group.querySelector(".vmw-well") ?? group, "width", w);
        set(group.querySelector(".vmw-well") ?? group, "height", POOL.height);
        set(title, "x", 10);
        set(bar, "transform", "translate(10,26)");
        write(title, ellipsis(name, inner));
        const made = segments(
          of,
          now.vms.map((vm) => ({ slot: vm.slot, used: vm.used[index] })),
          inner,
        );
        const seen = new Set(made.map((m) => m.key));
        for (const [key, { rect, mark }] of parts) {
          if (seen.has(key)) continue;
          rect.remove();
          mark.remove();
          parts.delete(key);
        }
        for (const segment of made) {
          const { rect, mark } = part(segment.key);
          set(rect, "x", segment.x.toFixed(2));
          set(rect, "width", Math.max(0, segment.width).toFixed(2));
          set(mark, "x", (segment.x + segment.width / 2).toFixed(2));
          const slot = Number(segment.key);
          write(mark, slot >= 0 && segment.width > 14 ? String(slot + 1) : "");
          set(rect, "data-vmw-slot", slot >= 0 ? slot : null);
        }
        const language = model.get("language");
        const used = amount(RESOURCES[index], of.capacity - of.free, language);
        const all = amount(RESOURCES[index], of.capacity, language);
        const sentence = t("{used} of {all} {unit}", { used, all, unit: units()[index] });
        set(text, "x", 10);
        write(text, ellipsis(sentence, inner, 6.4));
        write(label, `${name}: ${sentence}`);
      },
    };
  }

  /** @param {number} slot */
  function card(slot) {
    const swatch = s("rect", { x: 10, y: 10, width: 18, height: 18, rx: 4 });
    swatch.style.fill = `url(#${prefix}-${slot})`;
    const mark = s("text", { class: "vmw-mark", x: 19, y: 23, "text-anchor": "middle" }, String(slot + 1));
    mark.style.fill = INKS[slot];
    mark.style.paintOrder = "stroke";
    mark.style.stroke = INKS[slot] === "#ffffff" ? "rgb(0 0 0 / 35%)" : "rgb(255 255 255 / 70%)";
    mark.style.strokeWidth = "3px";
    const name = s("text", { class: "vmw-title", x: 35, y: 24 });
    const size = s("text", { class: "vmw-soft vmw-small", x: 10, y: 44 });
    const bars = RESOURCES.map(() => {
      const use = s("rect", { class: "vmw-glide" });
      use.style.fill = `url(#${prefix}-${slot})`;
      return {
        use,
        entitled: s("rect", { class: "vmw-entitled" }),
        demand: s("path", { class: "vmw-demand" }),
        label: s("text", { class: "vmw-soft vmw-tiny", "text-anchor": "middle", y: CARD.height - 10 }),
      };
    });
    const frame = s("rect", { class: "vmw-frame", height: CARD.height, rx: 8 });
    const group = s(
      "g",
      { role: "button", tabindex: 0, class: "vmw-card vmw-glide", "data-vmw-slot": slot },
      frame,
      swatch,
      mark,
      name,
      size,
      ...bars.flatMap((b) => [b.use, b.entitled, b.demand, b.label]),
    );
    group.addEventListener("click", () => select(slot), { signal });
    group.addEventListener("pointerenter", () => touch(state().lab, slot), { signal });
    group.addEventListener("pointerleave", () => touch(state().lab, -1), { signal });
    group.addEventListener("focus", () => touch(state().lab, slot), { signal });
    group.addEventListener("blur", () => touch(state().lab, -1), { signal });
    group.addEventListener("keydown", (event) => press(event, slot), { signal });
    return {
      el: group,
      /**
       * @param {Machine} vm
       * @param {number} x
       * @param {number} w
       * @param {number[]} full
       */
      draw(vm, x, w, full) {
        const language = model.get("language");
        set(group, "transform", `translate(${x},1)`);
        set(group, "aria-pressed", vm.slot === state().selected ? "true" : "false");
        set(frame, "width", w);
        write(name, ellipsis(vm.name, w - 42));
        const bad = vm.stalled
          ? t("stopped: the disk pool is full")
          : vm.steal >= 50
            ? t("steal {percent} %", { percent: number(language, vm.steal / 10, 0) })
            : "";
        const shape = t("{vcpus} vCPU · {memory} GiB", {
          vcpus: vm.vcpus,
          memory: number(language, vm.memory / 2 ** 30, vm.memory % 2 ** 30 ? 1 : 0),
        });
        write(size, ellipsis(bad || shape, w - 16, 6.2));
        size.classList.toggle("vmw-alarm", Boolean(bad));
        const step = (w - 16) / RESOURCES.length;
        const floor = CARD.height - 26;
        const short = shorts();
        RESOURCES.forEach((_, r) => {
          const { use, entitled, demand, label } = bars[r];
          const wide = Math.min(24, step - 2 * Math.max(2, step * 0.18));
          const mid = 8 + (r + 0.5) * step;
          const at = mid - wide / 2;
          const high = (/** @type {number} */ value) => Math.min(1, value / full[r]) * CARD.bars;
          set(use, "x", at.toFixed(1));
          set(use, "width", wide.toFixed(1));
          set(use, "y", (floor - high(vm.used[r])).toFixed(1));
          set(use, "height", high(vm.used[r]).toFixed(1));
          set(entitled, "x", (at - 1.5).toFixed(1));
          set(entitled, "width", (wide + 3).toFixed(1));
          set(entitled, "y", (floor - high(vm.entitled[r]) - 1).toFixed(1));
          set(entitled, "height", (high(vm.entitled[r]) + 1).toFixed(1));
          set(demand, "d", `M${(at - 4).toFixed(1)},${(floor - high(vm.demand[r])).toFixed(1)} h${(wide + 8).toFixed(1)}`);
          set(label, "x", mid.toFixed(1));
          write(label, step >= 27 ? short[r] : short[r].slice(0, 1));
        });
        const values = RESOURCES.map(
          (resource, r) => `${names()[r]} ${amount(resource, vm.used[r], language)} ${units()[r]}`,
        );
        set(group, "aria-label", [vm.name, shape, bad, ...values].filter(Boolean).join(", "));
      },
    };
  }

  /** @returns {State} */
  const state = () => model.get("state");
  const names = () => [t("Memory"), t("Processor time"), t("Disk space"), t("Disk I/O"), t("Network")];
  const shorts = () => [t("RAM"), t("CPU"), t("disk"), t("I/O"), t("net")];
  const units = () => [t("GiB"), t("GHz"), t("GB"), t("op/s"), t("MB/s")];

  /** @param {number} slot */
  const select = (slot) => send("select", { name: "select", slot });

  /**
   * @param {KeyboardEvent} event
   * @param {number} slot
   */
  function press(event, slot) {
    const order = state().vms.map((vm) => vm.slot);
    const at = order.indexOf(slot);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: order.length - 1 }[event.key];
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      select(slot);
    } else if (to !== undefined) {
      event.preventDefault();
      cards.get(order[Math.max(0, Math.min(order.length - 1, to))])?.el.focus();
    }
  }

  function highlight() {
    for (const part of svg.querySelectorAll("[data-vmw-slot]")) {
      const other = touched >= 0 && part.getAttribute("data-vmw-slot") !== String(touched);
      part.classList.toggle("vmw-dim", other);
    }
  }

  function draw() {
    const now = state();
    if (!now.pools || width <= 0) return;
    set(svg, "viewBox", `0 0 ${width} ${HEIGHT}`);
    set(svg, "width", width);
    set(svg, "height", HEIGHT);
    set(svg, "aria-label", t("The server and its virtual machines"));
    const n = now.vms.length;
    const w = n ? Math.min(CARD.most, (width - 2 - CARD.gap * (n - 1)) / n) : 0;
    const left = (width - n * w - Math.max(0, n - 1) * CARD.gap) / 2;
    const full = scales(now);
    for (const [slot, { el: gone }] of cards) {
      if (now.vms.some((vm) => vm.slot === slot)) continue;
      gone.remove();
      cards.delete(slot);
    }
    const lines = [];
    now.vms.forEach((vm, i) => {
      let made = cards.get(vm.slot);
      if (!made) {
        made = card(vm.slot);
        cards.set(vm.slot, made);
      }
      // The order of the elements is the order in which Tab visits them.
      if (svg.children[svg.children.length - n + i] !== made.el) svg.append(made.el);
      made.draw(vm, left + i * (w + CARD.gap), w, full);
      lines.push(`M${(left + i * (w + CARD.gap) + w / 2).toFixed(1)},${CARD.height + 1} V${BAND.top}`);
    });
    write(empty, n ? "" : t("No virtual machine yet: create one below."));
    set(empty, "x", width / 2);
    set(empty, "y", CARD.height / 2);
    set(empty, "text-anchor", "middle");

    const [rect, title, clock] = band.children;
    for (const [name, value] of Object.entries({ x: 1, y: BAND.top, width: width - 2, height: BAND.height })) {
      set(rect, name, value);
    }
    set(title, "x", 14);
    set(title, "y", BAND.top + 22);
    set(title, "class", "vmw-title");
    write(title, t("{vmm}: divides the server among the virtual machines", { vmm: now.vmm }));
    set(clock, "x", width - 14);
    set(clock, "y", BAND.top + 22);
    set(clock, "text-anchor", "end");
    write(clock, width > 560 ? now.clock : "");

    const each = (width - 2 - POOL.gap * 4) / 5;
    pools.forEach((p, i) => {
      const x = 1 + i * (each + POOL.gap);
      p.draw(i, x, each);
      lines.push(`M${(x + each / 2).toFixed(1)},${BAND.top + BAND.height} V${POOL.top}`);
    });
    while (links.children.length > lines.length) links.lastChild?.remove();
    lines.forEach((d, i) => {
      set(links.children[i] ?? links.appendChild(s("path")), "d", d);
    });
    highlight();
    tell(now);
    svg.dataset.vmwTick = now.clock;
  }

  /** @param {State} now */
  function tell(now) {
    const language = model.get("language");
    const head = ["", ...names().map((name, r) => `${name}, ${units()[r]}`)];
    const row = (/** @type {string} */ name, /** @type {number[]} */ values) => [
      name,
      ...values.map((value, r) => amount(RESOURCES[r], value, language)),
    ];
    const other = now.pools.map((p) => p.other);
    twin.update(
      now.sentence,
      [
        head,
        ...now.vms.map((vm) => row(vm.name, vm.used)),
        ...(other.some(Boolean) ? [row(t("other VMs"), other)] : []),
        row(
          "VMM",
          now.pools.map((p) => p.vmm),
        ),
        row(
          t("free"),
          now.pools.map((p) => p.free),
        ),
        row(
          t("all"),
          now.pools.map((p) => p.capacity),
        ),
      ],
      t("Table: what each virtual machine uses"),
    );
  }

  linked(signal, state().lab, (slot) => {
    touched = slot;
    highlight();
  });
  const observer = new ResizeObserver(([entry]) => {
    width = Math.round(entry.contentRect.width);
    requestAnimationFrame(() => signal.aborted || draw());
  });
  observer.observe(el);
  signal.addEventListener("abort", () => observer.disconnect());
  follow(model, signal, ["state", "strings"], draw);
}

export default { render };
