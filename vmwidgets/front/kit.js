// What every view shares: elements, translation, linked highlighting, the text twin.

/** @typedef {import("@anywidget/types").AnyModel} Model */
/** @typedef {Record<string, string | number | boolean | null | undefined>} Attributes */

const SVG = "http://www.w3.org/2000/svg";

/**
 * @param {Element} el
 * @param {Attributes} attributes
 * @param {(Node | string)[]} children
 */
function fill(el, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) set(el, name, value);
  el.append(...children);
  return el;
}

/**
 * Set an attribute only if it changes: the cheapest update is the one that is not made.
 * @param {Element} el
 * @param {string} name
 * @param {string | number | boolean | null | undefined} value
 */
export function set(el, name, value) {
  if (value === null || value === undefined || value === false) el.removeAttribute(name);
  else if (el.getAttribute(name) !== String(value)) el.setAttribute(name, value === true ? "" : String(value));
}

/**
 * A name that no other view on the page has. Counting would not do: each view has a copy of its module.
 * @param {string} prefix
 */
export function unique(prefix) {
  return `${prefix}-${Math.random().toString(36).slice(2)}`;
}

/**
 * @param {Element} el
 * @param {string} text
 */
export function write(el, text) {
  if (el.textContent !== text) el.textContent = text;
}

/**
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Attributes} [attributes]
 * @param {...(Node | string)} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function h(tag, attributes = {}, ...children) {
  const el = document.createElement(tag);
  fill(el, attributes, children);
  return el;
}

/**
 * @template {keyof SVGElementTagNameMap} K
 * @param {K} tag
 * @param {Attributes} [attributes]
 * @param {...(Node | string)} children
 * @returns {SVGElementTagNameMap[K]}
 */
export function s(tag, attributes = {}, ...children) {
  const el = document.createElementNS(SVG, tag);
  fill(el, attributes, children);
  return el;
}

/**
 * @param {Model} model
 * @returns {(message: string, fields?: Record<string, string | number>) => string}
 */
export function translator(model) {
  return (message, fields = {}) =>
    (model.get("strings")[message] ?? message).replace(
      /\{(\w+)\}/g,
      (/** @type {string} */ all, /** @type {string} */ name) => String(fields[name] ?? all),
    );
}

/** @type {Map<string, Intl.NumberFormat>} making one takes thirty times as long as using it */
const formats = new Map();

/**
 * Numbers as a reader of the language writes them.
 * @param {string} language
 * @param {number} value
 * @param {number} [decimals]
 */
export function number(language, value, decimals = 0) {
  const key = `${language} ${decimals}`;
  let format = formats.get(key);
  if (!format) {
    format = new Intl.NumberFormat(language, { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
    formats.set(key, format);
  }
  return format.format(value);
}

/** Units of the resources: what a number is divided by to be read, and how many decimals it then has. */
const UNITS = {
  memory: { per: 2 ** 30, decimals: 1 },
  cpu: { per: 1e6, decimals: 2 },
  disk: { per: 1e9, decimals: 0 },
  disk_io: { per: 1, decimals: 0 },
  network: { per: 1e6, decimals: 1 },
};

/**
 * @param {keyof typeof UNITS} resource
 * @param {number} value
 * @param {string} language
 */
export function amount(resource, value, language) {
  const { per, decimals } = UNITS[resource];
  return number(language, value / per, decimals);
}

/**
 * Measures texts as they will be drawn; one canvas per view, each text once.
 * @param {Element} el attached to the page when the first text is measured
 * @returns {(text: string, font: string) => number} font is weight and size, as in CSS
 */
export function measurer(el) {
  const context = document.createElement("canvas").getContext("2d");
  /** @type {Map<string, number>} */
  const known = new Map();
  let family = "";
  return (text, font) => {
    const key = `${font} ${text}`;
    let width = known.get(key);
    if (width === undefined && context) {
      family ||= getComputedStyle(el).fontFamily; // asking makes the browser style the whole page anew
      context.font = `${font} ${family}`;
      width = context.measureText(text).width;
      // Values change with every tick: forget them before they pile up.
      if (known.size > 2000) known.clear();
      known.set(key, width);
    }
    return width ?? 0;
  };
}

/**
 * Call `draw` now and whenever one of the traits changes, at most once a frame.
 * @param {Model} model
 * @param {AbortSignal} signal
 * @param {string[]} traits
 * @param {() => void} draw
 */
export function follow(model, signal, traits, draw) {
  let wanted = false;
  const later = () => {
    if (wanted) return;
    wanted = true;
    requestAnimationFrame(() => {
      wanted = false;
      if (!signal.aborted) draw();
    });
  };
  for (const trait of traits) model.on(`change:${trait}`, later);
  signal.addEventListener("abort", () => {
    for (const trait of traits) model.off(`change:${trait}`, later);
  });
  draw();
}

/**
 * Prepare the root of a view: its class, its theme, and keys that the notebook must not take for shortcuts.
 * @param {HTMLElement} el
 * @param {AbortSignal} signal
 * @param {string} name
 */
export function root(el, signal, name) {
  el.classList.add("vmw-view", `vmw-${name}`);
  const quiet = (/** @type {KeyboardEvent} */ event) => {
    if (event.key !== "Tab" && event.key !== "Escape") event.stopPropagation();
  };
  el.addEventListener("keydown", quiet, { signal });
  // Notebook 7 looks at keys before they arrive here. It spares an element that says so itself; an ancestor is too late.
  const spare = (/** @type {FocusEvent} */ event) =>
    set(/** @type {Element} */ (event.target), "data-lm-suppress-shortcuts", "true");
  el.addEventListener("focusin", spare, { signal });
  const theme = () => {
    el.classList.toggle("vmw-dark", isDark());
  };
  const observer = new MutationObserver(theme);
  observer.observe(document.body, {
    attributes: true,
    attributeFilter: ["data-jp-theme-light", "data-theme", "class"],
  });
  signal.addEventListener("abort", () => observer.disconnect());
  theme();
}

/** Whether the page is dark: the front end says so, or its background is. */
export function isDark() {
  const said = document.body.dataset.jpThemeLight;
  if (said !== undefined) return said === "false";
  const [red = 255, green = 255, blue = 255, alpha = 1] = (
    getComputedStyle(document.body).backgroundColor.match(/[\d.]+/g) ?? []
  ).map(Number);
  return alpha > 0 && 0.299 * red + 0.587 * green + 0.114 * blue < 128;
}

/**
 * Linked highlighting: touching a VM anywhere in the page lights it everywhere. No kernel is asked.
 * @param {AbortSignal} signal
 * @param {string} lab tells the views of one lab from those of another
 * @param {(slot: number) => void} light called with the slot of the VM that is touched, or -1
 */
export function linked(signal, lab, light) {
  document.addEventListener(
    "vmw-touch",
    (event) => {
      const { detail } = /** @type {CustomEvent<{lab: string, slot: number}>} */ (event);
      if (detail.lab === lab) light(detail.slot);
    },
    { signal },
  );
}

/**
 * @param {string} lab
 * @param {number} slot
 */
export function touch(lab, slot) {
  document.dispatchEvent(new CustomEvent("vmw-touch", { detail: { lab, slot } }));
}

/**
 * The text twin of a picture: one sentence, read out at most once a second, and a table to unfold.
 * @param {AbortSignal} signal
 * @param {string} label
 */
export function textTwin(signal, label) {
  const sentence = h("p", { class: "vmw-sentence", "aria-live": "polite" });
  const summary = h("summary", {}, label);
  const table = h("table");
  const details = h("details", { class: "vmw-twin" }, summary, table);
  let last = -Infinity;
  let newest = "";
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  /** @type {string[][]} */
  let rows = [];
  const say = () => {
    timer = undefined;
    last = performance.now();
    write(sentence, newest);
  };
  const tabulate = () => {
    if (!details.open) return;
    while (table.rows.length > rows.length) table.deleteRow(-1);
    rows.forEach((cells, y) => {
      const row = table.rows[y] ?? table.insertRow();
      while (row.cells.length > cells.length) row.deleteCell(-1);
      cells.forEach((text, x) => {
        // The corner says nothing, so it is no heading.
        const head = (y === 0) !== (x === 0);
        if (!row.cells[x]) row.append(head ? h("th", { scope: y === 0 ? "col" : "row" }) : h("td"));
        write(row.cells[x], text);
      });
    });
  };
  details.addEventListener("toggle", tabulate, { signal });
  signal.addEventListener("abort", () => clearTimeout(timer));
  return {
    el: h("div", { class: "vmw-text" }, sentence, details),
    /**
     * @param {string} text
     * @param {string[][]} cells rows of the table, the first of which is its head
     * @param {string} title
     */
    update(text, cells, title) {
      newest = text;
      rows = cells;
      write(summary, title);
      tabulate();
      if (timer === undefined) timer = setTimeout(say, Math.max(0, last + 1000 - performance.now()));
    },
  };
}
