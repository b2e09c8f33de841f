// What a walk is made of, without a page: bits of addresses, flags of entries, places in the grid, sums so far.

/**
 * @typedef {object} Step
 * @property {boolean} guest whether an entry of the guest's tables is read, or of the second stage
 * @property {number} level 0 for a hit in the nested TLB
 * @property {number} row level of the guest's table that the step serves, 0 for the page itself
 * @property {string} input addresses and entries are hexadecimal: they have more bits than a number here
 * @property {string} table
 * @property {number} index
 * @property {string} entry
 * @property {string} machine
 * @property {string} sets
 * @property {string} found
 * @property {number} cycles
 * @property {string} decision
 * @property {string} output
 */
/** @typedef {{reason: string, code: number, address: string, place: string}} WalkFault */
/**
 * @typedef {object} Walk
 * @property {Step[]} steps
 * @property {number} references
 * @property {number} cycles
 * @property {string} guest
 * @property {string} machine
 * @property {string} found_in
 * @property {WalkFault | null} fault
 */
/** @typedef {{leaf: number, page_bytes: number, real: boolean, walk: Walk | null}} Way */

const PAGE_BITS = 12;
const INDEX_BITS = 9;
const BIT = { present: 0, write: 1, user: 2, accessed: 5, dirty: 6, large: 7 };
const EPT_BIT = { read: 0, write: 1, execute: 2, accessed: 8, dirty: 9, large: 7 };

/** @param {string} hex */
const big = (hex) => BigInt(`0x${hex || "0"}`);

/**
 * Cut an address into what each level of tables uses of it.
 * @param {string} hex
 * @param {number} levels depth of the tables
 * @param {number} leaf level whose entry maps the page: what lies below is the place in the page
 */
export function addressParts(hex, levels, leaf) {
  const text = big(hex).toString(2).padStart(64, "0").slice(-64);
  /** @type {{level: number, bits: string, index: number}[]} level 0 is the place in the page, -1 what no table uses */
  const parts = [];
  const low = PAGE_BITS + INDEX_BITS * (leaf - 1);
  const top = PAGE_BITS + INDEX_BITS * levels;
  if (top < 64) parts.push({ level: -1, bits: text.slice(0, 64 - top), index: -1 });
  for (let level = levels; level >= leaf; level--) {
    const from = 64 - (PAGE_BITS + INDEX_BITS * level);
    const bits = text.slice(from, from + INDEX_BITS);
    parts.push({ level, bits, index: Number.parseInt(bits, 2) });
  }
  const bits = text.slice(64 - low);
  parts.push({ level: 0, bits, index: Number.parseInt(bits, 2) });
  return parts;
}

/**
 * Which flags of an entry are set, in the order in which they are shown.
 * @param {Step} step
 * @returns {[string, boolean][]}
 */
export function entryFlags({ entry, guest }) {
  const value = big(entry);
  return Object.entries(guest ? BIT : EPT_BIT).map(([name, bit]) => [name, Boolean((value >> BigInt(bit)) & 1n)]);
}

/**
 * Flags that the step itself sets.
 * @param {Step} step
 * @returns {string[]}
 */
export function flagsSet({ sets, guest }) {
  return entryFlags(/** @type {Step} */ ({ entry: sets, guest }))
    .filter(([, on]) => on)
    .map(([name]) => name);
}

/**
 * Frame, or guest page, that an address lies in.
 * @param {string} hex
 * @param {number} bytes
 */
export function frameOf(hex, bytes) {
  return hex ? Number(big(hex) / BigInt(bytes)) : -1;
}

/** @param {Step} step */
export const isReference = (step) => step.found !== "nested_tlb";

/**
 * References and cycles after so many steps.
 * @param {Step[]} steps
 * @param {number} done
 */
export function soFar(steps, done) {
  const part = steps.slice(0, done);
  return { references: part.filter(isReference).length, cycles: part.reduce((sum, step) => sum + step.cycles, 0) };
}

/**
 * The grid of a two-dimensional walk: a row for each of the guest's levels and one for the page, a column for each
 * level of the second stage and one for the guest's own entry.
 * @param {Step[]} steps
 * @param {number} guestLevels
 * @param {number} stageLevels
 * @returns {{row: number, hit: number, cells: {column: number, step: number, number: number}[]}[]} steps count from 0,
 *   numbers of references from 1; -1 where there is none; column 0 is the guest's entry; hit is a step in the nested TLB
 */
export function walkGrid(steps, guestLevels, stageLevels) {
  /** @type {Map<string, number>} */
  const places = new Map();
  /** @type {number[]} */
  const numbers = [];
  steps.forEach((step, i) => {
    places.set(`${step.row} ${step.guest ? 0 : step.level || "hit"}`, i);
    numbers.push(soFar(steps, i + 1).references);
  });
  const columns = [...Array(stageLevels).keys()].map((i) => stageLevels - i);
  return [...Array(guestLevels + 1).keys()].map((i) => {
    const row = guestLevels - i;
    return {
      row,
      hit: places.get(`${row} hit`) ?? -1,
      cells: [...columns, ...(row ? [0] : [])].map((column) => {
        const step = places.get(`${row} ${column}`) ?? -1;
        return { column, step, number: step < 0 ? -1 : numbers[step] };
      }),
    };
  });
}

/**
 * Level of the guest's entry that maps the page, 1 while that is not known.
 * @param {Step[]} steps
 */
export function guestLeaf(steps) {
  return steps.find((step) => step.guest && step.decision === "page")?.level ?? 1;
}
