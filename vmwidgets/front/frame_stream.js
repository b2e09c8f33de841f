// The map's bytes as they arrive: once whole, then what has changed. A page that has missed a change asks for all again.

/**
 * @typedef {object} Words
 * @property {string} sentence
 * @property {number} free
 * @property {number} vmm
 * @property {number[][]} owners slot, then frames by state from the page tables on
 */
/**
 * @typedef {object} Header
 * @property {number | null} from version that the change starts from; null for the whole map
 * @property {number} to version that it leads to; the same as `from` if only words have changed
 * @property {number} first frame that a range begins with, -1 if the frames are scattered
 * @property {number} count
 * @property {boolean} packed
 */
/**
 * Codes of frames: of those listed, or of all from `first` on.
 * @typedef {{frames: Uint32Array | null, first: number, codes: Uint8Array}} Change
 */

/**
 * @param {Uint8Array} data
 * @param {{first: number, count: number}} header
 * @returns {Change}
 */
export function decoded(data, { first, count }) {
  if (first >= 0) return { frames: null, first, codes: data };
  // A copy: four-byte numbers must begin at a multiple of four.
  const frames = new Uint32Array(data.slice(0, 4 * count).buffer);
  for (let i = 1; i < count; i++) frames[i] += frames[i - 1];
  return { frames, first, codes: data.subarray(4 * count) };
}

/**
 * @param {Uint8Array} data
 * @returns {Promise<Uint8Array>}
 */
export function inflated(data) {
  const stream = new Blob([new Uint8Array(data)]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Response(stream).arrayBuffer().then((buffer) => new Uint8Array(buffer));
}

/** Takes the messages in their order, whatever time each needs to be unpacked. */
export class FrameStream {
  /** Version of the newest message that was taken; the map may still be on its way to it. */
  #heard = -1;
  /** @type {Promise<unknown>} */
  #queue = Promise.resolve();

  /**
   * @param {() => void} ask asks the kernel for the whole map
   * @param {(change: Change | null, to: number, words: Words) => void} take called for each message in turn
   */
  constructor(ask, take) {
    this.ask = ask;
    this.take = take;
  }

  /**
   * @param {Partial<Header> & Partial<Words>} message
   * @param {DataView[]} buffers
   */
  hear(message, buffers) {
    const { from, to } = message;
    if (to === undefined) return; // an answer to a message, which is not ours
    const words = /** @type {Words} */ (message);
    if (from !== null && from !== this.#heard) {
      // Another tab may have asked before this one has: what was never begun is not missed.
      if (this.#heard >= 0) this.ask();
      return;
    }
    this.#heard = to;
    if (from === to) {
      this.#queue = this.#queue.then(() => this.take(null, to, words));
      return;
    }
    const [{ buffer, byteOffset, byteLength }] = buffers;
    const data = new Uint8Array(/** @type {ArrayBuffer} */ (buffer), byteOffset, byteLength);
    const header = /** @type {Header} */ (message);
    const ready = header.packed ? inflated(data) : Promise.resolve(data);
    this.#queue = Promise.all([ready, this.#queue]).then(([bytes]) => this.take(decoded(bytes, header), to, words));
  }
}
