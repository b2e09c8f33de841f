// The browser is the clock: it asks for a tick, and asks again only when the answer has been drawn.

/**
 * @typedef {object} Scheduler
 * @property {(callback: (now: number) => void) => void} frame like requestAnimationFrame
 * @property {(callback: () => void, milliseconds: number) => number} after like setTimeout
 * @property {(handle: number) => void} cancel like clearTimeout
 */

/** @type {Scheduler} */
export const browser = {
  frame: (callback) => void requestAnimationFrame(callback),
  after: (callback, milliseconds) => window.setTimeout(callback, milliseconds),
  cancel: (handle) => window.clearTimeout(handle),
};

export class Clock {
  #playing = false;
  #visible = true;
  #closed = false;
  /** @type {"idle" | "waiting" | "asked" | "drawing"} there is one question at a time, and one answer to it */
  #state = "idle";
  #asked = -Infinity;
  #timer = 0;

  /**
   * @param {() => void} ask sends the question for one tick
   * @param {Scheduler} scheduler
   * @param {number} pace milliseconds from one question to the next, at least
   * @param {number} patience milliseconds after which an answer counts as lost
   */
  constructor(ask, scheduler = browser, pace = 100, patience = 5000) {
    this.ask = ask;
    this.scheduler = scheduler;
    this.pace = pace;
    this.patience = patience;
  }

  get playing() {
    return this.#playing;
  }

  play() {
    if (this.#playing) return;
    this.#playing = true;
    this.#begin();
  }

  pause() {
    this.#playing = false;
  }

  /** @param {boolean} visible a clock that nobody sees stands still */
  show(visible) {
    if (this.#visible === visible) return;
    this.#visible = visible;
    this.#begin();
  }

  /** The answer is here; it is drawn when two frames have begun. */
  answered() {
    if (this.#state !== "asked") return;
    this.#state = "drawing";
    this.scheduler.cancel(this.#timer);
    this.scheduler.frame(() => this.scheduler.frame(() => this.#next()));
  }

  close() {
    this.#closed = true;
    this.#playing = false;
    this.scheduler.cancel(this.#timer);
  }

  #next() {
    this.#state = "idle";
    this.#begin();
  }

  #begin() {
    if (!this.#playing || !this.#visible || this.#closed || this.#state !== "idle") return;
    this.#state = "waiting";
    this.scheduler.frame((now) => this.#when(now));
  }

  /** @param {number} now */
  #when(now) {
    if (!this.#playing || !this.#visible || this.#closed) {
      this.#state = "idle";
    } else if (now - this.#asked < this.pace) {
      this.scheduler.frame((later) => this.#when(later));
    } else {
      this.#state = "asked";
      this.#asked = now;
      this.#timer = this.scheduler.after(() => this.#next(), this.patience);
      this.ask();
    }
  }
}
