// What a view says to its kernel: one message in flight, and a place for what went wrong or that nobody answers.

import { follow, h, translator, write } from "./kit.js";

/** @typedef {import("./kit.js").Model} Model */

/**
 * Sends messages one at a time: the next goes out when the kernel has answered, and only the newest of each name.
 * @param {Model} model
 * @param {AbortSignal} signal
 * @param {{answered?: () => void, patience?: number}} [options] what to do after each answer; milliseconds after which
 *   a lost answer is no longer waited for
 */
export function sender(model, signal, { answered = () => {}, patience = 10_000 } = {}) {
  /** @type {Map<string, object>} */
  const waiting = new Map();
  // Two pages may show one view, and each hears the answers to the other: begin at a number of one's own.
  let count = Math.floor(Math.random() * 2 ** 40);
  /** @type {{name: string, seq: number} | null} */
  let flying = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  const next = () => {
    const first = waiting.entries().next();
    if (flying || first.done || signal.aborted) return;
    const [name, message] = first.value;
    const seq = ++count;
    waiting.delete(name);
    flying = { name, seq };
    clearTimeout(timer);
    timer = setTimeout(() => {
      silence(model, true);
      landed(seq);
    }, patience);
    try {
      model.send({ ...message, seq });
    } catch {
      // The kernel of this view is gone: there is nobody to wait for.
      silence(model, true);
    }
  };
  /** @param {number} seq */
  const landed = (seq) => {
    if (seq !== flying?.seq) return;
    clearTimeout(timer);
    flying = null;
    next();
    answered();
  };
  /** @param {{ack?: number}} message */
  const heard = (message) => {
    if (message.ack === undefined) return;
    silence(model, false);
    landed(message.ack);
  };
  model.on("msg:custom", heard);
  signal.addEventListener("abort", () => {
    clearTimeout(timer);
    model.off("msg:custom", heard);
  });
  /**
   * @param {string} name what the message is about: a newer one of the same name replaces one that still waits
   * @param {object} message
   */
  const send = (name, message) => {
    waiting.set(name, message);
    next();
  };
  /** Whether the kernel has not yet answered all messages of this name. */
  send.busy = (/** @type {string} */ name) => waiting.has(name) || flying?.name === name;
  return send;
}

/**
 * A place for the sentence that says what went wrong, or that the kernel is silent; it is read out at once.
 * @param {Model} model
 * @param {AbortSignal} signal
 */
export function errorBox(model, signal) {
  const t = translator(model);
  const box = h("p", { class: "vmw-error", role: "alert" });
  let silent = false;
  const draw = () => {
    const silence = t("The kernel does not answer. If it has been restarted, run the cells again.");
    write(box, silent ? silence : model.get("error"));
    box.hidden = !silent && !model.get("error");
  };
  /** @param {Event} event */
  const hear = (event) => {
    const { model: whose, is } = /** @type {CustomEvent} */ (event).detail;
    if (whose !== model || is === silent) return;
    silent = is;
    draw();
  };
  silences.addEventListener("silence", hear, { signal });
  follow(model, signal, ["error", "strings"], draw);
  return box;
}

const silences = new EventTarget();

/**
 * Tell the places for errors of a view whether its kernel is silent.
 * @param {Model} model
 * @param {boolean} is
 */
function silence(model, is) {
  silences.dispatchEvent(new CustomEvent("silence", { detail: { model, is } }));
}
