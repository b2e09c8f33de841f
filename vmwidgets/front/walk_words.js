// What a walk says in words: each step, what came of it, and the table of all steps.
import { number } from "./kit.js";
import { entryFlags, flagsSet, frameOf, isReference, soFar } from "./walk_steps.js";

/** @typedef {import("./walk_steps.js").Step} Step */
/** @typedef {import("./walk_steps.js").Walk} Walk */
/** @typedef {(message: string, fields?: Record<string, string | number>) => string} Translate */

/**
 * An address as it is read: 0x and the digits that matter.
 * @param {string} hex
 */
export const address = (hex) => `0x${hex}`;

/** @param {Translate} t */
export function flagWords(t) {
  return /** @type {Record<string, string>} */ ({
    present: t("P present"),
    read: t("R readable"),
    write: t("W writable"),
    user: t("U for user code"),
    execute: t("X executable"),
    accessed: t("A accessed"),
    dirty: t("D dirty"),
    large: t("PS large page"),
  });
}

/**
 * @param {Translate} t
 * @param {() => string} language
 */
export function walkWords(t, language) {
  const count = (/** @type {number} */ value) => number(language(), value);
  const pages = (/** @type {number} */ bytes) =>
    bytes >= 2 ** 30
      ? t("{count} GiB", { count: count(bytes / 2 ** 30) })
      : bytes >= 2 ** 20
        ? t("{count} MiB", { count: count(bytes / 2 ** 20) })
        : t("{count} KiB", { count: count(bytes / 2 ** 10) });

  /** @param {string} found */
  const place = (found) =>
    ({
      memory: t("in memory"),
      l2: t("in the L2 cache"),
      pwc: t("in the page-walk cache"),
      nested_tlb: t("in the nested TLB"),
    })[found] ?? found;

  /**
   * What the entry decides.
   * @param {Step} step
   * @param {number} frameBytes
   * @returns {string}
   */
  function decision(step, frameBytes) {
    const frame = count(frameOf(step.output, frameBytes));
    const fields = { index: step.index, level: step.level, row: step.row, frame, output: address(step.output) };
    if (!isReference(step)) {
      return t("The nested TLB knows that the guest's table of level {row} lies in machine frame {frame}.", fields);
    }
    if (step.guest) {
      return (
        {
          table: t(
            "Entry {index} of the guest's level {level} table: its next table is at guest-physical {output}.",
            fields,
          ),
          page: t("Entry {index} of the guest's level {level} table: the page is at guest-physical {output}.", fields),
          not_present: t("Entry {index} of the guest's level {level} table: nothing is mapped there.", fields),
          not_user: t("Entry {index} of the guest's level {level} table: user code may not use the page.", fields),
          not_writable: t("Entry {index} of the guest's level {level} table: the page may not be written to.", fields),
          reserved_bit: t("Entry {index} of the guest's level {level} table: a bit is set that must not be.", fields),
        }[step.decision] ?? ""
      );
    }
    return (
      {
        table: t(
          "Entry {index} of the second-stage level {level} table: the next table is in machine frame {frame}.",
          fields,
        ),
        page: step.row
          ? t(
              "Entry {index} of the second-stage level {level} table: the guest's level {row} table is in machine frame {frame}.",
              fields,
            )
          : t("Entry {index} of the second-stage level {level} table: the page is in machine frame {frame}.", fields),
        not_present: t("Entry {index} of the second-stage level {level} table: the guest page has no frame.", fields),
        no_right: t("Entry {index} of the second-stage level {level} table: the frame may only be read.", fields),
        reserved_bit: t(
          "Entry {index} of the second-stage level {level} table: a bit is set that must not be.",
          fields,
        ),
      }[step.decision] ?? ""
    );
  }

  /**
   * What came of the walk.
   * @param {Walk} walk
   * @param {number} frameBytes
   * @returns {{head: string, text: string}}
   */
  function result(walk, frameBytes) {
    const { fault } = walk;
    const frame = count(frameOf(walk.machine, frameBytes));
    if (!fault) {
      const told = t("The TLB knows this page: no table is read.");
      const known = walk.found_in !== "tables" ? `${told} ` : "";
      return {
        head: t("Machine address {address}", { address: address(walk.machine) }),
        text: known + t("The byte lies in machine frame {frame}.", { frame }),
      };
    }
    if (fault.reason === "page_fault") {
      return {
        head: t("Page fault"),
        text: t(
          "The guest's tables decide, and the guest's kernel is called, with error code {code}. The VMM does not notice.",
          { code: fault.code },
        ),
      };
    }
    if (fault.reason === "general_protection") {
      return {
        head: t("General protection fault"),
        text: t("The upper bits of the address are not all equal. No table is read, and the guest's kernel is called."),
      };
    }
    const why = {
      absent: t("The guest has never touched this page: the VMM gives it a frame, and the guest goes on."),
      ballooned: t(
        "The page is in the balloon: its frame went to somebody else. Who touches it all the same gets a fresh one.",
      ),
      swapped: t("The VMM has swapped the page out: it reads it from the disk, and the guest goes on."),
      packed: t("The VMM has compressed the page: it unpacks it, and the guest goes on."),
      shared: t("The page is shared copy-on-write: the VMM makes a copy, and the guest goes on."),
    }[fault.place];
    return {
      head: fault.reason === "ept_violation" ? t("EPT violation") : t("EPT misconfiguration"),
      text: [
        t("The second-stage tables decide, and the VMM is called, with guest-physical address {address}.", {
          address: address(fault.address),
        }),
        why ?? "",
      ]
        .join(" ")
        .trim(),
    };
  }

  /**
   * The sentence of a position: after so many steps.
   * @param {Walk} walk
   * @param {number} done
   * @param {number} frameBytes
   */
  function sentence(walk, done, frameBytes) {
    const { steps } = walk;
    const { head, text } = result(walk, frameBytes);
    if (!steps.length) return `${head}. ${text}`;
    if (!done) {
      return t(
        "Nothing is read so far. The guest's root table is at a guest-physical address, which has to be translated first.",
      );
    }
    const { references } = soFar(steps, done);
    const step = t("Reference {count} of {total}.", { count: count(references), total: count(walk.references) });
    const said = `${step} ${decision(steps[done - 1], frameBytes)}`;
    return done < steps.length ? said : `${said} ${head}. ${text}`;
  }

  /**
   * All steps as a table.
   * @param {Walk} walk
   * @param {number} frameBytes
   */
  function rows(walk, frameBytes) {
    const names = flagWords(t);
    return [
      [t("reference"), t("entry"), t("flags"), t("found"), t("cycles"), t("what it decides")],
      ...walk.steps.map((step, i) => [
        isReference(step) ? count(soFar(walk.steps, i + 1).references) : "",
        isReference(step) ? address(step.entry) : "",
        entryFlags(step)
          .filter(([, on]) => on && isReference(step))
          .map(([name]) => names[name].split(" ")[0])
          .join(" "),
        place(step.found),
        count(step.cycles),
        decision(step, frameBytes),
      ]),
    ];
  }

  /** @param {Step} step */
  function setByWalk(step) {
    const names = flagWords(t);
    const list = flagsSet(step)
      .map((name) => names[name].split(" ")[0])
      .join(", ");
    return list ? t("The walk sets {list}.", { list }) : "";
  }

  return { count, pages, place, decision, result, sentence, rows, setByWalk };
}
