// What the steps of an operation add up to, without a page.

/**
 * @typedef {object} PathStep
 * @property {string} origin ids of layers
 * @property {string} target
 * @property {string} crossing
 * @property {string} what
 * @property {number | null} cycles null: not published
 * @property {string} source
 * @property {boolean} included whether it is counted in the figure of another step
 * @property {boolean} derived whether it is what the others leave of the whole
 */

/**
 * What the first steps cost: published cycles, and how many steps have no published cost.
 * @param {PathStep[]} steps
 * @param {number} done
 */
export function costOf(steps, done) {
  const part = steps.slice(0, done);
  return {
    cycles: part.reduce((sum, step) => sum + (step.cycles ?? 0), 0),
    unknown: part.filter((step) => step.cycles === null).length,
  };
}

/**
 * Where an operation is after so many steps, as the diagrams are told it.
 * @param {PathStep[]} steps
 * @param {number} done
 * @returns {{from: string, now: string, seen: string[], mark: string}}
 */
export function whereIs(steps, done) {
  const at = Math.min(done, steps.length);
  if (!at) return { from: "", now: "", seen: [], mark: "" };
  const { origin, target } = steps[at - 1];
  const seen = steps.slice(0, at).flatMap((step) => [step.origin, step.target]);
  return { from: origin, now: target, seen: [...new Set(seen)], mark: String(at) };
}

/**
 * How long a step is shown when it plays: as long as it takes to read.
 * @param {string[]} texts one for each product, read one after the other
 */
export function readingTime(texts) {
  const letters = texts.reduce((sum, text) => sum + text.length, 0);
  return 900 + 35 * letters;
}
