// What the time line says in words: a moment of it, and the keys of its legend.
import { number } from "./kit.js";
import { BLOCKED, OTHERS, RUNNABLE, RUNNING, spanAt } from "./time_rows.js";

/** @typedef {import("./time_rows.js").Run} Run */
/** @typedef {(message: string, fields?: Record<string, string | number>) => string} Translate */
/** @typedef {{vcpu: number, pcpu: number, state: number}} Seat */
/** @typedef {[number, number, number[]]} Queue first and last pCPU that it serves, and who waits in it, the next first */

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

/** Run queues that are shown even if nobody waits in them: their places stay the same from moment to moment. */
const PLACES = 16;

/**
 * The run queues to show, each with the words for the pCPUs that it serves, "" if there is one for all.
 * @param {Translate} t
 * @param {Queue[]} queues
 * @returns {{place: string, order: number[]}[]}
 */
export function placesOf(t, queues) {
  const shown = queues.length > PLACES ? queues.filter(([, , order]) => order.length) : queues;
  return shown.map(([first, last, order]) => {
    const one = first === last ? t("pCPU {n}", { n: first }) : t("pCPUs {first} to {last}", { first, last });
    return { place: queues.length > 1 ? one : "", order };
  });
}

/**
 * One sentence a run on whom its scheduler takes next.
 * @param {Translate} t
 * @param {string} language
 * @param {string[]} titles of the runs
 * @param {Queue[][]} queues of each run
 * @param {string[]} labels of the vCPUs
 * @param {number} time
 */
export function queuesText(t, language, titles, queues, labels, time) {
  const told = titles.map((title, i) => {
    const list = placesOf(t, queues[i]).map(({ place, order }) => {
      const names = order.map((vcpu) => labels[vcpu]).join(", ") || t("nobody");
      return place ? `${place}: ${names}` : names;
    });
    return t("{scheduler} takes next: {list}.", { scheduler: title, list: list.join("; ") || t("nobody") });
  });
  return [`${t("At {time}", { time: timeText(t, language, time) })}:`, ...told].join(" ");
}
