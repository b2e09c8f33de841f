// What the layers made of guest code: the verdict, the stack with the layer on which it turned, and the decisions.
import { attackFrames } from "./attack_frames.js";
import { verdictBox } from "./attack_verdict.js";
import { follow, h, measurer, root, set, textTwin, translator, unique, write } from "./kit.js";
import { stackBoxes } from "./stack_boxes.js";
import { keep } from "./stack_panel.js";

/** @typedef {import("./stack_boxes.js").Product} Product */
/** @typedef {import("./stack_boxes.js").Crossing} Crossing */
/** @typedef {import("./attack_frames.js").Frames} Frames */
/** @typedef {[number, string, string, string, string, string, string, string, string]} Row
 * number, outcome, sentence, how many of them in a row, cells */
/**
 * @typedef {object} State
 * @property {Product} product
 * @property {[string, string][]} privileges
 * @property {Crossing} crossing
 * @property {boolean} says whether the verdict is said here, and not beside the code
 * @property {string} outcome "open", "stopped" or "" while nothing is decided
 * @property {string} title
 * @property {string} mechanism
 * @property {string} consequences
 * @property {number} deciding number of the decision on which it turned, -1 for none
 * @property {Row[]} decisions
 * @property {Frames} frames
 * @property {string[]} vms number and name of each VM
 */

/** @type {import("@anywidget/types").Render} */
function render({ model, el, signal }) {
  root(el, signal, "attack-trace");
  const t = translator(model);
  /** @returns {State} */
  const state = () => model.get("state");
  const measure = measurer(el);
  let chosen = "";
  /** The decision that the list has been brought to. */
  let brought = "";

  const verdict = verdictBox();
  const boxes = stackBoxes({
    prefix: unique("vmw-attack"),
    measure,
    signal,
    choose: (layer) => {
      chosen = layer;
      draw();
    },
  });
  const about = h("p", { class: "vmw-about" }, h("b"), h("span"));
  const vms = h("p", { class: "vmw-soft-text" });
  const picture = h("div", { class: "vmw-column vmw-stacks" }, boxes.el, vms, about);
  const listTitle = h("h4");
  const list = h("ol", { class: "vmw-decisions", tabindex: 0 });
  const none = h("p", { class: "vmw-soft-text" });
  const memoryTitle = h("h4");
  const memory = attackFrames(unique("vmw-memory"));
  const twin = textTwin(signal, "");
  el.append(
    verdict.el,
    h(
      "div",
      { class: "vmw-both" },
      picture,
      h("div", { class: "vmw-column" }, listTitle, none, list, memoryTitle, memory.el),
    ),
    twin.el,
  );

  function drawPicture() {
    const now = state();
    const width = picture.clientWidth;
    const layer = now.product.layers.find((one) => one.id === chosen);
    if (width) {
      boxes.draw({
        product: now.product,
        width,
        rows: now.product.rows,
        chosen,
        crossing: now.crossing,
        modes: Object.fromEntries(now.privileges),
      });
    }
    write(vms, t("VMs: {list}", { list: now.vms.join(", ") }));
    write(about.children[0], layer ? `${layer.name}: ` : "");
    write(about.children[1], layer ? `${layer.about}.` : t("Choose a layer to read what it is and does."));
  }

  function draw() {
    const now = state();
    verdict.draw(now);
    verdict.el.hidden = !now.says;
    const turn = now.decisions.find((one) => one[0] === now.deciding);
    picture.classList.toggle("vmw-is-open", turn?.[1] === "open");
    drawPicture();
    write(listTitle, t("What the layers decided, the latest first"));
    write(none, t("No layer has decided anything yet."));
    none.hidden = now.decisions.length > 0;
    list.hidden = !now.decisions.length;
    set(list, "aria-label", t("What the layers decided, the latest first"));
    keep(
      list,
      [...now.decisions].reverse(),
      () => h("li", {}, h("b"), h("span", { class: "vmw-checked" }), h("span", { class: "vmw-word" }), h("small")),
      (row, [number, outcome, said, times, layer, check, word, address, frame]) => {
        write(row.children[0], layer);
        write(row.children[1], check);
        write(row.children[2], times ? `${word} ×${times}` : word);
        write(row.children[3], said || [address, frame].filter(Boolean).join(" → "));
        set(row, "class", `vmw-was-${outcome}${number === now.deciding ? " vmw-turn" : ""}`);
        set(row, "aria-current", number === now.deciding ? "true" : null);
      },
    );
    write(memoryTitle, t("The machine's memory, a square for each frame"));
    memory.draw(now.frames, t("The machine's memory, a square for each frame"));
    const key = `${now.deciding} ${now.decisions.length}`;
    if (key !== brought) {
      brought = key;
      const row = /** @type {HTMLElement | null} */ (list.querySelector(".vmw-turn"));
      list.scrollTop = row ? row.offsetTop - 40 : 0;
    }
    const head = [
      t("number"),
      t("layer"),
      t("looked at"),
      t("decision"),
      t("times in a row"),
      t("address"),
      t("frame"),
    ];
    twin.update(
      [now.title, now.mechanism && `${now.mechanism}.`, now.consequences].filter(Boolean).join(" "),
      [
        head,
        ...now.decisions.map(([number, , , times, layer, check, word, address, frame]) => [
          String(number + 1),
          layer,
          check,
          word,
          times || "1",
          address,
          frame,
        ]),
      ],
      t("Table: decisions"),
    );
    el.dataset.vmwOutcome = now.outcome || "undecided";
  }

  const size = new ResizeObserver(() => requestAnimationFrame(() => signal.aborted || drawPicture()));
  size.observe(picture);
  signal.addEventListener("abort", () => size.disconnect());
  follow(model, signal, ["state", "strings", "language"], draw);
}

export default { render };
