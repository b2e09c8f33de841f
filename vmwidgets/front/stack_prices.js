// What a step and a whole operation cost, in words: cycles and time, or that nobody has published it.
import { number } from "./kit.js";
import { costOf } from "./stack_steps.js";

/** @typedef {import("./stack_steps.js").PathStep} PathStep */
/** @typedef {(message: string, fields?: Record<string, string | number>) => string} Translate */
/**
 * @typedef {object} Way
 * @property {string} id
 * @property {string} name
 * @property {[string, string][]} techniques
 * @property {string} technique
 * @property {[string, string][]} devices
 * @property {string} device
 * @property {string} none why there is no way, "" if there is one
 * @property {Record<string, string>} names of the layers
 * @property {PathStep[]} steps
 * @property {string} cpu
 * @property {number} mhz 0: no clock is published
 * @property {number} exits
 * @property {number | null} whole cycles of the operation as a whole, if they are published
 * @property {string} whole_source
 */

/**
 * @param {Translate} t
 * @param {() => string} language
 */
export function prices(t, language) {
  const count = (/** @type {number} */ value, decimals = 0) => number(language(), value, decimals);
  /** @param {number} cycles */
  const cyclesText = (cycles) => t("{cycles} cycles", { cycles: count(cycles, cycles % 1 && cycles < 100 ? 1 : 0) });
  /** @param {number} cycles @param {number} mhz */
  const timeText = (cycles, mhz) =>
    mhz ? t("{time} µs", { time: count(cycles / mhz, cycles / mhz < 10 ? 3 : 2) }) : t("µs: no clock published");
  /** @param {PathStep} step @param {number} mhz */
  function priceText(step, mhz) {
    if (step.cycles === null) return t("not published");
    if (step.included) return t("counted in another step");
    if (!step.cycles) return t("nothing");
    const both = `${cyclesText(step.cycles)} · ${timeText(step.cycles, mhz)}`;
    return step.derived ? t("{cost}, the rest of the whole", { cost: both }) : both;
  }
  /** @param {Way} way @param {number} at */
  function sumText(way, at) {
    if (way.none) return way.none;
    const ended = at >= way.steps.length;
    if (ended && way.whole !== null) return `${cyclesText(way.whole)} · ${timeText(way.whole, way.mhz)}`;
    const { cycles, unknown } = costOf(way.steps, at);
    const both = cycles ? `${cyclesText(cycles)} · ${timeText(cycles, way.mhz)}` : cyclesText(0);
    if (!unknown) return both;
    return cycles ? t("at least {cost}", { cost: both }) : t("not published");
  }
  /** @param {Way} way @param {number} at */
  function noteText(way, at) {
    if (way.none) return "";
    const ended = at >= way.steps.length;
    if (ended && way.whole !== null)
      return t("Published for the whole operation: {source}", { source: way.whole_source });
    const { unknown } = costOf(way.steps, at);
    const open = unknown ? t("Steps so far without a published cost: {count}.", { count: unknown }) : "";
    const exits = t("Exits to the VMM on the whole way: {count}.", { count: way.exits });
    const figures = way.cpu ? t("Figures of: {cpu}.", { cpu: way.cpu }) : "";
    return [exits, open, figures].filter(Boolean).join(" ");
  }

  return { priceText, sumText, noteText };
}
