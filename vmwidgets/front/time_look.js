// Below the time line: who runs at the cursor, whom the scheduler takes next, and what its accounts say then.

import { h, number, set, touch, write } from "./kit.js";
import { COLOURS, INKS } from "./palette.js";
import { RUNNABLE } from "./time_rows.js";
import { momentOf, placesOf, timeText } from "./time_words.js";

/** @typedef {import("./time_rows.js").Run} Run */
/** @typedef {import("./time_words.js").Queue} Queue */
/** @typedef {import("./time_words.js").Seat} Seat */
/** @typedef {import("./time_words.js").Translate} Translate */
/** @typedef {{label: string, slot: number}} Named */

/** Chips of one kind that are shown; more are counted. */
const MOST = 24;

/** @param {AbortSignal} signal */
export function timeLook(signal) {
  const title = h("p", { class: "vmw-moment" });
  const body = h("div", { class: "vmw-moments" });
  const el = h("div", { class: "vmw-look" }, title, body);
  let lab = "";

  function chip() {
    const made = h("span", { class: "vmw-chip" }, h("span", { class: "vmw-number" }), h("span"), h("span"));
    const slot = () => Number(made.dataset.vmwSlot);
    made.addEventListener("pointerenter", () => touch(lab, slot()), { signal });
    made.addEventListener("pointerleave", () => touch(lab, -1), { signal });
    return made;
  }

  /**
   * @param {Element} place
   * @param {string} label
   * @param {Seat[]} seats
   * @param {Named[]} vcpus
   * @param {(seat: Seat) => string} more
   * @param {string} none
   */
  function line(place, label, seats, vcpus, more, none) {
    const [head, chips, rest] = place.children;
    write(head, label);
    const shown = seats.slice(0, MOST);
    while (chips.children.length > shown.length) chips.lastChild?.remove();
    shown.forEach((seat, i) => {
      const made = /** @type {HTMLElement} */ (chips.children[i] ?? chips.appendChild(chip()));
      const [mark, name, account] = /** @type {HTMLElement[]} */ ([...made.children]);
      const { slot, label: text } = vcpus[seat.vcpu];
      set(made, "data-vmw-slot", slot);
      write(mark, slot < 0 ? "" : String(slot + 1));
      mark.style.background = COLOURS[slot] ?? "var(--vmw-vmm)";
      mark.style.color = INKS[slot] ?? "";
      write(name, text);
      write(account, more(seat));
    });
    write(rest, seats.length > MOST ? `+${seats.length - MOST}` : seats.length ? "" : none);
  }

  const empty = () =>
    h("div", { class: "vmw-line" }, h("span", { class: "vmw-key" }), h("span", { class: "vmw-chips" }), h("span"));
  const made = () => h("section", {}, h("h4"), empty(), h("div", { class: "vmw-queues" }), empty());

  /**
   * The run queues; until the kernel has said them, who waits, in as much room.
   * @param {HTMLElement} place
   * @param {Translate} t
   * @param {Seat[]} waiting
   * @param {Queue[] | undefined} queues
   * @param {Named[]} vcpus
   * @param {(seat: Seat) => string} worth
   */
  function wait(place, t, waiting, queues, vcpus, worth) {
    const lines = queues
      ? placesOf(t, queues).map(({ place: where, order }) => ({
          label: where ? t("next, {place}", { place: where }) : t("next"),
          seats: order.map((vcpu) => ({ vcpu, pcpu: -1, state: RUNNABLE })),
        }))
      : [{ label: t("wait"), seats: waiting }];
    while (place.children.length < lines.length) place.append(empty());
    while (queues && place.children.length > lines.length) place.lastChild?.remove();
    [.../** @type {HTMLCollectionOf<HTMLElement>} */ (place.children)].forEach((el, i) => {
      el.style.visibility = lines[i] ? "" : "hidden";
      if (lines[i]) line(el, lines[i].label, lines[i].seats, vcpus, worth, t("nobody"));
    });
    place.classList.toggle("vmw-many", place.children.length > 1);
  }

  return {
    el,
    /**
     * @param {Translate} t
     * @param {string} language
     * @param {{lab: string, time: number, runs: {run: Run, title: string, account: string}[], vcpus: Named[],
     *   accounts: number[][] | null, queues: Queue[][] | null}} now the accounts of each run's vCPUs and its run queues,
     *   once the kernel has said them
     */
    draw(t, language, { lab: id, time, runs, vcpus, accounts, queues }) {
      lab = id;
      write(title, t("At {time}", { time: timeText(t, language, time) }));
      while (body.children.length > runs.length) body.lastChild?.remove();
      runs.forEach(({ run, title: name, account }, i) => {
        const section = body.children[i] ?? body.appendChild(made());
        const { running, waiting, held } = momentOf(run, time);
        const [head, first, second, third] = section.children;
        write(head, account ? `${name} · ${account}` : name);
        const worth = (/** @type {Seat} */ { vcpu }) =>
          account && accounts?.[i] ? number(language, accounts[i][vcpu]) : "";
        line(first, t("run"), running, vcpus, worth, t("nobody"));
        wait(/** @type {HTMLElement} */ (second), t, waiting, queues?.[i], vcpus, worth);
        line(third, t("held"), held, vcpus, worth, "");
        /** @type {HTMLElement} */ (third).hidden = !held.length;
      });
    },
  };
}
