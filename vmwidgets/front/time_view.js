// Which part of the time is seen: zoom, pan, and where the marks of the axis stand. Times are microseconds.

/** @typedef {{from: number, to: number}} Seen */

/** The shortest time that fills the width. */
const SHORTEST = 500;

/**
 * @param {Seen} seen
 * @param {number} until
 * @returns {Seen}
 */
export function within({ from, to }, until) {
  const length = Math.min(Math.max(to - from, Math.min(SHORTEST, until)), until);
  const start = Math.min(Math.max(from, 0), until - length);
  return { from: start, to: start + length };
}

/**
 * @param {Seen} seen
 * @param {number} factor above 1 shows more
 * @param {number} at the moment that stays where it is
 * @param {number} until
 */
export function zoomedAt({ from, to }, factor, at, until) {
  const length = Math.min(Math.max((to - from) * factor, Math.min(SHORTEST, until)), until);
  const part = (at - from) / (to - from);
  return within({ from: at - part * length, to: at + (1 - part) * length }, until);
}

/**
 * @param {Seen} seen
 * @param {number} by
 * @param {number} until
 */
export const pannedBy = ({ from, to }, by, until) => within({ from: from + by, to: to + by }, until);

/**
 * The same part, moved so that a moment is in it.
 * @param {Seen} seen
 * @param {number} at
 * @param {number} until
 */
export function showing(seen, at, until) {
  const margin = (seen.to - seen.from) / 20;
  if (at < seen.from) return pannedBy(seen, at - seen.from - margin, until);
  if (at > seen.to) return pannedBy(seen, at - seen.to + margin, until);
  return seen;
}

/**
 * A round step of which about `count` fit: 1, 2 or 5 times a power of ten, at least a microsecond.
 * @param {number} length
 * @param {number} count
 */
export function roundStep(length, count) {
  let step = 1;
  for (let i = 0; step * count < length; i++) step *= [2, 2.5, 2][i % 3];
  return step;
}

/**
 * Where the marks of the axis stand.
 * @param {Seen} seen
 * @param {number} count about so many
 */
export function marksOf({ from, to }, count) {
  const step = roundStep(to - from, count);
  const marks = [];
  for (let at = Math.ceil(from / step) * step; at <= to; at += step) marks.push(at);
  return { step, marks };
}

/**
 * In which unit a time is read if its last digit is worth `step`: what it is divided by, and the decimals.
 * @param {number} longest
 * @param {number} step
 * @returns {{per: number, decimals: number, unit: "s" | "ms"}}
 */
export function unitOf(longest, step) {
  const unit = longest >= 1e6 ? "s" : "ms";
  const per = unit === "s" ? 1e6 : 1e3;
  let decimals = 0;
  for (let digit = per; digit > step; digit /= 10) decimals++;
  return { per, decimals, unit };
}
