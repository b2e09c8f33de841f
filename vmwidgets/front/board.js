// The article's picture come alive: pools below, the VMM between, virtual machines with unequal bars above.
import { BOLD, card, PLAIN } from "./card.js";
import { errorBox, sender } from "./kernel.js";
import {
  amount,
  follow,
  h,
  linked,
  measurer,
  root,
  s,
  set,
  textTwin,
  touch,
  translator,
  unique,
  write,
} from "./kit.js";
import { ellipsis, layout, RESOURCES, scales } from "./layout.js";
import { COLOURS, patterns } from "./palette.js";
import { pool } from "./pool.js";

/** @type {import("@anywidget/types").Render} */
function render({ model, el, signal }) {
  root(el, signal, "board");
  const t = translator(model);
  const send = sender(model, signal);
  const measure = measurer(el);
  /** @returns {import("./layout.js").State} */
  const state = () => model.get("state");
  /** @type {import("./card.js").Words} */
  const words = {
    prefix: unique("vmw-pattern"),
    t,
    language: () => model.get("language"),
    names: () => [t("Memory"), t("Processor time"), t("Disk space"), t("Disk I/O"), t("Network")],
    shorts: () => [t("RAM"), t("CPU"), t("disk"), t("I/O"), t("net")],
    units: () => [t("GiB"), t("GHz"), t("GB"), t("op/s"), t("MB/s")],
    fit: (text, pixels, font) => ellipsis(text, pixels, (part) => measure(part, font)),
    touch: (slot) => touch(state().lab, slot),
    select: (slot) => send("select", { name: "select", slot }),
    signal,
  };
  const svg = s("svg", { role: "group", class: "vmw-picture" }, patterns(words.prefix));
  const links = s("g", { class: "vmw-links", "aria-hidden": "true" });
  const title = s("text", { class: "vmw-title" });
  const clock = s("text", { class: "vmw-soft", "text-anchor": "end" });
  const plate = s("rect", { class: "vmw-band", rx: 8 });
  const empty = s("text", { class: "vmw-soft vmw-empty", "text-anchor": "middle" });
  const pools = RESOURCES.map((_, index) => pool(index, words));
  /** @type {Map<number, ReturnType<typeof card>>} */
  const cards = new Map();
  svg.append(links, s("g", {}, plate, title, clock), ...pools.map((p) => p.el), empty);
  const keys = ["used", "entitled", "demand", "vmm", "free"].map((key) => ({
    key,
    text: h("span"),
  }));
  const legend = h(
    "p",
    { class: "vmw-legend" },
    ...keys.map(({ key, text }) =>
      h("span", { class: "vmw-key" }, h("i", { class: `vmw-key-${key}`, "aria-hidden": "true" }), text),
    ),
  );
  const twin = textTwin(signal, "");
  el.append(svg, legend, errorBox(model, signal), twin.el);
  let width = 0;
  let touched = -1;

  /** @param {KeyboardEvent} event */
  function press(event) {
    const slot = Number(/** @type {Element} */ (event.target).getAttribute("data-vmw-slot") ?? -1);
    const order = state().vms.map((vm) => vm.slot);
    const at = order.indexOf(slot);
    if (at < 0) return;
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: order.length - 1 }[event.key];
    if (event.key !== "Enter" && event.key !== " " && to === undefined) return;
    event.preventDefault();
    if (to === undefined) words.select(slot);
    else cards.get(order[Math.max(0, Math.min(order.length - 1, to))])?.el.focus();
  }
  svg.addEventListener("keydown", press, { signal });

  function highlight() {
    const lit = touched >= 0 ? touched : state().selected;
    for (const part of svg.querySelectorAll("[data-vmw-slot]")) {
      const slot = Number(part.getAttribute("data-vmw-slot"));
      part.classList.toggle("vmw-dim", touched >= 0 && slot !== touched);
    }
    for (const link of links.children) {
      const slot = Number(link.getAttribute("data-vmw-link") ?? -1);
      /** @type {SVGElement} */ (link).style.stroke = slot >= 0 && slot === lit ? COLOURS[slot] : "";
    }
  }

  /**
   * @param {import("./layout.js").State} now
   * @param {import("./layout.js").Box[]} boxes
   */
  function drawCards(now, boxes) {
    const full = scales(now);
    for (const [slot, { el: gone }] of cards) {
      if (now.vms.some((vm) => vm.slot === slot)) continue;
      gone.remove();
      cards.delete(slot);
    }
    now.vms.forEach((vm, i) => {
      let made = cards.get(vm.slot);
      if (!made) {
        made = card(vm.slot, words);
        made.el.addEventListener("focus", () => words.touch(vm.slot), { signal });
        made.el.addEventListener("blur", () => words.touch(-1), { signal });
        cards.set(vm.slot, made);
      }
      // The order of the elements is the order in which Tab visits them; an element that stands right keeps the focus.
      const right = svg.children[svg.children.length - now.vms.length + i];
      if (right !== made.el) svg.append(made.el);
      made.draw(vm, boxes[i], full, vm.slot === now.selected);
    });
  }

  function draw() {
    const now = state();
    if (width <= 0) return;
    const at = layout(width, now.vms.length);
    set(svg, "viewBox", `0 0 ${width} ${at.height}`);
    set(svg, "width", width);
    set(svg, "height", at.height);
    set(svg, "aria-label", t("The server and its virtual machines"));
    drawCards(now, at.cards);
    write(empty, now.vms.length ? "" : t("No virtual machine yet: create one below."));
    set(empty, "x", width / 2);
    set(empty, "y", 34);
    for (const name of /** @type {const} */ (["x", "y", "width", "height"])) set(plate, name, at.band[name]);
    for (const text of [title, clock]) set(text, "y", at.band.y + 22);
    set(title, "x", 14);
    set(clock, "x", width - 14);
    write(clock, now.clock);
    const room = width - 44 - measure(now.clock, PLAIN);
    write(title, words.fit(t("{vmm}: divides the server among the virtual machines", { vmm: now.vmm }), room, BOLD));
    pools.forEach((p, i) => {
      p.draw(now, at.pools[i], at.rows);
    });
    drawLinks(now, at);
    const texts = [t("used"), t("entitlement"), t("demand"), t("VMM"), t("not used")];
    keys.forEach(({ text }, i) => {
      write(text, texts[i]);
    });
    highlight();
    tell(now);
    el.dataset.vmwClock = now.clock;
  }

  /**
   * @param {import("./layout.js").State} now
   * @param {ReturnType<typeof layout>} at
   */
  function drawLinks(now, at) {
    const bottom = at.band.y + at.band.height;
    const lines = [
      ...at.cards.map((box, i) => ({
        slot: now.vms[i].slot,
        d: `M${(box.x + box.width / 2).toFixed(1)},${box.y + box.height} V${at.band.y}`,
      })),
      ...(at.rows ? at.pools.slice(0, 1) : at.pools).map((box) => ({
        slot: null,
        d: `M${(box.x + box.width / 2).toFixed(1)},${bottom} V${box.y}`,
      })),
    ];
    while (links.children.length > lines.length) links.lastChild?.remove();
    lines.forEach(({ slot, d }, i) => {
      const link = links.children[i] ?? links.appendChild(s("path"));
      set(link, "d", d);
      set(link, "data-vmw-link", slot);
    });
  }

  /** @param {import("./layout.js").State} now */
  function tell(now) {
    const language = words.language();
    const head = ["", ...words.names().map((name, r) => `${name}, ${words.units()[r]}`)];
    const row = (/** @type {string} */ name, /** @type {number[]} */ values) => [
      name,
      ...values.map((value, r) => amount(RESOURCES[r], value, language)),
    ];
    const column = (/** @type {"other" | "vmm" | "free" | "capacity"} */ key) => now.pools.map((p) => p[key]);
    twin.update(
      now.sentence,
      [
        head,
        ...now.vms.map((vm) => row(vm.name, vm.used)),
        ...(column("other").some(Boolean) ? [row(t("other VMs"), column("other"))] : []),
        row(t("VMM"), column("vmm")),
        row(t("not used"), column("free")),
        row(t("all"), column("capacity")),
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
