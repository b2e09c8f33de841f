// What the time line says in words: a moment of it, and the keys of its legend.
import { number } from "./kit.js";
import { BLOCKED, OTHERS, RUNNABLE, RUNNING, spanAt } from "./time_rows.js";

/** @typedef {import("./time_rows.js").Run} Run */
/** @typedef {(message: string, fields?: Record<string, string | number>) => string} Translate */
/** @typedef {{vcpu: number, pcpu: number, state: number}} Seat */

/**
 * Who runs where and who waits at a moment.
 * @param {Run} run
 * @param {number} time
 * @returns {{running: Seat[], waiting: Seat[], held: Seat[], blocked: Seat[]}}
 */
export function momentOf(run, time) {
  /** @type {Map<number, number>} */
  const where = new Map();
  run.pcpus.forEach((row, pcpu) => {
    const i = spanAt(row, time);
    if (row.who && row.kinds[i] <= OTHERS) where.set(row.who[i], pcpu);
  });
  const seats = run.vcpus.map((row, vcpu) => ({
    vcpu,
    pcpu: where.get(vcpu) ?? -1,
    state: row.kinds[spanAt(row, time)],
  }));
  return {
    running: seats.filter(({ state }) => state === RUNNING).sort((a, b) => a.pcpu - b.pcpu),
    waiting: seats.filter(({ state }) => state === RUNNABLE),
    held: seats.filter(({ state }) => state > BLOCKED),
    blocked: seats.filter(({ state }) => state === BLOCKED),
  };
}

/**
 * A moment as a reader says it, to the microsecond.
 * @param {Translate} t
 * @param {string} language
 * @param {number} time
 */
export function timeText(t, language, time) {
  return `${number(language, time / 1e6, 6)} ${t("s")}`;
}

/**
 * One sentence on a moment of each run, for those who do not see the picture.
 * @param {Translate} t
 * @param {string} language
 * @param {{run: Run, title: string}[]} runs
 * @param {string[]} labels of the vCPUs
 * @param {number} time
 */
export function momentText(t, language, runs, labels, time) {
  const parts = runs.map(({ run, title }) => {
    const { running, waiting } = momentOf(run, time);
    const names = (/** @type {Seat[]} */ seats) => seats.map(({ vcpu }) => labels[vcpu]).join(", ") || t("nobody");
    return t("{scheduler}: {running} run, {waiting} wait.", {
      scheduler: title,
      running: names(running),
      waiting: names(waiting),
    });
  });
  return [timeText(t, language, time), ...parts].join(" ");
}
