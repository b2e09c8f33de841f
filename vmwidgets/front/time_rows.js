// The spans of a run as rows that tile the time: one for each pCPU (who runs on it), one for each vCPU (its state).

/** What the kernel calls the states: their place in this list is their number. */
export const RUNNABLE = 0;
export const RUNNING = 1;
export const BLOCKED = 2;
/** On a pCPU: a VM without a slot, and nobody. VMs with a slot have its number. */
export const OTHERS = 8;
export const IDLE = 9;

/**
 * A row: from `starts[i]` to `starts[i + 1]` it is of the kind `kinds[i]`; on a pCPU `who[i]` is the vCPU, or -1.
 * @typedef {{starts: Int32Array, kinds: Uint8Array, who: Int16Array | null}} Row
 */
/**
 * @typedef {object} Packed what the kernel sends of a run
 * @property {string} id
 * @property {number} count of spans
 * @property {number} begin first microsecond that is known
 * @property {number} until microsecond at which the run ended
 * @property {boolean} deflated
 * @property {DataView} spans starts as distances (uint32), vCPUs (uint16), pCPU << 3 | state (uint16)
 */
/** @typedef {{id: string, begin: number, until: number, pcpus: Row[], vcpus: Row[]}} Run */

/**
 * @param {Uint8Array} bytes
 * @param {{id: string, count: number, begin: number, until: number}} run
 * @param {number[]} slots of the VM of each vCPU, -1 if it has none
 * @param {number} pcpus
 * @returns {Run}
 */
export function rowsOf(bytes, { id, count, begin, until }, slots, pcpus) {
  const aligned = bytes.byteOffset % 4 ? bytes.slice() : bytes;
  const { buffer, byteOffset } = aligned;
  const starts = new Int32Array(count);
  const gaps = new Uint32Array(buffer, byteOffset, count);
  const vcpus = new Uint16Array(buffer, byteOffset + 4 * count, count);
  const where = new Uint16Array(buffer, byteOffset + 6 * count, count);
  const ofVcpu = new Int32Array(slots.length);
  const ofPcpu = new Int32Array(pcpus);
  for (let i = 0, at = 0; i < count; i++) {
    at += gaps[i];
    starts[i] = at;
    ofVcpu[vcpus[i]]++;
    if ((where[i] & 7) === RUNNING) ofPcpu[where[i] >> 3]++;
  }
  const states = Array.from(ofVcpu, (n) => tiled(n, null, until));
  // Before, between and after those who run, a pCPU idles.
  const busy = Array.from(ofPcpu, (n) => tiled(2 * n + 1, new Int16Array(2 * n + 1), until));
  const filled = new Int32Array(slots.length);
  const taken = new Int32Array(pcpus);
  const ends = endsOf(starts, vcpus, slots.length, until);
  const free = new Int32Array(pcpus).fill(begin);
  for (let i = 0; i < count; i++) {
    const vcpu = vcpus[i];
    const state = where[i] & 7;
    const row = states[vcpu];
    row.starts[filled[vcpu]] = starts[i];
    row.kinds[filled[vcpu]++] = state;
    if (state !== RUNNING) continue;
    const pcpu = where[i] >> 3;
    if (free[pcpu] < starts[i]) put(busy[pcpu], taken[pcpu]++, free[pcpu], IDLE, -1);
    put(busy[pcpu], taken[pcpu]++, starts[i], slots[vcpu] < 0 ? OTHERS : slots[vcpu], vcpu);
    free[pcpu] = ends[i];
  }
  const onPcpus = busy.map((row, pcpu) => {
    if (free[pcpu] < until) put(row, taken[pcpu]++, free[pcpu], IDLE, -1);
    return cut(row, taken[pcpu], until);
  });
  return { id, begin, until, pcpus: onPcpus, vcpus: states };
}

/**
 * @param {number} count
 * @param {Int16Array | null} who
 * @param {number} until
 * @returns {Row}
 */
function tiled(count, who, until) {
  const starts = new Int32Array(count + 1);
  starts[count] = until;
  return { starts, kinds: new Uint8Array(count), who };
}

/**
 * @param {Row} row
 * @param {number} at
 * @param {number} start
 * @param {number} kind
 * @param {number} who
 */
function put(row, at, start, kind, who) {
  row.starts[at] = start;
  row.kinds[at] = kind;
  if (row.who) row.who[at] = who;
}

/**
 * @param {Row} row
 * @param {number} count
 * @param {number} until
 * @returns {Row}
 */
function cut({ starts, kinds, who }, count, until) {
  starts[count] = until;
  return {
    starts: starts.subarray(0, count + 1),
    kinds: kinds.subarray(0, count),
    who: who?.subarray(0, count) ?? null,
  };
}

/**
 * A span of a vCPU lasts until the next one of it begins.
 * @param {Int32Array} starts
 * @param {Uint16Array} vcpus
 * @param {number} count of vCPUs
 * @param {number} until
 */
function endsOf(starts, vcpus, count, until) {
  const ends = new Int32Array(starts.length);
  const next = new Int32Array(count).fill(until);
  for (let i = starts.length - 1; i >= 0; i--) {
    ends[i] = next[vcpus[i]];
    next[vcpus[i]] = starts[i];
  }
  return ends;
}

/**
 * The span that holds a moment: the last one that begins no later; 0 if there is none.
 * @param {Row} row
 * @param {number} time
 */
export function spanAt({ starts, kinds }, time) {
  let [low, high] = [0, kinds.length];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (starts[middle] <= time) low = middle;
    else high = middle;
  }
  return low;
}

/**
 * How much of each column's time a row is of each kind, as parts of 1; kind by kind for the first column, then the next.
 * Every span counts for what it lasts, however short it is.
 * @param {Row} row
 * @param {number} from
 * @param {number} to
 * @param {number} width columns
 * @param {number} kinds how many there are
 * @param {Float32Array} out at least width * kinds long
 */
export function columnsOf(row, from, to, width, kinds, out) {
  out.fill(0, 0, width * kinds);
  const { starts } = row;
  const count = row.kinds.length;
  const scale = width / (to - from);
  for (let i = spanAt(row, from); i < count; i++) {
    const x0 = (starts[i] - from) * scale;
    if (x0 >= width) break;
    const x1 = (starts[i + 1] - from) * scale;
    if (x1 <= 0) continue;
    const kind = row.kinds[i];
    const begin = Math.max(x0, 0);
    const first = begin | 0;
    const last = x1 < width ? x1 | 0 : width;
    if (first === last) {
      out[first * kinds + kind] += x1 - begin;
      continue;
    }
    out[first * kinds + kind] += first + 1 - begin;
    for (let x = first + 1; x < last; x++) out[x * kinds + kind] = 1;
    if (last < width) out[last * kinds + kind] += x1 - last;
  }
}

/**
 * The next moment, or the one before, at which something changes in any of the rows.
 * @param {Run[]} runs
 * @param {number} time
 * @param {number} direction 1 or -1
 */
export function nextChange(runs, time, direction) {
  let best = direction > 0 ? Infinity : -Infinity;
  for (const { vcpus } of runs) {
    for (const row of vcpus) {
      const i = spanAt(row, direction > 0 ? time : time - 1);
      const found = direction > 0 ? row.starts[i + 1] : row.starts[i];
      if (direction > 0 ? found > time && found < best : found < time && found > best) best = found;
    }
  }
  return Number.isFinite(best) ? best : time;
}
