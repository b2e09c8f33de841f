// Where everything of the server's picture stands: pure functions, no document.

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
/** @typedef {{x: number, y: number, width: number, height: number}} Box */

/** @type {Resource[]} */
export const RESOURCES = ["memory", "cpu", "disk", "disk_io", "network"];
/** Height of the bars in a card. */
export const BARS = 58;
const CARD = { least: 145, most: 260, gap: 10, height: 140, tall: 156 };
const BAND = { gap: 22, height: 34, empty: 56 };
const POOL = { gap: 12, height: 92, least: 150, row: 34, rowGap: 6 };

/**
 * Boxes of the cards, the VMM and the pools. A wide picture has its pools side by side, a narrow one in rows; cards
 * that would get too narrow to be read go into more rows of equal length.
 * @param {number} width
 * @param {number} count how many VMs
 * @returns {{cards: Box[], band: Box, pools: Box[], rows: boolean, height: number}}
 */
export function layout(width, count) {
  const inner = width - 2;
  const most = Math.max(1, Math.floor((inner + CARD.gap) / (CARD.least + CARD.gap)));
  const lines = Math.max(1, Math.ceil(count / most));
  const each = Math.ceil(count / lines);
  const wide = each ? Math.min(CARD.most, (inner - CARD.gap * (each - 1)) / each) : 0;
  const high = showsValues(wide) ? CARD.tall : CARD.height;
  const cards = Array.from({ length: count }, (_, i) => {
    const line = Math.floor(i / each);
    const here = Math.min(each, count - line * each);
    const left = 1 + (inner - here * wide - (here - 1) * CARD.gap) / 2;
    return {
      x: left + (i % each) * (wide + CARD.gap),
      y: 1 + line * (high + CARD.gap),
      width: wide,
      height: high,
    };
  });
  const bottom = count ? 1 + lines * high + (lines - 1) * CARD.gap : BAND.empty;
  const band = { x: 1, y: bottom + BAND.gap, width: inner, height: BAND.height };
  const top = band.y + band.height + BAND.gap;
  const column = (inner - POOL.gap * (RESOURCES.length - 1)) / RESOURCES.length;
  const rows = column < POOL.least;
  const pools = RESOURCES.map((_, i) =>
    rows
      ? { x: 1, y: top + i * (POOL.row + POOL.rowGap), width: inner, height: POOL.row }
      : { x: 1 + i * (column + POOL.gap), y: top, width: column, height: POOL.height },
  );
  const last = pools[pools.length - 1];
  return { cards, band, pools, rows, height: last.y + last.height + 1 };
}

/**
 * Whether a card has room for the values under its bars.
 * @param {number} width
 */
export function showsValues(width) {
  return width >= 216;
}

/**
 * The segments of a pool's bar: the VMM's part, each VM's part, those without a slot, and what is free.
 * They always fill the bar exactly.
 * @param {Pool} pool
 * @param {{slot: number, used: number}[]} parts
 * @param {number} width
 */
export function segments(pool, parts, width) {
  const scale = width / pool.capacity;
  let before = 0;
  return [
    { key: "vmm", value: pool.vmm },
    ...parts.map(({ slot, used }) => ({ key: String(slot), value: used })),
    { key: "other", value: pool.other },
    { key: "free", value: pool.free },
  ].map(({ key, value }) => {
    const segment = { key, x: before * scale, width: value * scale };
    before += value;
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
 * The longest beginning of a text that fits, with an ellipsis if something is left out.
 * @param {string} text
 * @param {number} pixels
 * @param {(text: string) => number} measure
 */
export function ellipsis(text, pixels, measure) {
  if (measure(text) <= pixels) return text;
  const signs = [...text];
  let low = 0;
  let high = signs.length - 1;
  const cut = (/** @type {number} */ n) => `${signs.slice(0, n).join("").trimEnd()}…`;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (measure(cut(middle)) <= pixels) low = middle;
    else high = middle - 1;
  }
  return cut(low);
}
